/* validate_control: blocks, branches, calls, exceptions. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

#include <string.h>

/* ---- blocks ---- */

static enum status block_type(struct judge *j, const struct wm_type **type,
                              struct wm_valtype *single)
{
    const struct wm_block *b = &j->ins.block;

    *type = NULL;
    *single = WM_TYPE(BOT);
    if (b->kind == WM_BLOCK_TYPE)
        return judge_type(j, b->type_index, WM_FUNC_TYPE, type);
    if (b->kind == WM_BLOCK_EMPTY)
        return ST_OK;
    *single = b->value;
    return judge_valtype(j, b->value);
}

static enum status open_block(struct judge *j)
{
    const struct wm_type *type = NULL;
    struct wm_valtype single;

    TRY(block_type(j, &type, &single));
    if (j->ins.op == WM_OP_IF) {
        uint32_t params = type == NULL ? 0 : type->param_count;
        TRY(judge_pop_one(j, params + 1, WM_TYPE(I32)));
    }
    return judge_enter(j, j->ins.op, type, single);
}

static enum status out_of_place(struct judge *j, const char *expected)
{
    return diag_fail(j->dg, ST_MALFORMED, j->ins.offset, "%s is out of place: expected it %s",
                     wm_op_info[j->ins.op].text, expected);
}

/* Ends one arm of a block and begins the next, as else and catch do. */
static enum status next_arm(struct judge *j)
{
    struct frame *f = judge_frame(j);

    TRY(judge_results(j));
    judge_forget_locals(j, f->set_height);
    j->sp = j->floor;
    f->op = (uint16_t)j->ins.op;
    f->is_unreachable = false;
    return ST_OK;
}

static enum status step_else(struct judge *j)
{
    if (judge_frame(j)->op != WM_OP_IF)
        return out_of_place(j, "in an if, once");
    TRY(next_arm(j));
    return judge_push_list(j, frame_params(judge_frame(j)));
}

/* An if without else passes its parameters on. */
static enum status check_missing_else(struct judge *j, const struct frame *f)
{
    char params[LIST_TEXT_MAX], results[LIST_TEXT_MAX];

    if (judge_lists_match(j, frame_params(f), frame_results(f)))
        return ST_OK;
    judge_list_text(frame_params(f), params, sizeof(params));
    judge_list_text(frame_results(f), results, sizeof(results));
    return judge_invalid(j, "closes an if without else: its type %s to %s would need one", params,
                         results);
}

static enum status step_end(struct judge *j)
{
    struct frame f = *judge_frame(j);

    TRY(judge_results(j));
    if (f.op == WM_OP_IF)
        TRY(check_missing_else(j, &f));
    judge_leave(j);
    return judge_push_list(j, frame_results(&f));
}

/* ---- branches ---- */

static enum status step_br(struct judge *j)
{
    struct frame *f = NULL;

    TRY(judge_label(j, j->ins.index, &f));
    TRY(judge_top(j, frame_label(f), "label value"));
    judge_unreachable(j);
    return ST_OK;
}

static enum status step_br_if(struct judge *j)
{
    struct frame *f = NULL;

    TRY(judge_label(j, j->ins.index, &f));
    TRY(judge_pop_one(j, frame_label(f).count + 1, WM_TYPE(I32)));
    TRY(judge_top(j, frame_label(f), "label value"));
    judge_drop(j, frame_label(f).count);
    return judge_push_list(j, frame_label(f));
}

/* Each block is compared once however often the table names it. */
static enum status step_br_table(struct judge *j)
{
    struct wm_reader r = wm_reader_of(j->ins.list, j->m->features);
    uint32_t number = ++j->br_tables, arity = 0;

    TRY(JUDGE_POP(j, WM_TYPE(I32)));
    for (uint32_t i = 0; i <= j->ins.list_count; i++) {
        struct frame *f = NULL;
        uint32_t depth = 0;
        TRY(wm_read_u32(&r, &depth, j->dg));
        TRY(judge_label(j, depth, &f));
        if (f->seen_by == number)
            continue;
        f->seen_by = number;
        struct type_list label = frame_label(f);
        if (i == 0)
            arity = label.count;
        if (label.count != arity)
            return judge_invalid(j, "expects labels of one arity, found %u and %u values", arity,
                                 label.count);
        TRY(judge_top(j, label, "label value"));
    }
    judge_unreachable(j);
    return ST_OK;
}

static enum status step_return(struct judge *j)
{
    TRY(judge_top(j, frame_results(&j->frames[0]), "result"));
    judge_unreachable(j);
    return ST_OK;
}

/* ---- calls ---- */

static enum status call_type(struct judge *j, const struct wm_type **type)
{
    enum wm_op op = j->ins.op;
    uint32_t index = j->ins.index;

    if (op == WM_OP_CALL || op == WM_OP_RETURN_CALL)
        index = j->m->funcs[index].type_index;
    return judge_type(j, index, WM_FUNC_TYPE, type);
}

/* The callee operand of the indirect calls, which lies on top of the arguments. */
static enum status pop_callee(struct judge *j, const struct wm_type *type)
{
    uint32_t number = type->param_count + 1;

    if (j->ins.op == WM_OP_CALL_REF || j->ins.op == WM_OP_RETURN_CALL_REF)
        return judge_pop_one(j, number, wm_ref(wm_heap_index(j->ins.index), true));
    if (j->ins.op != WM_OP_CALL_INDIRECT && j->ins.op != WM_OP_RETURN_CALL_INDIRECT)
        return ST_OK;
    const struct wm_table *t = &j->m->tables[j->ins.index2];
    if (!wm_matches(j->m, t->type, wm_ref(WM_HEAP(FUNC), true)))
        return judge_invalid(j, "expects a table of functions, found a type mismatch with table %u",
                             j->ins.index2);
    return judge_pop_one(j, number, address_type(&t->limits));
}

