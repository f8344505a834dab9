/* test_gc: the heap against a model of which objects can be reached; limits; deep and wide data;
 * host values; fields; corrupt references. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROOT_SLOTS = 64, MODEL_OBJECTS_MAX = 60000, NODE_LEFT = 0, NODE_RIGHT = 1, NODE_NUMBER = 2 };

static union rt_value ref_value(uint64_t ref)
{
    return (union rt_value){
        .u64 = {ref, 0}
    };
}

static void field_set(struct fixture *f, uint64_t node, uint32_t field, union rt_value value)
{
    const struct rt_field_layout *layout = &f->types[TYPE_NODE]->fields[field];
    rt_field_set(rt_object_of(f->store, node)->payload + layout->offset, layout, value);
}

static uint64_t field_get(struct fixture *f, uint64_t node, uint32_t field)
{
    const struct rt_field_layout *layout = &f->types[TYPE_NODE]->fields[field];
    return rt_field_get(rt_object_of(f->store, node)->payload + layout->offset, layout, false).i64;
}

static struct rt_table *root_table(struct fixture *f, uint64_t size)
{
    struct wm_limits limits = {.min = size};
    struct rt_table *t = NULL;

    must(rt_table_new(f->store, &limits, ANYREF, RT_NULL, &t, NULL) == ST_OK, "table");
    return t;
}

/* ---- random graphs against a model ------------------------------------------------------------
 */

struct model_object {
    uint64_t ref;
    uint32_t children[2]; /* model indices; 0: null */
    bool is_host, is_reached, is_released;
};
static struct model_object model[MODEL_OBJECTS_MAX];
static uint32_t model_count = 1; /* 0 is null */
static uint32_t model_roots[ROOT_SLOTS];
static uint32_t work[MODEL_OBJECTS_MAX];

static void release_model(void *data)
{
    ((struct model_object *)data)->is_released = true;
}

/* Something reachable, or null: a root or a child of one. */
static uint32_t pick(uint64_t *seed)
{
    uint32_t index = model_roots[random_next(seed) % ROOT_SLOTS];

    if (index == 0 || model[index].is_host || random_next(seed) % 2 == 0)
        return index;
    return model[index].children[random_next(seed) % 2];
}

static uint32_t model_reach(void)
{
    uint32_t count = 0, reached = 0;

    for (uint32_t i = 1; i < model_count; i++)
        model[i].is_reached = false;
    for (uint32_t i = 0; i < ROOT_SLOTS; i++)
        work[count++] = model_roots[i];
    while (count != 0) {
        struct model_object *o = &model[work[--count]];
        if (o == model || o->is_reached)
            continue;
        o->is_reached = true;
        reached++;
        for (uint32_t c = 0; c < 2 && !o->is_host; c++)
            if (!model[o->children[c]].is_reached)
                work[count++] = o->children[c];
    }
    return reached;
}

/* Compares every object with the model right after a collection; the first difference or NULL. */
static const char *model_differs(struct fixture *f)
{
    if (model_reach() != rt_gc_stats(f->store).objects)
        return "number of objects";
    for (uint32_t i = 1; i < model_count; i++) {
        const struct model_object *o = &model[i];
        if (o->is_host && o->is_released == o->is_reached)
            return "release of a host value";
        if (!o->is_reached)
            continue;
        if (!rt_gc_is_object(f->store->gc, o->ref))
            return "a reachable object was freed";
        if (o->is_host)
            continue;
        if (field_get(f, o->ref, NODE_NUMBER) != i ||
            field_get(f, o->ref, NODE_LEFT) != model[o->children[0]].ref ||
            field_get(f, o->ref, NODE_RIGHT) != model[o->children[1]].ref)
            return "fields of a reachable object";
    }
    return NULL;
}

