/*
 * inline: which calls within a module give way to the body of what they call. Small functions
 * only: a call costs its moves, the saving of registers, and all that the optimiser then knows no
 * longer. Callees are translated again for each call, so functions stay independent of each other
 * and of the order in which threads compile them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_INLINE_H
#define SHIELD_COMPILE_INLINE_H

#include "shield/compile/translate.h"

enum {
    INLINE_BYTES_MAX = 80,       /* of the callee's body */
    INLINE_LEAF_BYTES_MAX = 120, /* when it calls nothing */
    INLINE_DEPTH_MAX = 3,        /* calls within inlined calls */
    INLINE_GROWTH_PERCENT = 60,  /* of the caller's instructions, and beside that: */
    INLINE_GROWTH_INSTS = 600,
};

/* Inlines in f, which translate_function() has just made, with the same env and scratch. Not when
 * fuel is counted, which has its place in each function. `spare` holds one callee at a time. Inside
 * arena_guard() of f's arena. */
MUST_USE enum status inline_calls(const struct translate_env *env,
                                  struct translate_scratch *scratch, struct arena *spare,
                                  struct ir_func *f, struct diag *dg);

#endif /* SHIELD_COMPILE_INLINE_H */
