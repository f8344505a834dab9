/* translate_state: globals and tables. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

/* ---- globals ---- */

struct cell {
    ir_value base;
    uint32_t offset;
};

static struct cell cell_of(struct tf *t, uint32_t global)
{
    const struct layout *l = t->env->layout;
    const ir_value context = tf_context(t);

    if (global >= t->wm->global_imports)
        return (struct cell){context, layout_global(l, global)};
    const ir_value cell = tf_load_field(t, context, layout_global_pointer(l, global), IR_I64,
                                        IR_REGION_CONTEXT, IR_ACCESS_READONLY);
    return (struct cell){cell, 0};
}

/* A global that nobody can set and that begins with a constant: pushes it. */
static bool push_constant_global(struct tf *t, const struct wm_global *g)
{
    struct wm_reader r = wm_reader_of(g->init, t->wm->features);
    struct wm_ins ins, end;

    if (g->is_mutable || g->init.size == 0 || wm_ins_read(&r, &ins, NULL) != ST_OK ||
        wm_ins_read(&r, &end, NULL) != ST_OK || end.op != WM_OP_END)
        return false;
    switch (ins.op) {
    case WM_OP_I32_CONST:
    case WM_OP_I64_CONST:
    case WM_OP_F32_CONST:
    case WM_OP_F64_CONST:
    case WM_OP_V128_CONST: tf_by_hand(t, &ins); return true;
    default: return false;
    }
}

void tf_global_get(struct tf *t, const struct wm_ins *ins)
{
    const struct wm_global *g = &t->wm->globals[ins->index];

    if (push_constant_global(t, g))
        return;
    const struct cell cell = cell_of(t, ins->index);
    tf_push(t, tf_load_field(t, cell.base, cell.offset, translate_type(g->type), IR_REGION_GLOBAL,
                             g->is_mutable ? 0 : IR_ACCESS_READONLY));
}

void tf_global_set(struct tf *t, const struct wm_ins *ins)
{
    const ir_value v = tf_pop(t);

    if (ir_at(t->f, v)->type == IR_REF) { /* checked by the runtime: see docs/compiler.md */
        const ir_value args[] = {tf_const(t, IR_I32, ins->index), v};
        tf_call_builtin(t, BUILTIN_global_set_ref, args, 2);
        return;
    }
    const struct cell cell = cell_of(t, ins->index);
    tf_store_field(t, cell.base, cell.offset, v, IR_REGION_GLOBAL);
}

/* ---- tables ---- */

static bool is_64(const struct tf *t, uint32_t table)
{
    return t->wm->tables[table].limits.is_64;
}

static void push_size(struct tf *t, ir_value size, uint32_t table)
{
    tf_push(t, is_64(t, table) ? size : tf_unary(t, IR_OP_IREDUCE, IR_I32, size));
}

void tf_table_size(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t offset = layout_table(t->env->layout, ins->index);
    const ir_value record = tf_load_field(t, tf_context(t), offset, IR_I64, IR_REGION_CONTEXT,
                                          IR_ACCESS_READONLY);
    push_size(t, tf_load_field(t, record, RECORD_TABLE_SIZE, IR_I64, IR_REGION_TABLE, 0),
              ins->index);
}

void tf_table_get(struct tf *t, const struct wm_ins *ins)
{
    const ir_value index = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), index};

    tf_push(t, tf_call_builtin(t, BUILTIN_table_get, args, 2));
}

void tf_table_set(struct tf *t, const struct wm_ins *ins)
{
    const ir_value ref = tf_pop(t), index = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), index, ref};

    tf_call_builtin(t, BUILTIN_table_set, args, 3);
}

void tf_table_grow(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_widen(t, tf_pop(t)), ref = tf_pop(t);
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), ref, count};

    push_size(t, tf_call_builtin(t, BUILTIN_table_grow, args, 3), ins->index);
}

void tf_table_fill(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_widen(t, tf_pop(t)), ref = tf_pop(t);
    const ir_value index = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), index, ref, count};

    tf_call_builtin(t, BUILTIN_table_fill, args, 4);
}

void tf_table_copy(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_widen(t, tf_pop(t)), from = tf_widen(t, tf_pop(t));
    const ir_value to = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), tf_const(t, IR_I32, ins->index2), to,
                             from, count};

    tf_call_builtin(t, BUILTIN_table_copy, args, 5);
}

void tf_table_init(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_pop(t), from = tf_pop(t), to = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index2), tf_const(t, IR_I32, ins->index), to,
                             from, count};

    tf_call_builtin(t, BUILTIN_table_init, args, 5);
}

void tf_elem_drop(struct tf *t, const struct wm_ins *ins)
{
    const ir_value args[] = {tf_const(t, IR_I32, ins->index)};
    tf_call_builtin(t, BUILTIN_elem_drop, args, 1);
}
