/* translate_plain: operators that take their operands from slots and leave results in fresh ones:
 * vectors, atomics, wide arithmetic, and all that handle references, tables and GC objects.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>
#include <string.h>

enum { PLAIN_OPERANDS_MAX = 6, PLAIN_WORDS_MAX = 8 };

/* Immediates behind the slots. */
struct immediates {
    uint32_t words[PLAIN_WORDS_MAX], count;
};

static void add32(struct immediates *imm, uint32_t word)
{
    assert(imm->count < PLAIN_WORDS_MAX && "no operator has more");
    imm->words[imm->count++] = word;
}

static void add64(struct immediates *imm, uint64_t bits)
{
    add32(imm, (uint32_t)bits);
    add32(imm, (uint32_t)(bits >> 32));
}

static void add_pointer(struct immediates *imm, const void *p)
{
    add64(imm, (uint64_t)(uintptr_t)p);
}

/* Pops `pops` operands, pushes a result per letter of `results`, emits. */
static void plain(struct tr *t, enum interp_op op, uint32_t pops, const char *results,
                  const struct immediates *imm)
{
    uint32_t slots[PLAIN_OPERANDS_MAX], n = 0, pushes = (uint32_t)strlen(results);

    for (uint32_t i = pops; i-- > 0;)
        slots[i] = tr_pop_slot(t);
    uint32_t *w = tr_emit(t, op, pushes + pops + imm->count);
    for (uint32_t i = 0; i < pushes; i++)
        w[n++] = tr_push(t, results[i]);
    memcpy(w + n, slots, pops * sizeof(uint32_t));
    memcpy(w + n + pops, imm->words, imm->count * sizeof(uint32_t));
    t->newest.has_result = pushes == 1;
}

/* ---- by signature ---- */

static void add_memarg(const struct tr *t, struct immediates *imm, const struct wm_ins *ins)
{
    add32(imm, ins->mem.memory);
    add32(imm, t->wm->memories[ins->mem.memory].limits.is_64);
    add64(imm, ins->mem.offset);
}

static struct immediates immediates_of(const struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {.count = 0};

    switch (wm_op_info[ins->op].imm) {
    case WM_IMM_LANE: add32(&imm, ins->index); break;
    case WM_IMM_SHUFFLE:
        memcpy(imm.words, ins->bytes, 16);
        imm.count = 4;
        break;
    case WM_IMM_MEMARG: add_memarg(t, &imm, ins); break;
    case WM_IMM_MEMARG_LANE:
        add_memarg(t, &imm, ins);
        add32(&imm, ins->mem.lane);
        break;
    default: break;
    }
    return imm;
}

void tr_plain(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    const char *sig = wm_op_info[ins->op].sig, *colon = strchr(sig, ':');
    struct immediates imm = immediates_of(t, ins);

    plain(t, (enum interp_op)rule->op, (uint32_t)(colon - sig), colon + 1, &imm);
    if (rule->canonical != 0)
        tr_canonical(t, rule->canonical);
}

/* ---- tables and bulk memory ---- */

static bool is_64(const struct tr *t, uint32_t table)
{
    return t->wm->tables[table].limits.is_64;
}

/* Class of a table's elements, as results of plain(). */
static const char *element(const struct tr *t, uint32_t table)
{
    return tr_class(t, t->wm->tables[table].type) == 'p' ? "p" : "r";
}

static const char *index_class(bool wide)
{
    return wide ? "I" : "i";
}

void tr_table_get(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, is_64(t, ins->index)},
        2
    };
    plain(t, IOP_TABLE_GET, 1, element(t, ins->index), &imm);
}

void tr_table_set(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, is_64(t, ins->index)},
        2
    };
    plain(t, IOP_TABLE_SET, 2, "", &imm);
}

void tr_table_size(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {{ins->index}, 1};
    plain(t, IOP_TABLE_SIZE, 0, index_class(is_64(t, ins->index)), &imm);
}

void tr_table_grow(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, is_64(t, ins->index)},
        2
    };
    plain(t, IOP_TABLE_GROW, 2, index_class(is_64(t, ins->index)), &imm);
}

void tr_table_fill(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, is_64(t, ins->index)},
        2
    };
    plain(t, IOP_TABLE_FILL, 3, "", &imm);
}

void tr_table_copy(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, ins->index2, is_64(t, ins->index), is_64(t, ins->index2)},
        4
    };
    plain(t, IOP_TABLE_COPY, 3, "", &imm);
}

