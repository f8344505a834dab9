/* threads: one module, ten threads, a store each. SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 10, REPEATS = 20 };
static _Atomic int sum;

struct job {
    pthread_t thread;
    wasm_engine_t *engine;
    wasm_shared_module_t *module;
    int id;
};

static own wasm_trap_t *callback(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)results;
    sum += args->data[0].of.i32;
    return NULL;
}

static void *run(void *arg)
{
    struct job *job = arg;
    own wasm_store_t *store = wasm_store_new(job->engine);
    own wasm_module_t *module = wasm_module_obtain(store, job->module);
    NEED(module != NULL);
    own wasm_functype_t *func_type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    own wasm_globaltype_t *global_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
    for (int i = 0; i < REPEATS; i++) {
        own wasm_func_t *func = wasm_func_new(store, func_type, callback);
        wasm_val_t id = WASM_I32_VAL(job->id);
        own wasm_global_t *global = wasm_global_new(store, global_type, &id);
        wasm_extern_t *externs[] = {wasm_func_as_extern(func), wasm_global_as_extern(global)};
        wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
        own wasm_instance_t *instance = wasm_instance_new(store, module, &imports, NULL);
        NEED(instance != NULL);
        own wasm_extern_vec_t exports;
        wasm_instance_exports(instance, &exports);
        NEED(wasm_func_call(wasm_extern_as_func(exports.data[0]), NULL, NULL) == NULL);
        wasm_extern_vec_delete(&exports);
        wasm_instance_delete(instance);
        wasm_global_delete(global);
        wasm_func_delete(func);
    }
    wasm_functype_delete(func_type);
    wasm_globaltype_delete(global_type);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_module_t *module = load(store, "threads.wasm");
    own wasm_shared_module_t *shared = wasm_module_share(module);
    wasm_module_delete(module);
    wasm_store_delete(store);

    static struct job jobs[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.engine = engine, .module = shared, .id = i + 1};
        NEED(pthread_create(&jobs[i].thread, NULL, run, &jobs[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_join(jobs[i].thread, NULL) == 0);
    printf("sum: %d\n", (int)sum);

    wasm_engine_t *other = wasm_engine_new();
    wasm_store_t *foreign = wasm_store_new(other);
    NEED(wasm_module_obtain(foreign, shared) == NULL); /* not across engines */
    wasm_store_delete(foreign);
    wasm_engine_delete(other);
    wasm_shared_module_delete(shared);
    wasm_engine_delete(engine);
    return 0;
}
