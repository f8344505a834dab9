/* test_translate_spec: the specification's scripts with every function translated into IR, and run
 * by ir/eval as it is and behind the middle end; see eval_tier.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "suites.h"
#include "tap.h"

#include "eval_tier.h"
#include "shield/opt/opt.h"
#include "shield/script/script.h"

static const struct {
    const char *folder;
    const char *off; /* features that the scripts want refused */
} parts[] = {
    {"wasm-spec", ""},
    {"wasm-spec/proposals/threads", "multi-memory memory64 reference-types"},
    {"wasm-spec/proposals/wide-arithmetic", ""},
    {"wasm-spec/proposals/custom-page-sizes", ""},
};

struct script_job {
    struct str text;
    struct script_options options;
    struct arena *arena;
    struct script_report report;
};

static enum status run_script(void *ctx, struct diag *dg)
{
    struct script_job *j = ctx;
    return script_run(j->text, &j->options, j->arena, &j->report, dg);
}

struct totals {
    uint32_t scripts, passed, failed;
};

static void run_file(const char *path, const struct script_options *options, struct totals *all)
{
    struct arena arena;
    struct diag dg = {0};
    struct script_job j = {.text = load_file(path), .options = *options, .arena = &arena};

    arena_init(&arena, (size_t)1 << 30);
    enum status st = arena_guard(&arena, run_script, &j, &dg);
    if (st != ST_OK)
        printf("# %s: %s\n", path, dg.text);
    for (uint32_t i = 0, shown = 0; i < j.report.count && shown < 5; i++)
        if (!j.report.outcomes[i].passed) {
            printf("# %s:%u: %s\n", path, j.report.outcomes[i].line, j.report.outcomes[i].message);
            shown++;
        }
    all->scripts++;
    all->passed += j.report.passed;
    all->failed += j.report.failed + (st != ST_OK);
    arena_free(&arena);
    free((void *)(uintptr_t)j.text.text);
}

static void run_part(const char *root, uint32_t part, struct script_options options,
                     struct totals *all)
{
    char path[4096];
    struct dirent **entries = NULL;

    options.features = wm_features_all();
    wm_feature_set(&options.features, WM_FEATURE_LEGACY_EXCEPTIONS, false);
    for (uint32_t f = 0; f < WM_FEATURE_COUNT; f++)
        if (strstr(parts[part].off, wm_feature_info[f].name) != NULL)
            wm_feature_set(&options.features, (enum wm_feature)f, false);
    snprintf(path, sizeof(path), "%s/%s", root, parts[part].folder);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[8192];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        const char *only = getenv("ONLY");
        if (name_ends_with(file, ".wast") && (only == NULL || strstr(file, only) != NULL))
            run_file(file, &options, all);
        free(entries[i]);
    }
    free(entries);
}

static enum status optimise(struct ir_func *f, struct diag *dg)
{
    const struct opt_options options = {.check = true};
    return opt_function(f, &options, dg);
}

#define FUEL (UINT64_C(1) << 40)

/* ---- fuel: both tiers must have used the same at the end of every call from outside ---- */

struct used {
    uint64_t fuel;
    enum status status;
    bool is_comparable; /* stacks of the tiers are not equally deep */
};
static struct {
    struct used *items;
    size_t count, capacity;
    const struct rt_tier *tier; /* the one that is asked */
    uint32_t depth;
} record;

static enum status recorded_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                                 union rt_value *results)
{
    const uint64_t before = s->fuel;

    record.depth++;
    const enum status st = record.tier->call(s, fn, args, results);
    record.depth--;
    if (record.depth > 0)
        return st;
    if (record.count == record.capacity) {
        record.capacity = record.capacity * 2 + 1024;
        record.items = realloc(record.items, record.capacity * sizeof(*record.items));
    }
    record.items[record.count++] = (struct used){
        .fuel = before - s->fuel,
        .status = st,
        .is_comparable = st != ST_TRAP || s->trap->code != RT_TRAP_STACK_EXHAUSTED};
    return st;
}

static struct rt_tier recorder(const struct rt_tier *tier)
{
    struct rt_tier wrapped = *tier;

    memset(&record, 0, sizeof(record));
    record.tier = tier;
    wrapped.call = recorded_call;
    return wrapped;
}

/* The newest record is that of ir/eval. */
static void compare_fuel(const char *root)
{
    const struct used *found = record.items;
    const size_t count = record.count;
    uint64_t compared = 0, different = 0;
    struct totals all = {.scripts = 0};
    const struct rt_tier tier = recorder(interp_tier());
    const struct script_options options = {
        .tier = &tier, .limits = rt_limits_default(), .canonical_nan = true, .fuel = FUEL};

    for (uint32_t p = 0; p < LENGTH_OF(parts); p++)
        run_part(root, p, options, &all);
    for (size_t i = 0; i < MIN(count, record.count); i++) {
        const struct used *want = &record.items[i], *got = &found[i];
        if (!want->is_comparable || !got->is_comparable)
            continue;
        compared++;
        if (want->fuel == got->fuel && want->status == got->status)
            continue;
        if (different++ < 5)
            printf("# call %zu: expected %ju units and %s, found %ju and %s\n", i,
                   (uintmax_t)want->fuel, status_text(want->status), (uintmax_t)got->fuel,
                   status_text(got->status));
    }
    tap_ok(count == record.count && compared > 10000 && different == 0,
           "fuel: %ju of %zu calls compared with the interpreter, %ju differ", (uintmax_t)compared,
           count, (uintmax_t)different);
    free((void *)(uintptr_t)found);
    free(record.items);
}

int main(void)
{
    const char *root = suites_root();
    static const struct {
        const char *name;
        enum memory_plan least;
        bool canonical_nan;
        uint64_t fuel;
        bool optimised;
    } rows[] = {
        {"translated",              MEMORY_STATIC_GUARD,   false, 0,    false},
        {"optimised",               MEMORY_STATIC_GUARD,   false, 0,    true},
        {"optimised, all variants", MEMORY_DYNAMIC_MOVING, true,  FUEL, true},
    };

    if (root == NULL)
        return tap_skip_all("no suites: neither $MUJUN_SUITES nor ../shared/suites");
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct totals all = {.scripts = 0};
        const struct rt_tier tier = recorder(eval_tier_init(rows[i].least));
        const struct script_options options = {.tier = &tier,
                                               .limits = rt_limits_default(),
                                               .canonical_nan = rows[i].canonical_nan,
                                               .fuel = rows[i].fuel};
        eval_tier.change = rows[i].optimised ? optimise : NULL;
        eval_tier.functions = eval_tier.calls = 0;
        for (uint32_t p = 0; p < LENGTH_OF(parts); p++)
            run_part(root, p, options, &all);
        tap_ok(all.failed == 0 && all.passed > 0,
               "%s: %u scripts, %u commands passed, %u failed; %ju functions, %ju calls",
               rows[i].name, all.scripts, all.passed, all.failed, (uintmax_t)eval_tier.functions,
               (uintmax_t)eval_tier.calls);
        if (rows[i].fuel == 0)
            free(record.items);
    }
    compare_fuel(root);
    return tap_done();
}
