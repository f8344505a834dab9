/*
 * check: is a function well formed? Run between passes in checked builds, and by tests.
 *
 * Fields hold what their format says; operands exist, have the types their operation asks for, and
 * are defined on every path before they are used; every reachable block ends in its only
 * terminator;
 * edges bring one value of the right type for each parameter; calls fit their signatures; RESULTs
 * point to something with so many results; nothing is in two blocks.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_IR_CHECK_H
#define SHIELD_IR_CHECK_H

#include "shield/ir/ir.h"

/* ST_INVALID with the block, the instruction's text and what is wrong. Scratch comes from f's
 * arena and
 * is given back; run inside arena_guard() of it. */
MUST_USE enum status ir_check(struct ir_func *f, struct diag *dg);

#endif /* SHIELD_IR_CHECK_H */
