/* multi: several results, through host and guest. SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *reverse(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    for (size_t i = 0; i < 4; i++)
        wasm_val_copy(&results->data[i], &args->data[3 - i]);
    return NULL;
}

static void types_new(own wasm_valtype_vec_t *out)
{
    wasm_valtype_t *types[4] = {wasm_valtype_new_i32(), wasm_valtype_new_i64(),
                                wasm_valtype_new_i64(), wasm_valtype_new_i32()};
    wasm_valtype_vec_new(out, 4, types);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_valtype_vec_t params, results;
    types_new(&params);
    types_new(&results);
    own wasm_functype_t *type = wasm_functype_new(&params, &results);
    own wasm_func_t *func = wasm_func_new(store, type, reverse);
    wasm_functype_delete(type);
    wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
    own wasm_instance_t *instance = instantiate(store, "multi.wasm", imports, 1);
    wasm_func_delete(func);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);

    wasm_val_t in[4] = {WASM_I32_VAL(1), WASM_I64_VAL(2), WASM_I64_VAL(3), WASM_I32_VAL(4)};
    wasm_val_t out[4] = {WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL};
    wasm_val_vec_t in_vec = WASM_ARRAY_VEC(in), out_vec = WASM_ARRAY_VEC(out);
    NEED(wasm_func_call(wasm_extern_as_func(exports.data[0]), &in_vec, &out_vec) == NULL);
    printf("%" PRIi32 " %" PRIi64 " %" PRIi64 " %" PRIi32 "\n", out[0].of.i32, out[1].of.i64,
           out[2].of.i64, out[3].of.i32);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
