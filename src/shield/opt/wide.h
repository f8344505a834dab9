/* wide: 128-bit integers become pairs of 64-bit ones, before selection, which knows no wider.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_OPT_WIDE_H
#define SHIELD_OPT_WIDE_H

#include "shield/ir/ir.h"

/* Afterwards no value, parameter or result has type I128: in signatures each has become two I64,
 * low
 * half first. ST_UNSUPPORTED names an operation that has no such form (division, high products and
 * conversions to floating point of 128 bits). Does nothing, and costs one look at each
 * instruction, when there is none. Run inside arena_guard() of f's arena. */
MUST_USE enum status opt_wide(struct ir_func *f, struct diag *dg);

#endif /* SHIELD_OPT_WIDE_H */
