/* global: globals of the host and of a module, seen from both sides.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static int64_t get_i64(const wasm_global_t *global)
{
    own wasm_val_t val;
    wasm_global_get(global, &val);
    NEED(val.kind == WASM_I64);
    return val.of.i64;
}

static void call(const wasm_func_t *func, wasm_val_t *arg, wasm_val_t *result)
{
    wasm_val_vec_t args = {arg != NULL, arg}, results = {result != NULL, result};
    NEED(wasm_func_call(func, &args, &results) == NULL);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_globaltype_t *f32_type = wasm_globaltype_new(wasm_valtype_new_f32(), WASM_CONST);
    own wasm_globaltype_t *i64_type = wasm_globaltype_new(wasm_valtype_new_i64(), WASM_VAR);
    wasm_val_t one = WASM_F32_VAL(1.5f), two = WASM_I64_VAL(2);
    own wasm_global_t *f32 = wasm_global_new(store, f32_type, &one);
    own wasm_global_t *i64 = wasm_global_new(store, i64_type, &two);
    NEED(wasm_global_new(store, i64_type, &one) == NULL);
    wasm_globaltype_delete(f32_type);
    wasm_globaltype_delete(i64_type);

    wasm_extern_t *imports[] = {wasm_global_as_extern(f32), wasm_global_as_extern(i64)};
    own wasm_instance_t *instance = instantiate(store, "global.wasm", imports, 2);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_global_t *f32_export = wasm_extern_as_global(exports.data[0]);
    wasm_global_t *i64_export = wasm_extern_as_global(exports.data[1]);

    wasm_val_t result = WASM_INIT_VAL, big = WASM_I64_VAL(INT64_C(1) << 40), no = WASM_F32_VAL(9);
    call(wasm_extern_as_func(exports.data[3]), NULL, &result);
    printf("f32: %g\n", (double)result.of.f32);
    wasm_global_set(i64, &big);
    call(wasm_extern_as_func(exports.data[2]), NULL, &result);
    printf("i64 after the host set it: %" PRIi64 "\n", result.of.i64);
    call(wasm_extern_as_func(exports.data[4]), &two, NULL);
    printf("i64 after the guest set it: %" PRIi64 "\n", get_i64(i64));
    wasm_global_set(i64_export, &big);
    call(wasm_extern_as_func(exports.data[5]), NULL, &result);
    printf("export after the host set it: %" PRIi64 "\n", result.of.i64);

    /* Refused: immutable, and of another kind. */
    wasm_global_set(f32_export, &no);
    wasm_global_set(i64, &no);
    own wasm_val_t val;
    wasm_global_get(f32_export, &val);
    printf("unchanged: %g %" PRIi64 "\n", (double)val.of.f32, get_i64(i64));
    own wasm_global_t *copy = wasm_global_copy(i64);
    NEED(wasm_global_same(copy, i64) && !wasm_global_same(copy, f32));

    wasm_global_delete(copy);
    wasm_global_delete(f32);
    wasm_global_delete(i64);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
