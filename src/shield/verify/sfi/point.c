/* point: see point.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/point.h"

#include <assert.h>

struct sfi_point *sfi_point_new(struct sfi_worker *w, uint32_t number, uint32_t offset)
{
    struct sfi_point point = {.number = number, .offset = offset};

    assert(w->code.point_at[number] == 0 && "one point per instruction");
    ARENA_PUSH(w->arena, w->points, w->point_count, w->point_capacity, point);
    w->code.point_at[number] = w->point_count;
    return &w->points[w->point_count - 1];
}

/* Gives bounds up, but for those that a comparison has shown: what is left is the plain width. */
static struct sfi_value widened(const struct sfi_value *v)
{
    if (v->kind != SFI_NUMBER || v->flags != 0)
        return *v;
    return v->high <= UINT32_MAX ? sfi_u32() : sfi_any();
}

/* The first state that comes. A plain number in the frame is of no use to code that reloads it by
 * its width. */
static void keep(struct sfi_worker *w, struct sfi_point *p)
{
    const struct sfi_state *st = &w->state;

    p->is_reached = true;
    p->depth = st->depth;
    p->touched = st->touched;
    memcpy(p->regs, st->regs, sizeof(p->regs));
    p->first_slot = w->slot_count;
    for (uint32_t i = 0; i < st->used_count; i++) {
        struct sfi_slot_fact fact = {st->used[i], st->slots[st->used[i]]};
        if (fact.slot < st->depth / 8 && (fact.value.kind != SFI_NUMBER || fact.value.flags != 0))
            ARENA_PUSH(w->arena, w->slots, w->slot_count, w->slot_capacity, fact);
    }
    p->slot_count = w->slot_count - p->first_slot;
}

/* True when v, which has to hold on one more way, where the content is now, had to give way. */
static bool weaken(struct sfi_value *v, const struct sfi_value *now, bool is_back)
{
    if (sfi_same(v, now) || sfi_implies(now, v))
        return false;
    *v = sfi_join(v, now);
    if (is_back) /* bounds would go on growing from turn to turn */
        *v = widened(v);
    return true;
}

static bool weaken_slots(struct sfi_worker *w, struct sfi_point *p, bool is_back)
{
    uint32_t kept = 0;
    bool changed = false;

    if (p->slot_count == 0)
        return false;
    struct sfi_slot_fact *facts = w->slots + p->first_slot;
    for (uint32_t i = 0; i < p->slot_count; i++) {
        struct sfi_slot_fact fact = facts[i];
        struct sfi_value now = sfi_slot(&w->state, fact.slot);
        changed |= weaken(&fact.value, &now, is_back);
        if (!sfi_is_any(&fact.value))
            facts[kept++] = fact;
    }
    p->slot_count = kept;
    return changed;
}

enum status sfi_point_join(struct sfi_walk *walk, struct sfi_point *p, bool *changed)
{
    struct sfi_worker *w = walk->worker;
    const struct sfi_state *st = &w->state;
    const bool is_back = p->number <= walk->number;

    *changed = true;
    if (!p->is_reached) {
        keep(w, p);
        return ST_OK;
    }
    if (p->depth != st->depth)
        return sfi_refuse(walk, "rsp is %u bytes below entry on one way to 0x%x and %u on another",
                          st->depth, p->offset, p->depth);
    bool is_weaker = st->touched < p->touched;
    p->touched = MIN(p->touched, st->touched);
    for (uint32_t r = 0; r < 16; r++)
        is_weaker |= weaken(&p->regs[r], &st->regs[r], is_back);
    is_weaker |= weaken_slots(w, p, is_back);
    *changed = is_weaker;
    return ST_OK;
}

void sfi_point_load(struct sfi_worker *w, const struct sfi_point *p)
{
    struct sfi_state *st = &w->state;

    sfi_state_clear(st);
    sfi_state_grow(st, p->depth);
    st->touched = p->touched;
    st->has_volatile = p->slot_count != 0;
    memcpy(st->regs, p->regs, sizeof(st->regs));
    for (uint32_t i = 0; i < p->slot_count; i++) {
        const struct sfi_slot_fact *fact = &w->slots[p->first_slot + i];
        sfi_set_slot(st, fact->slot, &fact->value);
    }
}
