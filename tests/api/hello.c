/* hello: a module calls a function of the host. SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *hello(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    printf("hello from the host: %zu arguments, %zu results\n", args->size, results->size);
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_functype_t *type = wasm_functype_new_0_0();
    own wasm_func_t *func = wasm_func_new(store, type, hello);
    wasm_functype_delete(type);

    wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
    own wasm_instance_t *instance = instantiate(store, "hello.wasm", imports, 1);
    wasm_func_delete(func);

    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    NEED(exports.size == 1);
    const wasm_func_t *run = wasm_extern_as_func(exports.data[0]);
    NEED(run != NULL);
    wasm_val_vec_t none = WASM_EMPTY_VEC;
    NEED(wasm_func_call(run, &none, &none) == NULL);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
