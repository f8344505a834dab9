/* wasm_c_ref: references of wasm.h: handles, their views, and host info per object.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

#include <string.h>

/* ---- handles ---- */

/* Takes what the kind holds: a reference to a module or trap, a handle of the GC heap. */
static bool ref_acquire(struct wasm_ref_t *r, uint64_t raw)
{
    switch (r->kind) {
    case CAPI_MODULE:
        atomic_fetch_add_explicit(&((struct rt_module *)r->object)->references, 1,
                                  memory_order_relaxed);
        return true;
    case CAPI_TRAP: capi_trap_retain(r->object); return true;
    case CAPI_FOREIGN:
    case CAPI_OBJECT: return rt_handle_new(capi_rt(r), raw, &r->handle) == ST_OK;
    default: return true;
    }
}

static struct wasm_ref_t *ref_make(struct wasm_store_t *s, enum capi_kind kind, void *object,
                                   uint64_t raw, bool is_counted)
{
    struct wasm_ref_t *r = mem_alloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    *r = (struct wasm_ref_t){.kind = kind, .is_counted = is_counted, .store = s, .object = object};
    if (!ref_acquire(r, raw)) {
        mem_free(r);
        return NULL;
    }
    if (is_counted)
        capi_store_retain(s);
    return r;
}

struct wasm_ref_t *capi_ref_new(struct wasm_store_t *s, enum capi_kind kind, void *object)
{
    return ref_make(s, kind, object, RT_NULL, true);
}

void wasm_ref_delete(wasm_ref_t *r)
{
    if (r == NULL)
        return;
    switch (r->kind) {
    case CAPI_MODULE: rt_module_free(r->object); break;
    case CAPI_TRAP: capi_trap_release(r->object); break;
    case CAPI_FOREIGN:
    case CAPI_OBJECT: rt_handle_free(capi_rt(r), r->handle); break;
    default: break;
    }
    if (r->is_counted)
        capi_store_release(r->store);
    mem_free(r);
}

/* The word of a FOREIGN or OBJECT; RT_NULL for the others. */
static uint64_t raw_of(const struct wasm_ref_t *r)
{
    bool has_handle = r->kind == CAPI_FOREIGN || r->kind == CAPI_OBJECT;

    return has_handle ? rt_handle_get(capi_rt(r), r->handle) : RT_NULL;
}

wasm_ref_t *wasm_ref_copy(const wasm_ref_t *r)
{
    return ref_make(r->store, r->kind, r->object, raw_of(r), true);
}

bool wasm_ref_same(const wasm_ref_t *a, const wasm_ref_t *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    /* The words of OBJECT mean something else in every store. */
    return a->kind == b->kind && a->object == b->object &&
           (a->kind != CAPI_OBJECT || a->store == b->store);
}

/* ---- words of the runtime ---- */

bool capi_ref_from_raw(struct wasm_store_t *s, enum mujun_kind kind, uint64_t raw,
                       struct wasm_ref_t **out)
{
    *out = NULL;
    if (raw == RT_NULL)
        return true;
    if (kind == MUJUN_FUNCREF) {
        *out = capi_ref_new(s, CAPI_FUNC, (void *)(uintptr_t)raw);
        return *out != NULL;
    }
    const struct capi_box *box = rt_host_ref_data(s->store->rt, raw);
    if (box == NULL)
        *out = ref_make(s, CAPI_OBJECT, (void *)(uintptr_t)raw, raw, true);
    else
        *out = ref_make(s, box->kind, box->object, raw, true);
    return *out != NULL;
}

static void box_free(void *data)
{
    struct capi_box *box = data;

    if (box->kind == CAPI_MODULE)
        rt_module_free(box->object);
    else if (box->kind == CAPI_TRAP)
        capi_trap_release(box->object);
    mem_free(box);
}

/* A host value of the heap; object NULL: the box itself. */
static enum status box_new(struct wasm_store_t *s, enum capi_kind kind, void *object, uint64_t *raw)
{
    struct capi_box *box = mem_alloc(1, sizeof(*box));

    if (box == NULL)
        return ST_NO_MEMORY;
    *box = (struct capi_box){kind, object == NULL ? box : object};
    enum status st = rt_host_ref_new(s->store->rt, box, box_free, raw);
    if (st != ST_OK) {
        mem_free(box);
        return st;
    }
    if (kind == CAPI_MODULE)
        atomic_fetch_add_explicit(&((struct rt_module *)object)->references, 1,
                                  memory_order_relaxed);
    else if (kind == CAPI_TRAP)
        capi_trap_retain(object);
    return ST_OK;
}

