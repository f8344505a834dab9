/* test_registry: which types of two modules are one, and which match which. Every row is two
 * modules read into one engine; type a of the first is compared with type b of the second.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

/* clang-format off */
static const struct {
    const char *name, *first, *second;
    uint32_t a, b;
    bool equal, below, above; /* a == b, a <= b, b <= a */
} rows[] = {
    {"same function type", "(type (func (param i32)))", "(type (func (param i32)))", 0, 0, true,
     true, true},
    {"other parameter", "(type (func (param i32)))", "(type (func (param i64)))", 0, 0, false,
     false, false},
    {"parameter is no result", "(type (func (param i32)))", "(type (func (result i32)))", 0, 0,
     false, false, false},
    {"position in the module does not count", "(type (func)) (type (func (param f64)))",
     "(type (func (param f64)))", 1, 0, true, true, true},
    {"final and open differ", "(type (func))", "(type (sub (func)))", 0, 0, false, false, false},
    {"sub final without super is plain", "(type (func))", "(type (sub final (func)))", 0, 0, true,
     true, true},
    {"struct and array differ", "(type (struct (field i8)))", "(type (array i8))", 0, 0, false,
     false, false},
    {"mutability counts", "(type (array i8))", "(type (array (mut i8)))", 0, 0, false, false,
     false},
    {"nullability counts", "(type (array (ref any)))", "(type (array (ref null any)))", 0, 0, false,
     false, false},
    {"a group of one is no group", "(rec (type (struct)))", "(type (struct))", 0, 0, true, true,
     true},
    {"groups of other sizes differ", "(rec (type (struct)) (type (struct)))", "(type (struct))", 0,
     0, false, false, false},
    {"place in the group counts", "(rec (type (struct)) (type (struct)))",
     "(rec (type (struct)) (type (struct)))", 0, 1, false, false, false},
    {"same place, same group", "(rec (type (struct)) (type (struct)))",
     "(rec (type (struct)) (type (struct)))", 1, 1, true, true, true},
    {"recursion to itself", "(type $a (struct (field (ref null $a))))",
     "(type (func)) (type $b (struct (field (ref null $b))))", 0, 1, true, true, true},
    {"recursion inside is no reference outside", "(type $a (struct (field (ref null $a))))",
     "(type $a (struct (field (ref null $a)))) (type (struct (field (ref null $a))))", 0, 1, false,
     false, false},
    {"mutual recursion, same order",
     "(rec (type $a (struct (field (ref $b)))) (type $b (array (ref $a))))",
     "(rec (type $x (struct (field (ref $y)))) (type $y (array (ref $x))))", 1, 1, true, true,
     true},
    {"mutual recursion, other order",
     "(rec (type $a (struct (field (ref $b)))) (type $b (array (ref $a))))",
     "(rec (type $y (array (ref $x))) (type $x (struct (field (ref $y)))))", 0, 1, false, false,
     false},
    {"equal references outside", "(type $a (struct)) (type (array (ref $a)))",
     "(type (func)) (type $z (struct)) (type (array (ref $z)))", 1, 2, true, true, true},
    {"supertype counts", "(type $s (sub (struct))) (type (sub final $s (struct)))",
     "(type (sub final (struct)))", 1, 0, false, false, false},
    {"a subtype is below", "(type $s (sub (struct))) (type (sub $s (struct (field i32))))",
     "(type (sub (struct)))", 1, 0, false, true, false},
    {"two levels below",
     "(type $s (sub (struct))) (type $t (sub $s (struct))) (type (sub $t (struct (field i32))))",
     "(type (sub (struct)))", 2, 0, false, true, false},
    {"siblings do not match", "(type $s (sub (struct))) (type (sub $s (struct (field i32))))",
     "(type $s (sub (struct))) (type (sub $s (struct (field i64))))", 1, 1, false, false, false},
    {"super is above", "(type (sub (func)))", "(type $s (sub (func))) (type (sub $s (func)))", 0, 1,
     false, false, true},
    {"covariant result",
     "(type $s (sub (func (result anyref)))) (type (sub $s (func (result eqref))))",
     "(type (sub (func (result anyref))))", 1, 0, false, true, false},
};
/* clang-format on */