static void model_step(struct fixture *f, struct rt_table *roots, uint64_t *seed)
{
    const uint32_t slot = (uint32_t)(random_next(seed) % ROOT_SLOTS);
    const uint32_t target = pick(seed);

    switch (random_next(seed) % 8) {
    case 0: /* drop a root */ model_roots[slot] = 0; break;
    case 1: /* a field of a root */
        if (model_roots[slot] != 0 && !model[model_roots[slot]].is_host) {
            uint32_t which = (uint32_t)(random_next(seed) % 2);
            model[model_roots[slot]].children[which] = target;
            field_set(f, model[model_roots[slot]].ref, which, ref_value(model[target].ref));
        }
        break;
    case 2: { /* a host value */
        struct model_object *o = &model[model_count];
        *o = (struct model_object){.is_host = true};
        must(rt_host_ref_new(f->store, o, release_model, &o->ref) == ST_OK, "host value");
        model_roots[slot] = model_count++;
        break;
    }
    default: { /* a node with two children that can be reached meanwhile */
        uint32_t children[2] = {target, pick(seed)};
        struct model_object *o = &model[model_count];
        must(rt_struct_new(f->store, f->types[TYPE_NODE], &o->ref) == ST_OK, "node");
        for (uint32_t c = 0; c < 2; c++) {
            o->children[c] = children[c];
            field_set(f, o->ref, c, ref_value(model[children[c]].ref));
        }
        field_set(f, o->ref, NODE_NUMBER, ref_value(model_count));
        model_roots[slot] = model_count++;
        break;
    }
    }
    roots->elements[slot] = model[model_roots[slot]].ref;
}

static void test_model(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_table *roots = root_table(&f, ROOT_SLOTS);
    uint64_t seed = 20260101;
    const char *difference = NULL;
    uint32_t rounds = 0;

    while (difference == NULL && model_count + 1000 < MODEL_OBJECTS_MAX) {
        for (uint32_t i = 0; i < 1000; i++)
            model_step(&f, roots, &seed);
        rt_gc_collect(f.store);
        difference = model_differs(&f);
        rounds++;
    }
    tap_ok(difference == NULL, "%u objects in %u rounds as the model: %s", model_count, rounds,
           difference == NULL ? "equal" : difference);
    fixture_close(&f);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < model_count; i++)
        kept += model[i].is_host && !model[i].is_released;
    tap_ok(kept == 0, "the end of the store releases every host value, %u left", kept);
}

/* ---- shapes -----------------------------------------------------------------------------------
 */

static void test_deep_and_wide(void)
{
    enum { DEEP = 300000, WIDE = 500000 };
    struct fixture f = fixture_open(rt_limits_default());
    uint64_t list = RT_NULL, wide = RT_NULL, node = RT_NULL;

    must(rt_root_push(f.store, &list) == ST_OK && rt_root_push(f.store, &wide) == ST_OK, "roots");
    for (uint32_t i = 0; i < DEEP; i++) {
        must(rt_struct_new(f.store, f.types[TYPE_NODE], &node) == ST_OK, "node");
        field_set(&f, node, NODE_LEFT, ref_value(list));
        list = node;
    }
    must(rt_array_new(f.store, f.types[TYPE_REFS], WIDE, &wide) == ST_OK, "array");
    for (uint64_t i = 0; i < WIDE; i++) {
        must(rt_struct_new(f.store, f.types[TYPE_NODE], &node) == ST_OK, "node");
        memcpy(rt_object_of(f.store, wide)->payload + i * 8, &node, sizeof(node));
    }
    rt_gc_collect(f.store);
    tap_ok(rt_gc_stats(f.store).objects == DEEP + WIDE + 1, "a list of %u and an array of %u live",
           DEEP, WIDE);
    wide = RT_NULL;
    rt_gc_collect(f.store);
    tap_ok(rt_gc_stats(f.store).objects == DEEP, "the array goes, the list stays");
    rt_root_pop(f.store, 2);
    rt_gc_collect(f.store);
    tap_ok(rt_gc_stats(f.store).objects == 0 && rt_gc_stats(f.store).used_bytes == 0,
           "nothing is left without roots");
    fixture_close(&f);
}

