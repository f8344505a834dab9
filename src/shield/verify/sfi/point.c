/* point: see point.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/point.h"

#include <assert.h>

enum { POINTS_FIRST = 64 };

struct sfi_point *sfi_point_new(struct sfi_worker *w, uint32_t number, uint32_t offset)
{
    assert(w->code.point_at[number] == 0 && "one point per instruction");
    if (w->point_count == w->point_capacity) {
        uint32_t old = w->point_capacity, more = MAX(2 * old, (uint32_t)POINTS_FIRST);
        w->points = arena_grow(w->arena, w->points, old, more, sizeof(*w->points));
        w->point_capacity = more;
    }
    struct sfi_point *p = &w->points[w->point_count++];
    p->number = number;
    p->offset = offset;
    p->is_reached = p->is_dirty = p->is_loop = false;
    w->code.point_at[number] = w->point_count;
    return p;
}

/* Gives bounds up, but for those that a comparison has shown: what is left is the plain width. */
static struct sfi_value widened(const struct sfi_value *v)
{
    if (v->kind != SFI_NUMBER || v->flags != 0)
        return *v;
    return v->high <= UINT32_MAX ? sfi_u32() : sfi_any();
}

static void push_slot(struct sfi_worker *w, const struct sfi_slot_fact *fact)
{
    ARENA_PUSH(w->arena, w->slots, w->slot_count, w->slot_capacity, *fact);
}

/* Lists what the state says of slots, unless the list that it was loaded with still does. A plain
 * number in the frame is of no use to code that reloads it by its width. */
static void list_slots(struct sfi_worker *w)
{
    struct sfi_state *st = &w->state;

    if (!st->is_frame_changed)
        return;
    st->first_slot = w->slot_count;
    for (uint32_t i = 0; i < st->used_count; i++) {
        struct sfi_slot_fact fact = {st->used[i], st->slots[st->used[i]]};
        if (fact.slot < st->depth / 8 && !sfi_is_plain(&fact.value))
            push_slot(w, &fact);
    }
    st->slot_count = w->slot_count - st->first_slot;
    st->is_frame_changed = false;
}

/* Gives up what loops mostly change, so that their ends need not send the walk back: bounds, and
 * what a register held at entry when the frame has that too. */
static void expect_change(const struct sfi_worker *w, struct sfi_point *p)
{
    for (uint32_t r = 0; r < 16; r++)
        p->regs[r] = widened(&p->regs[r]);
    for (uint32_t i = 0; i < p->slot_count; i++) {
        const struct sfi_value *saved = &w->slots[p->first_slot + i].value;
        if (saved->kind == SFI_SAVED && sfi_same(&p->regs[saved->low], saved))
            p->regs[saved->low] = sfi_any();
    }
}

/* The first state that comes. */
static void keep(struct sfi_worker *w, struct sfi_point *p)
{
    const struct sfi_state *st = &w->state;

    list_slots(w);
    p->is_reached = true;
    p->depth = st->depth;
    p->touched = st->touched;
    p->first_slot = st->first_slot;
    p->slot_count = st->slot_count;
    memcpy(p->regs, st->regs, sizeof(p->regs));
    if (p->is_loop && !w->is_patient)
        expect_change(w, p);
}

/* True when v, which has to hold on one more way, where the content is now, had to give way. */
static bool weaken(struct sfi_value *v, const struct sfi_value *now, bool is_wide)
{
    if (sfi_implies(now, v))
        return false;
    *v = sfi_join(v, now);
    if (is_wide) /* bounds would go on growing from turn to turn */
        *v = widened(v);
    return true;
}

/* Lists are shared by points: the weaker one is a new one. */
static bool weaken_slots(struct sfi_worker *w, struct sfi_point *p, bool is_wide)
{
    const uint32_t first = p->first_slot, count = p->slot_count;
    bool changed = false;

    list_slots(w);
    const uint32_t new_first = w->slot_count;
    if (first == w->state.first_slot && count == w->state.slot_count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct sfi_slot_fact fact = w->slots[first + i];
        struct sfi_value now = sfi_slot(&w->state, fact.slot);
        changed |= weaken(&fact.value, &now, is_wide);
        if (!sfi_is_plain(&fact.value))
            push_slot(w, &fact);
    }
    if (changed) {
        p->first_slot = new_first;
        p->slot_count = w->slot_count - new_first;
    } else {
        w->slot_count = new_first;
    }
    return changed;
}

enum status sfi_point_join(struct sfi_walk *walk, struct sfi_point *p, bool *changed)
{
    struct sfi_worker *w = walk->worker;
    const struct sfi_state *st = &w->state;
    const bool is_wide = p->number <= walk->number || (p->is_loop && !w->is_patient);

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
        if (!sfi_same(&p->regs[r], &st->regs[r]))
            is_weaker |= weaken(&p->regs[r], &st->regs[r], is_wide);
    is_weaker |= weaken_slots(w, p, is_wide);
    *changed = is_weaker;
    return ST_OK;
}

void sfi_point_load(struct sfi_worker *w, const struct sfi_point *p)
{
    struct sfi_state *st = &w->state;

    sfi_state_begin(st, p->regs);
    sfi_state_grow(st, p->depth);
    st->touched = p->touched;
    for (uint32_t i = 0; i < p->slot_count; i++) {
        const struct sfi_slot_fact *fact = &w->slots[p->first_slot + i];
        st->stamps[fact->slot] = st->epoch;
        st->slots[fact->slot] = fact->value;
        st->used[i] = fact->slot;
    }
    st->used_count = p->slot_count;
    st->has_volatile = st->has_records = p->slot_count != 0;
    st->first_slot = p->first_slot;
    st->slot_count = p->slot_count;
}