/* The word for a reference that is not NULL, before its exact type is looked at; RT_NULL when the
 * hierarchy has no such references. */
static enum status word_for(struct wasm_store_t *s, const struct wasm_ref_t *ref,
                            enum mujun_kind kind, uint64_t *raw)
{
    *raw = RT_NULL;
    if (kind == MUJUN_FUNCREF) {
        if (ref->kind == CAPI_FUNC)
            *raw = (uint64_t)(uintptr_t)ref->object;
        return ST_OK;
    }
    *raw = raw_of(ref);
    if (*raw == RT_NULL && kind == MUJUN_EXTERNREF)
        return box_new(s, ref->kind, ref->object, raw);
    return ST_OK;
}

bool capi_ref_to_raw(struct wasm_store_t *s, const struct wasm_ref_t *ref, struct wm_valtype type,
                     uint64_t *raw, struct diag *dg)
{
    struct rt_store *rt = s->store->rt;
    const char *why = NULL;

    *raw = RT_NULL;
    if (ref == NULL && !wm_is_nullable(type))
        why = "a null reference where none is allowed";
    else if (ref != NULL && ref->store != s)
        why = "a reference of another store";
    else if (ref != NULL && word_for(s, ref, api_kind_of(rt->engine->types, type), raw) != ST_OK)
        why = "no room for a reference";
    else if (ref != NULL && (*raw == RT_NULL || !rt_ref_matches(rt, *raw, wm_heap_of(type))))
        why = "a reference of another type";
    if (why != NULL)
        diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%s", why);
    return why == NULL;
}

wasm_foreign_t *wasm_foreign_new(wasm_store_t *s)
{
    uint64_t raw = RT_NULL;
    struct wasm_ref_t *ref = NULL;

    if (box_new(s, CAPI_FOREIGN, NULL, &raw) != ST_OK ||
        !capi_ref_from_raw(s, MUJUN_EXTERNREF, raw, &ref))
        return NULL;
    return capi_as_foreign(ref);
}

/* ---- host info ---- */

struct wasm_host_info {
    struct wasm_host_info *next; /* in its bucket */
    struct wasm_ref_t *keep;     /* not counted */
    void *info;
    void (*finalizer)(void *);
};

static size_t bucket_of(const struct wasm_ref_t *r, uint32_t bucket_count)
{
    uint64_t h = ((uint64_t)(uintptr_t)r->object ^ (uint64_t)r->kind) * 0x9e3779b97f4a7c15u;

    return (size_t)(h >> 32) & (bucket_count - 1);
}

static struct wasm_host_info *info_find(const struct wasm_ref_t *r)
{
    const struct wasm_store_t *s = r->store;
    struct wasm_host_info *i = NULL;

    if (s->bucket_count != 0)
        i = s->infos[bucket_of(r, s->bucket_count)];
    while (i != NULL && !wasm_ref_same(i->keep, r))
        i = i->next;
    return i;
}

static bool infos_make_room(struct wasm_store_t *s)
{
    if (s->info_count < s->bucket_count)
        return true;
    uint32_t count = s->bucket_count == 0 ? 64 : s->bucket_count * 2;
    struct wasm_host_info **buckets = mem_alloc(count, sizeof(struct wasm_host_info *));
    if (buckets == NULL)
        return s->bucket_count != 0; /* slower, not wrong */
    for (uint32_t k = 0; k < s->bucket_count; k++)
        for (struct wasm_host_info *i = s->infos[k], *next; i != NULL; i = next) {
            struct wasm_host_info **bucket = &buckets[bucket_of(i->keep, count)];
            next = i->next;
            i->next = *bucket;
            *bucket = i;
        }
    mem_free(s->infos);
    s->infos = buckets;
    s->bucket_count = count;
    return true;
}

static struct wasm_host_info *info_new(const struct wasm_ref_t *r)
{
    struct wasm_store_t *s = r->store;

    if (!infos_make_room(s))
        return NULL;
    struct wasm_host_info *i = mem_alloc(1, sizeof(*i));
    if (i == NULL)
        return NULL;
    i->keep = ref_make(s, r->kind, r->object, raw_of(r), false);
    if (i->keep == NULL) {
        mem_free(i);
        return NULL;
    }
    struct wasm_host_info **bucket = &s->infos[bucket_of(r, s->bucket_count)];
    i->next = *bucket;
    *bucket = i;
    s->info_count++;
    return i;
}

