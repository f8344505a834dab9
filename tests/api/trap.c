/* trap: traps of the host and of the guest, with their messages and frames.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *fail(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args;
    (void)results;
    own wasm_name_t message;
    wasm_name_new_from_string_nt(&message, "callback abort");
    own wasm_trap_t *trap = wasm_trap_new((wasm_store_t *)env, &message);
    wasm_name_delete(&message);
    return trap;
}

static void print_frame(wasm_instance_t *instance, const wasm_frame_t *frame)
{
    NEED(wasm_instance_same(wasm_frame_instance(frame), instance));
    NEED(wasm_frame_func_offset(frame) < wasm_frame_module_offset(frame));
    printf("  function %" PRIu32 " at +%zu\n", wasm_frame_func_index(frame),
           wasm_frame_func_offset(frame));
}

static void call(wasm_instance_t *instance, const wasm_func_t *func)
{
    wasm_val_t results[1] = {WASM_INIT_VAL};
    wasm_val_vec_t args_vec = WASM_EMPTY_VEC;
    wasm_val_vec_t results_vec = WASM_ARRAY_VEC(results);
    own wasm_trap_t *trap = wasm_func_call(func, &args_vec, &results_vec);
    NEED(trap != NULL);

    own wasm_name_t message;
    wasm_trap_message(trap, &message);
    NEED(message.data[message.size - 1] == '\0');
    printf("message: %s\n", message.data);
    wasm_name_delete(&message);

    own wasm_frame_t *origin = wasm_trap_origin(trap);
    NEED(origin != NULL);
    print_frame(instance, origin);
    wasm_frame_delete(origin);

    own wasm_frame_vec_t trace;
    wasm_trap_trace(trap, &trace);
    printf("trace: %zu\n", trace.size);
    for (size_t i = 0; i < trace.size; i++)
        print_frame(instance, trace.data[i]);
    wasm_frame_vec_delete(&trace);
    wasm_trap_delete(trap);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_functype_t *type = wasm_functype_new_0_1(wasm_valtype_new_i32());
    own wasm_func_t *func = wasm_func_new_with_env(store, type, fail, store, NULL);
    wasm_functype_delete(type);
    wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
    own wasm_instance_t *instance = instantiate(store, "trap.wasm", imports, 1);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    for (size_t i = 0; i < 2; i++)
        call(instance, wasm_extern_as_func(exports.data[i]));

    /* A call of the wrong shape is a trap too, and linking without imports says why. */
    wasm_val_t one[1] = {WASM_I32_VAL(1)};
    wasm_val_vec_t args = WASM_ARRAY_VEC(one), none = WASM_EMPTY_VEC;
    own wasm_trap_t *trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &none);
    NEED(trap != NULL);
    wasm_trap_delete(trap);
    own wasm_module_t *module = load(store, "trap.wasm");
    wasm_extern_vec_t no_imports = WASM_EMPTY_VEC;
    NEED(wasm_instance_new(store, module, &no_imports, &trap) == NULL && trap != NULL);
    own wasm_name_t message;
    wasm_trap_message(trap, &message);
    printf("%s\n", message.data);
    wasm_name_delete(&message);
    wasm_trap_delete(trap);

    wasm_module_delete(module);
    wasm_extern_vec_delete(&exports);
    wasm_func_delete(func);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