enum status judge_call(struct judge *j)
{
    const struct wm_type *type = NULL;
    enum wm_op op = j->ins.op;

    if (op == WM_OP_RETURN_CALL_REF) /* its row can name one feature only */
        TRY(wm_need(j->m->features, WM_FEATURE_TAIL_CALL, j->ins.offset, "return_call_ref", j->dg));
    TRY(call_type(j, &type));
    struct type_list results = {type->results, type->result_count};
    TRY(pop_callee(j, type));
    TRY(judge_pop(j, (struct type_list){type->params, type->param_count}));
    if (op == WM_OP_CALL || op == WM_OP_CALL_INDIRECT || op == WM_OP_CALL_REF) {
        return judge_push_list(j, results);
    }
    if (!judge_lists_match(j, results, frame_results(&j->frames[0]))) {
        char want[LIST_TEXT_MAX], found[LIST_TEXT_MAX];
        judge_list_text(frame_results(&j->frames[0]), want, sizeof(want));
        judge_list_text(results, found, sizeof(found));
        return judge_invalid(j, "expects a callee that returns %s, found %s", want, found);
    }
    judge_unreachable(j);
    return ST_OK;
}

/* ---- exceptions ---- */

static struct type_list tag_params(const struct judge *j, uint32_t tag)
{
    const struct wm_type *type = &j->m->types[j->m->tags[tag].type_index];
    return (struct type_list){type->params, type->param_count};
}

static enum status step_throw(struct judge *j)
{
    TRY(judge_pop(j, tag_params(j, j->ins.index)));
    judge_unreachable(j);
    return ST_OK;
}

static enum status step_throw_ref(struct judge *j)
{
    TRY(JUDGE_POP(j, wm_ref(WM_HEAP(EXN), true)));
    judge_unreachable(j);
    return ST_OK;
}

/* A clause hands the tag's values, then the exception, to its label. */
static enum status check_clause(struct judge *j, struct wm_catch clause)
{
    struct frame *f = NULL;
    struct type_list values = {0};
    bool has_ref = clause.kind == WM_CATCH_REF || clause.kind == WM_CATCH_ALL_REF;

    if (clause.kind == WM_CATCH || clause.kind == WM_CATCH_REF) {
        TRY(judge_index(j, clause.tag, j->m->tag_count, "tag"));
        values = tag_params(j, clause.tag);
    }
    TRY(judge_label(j, clause.label, &f));
    struct type_list label = frame_label(f);
    struct type_list head = {label.list, label.count - (has_ref && label.count != 0)};
    bool fits = judge_lists_match(j, values, head);
    if (has_ref)
        fits = fits && label.count != 0 &&
               wm_matches(j->m, wm_ref(WM_HEAP(EXN), false), label.list[label.count - 1]);
    if (fits)
        return ST_OK;
    char want[LIST_TEXT_MAX], found[LIST_TEXT_MAX];
    judge_list_text(values, found, sizeof(found));
    judge_list_text(label, want, sizeof(want));
    return judge_invalid(j, "has a catch clause that hands %s%s to label %u, which expects %s",
                         found, has_ref ? " and (ref exn)" : "", clause.label, want);
}

static enum status step_try_table(struct judge *j)
{
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < j->ins.list_count; i++)
        TRY(check_clause(j, wm_list_catch(&j->ins, &cursor)));
    return open_block(j);
}

static enum status step_catch(struct judge *j)
{
    uint16_t op = judge_frame(j)->op;

    if (op != WM_OP_TRY && op != WM_OP_CATCH)
        return out_of_place(j, "in a try, before its catch_all");
    TRY(next_arm(j));
    if (j->ins.op == WM_OP_CATCH)
        return judge_push_list(j, tag_params(j, j->ins.index));
    return ST_OK;
}

/* The label counts from outside the try. */
static enum status step_delegate(struct judge *j)
{
    struct frame f = *judge_frame(j), *target = NULL;

    if (f.op != WM_OP_TRY)
        return out_of_place(j, "at the end of a try without catch");
    TRY(judge_results(j));
    judge_leave(j);
    TRY(judge_label(j, j->ins.index, &target));
    return judge_push_list(j, frame_results(&f));
}

static enum status step_rethrow(struct judge *j)
{
    struct frame *f = NULL;

    TRY(judge_label(j, j->ins.index, &f));
    if (f->op != WM_OP_CATCH && f->op != WM_OP_CATCH_ALL)
        return judge_invalid(j, "has invalid rethrow label %u: expected that of a catch",
                             j->ins.index);
    judge_unreachable(j);
    return ST_OK;
}

enum status judge_control(struct judge *j)
{
    switch (j->ins.op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
    case WM_OP_TRY: return open_block(j);
    case WM_OP_TRY_TABLE: return step_try_table(j);
    case WM_OP_ELSE: return step_else(j);
    case WM_OP_END: return step_end(j);
    case WM_OP_BR: return step_br(j);
    case WM_OP_BR_IF: return step_br_if(j);
    case WM_OP_BR_TABLE: return step_br_table(j);
    case WM_OP_RETURN: return step_return(j);
    case WM_OP_THROW: return step_throw(j);
    case WM_OP_THROW_REF: return step_throw_ref(j);
    case WM_OP_CATCH:
    case WM_OP_CATCH_ALL: return step_catch(j);
    case WM_OP_DELEGATE: return step_delegate(j);
    case WM_OP_RETHROW: return step_rethrow(j);
    default: judge_unreachable(j); return ST_OK; /* unreachable */
    }
}
