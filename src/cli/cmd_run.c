/* mujun run: a program in its sandbox, through the public C API like any other embedder.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/load.h"
#include "cli/tier.h"
#include "cli/values.h"

#include <fcntl.h>
#include <limits.h>
#include <mujun/mujun.h>
#include <stdlib.h>
#include <string.h>

enum { INVOKE_VALUES_MAX = 1000, ERROR_TEXT_MAX = 16384, SEED_CLOCK_STEP_NS = 1000 };

/* Everything one run owns; freed by run_free() in whatever state it is. */
struct run {
    const struct run_options *o;
    char **argv; /* the program and its arguments */
    int argc;
    struct cli_input input;
    struct mujun_config *config;
    struct mujun_engine *engine;
    struct mujun_module *module;
    struct mujun_wasi *wasi;
    struct mujun_store *store;
    struct mujun_linker *linker;
    struct mujun_instance *instance;
    struct mujun_error *err; /* why the step that failed did */
    struct diag dg;          /* the same for what the API does not know: options, files */
    int exit_code;
};

/* A step of cmd_run(): false with err or dg set. */
#define STEP(call) ((call) == MUJUN_OK)

static bool refuse(struct run *r, enum status st)
{
    r->dg.status = st;
    return false;
}

static bool set_tier(struct run *r)
{
    static const enum mujun_tier tiers[] = {MUJUN_TIER_AUTO, MUJUN_TIER_AUTO,
                                            MUJUN_TIER_COMPILED, MUJUN_TIER_INTERPRETER};
    uint32_t level;
    char folder[PATH_MAX];

    if (cli_opt_level(&r->o->opt_level, &level, &r->dg) != ST_OK)
        return refuse(r, ST_USAGE);
    mujun_config_set_tier(r->config, tiers[r->o->tier]);
    mujun_config_set_fuel(r->config, r->o->fuel.is_set);
    mujun_config_set_optimisation(r->config, level);
    mujun_config_set_check_regalloc(r->config, r->o->check_regalloc);
    mujun_config_set_profile(r->config, (enum mujun_profile)r->o->profile);
    if (r->o->no_cache || !cli_cache_folder(folder, sizeof(folder)))
        return true;
    return STEP(mujun_config_set_cache(r->config, folder, &r->err));
}

static bool make_engine(struct run *r)
{
    struct wm_features set;

    if (cli_features(&r->o->features, &set, &r->dg) != ST_OK)
        return false;
    r->config = mujun_config_new();
    if (r->config == NULL)
        return refuse(r, diag_fail(&r->dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no engine"));
    for (uint32_t i = 0; i < WM_FEATURE_COUNT; i++)
        if (i != WM_FEATURE_MVP &&
            !STEP(mujun_config_set_feature(r->config, wm_feature_info[i].name,
                                           wm_has(set, (enum wm_feature)i), &r->err)))
            return false;
    mujun_config_set_canonical_nan(r->config, r->o->canonical_nan);
    mujun_config_set_deterministic_relaxed_simd(r->config, r->o->relaxed_deterministic);
    return set_tier(r) && STEP(mujun_engine_new(r->config, &r->engine, &r->err));
}

static bool load_module(struct run *r)
{
    if (cli_input_open(r->argv[0], &r->input, &r->dg) != ST_OK)
        return false;
    if (cli_is_text(r->argv[0], &r->input))
        return STEP(mujun_module_new_text(r->engine, (const char *)r->input.bytes, r->input.size,
                                          &r->module, &r->err));
    return STEP(mujun_module_new(r->engine, r->input.bytes, r->input.size, &r->module, &r->err));
}

static bool make_store(struct run *r)
{
    const struct {
        const char *name;
        struct cli_number number;
    } rows[] = {
#define LIMIT(name, value, option, what) {#name, r->o->name},
#include "shield/runtime/limits.def"
#undef LIMIT
    };
    struct mujun_limit limits[LENGTH_OF(rows)];
    size_t count = 0;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        if (rows[i].number.is_set)
            limits[count++] = (struct mujun_limit){rows[i].name, rows[i].number.value};
    if (!STEP(mujun_store_new(r->engine, limits, count, &r->store, &r->err)))
        return false;
    if (r->o->fuel.is_set)
        mujun_store_set_fuel(r->store, r->o->fuel.value);
    return true;
}

/* "host::guest", or one name for both. */
static bool add_dirs(struct run *r, const struct cli_list *list, bool is_read_only)
{
    for (uint32_t i = 0; i < list->count; i++) {
        char host[4096];
        const char *split = strstr(list->items[i], "::");
        const char *guest = split != NULL ? split + 2 : list->items[i];
        size_t size = split != NULL ? (size_t)(split - list->items[i]) : strlen(list->items[i]);

        if (size == 0 || *guest == '\0' || size >= sizeof(host))
            return refuse(r,
                          diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                    "--dir expects <host>::<guest>, found \"%s\"", list->items[i]));
        memcpy(host, list->items[i], size);
        host[size] = '\0';
        if (!STEP(mujun_wasi_add_dir(r->wasi, host, guest, is_read_only, &r->err)))
            return false;
    }
    return true;
}

/* "name=value", or a name whose value the host's environment has. */
static bool add_env(struct run *r)
{
    for (uint32_t i = 0; i < r->o->env.count; i++) {
        const char *item = r->o->env.items[i];
        const char *equals = strchr(item, '=');
        char name[256];
        size_t size = equals != NULL ? (size_t)(equals - item) : strlen(item);
        const char *value = equals != NULL ? equals + 1 : getenv(item);

        if (size == 0 || size >= sizeof(name))
            return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                       "--env expects <name>=<value>, found \"%s\"", item));
        if (value == NULL)
            return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                       "--env %s: the environment has no such variable", item));
        memcpy(name, item, size);
        name[size] = '\0';
        if (!STEP(mujun_wasi_add_env(r->wasi, name, value, &r->err)))
            return false;
    }
    return true;
}

