/* hostref: host values that guests hold, pass on and give back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *callback(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    printf("callback sees %s\n", args->data[0].of.ref == NULL ? "null" : "a reference");
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

/* index < 0: without the index parameter. */
static own wasm_ref_t *call(const wasm_func_t *func, int32_t index, bool has_ref, wasm_ref_t *ref)
{
    wasm_val_t args[2], result[1] = {WASM_INIT_VAL};
    size_t n = 0;
    if (index >= 0)
        args[n++] = (wasm_val_t)WASM_I32_VAL(index);
    if (has_ref)
        args[n++] = (wasm_val_t)WASM_REF_VAL(ref); /* borrowed */
    wasm_val_vec_t args_vec = {n, args};
    wasm_val_vec_t results_vec = {wasm_func_result_arity(func), result};
    NEED(wasm_func_call(func, &args_vec, &results_vec) == NULL);
    return result[0].of.ref;
}

static void check(own wasm_ref_t *actual, const wasm_ref_t *expected)
{
    NEED(wasm_ref_same(actual, expected));
    wasm_ref_delete(actual);
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_functype_t *type =
        wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    own wasm_func_t *func = wasm_func_new(store, type, callback);
    wasm_functype_delete(type);
    wasm_extern_t *imports[] = {wasm_func_as_extern(func)};
    own wasm_instance_t *instance = instantiate(store, "hostref.wasm", imports, 1);
    own wasm_extern_vec_t e;
    wasm_instance_exports(instance, &e);
    const wasm_func_t *global_set = wasm_extern_as_func(e.data[2]);
    const wasm_func_t *global_get = wasm_extern_as_func(e.data[3]);
    const wasm_func_t *table_set = wasm_extern_as_func(e.data[4]);
    const wasm_func_t *table_get = wasm_extern_as_func(e.data[5]);
    const wasm_func_t *func_call = wasm_extern_as_func(e.data[6]);

    own wasm_foreign_t *one = wasm_foreign_new(store), *two = wasm_foreign_new(store);
    wasm_foreign_set_host_info(one, (void *)1);
    wasm_foreign_set_host_info(two, (void *)2);
    wasm_ref_t *ref1 = wasm_foreign_as_ref(one), *ref2 = wasm_foreign_as_ref(two);
    NEED(!wasm_foreign_same(one, two));

    check(call(global_get, -1, false, NULL), NULL);
    call(global_set, -1, true, ref1);
    check(call(global_get, -1, false, NULL), ref1);
    call(table_set, 4, true, ref1);
    call(table_set, 5, true, ref2);
    check(call(table_get, 5, false, NULL), ref2);
    call(table_set, 5, true, NULL);
    check(call(table_get, 5, false, NULL), NULL);
    check(call(func_call, -1, true, NULL), NULL);
    check(call(func_call, -1, true, ref2), ref2);
    check(call(func_call, -1, true, wasm_func_as_ref(func)), wasm_func_as_ref(func));
    wasm_foreign_delete(one);
    wasm_foreign_delete(two);

    own wasm_ref_t *back = call(table_get, 4, false, NULL); /* only the guest held it */
    NEED(wasm_ref_as_foreign(back) != NULL && wasm_ref_as_func(back) == NULL);
    printf("host info: %d\n", (int)(intptr_t)wasm_ref_get_host_info(back));
    wasm_ref_delete(back);
    own wasm_val_t val;
    wasm_global_get(wasm_extern_as_global(e.data[0]), &val);
    NEED(val.kind == WASM_EXTERNREF && val.of.ref != NULL);
    wasm_val_delete(&val);

    wasm_func_delete(func);
    wasm_extern_vec_delete(&e);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