/* Every kind of holder keeps an object alive, and only it. */
static void test_roots(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_store *s = f.store;
    struct rt_table *table = root_table(&f, 1);
    struct rt_global *global = NULL;
    struct rt_tag *tag = NULL;
    uint64_t ref = RT_NULL, kept = RT_NULL;
    uint32_t first = 0, second = 0, third = 0;

    must(rt_global_new(s, ANYREF, true, ref_value(RT_NULL), &global, NULL) == ST_OK, "global");
    must(rt_tag_new(s, f.ids[TYPE_THROWN], &tag, NULL) == ST_OK, "tag");
    for (uint32_t holder = 0; holder < 5; holder++) {
        static const char *const names[] = {"table", "global", "handle", "pushed root",
                                            "exception"};
        must(rt_struct_new(s, f.types[TYPE_NODE], &ref) == ST_OK, "node");
        kept = holder == 3 ? ref : RT_NULL;
        switch (holder) {
        case 0: table->elements[0] = ref; break;
        case 1: global->cell->ref = ref; break;
        case 2: must(rt_handle_new(s, ref, &first) == ST_OK, "handle"); break;
        case 3: must(rt_root_push(s, &kept) == ST_OK, "root"); break;
        default: {
            const union rt_value args[2] = {{.i32 = 7}, {.u64 = {ref, 0}}};
            must(rt_exception_new(s, tag, args, &s->exception) == ST_OK, "exception");
        }
        }
        rt_gc_collect(s);
        bool alive = rt_gc_is_object(s->gc, ref);
        table->elements[0] = global->cell->ref = s->exception = RT_NULL;
        rt_handle_free(s, first);
        first = 0;
        if (holder == 3)
            rt_root_pop(s, 1);
        rt_gc_collect(s);
        tap_ok(alive && !rt_gc_is_object(s->gc, ref), "held by: %s", names[holder]);
    }
    must(rt_handle_new(s, 1, &first) == ST_OK && rt_handle_new(s, 3, &second) == ST_OK, "handles");
    rt_handle_free(s, first);
    must(rt_handle_new(s, 5, &third) == ST_OK, "handle");
    tap_ok(third == first && rt_handle_get(s, third) == 5 && rt_handle_get(s, second) == 3,
           "a freed handle is used again");
    fixture_close(&f);
}

/* ---- fields ------------------------------------------------------------------------------------
 */

static void test_fields(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    const struct rt_type *type = f.types[TYPE_MIXED];
    uint64_t ref = RT_NULL;

    tap_ok(type->fields[0].offset == 0 && type->fields[1].offset == 16 &&
               type->fields[2].offset == 32 && type->fields[3].offset == 40 &&
               type->payload_bytes == 48,
           "fields lie at their natural alignment");
    tap_ok(!type->fields[2].is_gc_ref && type->fields[3].is_gc_ref &&
               !f.types[TYPE_FUNCS]->fields[0].is_gc_ref,
           "references outside the func hierarchy are traced");
    must(rt_struct_new(f.store, type, &ref) == ST_OK, "struct");
    uint8_t *payload = rt_object_of(f.store, ref)->payload;
    /* clang-format off */
    static const struct {
        uint32_t field, value, get_u, get_s;
    } rows[] = {
        {0, 0x7f,    0x7f,   0x7f},
        {0, 0x80,    0x80,   0xffffff80},
        {0, 0x1ff,   0xff,   0xffffffff},
        {2, 0x8000,  0x8000, 0xffff8000},
        {2, 0x17fff, 0x7fff, 0x7fff},
    };
    /* clang-format on */
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        const struct rt_field_layout *layout = &type->fields[rows[i].field];
        uint8_t *at = payload + layout->offset;
        rt_field_set(at, layout, (union rt_value){.i32 = rows[i].value});
        uint32_t u = rt_field_get(at, layout, false).i32, s = rt_field_get(at, layout, true).i32;
        tap_ok(u == rows[i].get_u && s == rows[i].get_s, "packed 0x%x: 0x%x unsigned, 0x%x signed",
               rows[i].value, u, s);
    }
    const union rt_value wide = {
        .u64 = {UINT64_C(0x1122334455667788), UINT64_C(0x99aabbccddeeff00)}
    };
    rt_field_set(payload + 16, &type->fields[1], wide);
    union rt_value got = rt_field_get(payload + 16, &type->fields[1], false);
    tap_ok(got.u64[0] == wide.u64[0] && got.u64[1] == wide.u64[1], "v128 field");
    fixture_close(&f);
}

