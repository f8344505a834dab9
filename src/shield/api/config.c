/* config: options by name, and the engine made of them. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"
#include "shield/interp/interp.h"
#include "shield/native/native.h"

#include <string.h>

/* Types, functions and segments of one module, decoded: pandoc's 620,000 functions take 60 MB. */
#define MODULE_ARENA_BYTES_MAX ((uint64_t)2 << 30)

static void config_init(struct mujun_config *c)
{
    *c = (struct mujun_config){
        .rt = {.features = wm_features_default(),
               .module_arena_bytes_max = MODULE_ARENA_BYTES_MAX,
               .tier = native_tier() != NULL ? native_tier() : interp_tier()},
        .limits = rt_limits_default(),
        .native = {.opt_level = 2},
    };
}

struct mujun_config *mujun_config_new(void)
{
    struct mujun_config *c = mem_alloc(1, sizeof(*c));

    if (c != NULL)
        config_init(c);
    return c;
}

/* Our own copy of a path, or NULL for NULL. */
static bool copy_path(const char *path, const char **out)
{
    const size_t size = path != NULL ? strlen(path) + 1 : 0;
    char *copy = size != 0 ? mem_alloc(size, 1) : NULL;

    if (copy != NULL)
        memcpy(copy, path, size);
    *out = copy;
    return copy != NULL || path == NULL;
}

static void free_path(const char *path)
{
    mem_free((void *)(uintptr_t)path);
}

void mujun_config_free(struct mujun_config *config)
{
    if (config != NULL)
        free_path(config->native.cache_folder);
    mem_free(config);
}

enum mujun_status mujun_config_set_feature(struct mujun_config *config, const char *name, bool on,
                                           struct mujun_error **err)
{
    enum wm_feature f = wm_feature_find(name);

    if (f == WM_FEATURE_COUNT)
        return api_fail(err, ST_USAGE, "there is no feature \"%s\"", name);
    if (f == WM_FEATURE_MVP && !on)
        return api_fail(err, ST_USAGE, "feature \"%s\" cannot be switched off", name);
    wm_feature_set(&config->rt.features, f, on);
    return api_ok(err);
}

void mujun_config_set_canonical_nan(struct mujun_config *config, bool on)
{
    config->rt.canonical_nan = on;
}

void mujun_config_set_deterministic_relaxed_simd(struct mujun_config *config, bool on)
{
    config->rt.relaxed_deterministic = on;
}

void mujun_config_set_fuel(struct mujun_config *config, bool on)
{
    config->is_fuel_on = on;
    config->native.count_fuel = on;
}

void mujun_config_set_tier(struct mujun_config *config, enum mujun_tier tier)
{
    config->native.must_compile = tier == MUJUN_TIER_COMPILED;
    config->native.interpret = tier == MUJUN_TIER_INTERPRETER;
}

void mujun_config_set_optimisation(struct mujun_config *config, uint32_t level)
{
    config->native.opt_level = level;
}

void mujun_config_set_compile_threads(struct mujun_config *config, uint32_t threads)
{
    config->native.threads = threads;
}

void mujun_config_set_check_regalloc(struct mujun_config *config, bool on)
{
    config->native.check_regalloc = on;
}

void mujun_config_set_profile(struct mujun_config *config, enum mujun_profile profile)
{
    config->native.profile = (enum native_profile)profile;
}

enum mujun_status mujun_config_set_cache(struct mujun_config *config, const char *folder,
                                         struct mujun_error **err)
{
    const char *copy;

    if (!copy_path(folder, &copy))
        return api_fail(err, ST_NO_MEMORY, "for a path");
    free_path(config->native.cache_folder);
    config->native.cache_folder = copy;
    return api_ok(err);
}

void mujun_config_set_module_memory(struct mujun_config *config, uint64_t bytes)
{
    config->rt.module_arena_bytes_max = bytes == 0 ? MODULE_ARENA_BYTES_MAX : bytes;
}

