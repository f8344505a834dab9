/* validate_gc: structs and arrays. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

static bool is_packed(const struct wm_field *f)
{
    return wm_kind(f->type) == WM_KIND_I8 || wm_kind(f->type) == WM_KIND_I16;
}

/* The type a field has on the operand stack. */
static struct wm_valtype unpacked(const struct wm_field *f)
{
    return is_packed(f) ? WM_TYPE(I32) : f->type;
}

static struct wm_valtype ref_to(uint32_t type_index, bool nullable)
{
    return wm_ref(wm_heap_index(type_index), nullable);
}

/* get must name whether a packed field is sign- or zero-extended, and only then. */
static enum status check_extension(struct judge *j, const struct wm_field *f, bool is_plain)
{
    if (is_packed(f) == !is_plain)
        return ST_OK;
    return judge_invalid(j,
                         is_plain ? "reads a packed field, which needs the form with _s or _u"
                                  : "expects a packed field, found %s",
                         wm_kind_text(wm_kind(f->type)));
}

static enum status check_mutable(struct judge *j, const struct wm_field *f, const char *what)
{
    if (f->is_mutable)
        return ST_OK;
    return judge_invalid(j, "writes an immutable %s", what);
}

static enum status check_defaultable(struct judge *j, const struct wm_field *f, uint32_t i)
{
    char text[WM_TYPE_TEXT_MAX];

    if (wm_is_defaultable(f->type))
        return ST_OK;
    wm_valtype_text(f->type, text, sizeof(text));
    return judge_invalid(j, "expects types with a default value, found %s in field %u", text, i);
}

/* ---- structs ---- */

static enum status struct_new(struct judge *j, const struct wm_type *t)
{
    bool with_values = j->ins.op == WM_OP_STRUCT_NEW;

    for (uint32_t i = t->field_count; i-- > 0;) {
        if (with_values)
            TRY(judge_pop_one(j, i + 1, unpacked(&t->fields[i])));
        else
            TRY(check_defaultable(j, &t->fields[i], i));
    }
    judge_push(j, ref_to(j->ins.index, false));
    return ST_OK;
}

static enum status struct_field(struct judge *j, const struct wm_type *t)
{
    struct wm_valtype ref = ref_to(j->ins.index, true);

    if (j->ins.index2 >= t->field_count)
        return judge_invalid(j, "names unknown field %u; type %u has %u", j->ins.index2,
                             j->ins.index, t->field_count);
    const struct wm_field *f = &t->fields[j->ins.index2];
    if (j->ins.op == WM_OP_STRUCT_SET) {
        TRY(check_mutable(j, f, "field"));
        return JUDGE_POP(j, ref, unpacked(f));
    }
    TRY(check_extension(j, f, j->ins.op == WM_OP_STRUCT_GET));
    TRY(JUDGE_POP(j, ref));
    judge_push(j, unpacked(f));
    return ST_OK;
}

/* ---- arrays ---- */

static enum status array_new(struct judge *j, const struct wm_field *f)
{
    if (j->ins.op == WM_OP_ARRAY_NEW) {
        TRY(JUDGE_POP(j, unpacked(f), WM_TYPE(I32)));
    } else {
        TRY(check_defaultable(j, f, 0));
        TRY(JUDGE_POP(j, WM_TYPE(I32)));
    }
    judge_push(j, ref_to(j->ins.index, false));
    return ST_OK;
}

static enum status array_new_fixed(struct judge *j, const struct wm_field *f)
{
    uint32_t count = j->ins.index2;

    if (count > WM_MAX_FIXED_ARRAY)
        return diag_fail(j->dg, ST_LIMIT, j->ins.offset,
                         "%u operands of array.new_fixed; at most %d are allowed", count,
                         WM_MAX_FIXED_ARRAY);
    while (count > 0 && j->sp != j->floor && wm_same(j->sp[-1], unpacked(f))) {
        j->sp--;
        count--;
    }
    while (count > 0 && (j->sp != j->floor || !judge_frame(j)->is_unreachable))
        TRY(judge_pop_one(j, count--, unpacked(f)));
    judge_push(j, ref_to(j->ins.index, false));
    return ST_OK;
}

/* Data segments hold numbers and vectors. */
static enum status check_data_type(struct judge *j, const struct wm_field *f)
{
    if (!wm_is_ref(f->type))
        return ST_OK;
    return judge_invalid(j,
                         "expects an array type of numbers or vectors, found references in "
                         "type %u",
                         j->ins.index);
}

