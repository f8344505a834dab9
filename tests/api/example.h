/* example.h: what the programs in this folder share. They use nothing but the installed wasm.h.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_API_EXAMPLE_H
#define TESTS_API_EXAMPLE_H

#include <wasm.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define own

#define NEED(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: expected %s\n", __FILE__, __LINE__, #cond);                             \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline void read_file(const char *path, own wasm_byte_vec_t *out)
{
    FILE *f = fopen(path, "rb");
    NEED(f != NULL);
    NEED(fseek(f, 0, SEEK_END) == 0);
    wasm_byte_vec_new_uninitialized(out, (size_t)ftell(f));
    NEED(fseek(f, 0, SEEK_SET) == 0);
    NEED(fread(out->data, 1, out->size, f) == out->size);
    fclose(f);
}

static inline own wasm_module_t *load(wasm_store_t *store, const char *path)
{
    wasm_byte_vec_t binary;
    read_file(path, &binary);
    NEED(wasm_module_validate(store, &binary));
    own wasm_module_t *module = wasm_module_new(store, &binary);
    wasm_byte_vec_delete(&binary);
    NEED(module != NULL);
    return module;
}

static inline own wasm_instance_t *instantiate(wasm_store_t *store, const char *path,
                                               wasm_extern_t *const imports[], size_t count)
{
    own wasm_module_t *module = load(store, path);
    wasm_extern_vec_t vec = {count, (wasm_extern_t **)(uintptr_t)imports};
    own wasm_instance_t *instance = wasm_instance_new(store, module, &vec, NULL);
    NEED(instance != NULL);
    wasm_module_delete(module);
    return instance;
}

/* Calls with up to three i32 and expects one i32, or a trap (then the result is -1). */
static inline int32_t call_i32(const wasm_func_t *func, size_t count, int32_t a, int32_t b)
{
    wasm_val_t args[2] = {WASM_I32_VAL(a), WASM_I32_VAL(b)};
    wasm_val_t results[1] = {WASM_INIT_VAL};
    wasm_val_vec_t args_vec = {count, args};
    wasm_val_vec_t results_vec = {wasm_func_result_arity(func), results};
    own wasm_trap_t *trap = wasm_func_call(func, &args_vec, &results_vec);
    if (trap != NULL) {
        wasm_trap_delete(trap);
        return -1;
    }
    return results_vec.size == 0 ? 0 : results[0].of.i32;
}

#endif /* TESTS_API_EXAMPLE_H */
