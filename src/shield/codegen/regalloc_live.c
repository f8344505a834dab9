/*
 * regalloc_live: the order of blocks and how often they run; which values are alive at the start of
 * each block and how far their next use is; registers that values will be wanted in.
 *
 * Living values are lists per block, made backwards until they stop growing; only blocks with a
 * successor that has grown are looked at again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>
#include <string.h>

enum { LOOP_ROUNDS = 10 };
static const float COLD_SHARE = 0.004f, EXIT_SHARE = 0.1f, FREQ_MAX = 1e8f;
/* A loop that is entered seldom by the odds of branches may still be where the time goes. */
static const float LOOP_ENTRY_MIN = 0.4f;

/* ---- order and frequency ---- */

struct walk {
    uint32_t *stack;
    uint32_t *at;  /* per block: successors visited, + 1 */
    uint32_t left; /* places in order[] that are still free: filled from the end */
};

static void walk_from(struct ra_good *g, struct walk *w, uint32_t root)
{
    const struct mir_func *f = g->f;
    uint32_t top = 0;

    w->stack[top++] = root;
    w->at[root] = 1;
    while (top > 0) {
        const uint32_t b = w->stack[top - 1];
        const struct mir_block *block = &f->blocks[b];
        if (w->at[b] > block->edge_count) {
            g->order[--w->left] = b;
            top--;
            continue;
        }
        const uint32_t to = f->edges[block->edge_first + block->edge_count - w->at[b]++].to;
        if (w->at[to] == 0) {
            w->at[to] = 1;
            w->stack[top++] = to;
        }
    }
}

/* Blocks that nothing reaches come first. */
static void find_order(struct ra_good *g)
{
    const uint32_t blocks = g->f->block_count;
    struct walk w = {arena_new(g->arena, uint32_t, (size_t)blocks + 1),
                     arena_new(g->arena, uint32_t, blocks), blocks};

    g->order = arena_new(g->arena, uint32_t, blocks);
    for (uint32_t b = 0; b < blocks; b++)
        if (w.at[b] == 0)
            walk_from(g, &w, b);
    g->order_count = blocks;
    for (uint32_t k = 0; k < blocks; k++)
        g->blocks[g->order[k]].order = k;
}

static float edge_weight(const struct mir_func *f, const struct mir_block *from, uint32_t to)
{
    if (f->blocks[to].cold && !from->cold)
        return COLD_SHARE;
    return f->blocks[to].loop_depth < from->loop_depth ? EXIT_SHARE : 1.0f;
}

float ra_edge_share(const struct ra_good *g, uint32_t edge)
{
    const struct mir_block *from = &g->f->blocks[g->f->edges[edge].from];
    float sum = 0;

    if (from->edge_count == 1)
        return 1.0f;
    for (uint32_t e = from->edge_first; e < from->edge_first + from->edge_count; e++)
        sum += edge_weight(g->f, from, g->f->edges[e].to);
    return edge_weight(g->f, from, g->f->edges[edge].to) / sum;
}

static void find_frequencies(struct ra_good *g)
{
    const struct mir_func *f = g->f;

    g->blocks[0].freq = 1.0f;
    for (uint32_t k = 0; k < g->order_count; k++) {
        const uint32_t b = g->order[k];
        const struct mir_block *block = &f->blocks[b];
        struct ra_block *info = &g->blocks[b];
        info->is_header = block->loop_header == b;
        if (info->is_header && !block->cold)
            info->freq = MAX(info->freq, LOOP_ENTRY_MIN);
        if (info->is_header)
            info->freq *= LOOP_ROUNDS;
        info->freq = MIN(info->freq, FREQ_MAX);
        float sum = 0;
        for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++)
            sum += edge_weight(f, block, f->edges[e].to);
        for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
            const uint32_t to = f->edges[e].to;
            if (g->blocks[to].order > k) /* not an edge back */
                g->blocks[to].freq += info->freq * edge_weight(f, block, to) / sum;
        }
    }
}

/* ---- what is alive ---- */

static void touch(struct ra_good *g, mir_vreg vreg, uint32_t next)
{
    const uint32_t old = g->next[vreg];

    if (old == RA_DEAD)
        ARENA_PUSH(g->arena, g->touched, g->touched_count, g->touched_capacity, vreg);
    if (next < old)
        g->next[vreg] = next;
}

