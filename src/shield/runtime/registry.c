/*
 * registry: canonical recursion groups. A group is written as a string of words in which types of
 * the group itself are named by their place in it and all others by their registry id; equal
 * words, same group. Outside types are canonical already, so equal words mean equivalent types.
 *
 *   group   count, types
 *   type    composite and finality, supertype, parameter, result and field count, then per
 *           parameter, result, field: value type (2 words), mutability of fields
 *   type reference   kind, nullability and class in one word; place, id or abstract code
 *
 * Types lie in chunks that never move, so readers take no lock: whoever has an id got it from a
 * call that held the lock.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/runtime/registry.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

enum {
    CHUNK_LOG2 = 12,
    CHUNK_TYPES = 1 << CHUNK_LOG2,
    CHUNKS = 1 << 10,
    TYPES_MAX = CHUNKS * CHUNK_TYPES, /* what the heap code of a wm_valtype can name */
    BUCKETS_MIN = 256,
};
_Static_assert(TYPES_MAX == 1 << 22, "heap codes are signed and have 23 bits");
#define REGISTRY_BYTES_MAX ((size_t)4 << 30)

enum word_class { CLASS_PLAIN, CLASS_INSIDE, CLASS_OUTSIDE };

struct group {
    struct group *next; /* in its bucket */
    uint64_t hash;
    uint32_t first_id, word_count;
    const uint32_t *words;
};

struct rt_registry {
    pthread_mutex_t lock; /* for everything but reading chunks */
    struct arena arena;
    uint64_t key[2]; /* of the hash: random, the second odd; order of ids does not depend on it */
    struct group **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t group_count, type_count;
    _Atomic(struct rt_type *) chunks[CHUNKS];
};

/* One recursion group on its way in. ids[] are filled for all types before it. */
struct incoming {
    struct rt_registry *registry;
    const struct wm_type *types; /* the group's */
    uint32_t first, count;       /* module index of the first */
    const uint32_t *ids;
    uint32_t *words;
    uint32_t word_count, word_capacity;
    struct group *found;
};

struct rt_registry *rt_registry_new(void)
{
    struct rt_registry *r = mem_alloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->buckets = mem_alloc(BUCKETS_MIN, sizeof(struct group *));
    if (r->buckets == NULL || pthread_mutex_init(&r->lock, NULL) != 0) {
        mem_free(r->buckets);
        mem_free(r);
        return NULL;
    }
    r->bucket_count = BUCKETS_MIN;
    if (getrandom(r->key, sizeof(r->key), GRND_NONBLOCK) != (ssize_t)sizeof(r->key))
        r->key[0] = r->key[1] = (uint64_t)(uintptr_t)r; /* placed at random too */
    r->key[1] |= (UINT64_C(1) << 63) | 1;
    arena_init(&r->arena, REGISTRY_BYTES_MAX);
    return r;
}

void rt_registry_free(struct rt_registry *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < CHUNKS; i++)
        mem_free(atomic_load_explicit(&r->chunks[i], memory_order_relaxed));
    pthread_mutex_destroy(&r->lock);
    arena_free(&r->arena);
    mem_free(r->buckets);
    mem_free(r);
}

const struct rt_type *rt_registry_type(const struct rt_registry *r, uint32_t id)
{
    assert(id < TYPES_MAX && "a registry id");
    struct rt_type *chunk =
        atomic_load_explicit(&r->chunks[id >> CHUNK_LOG2], memory_order_acquire);
    CHECK(chunk != NULL, "a type id that no module has registered");
    return &chunk[id & (CHUNK_TYPES - 1)];
}

struct wm_valtype rt_valtype_global(const uint32_t *type_ids, struct wm_valtype t)
{
    if (!wm_is_ref(t) || !wm_heap_is_index(wm_heap_of(t)))
        return t;
    uint32_t id = type_ids[wm_heap_of(t).code];
    return wm_ref(wm_heap_index(id), wm_is_nullable(t));
}

static void push_word(struct incoming *in, uint32_t word)
{
    ARENA_PUSH(&in->registry->arena, in->words, in->word_count, in->word_capacity, word);
}

