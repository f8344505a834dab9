/*
 * codegen_build: instructions of a front end's function; see codegen.h. One request describes any
 * instruction, so that there is one guarded place that makes them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/api/codegen_int.h"
#include "shield/ir/words.h"

#include <string.h>

enum { TARGETS_MAX = 1 << 20, OPERANDS_MAX = 1 << 16, FRONT_END_TRAP_MIN = 16, TRAP_MAX = 254 };

struct request {
    struct mujun_function *f;
    struct ir_inst inst;
    const char *word; /* operation by its word, instead of inst.op */
    const mujun_ir_value *operands;
    size_t operand_count;
    uint32_t number; /* behind the operands */
    bool has_number;
    const uint8_t *constant16;
    const struct mujun_ir_target *targets;
    size_t target_count;
    const struct ir_access *access;
    const struct mujun_ir_signature *signature; /* of a call through a pointer */
    mujun_ir_value *results;
    ir_value made;
};

static ir_value made(struct request *r, enum status (*fn)(void *ctx, struct diag *dg))
{
    r->made = MUJUN_IR_NONE;
    return function_try(r->f, fn, r) ? r->made : MUJUN_IR_NONE;
}

static void emit(struct request *r)
{
    r->made = ir_emit(&r->f->f, r->f->block, r->inst);
}

/* ---- values ---------------------------------------------------------------------------------- */

static enum status name_operation(struct request *r, struct diag *dg)
{
    static const char *const wrong[] = {
        [IR_WORD_UNKNOWN] = "no operation has this name",
        [IR_WORD_NO_KIND] = "this operation has no kinds",
        [IR_WORD_KIND_MISSING] = "this operation needs a dot and its kind",
        [IR_WORD_KIND_UNKNOWN] = "this operation has no such kind",
    };
    const enum ir_word word = ir_op_named(str_of(r->word), &r->inst);

    if (word == IR_WORD_GOOD)
        return ST_OK;
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "\"%.60s\": %s", r->word, wrong[word]);
}

/* Operands of a format, or UINT32_MAX: not for mujun_ir_build(). number: does one follow? */
static uint32_t operands_of(enum ir_format format, bool *number)
{
    *number = format == IR_FORMAT_LANE || format == IR_FORMAT_LANE2 || format == IR_FORMAT_VCMP ||
              format == IR_FORMAT_VFCMP;
    switch (format) {
    case IR_FORMAT_NULLARY:
        return 0;
    case IR_FORMAT_UNARY:
    case IR_FORMAT_LANE:
        return 1;
    case IR_FORMAT_BINARY:
    case IR_FORMAT_LANE2:
    case IR_FORMAT_VCMP:
    case IR_FORMAT_VFCMP:
    case IR_FORMAT_SHUFFLE:
        return 2;
    case IR_FORMAT_TERNARY:
        return 3;
    default:
        return UINT32_MAX;
    }
}

static enum status make_value(void *ctx, struct diag *dg)
{
    struct request *r = ctx;
    bool has_number;

    TRY(name_operation(r, dg));
    const struct ir_op_info *info = &ir_op_info[r->inst.op];
    const uint32_t wanted = operands_of((enum ir_format)info->format, &has_number);
    if (wanted == UINT32_MAX || (info->flags & (IR_TERM | IR_CALLS)))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "\"%.60s\" has a function of its own in codegen.h", r->word);
    if (wanted != r->operand_count || has_number != r->has_number ||
        (info->format == IR_FORMAT_SHUFFLE) != (r->constant16 != NULL))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "\"%.60s\" takes %u operands%s, %zu%s were given", r->word, wanted,
                         has_number ? " and a number" : "", r->operand_count,
                         r->has_number ? " and a number" : "");
    uint32_t *const fields[] = {&r->inst.a, &r->inst.b, &r->inst.c};
    for (uint32_t n = 0; n < wanted; n++)
        *fields[n] = r->operands[n];
    if (has_number)
        *fields[wanted] = r->number;
    if (r->constant16 != NULL)
        r->inst.c = ir_constant16(&r->f->f, r->constant16);
    emit(r);
    return ST_OK;
}

