/*
 * regalloc_join: what is in registers at the start of a block, and the moves of edges that make it
 * so.
 *
 * With one predecessor nothing changes. At a join a value stays in a register when most ways into
 * the block bring it in one. A loop header asks more: is the value used in the loop, is there room
 * for one that is not, does a call come before its use; and it may ask for a value that arrives in
 * memory, because that is loaded once in front of the loop. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>
#include <stdlib.h>

static const float KEPT_MIN = 0.1f; /* of the runs of a header, to be worth such a register */
enum { CANDIDATES_MAX = 256, HINT_STEPS = 64 };

struct candidate {
    mir_vreg vreg;
    uint32_t next;
    float in;      /* how often it arrives in a register */
    float best_in; /* from the way that brings it in `reg` */
    uint8_t reg;   /* RA_NO_REGISTER: only in memory */
    bool clean;
    bool is_param;
    uint8_t target; /* where the header behind an edge back has it */
    bool is_kept;   /* in a header: had better survive the calls of the loop */
    float density;  /* uses per run of the block, if all of them are in its loop */
};

struct join {
    struct ra_good *g;
    uint32_t block;
    struct candidate items[CANDIDATES_MAX];
    uint32_t count;
    float freq;
    float total; /* how often the block is entered from blocks that have been scanned */
    mir_preg_set free;
    struct ra_held start[MIR_PREG_COUNT];
    uint32_t start_count;
};

static void start_like(struct ra_good *g, uint32_t b, const struct ra_block *from)
{
    struct ra_block *info = &g->blocks[b];

    info->is_like_pred = true;
    info->start = arena_new(g->arena, struct ra_held, from->end_count);
    for (uint32_t k = 0; k < from->end_count; k++)
        if (g->next[from->end[k].vreg] != RA_DEAD)
            info->start[info->start_count++] = from->end[k];
}

/* ---- candidates ---- */

static struct candidate *candidate_for(struct join *j, mir_vreg vreg, bool is_param)
{
    struct ra_value *v = &j->g->values[vreg];

    if (v->stamp == 0) {
        if (j->count == CANDIDATES_MAX)
            return NULL;
        j->items[j->count++] = (struct candidate){.vreg = vreg,
                                                  .next = j->g->next[vreg],
                                                  .reg = RA_NO_REGISTER,
                                                  .target = RA_NO_REGISTER,
                                                  .density = v->use_weight / j->freq,
                                                  .clean = !is_param,
                                                  .is_param = is_param};
        v->stamp = j->count;
    }
    return &j->items[v->stamp - 1];
}

static void arrive(struct candidate *c, const struct ra_held *held, float freq)
{
    c->in += freq;
    if (c->reg == RA_NO_REGISTER || freq > c->best_in) {
        c->reg = held->reg;
        c->best_in = freq;
    }
    c->clean = c->clean && held->clean;
}

static void collect_edge(struct join *j, const struct mir_edge *edge, float freq)
{
    const struct mir_func *f = j->g->f;
    const struct ra_block *from = &j->g->blocks[edge->from];
    const struct mir_block *block = &f->blocks[j->block];

    j->total += freq;
    for (uint32_t k = 0; k < from->end_count; k++) {
        const struct ra_held *held = &from->end[k];
        if (j->g->next[held->vreg] == RA_DEAD)
            continue; /* not alive here, or an argument only */
        struct candidate *c = candidate_for(j, held->vreg, false);
        if (c != NULL)
            arrive(c, held, freq);
    }
    for (uint32_t k = 0; k < block->param_count; k++) {
        const struct ra_held *held =
            ra_find_held(from->end, from->end_count, f->args[edge->arg_first + k]);
        struct candidate *c = candidate_for(j, f->args[block->param_first + k], true);
        if (c != NULL && held != NULL)
            arrive(c, held, freq);
        else if (c != NULL && j->g->values[f->args[edge->arg_first + k]].is_remat)
            c->in += freq; /* can be made in any register */
    }
}

/* Values that a loop uses and that arrive in memory. */
static void collect_memory(struct join *j)
{
    const struct ra_block *info = &j->g->blocks[j->block];

    for (uint32_t k = 0; k < info->live_count; k++)
        if (info->live[k].next < RA_FAR_COLD && j->g->values[info->live[k].vreg].stamp == 0)
            candidate_for(j, info->live[k].vreg, false);
}

