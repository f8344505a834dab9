/*
 * call: the way of every call, from the guest's parameters to its error number, and the host
 * functions that imports are linked to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <string.h>

#define RIGHTS(right1, right2)                                                                     \
    {                                                                                              \
        WASI_RIGHT(right1), WASI_RIGHT(right2)                                                     \
    }

const struct wasi_call_info wasi_call_info[WASI_CALL_COUNT] = {
#define WASI(name, shape, sig, right1, right2, what)                                               \
    [WASI_CALL_##name] = {#name, shape, sig, RIGHTS(right1, right2), wasi_perform_##name},
#include "shield/wasi/wasi.def"
#undef WASI
};

enum status wasi_call_run(struct wasi *w, enum wasi_call_id id, bool is_unstable,
                          const struct wasi_guest *guest, const union rt_value *args,
                          union rt_value *results)
{
    const struct wasi_call_info *info = &wasi_call_info[id];
    struct wasi_call c; /* large: only the counts are cleared */

    c.wasi = w;
    c.guest = guest;
    c.is_unstable = is_unstable;
    c.end = ST_OK;
    c.fd_count = c.path_count = c.out_count = c.num_count = c.iov_count = 0;
    enum wasi_errno e = wasi_decode(&c, info, args);
    if (e == WASI_SUCCESS)
        e = info->perform(&c);
    assert((unsigned)e < WASI_ERRNO_COUNT && "a number the guest knows");
    if (c.end == ST_OK)
        results[0].i32 = e;
    return c.end;
}

/* The memory exported as "memory", as WASI wants it; else the first one; else none. */
static struct rt_memory *memory_of(struct wasi *w, struct rt_instance *instance)
{
    struct rt_extern found;

    if (instance == w->memory_of)
        return w->memory;
    w->memory_of = instance;
    w->memory = NULL;
    if (instance == NULL)
        return NULL;
    if (rt_instance_export(instance, STR("memory"), &found) && found.kind == WM_EXTERN_MEMORY)
        w->memory = found.memory;
    else if (instance->module->wm.memory_count > 0)
        w->memory = instance->memories[0];
    return w->memory;
}

static enum status host_call(void *env, struct rt_caller *caller, const union rt_value *args,
                             union rt_value *results)
{
    const struct wasi_binding *b = env;
    struct rt_memory *memory = memory_of(b->wasi, caller->instance);
    struct wasi_guest guest = {.store = caller->store};

    if (memory != NULL) {
        guest.base = memory->base;
        guest.size_bytes = atomic_load_explicit(&memory->size_bytes, memory_order_acquire);
    }
    return wasi_call_run(b->wasi, b->id, b->is_unstable, &guest, args, results);
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
        *b = (struct wasi_binding){w, id, is_unstable};
        TRY(signature_id(store, wasi_call_info[id].sig, &type_id, dg));
        TRY(rt_func_new(store, type_id, host_call, b, NULL, &w->funcs[is_unstable][id], dg));
    }
    *out = w->funcs[is_unstable][id];
    return ST_OK;
}
