/*
 * test_tiers: random modules (random_wasm.h) on the interpreter and compiled at each level. Every
 * call must end in the same way with the same results, and leave the same memory and globals;
 * where fuel is counted, the same fuel too, also when it runs out on the way.
 *
 *   test_tiers [first seed [number of modules]]
 *
 * NaNs are canonical, so that no bit may differ. A module whose run uses up its fuel or stack is
 * left from there on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"

#include "random_wasm.h"
#include "shield/interp/interp.h"
#include "shield/native/native.h"
#include "shield/runtime/trap.h"

#include <stdlib.h>

enum { TIERS = 4, METERED = 3, CALLS = 3, FUEL = 300000, VALUES_MAX = 16 };

static struct native_options fast = {.opt_level = 2, .must_compile = true, .check_regalloc = true},
                             quick = {.opt_level = 0, .must_compile = true, .check_regalloc = true};
static const char *const tier_names[TIERS] = {"interpreter", "level 0", "level 2", "with fuel"};

struct world {
    struct rt_engine *engine;
    struct rt_module *module;
    struct rt_store *store;
    struct rt_instance *instance;
};

struct comparison {
    uint64_t seed;
    struct world worlds[TIERS];
    uint64_t calls, traps, dry; /* dry: out of fuel */
    bool differs;
    char what[512];
};

