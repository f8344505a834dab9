/* gc: objects of the GC heap: making them, reading and writing their fields, asking their type.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/gc.h"

#include "base/mem.h"
#include "shield/runtime/gc_int.h"
#include "shield/runtime/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    HEADER_BYTES = sizeof(struct rt_object),
    POOR_PART =
        64, /* less of the heap than this part, allocated between two collections, is poor */
    POOR_COLLECTIONS_MAX = 16, /* in a row */
};
/* Collect when as much has been allocated as was alive, but not for less than this. */
#define BETWEEN_COLLECTIONS_MIN ((uint64_t)4 << 20 >> RT_GRANULE_LOG2)

struct rt_gc *rt_gc_new(void)
{
    struct rt_gc *gc = mem_alloc(1, sizeof(*gc));

    if (gc == NULL)
        return NULL;
    gc->heap = mem_alloc(1, sizeof(*gc->heap));
    if (gc->heap == NULL) {
        mem_free(gc);
        return NULL;
    }
    return gc;
}

void rt_gc_free(struct rt_gc *gc, const struct rt_registry *types)
{
    if (gc == NULL)
        return;
    if (gc->heap->host_values != 0)
        rt_heap_sweep(gc, types); /* nothing is marked: releases every host value */
    rt_heap_unmap(gc);
    mem_free(gc->heap->roots);
    mem_free(gc->heap->handles);
    mem_free(gc->heap);
    mem_free(gc);
}

static uint64_t to_granules(uint64_t payload_bytes)
{
    return (payload_bytes + HEADER_BYTES + 15) >> RT_GRANULE_LOG2;
}

uint64_t rt_object_granules(const struct rt_registry *types, const struct rt_object *o)
{
    switch ((enum rt_object_kind)o->kind) {
    case RT_OBJECT_STRUCT: return to_granules(rt_registry_type(types, o->type_id)->payload_bytes);
    case RT_OBJECT_ARRAY:
        return to_granules((uint64_t)o->length
                           << rt_registry_type(types, o->type_id)->fields[0].size_log2);
    case RT_OBJECT_EXCEPTION:
        return to_granules(sizeof(struct rt_exception) + o->length * sizeof(union rt_value));
    case RT_OBJECT_HOST: return to_granules(sizeof(struct rt_host_value));
    case RT_OBJECT_FREE: break;
    }
    return o->length;
}

static enum status no_room(struct rt_store *s, uint64_t granules)
{
    const struct rt_gc *gc = s->gc;
    const struct rt_heap *h = gc->heap;

    if (h->host_refused || h->limit_bytes < h->wanted_bytes)
        return diag_fail(&s->diag, ST_NO_MEMORY, DIAG_NO_OFFSET,
                         "the host refused memory for the GC heap: %" PRIu64 " bytes are in use of "
                         "%" PRIu64 " that it gave address space for",
                         gc->used_bytes, h->limit_bytes);
    return rt_limit_fail(
        &s->diag, RT_LIMIT_gc_heap_bytes, s->limits.gc_heap_bytes,
        MAX(gc->used_bytes + (granules << RT_GRANULE_LOG2), s->limits.gc_heap_bytes + 1));
}

/* The heap is full: is another collection worth its time? Not when the last few each made room for
 * next to nothing: a guest could then spend seconds of ours on every instruction of its own. */
static bool may_collect_again(struct rt_heap *h)
{
    const bool is_poor = h->since_granules < (h->limit_bytes >> RT_GRANULE_LOG2) / POOR_PART;

    h->poor_collections = is_poor ? h->poor_collections + 1 : 0;
    if (h->poor_collections <= POOR_COLLECTIONS_MAX)
        return true;
    h->poor_collections = 0;
    return false;
}

/* An object with zeroed payload; the header is filled by the caller, who does so at once. */
static enum status make(struct rt_store *s, enum rt_object_kind kind, uint64_t payload_bytes,
                        uint64_t *ref)
{
    struct rt_gc *gc = s->gc;
    struct rt_heap *h = gc->heap;
    const uint64_t granules = to_granules(payload_bytes);

    if (gc->base == NULL)
        TRY(rt_heap_reserve(gc, s->limits.gc_heap_bytes, &s->diag));
    if (granules > h->limit_bytes >> RT_GRANULE_LOG2)
        return no_room(s, granules);
    const uint64_t base_granules = h->live_granules - h->since_granules;
    bool collected = s->engine->config.gc_stress ||
                     h->since_granules + granules > MAX(base_granules, BETWEEN_COLLECTIONS_MIN);
    if (collected)
        rt_gc_collect(s);
    uint64_t at = rt_heap_take(gc, granules);
    if (at == 0 && !collected && may_collect_again(h)) {
        rt_gc_collect(s);
        at = rt_heap_take(gc, granules);
    }
    if (at == 0)
        return no_room(s, granules);
    struct rt_object *o = rt_block_at(gc, at);
    memset(o, 0, granules << RT_GRANULE_LOG2);
    o->kind = (uint8_t)kind;
    *ref = at << RT_GRANULE_LOG2;
    return ST_OK;
}