/* Descriptors that whoever started mujun left open for the guest. */
static bool add_sockets(struct run *r)
{
    for (uint32_t i = 0; i < r->o->sockets.count; i++) {
        union mujun_value fd;
        if (!cli_value_parse(MUJUN_I32, r->o->sockets.items[i], &fd) || fd.i32 < 0)
            return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                       "--socket expects a descriptor number, found \"%s\"",
                                       r->o->sockets.items[i]));
        if (!STEP(mujun_wasi_add_socket(r->wasi, fd.i32, &r->err)))
            return false;
    }
    return true;
}

/* A stream that is closed stays at its end for the guest. */
static bool add_stdio(struct run *r)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) >= 0 && !STEP(mujun_wasi_set_stdio(r->wasi, fd, fd, &r->err)))
            return false;
    return true;
}

static bool make_wasi(struct run *r)
{
    /* With --invoke the arguments are the function's. */
    size_t count = r->o->invoke != NULL ? 1 : (size_t)r->argc;

    r->wasi = mujun_wasi_new();
    if (r->wasi == NULL)
        return refuse(r, diag_fail(&r->dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no WASI state"));
    if (r->o->seed.is_set) {
        mujun_wasi_set_random_seed(r->wasi, r->o->seed.value);
        mujun_wasi_set_clock(r->wasi, 0, SEED_CLOCK_STEP_NS);
    }
    return STEP(mujun_wasi_add_args(r->wasi, (const char *const *)r->argv, count, &r->err)) &&
           add_stdio(r) && add_env(r) && add_dirs(r, &r->o->dirs, false) &&
           add_dirs(r, &r->o->read_dirs, true) && add_sockets(r);
}

static bool instantiate(struct run *r)
{
    static const enum mujun_unknown_imports policies[] = {MUJUN_UNKNOWN_REFUSE, MUJUN_UNKNOWN_TRAP,
                                                          MUJUN_UNKNOWN_ZERO};

    if (!STEP(mujun_linker_new(r->store, &r->linker, &r->err)) ||
        !STEP(mujun_linker_define_wasi(r->linker, r->wasi, &r->err)))
        return false;
    mujun_linker_set_unknown_imports(r->linker, policies[r->o->unknown_imports]);
    if (r->o->timeout.is_set &&
        !STEP(mujun_store_set_timeout(r->store, MAX(r->o->timeout.value, (uint64_t)1), &r->err)))
        return false;
    return STEP(mujun_linker_instantiate(r->linker, r->module, &r->instance, &r->err));
}

/* The exported functions, for whoever asked for one that is not there. */
static bool refuse_export(struct run *r, const char *name)
{
    char list[256] = "none";
    size_t used = 0;
    struct mujun_export e;

    for (uint32_t i = 0; mujun_module_export(r->module, i, &e); i++) {
        if (e.type.kind != MUJUN_EXTERN_FUNC || used >= sizeof(list) - 1)
            continue;
        int n = snprintf(list + used, sizeof(list) - used, "%s%.*s", used == 0 ? "" : ", ",
                         (int)MIN(e.name.size, (size_t)64), e.name.text);
        used += (size_t)MAX(n, 0);
    }
    return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                               "no exported function is named %s; %sexported functions: %s", name,
                               r->o->invoke == NULL ? "--invoke calls another one; " : "", list));
}

