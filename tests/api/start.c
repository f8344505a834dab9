/* start: a start function that traps. SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_module_t *module = load(store, "start.wasm");
    wasm_extern_vec_t imports = WASM_EMPTY_VEC;
    own wasm_trap_t *trap = NULL;
    NEED(wasm_instance_new(store, module, &imports, &trap) == NULL);
    NEED(trap != NULL);

    own wasm_name_t message;
    wasm_trap_message(trap, &message);
    printf("%s\n", message.data);
    own wasm_frame_vec_t trace;
    wasm_trap_trace(trap, &trace);
    for (size_t i = 0; i < trace.size; i++) {
        own wasm_frame_t *copy = wasm_frame_copy(trace.data[i]);
        printf("function %" PRIu32 "\n", wasm_frame_func_index(copy));
        wasm_frame_delete(copy);
    }
    wasm_frame_vec_delete(&trace);
    wasm_name_delete(&message);
    wasm_trap_delete(trap);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
