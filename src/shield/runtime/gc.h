/*
 * gc: the heap of structs, arrays, exceptions and host values of one store. Precise, not moving,
 * bounded by limits.gc_heap_bytes. A reference is a byte offset from the start of the heap.
 *
 * The heap is one reservation of address space; beside it lies a map with one bit per 16 bytes,
 * set where an object begins. Resolving a reference asks that map, so a corrupt one stops the
 * process (CHECK) or, if it happens to hit another object, stays inside the reservation: lengths
 * of arrays come from headers that no guest can write, and the guard behind the heap is larger
 * than any struct.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_GC_H
#define SHIELD_RUNTIME_GC_H

#include "shield/runtime/store.h"

enum rt_object_kind {
    RT_OBJECT_FREE,
    RT_OBJECT_STRUCT,
    RT_OBJECT_ARRAY,
    RT_OBJECT_EXCEPTION,
    RT_OBJECT_HOST
};

/* In front of every payload; the payload is aligned to 16. */
struct rt_object {
    uint8_t kind; /* enum rt_object_kind */
    uint8_t is_marked;
    uint16_t reserved;
    uint32_t type_id; /* STRUCT, ARRAY */
    uint32_t length;  /* ARRAY: elements; EXCEPTION: values; FREE: units of 16 bytes */
    uint32_t link;    /* the collector's: next object to scan, or next free block, in such units */
    uint8_t payload[];
};
_Static_assert(sizeof(struct rt_object) == 16, "payload stays aligned");

/* What every access looks at; the rest of the heap's state is behind `heap`. */
struct rt_gc {
    uint8_t *base;          /* NULL until the first allocation */
    uint64_t used_bytes;    /* references are below */
    const uint64_t *starts; /* one bit per 16 bytes of the heap: an object begins here */
    struct rt_heap *heap;
};

/* Is it a reference to an object of this heap? False for null and i31. A tier that cannot tell
 * references from numbers may ask this of every word it holds: objects never move. */
static inline bool rt_gc_is_object(const struct rt_gc *gc, uint64_t ref)
{
    return (ref & 15) == 0 && ref < gc->used_bytes &&
           (gc->starts[ref >> 10] >> (ref >> 4 & 63) & 1) != 0;
}

/* The object of a reference that is neither null nor i31. */
static inline struct rt_object *rt_object_of(struct rt_store *s, uint64_t ref)
{
    const struct rt_gc *gc = s->gc;

    CHECK(rt_gc_is_object(gc, ref), "a GC reference names no object");
    return (struct rt_object *)(void *)(gc->base + ref);
}

/* All allocate zeroed payloads and may collect first: every reference the caller holds must be
 * reachable from a root (interpreter frame, global, table...) or pushed with rt_root_push().
 * Ends with ST_LIMIT or ST_NO_MEMORY, message in store->diag, when there is no room. */
MUST_USE enum status rt_struct_new(struct rt_store *s, const struct rt_type *type, uint64_t *ref);
MUST_USE enum status rt_array_new(struct rt_store *s, const struct rt_type *type, uint32_t length,
                                  uint64_t *ref);
/* An exception: the tag, then one rt_value per parameter of the tag's type, copied from args. */
MUST_USE enum status rt_exception_new(struct rt_store *s, struct rt_tag *tag,
                                      const union rt_value *args, uint64_t *ref);
struct rt_exception {
    struct rt_tag *tag;
    uint64_t padding; /* values are aligned to 16 */
    union rt_value values[]; /* object.length of them */
};
/* A host value as externref. release (may be NULL) runs when it is collected or the store ends. */
MUST_USE enum status rt_host_ref_new(struct rt_store *s, void *data, void (*release)(void *data),
                                     uint64_t *ref);
void *rt_host_ref_data(struct rt_store *s, uint64_t ref); /* NULL when it is no host value */

/* Reads and writes one field or element; sign-extension of packed types is the caller's choice. */
union rt_value rt_field_get(const uint8_t *at, const struct rt_field_layout *f, bool is_signed);
void rt_field_set(uint8_t *at, const struct rt_field_layout *f, union rt_value value);

/* Does the reference (of any hierarchy) have heap type `heap` (registry ids)? Null: the caller
 * asks separately. */
bool rt_ref_matches(struct rt_store *s, uint64_t ref, struct wm_heap heap);

/* References held by C code across allocations: a stack of addresses. */
MUST_USE enum status rt_root_push(struct rt_store *s, uint64_t *ref);
void rt_root_pop(struct rt_store *s, uint32_t count);
/* References held by embedders for longer: unordered handles. */
MUST_USE enum status rt_handle_new(struct rt_store *s, uint64_t ref, uint32_t *handle);
uint64_t rt_handle_get(struct rt_store *s, uint32_t handle);
void rt_handle_free(struct rt_store *s, uint32_t handle);

void rt_gc_collect(struct rt_store *s);
struct rt_gc_stats {
    uint64_t used_bytes, peak_bytes, collections, objects;
};
struct rt_gc_stats rt_gc_stats(const struct rt_store *s);

#endif /* SHIELD_RUNTIME_GC_H */
