/*
 * regalloc_slots: slots of the frame for the values that need one.
 *
 * First, values that edges copy from memory to memory are made to share a slot, where they are
 * never alive together: the most frequent edges first. They form a group. Then each group is taken
 * to be alive from its first to its last instruction in layout order, and groups whose stretches do
 * not meet share a slot too.
 *
 * What is alive together is decided exactly, on segments: instruction * 2 for what an instruction
 * reads, + 1 for what it writes. One block gives a value at most one segment.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>
#include <stdlib.h>

enum { MERGE_WORK = 40 }; /* times the number of segments: what merging groups may cost */

struct segment {
    uint32_t first, last;
};

struct group {
    struct segment *segments; /* ascending, apart */
    uint32_t count, capacity;
    uint32_t parent; /* itself: the root of its set */
    bool wide;
};

struct wish { /* an edge copies `from` to `to` in memory */
    float freq;
    uint32_t from, to; /* groups */
};

struct busy { /* a heap, the smallest `last` on top */
    uint32_t last;
    mir_place slot;
    bool wide;
};

struct sharing {
    struct ra_good *g;
    uint32_t *number; /* per vreg: its group + 1 */
    struct group *groups;
    uint32_t count;
    uint32_t *open; /* per group: start of its segment in the block at hand + 1, 0: none */
    uint32_t *last; /* per group: end of that segment */
    uint32_t *touched;
    uint32_t touched_count;
    uint64_t segment_count;
    struct wish *wishes;
    uint32_t wish_count, wish_capacity;
    struct busy *heap;
    uint32_t heap_count;
};

/* ---- segments ---- */

static void begin(struct sharing *s, mir_vreg vreg, uint32_t at)
{
    const uint32_t n = s->number[vreg];

    if (n == 0 || s->open[n - 1] != 0)
        return;
    s->open[n - 1] = at + 1;
    s->last[n - 1] = at;
    s->touched[s->touched_count++] = n - 1;
}

static void extend(struct sharing *s, mir_vreg vreg, uint32_t at)
{
    const uint32_t n = s->number[vreg];

    if (n != 0)
        s->last[n - 1] = at;
}

static void end_block(struct sharing *s)
{
    for (uint32_t k = 0; k < s->touched_count; k++) {
        struct group *group = &s->groups[s->touched[k]];
        const struct segment segment = {s->open[s->touched[k]] - 1, s->last[s->touched[k]]};
        s->open[s->touched[k]] = 0;
        if (group->count > 0 && group->segments[group->count - 1].last + 1 == segment.first) {
            group->segments[group->count - 1].last = segment.last;
            continue;
        }
        ARENA_PUSH(s->g->arena, group->segments, group->count, group->capacity, segment);
        s->segment_count++;
    }
    s->touched_count = 0;
}

static void cover_block(struct sharing *s, uint32_t b)
{
    const struct mir_func *f = s->g->f;
    const struct mir_block *block = &f->blocks[b];
    const uint32_t end = block->inst_end * 2 - 1;

    for (uint32_t k = 0; k < s->g->blocks[b].live_count; k++)
        begin(s, s->g->blocks[b].live[k].vreg, block->inst_first * 2);
    for (uint32_t k = 0; k < block->param_count; k++)
        begin(s, f->args[block->param_first + k], block->inst_first * 2);
    for (uint32_t i = block->inst_first; i < block->inst_end; i++)
        for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++) {
            const struct mir_operand *op = &f->operands[k];
            if (op->kind == MIR_DEF)
                begin(s, op->vreg, i * 2 + (op->position == MIR_LATE));
            extend(s, op->vreg, i * 2 + (op->kind == MIR_DEF || op->position == MIR_LATE));
        }
    for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
        const struct ra_block *to = &s->g->blocks[f->edges[e].to];
        for (uint32_t k = 0; k < to->live_count; k++)
            extend(s, to->live[k].vreg, end);
        for (uint32_t k = 0; k < f->blocks[f->edges[e].to].param_count; k++)
            extend(s, f->args[f->edges[e].arg_first + k], end);
    }
    end_block(s);
}

/* ---- groups ---- */

static uint32_t root_of(struct sharing *s, uint32_t group)
{
    while (s->groups[group].parent != group) {
        s->groups[group].parent = s->groups[s->groups[group].parent].parent;
        group = s->groups[group].parent;
    }
    return group;
}

static bool are_apart(const struct group *a, const struct group *b)
{
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->segments[i].last < b->segments[j].first)
            i++;
        else if (b->segments[j].last < a->segments[i].first)
            j++;
        else
            return false;
    }
    return true;
}