static void push_heap(struct incoming *in, uint32_t prefix, struct wm_heap heap)
{
    uint32_t index = (uint32_t)heap.code;
    enum word_class class = CLASS_PLAIN;
    uint32_t value = index;

    if (wm_heap_is_index(heap) && index >= in->first && index - in->first < in->count) {
        class = CLASS_INSIDE;
        value = index - in->first;
    } else if (wm_heap_is_index(heap)) {
        class = CLASS_OUTSIDE;
        value = in->ids == NULL ? index : in->ids[index];
    }
    push_word(in, prefix | (uint32_t) class << 16);
    push_word(in, value);
}

static void push_valtype(struct incoming *in, struct wm_valtype t)
{
    uint32_t prefix = t.bits & 0x1ff; /* kind and nullability */

    if (wm_is_ref(t)) {
        push_heap(in, prefix, wm_heap_of(t));
        return;
    }
    push_word(in, prefix);
    push_word(in, 0);
}

static void push_type(struct incoming *in, const struct wm_type *t)
{
    assert(t->super_count <= 1 && "the validator refuses more");
    push_word(in, (uint32_t)t->composite | (uint32_t)t->is_final << 8 | t->super_count << 9);
    if (t->super_count != 0)
        push_heap(in, 0, wm_heap_index(t->super));
    push_word(in, t->param_count);
    push_word(in, t->result_count);
    push_word(in, t->field_count);
    for (uint32_t i = 0; i < t->param_count; i++)
        push_valtype(in, t->params[i]);
    for (uint32_t i = 0; i < t->result_count; i++)
        push_valtype(in, t->results[i]);
    for (uint32_t i = 0; i < t->field_count; i++) {
        push_valtype(in, t->fields[i].type);
        push_word(in, t->fields[i].is_mutable);
    }
}

/* Both halves of the product: every bit of a and b counts. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Keyed, so that nobody can write a module whose groups all fall into one bucket. */
static uint64_t hash_words(const struct rt_registry *r, const uint32_t *words, uint32_t count)
{
    uint64_t hash = r->key[0] ^ count;

    for (uint32_t i = 0; i < count; i++)
        hash = mix(hash ^ words[i], r->key[1]) + r->key[0];
    return mix(hash, r->key[1]);
}

static struct group *find_group(struct rt_registry *r, uint64_t hash, const uint32_t *words,
                                uint32_t word_count)
{
    for (struct group *g = r->buckets[hash & (r->bucket_count - 1)]; g != NULL; g = g->next)
        if (g->hash == hash && g->word_count == word_count &&
            memcmp(g->words, words, word_count * sizeof(*words)) == 0)
            return g;
    return NULL;
}

/* Doubling keeps chains short; without memory for it they only get longer. */
static void grow_buckets(struct rt_registry *r)
{
    uint32_t count = r->bucket_count * 2;
    struct group **buckets = mem_alloc(count, sizeof(struct group *));

    if (buckets == NULL)
        return;
    for (uint32_t i = 0; i < r->bucket_count; i++)
        for (struct group *g = r->buckets[i], *next = NULL; g != NULL; g = next) {
            next = g->next;
            g->next = buckets[g->hash & (count - 1)];
            buckets[g->hash & (count - 1)] = g;
        }
    mem_free(r->buckets);
    r->buckets = buckets;
    r->bucket_count = count;
}

static uint8_t size_log2_of(struct wm_valtype t)
{
    switch (wm_kind(t)) {
    case WM_KIND_I8: return 0;
    case WM_KIND_I16: return 1;
    case WM_KIND_I32:
    case WM_KIND_F32: return 2;
    case WM_KIND_V128: return 4;
    default: return 3; /* i64, f64, references */
    }
}

/* Is the heap type in the hierarchy of functions? t: its registry type when it is an id. */
static bool is_func_heap(struct rt_registry *r, struct wm_heap heap, const struct incoming *in,
                         uint32_t first_id)
{
    if (!wm_heap_is_index(heap))
        return wm_heap_as_abs(heap) == WM_HEAP_FUNC || wm_heap_as_abs(heap) == WM_HEAP_NOFUNC;
    uint32_t id = (uint32_t)heap.code;
    if (id >= first_id && id - first_id < in->count) /* not filled in yet */
        return in->types[id - first_id].composite == WM_FUNC_TYPE;
    return rt_registry_type(r, id)->composite == WM_FUNC_TYPE;
}