/* Distance that the way along an edge adds. */
static uint32_t edge_distance(const struct ra_good *g, const struct mir_block *from, uint32_t to)
{
    const struct mir_block *target = &g->f->blocks[to];
    uint32_t distance = from->inst_end - from->inst_first;

    if (target->loop_depth < from->loop_depth)
        distance += (uint32_t)RA_FAR_EXIT * (uint32_t)(from->loop_depth - target->loop_depth);
    if (target->cold && !from->cold)
        distance += RA_FAR_COLD;
    if (from->edge_count > 2) /* one of many is not likely */
        distance += 4 * (31 - (uint32_t)__builtin_clz(from->edge_count));
    return distance;
}

/* Values alive at the end of the block, as seen from its start. */
static void touch_end(struct ra_good *g, uint32_t b)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];

    for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
        const struct ra_block *to = &g->blocks[f->edges[e].to];
        const uint32_t distance = edge_distance(g, block, f->edges[e].to);
        for (uint32_t k = 0; k < to->live_count; k++)
            touch(g, to->live[k].vreg,
                  (uint32_t)MIN(to->live[k].next + (uint64_t)distance, (uint64_t)RA_FAR_MAX));
        for (uint32_t k = 0; k < f->blocks[f->edges[e].to].param_count; k++)
            touch(g, f->args[f->edges[e].arg_first + k], block->inst_end - 1 - block->inst_first);
        g->stats->steps += to->live_count + 1;
    }
}

struct counts {
    uint32_t now[2], most[2];
};

static void count(struct ra_good *g, struct counts *c, mir_vreg vreg, bool up)
{
    const uint8_t class = g->f->vregs[vreg].class;

    c->now[class] += up ? 1u : UINT32_MAX;
    c->most[class] = MAX(c->most[class], c->now[class]);
}

static void walk_inst(struct ra_good *g, struct counts *c, uint32_t i, uint32_t position)
{
    const struct mir_func *f = g->f;

    for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++) {
        const mir_vreg v = f->operands[k].vreg;
        if (f->operands[k].kind == MIR_DEF && g->next[v] != RA_DEAD) {
            count(g, c, v, false);
            g->next[v] = RA_DEAD;
        }
    }
    for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++) {
        const mir_vreg v = f->operands[k].vreg;
        if (f->operands[k].kind == MIR_USE) {
            if (g->next[v] == RA_DEAD)
                count(g, c, v, true);
            touch(g, v, position);
        }
    }
}

/* Writes the list of what is alive at the start. True: it has grown. */
static bool keep_live(struct ra_good *g, struct ra_block *info)
{
    const uint32_t old = info->live_count;
    uint32_t n = 0;

    if (g->touched_count > info->live_capacity) {
        uint32_t alive = 0;
        for (uint32_t k = 0; k < g->touched_count; k++)
            alive += g->next[g->touched[k]] != RA_DEAD;
        if (alive > info->live_capacity) {
            info->live_capacity = alive + alive / 4;
            info->live = arena_new(g->arena, struct ra_live, info->live_capacity);
        }
    }
    for (uint32_t k = 0; k < g->touched_count; k++) {
        const mir_vreg vreg = g->touched[k];
        if (g->next[vreg] == RA_DEAD)
            continue; /* or it was touched twice, and has been kept */
        info->live[n++] = (struct ra_live){vreg, g->next[vreg]};
        g->next[vreg] = RA_DEAD;
    }
    g->touched_count = 0;
    info->live_count = n;
    g->live_total += n - old;
    return n != old;
}

static bool update_block(struct ra_good *g, uint32_t b)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];
    struct ra_block *info = &g->blocks[b];
    struct counts c = {
        {0, 0},
        {0, 0}
    };

    touch_end(g, b);
    for (uint32_t k = 0; k < g->touched_count; k++)
        count(g, &c, g->touched[k], true);
    info->next_call = RA_DEAD;
    for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
        const uint32_t next = g->blocks[f->edges[e].to].next_call;
        if (next != RA_DEAD)
            info->next_call =
                MIN(info->next_call,
                    MIN(next + edge_distance(g, block, f->edges[e].to), (uint32_t)RA_FAR_MAX));
    }
    for (uint32_t i = block->inst_end; i-- > block->inst_first;) {
        if ((f->insts[i].flags & MIR_IS_CALL) != 0)
            info->next_call = i - block->inst_first;
        walk_inst(g, &c, i, i - block->inst_first);
    }
    for (uint32_t k = 0; k < block->param_count; k++) {
        const mir_vreg param = f->args[block->param_first + k];
        g->values[param].param_next = g->next[param];
        g->next[param] = RA_DEAD;
    }
    info->pressure[0] = (uint16_t)MIN(c.most[0], 1000u);
    info->pressure[1] = (uint16_t)MIN(c.most[1], 1000u);
    g->stats->steps += block->inst_end - block->inst_first + g->touched_count;
    return keep_live(g, info);
}

