/* passes: see passes.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/passes.h"

#include "shield/ir/check.h"
#include "shield/opt/opt.h"
#include "shield/opt/wide.h"

static enum status checked(struct ir_func *f, bool check, const char *after, struct diag *dg)
{
    return check ? diag_in(dg, ir_check(f, dg), "the function after %s", after) : ST_OK;
}

enum status passes_run(struct ir_func *f, const struct passes_options *options, struct diag *dg)
{
    const struct opt_options opt = {.check = options->check};

    TRY(checked(f, options->check, "its front end", dg));
    TRY(opt_wide(f, dg));
    TRY(checked(f, options->check, "128 bits became halves", dg));
    return options->optimise ? opt_function(f, &opt, dg) : ST_OK;
}