void capi_infos_free(struct wasm_store_t *s)
{
    for (uint32_t k = 0; k < s->bucket_count; k++)
        for (struct wasm_host_info *i = s->infos[k], *next; i != NULL; i = next) {
            next = i->next;
            if (i->finalizer != NULL)
                i->finalizer(i->info);
            wasm_ref_delete(i->keep);
            mem_free(i);
        }
    mem_free(s->infos);
}

void *wasm_ref_get_host_info(const wasm_ref_t *r)
{
    const struct wasm_host_info *i = info_find(r);
    return i == NULL ? NULL : i->info;
}

void wasm_ref_set_host_info(wasm_ref_t *r, void *info)
{
    wasm_ref_set_host_info_with_finalizer(r, info, NULL);
}

void wasm_ref_set_host_info_with_finalizer(wasm_ref_t *r, void *info, void (*finalizer)(void *))
{
    struct wasm_host_info *i = info_find(r);

    if (i == NULL) {
        i = info_new(r);
    } else if (i->finalizer != NULL) {
        i->finalizer(i->info);
    }
    if (i == NULL) { /* no memory: the info cannot be kept */
        if (finalizer != NULL)
            finalizer(info);
        return;
    }
    i->info = info;
    i->finalizer = finalizer;
}

/* ---- the same for every noun ---- */

#define REF_BASE(name)                                                                             \
    void wasm_##name##_delete(wasm_##name##_t *x)                                                  \
    {                                                                                              \
        wasm_ref_delete(capi_of_##name(x));                                                        \
    }                                                                                              \
    wasm_##name##_t *wasm_##name##_copy(const wasm_##name##_t *x)                                  \
    {                                                                                              \
        return capi_as_##name(wasm_ref_copy(capi_of_##name(x)));                                   \
    }                                                                                              \
    bool wasm_##name##_same(const wasm_##name##_t *a, const wasm_##name##_t *b)                    \
    {                                                                                              \
        return wasm_ref_same(capi_of_##name(a), capi_of_##name(b));                                \
    }                                                                                              \
    void *wasm_##name##_get_host_info(const wasm_##name##_t *x)                                    \
    {                                                                                              \
        return wasm_ref_get_host_info(capi_of_##name(x));                                          \
    }                                                                                              \
    void wasm_##name##_set_host_info(wasm_##name##_t *x, void *info)                               \
    {                                                                                              \
        wasm_ref_set_host_info(capi_of_##name(x), info);                                           \
    }                                                                                              \
    void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t *x, void *info,                \
                                                    void (*finalizer)(void *))                     \
    {                                                                                              \
        wasm_ref_set_host_info_with_finalizer(capi_of_##name(x), info, finalizer);                 \
    }

/* is: whether a reference r is one of this noun. */
#define REF(name, is)                                                                              \
    REF_BASE(name)                                                                                 \
    wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *x)                                           \
    {                                                                                              \
        return capi_of_##name(x);                                                                  \
    }                                                                                              \
    const wasm_ref_t *wasm_##name##_as_ref_const(const wasm_##name##_t *x)                         \
    {                                                                                              \
        return capi_of_##name(x);                                                                  \
    }                                                                                              \
    wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *r)                                             \
    {                                                                                              \
        return r != NULL && (is) ? capi_as_##name(r) : NULL;                                       \
    }                                                                                              \
    const wasm_##name##_t *wasm_ref_as_##name##_const(const wasm_ref_t *r)                         \
    {                                                                                              \
        return r != NULL && (is) ? capi_as_##name(r) : NULL;                                       \
    }
REF(func, r->kind == CAPI_FUNC)
REF(global, r->kind == CAPI_GLOBAL)
REF(table, r->kind == CAPI_TABLE)
REF(memory, r->kind == CAPI_MEMORY)
REF(tag, r->kind == CAPI_TAG)
REF(extern, r->kind <= CAPI_TAG)
REF(instance, r->kind == CAPI_INSTANCE)
REF(module, r->kind == CAPI_MODULE)
REF(trap, r->kind == CAPI_TRAP)
REF(foreign, r->kind == CAPI_FOREIGN)
