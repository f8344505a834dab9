/* test_wasm_h_refuse: what the standard wasm.h interface must refuse without a crash: things of
 * another store, modules of another engine, callbacks and imports that are NULL.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "wasm.h"

#include <stdlib.h>
#include <string.h>

#include "mujun/mujun.h"

static wasm_module_t *load(wasm_store_t *s, struct mujun_engine *translator, const char *text)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    wasm_byte_vec_t binary;

    if (mujun_text_to_binary(translator, text, strlen(text), &bytes, &size, NULL) != MUJUN_OK) {
        printf("Bail out! %s\n", text);
        exit(99);
    }
    wasm_byte_vec_new(&binary, size, (const char *)bytes);
    mujun_bytes_free(bytes);
    wasm_module_t *m = wasm_module_new(s, &binary);
    wasm_byte_vec_delete(&binary);
    return m;
}

/* Instantiates with one import; the trap's message must hold want. */
static void check_import(wasm_store_t *s, const wasm_module_t *m, wasm_extern_t *import,
                         const char *want, const char *what)
{
    wasm_extern_t *items[1] = {import};
    wasm_extern_vec_t imports = {1, items};
    wasm_trap_t *trap = NULL;
    wasm_message_t message = {0, NULL};
    wasm_instance_t *i = wasm_instance_new(s, m, &imports, &trap);

    if (trap != NULL)
        wasm_trap_message(trap, &message);
    const char *text = message.data == NULL ? "(no trap)" : message.data;
    tap_ok(i == NULL && strstr(text, want) != NULL, "%s: %s", what, text);
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    wasm_instance_delete(i);
}

static wasm_trap_t *nothing(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args;
    (void)results;
    return NULL;
}

static void test_values(wasm_store_t *a, wasm_store_t *b, wasm_func_t *theirs)
{
    wasm_globaltype_t *type = wasm_globaltype_new(wasm_valtype_new(WASM_FUNCREF), WASM_VAR);
    wasm_val_t value = {.kind = WASM_FUNCREF, .of = {.ref = wasm_func_as_ref(theirs)}};
    wasm_val_t null = {.kind = WASM_FUNCREF, .of = {.ref = NULL}};
    wasm_global_t *bad = wasm_global_new(a, type, &value);
    wasm_global_t *global = wasm_global_new(a, type, &null);
    wasm_val_t out;

    tap_ok(bad == NULL, "a global is not made of a function of another store");
    wasm_global_set(global, &value);
    wasm_global_get(global, &out);
    tap_ok(out.of.ref == NULL, "nor set to one");
    wasm_limits_t limits = {1, 2};
    wasm_tabletype_t *table_type = wasm_tabletype_new(wasm_valtype_new(WASM_FUNCREF), &limits);
    wasm_table_t *table = wasm_table_new(a, table_type, NULL);
    tap_ok(!wasm_table_set(table, 0, wasm_func_as_ref(theirs)) &&
               !wasm_table_grow(table, 1, wasm_func_as_ref(theirs)) && wasm_table_size(table) == 1,
           "nor is an element of a table");
    wasm_foreign_t *in_a = wasm_foreign_new(a), *in_b = wasm_foreign_new(b);
    tap_ok(!wasm_foreign_same(in_a, in_b), "values of two stores are not the same");
    wasm_foreign_delete(in_a);
    wasm_foreign_delete(in_b);
    wasm_table_delete(table);
    wasm_tabletype_delete(table_type);
    wasm_global_delete(global);
    wasm_globaltype_delete(type);
}

int main(void)
{
    struct mujun_engine *translator = NULL;
    wasm_engine_t *engine = wasm_engine_new(), *other_engine = wasm_engine_new();
    wasm_store_t *a = wasm_store_new(engine), *b = wasm_store_new(engine);
    wasm_store_t *c = wasm_store_new(other_engine);
    wasm_functype_t *type = wasm_functype_new_0_0();

    if (mujun_engine_new(NULL, &translator, NULL) != MUJUN_OK)
        return 99;
    wasm_func_t *ours = wasm_func_new(a, type, nothing), *theirs = wasm_func_new(b, type, nothing);
    wasm_module_t *module = load(a, translator, "(module (import \"\" \"\" (func)))");
    wasm_module_t *stranger = load(c, translator, "(module (type (func (param f64 f32 i32)))"
                                                  "(import \"\" \"\" (func (type 0))))");

    tap_ok(wasm_func_new(a, type, NULL) == NULL &&
               wasm_func_new_with_env(a, type, NULL, NULL, NULL) == NULL,
           "a callback that is NULL");
    check_import(a, module, wasm_func_as_extern(theirs), "another store", "import");
    check_import(a, module, NULL, "missing", "import that is NULL");
    check_import(a, stranger, wasm_func_as_extern(ours), "another engine", "module");
    test_values(a, b, theirs);
    wasm_shared_module_t *shared = wasm_module_share(module);
    tap_ok(wasm_module_obtain(c, shared) == NULL, "a shared module stays in its engine");
    wasm_shared_module_delete(shared);
    wasm_module_delete(stranger);
    wasm_module_delete(module);
    wasm_func_delete(theirs);
    wasm_func_delete(ours);
    wasm_functype_delete(type);
    wasm_store_delete(c);
    wasm_store_delete(b);
    wasm_store_delete(a);
    wasm_engine_delete(other_engine);
    wasm_engine_delete(engine);
    mujun_engine_free(translator);
    return tap_done();
}