static bool invoke(struct run *r)
{
    struct mujun_func *func = mujun_instance_func(r->instance, r->o->invoke);
    union mujun_value args[INVOKE_VALUES_MAX], results[INVOKE_VALUES_MAX];

    if (func == NULL)
        return refuse_export(r, r->o->invoke);
    const struct mujun_functype *type = mujun_func_type(r->store, func);
    uint32_t param_count = mujun_functype_param_count(type);
    uint32_t result_count = mujun_functype_result_count(type);
    if ((uint32_t)(r->argc - 1) != param_count)
        return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                   "%s expects %u parameters, found %d", r->o->invoke, param_count,
                                   r->argc - 1));
    for (uint32_t i = 0; i < param_count; i++) {
        enum mujun_kind kind = mujun_functype_param(type, i);
        if (!cli_value_parse(kind, r->argv[1 + i], &args[i]))
            return refuse(r, diag_fail(&r->dg, ST_USAGE, DIAG_NO_OFFSET,
                                       "parameter %u of %s expects %s, found \"%s\"", i + 1,
                                       r->o->invoke, cli_value_expected(kind), r->argv[1 + i]));
    }
    if (!STEP(mujun_instance_initialize(r->store, r->instance, &r->err)) ||
        !STEP(mujun_call(r->store, func, args, param_count, results, result_count, &r->err)))
        return false;
    for (uint32_t i = 0; i < result_count; i++) {
        cli_value_print(stdout, mujun_functype_result(type, i), &results[i]);
        putchar('\n');
        if (mujun_functype_result(type, i) >= MUJUN_EXTERNREF)
            mujun_ref_free(results[i].ref);
    }
    return true;
}

static bool start(struct run *r)
{
    if (r->o->invoke != NULL)
        return invoke(r);
    if (mujun_instance_func(r->instance, "_start") == NULL)
        return refuse_export(r, "_start");
    return STEP(mujun_instance_run(r->store, r->instance, &r->exit_code, &r->err));
}

static void run_free(struct run *r)
{
    mujun_error_free(r->err);
    mujun_linker_free(r->linker);
    mujun_store_free(r->store);
    mujun_wasi_free(r->wasi);
    mujun_module_free(r->module);
    mujun_engine_free(r->engine);
    mujun_config_free(r->config);
    cli_input_close(&r->input);
}

int cmd_run(const struct cli_args *args)
{
    struct run r = {.o = args->options, .argv = args->items, .argc = args->count};

    if (args->count == 0)
        return cli_usage(args, "expected a program, found nothing");
    bool done = make_engine(&r) && load_module(&r) && make_store(&r) && make_wasi(&r) &&
                instantiate(&r) && start(&r);
    if (!done && r.err != NULL) {
        char text[ERROR_TEXT_MAX];
        r.exit_code = mujun_error_exit_code(r.err);
        if (mujun_error_status(r.err) != MUJUN_E_EXIT) {
            mujun_error_format(r.err, args->items[0], text, sizeof(text));
            cli_say(text);
        }
    } else if (!done) {
        r.exit_code = r.dg.status == ST_USAGE ? cli_usage(args, "%s", r.dg.text)
                                              : cli_report(args->items[0], &r.dg);
    }
    int exit_code = r.exit_code;
    run_free(&r);
    return exit_code;
}
