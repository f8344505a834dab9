/* wasm_c_object: globals, tables, memories and tags of wasm.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include <string.h>

/* ---- globals ---- */

wasm_global_t *wasm_global_new(wasm_store_t *s, const wasm_globaltype_t *type,
                               const wasm_val_t *val)
{
    struct rt_global *g = NULL;
    struct wm_valtype content;
    union rt_value value;
    bool is_mutable = wasm_globaltype_mutability(type) == WASM_VAR;

    if (!capi_valtype(wasm_valtype_kind(wasm_globaltype_content(type)), &content) ||
        !capi_val_in(s, content, val, &value, NULL) ||
        rt_global_new(s->store->rt, content, is_mutable, value, &g, NULL) != ST_OK)
        return NULL;
    return capi_as_global(capi_ref_new(s, CAPI_GLOBAL, g));
}

static struct rt_global *global_of(const wasm_global_t *global)
{
    return capi_of_global(global)->object;
}

wasm_globaltype_t *wasm_global_type(const wasm_global_t *global)
{
    const struct rt_registry *types = capi_rt(capi_of_global(global))->engine->types;
    const struct rt_global *g = global_of(global);

    return wasm_globaltype_new(wasm_valtype_new(capi_kind_of(types, g->type)),
                               g->is_mutable ? WASM_VAR : WASM_CONST);
}

void wasm_global_get(const wasm_global_t *global, wasm_val_t *out)
{
    const struct rt_global *g = global_of(global);

    /* Without memory for a reference, the null reference. */
    if (!capi_val_out(capi_of_global(global)->store, g->type, g->cell, out))
        out->of.ref = NULL;
}

void wasm_global_set(wasm_global_t *global, const wasm_val_t *val)
{
    struct rt_global *g = global_of(global);
    union rt_value value;

    if (g->is_mutable && capi_val_in(capi_of_global(global)->store, g->type, val, &value, NULL))
        *g->cell = value;
}

/* ---- tables ---- */

static struct rt_table *table_of(const wasm_table_t *table)
{
    return capi_of_table(table)->object;
}

wasm_table_t *wasm_table_new(wasm_store_t *s, const wasm_tabletype_t *type, wasm_ref_t *init)
{
    const wasm_limits_t *limits = wasm_tabletype_limits(type);
    const struct wm_limits wm = {
        .min = limits->min, .max = limits->max, .has_max = limits->max != wasm_limits_max_default};
    struct rt_table *t = NULL;
    struct wm_valtype element;
    uint64_t raw;

    if (!capi_valtype(wasm_valtype_kind(wasm_tabletype_element(type)), &element) ||
        !wm_is_ref(element) || limits->min > limits->max ||
        !capi_ref_to_raw(s, init, element, &raw, NULL) ||
        rt_table_new(s->store->rt, &wm, element, raw, &t, NULL) != ST_OK)
        return NULL;
    return capi_as_table(capi_ref_new(s, CAPI_TABLE, t));
}

wasm_tabletype_t *wasm_table_type(const wasm_table_t *table)
{
    struct mujun_externtype type;

    api_table_type(table_of(table), &type);
    return wasm_externtype_as_tabletype(capi_externtype_of(&type));
}

wasm_ref_t *wasm_table_get(const wasm_table_t *table, wasm_table_size_t index)
{
    const struct wasm_ref_t *r = capi_of_table(table);
    const struct rt_table *t = table_of(table);
    struct wasm_ref_t *out = NULL;

    if (index >= t->size)
        return NULL;
    enum mujun_kind kind = api_kind_of(capi_rt(r)->engine->types, t->type);
    return capi_ref_from_raw(r->store, kind, t->elements[index], &out) ? out : NULL;
}

bool wasm_table_set(wasm_table_t *table, wasm_table_size_t index, wasm_ref_t *ref)
{
    struct rt_table *t = table_of(table);
    uint64_t raw;

    if (index >= t->size || !capi_ref_to_raw(capi_of_table(table)->store, ref, t->type, &raw, NULL))
        return false;
    t->elements[index] = raw;
    return true;
}

wasm_table_size_t wasm_table_size(const wasm_table_t *table)
{
    return (wasm_table_size_t)MIN(table_of(table)->size, UINT32_MAX);
}

bool wasm_table_grow(wasm_table_t *table, wasm_table_size_t delta, wasm_ref_t *init)
{
    struct rt_table *t = table_of(table);
    uint64_t raw;

    return capi_ref_to_raw(capi_of_table(table)->store, init, t->type, &raw, NULL) &&
           rt_table_grow(t, delta, raw) != UINT64_MAX;
}

/* ---- memories ---- */

static struct mujun_memory *memory_of(const wasm_memory_t *memory)
{
    return capi_of_memory(memory)->object;
}

wasm_memory_t *wasm_memory_new(wasm_store_t *s, const wasm_memorytype_t *type)
{
    const wasm_limits_t *limits = wasm_memorytype_limits(type);
    const struct mujun_externtype wanted = {
        .kind = MUJUN_EXTERN_MEMORY,
        .min = limits->min,
        .max = limits->max,
        .has_max = limits->max != wasm_limits_max_default,
    };
    struct mujun_memory *m = NULL;

    if (mujun_memory_new(s->store, &wanted, &m, NULL) != MUJUN_OK)
        return NULL;
    return capi_as_memory(capi_ref_new(s, CAPI_MEMORY, m));
}

wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *memory)
{
    struct mujun_externtype type;

    mujun_memory_type(memory_of(memory), &type);
    return wasm_externtype_as_memorytype(capi_externtype_of(&type));
}

byte_t *wasm_memory_data(wasm_memory_t *memory)
{
    return (byte_t *)mujun_memory_data(memory_of(memory));
}

size_t wasm_memory_data_size(const wasm_memory_t *memory)
{
    return mujun_memory_size(memory_of(memory));
}

wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *memory)
{
    return (wasm_memory_pages_t)MIN(mujun_memory_pages(memory_of(memory)), UINT32_MAX);
}

bool wasm_memory_grow(wasm_memory_t *memory, wasm_memory_pages_t delta)
{
    return mujun_memory_grow(memory_of(memory), delta, NULL);
}

/* ---- tags ---- */

wasm_tag_t *wasm_tag_new(wasm_store_t *s, const wasm_tagtype_t *type)
{
    const wasm_functype_t *func = wasm_tagtype_functype(type);
    struct rt_tag *tag = NULL;
    uint32_t id = 0;

    if (wasm_functype_results(func)->size != 0 || !capi_functype_id(s, func, &id) ||
        rt_tag_new(s->store->rt, id, &tag, NULL) != ST_OK)
        return NULL;
    return capi_as_tag(capi_ref_new(s, CAPI_TAG, tag));
}

wasm_tagtype_t *wasm_tag_type(const wasm_tag_t *tag)
{
    const struct wasm_ref_t *r = capi_of_tag(tag);
    const struct rt_tag *t = r->object;

    return wasm_tagtype_new(
        capi_functype_of(rt_registry_type(capi_rt(r)->engine->types, t->type_id)));
}
