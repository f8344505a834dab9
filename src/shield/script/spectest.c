/* spectest: the host module that scripts import from. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/registry.h"
#include "shield/script/script_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Host functions, once: their parameters are what they print. */
static const struct print {
    const char *name;
    const char *params; /* as in opcodes.def: i I f F */
} prints[] = {
    {"print",         ""  },
    {"print_i32",     "i" },
    {"print_i64",     "I" },
    {"print_f32",     "f" },
    {"print_f64",     "F" },
    {"print_i32_f32", "if"},
    {"print_f64_f64", "FF"},
};

struct print_env {
    const struct print *print;
    const struct script_options *options;
};

static enum status print_values(void *env, struct rt_caller *caller, const union rt_value *args,
                                union rt_value *results)
{
    const struct print_env *e = env;
    char line[128];
    int used = snprintf(line, sizeof(line), "%s", e->print->name);

    (void)caller;
    (void)results;
    for (uint32_t i = 0; e->print->params[i] != '\0' && used < (int)sizeof(line); i++) {
        char *at = line + used;
        size_t room = sizeof(line) - (size_t)used;
        switch (e->print->params[i]) {
        case 'i': used += snprintf(at, room, " %" PRId32, (int32_t)args[i].i32); break;
        case 'I': used += snprintf(at, room, " %" PRId64, (int64_t)args[i].i64); break;
        case 'f': used += snprintf(at, room, " %.9g", (double)args[i].f32); break;
        default: used += snprintf(at, room, " %.17g", args[i].f64); break;
        }
    }
    if (e->options->print != NULL)
        e->options->print(e->options->print_ctx, line);
    return ST_OK;
}

static void add(struct script_run *r, const char *name, struct rt_extern what)
{
    CHECK(r->spectest_count < SCRIPT_SPECTEST_MAX, "spectest has grown: raise its maximum");
    r->spectest[r->spectest_count++] = (struct script_spectest){name, what};
}

static enum status add_prints(struct script_run *r, struct diag *dg)
{
    struct print_env *envs = arena_new(r->keep, struct print_env, LENGTH_OF(prints));

    for (uint32_t i = 0; i < LENGTH_OF(prints); i++) {
        struct wm_valtype params[2];
        uint32_t count = 0, type_id;
        for (; prints[i].params[count] != '\0'; count++)
            switch (prints[i].params[count]) {
            case 'i': params[count] = WM_TYPE(I32); break;
            case 'I': params[count] = WM_TYPE(I64); break;
            case 'f': params[count] = WM_TYPE(F32); break;
            default: params[count] = WM_TYPE(F64); break;
            }
        TRY(rt_registry_add_func(r->engine->types, params, count, NULL, 0, &type_id, dg));
        struct rt_extern e = {.kind = WM_EXTERN_FUNC};
        envs[i] = (struct print_env){&prints[i], r->options};
        TRY(rt_func_new(r->store, type_id, print_values, &envs[i], NULL, &e.func, dg));
        add(r, prints[i].name, e);
    }
    return ST_OK;
}

static enum status add_globals(struct script_run *r, struct diag *dg)
{
    const struct {
        const char *name;
        struct wm_valtype type;
        union rt_value value;
    } globals[] = {
        {"global_i32", WM_TYPE(I32), {.i32 = 666}   },
        {"global_i64", WM_TYPE(I64), {.i64 = 666}   },
        {"global_f32", WM_TYPE(F32), {.f32 = 666.6f}},
        {"global_f64", WM_TYPE(F64), {.f64 = 666.6} },
    };

    for (uint32_t i = 0; i < LENGTH_OF(globals); i++) {
        struct rt_extern e = {.kind = WM_EXTERN_GLOBAL};
        TRY(rt_global_new(r->store, globals[i].type, false, globals[i].value, &e.global, dg));
        add(r, globals[i].name, e);
    }
    return ST_OK;
}

enum status script_spectest_make(struct script_run *r, struct diag *dg)
{
    struct wm_limits ten = {.min = 10, .max = 20, .has_max = true};
    struct wm_memory memory = {
        .limits = {.min = 1, .max = 2, .has_max = true},
          .page_log2 = 16
    };
    struct wm_valtype funcref = wm_ref(WM_HEAP(FUNC), true);
    struct rt_extern e;

    TRY(add_prints(r, dg));
    TRY(add_globals(r, dg));
    e.kind = WM_EXTERN_TABLE;
    TRY(rt_table_new(r->store, &ten, funcref, RT_NULL, &e.table, dg));
    add(r, "table", e);
    ten.is_64 = true;
    TRY(rt_table_new(r->store, &ten, funcref, RT_NULL, &e.table, dg));
    add(r, "table64", e);
    e.kind = WM_EXTERN_MEMORY;
    TRY(rt_memory_new(r->store, &memory, &e.memory, dg));
    add(r, "memory", e);
    if (!wm_has(r->options->features, WM_FEATURE_THREADS))
        return ST_OK;
    memory.is_shared = true;
    TRY(rt_memory_new(r->store, &memory, &e.memory, dg));
    add(r, "shared_memory", e);
    return ST_OK;
}
