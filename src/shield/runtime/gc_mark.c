/*
 * gc_mark: which objects are alive. Objects that are marked but not yet scanned form a list
 * through their own headers, so marking takes no memory and no recursion however deep or wide the
 * data is. SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "shield/runtime/gc_int.h"
#include "shield/runtime/own.h"

#include <assert.h>
#include <string.h>

enum { ROOTS_MIN = 16 };

static void mark(struct rt_store *s, uint64_t ref)
{
    struct rt_heap *h = s->gc->heap;

    if (ref == RT_NULL || rt_is_i31(ref))
        return;
    struct rt_object *o = rt_object_of(s, ref);
    if (o->is_marked)
        return;
    o->is_marked = true;
    o->link = h->grey;
    h->grey = (uint32_t)(ref >> RT_GRANULE_LOG2);
}

static void mark_all(struct rt_store *s, const uint64_t *refs, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        mark(s, refs[i]);
}

static void mark_at(struct rt_store *s, const uint8_t *at)
{
    uint64_t ref;

    memcpy(&ref, at, sizeof(ref));
    mark(s, ref);
}

static void scan_exception(struct rt_store *s, const struct rt_object *o)
{
    const struct rt_registry *types = s->engine->types;
    const struct rt_exception *e = (const void *)o->payload;
    const struct rt_type *type = rt_registry_type(types, e->tag->type_id);

    CHECK(o->length == type->param_count, "an exception has the values its tag names");
    for (uint32_t i = 0; i < o->length; i++)
        if (rt_is_gc_ref(types, type->params[i]))
            mark(s, e->values[i].ref);
}

static void scan(struct rt_store *s, const struct rt_object *o)
{
    if (o->kind == RT_OBJECT_EXCEPTION) {
        scan_exception(s, o);
        return;
    }
    if (o->kind == RT_OBJECT_HOST)
        return;
    const struct rt_type *type = rt_registry_type(s->engine->types, o->type_id);
    if (o->kind == RT_OBJECT_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++)
            if (type->fields[i].is_gc_ref)
                mark_at(s, o->payload + type->fields[i].offset);
        return;
    }
    assert(o->kind == RT_OBJECT_ARRAY && "no other kind has a start bit");
    for (uint64_t i = 0; type->fields[0].is_gc_ref && i < o->length; i++)
        mark_at(s, o->payload + i * sizeof(uint64_t));
}

static void mark_owned(struct rt_store *s, const struct rt_owned *o)
{
    const struct rt_registry *types = s->engine->types;

    if (o->kind == RT_OWNED_GLOBALS) {
        const struct rt_global *globals = (const void *)o->items;
        for (uint32_t i = 0; i < o->count; i++)
            if (rt_is_gc_ref(types, globals[i].type) && globals[i].cell != NULL)
                mark(s, globals[i].cell->ref);
    } else if (o->kind == RT_OWNED_TABLES) {
        const struct rt_table *tables = (const void *)o->items;
        for (uint32_t i = 0; i < o->count; i++)
            if (rt_is_gc_ref(types, tables[i].type))
                mark_all(s, tables[i].elements, tables[i].size);
    }
}

static void mark_elems(struct rt_store *s, const struct rt_instance *i)
{
    const struct wm_module *wm = &i->module->wm;

    for (uint32_t e = 0; i->elems != NULL && e < wm->elem_count; e++) {
        struct wm_valtype type = rt_valtype_global(i->module->type_ids, wm->elems[e].type);
        if (rt_is_gc_ref(s->engine->types, type))
            mark_all(s, i->elems[e].items, i->elems[e].count);
    }
}

/* What a tier shows may be a slot that holds a function, or that nobody reads any more. */
static void visit(void *ctx, uint64_t *ref)
{
    struct rt_store *s = ctx;

    if (rt_gc_is_object(s->gc, *ref))
        mark(s, *ref);
}

static void mark_roots(struct rt_store *s)
{
    const struct rt_heap *h = s->gc->heap;
    const struct rt_tier *tier = s->engine->config.tier;

    mark(s, s->exception);
    for (const struct rt_owned *o = s->owned; o != NULL; o = o->older)
        mark_owned(s, o);
    for (const struct rt_instance *i = s->instances; i != NULL; i = i->next)
        mark_elems(s, i);
    for (uint32_t i = 0; i < h->root_count; i++)
        mark(s, *h->roots[i]);
    mark_all(s, h->handles, h->handle_count); /* a free slot looks like an i31 */
    if (tier != NULL && tier->gc_roots != NULL)
        tier->gc_roots(s, visit, s);
}

void rt_gc_collect(struct rt_store *s)
{
    struct rt_heap *h = s->gc->heap;

    if (s->gc->base == NULL)
        return;
    assert(h->grey == 0 && "collections do not nest");
    mark_roots(s);
    while (h->grey != 0) {
        struct rt_object *o = rt_block_at(s->gc, h->grey);
        h->grey = o->link;
        scan(s, o);
    }
    rt_heap_sweep(s->gc, s->engine->types);
    h->collections++;
}

enum status rt_root_push(struct rt_store *s, uint64_t *ref)
{
    struct rt_heap *h = s->gc->heap;

    if (h->root_count == h->root_capacity) {
        uint32_t capacity = MAX(h->root_capacity * 2, (uint32_t)ROOTS_MIN);
        uint64_t **roots = mem_resize(h->roots, capacity, sizeof(*roots));
        if (roots == NULL)
            return rt_no_memory(&s->diag, capacity * sizeof(*roots), "the roots of host code");
        h->roots = roots;
        h->root_capacity = capacity;
    }
    h->roots[h->root_count++] = ref;
    return ST_OK;
}

void rt_root_pop(struct rt_store *s, uint32_t count)
{
    assert(count <= s->gc->heap->root_count && "pops match pushes");
    s->gc->heap->root_count -= count;
}

/* Handles are 1 and up, so that 0 can mean none. */
enum status rt_handle_new(struct rt_store *s, uint64_t ref, uint32_t *handle)
{
    struct rt_heap *h = s->gc->heap;
    uint32_t index = h->handle_free;

    if (index != 0) {
        h->handle_free = (uint32_t)(h->handles[index - 1] >> 1);
    } else {
        if (h->handle_count == h->handle_capacity) {
            uint32_t capacity = MAX(h->handle_capacity * 2, (uint32_t)ROOTS_MIN);
            uint64_t *handles = mem_resize(h->handles, capacity, sizeof(*handles));
            if (handles == NULL)
                return rt_no_memory(&s->diag, capacity * sizeof(*handles), "handles");
            h->handles = handles;
            h->handle_capacity = capacity;
        }
        index = ++h->handle_count;
    }
    h->handles[index - 1] = ref;
    *handle = index;
    return ST_OK;
}

uint64_t rt_handle_get(struct rt_store *s, uint32_t handle)
{
    CHECK(handle != 0 && handle <= s->gc->heap->handle_count, "a handle from rt_handle_new()");
    return s->gc->heap->handles[handle - 1];
}

void rt_handle_free(struct rt_store *s, uint32_t handle)
{
    struct rt_heap *h = s->gc->heap;

    if (handle == 0)
        return;
    CHECK(handle <= h->handle_count, "a handle from rt_handle_new()");
    h->handles[handle - 1] = (uint64_t)h->handle_free << 1 | 1;
    h->handle_free = handle;
}
