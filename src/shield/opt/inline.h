/*
 * inline: the body of a function in place of a call of it. Which calls, somebody else decides
 * (compile/inline.c knows the module).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_INLINE_H
#define SHIELD_OPT_INLINE_H

#include "shield/ir/ir.h"

/* Can the callee stand inside another function? Not with tail calls or stack slots. */
bool opt_can_inline(const struct ir_func *callee);

/*
 * Replaces `call`, a CALL in a block of f, by the callee's blocks; `number` names the callee in the
 * positions of its instructions (struct ir_inlined). f gets copies of all that the callee refers
 * to; callee->arena gives scratch. The call's block ends with the jump into the copy; what followed
 * it is in a new block, which is returned. Inside arena_guard() of both arenas.
 */
ir_block opt_inline(struct ir_func *f, ir_value call, struct ir_func *callee, uint32_t number);

#endif /* SHIELD_OPT_INLINE_H */
