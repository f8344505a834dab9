/*
 * regalloc_moves: moves that happen at once, put in an order in which they can happen one by one.
 * Every target is written once, so the moves that wait for each other form simple cycles. A cycle
 * is broken by keeping one value aside: in the scratch register, or in a slot of its own when the
 * cycle passes through two slots in a row and needs the scratch register for that.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_int.h"

#include <assert.h>

static void make_room(struct ra_resolver *r, uint32_t count)
{
    uint32_t places = MIR_SLOT + r->slots->unit_count;

    if (places > r->place_capacity) {
        uint32_t capacity = MAX(places, r->place_capacity * 2);
        r->writer =
            arena_grow(r->arena, r->writer, r->place_capacity, capacity, sizeof(*r->writer));
        r->readers =
            arena_grow(r->arena, r->readers, r->place_capacity, capacity, sizeof(*r->readers));
        r->place_capacity = capacity;
    }
    if (count > r->ready_capacity) {
        uint32_t capacity = MAX(count, r->ready_capacity * 2);
        r->ready = arena_grow(r->arena, r->ready, r->ready_capacity, capacity, sizeof(*r->ready));
        r->ready_capacity = capacity;
    }
}

/* Performs the moves in ready[], and those that become ready by that. */
static void drain(struct ra_resolver *r, struct ra_edits *e, uint32_t point, struct ra_move *moves,
                  uint32_t ready_count)
{
    while (ready_count > 0) {
        struct ra_move *move = &moves[r->ready[--ready_count]];
        ra_edit_move(e, point, move->vreg, move->from, move->to);
        r->writer[move->to] = 0;
        if (--r->readers[move->from] == 0 && r->writer[move->from] != 0)
            r->ready[ready_count++] = r->writer[move->from] - 1;
    }
}

/* Does the cycle that writes moves[first].to copy one slot to another? */
static bool has_slot_to_slot(const struct ra_resolver *r, const struct ra_move *moves,
                             uint32_t first)
{
    uint32_t k = first;

    do {
        if (!ra_is_register(moves[k].from) && !ra_is_register(moves[k].to))
            return true;
        k = r->writer[moves[k].from] - 1;
    } while (k != first);
    return false;
}

/* moves[k] is on a cycle. Keeps what it reads aside; then what it read can be overwritten. */
static void break_cycle(struct ra_resolver *r, struct ra_edits *e, uint32_t point,
                        struct ra_move *moves, uint32_t k)
{
    struct ra_move *move = &moves[k];
    const struct mir_vreg_info *info = &e->f->vregs[move->vreg];
    bool in_slot = has_slot_to_slot(r, moves, k);
    mir_place aside = ra_scratch(info->class);

    if (in_slot) {
        aside = ra_slot_take(r->slots, ra_is_wide(info));
        make_room(r, 0);
    }
    ra_edit_move(e, point, move->vreg, move->from, aside);
    r->ready[0] = r->writer[move->from] - 1;
    r->readers[move->from] = 0;
    r->readers[aside]++;
    move->from = aside;
    drain(r, e, point, moves, 1);
    if (in_slot)
        ra_slot_give(r->slots, aside, ra_is_wide(info));
}

void ra_resolve(struct ra_resolver *r, struct ra_edits *e, uint32_t point, struct ra_move *moves,
                uint32_t count)
{
    uint32_t ready_count = 0;

    make_room(r, count);
    for (uint32_t k = 0; k < count; k++)
        if (moves[k].from != moves[k].to && moves[k].from != RA_REMAT) {
            assert(r->writer[moves[k].to] == 0 && "every target is written once");
            r->writer[moves[k].to] = k + 1;
            r->readers[moves[k].from]++;
        }
    for (uint32_t k = 0; k < count; k++)
        if (r->writer[moves[k].to] == k + 1 && r->readers[moves[k].to] == 0)
            r->ready[ready_count++] = k;
    drain(r, e, point, moves, ready_count);
    for (uint32_t k = 0; k < count; k++)
        if (r->writer[moves[k].to] == k + 1)
            break_cycle(r, e, point, moves, k);
    for (uint32_t k = 0; k < count; k++) /* they read nothing, so nobody reads their targets now */
        if (moves[k].from == RA_REMAT)
            ra_edit_remat(e, point, moves[k].vreg, moves[k].to);
}