static bool find_live(struct ra_good *g)
{
    const struct mir_func *f = g->f;
    bool changed = true;

    for (uint32_t k = 0; k < g->order_count; k++) {
        g->blocks[g->order[k]].is_dirty = true;
        g->blocks[g->order[k]].next_call = RA_DEAD;
    }
    while (changed) {
        changed = false;
        for (uint32_t k = g->order_count; k-- > 0;) {
            const uint32_t b = g->order[k];
            if (!g->blocks[b].is_dirty)
                continue;
            g->blocks[b].is_dirty = false;
            if (!update_block(g, b))
                continue;
            if (g->live_total > RA_LIVE_MAX || g->stats->steps > RA_LIVE_WORK_MAX)
                return false;
            for (uint32_t p = 0; p < f->blocks[b].pred_count; p++) {
                const uint32_t from = f->edges[f->preds[f->blocks[b].pred_first + p]].from;
                g->blocks[from].is_dirty = true;
                changed |= g->blocks[from].order >= k;
            }
        }
    }
    return true;
}

/* ---- weights, hints, loops ---- */

/* Calls weigh on every value that is alive across them. */
static void weigh_call(struct ra_good *g, uint32_t i, float freq)
{
    for (uint32_t k = 0; k < g->touched_count; k++) {
        struct ra_value *v = &g->values[g->touched[k]];
        if (g->next[g->touched[k]] != RA_DEAD &&
            v->stamp != i + 1) { /* a vreg may be in the list twice */
            v->stamp = i + 1;
            v->call_weight += freq;
        }
    }
    g->stats->steps += g->touched_count;
}

static void hint_inst(struct ra_good *g, uint32_t i)
{
    const struct mir_func *f = g->f;
    const uint32_t first = f->operand_first[i], end = f->operand_first[i + 1];

    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &f->operands[k];
        struct ra_value *v = &g->values[op->vreg];
        mir_vreg source = MIR_NONE;
        if (op->kind == MIR_USE && op->constraint == MIR_FIXED && op->position == MIR_EARLY)
            v->hint = op->arg; /* the nearest use overrides those behind it */
        if (op->kind == MIR_DEF && op->constraint == MIR_REUSE)
            source = f->operands[first + op->arg].vreg;
        if (op->kind == MIR_DEF && (f->insts[i].flags & MIR_IS_MOVE) != 0)
            source = f->operands[first].vreg;
        if (source != MIR_NONE && v->hint != RA_NO_REGISTER)
            g->values[source].hint = v->hint;
    }
}

static void hint_arguments(struct ra_good *g, const struct mir_block *block)
{
    const struct mir_func *f = g->f;

    if (block->edge_count != 1)
        return;
    const struct mir_edge *edge = &f->edges[block->edge_first];
    for (uint32_t k = 0; k < f->blocks[edge->to].param_count; k++) {
        const uint8_t hint = g->values[f->args[f->blocks[edge->to].param_first + k]].hint;
        if (hint != RA_NO_REGISTER)
            g->values[f->args[edge->arg_first + k]].hint = hint;
    }
}

/* In a block with calls. */
static void weigh_calls(struct ra_good *g, uint32_t b, uint64_t *call_work)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];
    struct counts c = {
        {0, 0},
        {0, 0}
    };

    touch_end(g, b);
    for (uint32_t i = block->inst_end; i-- > block->inst_first;) {
        if ((f->insts[i].flags & MIR_IS_CALL) != 0 && *call_work < RA_CALL_WORK_MAX) {
            for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++)
                if (f->operands[k].kind == MIR_DEF) /* not alive across its own call */
                    g->next[f->operands[k].vreg] = RA_DEAD;
            weigh_call(g, i, g->blocks[b].freq);
            *call_work += g->touched_count;
        }
        walk_inst(g, &c, i, i - block->inst_first);
    }
    ra_live_forget(g);
}

static void weigh_block(struct ra_good *g, uint32_t b, uint64_t *call_work)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];
    bool has_call = false;

    hint_arguments(g, block);
    for (uint32_t i = block->inst_end; i-- > block->inst_first;) {
        hint_inst(g, i);
        for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++)
            if (f->operands[k].kind == MIR_USE)
                g->values[f->operands[k].vreg].use_weight += g->blocks[b].freq;
        has_call |= (f->insts[i].flags & MIR_IS_CALL) != 0;
    }
    if (has_call)
        weigh_calls(g, b, call_work);
}

static uint32_t loop_around(const struct ra_good *g, uint32_t header)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[header];

    for (uint32_t p = 0; p < block->pred_count; p++) {
        const uint32_t from = f->edges[f->preds[block->pred_first + p]].from;
        if (g->blocks[from].order >= g->blocks[header].order)
            continue;
        if (f->blocks[from].loop_depth < block->loop_depth)
            return f->blocks[from].loop_header;
    }
    return MIR_NONE;
}

