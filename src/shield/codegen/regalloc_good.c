/*
 * regalloc_good: the order of the steps of the optimising allocator, and its result: which stores
 * remain, and all edits in the order of the layout.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>
#include <string.h>

static mir_place real_place(const struct ra_good *g, mir_place place)
{
    if (place == MIR_NONE || ra_is_register(place))
        return place;
    assert(g->values[place - MIR_SLOT].slot != MIR_NONE && "what is read from memory has a slot");
    return g->values[place - MIR_SLOT].slot;
}

static bool is_kept(const struct ra_good *g, const struct ra_edit *edit)
{
    const struct ra_value *v = &g->values[edit->vreg];

    switch ((enum ra_edit_kind)edit->kind) {
    case RA_STORE: return v->is_loaded && !ra_is_stored_at_def(v);
    case RA_STORE_AT_DEF: return v->is_loaded && ra_is_stored_at_def(v);
    case RA_MOVE:
    case RA_REMAKE: break;
    }
    return true;
}

static void write_block(struct ra_good *g, uint32_t b, struct ra_edits *edits)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];
    const struct ra_block *info = &g->blocks[b];
    uint32_t first = edits->count;

    if (block->pred_count == 1) {
        const uint32_t e = f->preds[block->pred_first];
        if (f->blocks[f->edges[e].from].edge_count > 1)
            ra_join_edge(g, e, edits);
    }
    for (uint32_t k = info->edit_first; k < info->edit_end; k++) {
        const struct ra_edit *edit = &g->edits[k];
        if (!is_kept(g, edit))
            continue;
        if (edit->kind == RA_REMAKE)
            ra_edit_remat(edits, edit->point, edit->vreg, edit->to);
        else
            ra_edit_move(edits, edit->point, edit->vreg, real_place(g, edit->from),
                         real_place(g, edit->to));
    }
    if (block->edge_count == 1)
        ra_join_edge(g, block->edge_first, edits);
    for (; first < edits->count; first++) {
        const struct mir_edit *edit = &edits->items[first];
        const bool is_copy =
            edit->kind == MIR_EDIT_MOVE && ra_is_register(edit->from) && ra_is_register(edit->to);
        g->stats->cost += (double)info->freq * (is_copy ? 1 : 2);
    }
}

static void write_result(struct ra_good *g)
{
    const struct mir_func *f = g->f;
    struct ra_edits edits = {.f = f, .stats = g->stats};

    for (uint32_t k = 0; k < f->operand_first[f->inst_count]; k++)
        g->out->places[k] = real_place(g, g->out->places[k]);
    for (uint32_t b = 0; b < f->block_count; b++)
        write_block(g, b, &edits);
    g->out->edits = edits.items;
    g->out->edit_count = edits.count;
    g->out->slot_count = g->slots.unit_count;
    g->out->callee_saved = ra_written(f, g->out) & f->callee_saved;
}

enum status ra_good(const struct mir_func *f, struct mir_allocation *out,
                    struct regalloc_stats *stats, bool *is_too_large)
{
    struct ra_good *g = arena_new(f->arena, struct ra_good, 1);

    *g = (struct ra_good){.f = f, .out = out, .stats = stats, .arena = f->arena};
    g->blocks = arena_new(g->arena, struct ra_block, f->block_count);
    g->values = arena_new(g->arena, struct ra_value, f->vreg_count);
    g->next = arena_new(g->arena, uint32_t, f->vreg_count);
    g->next_after = arena_new(g->arena, uint32_t, f->operand_first[f->inst_count]);
    g->slots.arena = g->resolver.arena = g->arena;
    g->resolver.slots = &g->slots;
    memset(g->held, 0xff, sizeof(g->held));
    g->free = f->allocatable;
    for (uint32_t v = 0; v < f->vreg_count; v++) {
        struct ra_value *value = &g->values[v];
        value->param_next = g->next[v] = RA_DEAD;
        value->slot = MIR_NONE;
        value->reg = value->hint = value->home = RA_NO_REGISTER;
        value->param_block = MIR_NONE;
        value->is_remat = f->vregs[v].remat != MIR_NONE;
    }
    for (uint32_t b = 0; b < f->block_count; b++)
        for (uint32_t k = 0; k < f->blocks[b].param_count; k++)
            g->values[f->args[f->blocks[b].param_first + k]].param_block = b;
    *is_too_large = !ra_live_find(g);
    if (*is_too_large)
        return ST_OK;
    for (uint32_t k = 0; k < g->order_count; k++) {
        ra_live_block(g, g->order[k]);
        ra_join_start(g, g->order[k]);
        ra_scan_block(g, g->order[k]);
        ra_live_forget(g);
    }
    ra_join_need_slots(g);
    ra_slots_assign(g);
    write_result(g);
    return ST_OK;
}
