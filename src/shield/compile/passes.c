/* passes: see passes.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/passes.h"

#include "shield/ir/check.h"
#include "shield/opt/opt.h"
#include "shield/opt/wide.h"

#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static enum status checked(struct ir_func *f, bool check, const char *after, struct diag *dg)
{
    return check ? diag_in(dg, ir_check(f, dg), "the function after %s", after) : ST_OK;
}

enum status passes_run(struct ir_func *f, const struct passes_options *options,
                       struct codegen_code *out, struct passes_times *times, struct diag *dg)
{
    const struct opt_options opt = {.check = options->check};
    uint64_t start = 0;

    TRY(checked(f, options->check, "its front end", dg));
    if (times != NULL)
        start = now_ns();
    TRY(opt_wide(f, dg));
    TRY(checked(f, options->check, "128 bits became halves", dg));
    if (options->optimise)
        TRY(opt_function(f, &opt, dg));
    if (times == NULL)
        return codegen_function(f, &options->codegen, out, dg);
    const uint64_t middle = now_ns();
    times->opt_ns += middle - start;
    const enum status st = codegen_function(f, &options->codegen, out, dg);
    times->codegen_ns += now_ns() - middle;
    return st;
}
