/* reflect: types of what a module imports and exports, before and after instantiating.
 * SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

static const char *kind_name(wasm_valkind_t kind)
{
    switch (kind) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    case WASM_EXTERNREF: return "externref";
    case WASM_FUNCREF: return "funcref";
    default: return "?";
    }
}

static void print_valtypes(const wasm_valtype_vec_t *types)
{
    for (size_t i = 0; i < types->size; i++)
        printf(" %s", kind_name(wasm_valtype_kind(types->data[i])));
}

static void print_limits(const wasm_limits_t *limits)
{
    printf(" %" PRIu32, limits->min);
    if (limits->max != wasm_limits_max_default)
        printf(" %" PRIu32, limits->max);
}

static void print_functype(const wasm_functype_t *type)
{
    print_valtypes(wasm_functype_params(type));
    printf(" ->");
    print_valtypes(wasm_functype_results(type));
}

static void print_externtype(const wasm_externtype_t *type)
{
    switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC:
        printf("func");
        print_functype(wasm_externtype_as_functype_const(type));
        break;
    case WASM_EXTERN_GLOBAL: {
        const wasm_globaltype_t *g = wasm_externtype_as_globaltype_const(type);
        printf("global %s%s", wasm_globaltype_mutability(g) == WASM_VAR ? "mut " : "",
               kind_name(wasm_valtype_kind(wasm_globaltype_content(g))));
        break;
    }
    case WASM_EXTERN_TABLE: {
        const wasm_tabletype_t *t = wasm_externtype_as_tabletype_const(type);
        printf("table");
        print_limits(wasm_tabletype_limits(t));
        printf(" %s", kind_name(wasm_valtype_kind(wasm_tabletype_element(t))));
        break;
    }
    case WASM_EXTERN_MEMORY:
        printf("memory");
        print_limits(wasm_memorytype_limits(wasm_externtype_as_memorytype_const(type)));
        break;
    case WASM_EXTERN_TAG:
        printf("tag");
        print_functype(wasm_tagtype_functype(wasm_externtype_as_tagtype_const(type)));
        break;
    }
    printf("\n");
}

static void print_name(const wasm_name_t *name)
{
    printf("\"%.*s\" ", (int)name->size, name->data);
}

static own wasm_trap_t *never_called(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    (void)args;
    (void)results;
    return NULL;
}

int main(void)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    own wasm_module_t *module = load(store, "reflect.wasm");

    own wasm_importtype_vec_t imports, copies;
    wasm_module_imports(module, &imports);
    wasm_importtype_vec_copy(&copies, &imports);
    wasm_importtype_vec_delete(&imports);
    for (size_t i = 0; i < copies.size; i++) {
        print_name(wasm_importtype_module(copies.data[i]));
        print_name(wasm_importtype_name(copies.data[i]));
        print_externtype(wasm_importtype_type(copies.data[i]));
    }
    wasm_importtype_vec_delete(&copies);

    const wasm_limits_t limits = {1, wasm_limits_max_default};
    own wasm_memorytype_t *memory_type = wasm_memorytype_new(&limits);
    own wasm_memory_t *memory = wasm_memory_new(store, memory_type);
    wasm_memorytype_delete(memory_type);
    own wasm_functype_t *log_type =
        wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_f64());
    own wasm_func_t *log = wasm_func_new(store, log_type, never_called);
    wasm_functype_delete(log_type);
    wasm_extern_t *externs[] = {wasm_func_as_extern(log), wasm_memory_as_extern(memory)};
    own wasm_instance_t *instance = instantiate(store, "reflect.wasm", externs, 2);

    own wasm_exporttype_vec_t export_types;
    own wasm_extern_vec_t exports;
    wasm_module_exports(module, &export_types);
    wasm_instance_exports(instance, &exports);
    NEED(exports.size == export_types.size);
    for (size_t i = 0; i < exports.size; i++) {
        NEED(wasm_extern_kind(exports.data[i]) ==
             wasm_externtype_kind(wasm_exporttype_type(export_types.data[i])));
        print_name(wasm_exporttype_name(export_types.data[i]));
        print_externtype(wasm_exporttype_type(export_types.data[i]));
        own wasm_externtype_t *now = wasm_extern_type(exports.data[i]);
        printf("    now ");
        print_externtype(now);
        wasm_externtype_delete(now);
    }
    const wasm_func_t *func = wasm_extern_as_func(exports.data[1]);
    printf("%zu parameters, %zu results\n", wasm_func_param_arity(func),
           wasm_func_result_arity(func));
    NEED(wasm_extern_as_func(exports.data[0]) == NULL);

    wasm_exporttype_vec_delete(&export_types);
    wasm_extern_vec_delete(&exports);
    wasm_func_delete(log);
    wasm_memory_delete(memory);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