mujun_ir_value mujun_ir_build(struct mujun_function *f, const char *operation,
                              enum mujun_ir_type type, const mujun_ir_value *operands, size_t count)
{
    struct request r = {.f = f,
                        .word = operation,
                        .inst = {.type = (uint8_t)function_type(type)},
                        .operands = operands,
                        .operand_count = count};

    return made(&r, make_value);
}

mujun_ir_value mujun_ir_build_with(struct mujun_function *f, const char *operation,
                                   enum mujun_ir_type type, const mujun_ir_value *operands,
                                   size_t count, uint32_t number)
{
    struct request r = {.f = f,
                        .word = operation,
                        .inst = {.type = (uint8_t)function_type(type)},
                        .operands = operands,
                        .operand_count = count,
                        .number = number,
                        .has_number = true};

    return made(&r, make_value);
}

mujun_ir_value mujun_ir_unary(struct mujun_function *f, const char *operation,
                              enum mujun_ir_type type, mujun_ir_value a)
{
    return mujun_ir_build(f, operation, type, &a, 1);
}

mujun_ir_value mujun_ir_binary(struct mujun_function *f, const char *operation,
                               enum mujun_ir_type type, mujun_ir_value a, mujun_ir_value b)
{
    const mujun_ir_value operands[2] = {a, b};

    return mujun_ir_build(f, operation, type, operands, 2);
}

mujun_ir_value mujun_ir_shuffle(struct mujun_function *f, mujun_ir_value a, mujun_ir_value b,
                                const uint8_t which[16])
{
    const mujun_ir_value operands[2] = {a, b};
    struct request r = {.f = f,
                        .word = "shuffle",
                        .inst = {.type = IR_V128},
                        .operands = operands,
                        .operand_count = 2,
                        .constant16 = which};

    return made(&r, make_value);
}

static enum status make_plain(void *ctx, struct diag *dg)
{
    struct request *r = ctx;

    (void)dg;
    if (r->constant16 != NULL)
        r->inst.a = ir_constant16(&r->f->f, r->constant16);
    if (r->access != NULL)
        r->inst.c = ir_access(&r->f->f, *r->access);
    emit(r);
    return ST_OK;
}

static mujun_ir_value constant(struct mujun_function *f, enum ir_op op, enum ir_type type,
                               uint64_t bits)
{
    struct request r = {.f = f, .inst = ir_iconst(type, bits)};

    r.inst.op = (uint16_t)op;
    return made(&r, make_plain);
}

mujun_ir_value mujun_ir_int(struct mujun_function *f, enum mujun_ir_type type, uint64_t bits)
{
    const enum ir_type t = function_type(type);
    const uint32_t width = ir_type_bits(t);

    return constant(f, IR_OP_ICONST, t, width >= 64 ? bits : bits & ((UINT64_C(1) << width) - 1));
}

mujun_ir_value mujun_ir_f32(struct mujun_function *f, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return constant(f, IR_OP_FCONST, IR_F32, bits);
}

mujun_ir_value mujun_ir_f64(struct mujun_function *f, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return constant(f, IR_OP_FCONST, IR_F64, bits);
}

mujun_ir_value mujun_ir_v128(struct mujun_function *f, const uint8_t bytes[16])
{
    struct request r = {
        .f = f, .inst = {.op = IR_OP_VCONST, .type = IR_V128}, .constant16 = bytes};

    return made(&r, make_plain);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static struct ir_access access_of(int32_t offset, unsigned bytes, bool is_signed)
{
    return (struct ir_access){.offset = offset,
                              .bytes = (uint8_t)MIN(bytes, 255u),
                              .region = IR_REGION_ANY,
                              .flags = (uint8_t)(is_signed ? IR_ACCESS_SIGNED : 0),
                              .trap = MUJUN_TRAP_MEMORY_BOUNDS};
}

mujun_ir_value mujun_ir_load(struct mujun_function *f, enum mujun_ir_type type,
                             mujun_ir_value address, int32_t offset, unsigned bytes, bool is_signed)
{
    const struct ir_access access = access_of(offset, bytes, is_signed);
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_LOAD,
                                 .type = (uint8_t)function_type(type),
                                 .a = address},
                        .access = &access};

    return made(&r, make_plain);
}

