/* table: reading, writing and growing tables of functions. SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static own wasm_trap_t *neg(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    results->data[0].kind = WASM_I32;
    results->data[0].of.i32 = -args->data[0].of.i32;
    return NULL;
}

static void print_slots(const wasm_table_t *table)
{
    for (wasm_table_size_t i = 0; i < wasm_table_size(table); i++) {
        own wasm_ref_t *ref = wasm_table_get(table, i);
        printf("%s", ref == NULL ? "-" : wasm_ref_as_func(ref) != NULL ? "f" : "?");
        wasm_ref_delete(ref);
    }
    printf("\n");
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_instance_t *instance = instantiate(store, "table.wasm", NULL, 0);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_table_t *table = wasm_extern_as_table(exports.data[0]);
    const wasm_func_t *call_indirect = wasm_extern_as_func(exports.data[1]);
    wasm_func_t *g = wasm_extern_as_func(exports.data[3]);
    own wasm_functype_t *type =
        wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    own wasm_func_t *h = wasm_func_new(store, type, neg);
    wasm_functype_delete(type);

    print_slots(table);
    printf("%d %d\n", call_i32(call_indirect, 2, 7, 0), call_i32(call_indirect, 2, 7, 1));
    NEED(wasm_table_set(table, 0, wasm_func_as_ref(g)));
    NEED(wasm_table_set(table, 1, NULL));
    NEED(!wasm_table_set(table, 2, wasm_func_as_ref(g)));
    print_slots(table);
    printf("%d %d\n", call_i32(call_indirect, 2, 7, 0), call_i32(call_indirect, 2, 7, 1));
    NEED(wasm_table_grow(table, 3, NULL));
    NEED(wasm_table_set(table, 2, wasm_func_as_ref(h)));
    print_slots(table);
    printf("%d\n", call_i32(call_indirect, 2, 7, 2));
    NEED(!wasm_table_grow(table, 6, NULL));
    NEED(wasm_table_grow(table, 5, wasm_func_as_ref(h)));
    print_slots(table);

    const wasm_limits_t limits = {2, 4};
    own wasm_tabletype_t *refs = wasm_tabletype_new(wasm_valtype_new_externref(), &limits);
    own wasm_table_t *objects = wasm_table_new(store, refs, NULL);
    NEED(objects != NULL);
    own wasm_tabletype_t *again = wasm_table_type(objects);
    NEED(wasm_tabletype_limits(again)->max == 4);
    NEED(wasm_table_set(objects, 0, wasm_instance_as_ref(instance)));
    own wasm_ref_t *back = wasm_table_get(objects, 0);
    NEED(wasm_instance_same(wasm_ref_as_instance(back), instance));
    wasm_ref_delete(back);
    wasm_tabletype_delete(again);
    wasm_tabletype_delete(refs);
    wasm_table_delete(objects);

    wasm_func_delete(h);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
