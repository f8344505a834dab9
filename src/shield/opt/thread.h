/*
 * thread: branches whose outcome depends on where control comes from are taken there.
 *
 *     P1: jump B (1)                         P1: jump S1 ()
 *     P2: c = icmp..; jump B (c)      =>     P2: c = icmp..; branch c S1 () S2 ()
 *     B (x): branch x S1 () S2 ()
 *
 * A block that does nothing but choose by its own parameters is passed by: with a known outcome
 * control goes on to the successor, and a comparison that only made a number for the choice becomes
 * the branch itself. Values that the block defined for others become parameters where paths meet.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_THREAD_H
#define SHIELD_OPT_THREAD_H

#include "shield/ir/ir.h"

/* Instructions that such a block may hold beside its branch, and how many of them other than
 * constants; each is copied into predecessors. */
#define THREAD_BODY_MAX 6
#define THREAD_COST_MAX 2
/* Edges that may be led past one block; more of them stay. */
#define THREAD_EDGES_MAX 32
/* Edges that repairs may look at in one function; then it is left as it is. */
#define THREAD_WORK_MIN      4096
#define THREAD_WORK_PER_INST 8

/* Rewrites f, in time linear in its size and the values that have to be repaired. Loops keep their
 * one entry. Inside arena_guard() of f's arena; scratch stays there. */
void opt_thread_branches(struct ir_func *f);

#endif /* SHIELD_OPT_THREAD_H */
