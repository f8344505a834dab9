/* regalloc: places for the virtual registers of a function. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_CODEGEN_REGALLOC_H
#define SHIELD_CODEGEN_REGALLOC_H

#include "shield/codegen/mir.h"

enum regalloc_mode {
    REGALLOC_FAST, /* one pass, for -O0 */
    REGALLOC_GOOD, /* live ranges are split where that pays */
};

/* The result lives in f's arena; run inside arena_guard() of it. ST_LIMIT: too many values or
 * slots,
 * named. */
MUST_USE enum status regalloc(const struct mir_func *f, enum regalloc_mode mode,
                              struct mir_allocation *out, struct diag *dg);

#endif /* SHIELD_CODEGEN_REGALLOC_H */
