/*
 * switch: choices with few outcomes become compares, and tables lose their ends.
 * A jump through a table costs a load, a guard against speculation and a prediction by address;
 * up to SWITCH_RANGES_MAX ranges of equal cases are cheaper as compares with predicted branches.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_SWITCH_H
#define SHIELD_OPT_SWITCH_H

#include "shield/ir/ir.h"

/* Ranges of consecutive cases with one outcome other than the default's. */
#define SWITCH_RANGES_MAX 4

/* Rewrites the SWITCHes of f. Takes time linear in their cases; adds at most SWITCH_RANGES_MAX
 * blocks for each that it turns into compares. Inside arena_guard() of f's arena. */
void opt_lower_switches(struct ir_func *f);

#endif /* SHIELD_OPT_SWITCH_H */
