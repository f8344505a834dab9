/* translate_call: calls of every kind, builtins among them. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

#include <assert.h>

uint32_t tf_type_signature(struct tf *t, uint32_t type_index)
{
    while (t->type_signatures.count <= type_index)
        VECTOR_PUSH(t, t->type_signatures, 0);
    uint64_t *known = &t->type_signatures.items[type_index];
    if (*known >> 32 != t->stamp)
        *known = (uint64_t)t->stamp << 32 | translate_signature(t->f, &t->wm->types[type_index]);
    return (uint32_t)*known;
}

static ir_value push_result(struct tf *t, ir_value call, uint32_t position, enum ir_type type)
{
    const struct ir_inst i = {
        .op = IR_OP_RESULT, .type = (uint8_t)type, .a = call, .b = position};
    const ir_value v = tf_emit(t, i);

    tf_push(t, v);
    return v;
}

/* ---- builtins ---- */

struct builtin_row {
    const char *signature;
    uint8_t flags; /* enum ir_callee_flags */
};

static const struct builtin_row builtin_rows[BUILTIN_COUNT] = {
#define EFFECT   0
#define PURE     IR_CALLEE_NO_EFFECT
#define NORETURN IR_CALLEE_NO_RETURN
#define BUILTIN(name, signature_, flags_, what)                                                    \
    [BUILTIN_##name] = {.signature = (signature_), .flags = (flags_)},
#include "shield/compile/builtins.def"
#undef BUILTIN
#undef EFFECT
#undef PURE
#undef NORETURN
};

static uint8_t builtin_type(char letter)
{
    switch (letter) {
    case 'i': return IR_I32;
    case 'l':
    case 'c': return IR_I64; /* c: an address, checked by whoever returns it */
    case 'f': return IR_F32;
    case 'd': return IR_F64;
    case 'v': return IR_V128;
    default: return IR_REF;
    }
}

enum { BUILTIN_ARGS_MAX = 8 };

static uint32_t builtin_callee(struct tf *t, enum builtin b, uint8_t *result)
{
    const struct builtin_row *row = &builtin_rows[b];
    uint8_t params[BUILTIN_ARGS_MAX];
    uint32_t count = 0;
    const char *c = row->signature;

    for (; *c != ':'; c++)
        params[count++] = builtin_type(*c);
    *result = c[1] == '\0' ? IR_VOID : builtin_type(c[1]);
    const uint32_t signature = ir_signature(t->f, params, count, result, *result != IR_VOID);
    return ir_callee(t->f, (struct ir_callee){.kind = IR_CALLEE_BUILTIN,
                                              .flags = row->flags,
                                              .number = b,
                                              .signature = signature});
}

ir_value tf_call_builtin(struct tf *t, enum builtin b, const ir_value *args, uint32_t count)
{
    uint8_t result;
    const uint32_t callee = builtin_callee(t, b, &result);
    const ir_list list = ir_list_new(t->f, args, count);
    const ir_value call = tf_emit(t, (struct ir_inst){.op = IR_OP_CALL, .a = callee, .b = list});

    homes_forget(t);
    if (result == IR_VOID)
        return TF_NONE;
    return tf_emit(t, (struct ir_inst){.op = IR_OP_RESULT, .type = result, .a = call});
}

/* ---- calls of functions ---- */

static ir_list pop_args(struct tf *t, const struct wm_type *type)
{
    t->stack.count -= type->param_count;
    return ir_list_new(t->f, t->stack.items + t->stack.count, type->param_count);
}

/* Emits a call, or a tail call, after which the code is dead. */
static void finish_call(struct tf *t, struct ir_inst i, const struct wm_type *type, bool is_tail)
{
    const ir_value call = tf_emit(t, i);

    homes_forget(t);
    if (is_tail) {
        t->is_dead = true;
        return;
    }
    for (uint32_t k = 0; k < type->result_count; k++)
        push_result(t, call, k, translate_type(type->results[k]));
}

void tf_call(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t type_index = t->wm->funcs[ins->index].type_index;
    const struct wm_type *type = &t->wm->types[type_index];
    const bool is_import = ins->index < t->wm->func_imports;
    const bool is_tail = ins->op == WM_OP_RETURN_CALL;
    const struct ir_callee callee = {
        .kind = is_import ? IR_CALLEE_IMPORT : IR_CALLEE_LOCAL,
        .number = is_import ? ins->index : ins->index - t->wm->func_imports,
        .signature = tf_type_signature(t, type_index)};
    const ir_list args = pop_args(t, type);
    const struct ir_inst i = {.op = is_tail ? IR_OP_TAIL_CALL : IR_OP_CALL,
                              .a = ir_callee(t->f, callee),
                              .b = args};

    finish_call(t, i, type, is_tail);
}

/* Sites are per table and type; the newest ones are looked at first. */
static uint32_t table_site(struct tf *t, uint32_t table, uint32_t type_index)
{
    enum { LOOK_BACK = 16 };
    struct ir_func *f = t->f;
    const struct wm_table *declared = &t->wm->tables[table];
    const bool is_fixed = table >= t->wm->table_imports && declared->limits.has_max &&
                          declared->limits.max == declared->limits.min;
    const struct ir_table_site site = {
        .table_offset = layout_table(t->env->layout, table),
        .type_offset = layout_type(t->env->layout, type_index),
        .signature = tf_type_signature(t, type_index),
        .fixed_size = is_fixed ? declared->limits.min : 0,
        .index_type = declared->limits.is_64 ? IR_I64 : IR_I32,
    };

    for (uint32_t i = f->table_site_count, n = 0; i > 0 && n < LOOK_BACK; i--, n++)
        if (f->table_sites[i - 1].table_offset == site.table_offset &&
            f->table_sites[i - 1].type_offset == site.type_offset)
            return i - 1;
    ARENA_PUSH(f->arena, f->table_sites, f->table_site_count, f->table_site_capacity, site);
    return f->table_site_count - 1;
}

void tf_call_indirect(struct tf *t, const struct wm_ins *ins)
{
    const struct wm_type *type = &t->wm->types[ins->index];
    const bool is_tail = ins->op == WM_OP_RETURN_CALL_INDIRECT;
    const ir_value index = tf_pop(t);
    const ir_list args = pop_args(t, type);
    const struct ir_inst i = {.op = is_tail ? IR_OP_TAIL_CALL_TABLE : IR_OP_CALL_TABLE,
                              .a = index,
                              .b = args,
                              .c = table_site(t, ins->index2, ins->index)};

    finish_call(t, i, type, is_tail);
}

void tf_call_ref(struct tf *t, const struct wm_ins *ins)
{
    const struct wm_type *type = &t->wm->types[ins->index];
    const bool is_tail = ins->op == WM_OP_RETURN_CALL_REF;
    const ir_value asked[] = {tf_pop(t), tf_const(t, IR_I32, ins->index)};
    const ir_value record = tf_call_builtin(t, BUILTIN_resolve_ref, asked, 2);
    const ir_list args = pop_args(t, type);
    const struct ir_inst i = {.op = is_tail ? IR_OP_TAIL_CALL_RECORD : IR_OP_CALL_RECORD,
                              .a = record,
                              .b = args,
                              .c = tf_type_signature(t, ins->index)};

    finish_call(t, i, type, is_tail);
}
