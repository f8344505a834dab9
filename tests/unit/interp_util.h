/* interp_util: runs one export of a module given as text, and says in words how it ended.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INTERP_UTIL_H
#define TESTS_UNIT_INTERP_UTIL_H

#include "tap.h"

#include "shield/interp/interp.h"
#include "shield/runtime/trap.h"
#include "shield/wasm/wat.h"

#include <string.h>

struct row {
    const char *name, *wat, *export;
    uint64_t args[3];
    const char *want; /* "ok RESULT", "ok" without result, "trap MESSAGE", or words of a status */
};

enum { OUTCOME_MAX = 256 };

/* An engine with every feature, a store, and an instance of one module. */
struct world {
    struct rt_engine *engine;
    struct rt_module *module;
    struct rt_store *store;
    struct rt_instance *instance;
    struct diag dg;
};

struct wat_job {
    struct str text, bytes;
    struct arena *arena;
};

static inline enum status parse_wat(void *ctx, struct diag *dg)
{
    struct wat_job *job = ctx;
    struct wm_wat_options options = {.features = wm_features_all()};
    return wm_wat_parse(job->text, &options, job->arena, &job->bytes, NULL, dg);
}

static inline enum status world_load(struct world *w, const char *wat)
{
    struct arena arena;
    struct wat_job job = {.text = str_of(wat), .arena = &arena};

    arena_init(&arena, 256 << 20);
    enum status st = arena_guard(&arena, parse_wat, &job, &w->dg);
    if (st == ST_OK)
        st = rt_module_new(w->engine, (const uint8_t *)job.bytes.text, job.bytes.size, &w->module,
                           &w->dg);
    arena_free(&arena);
    return st;
}

/* Ends in ST_OK, or with a message in w->dg. Call world_end() either way. */
static inline enum status world_begin(struct world *w, const char *wat, bool metered,
                                      bool canonical)
{
    struct rt_config config = {.features = wm_features_all(), .canonical_nan = canonical,
                               .module_arena_bytes_max = 1u << 30, .tier = interp_tier()};
    struct rt_limits limits = rt_limits_default();

    *w = (struct world){.engine = rt_engine_new(&config)};
    if (w->engine == NULL)
        return diag_fail(&w->dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no engine");
    TRY(world_load(w, wat));
    TRY(rt_store_new(w->engine, &limits, &w->store, &w->dg));
    w->store->fuel_on = metered;
    w->store->fuel = UINT64_C(1) << 60;
    return rt_instance_new(w->store, w->module, NULL, 0, &w->instance, &w->dg);
}

static inline void world_end(struct world *w)
{
    rt_store_free(w->store);
    rt_module_free(w->module);
    if (w->engine != NULL)
        rt_engine_free(w->engine);
}

/* Calls an export; out says how that ended. */
static inline enum status world_call(struct world *w, const char *export, const uint64_t *args,
                                     char *out)
{
    struct rt_extern x;
    union rt_value values[8] = {{.i64 = 0}}, results[8] = {{.i64 = 0}};

    if (!rt_instance_export(w->instance, str_of(export), &x)) {
        snprintf(out, OUTCOME_MAX, "no export %s", export);
        return ST_USAGE;
    }
    const struct rt_type *type = rt_registry_type(w->engine->types, x.func->type_id);
    for (uint32_t i = 0; i < 3; i++)
        values[i].i64 = args[i];
    enum status st = rt_call(w->store, x.func, values, results);
    if (st == ST_TRAP) {
        struct rt_trap *trap = rt_store_take_trap(w->store);
        snprintf(out, OUTCOME_MAX, "trap %.200s", trap->message);
        rt_trap_free(trap);
    } else if (st != ST_OK) {
        snprintf(out, OUTCOME_MAX, "%s", status_text(st));
    } else if (type->result_count == 0) {
        snprintf(out, OUTCOME_MAX, "ok");
    } else {
        snprintf(out, OUTCOME_MAX, "ok %ju", (uintmax_t)results[0].i64);
    }
    return st;
}

static inline void run_rows(const struct row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct world w;
        char got[OUTCOME_MAX];
        enum status st = world_begin(&w, rows[i].wat, false, false);
        if (st == ST_OK)
            world_call(&w, rows[i].export, rows[i].args, got);
        else
            snprintf(got, sizeof(got), "%.40s: %.200s", status_text(st), w.dg.text);
        tap_ok(strcmp(got, rows[i].want) == 0, "%s: %s, wanted %s", rows[i].name, got,
               rows[i].want);
        world_end(&w);
    }
}

#endif /* TESTS_UNIT_INTERP_UTIL_H */
