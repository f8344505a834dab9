/*
 * translate_bulk: memory.copy and memory.fill. Most of them move a few bytes, for which leaving the
 * guest costs more than the work: up to BULK_BYTES_MAX of a guarded memory are moved in place, by
 * two accesses that overlap:
 *
 *     16 to 32 bytes   two of 16 bytes          1 to 3 bytes   first, middle, last
 *      8 to 15         two of 8
 *      4 to 7          two of 4
 *
 * Nothing may be written when any of it is out of bounds. All that is read is read first. The first
 * access to the target is a load at its start: behind it, start + count cannot wrap around. Then
 * the last bytes are written: when they are inside, so is all in front of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/compile/translate_int.h"

enum { BULK_BYTES_MAX = 32 };

/* One operation: a copy, or a fill when `from` is TF_NONE. Addresses and count are I32. */
struct bulk {
    uint32_t memory;
    ir_value to, from, count;
    ir_value byte; /* of a fill */
    ir_block done;
};

static ir_value number(struct tf *t, uint32_t n)
{
    return tf_const(t, IR_I32, n);
}

static ir_value plus(struct tf *t, ir_value a, ir_value b)
{
    return tf_binary(t, IR_OP_IADD, IR_I32, a, b);
}

/* The fill's byte, as often as `bytes` says. */
static ir_value repeated(struct tf *t, const struct bulk *b, uint32_t bytes)
{
    if (bytes == 1)
        return b->byte;
    if (bytes == 16)
        return tf_emit(
            t, (struct ir_inst){.op = IR_OP_SPLAT, .type = IR_V128, .aux = IR_I8X16, .a = b->byte});
    const enum ir_type type = bytes == 8 ? IR_I64 : IR_I32;
    ir_value v = tf_binary(t, IR_OP_IAND, IR_I32, b->byte, number(t, 0xff));
    if (type == IR_I64)
        v = tf_widen(t, v);
    return tf_binary(t, IR_OP_IMUL, type, v, tf_const(t, type, UINT64_C(0x0101010101010101)));
}

/* Where the last `bytes` of the operation begin, from its start. */
static ir_value tail_of(struct tf *t, const struct bulk *b, uint32_t bytes)
{
    return tf_binary(t, IR_OP_ISUB, IR_I32, b->count, number(t, bytes));
}

/* Two accesses of so many bytes, which overlap or touch. Ends the block. */
static void move_pair(struct tf *t, const struct bulk *b, uint32_t bytes)
{
    const ir_value tail = tail_of(t, b, bytes), last = plus(t, b->to, tail);
    ir_value low, high;

    if (b->from != TF_NONE) {
        low = tf_guarded_load(t, b->memory, b->from, bytes);
        high = tf_guarded_load(t, b->memory, plus(t, b->from, tail), bytes);
    } else {
        low = high = repeated(t, b, bytes);
    }
    tf_guarded_load(t, b->memory, b->to, bytes);
    tf_guarded_store(t, b->memory, last, high, bytes);
    tf_guarded_store(t, b->memory, b->to, low, bytes);
    tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(t->f, b->done, NULL, 0)});
}

static void move_up_to_three(struct tf *t, const struct bulk *b)
{
    const ir_value tail = tail_of(t, b, 1), last = plus(t, b->to, tail);
    const ir_value half = tf_binary(t, IR_OP_USHR, IR_I32, b->count, number(t, 1));
    ir_value first, middle, end;

    if (b->from != TF_NONE) {
        first = tf_guarded_load(t, b->memory, b->from, 1);
        middle = tf_guarded_load(t, b->memory, plus(t, b->from, half), 1);
        end = tf_guarded_load(t, b->memory, plus(t, b->from, tail), 1);
    } else {
        first = middle = end = b->byte;
    }
    tf_guarded_load(t, b->memory, b->to, 1);
    tf_guarded_store(t, b->memory, last, end, 1);
    tf_guarded_store(t, b->memory, plus(t, b->to, half), middle, 1);
    tf_guarded_store(t, b->memory, b->to, first, 1);
    tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(t->f, b->done, NULL, 0)});
}

/* Branches; the block for `yes` becomes the current one, the other is returned. */
static ir_block split(struct tf *t, ir_value condition)
{
    const ir_block yes = ir_block_new(t->f), no = ir_block_new(t->f);
    const ir_edge to_yes = ir_edge_new(t->f, yes, NULL, 0);
    const ir_edge to_no = ir_edge_new(t->f, no, NULL, 0);

    tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = condition, .b = to_yes, .c = to_no});
    t->block = yes;
    return no;
}

static void move_few(struct tf *t, const struct bulk *b)
{
    for (uint32_t bytes = BULK_BYTES_MAX / 2; bytes >= 4; bytes /= 2) {
        const ir_block fewer = split(t, tf_compare(t, IR_UGE, b->count, number(t, bytes)));
        move_pair(t, b, bytes);
        t->block = fewer;
    }
    move_up_to_three(t, b);
}

static void move_constant(struct tf *t, const struct bulk *b, uint64_t n)
{
    if (n < 4)
        move_up_to_three(t, b);
    else
        move_pair(t, b, n < 8 ? 4 : n < 16 ? 8 : 16);
}

/* Writes what few bytes need. What is left for the builtin: nothing, everything, or the rest, for
 * which the current block is. */
enum rest { REST_NONE, REST_ALL, REST_MANY };

static enum rest expand(struct tf *t, struct bulk *b)
{
    const struct ir_inst *count = ir_at(t->f, b->count);
    const bool is_constant = count->op == IR_OP_ICONST;
    const uint64_t n = is_constant ? ir_const_bits(count) : 0;

    if (!tf_is_guarded(t, b->memory) || t->env->metered ||
        (is_constant && (n == 0 || n > BULK_BYTES_MAX)))
        return REST_ALL;
    b->done = ir_block_new(t->f);
    if (is_constant) {
        move_constant(t, b, n);
        t->block = b->done;
        return REST_NONE;
    }
    const ir_value less = tf_binary(t, IR_OP_ISUB, IR_I32, b->count, number(t, 1));
    const ir_block many = split(t, tf_compare(t, IR_ULT, less, number(t, BULK_BYTES_MAX)));
    move_few(t, b);
    t->block = many;
    return REST_MANY;
}

static void continue_at(struct tf *t, ir_block done)
{
    tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(t->f, done, NULL, 0)});
    t->block = done;
}

void tf_memory_fill(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_pop(t), byte = tf_pop(t), to = tf_pop(t);
    struct bulk b = {.memory = ins->index, .to = to, .from = TF_NONE, .count = count, .byte = byte};
    const enum rest rest = expand(t, &b);

    if (rest == REST_NONE)
        return;
    const ir_value args[] = {number(t, ins->index), tf_widen(t, to), byte, tf_widen(t, count)};
    tf_call_builtin(t, BUILTIN_memory_fill, args, 4);
    if (rest == REST_MANY)
        continue_at(t, b.done);
}

void tf_memory_copy(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_pop(t), from = tf_pop(t), to = tf_pop(t);
    struct bulk b = {.memory = ins->index, .to = to, .from = from, .count = count};
    const enum rest rest = ins->index == ins->index2 ? expand(t, &b) : REST_ALL;

    if (rest == REST_NONE)
        return;
    const ir_value args[] = {number(t, ins->index), number(t, ins->index2), tf_widen(t, to),
                             tf_widen(t, from), tf_widen(t, count)};
    tf_call_builtin(t, BUILTIN_memory_copy, args, 5);
    if (rest == REST_MANY)
        continue_at(t, b.done);
}
