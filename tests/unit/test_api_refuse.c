/* test_api_refuse: every way the public API refuses, by row.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api_env.h"

ROW(no_such_feature)
{
    (void)e;
    struct mujun_config *c = mujun_config_new();
    enum mujun_status st = mujun_config_set_feature(c, "fast", true, err);
    mujun_config_free(c);
    return st;
}
ROW(mvp_off)
{
    (void)e;
    struct mujun_config *c = mujun_config_new();
    enum mujun_status st = mujun_config_set_feature(c, "mvp", false, err);
    mujun_config_free(c);
    return st;
}
ROW(no_such_limit)
{
    (void)e;
    struct mujun_config *c = mujun_config_new();
    enum mujun_status st = mujun_config_set_limit(c, "memory", 1, err);
    mujun_config_free(c);
    return st;
}
ROW(store_limit)
{
    const struct mujun_limit limits[] = {
        {"memory_bytes", 1},
        {"memoryBytes",  1}
    };
    struct mujun_store *s = NULL;
    return mujun_store_new(e->engine, limits, 2, &s, err);
}
ROW(signature_word)
{
    const struct mujun_functype *t = NULL;
    return mujun_functype_parse(e->engine, "i32 int -> i32", &t, err);
}
ROW(signature_packed)
{
    const struct mujun_functype *t = NULL;
    return mujun_functype_parse(e->engine, "i8", &t, err);
}
ROW(signature_arrows)
{
    const struct mujun_functype *t = NULL;
    return mujun_functype_parse(e->engine, "-> i32 -> i32", &t, err);
}
ROW(functype_kind)
{
    const struct mujun_functype *t = NULL;
    const enum mujun_kind kinds[] = {MUJUN_I32, (enum mujun_kind)99};
    return mujun_functype_new(e->engine, kinds, 2, NULL, 0, &t, err);
}
ROW(functype_size)
{
    static enum mujun_kind kinds[1001];
    const struct mujun_functype *t = NULL;
    return mujun_functype_new(e->engine, kinds, 1001, NULL, 0, &t, err);
}
ROW(module_magic)
{
    return mujun_module_validate(e->engine, (const uint8_t *)"\0asn\1\0\0\0", 8, err);
}
ROW(module_invalid)
{
    struct mujun_module *m = NULL;
    const char text[] = "(module\n  (func (result i32)\n    (i64.const 1)))";
    return mujun_module_new_text(e->engine, text, strlen(text), &m, err);
}
ROW(text_syntax)
{
    struct mujun_module *m = NULL;
    const char text[] = "(module\n  (func (i32.konst 1)))";
    return mujun_module_new_text(e->engine, text, strlen(text), &m, err);
}
ROW(feature_off)
{
    struct mujun_module *m = NULL;
    const char text[] = "(module (memory 1 1 shared))";
    return mujun_module_new_text(e->engine, text, strlen(text), &m, err);
}
ROW(binary_of_bad_text)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    return mujun_text_to_binary(e->engine, "(module", 7, &bytes, &size, err);
}
ROW(import_missing)
{
    struct mujun_linker *l = NULL;
    struct mujun_instance *i = NULL;
    must(mujun_linker_new(e->store, &l, NULL), NULL, "linker");
    enum mujun_status st = mujun_linker_instantiate(l, e->module, &i, err);
    mujun_linker_free(l);
    return st;
}
ROW(import_type)
{
    struct mujun_linker *l = NULL;
    struct mujun_instance *i = NULL;
    must(mujun_linker_new(e->store, &l, NULL), NULL, "linker");
    must(mujun_linker_define_func(l, "env", "twice", "i64 -> i32", twice, NULL, NULL, NULL), NULL,
         "twice");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_TRAP);
    enum mujun_status st = mujun_linker_instantiate(l, e->module, &i, err);
    mujun_linker_free(l);
    return st;
}
ROW(import_no_default)
{
    struct mujun_linker *l = NULL;
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    const char text[] = "(module (import \"a\" \"b\" (global (ref func))))";
    must(mujun_module_new_text(e->engine, text, strlen(text), &m, NULL), NULL, "module");
    must(mujun_linker_new(e->store, &l, NULL), NULL, "linker");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_ZERO);
    enum mujun_status st = mujun_linker_instantiate(l, m, &i, err);
    mujun_linker_free(l);
    mujun_module_free(m);
    return st;
}
ROW(import_count)
{
    struct mujun_instance *i = NULL;
    return mujun_instance_new(e->store, e->module, NULL, 0, err == NULL ? NULL : &i, err);
}
ROW(define_twice)
{
    const struct mujun_extern tag = {MUJUN_EXTERN_TAG, {.tag = e->tag}};
    return mujun_linker_define(e->linker, "env", "tag", &tag, err);
}
ROW(define_func_twice)
{
    return mujun_linker_define_func(e->linker, "env", "twice", "", twice, &e->freed, count_free,
                                    err);
}
ROW(define_func_signature)
{
    return mujun_linker_define_func(e->linker, "env", "x", "?", twice, &e->freed, count_free, err);
}
ROW(define_instance_twice)
{
    enum mujun_status st = mujun_linker_define_instance(e->linker, "again", e->instance, err);
    if (st != MUJUN_OK)
        return st;
    return mujun_linker_define_instance(e->linker, "again", e->instance, err);
}
ROW(define_foreign)
{
    const struct mujun_extern value = {MUJUN_EXTERN_FUNC, {.func = e->foreign_func}};
    return mujun_linker_define(e->linker, "x", "y", &value, err);
}
ROW(import_foreign)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY, .min = 1};
    struct mujun_extern value = {MUJUN_EXTERN_MEMORY, {NULL}};
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    const char text[] = "(module (import \"a\" \"b\" (memory 1)))";
    must(mujun_module_new_text(e->engine, text, strlen(text), &m, NULL), NULL, "module");
    must(mujun_memory_new(e->other, &t, &value.of.memory, NULL), NULL, "memory");
    enum mujun_status st = mujun_instance_new(e->store, m, &value, 1, &i, err);
    mujun_module_free(m);
    return st;
}
ROW(func_other_engine)
{
    const struct mujun_functype *t = NULL;
    struct mujun_func *fn = NULL;
    must(mujun_functype_parse(e->other_engine, "", &t, NULL), NULL, "type");
    return mujun_func_new(e->store, t, twice, &e->freed, count_free, &fn, err);
}
ROW(call_counts)
{
    return mujun_call(e->store, get(e, "twice").of.func, NULL, 0, NULL, 0, err);
}
ROW(call_foreign)
{
    return mujun_call(e->store, e->foreign_func, NULL, 0, NULL, 0, err);
}
ROW(call_null)
{
    const union mujun_value null = {.func = NULL};
    return mujun_call(e->store, get(e, "nonnull").of.func, &null, 1, NULL, 0, err);
}
ROW(call_foreign_func_value)
{
    const union mujun_value value = {.func = e->foreign_func};
    return mujun_call(e->store, get(e, "nonnull").of.func, &value, 1, NULL, 0, err);
}
ROW(call_foreign_ref)
{
    union mujun_value value = {.i64 = 0}, result = {.i64 = 0};
    must(mujun_externref_new(e->other, e, NULL, &value.ref, NULL), NULL, "externref");
    enum mujun_status st = mujun_call(e->store, get(e, "keep").of.func, &value, 1, &result, 1, err);
    mujun_ref_free(value.ref);
    return st;
}
ROW(call_ref_type)
{
    union mujun_value value = {.i64 = 0}, result = {.i64 = 0};
    must(mujun_externref_new(e->store, e, NULL, &value.ref, NULL), NULL, "externref");
    enum mujun_status st = mujun_call(e->store, get(e, "id").of.func, &value, 1, &result, 1, err);
    mujun_ref_free(value.ref);
    return st;
}
ROW(call_trap)
{
    return call_i32(e, "trap", 0, NULL, err);
}
ROW(call_divide)
{
    return call_i32(e, "div", 1, NULL, err);
}
ROW(call_host_trap)
{
    return call_i32(e, "twice", -1, NULL, err);
}
ROW(call_host_exit)
{
    return call_i32(e, "twice", -2, NULL, err);
}
ROW(call_host_status)
{
    return call_i32(e, "twice", -3, NULL, err);
}
ROW(call_host_nested)
{
    return call_i32(e, "twice", -4, NULL, err);
}
ROW(call_host_throw)
{
    return call_i32(e, "twice", -5, NULL, err);
}
ROW(call_host_throw_count)
{
    return call_i32(e, "twice", -6, NULL, err);
}
ROW(call_host_without_end)
{
    return call_i32(e, "twice", -7, NULL, err);
}
ROW(call_deep)
{
    return call_i32(e, "deep", 0, NULL, err);
}
ROW(call_fuel)
{
    mujun_store_set_fuel(e->store, 10000);
    enum mujun_status st = call_i32(e, "spin", 0, NULL, err);
    mujun_store_set_fuel(e->store, UINT64_MAX);
    return st;
}
ROW(call_timeout)
{
    must(mujun_store_set_timeout(e->store, 20000000, NULL), NULL, "timeout");
    return call_i32(e, "spin", 0, NULL, err);
}
ROW(call_interrupt)
{
    mujun_store_interrupt(e->store);
    return call_i32(e, "spin", 0, NULL, err);
}
ROW(call_throw)
{
    const union mujun_value args[2] = {{.i32 = 3}, {.ref = NULL}};
    return mujun_call(e->store, get(e, "throw").of.func, args, 2, NULL, 0, err);
}
ROW(run_no_start)
{
    int code = 0;
    return mujun_instance_run(e->store, e->instance, &code, err);
}
ROW(memory_kind)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_TABLE};
    struct mujun_memory *m = NULL;
    return mujun_memory_new(e->store, &t, &m, err);
}
ROW(memory_size)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY, .min = 65537};
    struct mujun_memory *m = NULL;
    return mujun_memory_new(e->store, &t, &m, err);
}
ROW(memory_backwards)
{
    const struct mujun_externtype t = {
        .kind = MUJUN_EXTERN_MEMORY, .min = 2, .has_max = true, .max = 1};
    struct mujun_memory *m = NULL;
    return mujun_memory_new(e->store, &t, &m, err);
}
ROW(memory_shared)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY, .min = 1, .is_shared = true};
    struct mujun_memory *m = NULL;
    return mujun_memory_new(e->store, &t, &m, err);
}
ROW(memory_limit)
{
    const struct mujun_limit limits[] = {
        {"memory_bytes", 65536}
    };
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY, .min = 2};
    struct mujun_store *s = NULL;
    struct mujun_memory *m = NULL;
    must(mujun_store_new(e->engine, limits, 1, &s, NULL), NULL, "store");
    enum mujun_status st = mujun_memory_new(s, &t, &m, err);
    mujun_store_free(s);
    return st;
}
ROW(table_kind)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_TABLE, .content = MUJUN_I32};
    struct mujun_table *table = NULL;
    return mujun_table_new(e->store, &t, (union mujun_value){.ref = NULL}, &table, err);
}
ROW(table_backwards)
{
    const struct mujun_externtype t = {
        .kind = MUJUN_EXTERN_TABLE, .content = MUJUN_FUNCREF, .min = 5, .has_max = true, .max = 4};
    struct mujun_table *table = NULL;
    return mujun_table_new(e->store, &t, (union mujun_value){.ref = NULL}, &table, err);
}
ROW(table_null)
{
    const struct mujun_externtype t = {
        .kind = MUJUN_EXTERN_TABLE, .content = MUJUN_FUNCREF, .min = 5};
    struct mujun_table *table = NULL;
    return mujun_table_new(e->store, &t, (union mujun_value){.ref = NULL}, &table, err);
}
ROW(table_limit)
{
    const struct mujun_limit limits[] = {
        {"table_elements", 4}
    };
    const struct mujun_externtype t = {
        .kind = MUJUN_EXTERN_TABLE, .content = MUJUN_FUNCREF, .is_nullable = true, .min = 5};
    struct mujun_store *s = NULL;
    struct mujun_table *table = NULL;
    must(mujun_store_new(e->engine, limits, 1, &s, NULL), NULL, "store");
    enum mujun_status st = mujun_table_new(s, &t, (union mujun_value){.ref = NULL}, &table, err);
    mujun_store_free(s);
    return st;
}
ROW(table_get_outside)
{
    union mujun_value v;
    return mujun_table_get(get(e, "table").of.table, 2, &v, err);
}
ROW(table_set_outside)
{
    return mujun_table_set(get(e, "table").of.table, 2, (union mujun_value){.ref = NULL}, err);
}
ROW(table_set_foreign)
{
    const union mujun_value v = {.func = e->foreign_func};
    return mujun_table_set(get(e, "table").of.table, 0, v, err);
}
ROW(global_kind)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY};
    struct mujun_global *g = NULL;
    return mujun_global_new(e->store, &t, (union mujun_value){.i32 = 1}, &g, err);
}
ROW(global_null)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_GLOBAL, .content = MUJUN_EXTERNREF};
    struct mujun_global *g = NULL;
    return mujun_global_new(e->store, &t, (union mujun_value){.ref = NULL}, &g, err);
}
ROW(global_immutable)
{
    return mujun_global_set(e->store, get(e, "fixed").of.global, (union mujun_value){.i32 = 1},
                            err);
}
ROW(global_type)
{
    union mujun_value v = {.i64 = 0};
    must(mujun_externref_new(e->store, e, NULL, &v.ref, NULL), NULL, "externref");
    enum mujun_status st = mujun_global_set(e->store, get(e, "gc").of.global, v, err);
    mujun_ref_free(v.ref);
    return st;
}
ROW(tag_results)
{
    const struct mujun_functype *t = NULL;
    struct mujun_tag *tag = NULL;
    must(mujun_functype_parse(e->engine, "-> i32", &t, NULL), NULL, "type");
    return mujun_tag_new(e->store, t, &tag, err);
}
ROW(tag_engine)
{
    const struct mujun_functype *t = NULL;
    struct mujun_tag *tag = NULL;
    must(mujun_functype_parse(e->other_engine, "", &t, NULL), NULL, "type");
    return mujun_tag_new(e->store, t, &tag, err);
}
ROW(ref_outside)
{
    struct mujun_ref *ref = NULL;
    union mujun_value v;
    must(mujun_i31_new(e->store, 5, &ref, NULL), NULL, "i31");
    enum mujun_status st = mujun_ref_get(ref, 0, &v, NULL, err);
    mujun_ref_free(ref);
    return st;
}
ROW(ref_immutable)
{
    const union mujun_value args[2] = {{.i32 = 1}, {.ref = NULL}};
    union mujun_value pair;
    must(mujun_call(e->store, get(e, "pair").of.func, args, 2, &pair, 1, NULL), NULL, "pair");
    enum mujun_status st = mujun_ref_set(pair.ref, 3, (union mujun_value){.i64 = 1}, err);
    mujun_ref_free(pair.ref);
    return st;
}
ROW(wasi_env_name)
{
    (void)e;
    struct mujun_wasi *w = mujun_wasi_new();
    enum mujun_status st = mujun_wasi_add_env(w, "a=b", "c", err);
    mujun_wasi_free(w);
    return st;
}
ROW(wasi_no_dir)
{
    struct mujun_wasi *w = mujun_wasi_new();
    enum mujun_status st = mujun_wasi_add_dir(w, "/no/such/folder", "/", false, err);
    if (st == MUJUN_OK)
        st = mujun_linker_define_wasi(e->linker, w, err);
    mujun_wasi_free(w);
    return st;
}
ROW(wasi_stdio_number)
{
    (void)e;
    struct mujun_wasi *w = mujun_wasi_new();
    enum mujun_status st = mujun_wasi_set_stdio(w, 3, 1, err);
    mujun_wasi_free(w);
    return st;
}
ROW(wasi_stdio_closed)
{
    struct mujun_wasi *w = mujun_wasi_new();
    enum mujun_status st = mujun_wasi_set_stdio(w, 1, 9999, err);
    if (st == MUJUN_OK)
        st = mujun_linker_define_wasi(e->linker, w, err);
    mujun_wasi_free(w);
    return st;
}
ROW(wasi_capture_input)
{
    (void)e;
    struct mujun_wasi *w = mujun_wasi_new();
    enum mujun_status st = mujun_wasi_capture(w, 0, 10, err);
    mujun_wasi_free(w);
    return st;
}

static const struct refusal rows[] = {
    R(no_such_feature, USAGE, "\"fast\""),
    R(mvp_off, USAGE, "cannot be switched off"),
    R(no_such_limit, USAGE, "\"memory\""),
    R(store_limit, USAGE, "\"memoryBytes\""),
    R(signature_word, USAGE, "\"int\""),
    R(signature_packed, USAGE, "\"i8\""),
    R(signature_arrows, USAGE, "\"->\" is"),
    R(functype_kind, USAGE, "value 1"),
    R(functype_size, USAGE, "1001"),
    R(module_magic, MALFORMED, ""),
    R(module_invalid, INVALID, "i64"),
    R(text_syntax, MALFORMED, "i32.konst"),
    R(feature_off, UNSUPPORTED, "threads"),
    R(binary_of_bad_text, MALFORMED, ""),
    R(import_missing, UNLINKABLE, "\"env\" \"twice\""),
    R(import_type, UNLINKABLE, "twice"),
    R(import_no_default, UNLINKABLE, "has no default value"),
    R(import_count, USAGE, "0 imports were given, the module has 3"),
    R(define_twice, USAGE, "\"env\" \"tag\" is already defined"),
    R(define_func_twice, USAGE, "\"env\" \"twice\" is already defined"),
    R(define_func_signature, USAGE, "\"?\""),
    R(define_instance_twice, USAGE, "already defined"),
    R(define_foreign, USAGE, "a function of another store"),
    R(import_foreign, USAGE, "a memory of another store; in import 0"),
    R(func_other_engine, USAGE, "another engine"),
    R(call_counts, USAGE, "1 parameters"),
    R(call_foreign, USAGE, "another store"),
    R(call_null, USAGE, "a null reference where (ref func) is expected; in value 0"),
    R(call_foreign_func_value, USAGE, "another store"),
    R(call_foreign_ref, USAGE, "another store"),
    R(call_ref_type, USAGE, "another type"),
    R(call_trap, TRAP, "unreachable"),
    R(call_divide, TRAP, "integer divide by zero"),
    R(call_host_trap, TRAP, "minus one is \"refused\""),
    R(call_host_exit, EXIT, "17"),
    R(call_host_status, TRAP, "out of fuel"),
    R(call_host_nested, TRAP, "unreachable"),
    R(call_host_throw, EXCEPTION, ""),
    R(call_host_throw_count, TRAP, "0 values, its tag has 2"),
    R(call_host_without_end, LIMIT, "host_depth"),
    R(call_deep, TRAP, "call stack exhausted"),
    R(call_fuel, FUEL, ""),
    R(call_timeout, TIMEOUT, ""),
    R(call_interrupt, TIMEOUT, ""),
    R(call_throw, EXCEPTION, ""),
    R(run_no_start, USAGE, "_start"),
    R(memory_kind, USAGE, "not that of a memory"),
    R(memory_size, USAGE, "65536 pages"),
    R(memory_backwards, USAGE, "at least 2 and at most 1"),
    R(memory_shared, USAGE, "maximum"),
    R(memory_limit, LIMIT, "memory_bytes"),
    R(table_kind, USAGE, "table"),
    R(table_backwards, USAGE, "at least 5 and at most 4"),
    R(table_null, USAGE, "null"),
    R(table_limit, LIMIT, "table_elements"),
    R(table_get_outside, USAGE, "element 2 of a table of 2"),
    R(table_set_outside, USAGE, "element 2 of a table of 2"),
    R(table_set_foreign, USAGE, "another store"),
    R(global_kind, USAGE, "not that of a global"),
    R(global_null, USAGE, "null"),
    R(global_immutable, USAGE, "immutable"),
    R(global_type, USAGE, "another type"),
    R(tag_results, USAGE, "1 results"),
    R(tag_engine, USAGE, "another engine"),
    R(ref_outside, USAGE, "item 0 of an object that has 0"),
    R(ref_immutable, USAGE, "item 3 is immutable"),
    R(wasi_env_name, USAGE, ""),
    R(wasi_no_dir, IO, "/no/such/folder"),
    R(wasi_stdio_number, USAGE, "3 is no standard stream"),
    R(wasi_stdio_closed, USAGE, "9999"),
    R(wasi_capture_input, USAGE, "0 is no output stream"),
};

int main(void)
{
    struct env e;

    env_init(&e);
    check_refusals(&e, rows, LENGTH_OF(rows));
    tap_ok(e.freed == 3, "env_free ran for each function that was not defined: %d", e.freed);
    env_free(&e);
    return tap_done();
}