/* A type of the group, with registry ids in place of module indices. */
static struct wm_valtype to_global(const struct incoming *in, uint32_t first_id,
                                   struct wm_valtype t)
{
    if (!wm_is_ref(t) || !wm_heap_is_index(wm_heap_of(t)))
        return t;
    uint32_t index = (uint32_t)wm_heap_of(t).code;
    uint32_t id = index;
    if (index >= in->first && index - in->first < in->count)
        id = first_id + (index - in->first);
    else if (in->ids != NULL)
        id = in->ids[index];
    return wm_ref(wm_heap_index(id), wm_is_nullable(t));
}

static const struct wm_valtype *copy_valtypes(struct incoming *in, uint32_t first_id,
                                              const struct wm_valtype *types, uint32_t count)
{
    struct wm_valtype *copy = arena_new(&in->registry->arena, struct wm_valtype, count);

    for (uint32_t i = 0; i < count; i++)
        copy[i] = to_global(in, first_id, types[i]);
    return copy;
}

/* Fields in order, each at its natural alignment. */
static void lay_out_fields(struct incoming *in, uint32_t first_id, const struct wm_type *from,
                           struct rt_type *to)
{
    struct rt_field_layout *fields =
        arena_new(&in->registry->arena, struct rt_field_layout, from->field_count);
    uint32_t offset = 0;

    for (uint32_t i = 0; i < from->field_count; i++) {
        struct wm_valtype type = to_global(in, first_id, from->fields[i].type);
        uint8_t size_log2 = size_log2_of(type);
        uint32_t size = 1u << size_log2;

        offset = (offset + size - 1) & ~(size - 1);
        fields[i] = (struct rt_field_layout){
            .offset = offset,
            .size_log2 = size_log2,
            .is_gc_ref =
                wm_is_ref(type) && !is_func_heap(in->registry, wm_heap_of(type), in, first_id),
            .is_mutable = from->fields[i].is_mutable,
            .type = type,
        };
        offset += size;
    }
    to->fields = fields;
    to->field_count = from->field_count;
    to->payload_bytes = from->composite == WM_STRUCT_TYPE ? offset : 0;
}

static void fill_display(struct incoming *in, uint32_t first_id, const struct wm_type *from,
                         struct rt_type *to)
{
    const struct rt_type *super = NULL;

    if (from->super_count != 0) {
        struct wm_valtype as_ref = wm_ref(wm_heap_index(from->super), false);
        uint32_t super_id = (uint32_t)wm_heap_of(to_global(in, first_id, as_ref)).code;
        assert(super_id < to->id && "supertypes stand before their subtypes");
        super = rt_registry_type(in->registry, super_id);
    }
    to->depth = super == NULL ? 0 : super->depth + 1;
    uint32_t *display = arena_new(&in->registry->arena, uint32_t, to->depth + 1);
    if (super != NULL)
        memcpy(display, super->display, to->depth * sizeof(*display));
    display[to->depth] = to->id;
    to->display = display;
}

static struct rt_type *slot_of(struct rt_registry *r, uint32_t id)
{
    struct rt_type *chunk =
        atomic_load_explicit(&r->chunks[id >> CHUNK_LOG2], memory_order_relaxed);
    return &chunk[id & (CHUNK_TYPES - 1)];
}

/* Chunks for count more types. Done before the types are filled in, so that those cannot fail. */
static enum status reserve_types(struct rt_registry *r, uint32_t count, struct diag *dg)
{
    if (count > TYPES_MAX - r->type_count)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "the modules of this engine have more than %d different types",
                         (int)TYPES_MAX);
    for (uint32_t i = r->type_count >> CHUNK_LOG2; i <= (r->type_count + count - 1) >> CHUNK_LOG2;
         i++) {
        if (atomic_load_explicit(&r->chunks[i], memory_order_relaxed) != NULL)
            continue;
        struct rt_type *chunk = mem_alloc(CHUNK_TYPES, sizeof(*chunk));
        if (chunk == NULL)
            return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                             "the host refused memory for the types of a module");
        atomic_store_explicit(&r->chunks[i], chunk, memory_order_release);
    }
    return ST_OK;
}

static enum status add_group(struct incoming *in, uint64_t hash, struct diag *dg)
{
    struct rt_registry *r = in->registry;
    const uint32_t first_id = r->type_count;

