/* translate_call: calls of every kind. A callee's frame begins where its first argument is, among
 * the scalar temporaries, and arguments that are there already stay; locals are moved by the call
 * instruction itself, up to CALL_MOVES_MAX of them. When arguments or results are GC references
 * (which live elsewhere), the frame begins above all temporaries and everything is moved.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>

enum { CALL_MOVES_MAX = 3 };

struct moves {
    uint32_t to[CALL_MOVES_MAX], from[CALL_MOVES_MAX], count;
};

struct call {
    const struct wm_type *type;
    uint32_t base; /* of the callee's frame, from fp */
    uint32_t param_bytes;
    struct moves moves;
};

static uint32_t bytes_of(const struct tr *t, const struct wm_valtype *types, uint32_t count)
{
    uint32_t bytes = 0;

    for (uint32_t i = 0; i < count; i++)
        bytes += tr_bytes(tr_class(t, types[i]));
    return bytes;
}

static bool any_ref(const struct tr *t, const struct wm_valtype *types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (tr_class(t, types[i]) == 'r')
            return true;
    return false;
}

/* Moves the arguments, which are on top of the stack, to the callee's frame, and pops them. Up to
 * CALL_MOVES_MAX copies of locals are left to the call instruction when may_defer. */
static struct call arguments(struct tr *t, const struct wm_type *type, bool may_defer)
{
    struct call c = {.type = type, .param_bytes = bytes_of(t, type->params, type->param_count)};
    uint32_t n = type->param_count, at;
    bool is_apart = any_ref(t, type->params, n);

    /* Apart: above the slot of an indirect callee, which is still to be read. */
    c.base = t->temp_base + t->scalar_top + (is_apart ? 8 : 0) - (is_apart ? 0 : c.param_bytes);
    at = c.base + c.param_bytes;
    t->steps += n;
    /* Downwards, so that the moves left over are those of the first parameters or none. */
    for (uint32_t i = n; i-- > 0;) {
        struct value v = t->stack[t->height - n + i];
        at -= tr_bytes(v.cls);
        if (v.kind != VALUE_CONST && v.slot == at)
            continue;
        if (may_defer && v.kind == VALUE_LOCAL && v.cls != 'v' && c.moves.count < CALL_MOVES_MAX) {
            c.moves.to[c.moves.count] = at;
            c.moves.from[c.moves.count++] = v.slot;
        } else {
            tr_copy(t, at, v);
        }
    }
    uint32_t result_bytes = bytes_of(t, type->results, type->result_count);
    tr_reserve(t, 8 + c.param_bytes + result_bytes);
    for (uint32_t i = 0; i < n; i++)
        (void)tr_pop(t);
    return c;
}

/* Pushes the results, which are where the callee's frame began. */
static void results(struct tr *t, const struct call *c)
{
    const struct wm_type *type = c->type;
    uint32_t at = c->base;

    for (uint32_t i = 0; i < type->result_count; i++, t->steps++) {
        char cls = tr_class(t, type->results[i]);
        uint32_t home = tr_push(t, cls);
        tr_copy_slot(t, home, at, cls);
        at += tr_bytes(cls);
    }
}

static const struct wm_type *func_type(const struct tr *t, uint32_t func)
{
    return &t->wm->types[t->wm->funcs[func].type_index];
}

void tr_call(struct tr *t, const struct wm_ins *ins)
{
    static const enum interp_op ops[] = {IOP_CALL, IOP_CALL_1, IOP_CALL_2, IOP_CALL_3};
    bool is_import = ins->index < t->wm->func_imports;
    struct call c = arguments(t, func_type(t, ins->index), !is_import);
    uint32_t *w =
        tr_emit(t, is_import ? IOP_CALL_IMPORT : ops[c.moves.count], 2 + 2 * c.moves.count);

    w[0] = is_import ? ins->index : ins->index - t->wm->func_imports;
    w[1] = c.base;
    for (uint32_t i = 0; i < c.moves.count; i++) {
        w[2 + 2 * i] = c.moves.to[i];
        w[3 + 2 * i] = c.moves.from[i];
    }
    results(t, &c);
}

/* The operand on top of the arguments: kept out of their way. */
static uint32_t callee_slot(struct tr *t)
{
    struct value v = tr_pop(t);

    if (v.kind == VALUE_LOCAL)
        return v.slot;
    /* Its home may become part of the callee's frame, but is read before that. */
    return tr_slot(t, v);
}

void tr_call_indirect(struct tr *t, const struct wm_ins *ins)
{
    const struct wm_type *type = &t->wm->types[ins->index];
    uint32_t slot = callee_slot(t);
    struct call c = arguments(t, type, false);
    uint32_t *w = tr_emit(t, IOP_CALL_INDIRECT, 5);

    w[0] = t->module->type_ids[ins->index];
    w[1] = ins->index2;
    w[2] = slot;
    w[3] = c.base;
    w[4] = t->wm->tables[ins->index2].limits.is_64;
    results(t, &c);
}

void tr_call_ref(struct tr *t, const struct wm_ins *ins)
{
    uint32_t slot = callee_slot(t);
    struct call c = arguments(t, &t->wm->types[ins->index], false);
    uint32_t *w = tr_emit(t, IOP_CALL_REF, 2);

    w[0] = slot;
    w[1] = c.base;
    results(t, &c);
}

/* A tail call replaces the frame: its arguments are gathered among the temporaries, then the
 * instruction moves them to the frame's beginning. */
static struct call tail_arguments(struct tr *t, const struct wm_type *type)
{
    uint32_t n = type->param_count;

    if (!any_ref(t, type->params, n))
        tr_flush_top(t, n);
    return arguments(t, type, false);
}

void tr_return_call(struct tr *t, const struct wm_ins *ins)
{
    bool is_import = ins->index < t->wm->func_imports;
    struct call c = tail_arguments(t, func_type(t, ins->index));
    uint32_t *w = tr_emit(t, is_import ? IOP_RETURN_CALL_IMPORT : IOP_RETURN_CALL, 3);

    w[0] = is_import ? ins->index : ins->index - t->wm->func_imports;
    w[1] = c.base;
    w[2] = c.param_bytes;
    t->is_dead = true;
}

void tr_return_call_indirect(struct tr *t, const struct wm_ins *ins)
{
    uint32_t slot = callee_slot(t);
    struct call c = tail_arguments(t, &t->wm->types[ins->index]);
    uint32_t *w = tr_emit(t, IOP_RETURN_CALL_INDIRECT, 6);

    w[0] = t->module->type_ids[ins->index];
    w[1] = ins->index2;
    w[2] = slot;
    w[3] = c.base;
    w[4] = t->wm->tables[ins->index2].limits.is_64;
    w[5] = c.param_bytes;
    t->is_dead = true;
}

void tr_return_call_ref(struct tr *t, const struct wm_ins *ins)
{
    uint32_t slot = callee_slot(t);
    struct call c = tail_arguments(t, &t->wm->types[ins->index]);
    uint32_t *w = tr_emit(t, IOP_RETURN_CALL_REF, 3);

    w[0] = slot;
    w[1] = c.base;
    w[2] = c.param_bytes;
    t->is_dead = true;
}
