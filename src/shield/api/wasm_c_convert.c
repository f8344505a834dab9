/* wasm_c_convert: kinds, types and values of wasm.h from and to the runtime's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include <string.h>

static const wasm_valkind_t kinds[] = { /* by enum mujun_kind */
    [MUJUN_I32] = WASM_I32,
    [MUJUN_I64] = WASM_I64,
    [MUJUN_F32] = WASM_F32,
    [MUJUN_F64] = WASM_F64,
    [MUJUN_V128] = WASM_V128,
    [MUJUN_FUNCREF] = WASM_FUNCREF,
    [MUJUN_EXTERNREF] = WASM_EXTERNREF,
    [MUJUN_ANYREF] = WASM_ANYREF,
    [MUJUN_EXNREF] = WASM_EXNREF,
};

wasm_valkind_t capi_kind_of(const struct rt_registry *r, struct wm_valtype t)
{
    return kinds[api_kind_of(r, t)];
}

bool capi_valtype(wasm_valkind_t kind, struct wm_valtype *out)
{
    for (uint32_t i = 0; i < LENGTH_OF(kinds); i++)
        if (kinds[i] == kind)
            return api_valtype_of_kind((enum mujun_kind)i, out);
    return false;
}

bool capi_val_in(struct wasm_store_t *s, struct wm_valtype type, const wasm_val_t *val,
                 union rt_value *out, struct diag *dg)
{
    wasm_valkind_t want = capi_kind_of(s->store->rt->engine->types, type);

    *out = (union rt_value){
        .u64 = {0, 0}
    };
    if (wasm_valkind_is_ref(want) && wasm_valkind_is_ref(val->kind))
        return capi_ref_to_raw(s, val->of.ref, type, &out->ref, dg);
    if (val->kind != want || want == WASM_V128) {
        diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a value of kind %u where %u is expected",
                  (unsigned)val->kind, (unsigned)want);
        return false;
    }
    switch (want) {
    case WASM_I32: out->i32 = (uint32_t)val->of.i32; break;
    case WASM_I64: out->i64 = (uint64_t)val->of.i64; break;
    case WASM_F32: out->f32 = val->of.f32; break;
    default: out->f64 = val->of.f64; break;
    }
    return true;
}

bool capi_val_out(struct wasm_store_t *s, struct wm_valtype type, const union rt_value *value,
                  wasm_val_t *out)
{
    enum mujun_kind kind = api_kind_of(s->store->rt->engine->types, type);

    out->kind = kinds[kind];
    out->of.i64 = 0;
    switch (kind) {
    case MUJUN_I32: out->of.i32 = (int32_t)value->i32; return true;
    case MUJUN_I64: out->of.i64 = (int64_t)value->i64; return true;
    case MUJUN_F32: out->of.f32 = value->f32; return true;
    case MUJUN_F64: out->of.f64 = value->f64; return true;
    case MUJUN_V128: return true; /* callers refuse types with one before */
    default: return capi_ref_from_raw(s, kind, value->ref, &out->of.ref);
    }
}

void wasm_val_delete(wasm_val_t *v)
{
    if (wasm_valkind_is_ref(v->kind))
        wasm_ref_delete(v->of.ref);
    memset(v, 0, sizeof(*v));
}

void wasm_val_copy(wasm_val_t *out, const wasm_val_t *from)
{
    *out = *from;
    if (wasm_valkind_is_ref(from->kind))
        out->of.ref = from->of.ref == NULL ? NULL : wasm_ref_copy(from->of.ref);
}

/* ---- types ---- */

static bool valtypes_of(const struct rt_registry *r, const struct wm_valtype *types, uint32_t count,
                        wasm_valtype_vec_t *out)
{
    wasm_valtype_vec_new_uninitialized(out, count);
    for (size_t i = 0; i < out->size; i++) {
        out->data[i] = wasm_valtype_new(capi_kind_of(r, types[i]));
        if (out->data[i] == NULL)
            return false;
    }
    return out->size == count;
}

wasm_functype_t *capi_functype_of(const struct rt_type *t)
{
    wasm_valtype_vec_t params, results;
    bool has_params = valtypes_of(t->registry, t->params, t->param_count, &params);
    bool has_results = valtypes_of(t->registry, t->results, t->result_count, &results);

    if (has_params && has_results)
        return wasm_functype_new(&params, &results);
    wasm_valtype_vec_delete(&params);
    wasm_valtype_vec_delete(&results);
    return NULL;
}

static wasm_limits_t limits_of(const struct mujun_externtype *t)
{
    uint64_t max = t->has_max ? t->max : wasm_limits_max_default;

    return (wasm_limits_t){(uint32_t)MIN(t->min, UINT32_MAX), (uint32_t)MIN(max, UINT32_MAX)};
}

wasm_externtype_t *capi_externtype_of(const struct mujun_externtype *t)
{
    wasm_limits_t limits = limits_of(t);
    wasm_functype_t *func;

    switch (t->kind) {
    case MUJUN_EXTERN_FUNC:
        return wasm_functype_as_externtype(capi_functype_of(rt_type_of(t->func)));
    case MUJUN_EXTERN_TABLE:
        return wasm_tabletype_as_externtype(
            wasm_tabletype_new(wasm_valtype_new(kinds[t->content]), &limits));
    case MUJUN_EXTERN_MEMORY: return wasm_memorytype_as_externtype(wasm_memorytype_new(&limits));
    case MUJUN_EXTERN_GLOBAL:
        return wasm_globaltype_as_externtype(wasm_globaltype_new(
            wasm_valtype_new(kinds[t->content]), t->is_mutable ? WASM_VAR : WASM_CONST));
    case MUJUN_EXTERN_TAG: break;
    }
    func = capi_functype_of(rt_type_of(t->func));
    return wasm_tagtype_as_externtype(wasm_tagtype_new(func));
}

static bool valtypes_in(const wasm_valtype_vec_t *vec, struct wm_valtype *out)
{
    for (size_t i = 0; i < vec->size; i++)
        if (vec->data[i] == NULL || !capi_valtype(wasm_valtype_kind(vec->data[i]), &out[i]))
            return false;
    return true;
}

bool capi_functype_id(struct wasm_store_t *s, const wasm_functype_t *t, uint32_t *id)
{
    struct wm_valtype params[WM_MAX_PARAMS], results[WM_MAX_RESULTS];
    const wasm_valtype_vec_t *p = wasm_functype_params(t), *r = wasm_functype_results(t);

    if (p->size > WM_MAX_PARAMS || r->size > WM_MAX_RESULTS || !valtypes_in(p, params) ||
        !valtypes_in(r, results))
        return false;
    return rt_registry_add_func(s->store->rt->engine->types, params, (uint32_t)p->size, results,
                                (uint32_t)r->size, id, NULL) == ST_OK;
}