static bool collect(struct join *j)
{
    struct ra_good *g = j->g;
    const struct mir_block *block = &g->f->blocks[j->block];

    for (uint32_t p = 0; p < block->pred_count; p++) {
        const uint32_t e = g->f->preds[block->pred_first + p];
        const struct mir_edge *edge = &g->f->edges[e];
        if (g->blocks[edge->from].is_done)
            collect_edge(j, edge, g->blocks[edge->from].freq * ra_edge_share(g, e));
    }
    for (uint32_t k = 0; k < block->param_count; k++)
        candidate_for(j, g->f->args[block->param_first + k], true);
    if (g->blocks[j->block].is_header)
        collect_memory(j);
    return j->count > 0;
}

static uint32_t param_number(const struct mir_func *f, const struct mir_block *block, mir_vreg vreg)
{
    for (uint32_t k = 0; k < block->param_count; k++)
        if (f->args[block->param_first + k] == vreg)
            return k;
    return MIR_NONE;
}

/* The block ends with an edge back: the header has settled where it wants what. */
static void collect_targets(struct join *j)
{
    struct ra_good *g = j->g;
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[j->block];

    if (block->edge_count != 1 || !g->blocks[f->edges[block->edge_first].to].is_done)
        return;
    const struct mir_edge *edge = &f->edges[block->edge_first];
    const struct ra_block *to = &g->blocks[edge->to];
    for (uint32_t k = 0; k < to->start_count; k++) {
        mir_vreg vreg = to->start[k].vreg;
        if (g->values[vreg].param_block == edge->to)
            vreg = f->args[edge->arg_first + param_number(f, &f->blocks[edge->to], vreg)];
        const uint32_t stamp = g->values[vreg].stamp;
        if (stamp != 0)
            j->items[stamp - 1].target = to->start[k].reg;
    }
}

/* ---- choosing ---- */

/* In a header: what the loop uses most comes first. */
static int by_density(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    const bool x_far = x->next >= RA_FAR_COLD, y_far = y->next >= RA_FAR_COLD;

    if (x_far != y_far)
        return x_far ? 1 : -1;
    if (!x_far && (x->density > y->density || x->density < y->density))
        return x->density > y->density ? -1 : 1;
    if (x->next != y->next)
        return x->next < y->next ? -1 : 1;
    return x->vreg < y->vreg ? -1 : x->vreg > y->vreg;
}

static int by_next(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->next != y->next)
        return x->next < y->next ? -1 : 1;
    return x->vreg < y->vreg ? -1 : x->vreg > y->vreg;
}

static bool crosses_calls(const struct join *j, const struct candidate *c)
{
    const struct ra_block *info = &j->g->blocks[j->block];

    return info->next_call != RA_DEAD && info->next_call < c->next;
}

/* Should the value be in a register here, if there is one? */
static bool is_wanted(const struct join *j, const struct candidate *c, const uint32_t *room)
{
    const struct ra_block *info = &j->g->blocks[j->block];

    if (c->next == RA_DEAD)
        return false;
    if (!info->is_header)
        return c->is_param ? c->in * 3 >= j->total : c->in * 2 >= j->total;
    if (c->next >= RA_FAR_EXIT && !c->is_param)
        return c->reg != RA_NO_REGISTER && room[j->g->f->vregs[c->vreg].class] > 0;
    if (c->reg == RA_NO_REGISTER && !c->is_param) /* loaded in front of the loop */
        return room[j->g->f->vregs[c->vreg].class] > 0;
    return true;
}

static uint32_t lowest(mir_preg_set set)
{
    return (uint32_t)__builtin_ctz(set);
}

/* The register for a value that is wanted, MIR_NONE if it is better off in memory. */
static uint32_t register_for(const struct join *j, const struct candidate *c)
{
    const struct ra_good *g = j->g;
    const struct ra_block *info = &g->blocks[j->block];
    const struct ra_value *v = &g->values[c->vreg];
    const mir_preg_set free = j->free & ra_class_mask(g->f->vregs[c->vreg].class);
    mir_preg_set kept = free & g->f->callee_saved;

    if (v->call_weight <= 1.5f && info->freq < 4.0f)
        kept &= g->callee_used;
    if (c->is_kept && kept != 0) {
        if (c->reg != RA_NO_REGISTER && (kept & ra_bit(c->reg)) != 0)
            return c->reg;
        return (kept & g->callee_used) != 0 ? lowest(kept & g->callee_used) : lowest(kept);
    }
    if (info->is_header && crosses_calls(j, c)) { /* a register that calls destroy is of no use */
        if (c->reg != RA_NO_REGISTER && (kept & ra_bit(c->reg)) != 0)
            return c->reg;
        if (kept != 0)
            return (kept & g->callee_used) != 0 ? lowest(kept & g->callee_used) : lowest(kept);
        if (c->density < 0.5f * info->calls)
            return MIR_NONE;
    }
    if (c->target != RA_NO_REGISTER && (free & ra_bit(c->target)) != 0)
        return c->target;
    if (v->hint != RA_NO_REGISTER && c->is_param && (free & ra_bit(v->hint)) != 0 &&
        (c->reg == RA_NO_REGISTER || c->best_in * 2 < j->total))
        return v->hint;
    if (c->reg != RA_NO_REGISTER && (free & ra_bit(c->reg)) != 0)
        return c->reg;
    if ((free & ~g->f->callee_saved) != 0)
        return lowest(free & ~g->f->callee_saved);
    return kept != 0 ? lowest(kept) : MIR_NONE;
}