static void merge(struct sharing *s, uint32_t into, uint32_t from)
{
    struct group *a = &s->groups[into], *b = &s->groups[from];
    struct segment *both = arena_new(s->g->arena, struct segment, (size_t)a->count + b->count);
    uint32_t n = 0;

    for (uint32_t i = 0, j = 0; i < a->count || j < b->count;) {
        const bool take_a =
            j == b->count || (i < a->count && a->segments[i].first < b->segments[j].first);
        const struct segment next = take_a ? a->segments[i++] : b->segments[j++];
        if (n > 0 && both[n - 1].last + 1 == next.first)
            both[n - 1].last = next.last;
        else
            both[n++] = next;
    }
    a->segments = both;
    a->count = n;
    b->parent = into;
    b->count = 0;
}

static void collect_wishes(struct sharing *s)
{
    const struct mir_func *f = s->g->f;

    for (uint32_t e = 0; e < f->edge_count; e++) {
        const struct mir_block *block = &f->blocks[f->edges[e].to];
        const struct ra_block *to = &s->g->blocks[f->edges[e].to];
        for (uint32_t k = 0; k < block->param_count; k++) {
            const uint32_t param = s->number[f->args[block->param_first + k]];
            const uint32_t arg = s->number[f->args[f->edges[e].arg_first + k]];
            if (param == 0 || arg == 0 || param == arg ||
                s->groups[param - 1].wide != s->groups[arg - 1].wide ||
                ra_find_held(to->start, to->start_count, f->args[block->param_first + k]) != NULL)
                continue;
            const struct wish wish = {s->g->blocks[f->edges[e].from].freq * ra_edge_share(s->g, e),
                                      arg - 1, param - 1};
            ARENA_PUSH(s->g->arena, s->wishes, s->wish_count, s->wish_capacity, wish);
        }
    }
}

static int by_freq(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;

    if (x->freq > y->freq || x->freq < y->freq)
        return x->freq > y->freq ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void make_groups(struct sharing *s)
{
    uint64_t work = 0;

    collect_wishes(s);
    if (s->wish_count > 1)
        qsort(s->wishes, s->wish_count, sizeof(*s->wishes), by_freq);
    for (uint32_t k = 0; k < s->wish_count && work < MERGE_WORK * (s->segment_count + 100); k++) {
        uint32_t a = root_of(s, s->wishes[k].to), b = root_of(s, s->wishes[k].from);
        if (a == b)
            continue;
        work += s->groups[a].count + s->groups[b].count;
        if (are_apart(&s->groups[a], &s->groups[b]))
            merge(s, a, b);
    }
    s->g->stats->steps += work;
}

/* ---- slots ---- */

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

struct stretch {
    uint32_t first, last;
    uint32_t group;
};

static int by_first(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;

    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->group < y->group ? -1 : x->group > y->group;
}

static void give_slots(struct sharing *s, mir_place *slots)
{
    struct stretch *items = arena_new(s->g->arena, struct stretch, s->count);
    uint32_t n = 0;

    s->heap = arena_new(s->g->arena, struct busy, s->count);
    for (uint32_t k = 0; k < s->count; k++) {
        const struct group *group = &s->groups[k];
        if (group->count > 0)
            items[n++] = (struct stretch){group->segments[0].first,
                                          group->segments[group->count - 1].last, k};
    }
    qsort(items, n, sizeof(*items), by_first);
    for (uint32_t k = 0; k < n; k++) {
        const bool wide = s->groups[items[k].group].wide;
        while (s->heap_count > 0 && s->heap[0].last < items[k].first) {
            const struct busy done = heap_pop(s);
            ra_slot_give(&s->g->slots, done.slot, done.wide);
        }
        slots[items[k].group] = ra_slot_take(&s->g->slots, wide);
        heap_push(s, (struct busy){items[k].last, slots[items[k].group], wide});
    }
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
    s.groups = arena_new(g->arena, struct group, s.count);
    s.open = arena_new(g->arena, uint32_t, s.count);
    s.last = arena_new(g->arena, uint32_t, s.count);
    s.touched = arena_new(g->arena, uint32_t, s.count);
    uint32_t n = 0;
    for (uint32_t v = 0; v < f->vreg_count; v++)
        if (g->values[v].is_loaded) {
            s.groups[n].parent = n;
            s.groups[n].wide = ra_is_wide(&f->vregs[v]);
            s.number[v] = ++n;
        }
    for (uint32_t b = 0; b < f->block_count; b++)
        cover_block(&s, b);
    make_groups(&s);
    mir_place *slots = arena_new(g->arena, mir_place, s.count);
    give_slots(&s, slots);
    for (uint32_t v = 0; v < f->vreg_count; v++)
        if (s.number[v] != 0)
            g->values[v].slot = slots[root_of(&s, s.number[v] - 1)];
    /* what is kept aside while moves are sorted out must not meet any of these */
    g->slots.free[0].count = g->slots.free[1].count = 0;
}