/* A header knows the pressure in its loop, apart from cold code, and the calls of a round. */
static void sum_loops(struct ra_good *g)
{
    const struct mir_func *f = g->f;

    for (uint32_t k = g->order_count; k-- > 0;) {
        const uint32_t b = g->order[k];
        uint32_t header = f->blocks[b].loop_header;
        if (header == b)
            header = loop_around(g, b);
        if (header == MIR_NONE)
            continue;
        struct ra_block *loop = &g->blocks[header];
        if (!f->blocks[b].cold)
            for (uint32_t class = 0; class < 2; class ++)
                loop->pressure[class] = MAX(loop->pressure[class], g->blocks[b].pressure[class]);
    }
    for (uint32_t b = 0; b < f->block_count; b++)
        for (uint32_t i = f->blocks[b].inst_first; i < f->blocks[b].inst_end; i++)
            if ((f->insts[i].flags & MIR_IS_CALL) != 0 && f->blocks[b].loop_header != MIR_NONE)
                g->blocks[f->blocks[b].loop_header].calls += g->blocks[b].freq;
    for (uint32_t k = g->order_count; k-- > 0;) {
        struct ra_block *info = &g->blocks[g->order[k]];
        if (!info->is_header)
            continue;
        const uint32_t around = loop_around(g, g->order[k]);
        if (around != MIR_NONE)
            g->blocks[around].calls += info->calls;
        info->calls = MIN(info->calls / info->freq, 1.0f);
    }
}

/* Where a loop needs more registers than calls destroy, the others pay. */
static void open_callee_saved(struct ra_good *g)
{
    const mir_preg_set all = g->f->allocatable & RA_GPR_MASK;
    const uint32_t cheap = (uint32_t)__builtin_popcount(all & ~g->f->callee_saved);

    for (uint32_t b = 0; b < g->f->block_count; b++)
        if (g->blocks[b].is_header && !g->f->blocks[b].cold &&
            g->blocks[b].pressure[MIR_GPR] > cheap)
            g->callee_used = g->f->callee_saved;
}

bool ra_live_find(struct ra_good *g)
{
    uint64_t call_work = 0;

    find_order(g);
    find_frequencies(g);
    if (!find_live(g))
        return false;
    for (uint32_t k = g->order_count; k-- > 0;)
        weigh_block(g, g->order[k], &call_work);
    for (uint32_t v = 0; v < g->f->vreg_count; v++)
        g->values[v].stamp = 0;
    sum_loops(g);
    open_callee_saved(g);
    return true;
}

/* ---- for the scan ---- */

static void note_event(struct ra_good *g, uint32_t i)
{
    const struct mir_func *f = g->f;
    mir_preg_set regs = f->clobbers[i];

    for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++)
        if (f->operands[k].constraint == MIR_FIXED)
            regs |= ra_bit(f->operands[k].arg);
    if (regs != 0) {
        const struct ra_event event = {i, regs};
        ARENA_PUSH(g->arena, g->events, g->event_count, g->event_capacity, event);
    }
}

void ra_live_block(struct ra_good *g, uint32_t b)
{
    const struct mir_func *f = g->f;
    const struct mir_block *block = &f->blocks[b];

    g->event_count = g->event = 0;
    for (uint32_t i = block->inst_first; i < block->inst_end; i++)
        note_event(g, i);
    touch_end(g, b);
    for (uint32_t k = 0; k < g->touched_count; k++)
        g->values[g->touched[k]].last = block->inst_end - block->inst_first;
    for (uint32_t i = block->inst_end; i-- > block->inst_first;) {
        const uint32_t first = f->operand_first[i], end = f->operand_first[i + 1];
        for (uint32_t k = first; k < end; k++)
            g->next_after[k] = g->next[f->operands[k].vreg];
        for (uint32_t k = first; k < end; k++)
            if (f->operands[k].kind == MIR_DEF)
                g->next[f->operands[k].vreg] = RA_DEAD;
        for (uint32_t k = first; k < end; k++)
            if (f->operands[k].kind == MIR_USE) {
                const mir_vreg vreg = f->operands[k].vreg;
                if (g->next[vreg] == RA_DEAD)
                    g->values[vreg].last = i - block->inst_first;
                touch(g, vreg, i - block->inst_first);
            }
    }
}

void ra_live_forget(struct ra_good *g)
{
    for (uint32_t k = 0; k < g->touched_count; k++)
        g->next[g->touched[k]] = RA_DEAD;
    g->touched_count = 0;
}
