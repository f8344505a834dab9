/* store: makes and frees a store and the objects that hosts make in it. The list of what it owns
 * is described in own.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/store.h"

#include "base/mem.h"
#include "shield/runtime/gc_int.h"
#include "shield/runtime/own.h"
#include "shield/runtime/trap.h"

#include <assert.h>
#include <inttypes.h>

enum status rt_no_memory(struct diag *dg, uint64_t bytes, const char *what)
{
    return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the host refused %" PRIu64 " bytes for %s",
                     bytes, what);
}

void *rt_own(struct rt_store *s, enum rt_owned_kind kind, uint32_t count, size_t size,
             struct diag *dg)
{
    assert(size != 0 && count <= (SIZE_MAX - sizeof(struct rt_owned)) / size && "bounded");
    struct rt_owned *o = mem_alloc(1, sizeof(*o) + count * size);

    if (o == NULL) {
        (void)!rt_no_memory(dg, count * size, "an object of the store");
        return NULL;
    }
    if (kind == RT_OWNED_FUNCS &&
        rt_func_index_add(&s->func_index, (const void *)o->items, count, dg) != ST_OK) {
        mem_free(o);
        return NULL;
    }
    o->kind = kind;
    o->count = count;
    o->older = s->owned;
    s->owned = o;
    return o->items;
}

static void release_funcs(struct rt_func *funcs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (funcs[i].host_free != NULL)
            funcs[i].host_free(funcs[i].host_env);
}

static void release_instance(struct rt_store *s, struct rt_instance *i)
{
    assert(s->instances == i && "freed newest first");
    s->instances = i->next;
    s->instance_count--;
    const struct rt_tier *tier = s->engine->config.tier;
    if (i->context != NULL && tier != NULL && tier->instance_free != NULL)
        tier->instance_free(i);
    rt_module_free(i->module);
}

static void release_owned(struct rt_store *s, struct rt_owned *o)
{
    void *items = o->items;

    switch (o->kind) {
    case RT_OWNED_INSTANCE: release_instance(s, items); break;
    case RT_OWNED_FUNCS:
        rt_func_index_remove(&s->func_index, items);
        release_funcs(items, o->count);
        break;
    case RT_OWNED_TABLES:
        for (uint32_t i = 0; i < o->count; i++)
            rt_table_release(&((struct rt_table *)items)[i]);
        break;
    case RT_OWNED_MEMORIES:
        for (uint32_t i = 0; i < o->count; i++)
            rt_memory_release(((struct rt_memory **)items)[i]);
        break;
    case RT_OWNED_ELEMS:
        for (uint32_t i = 0; i < o->count; i++)
            mem_free(((struct rt_elem *)items)[i].items);
        break;
    case RT_OWNED_RAW:
    case RT_OWNED_GLOBALS:
    case RT_OWNED_TAGS: break;
    }
}

void rt_disown(struct rt_store *s, struct rt_owned *until)
{
    while (s->owned != until) {
        struct rt_owned *o = s->owned;
        assert(o != NULL && "until is in the list");
        s->owned = o->older;
        release_owned(s, o);
        mem_free(o);
    }
}

void rt_budget_release(struct rt_budget *b)
{
    if (b != NULL && atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) == 1)
        mem_free(b);
}

enum status rt_store_new(struct rt_engine *engine, const struct rt_limits *limits,
                         struct rt_store **out, struct diag *dg)
{
    struct rt_store *s = mem_alloc(1, sizeof(*s));

    if (s == NULL)
        return rt_no_memory(dg, sizeof(*s), "a store");
    s->engine = engine;
    atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
    s->limits = *limits;
    s->memory_budget = mem_alloc(1, sizeof(*s->memory_budget));
    if (s->memory_budget != NULL) {
        s->memory_budget->limit_bytes = limits->memory_bytes;
        atomic_init(&s->memory_budget->references, 1);
    }
    s->gc = rt_gc_new();
    if (s->memory_budget == NULL || s->gc == NULL) {
        rt_store_free(s);
        return rt_no_memory(dg, sizeof(*s->memory_budget), "a store");
    }
    const struct rt_tier *tier = engine->config.tier;
    if (tier != NULL && tier->store_init != NULL) {
        enum status st = tier->store_init(s, dg);
        if (st != ST_OK) {
            rt_store_free(s);
            return st;
        }
    }
    *out = s;
    return ST_OK;
}

void rt_store_free(struct rt_store *s)
{
    if (s == NULL)
        return;
    assert(s->host_depth == 0 && "a running store cannot be freed");
    const struct rt_tier *tier = s->engine->config.tier;
    if (s->tier_state != NULL && tier != NULL && tier->store_free != NULL)
        tier->store_free(s);
    rt_gc_free(s->gc, s->engine->types);
    s->func_index.count = 0;
    rt_disown(s, NULL);
    mem_free(s->func_index.blocks);
    rt_budget_release(s->memory_budget);
    rt_trap_free(s->trap);
    rt_engine_free(s->engine);
    mem_free(s);
}

void rt_store_interrupt(struct rt_store *s)
{
    const struct rt_tier *tier = s->engine->config.tier;

    atomic_store_explicit(&s->interrupted, 1, memory_order_seq_cst);
    if (tier != NULL && tier->interrupt != NULL)
        tier->interrupt(s);
}

enum status rt_func_new(struct rt_store *s, uint32_t type_id, rt_host_fn host, void *env,
                        void (*env_free)(void *), struct rt_func **out, struct diag *dg)
{
    assert(host != NULL && "a host function has code");
    struct rt_func *fn = rt_own(s, RT_OWNED_FUNCS, 1, sizeof(*fn), dg);

    if (fn == NULL)
        return ST_NO_MEMORY;
    const struct rt_tier *tier = s->engine->config.tier;
    *fn = (struct rt_func){
        .code = tier != NULL ? tier->host_code : NULL,
        .context = s->host_context,
        .store = s, .type_id = type_id, .host = host, .host_env = env, .host_free = env_free};
    *out = fn;
    return ST_OK;
}

enum status rt_memory_new(struct rt_store *s, const struct wm_memory *type, struct rt_memory **out,
                          struct diag *dg)
{
    struct rt_memory **slot = rt_own(s, RT_OWNED_MEMORIES, 1, sizeof(struct rt_memory *), dg);

    if (slot == NULL)
        return ST_NO_MEMORY;
    struct rt_owned *before = s->owned->older;
    enum status st = rt_memory_make(s, type, NULL, slot, dg);
    if (st != ST_OK) {
        rt_disown(s, before);
        return st;
    }
    *out = *slot;
    return ST_OK;
}

enum status rt_memory_adopt(struct rt_store *s, struct rt_memory *m, struct diag *dg)
{
    CHECK(m->is_shared, "only shared memories live in several stores");
    for (struct rt_owned *o = s->owned; o != NULL; o = o->older)
        for (uint32_t i = 0; o->kind == RT_OWNED_MEMORIES && i < o->count; i++)
            if (((struct rt_memory **)(void *)o->items)[i] == m)
                return ST_OK;
    struct rt_memory **slot = rt_own(s, RT_OWNED_MEMORIES, 1, sizeof(struct rt_memory *), dg);
    if (slot == NULL)
        return ST_NO_MEMORY;
    atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
    *slot = m;
    return ST_OK;
}

enum status rt_table_new(struct rt_store *s, const struct wm_limits *limits, struct wm_valtype type,
                         uint64_t init, struct rt_table **out, struct diag *dg)
{
    struct rt_table *t = rt_own(s, RT_OWNED_TABLES, 1, sizeof(*t), dg);

    if (t == NULL)
        return ST_NO_MEMORY;
    struct rt_owned *before = s->owned->older;
    enum status st = rt_table_init_new(s, t, limits, type, init, dg);
    if (st != ST_OK) {
        rt_disown(s, before);
        return st;
    }
    *out = t;
    return ST_OK;
}

enum status rt_global_new(struct rt_store *s, struct wm_valtype type, bool is_mutable,
                          union rt_value value, struct rt_global **out, struct diag *dg)
{
    struct rt_global *g = rt_own(s, RT_OWNED_GLOBALS, 1, sizeof(*g), dg);

    if (g == NULL)
        return ST_NO_MEMORY;
    *g = (struct rt_global){
        .cell = &g->home, .home = value, .store = s, .type = type, .is_mutable = is_mutable};
    *out = g;
    return ST_OK;
}

enum status rt_tag_new(struct rt_store *s, uint32_t type_id, struct rt_tag **out, struct diag *dg)
{
    struct rt_tag *tag = rt_own(s, RT_OWNED_TAGS, 1, sizeof(*tag), dg);

    if (tag == NULL)
        return ST_NO_MEMORY;
    *tag = (struct rt_tag){.store = s, .type_id = type_id};
    *out = tag;
    return ST_OK;
}
