/*
 * entry: the ways between host and guest, written in assembly (entry.S). What both sides know of
 * struct native_state and friends is here; state.h asserts that the C structs agree.
 *
 *   enter       host -> guest: saves what System V preserves, goes to the guest stack, calls
 *   host thunk  guest -> host function or interpreted function: rt_func.code of both
 *   builtins    guest -> runtime, one per row of compile/builtins.def
 *   leave       from anywhere: the innermost enter returns with a code
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_ENTRY_H
#define SHIELD_NATIVE_ENTRY_H

/* struct native_state */
#define STATE_HOST_RSP    0
#define STATE_GUEST_RSP   8
#define STATE_STACK_LOW   16
#define STATE_INTERRUPTED 24
#define STATE_GUEST_FRAME 32
/* the context, as compile/layout.def has it */
#define CONTEXT_MEMORY0_BASE 0
#define CONTEXT_ACTIVATION   24
/* struct rt_func, struct native_plan */
#define FUNC_PLAN        40
#define PLAN_HAS_VECTORS 0
/* struct native_regs */
#define REGS_CELL    16 /* from one register to the next */
#define REGS_VECTORS (6 * REGS_CELL)
#define REGS_BYTES   (14 * REGS_CELL)
/* how native_enter() may end beside an enum status of a host function */
#define NATIVE_TRAPPED   256 /* by a signal: see state->fault */
#define NATIVE_EXHAUSTED 257 /* no room on the guest stack for a thunk */
#define NATIVE_TIMEOUT   258 /* the store was interrupted */

#ifndef __ASSEMBLER__

#include <stdint.h>

struct native_state;
struct native_regs;

/* Runs code until it returns or leaves. Arguments come from *regs and the overflow buffer; results
 * go there when it ends with 0. has_vectors: regs->vectors are arguments too. */
uint32_t native_enter(struct native_state *state, struct native_regs *regs, const void *code,
                      void *context, uint32_t has_vectors);
void native_host_thunk(void);
extern const void *const native_builtin_thunks[]; /* by enum builtin */

/* For the signal handlers, addresses only. */
extern const uint8_t native_text_begin[], native_text_end[]; /* everything in entry.S */
extern const uint8_t native_returned[]; /* what the outermost frame of a run returns to */
extern const uint8_t native_leave[];    /* goes on here: rsp host stack, r12 state, eax code */
/* Looks at the interrupt flag and goes into the guest: an interrupt that comes in here leaves. */
extern const uint8_t native_enter_check[], native_enter_done[];
extern const uint8_t native_host_check[], native_host_done[];
extern const uint8_t native_builtin_check[], native_builtin_done[];

#endif
#endif /* SHIELD_NATIVE_ENTRY_H */