/* Are there more values that the loop uses than registers? */
static bool is_crowded(const struct join *j)
{
    uint32_t used[2] = {0, 0};

    if (j->g->blocks[j->block].calls > 0.05f)
        return true; /* few registers survive */
    for (uint32_t k = 0; k < j->count; k++)
        used[j->g->f->vregs[j->items[k].vreg].class] += j->items[k].next < RA_FAR_COLD;
    for (uint32_t class = 0; class < 2; class ++) {
        const mir_preg_set all = j->g->f->allocatable & ra_class_mask((uint8_t) class);
        if (used[class] > (uint32_t)__builtin_popcount(all))
            return true;
    }
    return false;
}

/* What it saves to have the value in a register that survives: moves around calls, or having it in
 * memory and loading it. */
static float kept_weight(const struct join *j, const struct candidate *c)
{
    const float calls = j->g->values[c->vreg].call_weight * 2;
    const float uses = c->density * j->freq;

    return MIN(calls, uses);
}

/* The values that are alive across most calls of the loop get the registers that survive. */
static void mark_kept(struct join *j)
{
    const struct ra_good *g = j->g;
    const uint32_t most = (uint32_t)__builtin_popcount(g->f->callee_saved);

    for (uint32_t n = 0; n < most; n++) {
        struct candidate *best = NULL;
        for (uint32_t k = 0; k < j->count; k++) {
            struct candidate *c = &j->items[k];
            const float weight = kept_weight(j, c);
            if (c->is_kept || c->next >= RA_FAR_COLD || weight < KEPT_MIN * j->freq ||
                g->f->vregs[c->vreg].class != MIR_GPR)
                continue;
            if (best == NULL || weight > kept_weight(j, best))
                best = c;
        }
        if (best == NULL)
            return;
        best->is_kept = true;
    }
}

static void choose(struct join *j)
{
    struct ra_good *g = j->g;
    const struct ra_block *info = &g->blocks[j->block];
    uint32_t room[2] = {0, 0};

    if (info->is_header) { /* registers that the loop's own values leave free */
        uint32_t through[2] = {0, 0};
        for (uint32_t k = 0; k < info->live_count; k++)
            through[g->f->vregs[info->live[k].vreg].class] += info->live[k].next >= RA_FAR_EXIT;
        for (uint32_t class = 0; class < 2; class ++) {
            const uint32_t all =
                (uint32_t)__builtin_popcount(g->f->allocatable & ra_class_mask((uint8_t) class));
            const uint32_t own = info->pressure[class] - MIN(through[class], info->pressure[class]);
            room[class] = all > own + 1 ? all - own - 1 : 0;
        }
    }
    collect_targets(j);
    for (uint32_t k = 0; k < j->count; k++)
        g->values[j->items[k].vreg].stamp = 0;
    qsort(j->items, j->count, sizeof(*j->items),
          info->is_header && is_crowded(j) ? by_density : by_next);
    if (info->is_header && info->calls > 0)
        mark_kept(j);
    j->free = g->f->allocatable;
    for (uint32_t k = 0; k < j->count; k++) {
        const struct candidate *c = &j->items[k];
        if (!is_wanted(j, c, room))
            continue;
        const uint32_t reg = register_for(j, c);
        if (reg == MIR_NONE)
            continue;
        const bool is_through = c->next >= RA_FAR_EXIT && !c->is_param;
        if (info->is_header && (is_through || (c->reg == RA_NO_REGISTER && !c->is_param)))
            room[g->f->vregs[c->vreg].class]--;
        j->free &= ~ra_bit(reg);
        j->start[j->start_count++] = (struct ra_held){c->vreg, (uint8_t)reg, c->clean};
    }
}

