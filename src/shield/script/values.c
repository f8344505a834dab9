/* values: arguments of a script to values of the runtime, and results against what is expected.
 * A host value (ref.extern n) is a host object whose data is the number plus one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/gc.h"
#include "shield/script/script_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_text[] = {
    [WAST_I32] = "i32",
    [WAST_I64] = "i64",
    [WAST_F32] = "f32",
    [WAST_F64] = "f64",
    [WAST_V128] = "v128",
    [WAST_REF_NULL] = "ref.null",
    [WAST_REF_EXTERN] = "ref.extern",
    [WAST_REF_HOST] = "ref.host",
    [WAST_REF_FUNC] = "ref.func",
    [WAST_REF_ANY] = "ref.any",
    [WAST_REF_EQ] = "ref.eq",
    [WAST_REF_I31] = "ref.i31",
    [WAST_REF_STRUCT] = "ref.struct",
    [WAST_REF_ARRAY] = "ref.array",
    [WAST_REF_EXN] = "ref.exn",
    [WAST_EITHER] = "either",
};

/* Is a value of this kind a value of that type, as far as a script can be wrong about it? */
static bool kind_fits(enum wast_value_kind kind, struct wm_valtype type)
{
    switch (kind) {
    case WAST_I32: return wm_kind(type) == WM_KIND_I32;
    case WAST_I64: return wm_kind(type) == WM_KIND_I64;
    case WAST_F32: return wm_kind(type) == WM_KIND_F32;
    case WAST_F64: return wm_kind(type) == WM_KIND_F64;
    case WAST_V128: return wm_kind(type) == WM_KIND_V128;
    default: return wm_is_ref(type);
    }
}

/* ---- arguments --------------------------------------------------------------------------------
 */

static bool argument(struct script_run *r, const struct wast_value *v, uint32_t index,
                     union rt_value *out)
{
    memset(out, 0, sizeof(*out));
    switch (v->kind) {
    case WAST_I32:
    case WAST_I64:
    case WAST_F32:
    case WAST_F64:
    case WAST_V128: memcpy(out, v->bytes, sizeof(v->bytes)); return true;
    case WAST_REF_NULL: return true;
    case WAST_REF_EXTERN:
    case WAST_REF_HOST:
        if (rt_host_ref_new(r->store, (void *)(uintptr_t)(v->number + UINT64_C(1)), NULL,
                            &out->ref) == ST_OK)
            return true;
        return script_fail(r, "argument %u: %s", index, r->store->diag.text);
    default: break;
    }
    return script_fail(r, "argument %u: %s is a pattern, not a value", index, kind_text[v->kind]);
}