enum status rt_struct_new(struct rt_store *s, const struct rt_type *type, uint64_t *ref)
{
    assert(type->composite == WM_STRUCT_TYPE && "the validator has seen this");
    TRY(make(s, RT_OBJECT_STRUCT, type->payload_bytes, ref));
    rt_object_of(s, *ref)->type_id = type->id;
    return ST_OK;
}

enum status rt_array_new(struct rt_store *s, const struct rt_type *type, uint32_t length,
                         uint64_t *ref)
{
    assert(type->composite == WM_ARRAY_TYPE && "the validator has seen this");
    TRY(make(s, RT_OBJECT_ARRAY, (uint64_t)length << type->fields[0].size_log2, ref));
    struct rt_object *o = rt_object_of(s, *ref);
    o->type_id = type->id;
    o->length = length;
    return ST_OK;
}

enum status rt_exception_new(struct rt_store *s, struct rt_tag *tag, const union rt_value *args,
                             uint64_t *ref)
{
    const uint32_t count = rt_registry_type(s->engine->types, tag->type_id)->param_count;
    const size_t args_bytes = count * sizeof(*args);

    TRY(make(s, RT_OBJECT_EXCEPTION, sizeof(struct rt_exception) + args_bytes, ref));
    struct rt_object *o = rt_object_of(s, *ref);
    struct rt_exception *e = (void *)o->payload;
    o->length = count;
    e->tag = tag;
    if (count != 0)
        memcpy(e->values, args, args_bytes);
    return ST_OK;
}

enum status rt_host_ref_new(struct rt_store *s, void *data, void (*release)(void *data),
                            uint64_t *ref)
{
    TRY(make(s, RT_OBJECT_HOST, sizeof(struct rt_host_value), ref));
    struct rt_host_value *value = (void *)rt_object_of(s, *ref)->payload;
    *value = (struct rt_host_value){.data = data, .release = release};
    s->gc->heap->host_values++;
    return ST_OK;
}

void *rt_host_ref_data(struct rt_store *s, uint64_t ref)
{
    if (ref == RT_NULL || rt_is_i31(ref))
        return NULL;
    const struct rt_object *o = rt_object_of(s, ref);
    if (o->kind != RT_OBJECT_HOST)
        return NULL;
    return ((const struct rt_host_value *)(const void *)o->payload)->data;
}

union rt_value rt_field_get(const uint8_t *at, const struct rt_field_layout *f, bool is_signed)
{
    union rt_value value = {
        .u64 = {0, 0}
    };

    memcpy(&value, at, (size_t)1 << f->size_log2); /* hosts are little-endian */
    if (is_signed && f->size_log2 == 0)
        value.i32 = (uint32_t)(int32_t)(int8_t)value.i32;
    else if (is_signed && f->size_log2 == 1)
        value.i32 = (uint32_t)(int32_t)(int16_t)value.i32;
    return value;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "fields are copied as they are");

void rt_field_set(uint8_t *at, const struct rt_field_layout *f, union rt_value value)
{
    memcpy(at, &value, (size_t)1 << f->size_log2);
}

/* In the hierarchy of any: an i31 or an object. */
static bool any_matches(struct rt_store *s, uint64_t ref, struct wm_heap heap)
{
    const struct rt_registry *types = s->engine->types;

    if (rt_is_i31(ref))
        return rt_heap_matches(types, WM_HEAP(I31), heap);
    const struct rt_object *o = rt_object_of(s, ref);
    if (o->kind == RT_OBJECT_STRUCT || o->kind == RT_OBJECT_ARRAY)
        return rt_heap_matches(types, wm_heap_index(o->type_id), heap);
    return rt_heap_matches(types, WM_HEAP(ANY), heap); /* a host value */
}

bool rt_ref_matches(struct rt_store *s, uint64_t ref, struct wm_heap heap)
{
    const struct rt_registry *types = s->engine->types;

    assert(ref != RT_NULL && "null is asked for separately");
    switch (rt_heap_top(types, heap)) {
    case WM_HEAP_FUNC: {
        const struct rt_func *fn = (const struct rt_func *)(uintptr_t)ref;
        return rt_heap_matches(types, wm_heap_index(fn->type_id), heap);
    }
    case WM_HEAP_EXTERN: return heap.code == WM_HEAP(EXTERN).code;
    case WM_HEAP_EXN: return heap.code == WM_HEAP(EXN).code;
    default: return any_matches(s, ref, heap);
    }
}

struct rt_gc_stats rt_gc_stats(const struct rt_store *s)
{
    const struct rt_heap *h = s->gc->heap;

    return (struct rt_gc_stats){
        .used_bytes = h->live_granules << RT_GRANULE_LOG2,
        .peak_bytes = h->peak_granules << RT_GRANULE_LOG2,
        .collections = h->collections,
        .objects = h->objects,
    };
}