/* The value had better be made in that register; a parameter: what edges carry into it, too. */
static void spread_hint(struct ra_good *g, mir_vreg vreg, uint8_t reg, uint32_t *steps)
{
    const struct mir_func *f = g->f;
    const uint32_t b = g->values[vreg].param_block;

    g->values[vreg].hint = reg;
    if (b == MIR_NONE || g->blocks[b].is_done || g->blocks[b].is_header)
        return;
    const uint32_t number = param_number(f, &f->blocks[b], vreg);
    for (uint32_t p = 0; p<f->blocks[b].pred_count && * steps> 0; p++) {
        const struct mir_edge *edge = &f->edges[f->preds[f->blocks[b].pred_first + p]];
        const mir_vreg arg = f->args[edge->arg_first + number];
        (*steps)--;
        if (!g->blocks[edge->from].is_done && g->values[arg].hint != reg)
            spread_hint(g, arg, reg, steps);
    }
}

/* What the edges back will carry into the parameters had better be made in their registers. */
static void hint_back(struct ra_good *g, uint32_t b)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];
    uint32_t steps = HINT_STEPS;

    for (uint32_t p = 0; p < block->pred_count; p++) {
        const struct mir_edge *edge = &f->edges[f->preds[block->pred_first + p]];
        if (g->blocks[edge->from].is_done)
            continue;
        for (uint32_t k = 0; k < block->param_count; k++) {
            const mir_vreg param = f->args[block->param_first + k];
            const struct ra_held *held =
                ra_find_held(g->blocks[b].start, g->blocks[b].start_count, param);
            if (held == NULL || f->args[edge->arg_first + k] == param)
                continue;
            spread_hint(g, f->args[edge->arg_first + k], held->reg, &steps);
            g->blocks[b].reserved |= ra_bit(held->reg);
        }
    }
    for (uint32_t k = 0; g->blocks[b].is_header && k < g->blocks[b].start_count; k++)
        g->values[g->blocks[b].start[k].vreg].home = g->blocks[b].start[k].reg;
}

void ra_join_start(struct ra_good *g, uint32_t b)
{
    const struct mir_block *block = &g->f->blocks[b];
    struct ra_block *info = &g->blocks[b];

    if (block->pred_count == 1 && block->param_count == 0) {
        const struct ra_block *from = &g->blocks[g->f->edges[g->f->preds[block->pred_first]].from];
        if (from->is_done) {
            start_like(g, b, from);
            return;
        }
    }
    if (block->pred_count == 0)
        return;
    if (g->join == NULL)
        g->join = arena_new(g->arena, struct join, 1);
    struct join *j = g->join;
    j->g = g;
    j->block = b;
    j->count = j->start_count = 0;
    j->total = 0;
    j->freq = MAX(info->freq, 1e-6f);
    if (!collect(j))
        return;
    choose(j);
    info->start = arena_new(g->arena, struct ra_held, j->start_count);
    for (uint32_t k = 0; k < j->start_count; k++)
        info->start[k] = j->start[k];
    info->start_count = (uint8_t)j->start_count;
    hint_back(g, b);
}

/* ---- edges ---- */

static void set_where(struct ra_good *g, const struct ra_block *from, bool on)
{
    for (uint32_t k = 0; k < from->end_count; k++)
        g->values[from->end[k].vreg].reg = on ? from->end[k].reg : RA_NO_REGISTER;
}

static void need_value(struct ra_good *g, mir_vreg vreg)
{
    struct ra_value *v = &g->values[vreg];

    if (v->reg == RA_NO_REGISTER && !v->is_remat)
        v->is_loaded = true;
}

/* Must the value that `held` brings to the edge be stored on it? Its target takes it for granted
 * that what is not in a register, or is clean there, is in memory. Values alive at the target are
 * stamped. */
static bool needs_store(const struct ra_good *g, const struct ra_block *to,
                        const struct ra_held *held)
{
    if (held->clean || g->values[held->vreg].stamp == 0)
        return false;
    const struct ra_held *there = ra_find_held(to->start, to->start_count, held->vreg);
    return there == NULL || there->clean;
}

static void need_edge(struct ra_good *g, uint32_t e)
{
    const struct mir_func *f = g->f;
    const struct mir_edge *edge = &f->edges[e];
    const struct mir_block *block = &f->blocks[edge->to];
    const struct ra_block *to = &g->blocks[edge->to], *from = &g->blocks[edge->from];

    set_where(g, from, true);
    for (uint32_t k = 0; k < to->start_count; k++)
        if (g->values[to->start[k].vreg].param_block != edge->to)
            need_value(g, to->start[k].vreg);
    for (uint32_t k = 0; k < block->param_count; k++) {
        const mir_vreg param = f->args[block->param_first + k];
        if (g->values[param].param_next == RA_DEAD)
            continue;
        need_value(g, f->args[edge->arg_first + k]);
        if (ra_find_held(to->start, to->start_count, param) == NULL)
            g->values[param].is_loaded = true;
    }
    set_where(g, from, false);
    for (uint32_t k = 0; k < from->end_count; k++)
        if (needs_store(g, to, &from->end[k]))
            g->values[from->end[k].vreg].store_cost += from->freq * ra_edge_share(g, e);
}

