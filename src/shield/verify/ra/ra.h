/*
 * verify/ra: proves an allocation of registers against the code it was made for. Shares nothing
 * with the allocators: it reads codegen/mir.h only.
 *
 * Claims, when it says ST_OK: on every path, at every use, the operand's place holds the value that
 * the vreg has there, whole; every constraint and class holds; what is alive at once is apart;
 * spills and reloads have the width of the value; what is made again is made by its own
 * instruction; no value stays in a scratch register; every callee-saved register that is written is
 * named.
 *
 * Blind to: a wrong operand, clobber or constraint in the code itself; flags; what emission makes
 * of places and edits (verify/sfi reads the bytes, and the program runs).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_RA_RA_H
#define SHIELD_VERIFY_RA_RA_H

#include "shield/codegen/mir.h"

/* ST_INVALID: the allocation is wrong; the message names instruction, operand, vreg, place, what
 * was expected and what is there. Scratch memory comes from f's arena and is given back; run inside
 * arena_guard() of it. Time: linear in code and in the (block, place) pairs of living values. */
MUST_USE enum status ra_check(const struct mir_func *f, const struct mir_allocation *a,
                              struct diag *dg);

#endif /* SHIELD_VERIFY_RA_RA_H */
