/* global: globals and tags from outside. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

enum mujun_status mujun_global_new(struct mujun_store *store, const struct mujun_externtype *type,
                                   union mujun_value value, struct mujun_global **out,
                                   struct mujun_error **err)
{
    struct rt_global *g = NULL;
    struct diag dg = {0};
    struct wm_valtype content;
    union rt_value in;

    if (type->kind != MUJUN_EXTERN_GLOBAL || !api_valtype_of_kind(type->content, &content))
        return api_fail(err, ST_USAGE, "the type is not that of a global");
    if (wm_is_ref(content) && !type->is_nullable)
        content = wm_ref(wm_heap_of(content), false);
    enum status st = api_value_in(store, content, &value, &in, &dg);
    if (st == ST_OK)
        st = rt_global_new(store->rt, content, type->is_mutable, in, &g, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_global_of(g);
    return api_ok(err);
}

void mujun_global_type(const struct mujun_store *store, const struct mujun_global *global,
                       struct mujun_externtype *out)
{
    const struct rt_global *g = rt_global_of(global);

    (void)store;
    *out = (struct mujun_externtype){
        .kind = MUJUN_EXTERN_GLOBAL,
        .content = api_kind_of(g->store->engine->types, g->type),
        .is_mutable = g->is_mutable,
        .is_nullable = wm_is_ref(g->type) && wm_is_nullable(g->type),
    };
}

static enum mujun_status not_ours(const struct rt_global *g, struct mujun_error **err)
{
    return api_fail(err, ST_USAGE, "a global %s", g == NULL ? "that is NULL" : "of another store");
}

enum mujun_status mujun_global_get(struct mujun_store *store, const struct mujun_global *global,
                                   union mujun_value *out, struct mujun_error **err)
{
    const struct rt_global *g = rt_global_of(global);

    if (g == NULL || g->store != store->rt)
        return not_ours(g, err);
    enum status st = api_value_out(store, g->type, g->cell, out);
    return st == ST_OK ? api_ok(err) : api_fail(err, st, "for a reference");
}

enum mujun_status mujun_global_set(struct mujun_store *store, struct mujun_global *global,
                                   union mujun_value value, struct mujun_error **err)
{
    struct rt_global *g = rt_global_of(global);
    union rt_value in;
    struct diag dg = {0};

    if (g == NULL || g->store != store->rt)
        return not_ours(g, err);
    if (!g->is_mutable)
        return api_fail(err, ST_USAGE, "the global is immutable");
    enum status st = api_value_in(store, g->type, &value, &in, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *g->cell = in;
    return api_ok(err);
}

enum mujun_status mujun_tag_new(struct mujun_store *store, const struct mujun_functype *type,
                                struct mujun_tag **out, struct mujun_error **err)
{
    const struct rt_type *t = rt_type_of(type);
    struct rt_tag *tag = NULL;
    struct diag dg = {0};

    if (t == NULL || t->registry != store->rt->engine->types)
        return api_fail(err, ST_USAGE, "a function type %s",
                        t == NULL ? "that is NULL" : "of another engine");
    if (t->result_count != 0)
        return api_fail(err, ST_USAGE, "the type of a tag has %u results, none are allowed",
                        t->result_count);
    enum status st = rt_tag_new(store->rt, t->id, &tag, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_tag_of(tag);
    return api_ok(err);
}

const struct mujun_functype *mujun_tag_type(const struct mujun_store *store,
                                            const struct mujun_tag *tag)
{
    const struct rt_tag *t = rt_tag_of(tag);

    (void)store;
    return api_functype_of(rt_registry_type(t->store->engine->types, t->type_id));
}