static void stamp_living(struct ra_good *g, uint32_t b, uint32_t stamp)
{
    for (uint32_t k = 0; k < g->blocks[b].live_count; k++)
        g->values[g->blocks[b].live[k].vreg].stamp = stamp;
}

void ra_join_need_slots(struct ra_good *g)
{
    const struct mir_func *f = g->f;

    for (uint32_t b = 0; b < f->block_count; b++) {
        if (g->blocks[b].is_like_pred)
            continue;
        stamp_living(g, b, 1);
        for (uint32_t p = 0; p < f->blocks[b].pred_count; p++)
            need_edge(g, f->preds[f->blocks[b].pred_first + p]);
        stamp_living(g, b, 0);
    }
}

static void add_move(struct ra_good *g, uint32_t *count, mir_vreg source, mir_place to)
{
    const struct ra_value *v = &g->values[source];
    mir_place from = v->reg;

    if (v->reg == RA_NO_REGISTER)
        from = v->is_remat ? RA_REMAT : v->slot;
    if (*count == g->move_capacity) {
        const uint32_t capacity = MAX(g->move_capacity * 2, 64u);
        g->moves = arena_grow(g->arena, g->moves, g->move_capacity, capacity, sizeof(*g->moves));
        g->move_capacity = capacity;
    }
    g->moves[(*count)++] = (struct ra_move){from, to, source};
}

/* Is the value, at the end of the block, also in that slot already? */
static bool is_in_slot(const struct ra_good *g, const struct ra_block *from, mir_vreg vreg,
                       mir_place slot)
{
    const struct ra_value *v = &g->values[vreg];

    if (v->is_remat || !v->is_loaded || v->slot != slot)
        return false;
    const struct ra_held *held = ra_find_held(from->end, from->end_count, vreg);
    return held == NULL || held->clean || ra_is_stored_at_def(v);
}

static void add_stores(struct ra_good *g, const struct mir_edge *edge, uint32_t point,
                       struct ra_edits *edits)
{
    const struct ra_block *to = &g->blocks[edge->to], *from = &g->blocks[edge->from];
    bool is_stamped = false;

    for (uint32_t k = 0; k < from->end_count; k++) {
        const struct ra_held *held = &from->end[k];
        const struct ra_value *v = &g->values[held->vreg];
        if (held->clean || !v->is_loaded || ra_is_stored_at_def(v))
            continue;
        if (!is_stamped)
            stamp_living(g, edge->to, 1);
        is_stamped = true;
        if (needs_store(g, to, held))
            ra_edit_move(edits, point, held->vreg, held->reg, v->slot);
    }
    if (is_stamped)
        stamp_living(g, edge->to, 0);
}

void ra_join_edge(struct ra_good *g, uint32_t e, struct ra_edits *edits)
{
    const struct mir_func *f = g->f;
    const struct mir_edge *edge = &f->edges[e];
    const struct mir_block *block = &f->blocks[edge->to], *origin = &f->blocks[edge->from];
    const struct ra_block *to = &g->blocks[edge->to], *from = &g->blocks[edge->from];
    const uint32_t point =
        origin->edge_count == 1 ? (origin->inst_end - 1) * 2 : block->inst_first * 2;
    uint32_t count = 0;

    if (to->is_like_pred)
        return;
    add_stores(g, edge, point, edits);
    set_where(g, from, true);
    for (uint32_t k = 0; k < to->start_count; k++) {
        const struct ra_held *held = &to->start[k];
        if (g->values[held->vreg].param_block != edge->to)
            add_move(g, &count, held->vreg, held->reg);
    }
    for (uint32_t k = 0; k < block->param_count; k++) {
        const mir_vreg param = f->args[block->param_first + k];
        if (g->values[param].param_next == RA_DEAD)
            continue;
        const mir_vreg arg = f->args[edge->arg_first + k];
        const struct ra_held *held = ra_find_held(to->start, to->start_count, param);
        if (held != NULL)
            add_move(g, &count, arg, held->reg);
        else if (!is_in_slot(g, from, arg, g->values[param].slot))
            add_move(g, &count, arg, g->values[param].slot);
    }
    set_where(g, from, false);
    ra_resolve(&g->resolver, edits, point, g->moves, count);
}
