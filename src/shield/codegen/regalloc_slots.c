/*
 * regalloc_slots: slots of the frame for the values that need one. A value is taken to be alive
 * from the first to the last instruction, in layout order, of what it is really alive in; values
 * whose stretches do not meet share a slot. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>
#include <stdlib.h>

struct stretch {
    uint32_t first, last; /* instructions */
    mir_vreg vreg;
};

struct busy { /* a heap, the smallest `last` on top */
    uint32_t last;
    mir_place slot;
    bool wide;
};

struct sharing {
    struct ra_good *g;
    uint32_t *number; /* per vreg: of its stretch, + 1 */
    struct stretch *items;
    uint32_t count;
    struct busy *heap;
    uint32_t heap_count;
};

static void cover(struct sharing *s, mir_vreg vreg, uint32_t first, uint32_t last)
{
    if (s->number[vreg] == 0)
        return;
    struct stretch *t = &s->items[s->number[vreg] - 1];
    t->first = MIN(t->first, first);
    t->last = MAX(t->last, last);
}

static void cover_block(struct sharing *s, uint32_t b)
{
    const struct mir_func *f = s->g->f;
    const struct mir_block *block = &f->blocks[b];
    const uint32_t end = block->inst_end - 1;

    for (uint32_t k = 0; k < s->g->blocks[b].live_count; k++)
        cover(s, s->g->blocks[b].live[k].vreg, block->inst_first, block->inst_first);
    for (uint32_t k = 0; k < block->param_count; k++)
        cover(s, f->args[block->param_first + k], block->inst_first, block->inst_first);
    for (uint32_t i = block->inst_first; i < block->inst_end; i++)
        for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++)
            cover(s, f->operands[k].vreg, i, i);
    for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
        const struct ra_block *to = &s->g->blocks[f->edges[e].to];
        for (uint32_t k = 0; k < to->live_count; k++)
            cover(s, to->live[k].vreg, end, end);
        for (uint32_t k = 0; k < f->blocks[f->edges[e].to].param_count; k++)
            cover(s, f->args[f->edges[e].arg_first + k], end, end);
    }
}

static int by_first(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->vreg < y->vreg ? -1 : x->vreg > y->vreg;
}

static void heap_push(struct sharing *s, struct busy item)
{
    uint32_t k = s->heap_count++;

    for (; k > 0 && s->heap[(k - 1) / 2].last > item.last; k = (k - 1) / 2)
        s->heap[k] = s->heap[(k - 1) / 2];
    s->heap[k] = item;
}

static struct busy heap_pop(struct sharing *s)
{
    const struct busy top = s->heap[0], item = s->heap[--s->heap_count];
    uint32_t k = 0;

    for (;;) {
        uint32_t child = k * 2 + 1;
        if (child >= s->heap_count)
            break;
        if (child + 1 < s->heap_count && s->heap[child + 1].last < s->heap[child].last)
            child++;
        if (s->heap[child].last >= item.last)
            break;
        s->heap[k] = s->heap[child];
        k = child;
    }
    s->heap[k] = item;
    return top;
}

void ra_slots_assign(struct ra_good *g)
{
    const struct mir_func *f = g->f;
    struct sharing s = {.g = g};

    for (uint32_t v = 0; v < f->vreg_count; v++)
        s.count += g->values[v].is_loaded;
    if (s.count == 0)
        return;
    s.number = arena_new(g->arena, uint32_t, f->vreg_count);
    s.items = arena_new(g->arena, struct stretch, s.count);
    s.heap = arena_new(g->arena, struct busy, s.count);
    uint32_t n = 0;
    for (uint32_t v = 0; v < f->vreg_count; v++)
        if (g->values[v].is_loaded) {
            s.items[n] = (struct stretch){UINT32_MAX, 0, v};
            s.number[v] = ++n;
        }
    for (uint32_t b = 0; b < f->block_count; b++)
        cover_block(&s, b);
    qsort(s.items, s.count, sizeof(*s.items), by_first);
    for (uint32_t k = 0; k < s.count; k++) {
        const bool wide = ra_is_wide(&f->vregs[s.items[k].vreg]);
        while (s.heap_count > 0 && s.heap[0].last < s.items[k].first) {
            const struct busy done = heap_pop(&s);
            ra_slot_give(&g->slots, done.slot, done.wide);
        }
        const mir_place slot = ra_slot_take(&g->slots, wide);
        g->values[s.items[k].vreg].slot = slot;
        heap_push(&s, (struct busy){s.items[k].last, slot, wide});
    }
    /* what is kept aside while moves are sorted out must not meet any of these */
    g->slots.free[0].count = g->slots.free[1].count = 0;
}
