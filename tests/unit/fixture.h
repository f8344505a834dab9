/* fixture: an engine without a tier, a store, and a few registered types, for the tests of the
 * runtime. Every failure in here is a failed set-up and ends the program.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include "shield/runtime/gc.h"
#include "shield/runtime/store.h"
#include "shield/runtime/trap.h"
#include "shield/wasm/wat.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* The address sanitizer takes terabytes of address space: no test can limit it then. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define ANYREF wm_ref(WM_HEAP(ANY), true)

/* Types every fixture registers, in this order. */
enum fixture_type {
    TYPE_NODE,
    TYPE_REFS,
    TYPE_BYTES,
    TYPE_MIXED,
    TYPE_VECTORS,
    TYPE_NOTHING,
    TYPE_THROWN,
    TYPE_FUNCS,
    TYPE_COUNT
};

struct fixture {
    struct rt_engine *engine;
    struct rt_store *store;
    uint32_t ids[TYPE_COUNT];
    const struct rt_type *types[TYPE_COUNT];
};

static inline void must(bool ok, const char *what)
{
    if (ok)
        return;
    printf("Bail out! set-up failed: %s\n", what);
    exit(99);
}

static inline struct wm_type fixture_data_type(enum wm_composite composite, struct wm_field *fields,
                                               uint32_t field_count)
{
    return (struct wm_type){.composite = composite, .field_count = field_count, .fields = fields};
}

static inline void fixture_register(struct fixture *f)
{
    static struct wm_field node[3], refs[1], bytes[1], mixed[4], vectors[1], funcs[1];
    static struct wm_valtype thrown[2];
    struct wm_type types[TYPE_COUNT] = {{.composite = WM_FUNC_TYPE}};

    node[0].is_mutable = node[1].is_mutable = true;
    types[TYPE_NODE] = fixture_data_type(WM_STRUCT_TYPE, node, LENGTH_OF(node));
    types[TYPE_REFS] = fixture_data_type(WM_ARRAY_TYPE, refs, 1);
    types[TYPE_BYTES] = fixture_data_type(WM_ARRAY_TYPE, bytes, 1);
    types[TYPE_MIXED] = fixture_data_type(WM_STRUCT_TYPE, mixed, LENGTH_OF(mixed));
    types[TYPE_VECTORS] = fixture_data_type(WM_ARRAY_TYPE, vectors, 1);
    types[TYPE_FUNCS] = fixture_data_type(WM_ARRAY_TYPE, funcs, 1);
    types[TYPE_THROWN] =
        (struct wm_type){.composite = WM_FUNC_TYPE, .param_count = 2, .params = thrown};
    struct wm_module m = {.types = types, .type_count = TYPE_COUNT};
    struct diag dg = {0};

    node[0].type = node[1].type = refs[0].type = ANYREF;
    node[2].type = WM_TYPE(I64);
    bytes[0].type = WM_TYPE(I8);
    mixed[0].type = WM_TYPE(I8);
    mixed[1].type = WM_TYPE(V128);
    mixed[2].type = WM_TYPE(I16);
    mixed[3].type = ANYREF;
    vectors[0].type = WM_TYPE(V128);
    funcs[0].type = wm_ref(WM_HEAP(FUNC), true);
    thrown[0] = WM_TYPE(I32);
    thrown[1] = ANYREF;
    for (uint32_t i = 0; i < TYPE_COUNT; i++) {
        types[i].is_final = true;
        types[i].group_first = i;
        types[i].group_count = 1;
    }
    must(rt_registry_add(f->engine->types, &m, f->ids, &dg) == ST_OK, dg.text);
    for (uint32_t i = 0; i < TYPE_COUNT; i++)
        f->types[i] = rt_registry_type(f->engine->types, f->ids[i]);
}

static inline struct fixture fixture_open_config(struct rt_limits limits, struct rt_config config)
{
    config.features = wm_features_all();
    config.module_arena_bytes_max = 64 << 20;
    struct fixture f = {.engine = rt_engine_new(&config)};
    struct diag dg = {0};

    must(f.engine != NULL, "engine");
    must(rt_store_new(f.engine, &limits, &f.store, &dg) == ST_OK, dg.text);
    fixture_register(&f);
    return f;
}

/* Without a tier: nothing of a module can be called. */
static inline struct fixture fixture_open(struct rt_limits limits)
{
    return fixture_open_config(limits, (struct rt_config){.tier = NULL});
}

static inline void fixture_close(struct fixture *f)
{
    rt_store_free(f->store);
    rt_engine_free(f->engine);
}

/* A module from text; owned, free with rt_module_free(). */
static inline struct rt_module *fixture_module(struct fixture *f, const char *wat)
{
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct rt_module *m = NULL;
    struct arena arena;
    struct str bytes = {NULL, 0};
    struct diag dg = {0};

    arena_init(&arena, 64 << 20);
    if (wm_wat_parse(str_of(wat), &options, &arena, &bytes, NULL, &dg) != ST_OK ||
        rt_module_new(f->engine, (const uint8_t *)bytes.text, bytes.size, &m, &dg) != ST_OK) {
        fprintf(stderr, "%s\n", wat);
        must(false, dg.text);
    }
    arena_free(&arena);
    return m;
}

/* Text of the pending trap, which is taken. "" when there is none. */
static inline const char *trap_taken(struct rt_store *s)
{
    static char text[RT_TRAP_MESSAGE_MAX];
    struct rt_trap *trap = rt_store_take_trap(s);

    snprintf(text, sizeof(text), "%s", trap == NULL ? "" : trap->message);
    rt_trap_free(trap);
    return text;
}

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

#endif /* TESTS_UNIT_FIXTURE_H */