static void test_rows(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    const struct rt_registry *types = f.engine->types;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct rt_module *first = fixture_module(&f, rows[i].first);
        struct rt_module *second = fixture_module(&f, rows[i].second);
        uint32_t a = first->type_ids[rows[i].a], b = second->type_ids[rows[i].b];
        bool below = rt_id_matches(types, a, b), above = rt_id_matches(types, b, a);
        tap_ok((a == b) == rows[i].equal && below == rows[i].below && above == rows[i].above,
               "%s: ids %u and %u, %s, %s", rows[i].name, a, b, below ? "below" : "not below",
               above ? "above" : "not above");
        rt_module_free(first);
        rt_module_free(second);
    }
    fixture_close(&f);
}

/* The lattice of abstract types, and how concrete ones hang in it. */
static void test_heaps(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    const struct wm_heap node = wm_heap_index(f.ids[TYPE_NODE]);
    const struct wm_heap refs = wm_heap_index(f.ids[TYPE_REFS]);
    const struct wm_heap func = wm_heap_index(f.ids[TYPE_NOTHING]);
    /* clang-format off */
    const struct {
        const char *name;
        struct wm_heap sub, super;
        bool want;
    } heaps[] = {
        {"any <= any", WM_HEAP(ANY), WM_HEAP(ANY), true},
        {"eq <= any", WM_HEAP(EQ), WM_HEAP(ANY), true},
        {"any <= eq", WM_HEAP(ANY), WM_HEAP(EQ), false},
        {"i31 <= eq", WM_HEAP(I31), WM_HEAP(EQ), true},
        {"struct <= eq", WM_HEAP(STRUCT), WM_HEAP(EQ), true},
        {"array <= eq", WM_HEAP(ARRAY), WM_HEAP(EQ), true},
        {"i31 <= struct", WM_HEAP(I31), WM_HEAP(STRUCT), false},
        {"none <= i31", WM_HEAP(NONE), WM_HEAP(I31), true},
        {"none <= any", WM_HEAP(NONE), WM_HEAP(ANY), true},
        {"none <= func", WM_HEAP(NONE), WM_HEAP(FUNC), false},
        {"nofunc <= func", WM_HEAP(NOFUNC), WM_HEAP(FUNC), true},
        {"noextern <= extern", WM_HEAP(NOEXTERN), WM_HEAP(EXTERN), true},
        {"noexn <= exn", WM_HEAP(NOEXN), WM_HEAP(EXN), true},
        {"extern <= any", WM_HEAP(EXTERN), WM_HEAP(ANY), false},
        {"$node <= struct", node, WM_HEAP(STRUCT), true},
        {"$node <= array", node, WM_HEAP(ARRAY), false},
        {"$node <= any", node, WM_HEAP(ANY), true},
        {"$refs <= array", refs, WM_HEAP(ARRAY), true},
        {"$func <= func", func, WM_HEAP(FUNC), true},
        {"$func <= any", func, WM_HEAP(ANY), false},
        {"none <= $node", WM_HEAP(NONE), node, true},
        {"nofunc <= $node", WM_HEAP(NOFUNC), node, false},
        {"nofunc <= $func", WM_HEAP(NOFUNC), func, true},
        {"struct <= $node", WM_HEAP(STRUCT), node, false},
        {"$node <= $refs", node, refs, false},
    };
    /* clang-format on */
    for (uint32_t i = 0; i < LENGTH_OF(heaps); i++)
        tap_ok(rt_heap_matches(f.engine->types, heaps[i].sub, heaps[i].super) == heaps[i].want,
               "%s is %s", heaps[i].name, heaps[i].want ? "true" : "false");
    const struct wm_valtype loose = wm_ref(WM_HEAP(EQ), true), tight = wm_ref(WM_HEAP(EQ), false);
    tap_ok(rt_valtype_matches(f.engine->types, tight, loose), "(ref eq) <= (ref null eq)");
    tap_ok(!rt_valtype_matches(f.engine->types, loose, tight), "(ref null eq) is not <= (ref eq)");
    tap_ok(!rt_valtype_matches(f.engine->types, WM_TYPE(I32), WM_TYPE(I64)), "i32 is no i64");
    fixture_close(&f);
}