static enum status make_store(void *ctx, struct diag *dg)
{
    struct request *r = ctx;

    if (r->inst.b >= r->f->f.inst_count)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "the stored value does not exist");
    r->inst.type = r->f->f.insts[r->inst.b].type;
    return make_plain(r, dg);
}

void mujun_ir_store(struct mujun_function *f, mujun_ir_value address, int32_t offset,
                    unsigned bytes, mujun_ir_value value)
{
    const struct ir_access access = access_of(offset, bytes, false);
    struct request r = {
        .f = f, .inst = {.op = IR_OP_STORE, .a = address, .b = value}, .access = &access};

    (void)made(&r, make_store);
}

static enum status make_slot(void *ctx, struct diag *dg)
{
    struct request *r = ctx;
    struct ir_func *f = &r->f->f;
    const struct ir_slot slot = {.bytes = r->inst.a, .align = r->inst.b};

    if (slot.align == 0 || slot.align > 16 || (slot.align & (slot.align - 1)) != 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "a slot aligned to %u; expected 1, 2, 4, 8 or 16", slot.align);
    ARENA_PUSH(f->arena, f->slots, f->slot_count, f->slot_capacity, slot);
    r->made = f->slot_count - 1;
    return ST_OK;
}

mujun_ir_slot mujun_ir_slot_new(struct mujun_function *f, uint32_t bytes, uint32_t align)
{
    struct request r = {.f = f, .inst = {.a = bytes, .b = align}};

    return made(&r, make_slot);
}

mujun_ir_value mujun_ir_slot_address(struct mujun_function *f, mujun_ir_slot slot)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_SLOT_ADDRESS, .type = IR_I64, .a = slot}};

    return made(&r, make_plain);
}

mujun_ir_value mujun_ir_symbol_address(struct mujun_function *f, mujun_ir_symbol symbol)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_SYMBOL_ADDRESS, .type = IR_I64, .a = symbol}};

    return made(&r, make_plain);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static enum status make_call(void *ctx, struct diag *dg)
{
    struct request *r = ctx;
    struct ir_func *f = &r->f->f;
    const bool through_pointer = r->signature != NULL;
    uint32_t signature;

    if (!through_pointer && r->inst.a >= f->callee_count)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a call of a symbol that does not exist");
    if (r->operand_count > OPERANDS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%zu arguments; at most %d",
                         r->operand_count, OPERANDS_MAX);
    if (through_pointer)
        TRY(function_signature(r->f, r->signature, &signature, dg));
    else
        signature = f->callees[r->inst.a].signature;
    r->inst.b = ir_list_new(f, r->operands, (uint32_t)r->operand_count);
    if (through_pointer)
        r->inst.c = signature;
    emit(r);
    if (ir_op_info[r->inst.op].flags & IR_TERM)
        return ST_OK;
    const uint32_t count = f->signatures[signature].result_count;
    for (uint32_t n = 0; n < count; n++)
        r->results[n] = ir_emit(f, r->f->block,
                                (struct ir_inst){.op = IR_OP_RESULT,
                                                 .type = f->signatures[signature].results[n],
                                                 .a = r->made,
                                                 .b = n});
    return ST_OK;
}

void mujun_ir_call(struct mujun_function *f, mujun_ir_symbol symbol, const mujun_ir_value *args,
                   size_t count, mujun_ir_value *results)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_CALL, .a = symbol},
                        .operands = args,
                        .operand_count = count,
                        .results = results};

    (void)made(&r, make_call);
}

void mujun_ir_call_pointer(struct mujun_function *f, mujun_ir_value pointer,
                           const struct mujun_ir_signature *signature, const mujun_ir_value *args,
                           size_t count, mujun_ir_value *results)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_CALL_POINTER, .a = pointer},
                        .operands = args,
                        .operand_count = count,
                        .signature = signature,
                        .results = results};

    (void)made(&r, make_call);
}

