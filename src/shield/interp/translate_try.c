/* translate_try: exceptions, of both kinds. A protected piece of code is a region with clauses; the
 * unwinder stores the payload of what it catches in slots that are fixed here, and goes on at the
 * clause's word. A clause of try_table leads to a pad in front of the protected code, which
 * branches to its label like any other branch. The catch blocks of a legacy try follow its body;
 * each try has a slot, by nesting depth, that keeps the caught exception for rethrow.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>

/* ---- regions ---- */

static void open_region(struct tr *t, struct control *c)
{
    tr_barrier(t);
    struct interp_region r = {.begin = t->code_count,
                              .end = UINT32_MAX,
                              .outer = t->region,
                              .parent = t->region,
                              .first_clause = INTERP_NO_CLAUSE,
                              .last_clause = INTERP_NO_CLAUSE,
                              .exception_slot = c->exception};

    ARENA_PUSH(t->arena, t->regions, t->region_count, t->region_capacity, r);
    c->region = t->region = t->region_count - 1;
}

/* Protection ends here; the lexically enclosing region is open again. */
void tr_close_protection(struct tr *t, struct control *c)
{
    if (c->region == INTERP_NO_REGION)
        return;
    tr_barrier(t);
    t->regions[c->region].end = t->code_count;
    t->region = c->outer_region;
    c->region = INTERP_NO_REGION;
}

static void add_clause(struct tr *t, uint32_t region, struct interp_clause clause)
{
    struct interp_region *r = &t->regions[region];

    clause.next = INTERP_NO_CLAUSE;
    ARENA_PUSH(t->arena, t->clauses, t->clause_count, t->clause_capacity, clause);
    if (r->first_clause == INTERP_NO_CLAUSE)
        r->first_clause = t->clause_count - 1;
    else
        t->clauses[r->last_clause].next = t->clause_count - 1;
    r->last_clause = t->clause_count - 1;
}

/* Pushes the payload of a tag, and the exnref when asked for, and notes their slots. */
static struct interp_clause payload(struct tr *t, bool is_all, uint32_t tag, bool with_ref)
{
    struct interp_clause c = {.is_all = is_all,
                              .tag = tag,
                              .with_ref = with_ref,
                              .target = t->code_count,
                              .values_first = t->value_count};

    if (!is_all) {
        const struct wm_type *type = &t->wm->types[t->wm->tags[tag].type_index];
        for (uint32_t i = 0; i < type->param_count; i++) {
            uint32_t slot = tr_push(t, tr_class(t, type->params[i]));
            ARENA_PUSH(t->arena, t->values, t->value_count, t->value_capacity, slot);
        }
    }
    if (with_ref) {
        uint32_t slot = tr_push(t, 'r');
        ARENA_PUSH(t->arena, t->values, t->value_count, t->value_capacity, slot);
    }
    c.value_count = t->value_count - c.values_first;
    return c;
}

/* ---- try_table ---- */

/* The code that a clause leads to: with the payload on the stack, a branch to its label. */
static struct interp_clause pad(struct tr *t, struct wm_catch clause)
{
    uint32_t height = t->height;
    bool is_all = clause.kind == WM_CATCH_ALL || clause.kind == WM_CATCH_ALL_REF;
    bool with_ref = clause.kind == WM_CATCH_REF || clause.kind == WM_CATCH_ALL_REF;
    struct interp_clause c = payload(t, is_all, clause.tag, with_ref);

    tr_branch(t, tr_label(t, clause.label + 1)); /* counted from outside the try_table */
    while (t->height > height)
        (void)tr_pop(t);
    tr_barrier(t);
    return c;
}

void tr_try_table(struct tr *t, const struct wm_ins *ins)
{
    uint32_t cursor = 0, first = t->clause_count, jump;

    tr_open(t, ins);
    if (ins->list_count == 0)
        return;
    tr_emit(t, IOP_JUMP, 1)[0] = 0;
    jump = tr_settle(t);
    tr_barrier(t);
    for (uint32_t i = 0; i < ins->list_count; i++) {
        struct interp_clause c = pad(t, wm_list_catch(ins, &cursor));
        ARENA_PUSH(t->arena, t->clauses, t->clause_count, t->clause_capacity, c);
    }
    tr_join(t, jump);
    open_region(t, tr_label(t, 0));
    struct interp_region *r = &t->regions[t->region];
    r->first_clause = first;
    r->last_clause = t->clause_count - 1;
    for (uint32_t i = first; i < t->clause_count; i++)
        t->clauses[i].next = i + 1 < t->clause_count ? i + 1 : INTERP_NO_CLAUSE;
}

/* ---- throwing ---- */

void tr_throw(struct tr *t, const struct wm_ins *ins)
{
    uint32_t count = t->wm->types[t->wm->tags[ins->index].type_index].param_count;

    tr_flush_top(t, count);
    uint32_t *w = tr_emit(t, IOP_THROW, 2 + count);
    w[0] = ins->index;
    w[1] = count;
    for (uint32_t i = count; i-- > 0;)
        w[2 + i] = tr_pop(t).slot;
    t->is_dead = true;
}

void tr_throw_ref(struct tr *t, const struct wm_ins *ins)
{
    uint32_t slot = tr_pop_slot(t);

    (void)ins;
    tr_emit(t, IOP_THROW_REF, 1)[0] = slot;
    t->is_dead = true;
}

/* ---- legacy ---- */

void tr_try(struct tr *t, const struct wm_ins *ins)
{
    struct control *c = tr_open(t, ins);

    c->exception = t->local_bytes + t->try_depth * 8;
    t->try_depth++;
    t->try_max = MAX(t->try_max, t->try_depth);
    open_region(t, c);
    c->caught_region = c->region;
}

void tr_catch(struct tr *t, const struct wm_ins *ins)
{
    struct control *c = tr_label(t, 0);
    bool is_all = ins->op == WM_OP_CATCH_ALL;

    tr_end_arm(t, c);
    tr_close_protection(t, c);
    c->op = WM_OP_CATCH;
    tr_barrier(t);
    add_clause(t, c->caught_region, payload(t, is_all, ins->index, false));
}

void tr_rethrow(struct tr *t, const struct wm_ins *ins)
{
    tr_emit(t, IOP_THROW_REF, 1)[0] = tr_label(t, ins->index)->exception;
    t->is_dead = true;
}

/* Ends a try whose exceptions are looked for from another label on. */
void tr_delegate(struct tr *t, const struct wm_ins *ins)
{
    const struct control *to = tr_label(t, ins->index + 1);
    uint32_t region = tr_label(t, 0)->region;

    t->regions[region].parent = to->region != INTERP_NO_REGION ? to->region : to->outer_region;
    tr_end(t, ins);
}
