/* memory: the bytes of a memory, shared between host and guest.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_instance_t *instance = instantiate(store, "memory.wasm", NULL, 0);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_memory_t *memory = wasm_extern_as_memory(exports.data[0]);
    const wasm_func_t *size = wasm_extern_as_func(exports.data[1]);
    const wasm_func_t *load_byte = wasm_extern_as_func(exports.data[2]);
    const wasm_func_t *store_byte = wasm_extern_as_func(exports.data[3]);

    NEED(wasm_memory_size(memory) == 2);
    NEED(wasm_memory_data_size(memory) == 2 * MEMORY_PAGE_SIZE);
    byte_t *data = wasm_memory_data(memory);
    printf("%d %d %d\n", data[0], data[0x1000], call_i32(load_byte, 1, 0x1003, 0));
    data[0x1003] = 5;
    NEED(call_i32(store_byte, 2, 0x1002, 6) == 0);
    printf("%d %d\n", call_i32(load_byte, 1, 0x1003, 0), data[0x1002]);
    NEED(call_i32(load_byte, 1, 0x1ffff, 0) == 0);
    NEED(call_i32(load_byte, 1, 0x20000, 0) == -1); /* a trap */
    NEED(wasm_memory_grow(memory, 1));
    NEED(!wasm_memory_grow(memory, 1));
    NEED(wasm_memory_data(memory) == data); /* growing never moves */
    NEED(call_i32(load_byte, 1, 0x20000, 0) == 0);
    printf("%d pages\n", call_i32(size, 0, 0, 0));

    const wasm_limits_t limits = {5, 5};
    own wasm_memorytype_t *type = wasm_memorytype_new(&limits);
    own wasm_memory_t *fixed = wasm_memory_new(store, type);
    NEED(wasm_memory_size(fixed) == 5 && !wasm_memory_grow(fixed, 1) && wasm_memory_grow(fixed, 0));
    own wasm_memorytype_t *again = wasm_memory_type(fixed);
    NEED(wasm_memorytype_limits(again)->min == 5 && wasm_memorytype_limits(again)->max == 5);
    const wasm_limits_t backwards = {5, 4};
    own wasm_memorytype_t *bad = wasm_memorytype_new(&backwards);
    NEED(wasm_memory_new(store, bad) == NULL);

    wasm_memorytype_delete(bad);
    wasm_memorytype_delete(again);
    wasm_memorytype_delete(type);
    wasm_memory_delete(fixed);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