static void test_host_types(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m =
        fixture_module(&f, "(type $s (struct)) (type (func (param i32 (ref $s)) (result f64)))");
    const struct wm_valtype params[2] = {WM_TYPE(I32),
                                         wm_ref(wm_heap_index(m->type_ids[0]), false)};
    const struct wm_valtype result = WM_TYPE(F64);
    uint32_t id = 0, again = 0, other = 0;

    enum status st = rt_registry_add_func(f.engine->types, params, 2, &result, 1, &id, NULL);
    tap_ok(st == ST_OK && id == m->type_ids[1], "a host's function type is the module's: %u and %u",
           id, m->type_ids[1]);
    must(rt_registry_add_func(f.engine->types, params, 1, &result, 1, &other, NULL) == ST_OK,
         "add");
    must(rt_registry_add_func(f.engine->types, params, 1, &result, 1, &again, NULL) == ST_OK,
         "add");
    tap_ok(other != id && other == again, "a new one gets one id");
    rt_module_free(m);
    fixture_close(&f);
}

/* Displays up to the deepest chain the validator allows. */
static void test_depth(void)
{
    static char wat[8192];
    struct fixture f = fixture_open(rt_limits_default());
    size_t used = (size_t)snprintf(wat, sizeof(wat), "(type $t0 (sub (struct)))");

    for (uint32_t i = 1; i <= WM_MAX_SUPER_DEPTH; i++)
        used += (size_t)snprintf(wat + used, sizeof(wat) - used, "(type $t%u (sub $t%u (struct)))",
                                 i, i - 1);
    struct rt_module *m = fixture_module(&f, wat);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i <= WM_MAX_SUPER_DEPTH; i++)
        for (uint32_t k = 0; k <= WM_MAX_SUPER_DEPTH; k++)
            wrong += rt_id_matches(f.engine->types, m->type_ids[i], m->type_ids[k]) != (k <= i);
    tap_ok(wrong == 0, "a chain of %u subtypes: %u answers wrong", (uint32_t)WM_MAX_SUPER_DEPTH + 1,
           wrong);
    rt_module_free(m);
    fixture_close(&f);
}

/* More types than a chunk and than the first buckets, registered by two threads at once. */
enum { MANY = 20000 };
static void *register_many(void *ctx)
{
    struct rt_registry *r = ctx;
    uint32_t *ids = malloc(MANY * sizeof(*ids));
    struct wm_valtype params[16];

    for (uint32_t i = 0; ids != NULL && i < MANY; i++) {
        for (uint32_t bit = 0; bit < 16; bit++)
            params[bit] = (i >> bit & 1) != 0 ? WM_TYPE(I64) : WM_TYPE(I32);
        if (rt_registry_add_func(r, params, 16, NULL, 0, &ids[i], NULL) != ST_OK)
            ids[i] = UINT32_MAX;
    }
    return ids;
}

static void test_threads(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    pthread_t thread;
    void *theirs = NULL;

    must(pthread_create(&thread, NULL, register_many, f.engine->types) == 0, "thread");
    uint32_t *ours = register_many(f.engine->types);
    pthread_join(thread, &theirs);
    must(ours != NULL && theirs != NULL, "memory");
    uint32_t differing = 0, wrong = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        const struct rt_type *t = rt_registry_type(f.engine->types, ours[i]);
        differing += ours[i] != ((uint32_t *)theirs)[i];
        wrong += t->param_count != 16 || t->id != ours[i] ||
                 wm_kind(t->params[3]) != ((i >> 3 & 1) != 0 ? WM_KIND_I64 : WM_KIND_I32);
    }
    tap_ok(differing == 0 && wrong == 0, "%u types by two threads: %u differ, %u are wrong", MANY,
           differing, wrong);
    free(ours);
    free(theirs);
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_heaps();
    test_host_types();
    test_depth();
    test_threads();
    return tap_done();
}
