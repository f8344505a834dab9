/* value: between the embedder's values and the runtime's. They have the same bytes except for
 * references: a handle outside, a word of the GC heap inside. SPDX-License-Identifier: Apache-2.0
 * */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <string.h>

_Static_assert(sizeof(union mujun_value) == sizeof(union rt_value), "values are copied as bytes");

uint64_t api_ref_raw(const struct mujun_ref *ref)
{
    return ref == NULL ? RT_NULL : rt_handle_get(ref->store->rt, ref->handle);
}

enum status api_ref_new(struct mujun_store *s, uint64_t raw, struct mujun_ref **out)
{
    struct mujun_ref *ref = mem_alloc(1, sizeof(*ref));

    if (ref == NULL)
        return ST_NO_MEMORY;
    ref->store = s;
    enum status st = rt_handle_new(s->rt, raw, &ref->handle);
    if (st != ST_OK) {
        mem_free(ref);
        return st;
    }
    *out = ref;
    return ST_OK;
}

enum status api_value_in(struct mujun_store *s, struct wm_valtype type,
                         const union mujun_value *value, union rt_value *out, struct diag *dg)
{
    char text[WM_TYPE_TEXT_MAX];
    uint64_t raw;

    if (!wm_is_ref(type)) {
        memcpy(out, value, sizeof(*out));
        return ST_OK;
    }
    if (api_kind_of(s->rt->engine->types, type) == MUJUN_FUNCREF) {
        const struct rt_func *fn = rt_func_of(value->func);
        raw = (uint64_t)(uintptr_t)fn;
        if (fn != NULL && fn->store != s->rt)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a function of another store");
    } else {
        raw = api_ref_raw(value->ref);
        if (value->ref != NULL && value->ref->store != s)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a reference of another store");
    }
    bool fits =
        raw == RT_NULL ? wm_is_nullable(type) : rt_ref_matches(s->rt, raw, wm_heap_of(type));
    if (!fits) {
        wm_valtype_text(type, text, sizeof(text));
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%s where %s is expected",
                         raw == RT_NULL ? "a null reference" : "a reference of another type", text);
    }
    *out = (union rt_value){
        .u64 = {raw, 0}
    };
    return ST_OK;
}

enum status api_value_out(struct mujun_store *s, struct wm_valtype type,
                          const union rt_value *value, union mujun_value *out)
{
    if (!wm_is_ref(type)) {
        memcpy(out, value, sizeof(*out));
        return ST_OK;
    }
    memset(out, 0, sizeof(*out));
    if (api_kind_of(s->rt->engine->types, type) == MUJUN_FUNCREF) {
        out->func = api_func_of((struct rt_func *)(uintptr_t)value->ref);
        return ST_OK;
    }
    return value->ref == RT_NULL ? ST_OK : api_ref_new(s, value->ref, &out->ref);
}

enum status api_values_in(struct mujun_store *s, const struct wm_valtype *types, uint32_t count,
                          const union mujun_value *values, union rt_value *out, struct diag *dg)
{
    for (uint32_t i = 0; i < count; i++)
        TRY(diag_in(dg, api_value_in(s, types[i], &values[i], &out[i], dg), "value %u", i));
    return ST_OK;
}

enum status api_values_out(struct mujun_store *s, const struct wm_valtype *types, uint32_t count,
                           const union rt_value *values, union mujun_value *out)
{
    for (uint32_t i = 0; i < count; i++) {
        enum status st = api_value_out(s, types[i], &values[i], &out[i]);
        if (st != ST_OK) {
            api_values_free(s->rt->engine->types, types, i, out);
            return st;
        }
    }
    return ST_OK;
}

void api_values_free(const struct rt_registry *r, const struct wm_valtype *types, uint32_t count,
                     const union mujun_value *values)
{
    for (uint32_t i = 0; i < count; i++)
        if (wm_is_ref(types[i]) && api_kind_of(r, types[i]) != MUJUN_FUNCREF)
            mujun_ref_free(values[i].ref);
}

bool api_values_room(struct api_values *v, uint32_t count)
{
    v->items = v->inlined;
    if (count > API_VALUES_INLINE)
        v->items = mem_alloc(count, sizeof(union rt_value));
    return v->items != NULL;
}

void api_values_done(struct api_values *v)
{
    if (v->items != v->inlined)
        mem_free(v->items);
}