/* The field of a limit, or NULL when there is none of that name. */
static uint64_t *limit_field(struct rt_limits *limits, const char *name)
{
#define LIMIT(field, default_value, option, text)                                                  \
    if (strcmp(name, #field) == 0)                                                                 \
        return &limits->field;
#include "shield/runtime/limits.def"
#undef LIMIT
    return NULL;
}

static enum mujun_status limit_set(struct rt_limits *limits, const char *name, uint64_t value,
                                   struct mujun_error **err)
{
    uint64_t *field = limit_field(limits, name);

    if (field == NULL)
        return api_fail(err, ST_USAGE, "there is no limit \"%s\"", name);
    *field = value;
    return api_ok(err);
}

enum mujun_status mujun_config_set_limit(struct mujun_config *config, const char *name,
                                         uint64_t value, struct mujun_error **err)
{
    return limit_set(&config->limits, name, value, err);
}

bool mujun_feature_at(uint32_t index, struct mujun_feature_info *out)
{
    if (index >= WM_FEATURE_COUNT)
        return false;
    const struct wm_feature_info *row = &wm_feature_info[index];
    *out = (struct mujun_feature_info){row->name, row->what, row->is_default};
    return true;
}

bool mujun_limit_at(uint32_t index, struct mujun_limit_info *out)
{
    if (index >= RT_LIMIT_COUNT)
        return false;
    const struct rt_limit_info *row = &rt_limit_info[index];
    *out = (struct mujun_limit_info){row->name, row->what, row->value};
    return true;
}

enum mujun_status mujun_engine_new(const struct mujun_config *config, struct mujun_engine **out,
                                   struct mujun_error **err)
{
    struct mujun_config defaults;
    struct mujun_engine *e = mem_alloc(1, sizeof(*e));

    if (config == NULL) {
        config_init(&defaults);
        config = &defaults;
    }
    bool has_path = false;
    if (e != NULL) {
        struct rt_config rt = config->rt;
        e->native = config->native;
        has_path = copy_path(config->native.cache_folder, &e->native.cache_folder);
        rt.tier_options = &e->native;
        e->rt = rt_engine_new(&rt);
        e->watchdog = api_watchdog_new();
    }
    if (e == NULL || e->rt == NULL || e->watchdog == NULL || !has_path) {
        if (e != NULL) {
            rt_engine_free(e->rt);
            api_watchdog_free(e->watchdog);
            free_path(e->native.cache_folder);
        }
        mem_free(e);
        return api_fail(err, ST_NO_MEMORY, "for an engine");
    }
    e->limits = config->limits;
    e->is_fuel_on = config->is_fuel_on;
    e->references = 1;
    *out = e;
    return api_ok(err);
}

void api_engine_release(struct mujun_engine *engine)
{
    if (atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) != 1)
        return;
    api_watchdog_free(engine->watchdog);
    rt_engine_free(engine->rt);
    free_path(engine->native.cache_folder);
    mem_free(engine);
}

void mujun_engine_free(struct mujun_engine *engine)
{
    if (engine != NULL)
        api_engine_release(engine);
}

enum mujun_status mujun_store_new(struct mujun_engine *engine, const struct mujun_limit *limits,
                                  size_t limit_count, struct mujun_store **out,
                                  struct mujun_error **err)
{
    struct rt_limits merged = engine->limits;
    struct diag dg = {0};

    for (size_t i = 0; i < limit_count; i++) {
        enum mujun_status st = limit_set(&merged, limits[i].name, limits[i].value, err);
        if (st != MUJUN_OK)
            return st;
    }
    struct mujun_store *s = mem_alloc(1, sizeof(*s));
    if (s == NULL)
        return api_fail(err, ST_NO_MEMORY, "for a store");
    enum status st = rt_store_new(engine->rt, &merged, &s->rt, &dg);
    if (st != ST_OK) {
        mem_free(s);
        return api_refuse(err, st, &dg);
    }
    s->engine = engine;
    s->rt->host_data = s;
    s->rt->fuel_on = engine->is_fuel_on;
    atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
    *out = s;
    return api_ok(err);
}