static enum status check_elem_type(struct judge *j, const struct wm_field *f)
{
    if (wm_matches(j->m, j->m->elems[j->ins.index2].type, f->type))
        return ST_OK;
    return judge_invalid(j,
                         "expects a segment that matches the array, found a type mismatch with "
                         "element segment %u",
                         j->ins.index2);
}

/* array.new_data, array.new_elem: from offset, count; array.init_: array, to, from, count. */
static enum status array_from_segment(struct judge *j, const struct wm_field *f)
{
    bool is_init = j->ins.op == WM_OP_ARRAY_INIT_DATA || j->ins.op == WM_OP_ARRAY_INIT_ELEM;
    bool is_data = j->ins.op == WM_OP_ARRAY_NEW_DATA || j->ins.op == WM_OP_ARRAY_INIT_DATA;
    struct wm_valtype i32 = WM_TYPE(I32);

    TRY(is_data ? check_data_type(j, f) : check_elem_type(j, f));
    if (is_init) {
        TRY(check_mutable(j, f, "array"));
        return JUDGE_POP(j, ref_to(j->ins.index, true), i32, i32, i32);
    }
    TRY(JUDGE_POP(j, i32, i32));
    judge_push(j, ref_to(j->ins.index, false));
    return ST_OK;
}

static enum status array_copy(struct judge *j, const struct wm_field *to)
{
    const struct wm_type *from = NULL;
    struct wm_valtype i32 = WM_TYPE(I32);

    TRY(judge_type(j, j->ins.index2, WM_ARRAY_TYPE, &from));
    TRY(check_mutable(j, to, "array"));
    if (!wm_matches(j->m, from->fields[0].type, to->type))
        return judge_invalid(j,
                             "expects matching arrays; array types do not match: type %u and "
                             "type %u",
                             j->ins.index, j->ins.index2);
    return JUDGE_POP(j, ref_to(j->ins.index, true), i32, ref_to(j->ins.index2, true), i32, i32);
}

static enum status array_get(struct judge *j, const struct wm_field *f)
{
    TRY(check_extension(j, f, j->ins.op == WM_OP_ARRAY_GET));
    TRY(JUDGE_POP(j, ref_to(j->ins.index, true), WM_TYPE(I32)));
    judge_push(j, unpacked(f));
    return ST_OK;
}

static enum status judge_array(struct judge *j)
{
    const struct wm_type *t = NULL;
    struct wm_valtype i32 = WM_TYPE(I32);

    if (j->ins.op == WM_OP_ARRAY_LEN) {
        TRY(JUDGE_POP(j, wm_ref(WM_HEAP(ARRAY), true)));
        judge_push(j, i32);
        return ST_OK;
    }
    TRY(judge_type(j, j->ins.index, WM_ARRAY_TYPE, &t));
    const struct wm_field *f = &t->fields[0];
    switch (j->ins.op) {
    case WM_OP_ARRAY_NEW:
    case WM_OP_ARRAY_NEW_DEFAULT: return array_new(j, f);
    case WM_OP_ARRAY_NEW_FIXED: return array_new_fixed(j, f);
    case WM_OP_ARRAY_GET:
    case WM_OP_ARRAY_GET_S:
    case WM_OP_ARRAY_GET_U: return array_get(j, f);
    case WM_OP_ARRAY_SET:
        TRY(check_mutable(j, f, "array"));
        return JUDGE_POP(j, ref_to(j->ins.index, true), i32, unpacked(f));
    case WM_OP_ARRAY_FILL:
        TRY(check_mutable(j, f, "array"));
        return JUDGE_POP(j, ref_to(j->ins.index, true), i32, unpacked(f), i32);
    case WM_OP_ARRAY_COPY: return array_copy(j, f);
    default: return array_from_segment(j, f);
    }
}

enum status judge_aggregate(struct judge *j)
{
    const struct wm_type *t = NULL;
    enum wm_op op = j->ins.op;

    if (op > WM_OP_STRUCT_SET)
        return judge_array(j);
    TRY(judge_type(j, j->ins.index, WM_STRUCT_TYPE, &t));
    if (op == WM_OP_STRUCT_NEW || op == WM_OP_STRUCT_NEW_DEFAULT)
        return struct_new(j, t);
    return struct_field(j, t);
}
