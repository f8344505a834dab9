/* validate_ref: references: null, func, i31, casts, and the branches that look at them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

static struct wm_valtype with_null(struct wm_valtype t, bool nullable)
{
    return wm_ref(wm_heap_of(t), nullable);
}

/* ---- branches ---- */

/* The label of the current branch, and its values without the last. Refuses a label without any. */
static enum status split_label(struct judge *j, uint32_t depth, struct type_list *head,
                               struct wm_valtype *last)
{
    struct frame *f = NULL;

    TRY(judge_label(j, depth, &f));
    struct type_list label = frame_label(f);
    if (label.count == 0 || !wm_is_ref(label.list[label.count - 1]))
        return judge_invalid(j,
                             "expects a label whose last value is a reference, found a type "
                             "mismatch with label %u",
                             depth);
    *head = (struct type_list){label.list, label.count - 1};
    *last = label.list[label.count - 1];
    return ST_OK;
}

static enum status expect_match(struct judge *j, const char *what, struct wm_valtype found,
                                struct wm_valtype want)
{
    char found_text[WM_TYPE_TEXT_MAX], want_text[WM_TYPE_TEXT_MAX];

    if (wm_matches(j->m, found, want))
        return ST_OK;
    wm_valtype_text(found, found_text, sizeof(found_text));
    wm_valtype_text(want, want_text, sizeof(want_text));
    return judge_invalid(j, "expects %s for %s, found %s", want_text, what, found_text);
}

/* The values stay for the fall-through, as the types the label gives them. */
static enum status pass_values(struct judge *j, struct type_list values)
{
    TRY(judge_top(j, values, "label value"));
    judge_drop(j, values.count);
    return judge_push_list(j, values);
}

static enum status br_on_null(struct judge *j)
{
    struct frame *f = NULL;
    struct wm_valtype ref;

    TRY(judge_label(j, j->ins.index, &f));
    TRY(judge_pop_ref(j, frame_label(f).count + 1, &ref));
    TRY(pass_values(j, frame_label(f)));
    judge_push(j, with_null(ref, false));
    return ST_OK;
}

static enum status br_on_non_null(struct judge *j)
{
    struct type_list head;
    struct wm_valtype ref, last;

    TRY(split_label(j, j->ins.index, &head, &last));
    TRY(judge_pop_ref(j, head.count + 1, &ref));
    TRY(expect_match(j, "the value of the label", with_null(ref, false), last));
    return pass_values(j, head);
}

static enum status br_on_cast(struct judge *j)
{
    struct wm_valtype from = j->ins.cast.from, to = j->ins.cast.to, last;
    struct wm_valtype rest = with_null(from, wm_is_nullable(from) && !wm_is_nullable(to));
    bool on_fail = j->ins.op == WM_OP_BR_ON_CAST_FAIL;
    struct type_list head;

    TRY(judge_valtype(j, from));
    TRY(judge_valtype(j, to));
    TRY(expect_match(j, "the type cast to", to, from));
    TRY(split_label(j, j->ins.cast.label, &head, &last));
    TRY(expect_match(j, "the value of the label", on_fail ? rest : to, last));
    TRY(judge_pop_one(j, head.count + 1, from));
    TRY(pass_values(j, head));
    judge_push(j, on_fail ? to : rest);
    return ST_OK;
}

enum status judge_branch_ref(struct judge *j)
{
    switch (j->ins.op) {
    case WM_OP_BR_ON_NULL: return br_on_null(j);
    case WM_OP_BR_ON_NON_NULL: return br_on_non_null(j);
    default: return br_on_cast(j);
    }
}

/* ---- the rest ---- */

static enum status ref_func(struct judge *j)
{
    uint32_t func = j->ins.index;
    uint64_t bit = UINT64_C(1) << func % 64;

    if (j->is_const)
        j->declared[func / 64] |= bit;
    else if ((j->declared[func / 64] & bit) == 0)
        return judge_invalid(j,
                             "names function %u: undeclared function reference; expected it in "
                             "an element segment, global or export",
                             func);
    judge_push(j, wm_ref(wm_heap_index(j->m->funcs[func].type_index), false));
    return ST_OK;
}

/* ref.test and ref.cast take any reference of the hierarchy of their type. */
static enum status ref_cast(struct judge *j)
{
    bool is_test = j->ins.op == WM_OP_REF_TEST || j->ins.op == WM_OP_REF_TEST_NULL;
    bool nullable = j->ins.op == WM_OP_REF_TEST_NULL || j->ins.op == WM_OP_REF_CAST_NULL;
    enum wm_heap_abs top = wm_heap_top(j->m, j->ins.heap);

    TRY(JUDGE_POP(j, wm_ref(wm_heap_abs(top), true)));
    judge_push(j, is_test ? WM_TYPE(I32) : wm_ref(j->ins.heap, nullable));
    return ST_OK;
}

/* any.convert_extern and extern.convert_any keep nullability. */
static enum status convert(struct judge *j, struct wm_heap from, struct wm_heap to)
{
    struct wm_valtype ref;

    TRY(judge_pop_ref(j, 1, &ref));
    TRY(expect_match(j, "operand 1", ref, wm_ref(from, true)));
    judge_push(j, wm_ref(to, wm_is_nullable(ref)));
    return ST_OK;
}

/* Pops one operand and pushes one result. */
static enum status one_to_one(struct judge *j, struct wm_valtype from, struct wm_valtype to)
{
    TRY(judge_pop_one(j, 1, from));
    judge_push(j, to);
    return ST_OK;
}

enum status judge_reference(struct judge *j)
{
    struct wm_valtype ref, eq = wm_ref(WM_HEAP(EQ), true);

    switch (j->ins.op) {
    case WM_OP_REF_NULL: judge_push(j, wm_ref(j->ins.heap, true)); return ST_OK;
    case WM_OP_REF_FUNC: return ref_func(j);
    case WM_OP_REF_IS_NULL:
        TRY(judge_pop_ref(j, 1, &ref));
        judge_push(j, WM_TYPE(I32));
        return ST_OK;
    case WM_OP_REF_AS_NON_NULL:
        TRY(judge_pop_ref(j, 1, &ref));
        judge_push(j, with_null(ref, false));
        return ST_OK;
    case WM_OP_REF_EQ:
        TRY(JUDGE_POP(j, eq, eq));
        judge_push(j, WM_TYPE(I32));
        return ST_OK;
    case WM_OP_ANY_CONVERT_EXTERN: return convert(j, WM_HEAP(EXTERN), WM_HEAP(ANY));
    case WM_OP_EXTERN_CONVERT_ANY: return convert(j, WM_HEAP(ANY), WM_HEAP(EXTERN));
    case WM_OP_REF_I31: return one_to_one(j, WM_TYPE(I32), wm_ref(WM_HEAP(I31), false));
    case WM_OP_I31_GET_S:
    case WM_OP_I31_GET_U: return one_to_one(j, wm_ref(WM_HEAP(I31), true), WM_TYPE(I32));
    default: return ref_cast(j);
    }
}
