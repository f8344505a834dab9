/* translating: what tests of the compiler's front end share: a module made ready for translation.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TRANSLATING_H
#define TESTS_UNIT_TRANSLATING_H

#include "shield/compile/translate.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"

#include <stdlib.h>

struct translating {
    struct arena arena; /* of the module */
    struct wm_module wm;
    struct layout layout;
    enum memory_plan *plans;
    struct translate_env env;
};

static inline struct layout_shape shape_of(const struct wm_module *wm)
{
    return (struct layout_shape){.memory_count = wm->memory_count,
                                 .table_count = wm->table_count,
                                 .type_count = wm->type_count,
                                 .func_count = wm->func_count,
                                 .imported_func_count = wm->func_imports,
                                 .global_count = wm->global_count,
                                 .imported_global_count = wm->global_imports};
}

static inline enum memory_plan plan_for(const struct wm_memory *m)
{
    struct memory_facts facts = {.reserved_bytes = MEMORY_STATIC_BYTES,
                                 .guard_bytes = MEMORY_GUARD_BYTES,
                                 .is_64 = m->limits.is_64,
                                 .may_move = m->limits.is_64,
                                 .page_log2 = m->page_log2};
    return memory_plan_of(&facts);
}

/* Reads, validates, lays out. *t is to be freed with translating_free() in any case. */
static inline enum status translating_open(struct translating *t, const uint8_t *bytes, size_t size,
                                           struct diag *dg)
{
    struct arena scratch;

    arena_init(&t->arena, (size_t)1 << 30);
    arena_init(&scratch, (size_t)1 << 30);
    t->plans = NULL;
    enum status st = wm_read_module(bytes, size, wm_features_all(), &t->arena, &t->wm, dg);
    if (st == ST_OK)
        st = wm_validate(&t->wm, &scratch, dg);
    arena_free(&scratch);
    TRY(st);
    const struct layout_shape shape = shape_of(&t->wm);
    TRY(layout_compute(&shape, &t->layout));
    t->plans = calloc(t->wm.memory_count + 1, sizeof(*t->plans));
    for (uint32_t i = 0; i < t->wm.memory_count; i++)
        t->plans[i] = plan_for(&t->wm.memories[i]);
    t->env = (struct translate_env){.wm = &t->wm, .layout = &t->layout, .plans = t->plans};
    return ST_OK;
}

static inline void translating_free(struct translating *t)
{
    free(t->plans);
    arena_free(&t->arena);
}

/* One function, translated in an arena of its own and given to `use`. */
struct translation {
    const struct translate_env *env;
    uint32_t func_index;
    struct translate_scratch *scratch;
    struct arena *arena;
    void (*use)(void *ctx, struct ir_func *f);
    void *ctx;
};

static inline enum status translation_run(void *ctx, struct diag *dg)
{
    const struct translation *t = ctx;
    struct ir_func f;

    ir_func_init(&f, t->arena, t->func_index - t->env->wm->func_imports);
    TRY(translate_function(t->env, t->func_index, t->scratch, &f, dg));
    if (t->use != NULL)
        t->use(t->ctx, &f);
    return ST_OK;
}

static inline enum status translate_in(struct translation t, struct diag *dg)
{
    struct arena arena;

    arena_init(&arena, (size_t)2 << 30);
    t.arena = &arena;
    enum status st = arena_guard(&arena, translation_run, &t, dg);
    arena_free(&arena);
    return st;
}

#endif /* TESTS_UNIT_TRANSLATING_H */