static enum status do_nothing(void *env, struct rt_caller *caller, const union rt_value *args,
                              union rt_value *results)
{
    (void)env, (void)caller, (void)args, (void)results;
    return ST_OK;
}

static void test_matches(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_func *fn = NULL;
    uint64_t node = RT_NULL, bytes = RT_NULL, host = RT_NULL;

    must(rt_struct_new(f.store, f.types[TYPE_NODE], &node) == ST_OK, "node");
    must(rt_array_new(f.store, f.types[TYPE_BYTES], 3, &bytes) == ST_OK, "bytes");
    must(rt_host_ref_new(f.store, &f, NULL, &host) == ST_OK, "host");
    must(rt_func_new(f.store, f.ids[TYPE_NOTHING], do_nothing, NULL, NULL, &fn, NULL) == ST_OK,
         "func");
    /* clang-format off */
    const struct {
        const char *name;
        uint64_t ref;
        struct wm_heap heap;
        bool want;
    } rows[] = {
        {"i31 is i31", rt_i31(5), WM_HEAP(I31), true},
        {"i31 is eq", rt_i31(5), WM_HEAP(EQ), true},
        {"i31 is no struct", rt_i31(5), WM_HEAP(STRUCT), false},
        {"i31 as extern", rt_i31(5), WM_HEAP(EXTERN), true},
        {"struct is its type", node, wm_heap_index(f.ids[TYPE_NODE]), true},
        {"struct is no other", node, wm_heap_index(f.ids[TYPE_MIXED]), false},
        {"struct is struct", node, WM_HEAP(STRUCT), true},
        {"struct is eq", node, WM_HEAP(EQ), true},
        {"struct is any", node, WM_HEAP(ANY), true},
        {"struct is no array", node, WM_HEAP(ARRAY), false},
        {"struct is not none", node, WM_HEAP(NONE), false},
        {"array is array", bytes, WM_HEAP(ARRAY), true},
        {"array is its type", bytes, wm_heap_index(f.ids[TYPE_BYTES]), true},
        {"host is any", host, WM_HEAP(ANY), true},
        {"host is no eq", host, WM_HEAP(EQ), false},
        {"host is extern", host, WM_HEAP(EXTERN), true},
        {"host is not noextern", host, WM_HEAP(NOEXTERN), false},
        {"func is func", (uint64_t)(uintptr_t)fn, WM_HEAP(FUNC), true},
        {"func is its type", (uint64_t)(uintptr_t)fn, wm_heap_index(f.ids[TYPE_NOTHING]), true},
        {"func is no other", (uint64_t)(uintptr_t)fn, wm_heap_index(f.ids[TYPE_THROWN]), false},
    };
    /* clang-format on */
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        tap_ok(rt_ref_matches(f.store, rows[i].ref, rows[i].heap) == rows[i].want, "%s",
               rows[i].name);
    tap_ok(rt_host_ref_data(f.store, host) == &f && rt_host_ref_data(f.store, node) == NULL &&
               rt_host_ref_data(f.store, rt_i31(1)) == NULL,
           "only host values have host data");
    fixture_close(&f);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static void test_limits(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.gc_heap_bytes = 1 << 20;
    struct fixture f = fixture_open(limits);
    uint64_t list = RT_NULL, ref = RT_NULL;
    uint32_t count = 0;
    enum status st = rt_array_new(f.store, f.types[TYPE_VECTORS], 1 << 20, &ref);

    tap_ok(st == ST_LIMIT && !rt_gc_is_object(f.store->gc, 0) && !rt_gc_is_object(f.store->gc, 16),
           "the first request is too large: %s, and the heap is empty", status_text(st));
    must(rt_root_push(f.store, &list) == ST_OK, "root");
    while ((st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref)) == ST_OK) {
        field_set(&f, ref, NODE_LEFT, ref_value(list));
        list = ref;
        count++;
    }
    tap_ok(st == ST_LIMIT && strstr(f.store->diag.text, "gc_heap_bytes") != NULL &&
               strstr(f.store->diag.text, "1048576") != NULL &&
               strstr(f.store->diag.text, "--max-gc-heap") != NULL,
           "%s after %u nodes: %s", status_text(st), count, f.store->diag.text);
    tap_ok(count == ((1 << 20) - 16) / 48, "every byte but the null granule is used: %u", count);
    list = RT_NULL;
    st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref);
    tap_ok(st == ST_OK && rt_gc_stats(f.store).objects == 1, "room again once the list is dropped");
    st = rt_array_new(f.store, f.types[TYPE_BYTES], (1 << 20) - 32, &ref);
    tap_ok(st == ST_OK, "one array as large as the heap: %s", status_text(st));
    list = ref;
    st = rt_array_new(f.store, f.types[TYPE_BYTES], 1, &ref);
    tap_ok(st == ST_LIMIT, "nothing beside it: %s", status_text(st));
    st = rt_array_new(f.store, f.types[TYPE_VECTORS], UINT32_MAX, &ref);
    tap_ok(st == ST_LIMIT, "an array of 64 GiB: %s", f.store->diag.text);
    rt_root_pop(f.store, 1);
    fixture_close(&f);
}