void tr_table_init(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, ins->index2, is_64(t, ins->index2)},
        3
    };
    plain(t, IOP_TABLE_INIT, 3, "", &imm);
}

void tr_elem_drop(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {{ins->index}, 1};
    plain(t, IOP_ELEM_DROP, 0, "", &imm);
}

static bool memory_is_64(const struct tr *t, uint32_t memory)
{
    return t->wm->memories[memory].limits.is_64;
}

void tr_memory_init(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, ins->index2, memory_is_64(t, ins->index2)},
        3
    };
    plain(t, IOP_MEMORY_INIT, 3, "", &imm);
}

void tr_memory_copy(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, ins->index2, memory_is_64(t, ins->index), memory_is_64(t, ins->index2)},
        4
    };
    plain(t, IOP_MEMORY_COPY, 3, "", &imm);
}

void tr_memory_fill(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {ins->index, memory_is_64(t, ins->index)},
        2
    };
    plain(t, IOP_MEMORY_FILL, 3, "", &imm);
}

void tr_data_drop(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {{ins->index}, 1};
    plain(t, IOP_DATA_DROP, 0, "", &imm);
}

/* ---- references ---- */

static const struct immediates none = {.count = 0};

void tr_ref_null(struct tr *t, const struct wm_ins *ins)
{
    tr_push_const(t, wm_heap_top(t->wm, ins->heap) == WM_HEAP_FUNC ? 'p' : 'r', RT_NULL);
}

void tr_ref_func(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {{ins->index}, 1};
    plain(t, IOP_REF_FUNC, 0, "p", &imm);
}

/* Null checks and equality are comparisons of the slots, and join with branches as such. */
static void compared(struct tr *t)
{
    t->newest.is_compare = true;
    t->newest.base = IOP_I64_EQ_SS;
    t->newest.opposite = IOP_I64_NE_SS;
}

void tr_ref_is_null(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {0, 0},
        2
    };

    (void)ins;
    plain(t, IOP_I64_EQ_SI, 1, "i", &imm);
    compared(t);
}

void tr_ref_eq(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    plain(t, IOP_I64_EQ_SS, 2, "i", &none);
    compared(t);
}

static const char *class_text(char cls)
{
    return cls == 'p' ? "p" : "r";
}

void tr_ref_as_non_null(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    plain(t, IOP_REF_AS_NON_NULL, 1, class_text(t->stack[t->height - 1].cls), &none);
}

void tr_ref_i31(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    plain(t, IOP_REF_I31, 1, "r", &none);
}

void tr_i31_get(struct tr *t, const struct wm_ins *ins)
{
    plain(t, ins->op == WM_OP_I31_GET_S ? IOP_I31_GET_S : IOP_I31_GET_U, 1, "i", &none);
}

/* A heap type as the runtime asks for it: registry ids instead of module indices. */
static uint32_t global_heap(const struct tr *t, struct wm_heap heap)
{
    return (uint32_t)wm_heap_of(rt_valtype_global(t->module->type_ids, wm_ref(heap, false))).code;
}

void tr_ref_test(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {global_heap(t, ins->heap), ins->op == WM_OP_REF_TEST_NULL},
        2
    };
    plain(t, IOP_REF_TEST, 1, "i", &imm);
}

void tr_ref_cast(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {
        {global_heap(t, ins->heap), ins->op == WM_OP_REF_CAST_NULL},
        2
    };
    plain(t, IOP_REF_CAST, 1, class_text(t->stack[t->height - 1].cls), &imm);
}

/* Leaves the truth of a cast of the topmost value in a slot above it; the value stays. */
void tr_test_top(struct tr *t, struct wm_valtype type, uint32_t to)
{
    struct value v = t->stack[t->height - 1];
    uint32_t *w;

    if (v.kind == VALUE_CONST) {
        tr_flush_top(t, 1);
        v = t->stack[t->height - 1];
    }
    w = tr_emit(t, IOP_REF_TEST, 4);
    w[0] = to;
    w[1] = v.slot;
    w[2] = global_heap(t, wm_heap_of(type));
    w[3] = wm_is_nullable(type);
}

/* ---- structs and arrays ---- */

static const struct rt_type *type_of(const struct tr *t, uint32_t index)
{
    return rt_registry_type(t->module->engine->types, t->module->type_ids[index]);
}

