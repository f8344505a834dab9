/* tag: exception tags of the host; an uncaught exception reaches the host as a trap.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_tagtype_t *type =
        wasm_tagtype_new(wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i64()));
    own wasm_tag_t *tag = wasm_tag_new(store, type);
    NEED(tag != NULL);
    own wasm_tagtype_t *again = wasm_tag_type(tag);
    printf("%zu parameters\n", wasm_functype_params(wasm_tagtype_functype(again))->size);
    wasm_tagtype_delete(again);
    wasm_tagtype_delete(type);
    own wasm_tagtype_t *bad = wasm_tagtype_new(wasm_functype_new_0_1(wasm_valtype_new_i32()));
    NEED(wasm_tag_new(store, bad) == NULL); /* tags have no results */
    wasm_tagtype_delete(bad);

    wasm_extern_t *imports[] = {wasm_tag_as_extern(tag)};
    own wasm_instance_t *instance = instantiate(store, "tag.wasm", imports, 1);
    own wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    NEED(wasm_extern_as_tag(exports.data[0]) != NULL);
    printf("throw: %d\n", call_i32(wasm_extern_as_func(exports.data[1]), 1, 5, 0));
    printf("catch: %d\n", call_i32(wasm_extern_as_func(exports.data[2]), 1, 5, 0));

    wasm_tag_delete(tag);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