/* A heap that is all but full of live data: a program that goes on making garbage is stopped
 * before it costs a collection per object, and one that uses its room sensibly is not. */
static void test_thrashing(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.gc_heap_bytes = 8 << 20;
    struct fixture f = fixture_open(limits);
    uint64_t list = RT_NULL, ref = RT_NULL;
    enum status st = ST_OK;
    uint32_t made = 0;

    must(rt_root_push(f.store, &list) == ST_OK, "root");
    while (f.store->gc->used_bytes < limits.gc_heap_bytes &&
           rt_struct_new(f.store, f.types[TYPE_NODE], &ref) == ST_OK) {
        field_set(&f, ref, NODE_LEFT, ref_value(list));
        list = ref;
    }
    const uint64_t before = rt_gc_stats(f.store).collections;
    while (made < 1000000 && (st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref)) == ST_OK)
        made++;
    const uint64_t collections = rt_gc_stats(f.store).collections - before;
    tap_ok(st == ST_LIMIT && collections < 40 &&
               strstr(f.store->diag.text, "gc_heap_bytes") != NULL,
           "%u objects in the last rest of the heap, %u collections: %s", made,
           (unsigned)collections, status_text(st));
    for (uint32_t i = 0; i < 20000; i++) /* give an eighth back */
        memcpy(&list, rt_object_of(f.store, list)->payload, sizeof(list));
    for (made = 0; made < 1000000 && st != ST_OK; made++)
        st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref);
    while (made < 1000000 && (st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref)) == ST_OK)
        made++;
    tap_ok(st == ST_OK, "a million objects with an eighth of the heap to turn over");
    rt_root_pop(f.store, 1);
    fixture_close(&f);
}

