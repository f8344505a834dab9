/*
 * call: the host functions that imports are linked to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <string.h>

static enum status host_call(void *env, struct rt_caller *caller, const union rt_value *args,
                             union rt_value *results);

/* The first call from this instance: finds the memory exported as "memory", as WASI wants it; else
 * the first one; else none. */
static __attribute__((noinline)) enum status
first_call(void *env, struct rt_caller *caller, const union rt_value *args, union rt_value *results)
{
    struct wasi *w = ((const struct wasi_binding *)env)->wasi;
    struct rt_instance *i = caller->instance;
    struct rt_extern found;

    w->memory_of = i;
    w->memory = NULL;
    if (i != NULL && rt_instance_export(i, STR("memory"), &found) && found.kind == WM_EXTERN_MEMORY)
        w->memory = found.memory;
    else if (i != NULL && i->module->wm.memory_count > 0)
        w->memory = i->memories[0];
    return host_call(env, caller, args, results);
}

static enum status host_call(void *env, struct rt_caller *caller, const union rt_value *args,
                             union rt_value *results)
{
    const struct wasi_binding *b = env;
    struct wasi *w = b->wasi;

    if (UNLIKELY(caller->instance != w->memory_of))
        return first_call(env, caller, args, results);
    struct rt_memory *memory = w->memory;
    struct wasi_guest *guest = &w->guest;
    guest->store = caller->store;
    guest->base = memory != NULL ? memory->base : NULL;
    guest->size_bytes =
        memory != NULL ? atomic_load_explicit(&memory->size_bytes, memory_order_acquire) : 0;
    return b->run(w, b->is_unstable, guest, args, results);
}

static bool call_find(struct str name, enum wasi_call_id *id)
{
    for (uint32_t i = 0; i < WASI_CALL_COUNT; i++)
        if (str_equal(name, str_of(wasi_call_info[i].name))) {
            *id = (enum wasi_call_id)i;
            return true;
        }
    return false;
}

/* The registry's id of a signature such as "iI:i". */
static enum status signature_id(struct rt_store *store, const char *sig, uint32_t *id,
                                struct diag *dg)
{
    struct wm_valtype types[2][WASI_SIG_MAX];
    uint32_t count[2] = {0, 0}, side = 0;

    for (; *sig != '\0'; sig++) {
        if (*sig == ':')
            side = 1;
        else
            types[side][count[side]++] = *sig == 'I' ? WM_TYPE(I64) : WM_TYPE(I32);
        assert(count[side] < WASI_SIG_MAX && "wasi.def has no longer one");
    }
    return rt_registry_add_func(store->engine->types, types[0], count[0], types[1], count[1], id,
                                dg);
}

enum status wasi_define(struct wasi *w, struct rt_store *store, struct str module, struct str name,
                        struct rt_func **out, struct diag *dg)
{
    bool is_unstable = str_equal(module, STR("wasi_unstable"));
    enum wasi_call_id id = WASI_CALL_COUNT;
    uint32_t type_id = 0;

    *out = NULL;
    if (!is_unstable && !str_equal(module, STR("wasi_snapshot_preview1")))
        return ST_OK;
    if (!call_find(name, &id))
        return ST_OK;
    if (w->store != store) {
        memset(w->funcs, 0, sizeof(w->funcs));
        w->store = store;
        w->memory_of = NULL;
        w->memory = NULL;
    }
    if (w->funcs[is_unstable][id] == NULL) {
        struct wasi_binding *b = &w->bindings[is_unstable][id];
        *b = (struct wasi_binding){w, wasi_call_info[id].run, is_unstable};
        TRY(signature_id(store, wasi_call_info[id].sig, &type_id, dg));
        TRY(rt_func_new(store, type_id, host_call, b, NULL, &w->funcs[is_unstable][id], dg));
    }
    *out = w->funcs[is_unstable][id];
    return ST_OK;
}