bool script_args(struct script_run *r, const struct wast_value *values, uint32_t count,
                 const struct wm_valtype *types, uint32_t type_count, union rt_value *out)
{
    uint32_t rooted = 0;
    bool fits = count == type_count;

    if (!fits)
        script_fail(r, "expected %u arguments, found %u", type_count, count);
    for (uint32_t i = 0; i < count && fits; i++) {
        fits = kind_fits(values[i].kind, types[i]);
        if (!fits) {
            char text[WM_TYPE_TEXT_MAX];
            wm_valtype_text(types[i], text, sizeof(text));
            script_fail(r, "argument %u: expected %s, found %s", i, text,
                        kind_text[values[i].kind]);
            break;
        }
        fits = argument(r, &values[i], i, &out[i]);
        if (fits && wm_is_ref(types[i]) && rt_root_push(r->store, &out[i].ref) == ST_OK)
            rooted++;
    }
    rt_root_pop(r->store, rooted);
    return fits;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static bool is_nan_like(uint64_t bits, uint32_t lane_bytes, enum wast_nan pattern)
{
    uint64_t sign = UINT64_C(1) << (lane_bytes * 8 - 1);
    uint64_t canonical = lane_bytes == 4 ? UINT64_C(0x7fc00000) : UINT64_C(0x7ff8000000000000);

    if (pattern == WAST_NAN_CANONICAL)
        return (bits & ~sign) == canonical;
    return (bits & canonical) == canonical;
}

static bool number_matches(const struct wast_value *v, const union rt_value *got, uint32_t size)
{
    uint32_t lane_bytes = v->lane_bytes == 0 ? size : v->lane_bytes;

    for (uint32_t at = 0, lane = 0; at < size; at += lane_bytes, lane++) {
        enum wast_nan pattern = lane < LENGTH_OF(v->nan) ? (enum wast_nan)v->nan[lane] : 0;
        if (pattern == WAST_NAN_NONE) {
            if (memcmp(got->v128 + at, v->bytes + at, lane_bytes) != 0)
                return false;
            continue;
        }
        uint64_t bits = 0;
        memcpy(&bits, got->v128 + at, lane_bytes);
        if (!is_nan_like(bits, lane_bytes, pattern))
            return false;
    }
    return true;
}

/* The kind of object behind a reference outside the func hierarchy; FREE for null and i31. */
static enum rt_object_kind object_kind(struct script_run *r, uint64_t ref)
{
    if (ref == RT_NULL || rt_is_i31(ref))
        return RT_OBJECT_FREE;
    return (enum rt_object_kind)rt_object_of(r->store, ref)->kind;
}

static bool is_host_value(struct script_run *r, const struct wast_value *v, uint64_t ref)
{
    if (!v->has_number)
        return true;
    return object_kind(r, ref) == RT_OBJECT_HOST &&
           (uintptr_t)rt_host_ref_data(r->store, ref) == (uintptr_t)(v->number + UINT64_C(1));
}

static bool reference_matches(struct script_run *r, const struct wast_value *v, uint64_t ref,
                              struct wm_valtype type)
{
    const struct rt_registry *types = r->engine->types;
    enum wm_heap_abs top = rt_heap_top(types, wm_heap_of(type));

    if (v->kind == WAST_REF_NULL)
        return ref == RT_NULL && (!v->has_heap || rt_heap_top(types, v->heap) == top);
    if (ref == RT_NULL)
        return false;
    if (v->kind == WAST_REF_FUNC || top == WM_HEAP_FUNC)
        return v->kind == WAST_REF_FUNC && top == WM_HEAP_FUNC;
    enum rt_object_kind kind = object_kind(r, ref);
    switch (v->kind) {
    case WAST_REF_EXTERN: return top == WM_HEAP_EXTERN && is_host_value(r, v, ref);
    case WAST_REF_HOST: return top == WM_HEAP_ANY && is_host_value(r, v, ref);
    case WAST_REF_ANY: return top == WM_HEAP_ANY;
    case WAST_REF_I31: return top == WM_HEAP_ANY && rt_is_i31(ref);
    case WAST_REF_STRUCT: return top == WM_HEAP_ANY && kind == RT_OBJECT_STRUCT;
    case WAST_REF_ARRAY: return top == WM_HEAP_ANY && kind == RT_OBJECT_ARRAY;
    case WAST_REF_EQ:
        return top == WM_HEAP_ANY &&
               (rt_is_i31(ref) || kind == RT_OBJECT_STRUCT || kind == RT_OBJECT_ARRAY);
    default: return v->kind == WAST_REF_EXN && kind == RT_OBJECT_EXCEPTION;
    }
}

static bool value_matches(struct script_run *r, const struct wast_value *v,
                          const union rt_value *got, struct wm_valtype type)
{
    if (v->kind == WAST_EITHER) {
        for (uint32_t i = 0; i < v->alternative_count; i++)
            if (value_matches(r, &v->alternatives[i], got, type))
                return true;
        return false;
    }
    if (!kind_fits(v->kind, type))
        return false;
    switch (v->kind) {
    case WAST_I32:
    case WAST_F32: return number_matches(v, got, 4);
    case WAST_I64:
    case WAST_F64: return number_matches(v, got, 8);
    case WAST_V128: return number_matches(v, got, 16);
    default: return reference_matches(r, v, got->ref, type);
    }
}

/* ---- messages ---------------------------------------------------------------------------------
 */

static void show_got(const union rt_value *got, struct wm_valtype type, char *out, size_t size)
{
    switch (wm_kind(type)) {
    case WM_KIND_I32: snprintf(out, size, "i32 %" PRId32, (int32_t)got->i32); return;
    case WM_KIND_I64: snprintf(out, size, "i64 %" PRId64, (int64_t)got->i64); return;
    case WM_KIND_F32:
        snprintf(out, size, "f32 %.9g (0x%08" PRIx32 ")", (double)got->f32, got->i32);
        return;
    case WM_KIND_F64:
        snprintf(out, size, "f64 %.17g (0x%016" PRIx64 ")", got->f64, got->i64);
        return;
    case WM_KIND_V128:
        snprintf(out, size, "v128 0x%016" PRIx64 "%016" PRIx64, got->u64[1], got->u64[0]);
        return;
    default: break;
    }
    char text[WM_TYPE_TEXT_MAX];
    wm_valtype_text(type, text, sizeof(text));
    snprintf(out, size, "%s 0x%" PRIx64, text, got->ref);
}

static void show_wanted(const struct wast_value *v, char *out, size_t size)
{
    uint64_t bits[2];

    memcpy(bits, v->bytes, sizeof(bits));
    if (v->kind == WAST_EITHER && v->alternative_count != 0)
        snprintf(out, size, "one of %u values", v->alternative_count);
    else if (v->nan[0] != WAST_NAN_NONE && v->kind != WAST_V128)
        snprintf(out, size, "%s %s", kind_text[v->kind],
                 v->nan[0] == WAST_NAN_CANONICAL ? "nan:canonical" : "nan:arithmetic");
    else if (v->kind == WAST_V128)
        snprintf(out, size, "v128 0x%016" PRIx64 "%016" PRIx64, bits[1], bits[0]);
    else if (v->kind == WAST_I32 || v->kind == WAST_I64)
        snprintf(out, size, "%s %" PRId64, kind_text[v->kind],
                 v->kind == WAST_I32 ? (int64_t)(int32_t)(uint32_t)bits[0] : (int64_t)bits[0]);
    else if (v->kind == WAST_F32 || v->kind == WAST_F64)
        snprintf(out, size, "%s 0x%" PRIx64, kind_text[v->kind], bits[0]);
    else if (v->has_number)
        snprintf(out, size, "%s %u", kind_text[v->kind], v->number);
    else
        snprintf(out, size, "%s", kind_text[v->kind]);
}

bool script_results(struct script_run *r, const union rt_value *results,
                    const struct wm_valtype *types, uint32_t type_count,
                    const struct wast_value *expected, uint32_t expected_count)
{
    if (type_count != expected_count)
        return script_fail(r, "expected %u results, found %u", expected_count, type_count);
    for (uint32_t i = 0; i < type_count; i++) {
        char wanted[96], got[96];
        if (value_matches(r, &expected[i], &results[i], types[i]))
            continue;
        show_wanted(&expected[i], wanted, sizeof(wanted));
        show_got(&results[i], types[i], got, sizeof(got));
        return script_fail(r, "result %u: expected %s, found %s", i, wanted, got);
    }
    return true;
}