/* Blocks of many sizes, freed in a pattern: the space is found again without growing. */
static void test_reuse(void)
{
    enum { ARRAYS = 2000 };
    struct rt_limits limits = rt_limits_default();
    limits.gc_heap_bytes = 24 << 20;
    struct fixture f = fixture_open(limits);
    struct rt_table *roots = root_table(&f, ARRAYS);
    uint64_t seed = 7, bad = 0, ref = RT_NULL;

    for (uint32_t round = 0; round < 30; round++)
        for (uint32_t i = round % 3; i < ARRAYS; i += 1 + round % 3) {
            uint32_t length = (uint32_t)(random_next(&seed) % (i % 50 == 0 ? 100000 : 900));
            if (rt_array_new(f.store, f.types[TYPE_BYTES], length, &ref) != ST_OK) {
                bad++;
                continue;
            }
            struct rt_object *o = rt_object_of(f.store, ref);
            for (uint32_t k = 0; k < length; k += 61)
                bad += o->payload[k] != 0;
            memset(o->payload, 0xa5, length);
            roots->elements[i] = ref;
        }
    rt_gc_collect(f.store);
    for (uint32_t i = 0; i < ARRAYS; i++) {
        struct rt_object *o = rt_object_of(f.store, roots->elements[i]);
        for (uint32_t k = 0; k < o->length; k++)
            bad += o->payload[k] != 0xa5;
    }
    tap_ok(bad == 0, "arrays of all sizes: %u bytes or allocations wrong, %u collections",
           (unsigned)bad, (unsigned)rt_gc_stats(f.store).collections);
    fixture_close(&f);
}

/* A full heap with holes, most of them too small: finding room must not look at each of those. */
static void test_many_free_blocks(void)
{
    enum { HOLES = 20000, WANTED = 1900, SMALL = 1100 }; /* bytes: 120 and 70 granules */
    struct rt_limits limits = rt_limits_default();
    limits.gc_heap_bytes = 16 * (1 + HOLES * (120 + 2 + 70 + 2));
    struct fixture f = fixture_open(limits);
    struct rt_table *roots = root_table(&f, HOLES * 4);
    uint64_t *root = roots->elements, ref = RT_NULL;
    uint32_t made = 0;
    struct timespec start, end;

    for (uint32_t i = 0; i < HOLES * 4; i++) { /* a hole to be, and a wall that stays */
        uint32_t length = i % 2 != 0 ? 1 : i < HOLES * 2 ? WANTED : SMALL;
        must(rt_array_new(f.store, f.types[TYPE_BYTES], length, &root[i]) == ST_OK, "array");
    }
    for (uint32_t i = 0; i < HOLES * 4; i += 2)
        root[i] = RT_NULL;
    rt_gc_collect(f.store);
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (rt_array_new(f.store, f.types[TYPE_BYTES], WANTED, &ref) == ST_OK)
        root[2 * made++] = ref;
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    tap_ok(made == HOLES && seconds < 5, "%u arrays beside %u holes too small: %.3f s", made, HOLES,
           seconds);
    fixture_close(&f);
}

/* In a child with 256 MiB of address space more. Exit code: which check failed, 0 for none. */
static int live_in_little_space(void)
{
    const struct rlimit space = {.rlim_cur = 256 << 20, .rlim_max = 256 << 20};
    struct fixture f = fixture_open(rt_limits_default());
    uint64_t list = RT_NULL, ref = RT_NULL;
    enum status st = ST_OK;

    if (setrlimit(RLIMIT_AS, &space) != 0 || rt_root_push(f.store, &list) != ST_OK)
        return 1;
    while ((st = rt_struct_new(f.store, f.types[TYPE_NODE], &ref)) == ST_OK) {
        field_set(&f, ref, NODE_LEFT, ref_value(list));
        list = ref;
    }
    if (st != ST_NO_MEMORY || rt_gc_stats(f.store).used_bytes < 60 << 20 ||
        strstr(f.store->diag.text, "the host refused memory for the GC heap: ") == NULL)
        return 2;
    list = RT_NULL;
    if (rt_struct_new(f.store, f.types[TYPE_NODE], &ref) != ST_OK)
        return 3;
    return 0;
}

