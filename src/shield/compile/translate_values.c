/* translate_values: small pieces of IR that all translations are made of; constants, locals,
 * selection. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

ir_value tf_unary(struct tf *t, enum ir_op op, enum ir_type type, ir_value a)
{
    return tf_emit(t, (struct ir_inst){.op = (uint16_t)op, .type = (uint8_t)type, .a = a});
}

ir_value tf_binary(struct tf *t, enum ir_op op, enum ir_type type, ir_value a, ir_value b)
{
    return tf_emit(t, (struct ir_inst){.op = (uint16_t)op, .type = (uint8_t)type, .a = a, .b = b});
}

ir_value tf_compare(struct tf *t, enum ir_cc cc, ir_value a, ir_value b)
{
    return tf_emit(
        t, (struct ir_inst){
               .op = IR_OP_ICMP, .type = IR_I32, .aux = (uint8_t)cc, .a = a, .b = b});
}

void tf_trap_if(struct tf *t, ir_value condition, enum trap_code code)
{
    tf_emit(t, (struct ir_inst){.op = IR_OP_TRAP_IF, .aux = (uint8_t)code, .a = condition});
}

void tf_trap(struct tf *t, enum trap_code code)
{
    tf_emit(t, (struct ir_inst){.op = IR_OP_TRAP, .aux = (uint8_t)code});
    t->is_dead = true;
}

ir_value tf_widen(struct tf *t, ir_value v)
{
    return ir_at(t->f, v)->type == IR_I64 ? v : tf_unary(t, IR_OP_UEXTEND, IR_I64, v);
}

/* ---- the environment ---- */

/* At the very beginning, so that it is there for everything. */
static ir_value at_entry(struct tf *t, enum ir_op op)
{
    const ir_value v = ir_inst_new(t->f, (struct ir_inst){.op = (uint16_t)op, .type = IR_I64});
    const ir_value first = t->f->blocks[0].first;

    if (first == IR_NONE)
        ir_append(t->f, 0, v);
    else
        ir_insert_before(t->f, first, v);
    return v;
}

ir_value tf_context(struct tf *t)
{
    if (t->context == TF_NONE)
        t->context = at_entry(t, IR_OP_CONTEXT);
    return t->context;
}

ir_value tf_pinned_base(struct tf *t)
{
    if (t->pinned_base == TF_NONE)
        t->pinned_base = at_entry(t, IR_OP_PINNED_BASE);
    return t->pinned_base;
}

ir_value tf_load_field(struct tf *t, ir_value base, uint32_t offset, enum ir_type type,
                       enum ir_region region, uint8_t flags)
{
    const struct ir_access access = {.offset = (int32_t)offset,
                                     .bytes = (uint8_t)(ir_type_bits(type) / 8),
                                     .region = (uint8_t)region,
                                     .flags = flags | IR_ACCESS_NOTRAP};
    return tf_emit(t, (struct ir_inst){.op = IR_OP_LOAD,
                                       .type = (uint8_t)type,
                                       .a = base,
                                       .c = ir_access(t->f, access)});
}

void tf_store_field(struct tf *t, ir_value base, uint32_t offset, ir_value value,
                    enum ir_region region)
{
    const uint8_t type = ir_at(t->f, value)->type;
    const struct ir_access access = {.offset = (int32_t)offset,
                                     .bytes = (uint8_t)(ir_type_bits((enum ir_type)type) / 8),
                                     .region = (uint8_t)region,
                                     .flags = IR_ACCESS_NOTRAP};
    tf_emit(t, (struct ir_inst){.op = IR_OP_STORE,
                                .type = type,
                                .a = base,
                                .b = value,
                                .c = ir_access(t->f, access)});
}

/* ---- constants, locals, selection ---- */

void tf_i32_const(struct tf *t, const struct wm_ins *ins)
{
    tf_push(t, tf_const(t, IR_I32, (uint32_t)ins->i32));
}

void tf_i64_const(struct tf *t, const struct wm_ins *ins)
{
    tf_push(t, tf_const(t, IR_I64, (uint64_t)ins->i64));
}

