/* table: tables from outside. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include <inttypes.h>

enum mujun_status mujun_table_new(struct mujun_store *store, const struct mujun_externtype *type,
                                  union mujun_value init, struct mujun_table **out,
                                  struct mujun_error **err)
{
    struct rt_table *t = NULL;
    struct diag dg = {0};
    struct wm_valtype content;
    union rt_value value;
    uint64_t most = type->is_64 ? UINT64_MAX : UINT32_MAX;

    if (type->kind != MUJUN_EXTERN_TABLE || !api_valtype_of_kind(type->content, &content) ||
        !wm_is_ref(content))
        return api_fail(err, ST_USAGE, "the type is not that of a table of references");
    if (type->min > most || (type->has_max && (type->max > most || type->max < type->min)))
        return api_fail(err, ST_USAGE,
                        "a table of at least %" PRIu64 " and at most %" PRIu64 " elements",
                        type->min, type->has_max ? type->max : most);
    if (!type->is_nullable)
        content = wm_ref(wm_heap_of(content), false);
    enum status st = api_value_in(store, content, &init, &value, &dg);
    const struct wm_limits limits = {.min = type->min,
                                     .max = type->has_max ? type->max : most,
                                     .has_max = type->has_max,
                                     .is_64 = type->is_64};
    if (st == ST_OK)
        st = rt_table_new(store->rt, &limits, content, value.ref, &t, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_table_of(t);
    return api_ok(err);
}

void mujun_table_type(const struct mujun_table *table, struct mujun_externtype *out)
{
    api_table_type(rt_table_of(table), out);
}

uint64_t mujun_table_size(const struct mujun_table *table)
{
    return rt_table_of(table)->size;
}

static enum mujun_status outside(const struct rt_table *t, uint64_t index, struct mujun_error **err)
{
    return api_fail(err, ST_USAGE, "element %" PRIu64 " of a table of %" PRIu64, index, t->size);
}

enum mujun_status mujun_table_get(const struct mujun_table *table, uint64_t index,
                                  union mujun_value *out, struct mujun_error **err)
{
    const struct rt_table *t = rt_table_of(table);

    if (index >= t->size)
        return outside(t, index, err);
    union rt_value value = {.ref = t->elements[index]};
    enum status st = api_value_out(api_store_of(t->store), t->type, &value, out);
    return st == ST_OK ? api_ok(err) : api_fail(err, st, "for a reference");
}

enum mujun_status mujun_table_set(struct mujun_table *table, uint64_t index,
                                  union mujun_value value, struct mujun_error **err)
{
    struct rt_table *t = rt_table_of(table);
    union rt_value in;
    struct diag dg = {0};

    if (index >= t->size)
        return outside(t, index, err);
    enum status st = api_value_in(api_store_of(t->store), t->type, &value, &in, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    t->elements[index] = in.ref;
    return api_ok(err);
}

bool mujun_table_grow(struct mujun_table *table, uint64_t delta, union mujun_value init,
                      uint64_t *old_size)
{
    struct rt_table *t = rt_table_of(table);
    union rt_value in;

    if (api_value_in(api_store_of(t->store), t->type, &init, &in, NULL) != ST_OK)
        return false;
    uint64_t old = rt_table_grow(t, delta, in.ref);
    if (old == UINT64_MAX)
        return false;
    if (old_size != NULL)
        *old_size = old;
    return true;
}