static void test_little_space(void)
{
    int how = 0;

    if (SANITIZED) {
        tap_ok(true, "little address space # SKIP the sanitizer needs address space itself");
        return;
    }
    pid_t child = fork();
    if (child == 0)
        _exit(live_in_little_space());
    must(child > 0 && waitpid(child, &how, 0) == child, "fork");
    tap_ok(WIFEXITED(how) && WEXITSTATUS(how) == 0,
           "with 256 MiB of address space the heap is smaller: check %d failed (0: none)",
           WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how));
}

/* ---- corruption --------------------------------------------------------------------------------
 */

/* Signal that ends a child which follows `ref`, 0 when it survives. */
static int signal_of_access(struct fixture *f, uint64_t ref, bool by_collector)
{
    pid_t child = fork();
    int how = 0;

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        if (by_collector) {
            (void)!rt_root_push(f->store, &ref);
            rt_gc_collect(f->store);
        } else {
            rt_object_of(f->store, ref)->length++;
        }
        _exit(0);
    }
    must(child > 0 && waitpid(child, &how, 0) == child, "fork");
    return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

static void test_corruption(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    uint64_t node = RT_NULL, array = RT_NULL, dead = RT_NULL, seed = 3;

    must(rt_struct_new(f.store, f.types[TYPE_NODE], &dead) == ST_OK, "node");
    must(rt_array_new(f.store, f.types[TYPE_BYTES], 4096, &array) == ST_OK, "array");
    must(rt_struct_new(f.store, f.types[TYPE_NODE], &node) == ST_OK, "node");
    memset(rt_object_of(f.store, array)->payload, 0xff, 4096); /* looks like an endless array */
    must(rt_root_push(f.store, &node) == ST_OK && rt_root_push(f.store, &array) == ST_OK, "roots");
    rt_gc_collect(f.store);
    /* clang-format off */
    const struct {
        const char *name;
        uint64_t ref;
    } rows[] = {
        {"into the middle of an array", array + 64},
        {"not aligned", array + 8},
        {"to a freed object", dead},
        {"behind the last object", f.store->gc->used_bytes},
        {"behind the heap", (uint64_t)1 << 30},
        {"to the guard", ((uint64_t)1 << 30) + 4096},
        {"to the start bits", ((uint64_t)1 << 30) + (1 << 20)},
        {"far away", UINT64_C(0xfffffffffffffff0)},
        {"a host address", (uint64_t)(uintptr_t)&f & ~UINT64_C(15)},
    };
    /* clang-format on */
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        int access = signal_of_access(&f, rows[i].ref, false);
        int collect = signal_of_access(&f, rows[i].ref, true);
        tap_ok(access == SIGABRT && collect == SIGABRT,
               "a reference %s stops: signal %d on access, %d in the collector", rows[i].name,
               access, collect);
    }
    uint64_t accepted = 0;
    for (uint32_t i = 0; i < 1000000; i++) {
        uint64_t ref = random_next(&seed) >> (i % 64);
        if (rt_gc_is_object(f.store->gc, ref))
            accepted += ref != node && ref != array;
    }
    tap_ok(accepted == 0, "of a million random references none is taken for an object");
    /* A real object of the wrong type: lengths come from its header, fields end in the guard. */
    tap_ok(rt_object_of(f.store, node)->length == 0, "a struct has no elements");
    uint64_t last = f.store->gc->used_bytes - 16 + sizeof(struct rt_object) + WM_MAX_FIELDS * 16;
    tap_ok(last <= ((uint64_t)1 << 30) + (1 << 20),
           "the longest struct ends before the guard does");
    fixture_close(&f);
}

int main(void)
{
    test_model();
    test_deep_and_wide();
    test_roots();
    test_fields();
    test_matches();
    test_limits();
    test_thrashing();
    test_reuse();
    test_many_free_blocks();
    test_little_space();
    test_corruption();
    return tap_done();
}
