/*
 * eval: runs a function of the IR as ops.def defines it, without any code generator: the second
 * judge, which tells whether a fault lies before or behind the middle end. Clear before fast.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_IR_EVAL_H
#define SHIELD_IR_EVAL_H

#include "shield/ir/ir.h"

__extension__ typedef unsigned __int128 ir_bits; /* a value, zero above the width of its type */

/* Trap codes that operations raise by themselves; the numbers of runtime/traps.def. */
enum ir_trap {
    IR_TRAP_DIVIDE_BY_ZERO = 1,
    IR_TRAP_INTEGER_OVERFLOW = 2,
    IR_TRAP_INVALID_CONVERSION = 3,
    IR_TRAP_MEMORY_BOUNDS = 4,
    IR_TRAP_NONE = 255,
};

/* One operation on known operands. */
struct ir_operands {
    ir_bits a, b, c;
    ir_bits constant;  /* of SHUFFLE */
    uint32_t w, wa;    /* bits of the result and of a */
    uint32_t number;   /* number of a lane; condition of a vector comparison */
    uint8_t aux;
};
/* False when the operation needs more than its operands (memory, control, lists). *trap is a
 * code, or IR_TRAP_NONE; then *out is the value. */
bool ir_eval_op(enum ir_op op, const struct ir_operands *x, ir_bits *out, uint8_t *trap);
/* The same for an instruction whose value operands are given. */
bool ir_eval_inst(const struct ir_func *f, ir_value v, ir_bits a, ir_bits b, ir_bits c,
                  ir_bits *out, uint8_t *trap);

/* What surrounds a function. A NULL function pointer: the operation cannot be evaluated. */
struct ir_eval_host {
    void *ctx;
    uint64_t context, pinned_base; /* what CONTEXT and PINNED_BASE are */
    /* Copies bytes of memory; false: no such memory, the access traps. */
    bool (*load)(void *ctx, uint64_t address, void *out, uint32_t bytes);
    bool (*store)(void *ctx, uint64_t address, const void *bytes, uint32_t count);
    /* Any call: target is the callee, the index or the record. *trap as above. */
    bool (*call)(void *ctx, const struct ir_func *f, ir_value call, ir_bits target,
                 const ir_bits *args, ir_bits *results, uint8_t *trap);
    uint64_t slot_base; /* where the first slot is; they follow each other, aligned */
};

enum ir_eval_end { IR_EVAL_RETURNED, IR_EVAL_TRAPPED, IR_EVAL_STEPS, IR_EVAL_UNKNOWN };
struct ir_eval_result {
    enum ir_eval_end end;
    uint8_t trap;     /* of TRAPPED */
    ir_value at;      /* instruction where it ended */
    ir_bits *results; /* of RETURNED; in the arena */
    uint64_t steps;
};

/* args: one per parameter. Ends after max_steps instructions. Scratch and results live in `a`; run
 * inside arena_guard() of it. */
struct ir_eval_result ir_eval(struct ir_func *f, const struct ir_eval_host *host,
                              const ir_bits *args, uint64_t max_steps, struct arena *a);

#endif /* SHIELD_IR_EVAL_H */
