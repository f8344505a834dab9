/* finalize: host info of 20,000 instances in two stores; each finalizer runs exactly once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

enum { ITERATIONS = 10000 };
static int live;

static void finalize(void *data)
{
    NEED((intptr_t)data >= 0 && (intptr_t)data < ITERATIONS);
    live--;
}

static void fill(wasm_store_t *store)
{
    own wasm_module_t *module = load(store, "finalize.wasm");
    wasm_extern_vec_t imports = WASM_EMPTY_VEC;
    for (int i = 0; i < ITERATIONS; i++) {
        own wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
        NEED(instance != NULL);
        wasm_instance_set_host_info_with_finalizer(instance, (void *)(intptr_t)i, finalize);
        NEED(wasm_instance_get_host_info(instance) == (void *)(intptr_t)i);
        live++;
        wasm_instance_delete(instance);
    }
    wasm_module_delete(module);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *a = wasm_store_new(engine), *b = wasm_store_new(engine);
    fill(a);
    fill(b);
    printf("live: %d\n", live);
    wasm_store_delete(a);
    printf("after the first store: %d\n", live);
    wasm_store_delete(b);
    printf("after the second: %d\n", live);
    wasm_engine_delete(engine);
    return 0;
}
