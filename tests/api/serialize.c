/* serialize: a module to bytes and back; damaged bytes are refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *hello(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args;
    (void)results;
    puts("hello again");
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_module_t *module = load(store, "serialize.wasm");
    own wasm_byte_vec_t bytes, binary;
    wasm_module_serialize(module, &bytes);
    wasm_module_delete(module);

    NEED(wasm_module_new(store, &bytes) == NULL); /* it is no plain module... */
    read_file("serialize.wasm", &binary);
    NEED(wasm_module_deserialize(store, &binary) == NULL); /* ...nor the other way round */
    NEED(bytes.size > binary.size);
    for (size_t i = 0; i < bytes.size; i++) {
        wasm_byte_vec_t cut = {i, bytes.data};
        NEED(wasm_module_deserialize(store, &cut) == NULL);
    }
    wasm_byte_vec_delete(&binary);

    module = wasm_module_deserialize(store, &bytes);
    NEED(module != NULL);
    wasm_byte_vec_delete(&bytes);
    own wasm_functype_t *type = wasm_functype_new_0_0();
    own wasm_func_t *func = wasm_func_new(store, type, hello);
    wasm_functype_delete(type);
    wasm_extern_t *externs[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
    own wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
    NEED(instance != NULL);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    NEED(wasm_func_call(wasm_extern_as_func(exports.data[0]), NULL, NULL) == NULL);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(func);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
