/* codegen: the order of the back end's passes. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/regalloc.h"
#include "shield/codegen/x64/x64.h"

enum status codegen_function(struct ir_func *f, const struct codegen_options *options,
                             struct codegen_code *out, struct diag *dg)
{
    struct x64_lowered lowered;
    struct mir_allocation allocation;

    TRY(x64_lower(f, options, &lowered, dg));
    TRY(regalloc(&lowered.mir, options->optimise ? REGALLOC_GOOD : REGALLOC_FAST, &allocation, NULL,
                 dg));
    if (options->check_regalloc && options->judge != NULL)
        TRY(options->judge(&lowered.mir, &allocation, dg));
    TRY(x64_emit(f, options, &lowered, &allocation, out, dg));
    out->inlined = f->inlined;
    out->inlined_count = f->inlined_count;
    return ST_OK;
}