static void float_const(struct tf *t, enum ir_type type, uint64_t bits)
{
    struct ir_inst i = ir_iconst(type, bits);

    i.op = IR_OP_FCONST;
    tf_push(t, tf_emit(t, i));
}

void tf_f32_const(struct tf *t, const struct wm_ins *ins)
{
    float_const(t, IR_F32, ins->f32_bits);
}

void tf_f64_const(struct tf *t, const struct wm_ins *ins)
{
    float_const(t, IR_F64, ins->f64_bits);
}

void tf_v128_const(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t index = ir_constant16(t->f, ins->bytes);
    tf_push(t, tf_emit(t, (struct ir_inst){.op = IR_OP_VCONST, .type = IR_V128, .a = index}));
}

void tf_shuffle(struct tf *t, const struct wm_ins *ins)
{
    struct ir_inst i = {.op = IR_OP_SHUFFLE, .type = IR_V128};

    i.b = tf_pop(t);
    i.a = tf_pop(t);
    i.c = ir_constant16(t->f, ins->bytes);
    tf_push(t, tf_emit(t, i));
}

void tf_local_get(struct tf *t, const struct wm_ins *ins)
{
    tf_push(t, locals_get(t, ins->index));
}

void tf_local_set(struct tf *t, const struct wm_ins *ins)
{
    locals_set(t, ins->index, tf_pop(t));
}

void tf_local_tee(struct tf *t, const struct wm_ins *ins)
{
    locals_set(t, ins->index, t->stack.items[t->stack.count - 1]);
}

void tf_nop(struct tf *t, const struct wm_ins *ins)
{
    (void)t;
    (void)ins;
}

void tf_drop(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    (void)tf_pop(t);
}

void tf_select(struct tf *t, const struct wm_ins *ins)
{
    struct ir_inst i = {.op = IR_OP_SELECT};

    (void)ins;
    i.c = tf_pop(t);
    i.b = tf_pop(t);
    i.a = tf_pop(t);
    i.type = ir_at(t->f, i.a)->type;
    tf_push(t, tf_emit(t, i));
}

/* ---- wide arithmetic ---- */

static void push_result(struct tf *t, ir_value of, uint32_t position)
{
    const struct ir_inst i = {.op = IR_OP_RESULT, .type = IR_I64, .a = of, .b = position};
    tf_push(t, tf_emit(t, i));
}

void tf_wide_add(struct tf *t, const struct wm_ins *ins)
{
    const ir_list operands = ir_list_new(t->f, t->stack.items + t->stack.count - 4, 4);
    const enum ir_op op = ins->op == WM_OP_I64_ADD128 ? IR_OP_ADD128 : IR_OP_SUB128;

    t->stack.count -= 4;
    const ir_value v = tf_unary(t, op, IR_VOID, operands);
    push_result(t, v, 0);
    push_result(t, v, 1);
}

void tf_wide_mul(struct tf *t, const struct wm_ins *ins)
{
    const ir_value b = tf_pop(t), a = tf_pop(t);
    const enum ir_op high = ins->op == WM_OP_I64_MUL_WIDE_S ? IR_OP_SMULHI : IR_OP_UMULHI;

    tf_push(t, tf_binary(t, IR_OP_IMUL, IR_I64, a, b));
    tf_push(t, tf_binary(t, high, IR_I64, a, b));
}

/* ---- references: any number, 0 is null ---- */

void tf_ref_null(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    tf_push(t, tf_const(t, IR_REF, 0));
}

void tf_ref_is_null(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    const ir_value null = tf_const(t, IR_REF, 0);
    tf_push(t, tf_compare(t, IR_EQ, tf_pop(t), null));
}

void tf_ref_as_non_null(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    const ir_value null = tf_const(t, IR_REF, 0);
    const ir_value ref = t->stack.items[t->stack.count - 1];
    tf_trap_if(t, tf_compare(t, IR_EQ, ref, null), TRAP_NULL_REFERENCE);
}

void tf_ref_func(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t offset = layout_func(t->env->layout, ins->index);
    tf_push(t, tf_load_field(t, tf_context(t), offset, IR_REF, IR_REGION_CONTEXT,
                             IR_ACCESS_READONLY));
}