/* Any number of operands, in a list with its count. */
static void with_list(struct tr *t, enum interp_op op, const struct rt_type *type, uint32_t count)
{
    for (uint32_t i = t->height - count; i < t->height; i++) {
        struct value *v = &t->stack[i];
        if (v->kind == VALUE_CONST) {
            tr_copy(t, v->home, *v);
            v->kind = VALUE_TEMP;
        }
    }
    uint32_t *w = tr_emit(t, op, 4 + count);
    for (uint32_t i = count; i-- > 0;)
        w[4 + i] = tr_pop(t).slot;
    w[0] = tr_push(t, 'r');
    tr_put64(w + 1, (uint64_t)(uintptr_t)type);
    w[3] = count;
    t->newest.has_result = true;
    t->steps += count;
}

void tr_struct_new(struct tr *t, const struct wm_ins *ins)
{
    const struct rt_type *type = type_of(t, ins->index);
    with_list(t, IOP_STRUCT_NEW, type, type->field_count);
}

void tr_struct_new_default(struct tr *t, const struct wm_ins *ins)
{
    with_list(t, IOP_STRUCT_NEW, type_of(t, ins->index), 0);
}

void tr_array_new_fixed(struct tr *t, const struct wm_ins *ins)
{
    with_list(t, IOP_ARRAY_NEW_FIXED, type_of(t, ins->index), ins->index2);
}

/* Class of a field's value on the stack. */
static const char *field_class(const struct tr *t, const struct rt_field_layout *f)
{
    switch (wm_kind(f->type)) {
    case WM_KIND_I64: return "I";
    case WM_KIND_F32: return "f";
    case WM_KIND_F64: return "F";
    case WM_KIND_V128: return "v";
    case WM_KIND_REF: return rt_is_gc_ref(t->module->engine->types, f->type) ? "r" : "p";
    default: return "i";
    }
}

void tr_struct_get(struct tr *t, const struct wm_ins *ins)
{
    const struct rt_field_layout *f = &type_of(t, ins->index)->fields[ins->index2];
    struct immediates imm = {.count = 0};

    add_pointer(&imm, f);
    add32(&imm, ins->op == WM_OP_STRUCT_GET_S);
    plain(t, IOP_STRUCT_GET, 1, field_class(t, f), &imm);
}

void tr_struct_set(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {.count = 0};

    add_pointer(&imm, &type_of(t, ins->index)->fields[ins->index2]);
    plain(t, IOP_STRUCT_SET, 2, "", &imm);
}

/* An array operator whose only immediates are the type and up to one index. */
static void array_op(struct tr *t, const struct wm_ins *ins, enum interp_op op, uint32_t pops,
                     const char *results)
{
    struct immediates imm = {.count = 0};

    add_pointer(&imm, type_of(t, ins->index));
    add32(&imm, ins->index2);
    plain(t, op, pops, results, &imm);
}

void tr_array_new(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_NEW, 2, "r");
}

void tr_array_new_default(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_NEW_DEFAULT, 1, "r");
}

void tr_array_new_data(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_NEW_DATA, 2, "r");
}

void tr_array_new_elem(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_NEW_ELEM, 2, "r");
}

void tr_array_get(struct tr *t, const struct wm_ins *ins)
{
    const struct rt_field_layout *f = type_of(t, ins->index)->fields;
    struct immediates imm = {.count = 0};

    add_pointer(&imm, f);
    add32(&imm, ins->op == WM_OP_ARRAY_GET_S);
    plain(t, IOP_ARRAY_GET, 2, field_class(t, f), &imm);
}

void tr_array_set(struct tr *t, const struct wm_ins *ins)
{
    struct immediates imm = {.count = 0};

    add_pointer(&imm, type_of(t, ins->index)->fields);
    plain(t, IOP_ARRAY_SET, 3, "", &imm);
}

void tr_array_len(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    plain(t, IOP_ARRAY_LEN, 1, "i", &none);
}

void tr_array_fill(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_FILL, 4, "");
}

void tr_array_copy(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    plain(t, IOP_ARRAY_COPY, 5, "", &none);
}

void tr_array_init_data(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_INIT_DATA, 4, "");
}

void tr_array_init_elem(struct tr *t, const struct wm_ins *ins)
{
    array_op(t, ins, IOP_ARRAY_INIT_ELEM, 4, "");
}
