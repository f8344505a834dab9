/*
 * gc_heap: blocks of the GC heap. Small requests pop a free list of their exact size or are cut
 * from the current run; large ones search lists by size. Sweeping walks all blocks in
 * order of address, joins free neighbours and builds the lists anew, so nothing here is ever
 * searched for neighbours in between.
 *
 *   0        16        used                committed       reserved      + guard      + start bits
 *   | never  | blocks   | to be taken        | inaccessible  | inaccessible | accessible for the
 *                                                                             committed part
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/runtime/gc_int.h"

#include "base/mem.h"
#include "shield/runtime/own.h"

#include <assert.h>
#include <sys/mman.h>

enum {
    FIRST_GRANULE = 1, /* 0 is null */
    RUN_GRANULES = 4096,
    FIT_STEPS_MAX = 64,
};
/* The start bits of a step fill 64 KiB: a multiple of every host's page size. */
#define COMMIT_STEP     ((uint64_t)8 << 20)
#define GUARD           ((uint64_t)1 << 20)
#define HEAP_BYTES_MAX  ((uint64_t)64 << 30)
#define BYTES_PER_START (8 << RT_GRANULE_LOG2) /* of heap per byte of start bits */
_Static_assert(GUARD > (uint64_t)WM_MAX_FIELDS * 16 + 16, "a struct ends in the guard");
_Static_assert(HEAP_BYTES_MAX >> RT_GRANULE_LOG2 <= (uint64_t)UINT32_MAX + 1, "links have 32 bits");

static uint64_t round_up(uint64_t value, uint64_t step)
{
    return (value + step - 1) / step * step;
}

/* Makes the heap accessible up to at least `bytes`, with its start bits. */
static bool commit(struct rt_gc *gc, uint64_t bytes)
{
    struct rt_heap *h = gc->heap;
    uint64_t from = h->committed_bytes;

    if (bytes <= from)
        return true;
    uint64_t to = MIN(round_up(bytes + bytes / 8, COMMIT_STEP), h->reserved_bytes);
    uint8_t *bits = (uint8_t *)h->starts;
    if (mem_fault_step() || mprotect(gc->base + from, to - from, PROT_READ | PROT_WRITE) != 0 ||
        mprotect(bits + from / BYTES_PER_START, (to - from) / BYTES_PER_START,
                 PROT_READ | PROT_WRITE) != 0)
        return false;
    h->committed_bytes = to;
    return true;
}

