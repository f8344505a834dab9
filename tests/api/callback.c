/* callback: values in both directions, and a function with data of its own whose finalizer runs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *print(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    NEED(args->data[0].kind == WASM_I32);
    printf("print: %" PRIi32 "\n", args->data[0].of.i32);
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static own wasm_trap_t *closure(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    NEED(args->size == 0);
    int i = *(int *)env;
    printf("closure: %d\n", i);
    results->data[0].kind = WASM_I32;
    results->data[0].of.i32 = i;
    return NULL;
}

static void finalize(void *env)
{
    printf("finalizer: %d\n", *(int *)env);
}

int main(void)
{
    int i = 42;
    wasm_engine_t *engine = wasm_engine_new_with_config(wasm_config_new());
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_functype_t *print_type =
        wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    own wasm_func_t *print_func = wasm_func_new(store, print_type, print);
    own wasm_functype_t *closure_type = wasm_functype_new_0_1(wasm_valtype_new_i32());
    own wasm_func_t *closure_func =
        wasm_func_new_with_env(store, closure_type, closure, &i, finalize);
    wasm_functype_delete(print_type);
    wasm_functype_delete(closure_type);

    wasm_extern_t *imports[] = {wasm_func_as_extern(print_func), wasm_func_as_extern(closure_func)};
    own wasm_instance_t *instance = instantiate(store, "callback.wasm", imports, 2);
    wasm_func_delete(print_func);
    wasm_func_delete(closure_func);

    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    printf("run: %" PRIi32 "\n", call_i32(wasm_extern_as_func(exports.data[0]), 2, 3, 4));

    /* The order of deleting does not matter. */
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    wasm_extern_vec_delete(&exports);
    puts("before the last handle");
    wasm_instance_delete(instance);
    return 0;
}
