/* instance: exports by name and place, and the conventions of WASI for starting one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

enum mujun_status api_module_check(const struct mujun_store *s, const struct rt_module *m,
                                   struct mujun_error **err)
{
    if (m == NULL || m->engine != s->rt->engine)
        return api_fail(err, ST_USAGE, "a module %s",
                        m == NULL ? "that is NULL" : "of another engine");
    return MUJUN_OK;
}

enum mujun_status api_instance_check(const struct mujun_store *s,
                                     const struct mujun_instance *instance,
                                     struct mujun_error **err)
{
    if (instance == NULL || rt_instance_of(instance)->store != s->rt)
        return api_fail(err, ST_USAGE, "an instance %s",
                        instance == NULL ? "that is NULL" : "of another store");
    return MUJUN_OK;
}

enum mujun_status mujun_instance_new(struct mujun_store *store, struct mujun_module *module,
                                     const struct mujun_extern *imports, size_t import_count,
                                     struct mujun_instance **out, struct mujun_error **err)
{
    struct rt_module *m = rt_module_of(module);
    struct rt_instance *instance = NULL;
    struct diag dg = {0};

    enum mujun_status usage = api_module_check(store, m, err);
    if (usage != MUJUN_OK)
        return usage;
    if (import_count != m->wm.import_count)
        return api_fail(err, ST_USAGE, "%zu imports were given, the module has %u", import_count,
                        m->wm.import_count);
    struct rt_extern *items = mem_alloc(import_count + 1, sizeof(*items));
    if (items == NULL)
        return api_fail(err, ST_NO_MEMORY, "for %zu imports", import_count);
    enum status st = ST_OK;
    for (size_t i = 0; i < import_count && st == ST_OK; i++) {
        items[i] = api_extern_in(&imports[i]);
        st = diag_in(&dg, api_extern_check(store, &items[i], &dg), "import %zu", i);
    }
    if (st == ST_OK)
        st = rt_instance_new(store->rt, m, items, (uint32_t)import_count, &instance, &dg);
    mem_free(items);
    if (st == ST_OK)
        *out = api_instance_of(instance);
    return api_ended(err, st, store, &dg);
}

bool mujun_instance_export(const struct mujun_instance *instance, const char *name,
                           struct mujun_extern *out)
{
    struct rt_extern e;

    if (!rt_instance_export(rt_instance_of(instance), str_of(name), &e))
        return false;
    *out = api_extern_out(&e);
    return true;
}

struct rt_extern api_instance_item(const struct rt_instance *i, enum wm_extern_kind kind,
                                   uint32_t index)
{
    struct rt_extern out = {.kind = kind};

    switch (kind) {
    case WM_EXTERN_FUNC: out.func = i->funcs[index]; break;
    case WM_EXTERN_TABLE: out.table = i->tables[index]; break;
    case WM_EXTERN_MEMORY: out.memory = i->memories[index]; break;
    case WM_EXTERN_GLOBAL: out.global = i->globals[index]; break;
    case WM_EXTERN_TAG: out.tag = i->tags[index]; break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return out;
}

bool mujun_instance_export_at(const struct mujun_instance *instance, uint32_t index,
                              struct mujun_extern *out)
{
    const struct rt_instance *i = rt_instance_of(instance);

    if (index >= i->module->wm.export_count)
        return false;
    const struct wm_export *export = &i->module->wm.exports[index];
    struct rt_extern item = api_instance_item(i, export->kind, export->index);
    *out = api_extern_out(&item);
    return true;
}

struct mujun_func *mujun_instance_func(const struct mujun_instance *instance, const char *name)
{
    struct mujun_extern e;
    bool found = mujun_instance_export(instance, name, &e) && e.kind == MUJUN_EXTERN_FUNC;

    return found ? e.of.func : NULL;
}

struct mujun_memory *mujun_instance_memory(const struct mujun_instance *instance, const char *name)
{
    struct mujun_extern e;
    bool found = mujun_instance_export(instance, name, &e) && e.kind == MUJUN_EXTERN_MEMORY;

    return found ? e.of.memory : NULL;
}

enum mujun_status mujun_instance_run(struct mujun_store *store, struct mujun_instance *instance,
                                     int *exit_code, struct mujun_error **err)
{
    enum mujun_status usage = api_instance_check(store, instance, err);

    if (usage != MUJUN_OK)
        return usage;
    struct mujun_func *start = mujun_instance_func(instance, "_start");
    if (start == NULL)
        return api_fail(err, ST_USAGE,
                        "the module is no WASI command: it exports no function "
                        "\"_start\"");
    enum status st;
    struct rt_func *fn = rt_func_of(start);
    const struct rt_type *t = rt_registry_type(store->rt->engine->types, fn->type_id);
    if (t->param_count + t->result_count != 0)
        return api_fail(err, ST_USAGE,
                        "\"_start\" has %u parameters and %u results, none are "
                        "expected",
                        t->param_count, t->result_count);
    st = rt_call(store->rt, fn, NULL, NULL);
    if (st != ST_OK && st != ST_EXIT)
        return api_ended(err, st, store, NULL);
    *exit_code = st == ST_EXIT ? store->rt->exit_code : 0;
    return api_ok(err);
}

enum mujun_status mujun_instance_initialize(struct mujun_store *store,
                                            struct mujun_instance *instance,
                                            struct mujun_error **err)
{
    enum mujun_status usage = api_instance_check(store, instance, err);

    if (usage != MUJUN_OK)
        return usage;
    struct mujun_func *fn = mujun_instance_func(instance, "_initialize");
    return fn == NULL ? api_ok(err) : mujun_call(store, fn, NULL, 0, NULL, 0, err);
}