/* Address space for a heap of limit_bytes with its guard and start bits; NULL when refused. */
static void *map_heap(struct rt_heap *h, uint64_t limit_bytes)
{
    h->limit_bytes = limit_bytes;
    h->reserved_bytes = round_up(MAX(limit_bytes, UINT64_C(1)), COMMIT_STEP);
    h->mapped_bytes = h->reserved_bytes + GUARD + h->reserved_bytes / BYTES_PER_START;
    if (mem_fault_step())
        return NULL;
    void *base =
        mmap(NULL, h->mapped_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

enum status rt_heap_reserve(struct rt_gc *gc, uint64_t limit_bytes, struct diag *dg)
{
    struct rt_heap *h = gc->heap;

    assert(gc->base == NULL && "reserved once");
    uint64_t bytes = MIN(limit_bytes, HEAP_BYTES_MAX) & ~(uint64_t)15;
    h->wanted_bytes = bytes;
    void *base = map_heap(h, bytes);
    while (base == NULL && bytes > COMMIT_STEP) { /* a smaller heap is better than none */
        bytes = bytes / 2 & ~(uint64_t)15;
        base = map_heap(h, bytes);
    }
    if (base == NULL)
        return rt_no_memory(dg, h->mapped_bytes, "the address space of the GC heap");
    gc->base = base;
    gc->used_bytes = FIRST_GRANULE << RT_GRANULE_LOG2;
    h->starts = (uint64_t *)(void *)(gc->base + h->reserved_bytes + GUARD);
    gc->starts = h->starts;
    h->committed_bytes = 0;
    h->run = h->run_end = 0;
    if (!commit(gc, gc->used_bytes)) { /* from here on start bits can be read */
        rt_heap_unmap(gc);
        return rt_no_memory(dg, COMMIT_STEP, "the GC heap");
    }
    return ST_OK;
}

void rt_heap_unmap(struct rt_gc *gc)
{
    if (gc->base != NULL)
        munmap(gc->base, gc->heap->mapped_bytes);
    gc->base = NULL;
    gc->used_bytes = 0;
}

static uint32_t large_class(uint64_t granules)
{
    assert(granules >= RT_SMALL_CLASSES && "smaller ones have exact lists");
    uint32_t log2 = 63 - (uint32_t)__builtin_clzll(granules);
    uint32_t step = (uint32_t)(granules >> (log2 - 3)) & (RT_LARGE_STEPS - 1);
    return (log2 - 6) * RT_LARGE_STEPS + step;
}
_Static_assert(RT_LARGE_STEPS == 1 << 3, "three bits below the highest one");
_Static_assert(RT_SMALL_CLASSES == 1 << 6, "large class 0 starts there");

/* Makes [at, at + granules) a free block and files it. */
static void give_back(struct rt_gc *gc, uint64_t at, uint64_t granules)
{
    struct rt_heap *h = gc->heap;

    if (granules == 0)
        return;
    uint32_t *head =
        granules < RT_SMALL_CLASSES ? &h->small[granules] : &h->large[large_class(granules)];
    *rt_block_at(gc, at) =
        (struct rt_object){.kind = RT_OBJECT_FREE, .length = (uint32_t)granules, .link = *head};
    *head = (uint32_t)at;
}

static void retire_run(struct rt_gc *gc)
{
    struct rt_heap *h = gc->heap;

    give_back(gc, h->run, h->run_end - h->run);
    h->run = h->run_end = 0;
}

/* Removes the first block of the list that holds `granules`; looks at most at steps_max. */
static uint64_t pop_fit(struct rt_gc *gc, uint32_t *head, uint64_t granules, uint32_t steps_max)
{
    for (uint32_t *link = head; *link != 0 && steps_max != 0; steps_max--) {
        struct rt_object *block = rt_block_at(gc, *link);
        CHECK(block->kind == RT_OBJECT_FREE, "a free list of the GC heap is damaged");
        if (block->length >= granules) {
            uint64_t at = *link;
            *link = block->link;
            return at;
        }
        link = &block->link;
    }
    return 0;
}

/* A free block of at least `granules` out of the lists; its size is in its header. 0: none. In
 * the list of its own size it looks at a few only: every block of a later list is large enough,
 * and no request takes longer because there are many blocks. */
static uint64_t pop_any(struct rt_gc *gc, uint64_t granules)
{
    struct rt_heap *h = gc->heap;
    uint32_t bin = 0;
    uint64_t at = 0;

    if (granules >= RT_SMALL_CLASSES) {
        bin = large_class(granules);
        at = pop_fit(gc, &h->large[bin++], granules, FIT_STEPS_MAX);
    }
    for (; at == 0 && bin < RT_LARGE_CLASSES; bin++)
        at = pop_fit(gc, &h->large[bin], granules, 1);
    for (uint64_t n = granules + 1; at == 0 && n < RT_SMALL_CLASSES; n++)
        at = pop_fit(gc, &h->small[n], granules, 1);
    return at;
}

/* Takes new space at the end of the heap, `granules` and some for a run. False: no room. */
static bool extend(struct rt_gc *gc, uint64_t granules)
{
    struct rt_heap *h = gc->heap;
    const uint64_t room = (h->limit_bytes - MIN(gc->used_bytes, h->limit_bytes)) >> RT_GRANULE_LOG2;

    if (granules > room)
        return false;
    uint64_t taken = MIN(MAX(granules, (uint64_t)RUN_GRANULES), room);
    uint64_t end_bytes = gc->used_bytes + (taken << RT_GRANULE_LOG2);
    if (!commit(gc, end_bytes)) {
        h->host_refused = true;
        return false;
    }
    if (h->run_end << RT_GRANULE_LOG2 != gc->used_bytes) {
        retire_run(gc);
        h->run = h->run_end = gc->used_bytes >> RT_GRANULE_LOG2;
    }
    h->run_end += taken;
    gc->used_bytes = end_bytes;
    return true;
}

static uint64_t cut_run(struct rt_heap *h, uint64_t granules)
{
    uint64_t at = h->run;

    assert(granules <= h->run_end - h->run && "the run has room");
    h->run += granules;
    return at;
}

static uint64_t take_block(struct rt_gc *gc, uint64_t granules)
{
    struct rt_heap *h = gc->heap;

    if (granules < RT_SMALL_CLASSES && h->small[granules] != 0)
        return pop_fit(gc, &h->small[granules], granules, 1);
    if (granules <= h->run_end - h->run)
        return cut_run(h, granules);
    uint64_t at = pop_any(gc, granules);
    if (at == 0 && extend(gc, granules))
        return cut_run(h, granules);
    if (at == 0)
        return 0;
    uint64_t have = rt_block_at(gc, at)->length;
    if (granules < RT_SMALL_CLASSES) { /* more small ones will follow */
        retire_run(gc);
        h->run = at;
        h->run_end = at + have;
        return cut_run(h, granules);
    }
    give_back(gc, at + granules, have - granules);
    return at;
}

uint64_t rt_heap_take(struct rt_gc *gc, uint64_t granules)
{
    struct rt_heap *h = gc->heap;

    assert(granules != 0 && "a block has a header");
    h->host_refused = false;
    uint64_t at = take_block(gc, granules);
    if (at == 0)
        return 0;
    h->starts[at >> 6] |= UINT64_C(1) << (at & 63);
    h->live_granules += granules;
    h->since_granules += granules;
    h->peak_granules = MAX(h->peak_granules, h->live_granules);
    h->objects++;
    return at;
}

static void forget_lists(struct rt_heap *h)
{
    for (uint32_t i = 0; i < RT_SMALL_CLASSES; i++)
        h->small[i] = 0;
    for (uint32_t i = 0; i < RT_LARGE_CLASSES; i++)
        h->large[i] = 0;
}

/* An object found dead: its host value is released, its start forgotten. */
static void bury(struct rt_gc *gc, uint64_t at, const struct rt_object *o)
{
    struct rt_heap *h = gc->heap;

    if (o->kind == RT_OBJECT_HOST) {
        struct rt_host_value value = *(const struct rt_host_value *)(const void *)o->payload;
        h->host_values--;
        if (value.release != NULL)
            value.release(value.data);
    }
    h->starts[at >> 6] &= ~(UINT64_C(1) << (at & 63));
    h->objects--;
}

void rt_heap_sweep(struct rt_gc *gc, const struct rt_registry *types)
{
    struct rt_heap *h = gc->heap;
    const uint64_t end = gc->used_bytes >> RT_GRANULE_LOG2;
    uint64_t free_from = FIRST_GRANULE; /* everything since then is free */
    uint64_t at = FIRST_GRANULE;

    if (gc->base == NULL)
        return;
    retire_run(gc);
    forget_lists(h);
    h->live_granules = 0;
    while (at < end) {
        struct rt_object *o = rt_block_at(gc, at);
        bool is_object = rt_gc_is_object(gc, at << RT_GRANULE_LOG2);
        uint64_t granules = is_object ? rt_object_granules(types, o) : o->length;

        CHECK(granules != 0 && granules <= end - at, "the GC heap is damaged");
        if (is_object && o->is_marked) {
            o->is_marked = false;
            h->live_granules += granules;
            give_back(gc, free_from, at - free_from);
            free_from = at + granules;
        } else if (is_object) {
            bury(gc, at, o);
        }
        at += granules;
    }
    gc->used_bytes = free_from << RT_GRANULE_LOG2; /* what is free at the end is given up */
    h->since_granules = 0;
}
