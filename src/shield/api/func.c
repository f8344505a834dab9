/* func: functions as values, and calling them. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include <string.h>

enum mujun_status mujun_func_new(struct mujun_store *store, const struct mujun_functype *type,
                                 mujun_callback callback, void *env, void (*env_free)(void *env),
                                 struct mujun_func **out, struct mujun_error **err)
{
    const struct rt_type *t = rt_type_of(type);
    struct rt_func *fn = NULL;
    struct diag dg = {0};

    if (t == NULL || t->registry != store->rt->engine->types) {
        if (env_free != NULL)
            env_free(env);
        return api_fail(err, ST_USAGE, "a function type %s",
                        t == NULL ? "that is NULL" : "of another engine");
    }
    enum status st = api_host_func_new(store, t->id, callback, env, env_free, &fn, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_func_of(fn);
    return api_ok(err);
}

const struct mujun_functype *mujun_func_type(const struct mujun_store *store,
                                             const struct mujun_func *func)
{
    const struct rt_func *fn = rt_func_of(func);

    (void)store;
    return api_functype_of(rt_registry_type(fn->store->engine->types, fn->type_id));
}

/* Runs with values of the runtime, which become the embedder's on success. */
static enum status call_run(struct mujun_store *s, struct rt_func *fn, const struct rt_type *t,
                            const union mujun_value *args, union mujun_value *results,
                            struct api_values *in, struct api_values *out, struct diag *dg)
{
    TRY(api_values_in(s, t->params, t->param_count, args, in->items, dg));
    TRY(rt_call(s->rt, fn, in->items, out->items));
    enum status st = api_values_out(s, t->results, t->result_count, out->items, results);
    if (st != ST_OK)
        return diag_fail(dg, st, DIAG_NO_OFFSET, "for references in the results");
    return ST_OK;
}

static enum mujun_status call_with_copies(struct mujun_store *store, struct rt_func *fn,
                                          const struct rt_type *t, const union mujun_value *args,
                                          union mujun_value *results, struct mujun_error **err)
{
    struct api_values in, out;
    struct diag dg; /* as large as the rest of a call: only its status is cleared */
    enum status st = ST_NO_MEMORY;

    dg.status = ST_OK;
    bool has_in = api_values_room(&in, t->param_count);
    bool has_out = api_values_room(&out, t->result_count);
    if (has_in && has_out)
        st = call_run(store, fn, t, args, results, &in, &out, &dg);
    else
        diag_fail(&dg, st, DIAG_NO_OFFSET, "for the values of a call");
    api_values_done(&in);
    api_values_done(&out);
    return api_ended(err, st, store, &dg);
}

enum mujun_status mujun_call(struct mujun_store *store, struct mujun_func *func,
                             const union mujun_value *args, size_t arg_count,
                             union mujun_value *results, size_t result_count,
                             struct mujun_error **err)
{
    struct rt_func *fn = rt_func_of(func);

    if (fn == NULL || fn->store != store->rt)
        return api_fail(err, ST_USAGE, "a function %s",
                        fn == NULL ? "that is NULL" : "of another store");
    const struct rt_type *t = rt_registry_type(store->rt->engine->types, fn->type_id);
    if (arg_count != t->param_count || result_count != t->result_count)
        return api_fail(err, ST_USAGE,
                        "%zu arguments and room for %zu results; the function has %u parameters "
                        "and %u results",
                        arg_count, result_count, t->param_count, t->result_count);
    /* A host function's values must not overlap, an embedder's may. */
    if (fn->instance == NULL || !api_is_plain(t))
        return call_with_copies(store, fn, t, args, results, err);
    enum status st = rt_call(store->rt, fn, (const union rt_value *)(const void *)args,
                             (union rt_value *)(void *)results);
    return LIKELY(st == ST_OK) ? api_ok(err) : api_ended(err, st, store, NULL);
}