static void differ(struct comparison *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void differ(struct comparison *c, const char *fmt, ...)
{
    va_list ap;

    if (c->differs)
        return;
    c->differs = true;
    va_start(ap, fmt);
    vsnprintf(c->what, sizeof(c->what), fmt, ap);
    va_end(ap);
}

static enum status open_world(struct world *w, uint32_t tier, const struct buf *bytes,
                              struct diag *dg)
{
    const struct rt_config config = {.features = wm_features_all(),
                                     .canonical_nan = true,
                                     .module_arena_bytes_max = (uint64_t)1 << 30,
                                     .tier = tier == 0 ? interp_tier() : native_tier(),
                                     .tier_options = tier == 1 ? &quick : &fast};
    const struct rt_limits limits = rt_limits_default();

    w->engine = rt_engine_new(&config);
    TRY(rt_module_new(w->engine, bytes->data, bytes->size, &w->module, dg));
    TRY(rt_store_new(w->engine, &limits, &w->store, dg));
    w->store->fuel_on = tier == 0 || tier == METERED;
    w->store->fuel = FUEL;
    return rt_instance_new(w->store, w->module, NULL, 0, &w->instance, dg);
}

static void close_world(struct world *w)
{
    if (w->store != NULL)
        rt_store_free(w->store);
    if (w->module != NULL)
        rt_module_free(w->module);
    rt_engine_free(w->engine);
}

/* How a call ended. */
struct outcome {
    enum status status;
    uint32_t trap;
    union rt_value results[VALUES_MAX];
};

static struct outcome call(struct world *w, uint32_t func, const union rt_value *args,
                           uint64_t fuel)
{
    struct outcome o = {.trap = UINT32_MAX};

    w->store->fuel = fuel;
    o.status = rt_call(w->store, w->instance->funcs[func], args, o.results);
    if (o.status == ST_TRAP) {
        struct rt_trap *trap = rt_store_take_trap(w->store);
        o.trap = trap->code;
        rt_trap_free(trap);
    }
    return o;
}

static void make_args(struct rng *rng, const struct wm_type *type, union rt_value *args)
{
    for (uint32_t i = 0; i < type->param_count; i++) {
        const uint64_t low = rng_next(rng) >> (rng_next(rng) & 63), high = rng_next(rng);
        args[i] = (union rt_value){.u64 = {low, 0}};
        switch (wm_kind(type->params[i])) {
        case WM_KIND_I32: args[i].u64[0] = (uint32_t)low; break;
        case WM_KIND_F32: args[i].u64[0] = 0, args[i].f32 = (float)(int32_t)low / 8; break;
        case WM_KIND_F64: args[i].f64 = (double)(int32_t)low / 8; break;
        case WM_KIND_V128: args[i].u64[1] = high; break;
        default: break;
        }
    }
}

static bool same_value(struct wm_valtype type, const union rt_value *x, const union rt_value *y)
{
    switch (wm_kind(type)) {
    case WM_KIND_I32:
    case WM_KIND_F32: return x->i32 == y->i32;
    case WM_KIND_V128: return memcmp(x, y, 16) == 0;
    default: return x->i64 == y->i64;
    }
}

static void compare_outcomes(struct comparison *c, uint32_t tier, uint32_t func,
                             const struct wm_type *type, const struct outcome *want,
                             const struct outcome *got)
{
    if (want->status != got->status || want->trap != got->trap) {
        differ(c, "f%u, %s: expected %s %s, found %s %s", func, tier_names[tier],
               status_text(want->status),
               want->trap != UINT32_MAX ? rt_trap_text((enum rt_trap_code)want->trap) : "",
               status_text(got->status),
               got->trap != UINT32_MAX ? rt_trap_text((enum rt_trap_code)got->trap) : "");
        return;
    }
    for (uint32_t i = 0; want->status == ST_OK && i < type->result_count; i++)
        if (!same_value(type->results[i], &want->results[i], &got->results[i]))
            differ(c, "f%u, %s: result %u is %016jx%016jx, found %016jx%016jx", func,
                   tier_names[tier], i, (uintmax_t)want->results[i].u64[1],
                   (uintmax_t)want->results[i].u64[0], (uintmax_t)got->results[i].u64[1],
                   (uintmax_t)got->results[i].u64[0]);
}

static void differ_at(struct comparison *c, uint32_t func, uint32_t tier, uint32_t memory)
{
    const struct rt_memory *want = c->worlds[0].instance->memories[memory];
    const struct rt_memory *got = c->worlds[tier].instance->memories[memory];
    uint64_t at = 0;

    while (want->base[at] == got->base[at])
        at++;
    differ(c, "f%u, %s: memory %u at %ju: expected %#x, found %#x", func, tier_names[tier], memory,
           (uintmax_t)at, want->base[at], got->base[at]);
}

static void compare_state(struct comparison *c, uint32_t tier, uint32_t func)
{
    const struct rt_instance *want = c->worlds[0].instance, *got = c->worlds[tier].instance;
    const struct wm_module *wm = &want->module->wm;

    for (uint32_t k = 0; k < wm->memory_count; k++) {
        const uint64_t size = want->memories[k]->size_bytes;
        if (size != got->memories[k]->size_bytes)
            differ(c, "f%u, %s: memory %u has another size", func, tier_names[tier], k);
        else if (memcmp(want->memories[k]->base, got->memories[k]->base, size) != 0)
            differ_at(c, func, tier, k);
    }
    for (uint32_t k = 0; k < wm->global_count; k++)
        if (!same_value(wm->globals[k].type, want->cells[k], got->cells[k]))
            differ(c, "f%u, %s: global %u differs", func, tier_names[tier], k);
}

/* False: the rest of the module cannot be compared. */
static bool compare_call(struct comparison *c, uint32_t func, const struct wm_type *type,
                         const union rt_value *args, uint64_t fuel)
{
    const struct outcome want = call(&c->worlds[0], func, args, fuel);
    const uint64_t left = c->worlds[0].store->fuel;

    if (want.trap == RT_TRAP_STACK_EXHAUSTED)
        return false;
    c->calls++;
    c->traps += want.status == ST_TRAP;
    c->dry += want.status == ST_FUEL;
    for (uint32_t tier = want.status == ST_FUEL ? METERED : 1; tier < TIERS; tier++) {
        const struct outcome got = call(&c->worlds[tier], func, args, fuel);
        compare_outcomes(c, tier, func, type, &want, &got);
        compare_state(c, tier, func);
    }
    if (c->worlds[METERED].store->fuel != left)
        differ(c, "f%u: expected %ju units of fuel left, found %ju", func, (uintmax_t)left,
               (uintmax_t)c->worlds[METERED].store->fuel);
    return !c->differs && want.status != ST_FUEL;
}

static void compare_module(struct comparison *c)
{
    const struct wm_module *wm = &c->worlds[0].module->wm;
    struct rng rng;

    rng_seed(&rng, c->seed);
    for (uint32_t n = 0; n < CALLS * RW_FUNCS; n++) {
        const uint32_t func = n % RW_FUNCS;
        const struct wm_type *type = &wm->types[wm->funcs[func].type_index];
        union rt_value args[VALUES_MAX] = {{0}};
        make_args(&rng, type, args);
        const uint64_t fuel = rng_chance(&rng, 1, 20) ? rng_below(&rng, 300) : FUEL;
        if (!compare_call(c, func, type, args, fuel))
            return;
    }
}

struct making {
    uint64_t seed;
    struct arena *arena;
    struct buf out;
};

static enum status make(void *ctx, struct diag *dg)
{
    struct making *m = ctx;

    (void)dg;
    buf_init(&m->out, m->arena);
    random_wasm(m->seed, m->arena, &m->out);
    return ST_OK;
}

static void compare_seed(struct comparison *c)
{
    struct arena arena;
    struct making m = {.seed = c->seed, .arena = &arena};
    struct diag dg = {0};
    enum status st;

    arena_init(&arena, (size_t)256 << 20);
    memset(c->worlds, 0, sizeof(c->worlds));
    c->differs = false;
    st = arena_guard(&arena, make, &m, &dg);
    for (uint32_t tier = 0; tier < TIERS && st == ST_OK; tier++) {
        st = open_world(&c->worlds[tier], tier, &m.out, &dg);
        if (st != ST_OK)
            differ(c, "%s: %s", tier_names[tier], dg.text);
    }
    if (st == ST_OK)
        compare_module(c);
    for (uint32_t tier = 0; tier < TIERS; tier++)
        if (c->worlds[tier].engine != NULL)
            close_world(&c->worlds[tier]);
    if (c->differs && getenv("KEEP") != NULL) {
        FILE *f = fopen(getenv("KEEP"), "wb");
        fwrite(m.out.data, 1, m.out.size, f);
        fclose(f);
    }
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 300;
    struct comparison c = {.calls = 0};
    uint64_t different = 0;

    if (native_tier() == NULL)
        return tap_skip_all("there is no compiler for this processor");
    for (c.seed = first; c.seed < first + count; c.seed++) {
        compare_seed(&c);
        if (c.differs && different++ < 20)
            printf("# seed %ju: %s\n", (uintmax_t)c.seed, c.what);
    }
    tap_ok(different == 0 && c.calls > count,
           "%ju modules from seed %ju: %ju calls, %ju traps, %ju out of fuel, %ju modules differ",
           (uintmax_t)count, (uintmax_t)first, (uintmax_t)c.calls, (uintmax_t)c.traps,
           (uintmax_t)c.dry, (uintmax_t)different);
    return tap_done();
}