void mujun_ir_tail_call(struct mujun_function *f, mujun_ir_symbol symbol,
                        const mujun_ir_value *args, size_t count)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_TAIL_CALL, .a = symbol},
                        .operands = args,
                        .operand_count = count};

    (void)made(&r, make_call);
}

/* ---- ends of blocks -------------------------------------------------------------------------- */

static enum status make_edge(struct request *r, size_t n, ir_edge *out, struct diag *dg)
{
    const struct mujun_ir_target *t = &r->targets[n];

    if (t->count > OPERANDS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%zu arguments of an edge; at most %d",
                         t->count, OPERANDS_MAX);
    *out = ir_edge_new(&r->f->f, t->block, t->args, (uint32_t)t->count);
    return ST_OK;
}

static enum status make_end(void *ctx, struct diag *dg)
{
    struct request *r = ctx;
    struct ir_func *f = &r->f->f;
    ir_list edges = 0;
    ir_edge e = 0;

    if (r->target_count > TARGETS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%zu targets; at most %d", r->target_count,
                         TARGETS_MAX);
    for (size_t n = 0; n < r->target_count; n++) {
        TRY(make_edge(r, n, &e, dg));
        if (r->inst.op == IR_OP_SWITCH)
            edges = ir_list_push(f, edges, e);
        else if (r->inst.op == IR_OP_JUMP)
            r->inst.a = e;
        else if (n == 0)
            r->inst.b = e;
        else
            r->inst.c = e;
    }
    if (r->inst.op == IR_OP_SWITCH)
        r->inst.b = edges;
    if (r->inst.op == IR_OP_RETURN)
        r->inst.a = ir_list_new(f, r->operands, (uint32_t)r->operand_count);
    emit(r);
    return ST_OK;
}

void mujun_ir_jump(struct mujun_function *f, struct mujun_ir_target to)
{
    struct request r = {
        .f = f, .inst = {.op = IR_OP_JUMP}, .targets = &to, .target_count = 1};

    (void)made(&r, make_end);
}

void mujun_ir_branch(struct mujun_function *f, mujun_ir_value condition,
                     struct mujun_ir_target if_true, struct mujun_ir_target if_false)
{
    const struct mujun_ir_target targets[2] = {if_true, if_false};
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_BRANCH, .a = condition},
                        .targets = targets,
                        .target_count = 2};

    (void)made(&r, make_end);
}

void mujun_ir_switch(struct mujun_function *f, mujun_ir_value index,
                     const struct mujun_ir_target *targets, size_t count)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_SWITCH, .a = index},
                        .targets = targets,
                        .target_count = count};

    (void)made(&r, make_end);
}

void mujun_ir_return(struct mujun_function *f, const mujun_ir_value *values, size_t count)
{
    struct request r = {.f = f,
                        .inst = {.op = IR_OP_RETURN},
                        .operands = values,
                        .operand_count = MIN(count, (size_t)OPERANDS_MAX)};

    (void)made(&r, make_end);
}

static enum status make_trap(void *ctx, struct diag *dg)
{
    struct request *r = ctx;

    if (r->number < FRONT_END_TRAP_MIN || r->number > TRAP_MAX)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "trap code %u; expected %d to %d", r->number,
                         FRONT_END_TRAP_MIN, TRAP_MAX);
    r->inst.aux = (uint8_t)r->number;
    emit(r);
    return ST_OK;
}

void mujun_ir_trap(struct mujun_function *f, unsigned code)
{
    struct request r = {.f = f, .inst = {.op = IR_OP_TRAP}, .number = code};

    (void)made(&r, make_trap);
}

void mujun_ir_trap_if(struct mujun_function *f, mujun_ir_value condition, unsigned code)
{
    struct request r = {.f = f, .inst = {.op = IR_OP_TRAP_IF, .a = condition}, .number = code};

    (void)made(&r, make_trap);
}
