/*
 * regalloc: chooses the allocator, and what both share: slots and edits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>

mir_place ra_slot_new(struct ra_slots *s, bool wide)
{
    if (!wide)
        return MIR_SLOT + s->unit_count++;
    if (s->unit_count % 2 != 0)
        ra_slot_give(s, MIR_SLOT + s->unit_count++, false);
    s->unit_count += 2;
    return MIR_SLOT + s->unit_count - 2;
}

mir_place ra_slot_take(struct ra_slots *s, bool wide)
{
    struct ra_slot_list *list = &s->free[wide];

    return list->count > 0 ? list->items[--list->count] : ra_slot_new(s, wide);
}

void ra_slot_give(struct ra_slots *s, mir_place slot, bool wide)
{
    struct ra_slot_list *list = &s->free[wide];

    assert(slot >= MIR_SLOT && "only slots are given back");
    ARENA_PUSH(s->arena, list->items, list->count, list->capacity, slot);
}

static void push(struct ra_edits *e, struct mir_edit edit)
{
    assert((e->count == 0 || e->items[e->count - 1].point <= edit.point) && "edits are sorted");
    if (ra_is_register(edit.to))
        e->written |= ra_bit(edit.to);
    ARENA_PUSH(e->f->arena, e->items, e->count, e->capacity, edit);
}

static void push_move(struct ra_edits *e, uint32_t point, mir_vreg vreg, mir_place from,
                      mir_place to)
{
    push(e, (struct mir_edit){.point = point,
                              .kind = MIR_EDIT_MOVE,
                              .width = e->f->vregs[vreg].width,
                              .from = from,
                              .to = to,
                              .vreg = vreg});
    if (!ra_is_register(from))
        e->stats->reloads++;
    else if (!ra_is_register(to))
        e->stats->spills++;
    else
        e->stats->moves++;
}

void ra_edit_move(struct ra_edits *e, uint32_t point, mir_vreg vreg, mir_place from, mir_place to)
{
    if (from == to)
        return;
    if (!ra_is_register(from) && !ra_is_register(to)) {
        mir_place scratch = ra_scratch(e->f->vregs[vreg].class);
        push_move(e, point, vreg, from, scratch);
        from = scratch;
    }
    push_move(e, point, vreg, from, to);
}

void ra_edit_remat(struct ra_edits *e, uint32_t point, mir_vreg vreg, mir_place to)
{
    mir_place place = ra_is_register(to) ? to : ra_scratch(e->f->vregs[vreg].class);

    assert(e->f->vregs[vreg].remat != MIR_NONE && "only what has a remat instruction is remade");
    push(e, (struct mir_edit){.point = point,
                              .kind = MIR_EDIT_REMAT,
                              .width = e->f->vregs[vreg].width,
                              .to = place,
                              .vreg = vreg});
    e->stats->remats++;
    ra_edit_move(e, point, vreg, place, to);
}

mir_preg_set ra_written(const struct mir_func *f, const struct mir_allocation *a)
{
    mir_preg_set set = 0;

    for (uint32_t i = 0; i < f->inst_count; i++)
        set |= f->clobbers[i];
    for (uint32_t k = 0; k < f->operand_first[f->inst_count]; k++)
        if (f->operands[k].kind == MIR_DEF && ra_is_register(a->places[k]))
            set |= ra_bit(a->places[k]);
    for (uint32_t k = 0; k < a->edit_count; k++)
        if (ra_is_register(a->edits[k].to))
            set |= ra_bit(a->edits[k].to);
    return set;
}

enum status regalloc(const struct mir_func *f, enum regalloc_mode mode, struct mir_allocation *out,
                     struct regalloc_stats *stats, struct diag *dg)
{
    struct regalloc_stats unused;

    if (f->vreg_count > REGALLOC_VREGS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a function has %u values, REGALLOC_VREGS_MAX is %d: split the function",
                         f->vreg_count, REGALLOC_VREGS_MAX);
    if (f->inst_count > REGALLOC_INSTS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a function has %u instructions, REGALLOC_INSTS_MAX is %d: split it",
                         f->inst_count, REGALLOC_INSTS_MAX);
    if (stats == NULL)
        stats = &unused;
    *stats = (struct regalloc_stats){0};
    *out = (struct mir_allocation){0};
    out->places = arena_new(f->arena, mir_place, f->operand_first[f->inst_count]);
    if (mode == REGALLOC_GOOD) {
        bool is_too_large = false;
        TRY(ra_good(f, out, stats, &is_too_large));
        if (!is_too_large)
            return ST_OK;
        stats->is_fallback = true;
    }
    return ra_fast(f, out, stats);
}
