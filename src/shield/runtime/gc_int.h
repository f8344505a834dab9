/*
 * gc_int: the private side of the heap, shared by the gc files and store.c only.
 *
 *   gc.c         objects: making, reading, finalising them
 *   gc_heap.c    address space, blocks, free lists, sweeping
 *   gc_mark.c    roots, handles, marking, when to collect
 *
 * Sizes inside are counted in granules of 16 bytes. The used part of the heap is a row of blocks
 * without gaps: objects, whose size follows from their type and length, and free blocks.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_GC_INT_H
#define SHIELD_RUNTIME_GC_INT_H

#include "shield/runtime/gc.h"

enum {
    RT_GRANULE_LOG2 = 4,
    RT_SMALL_CLASSES = 64,                  /* free lists of blocks of exactly 1..63 granules */
    RT_LARGE_STEPS = 8,                     /* then lists by size, eight to each power of two: */
    RT_LARGE_CLASSES = 32 * RT_LARGE_STEPS, /* 64..71, 72..79, ..., 128..143, ... */
};

struct rt_heap {
    uint64_t wanted_bytes;    /* limit of the store, whole granules */
    uint64_t limit_bytes;     /* less when the host has little address space */
    uint64_t reserved_bytes;  /* limit_bytes in whole commit steps */
    uint64_t mapped_bytes;    /* whole reservation: heap, guard, start bits */
    uint64_t committed_bytes; /* of the heap, accessible */
    uint64_t *starts;         /* writable view of rt_gc.starts */
    bool host_refused;        /* why rt_heap_take() failed: not the limit but the host */

    uint32_t small[RT_SMALL_CLASSES]; /* first free block of each class, 0: none */
    uint32_t large[RT_LARGE_CLASSES];
    uint64_t run, run_end; /* free space being cut up: granules [run, run_end), no header yet */

    uint32_t grey;             /* first object marked but not yet scanned, 0: none */
    uint64_t live_granules;    /* allocated and not known to be dead */
    uint64_t since_granules;   /* allocated since the last collection */
    uint32_t poor_collections; /* in a row, see gc.c */
    uint64_t peak_granules, collections, objects, host_values;

    uint64_t **roots; /* addresses pushed by C code */
    uint32_t root_count, root_capacity;
    uint64_t *handles; /* references; a free slot holds next free index << 1 | 1 */
    uint32_t handle_count, handle_capacity, handle_free;
};

/* Payload of a host value. */
struct rt_host_value {
    void *data;
    void (*release)(void *data);
};

MUST_USE struct rt_gc *rt_gc_new(void); /* NULL: no memory. Reserves nothing yet */
void rt_gc_free(struct rt_gc *gc, const struct rt_registry *types); /* NULL is fine */

/* Granules of an object, from its header. */
uint64_t rt_object_granules(const struct rt_registry *types, const struct rt_object *o);

/* gc_heap.c */
static inline struct rt_object *rt_block_at(const struct rt_gc *gc, uint64_t granule)
{
    return (struct rt_object *)(void *)(gc->base + (granule << RT_GRANULE_LOG2));
}
MUST_USE enum status rt_heap_reserve(struct rt_gc *gc, uint64_t limit_bytes, struct diag *dg);
void rt_heap_unmap(struct rt_gc *gc);
/* A block with its start bit set and any contents; 0: no room, see host_refused. */
MUST_USE uint64_t rt_heap_take(struct rt_gc *gc, uint64_t granules);
/* Frees what is not marked, unmarks the rest. */
void rt_heap_sweep(struct rt_gc *gc, const struct rt_registry *types);

#endif /* SHIELD_RUNTIME_GC_INT_H */