    TRY(reserve_types(r, in->count, dg));
    for (uint32_t i = 0; i < in->count; i++) {
        const struct wm_type *from = &in->types[i];
        struct rt_type *to = slot_of(r, first_id + i);

        *to = (struct rt_type){.id = first_id + i,
                               .registry = in->registry,
                               .composite = from->composite,
                               .is_final = from->is_final,
                               .param_count = from->param_count,
                               .result_count = from->result_count};
        to->params = copy_valtypes(in, first_id, from->params, from->param_count);
        to->results = copy_valtypes(in, first_id, from->results, from->result_count);
        lay_out_fields(in, first_id, from, to);
        fill_display(in, first_id, from, to);
    }
    struct group *g = arena_new(&r->arena, struct group, 1);
    if (r->group_count >= r->bucket_count)
        grow_buckets(r);
    struct group **bucket = &r->buckets[hash & (r->bucket_count - 1)];
    *g = (struct group){.next = *bucket,
                        .hash = hash,
                        .first_id = first_id,
                        .word_count = in->word_count,
                        .words = in->words};
    *bucket = g;
    r->group_count++;
    r->type_count += in->count;
    in->found = g;
    return ST_OK;
}

/* Under the lock, inside the guard of the arena. Sets in->found. */
static enum status intern_group(struct incoming *in, struct diag *dg)
{
    struct arena_mark mark = arena_mark(&in->registry->arena);

    push_word(in, in->count);
    for (uint32_t i = 0; i < in->count; i++)
        push_type(in, &in->types[i]);
    uint64_t hash = hash_words(in->registry, in->words, in->word_count);
    in->found = find_group(in->registry, hash, in->words, in->word_count);
    if (in->found == NULL)
        return add_group(in, hash, dg);
    arena_release(&in->registry->arena, mark);
    return ST_OK;
}

struct module_job {
    struct rt_registry *registry;
    const struct wm_module *module;
    uint32_t *ids;
};

static enum status intern_module(void *ctx, struct diag *dg)
{
    const struct module_job *job = ctx;
    const struct wm_module *m = job->module;

    for (uint32_t first = 0; first < m->type_count;) {
        uint32_t count = m->types[first].group_count;
        assert(m->types[first].group_first == first && count != 0 && "groups follow each other");
        assert(count <= m->type_count - first && "groups end inside the section");
        struct incoming in = {.registry = job->registry,
                              .types = &m->types[first],
                              .first = first,
                              .count = count,
                              .ids = job->ids};
        TRY(intern_group(&in, dg));
        for (uint32_t i = 0; i < count; i++)
            job->ids[first + i] = in.found->first_id + i;
        first += count;
    }
    return ST_OK;
}

enum status rt_registry_add(struct rt_registry *r, const struct wm_module *m, uint32_t *ids,
                            struct diag *dg)
{
    struct module_job job = {.registry = r, .module = m, .ids = ids};

    pthread_mutex_lock(&r->lock);
    enum status st = arena_guard(&r->arena, intern_module, &job, dg);
    pthread_mutex_unlock(&r->lock);
    return diag_in(dg, st, "the types of the module");
}

static enum status intern_one(void *ctx, struct diag *dg)
{
    return intern_group(ctx, dg);
}

enum status rt_registry_add_func(struct rt_registry *r, const struct wm_valtype *params,
                                 uint32_t param_count, const struct wm_valtype *results,
                                 uint32_t result_count, uint32_t *id, struct diag *dg)
{
    /* The arrays are only read; wm_type has no const ones. */
    struct wm_type type = {.composite = WM_FUNC_TYPE,
                           .is_final = true,
                           .group_count = 1,
                           .param_count = param_count,
                           .result_count = result_count};
    memcpy(&type.params, &params, sizeof(params));
    memcpy(&type.results, &results, sizeof(results));
    /* No type index of the group itself: every heap code is a registry id already. */
    struct incoming in = {.registry = r, .types = &type, .first = UINT32_MAX, .count = 1};

    pthread_mutex_lock(&r->lock);
    enum status st = arena_guard(&r->arena, intern_one, &in, dg);
    if (st == ST_OK)
        *id = in.found->first_id;
    pthread_mutex_unlock(&r->lock);
    return diag_in(dg, st, "the type of a host function");
}
