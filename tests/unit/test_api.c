/* test_api: every way the public API refuses, by row; then what it promises when it does not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "mujun/mujun.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char main_text[] =
    "(module $m\n"
    "  (type $pair (struct (field (mut i32)) (field (mut i8)) (field externref) (field i64)))\n"
    "  (type $numbers (array (mut i16)))\n"
    "  (import \"env\" \"twice\" (func $twice (param i32) (result i32)))\n"
    "  (import \"env\" \"keep\" (func $keep (param externref) (result externref)))\n"
    "  (import \"env\" \"tag\" (tag $tag (param i32 externref)))\n"
    "  (memory (export \"memory\") 1 2)\n"
    "  (table (export \"table\") 2 4 funcref)\n"
    "  (table (export \"refs\") 2 4 externref)\n"
    "  (global (export \"fixed\") i32 (i32.const 7))\n"
    "  (global (export \"var\") (mut i64) (i64.const 8))\n"
    "  (global (export \"gc\") (mut eqref) (ref.null eq))\n"
    "  (func (export \"twice\") (param i32) (result i32) (call $twice (local.get 0)))\n"
    "  (func (export \"keep\") (param externref) (result externref) (call $keep (local.get 0)))\n"
    "  (func (export \"mixed\") (param i32 i64 f32 f64 v128) (result v128 f64 f32 i64 i32)\n"
    "    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0))\n"
    "  (func $inner (unreachable))\n"
    "  (func $outer (export \"trap\") (call $inner))\n"
    "  (func (export \"div\") (param i32 i32) (result i32)\n"
    "    (i32.div_s (local.get 0) (local.get 1)))\n"
    "  (func (export \"spin\") (loop (br 0)))\n"
    "  (func $deep (export \"deep\") (call $deep))\n"
    "  (func (export \"throw\") (param i32 externref)\n"
    "    (throw $tag (local.get 0) (local.get 1)))\n"
    "  (func (export \"pair\") (param i32 externref) (result (ref $pair))\n"
    "    (struct.new $pair (local.get 0) (i32.const 255) (local.get 1) (i64.const 9)))\n"
    "  (func (export \"numbers\") (param i32) (result (ref $numbers))\n"
    "    (array.new $numbers (i32.const 0xabcd) (local.get 0)))\n"
    "  (func (export \"nonnull\") (param (ref func)))\n"
    "  (func (export \"id\") (param eqref) (result eqref) (local.get 0)))\n";

struct env {
    struct mujun_engine *engine, *other_engine;
    struct mujun_module *module;
    struct mujun_store *store, *other;
    struct mujun_linker *linker;
    struct mujun_instance *instance;
    struct mujun_tag *tag;
    struct mujun_func *foreign_func; /* of the other store */
    int freed;                       /* calls of count_free */
};

static void must(enum mujun_status st, struct mujun_error *err, const char *what)
{
    if (st == MUJUN_OK)
        return;
    printf("Bail out! %s: %s\n", what, err == NULL ? "" : mujun_error_message(err));
    exit(99);
}

static void count_free(void *env)
{
    ++*(int *)env;
}

static enum mujun_status twice(void *env, struct mujun_caller *caller,
                               const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    if (args[0].i32 == -1)
        return mujun_caller_trap(caller, MUJUN_TRAP_MEMORY_BOUNDS, "minus one is \"refused\"");
    if (args[0].i32 == -2)
        return mujun_caller_exit(caller, 17);
    if (args[0].i32 == -3)
        return MUJUN_E_FUEL; /* not prepared: a trap */
    if (args[0].i32 == -4) { /* passes on how a nested call ended */
        struct mujun_error *err = NULL;
        struct mujun_func *fn = mujun_instance_func(mujun_caller_instance(caller), "trap");
        mujun_call(mujun_caller_store(caller), fn, NULL, 0, NULL, 0, &err);
        return mujun_caller_fail(caller, err);
    }
    if (args[0].i32 == -5) {
        const union mujun_value payload[2] = {{.i32 = 55}, {.ref = NULL}};
        struct env *e = mujun_store_data(mujun_caller_store(caller));
        return mujun_caller_throw(caller, e->tag, payload, 2);
    }
    if (args[0].i32 == -6) {
        struct env *e = mujun_store_data(mujun_caller_store(caller));
        return mujun_caller_throw(caller, e->tag, NULL, 0);
    }
    if (args[0].i32 == -7) { /* without end */
        struct mujun_error *err = NULL;
        union mujun_value again = args[0];
        struct mujun_func *fn = mujun_instance_func(mujun_caller_instance(caller), "twice");
        mujun_call(mujun_caller_store(caller), fn, &again, 1, &again, 1, &err);
        return mujun_caller_fail(caller, err);
    }
    results[0].i32 = args[0].i32 * 2;
    return MUJUN_OK;
}

static enum mujun_status keep(void *env, struct mujun_caller *caller, const union mujun_value *args,
                              union mujun_value *results)
{
    (void)env;
    (void)caller;
    results[0].ref = mujun_ref_clone(args[0].ref);
    return MUJUN_OK;
}

static void env_init(struct env *e)
{
    struct mujun_error *err = NULL;
    const struct mujun_functype *type = NULL;

    *e = (struct env){.freed = 0};
    must(mujun_engine_new(NULL, &e->engine, &err), err, "engine");
    must(mujun_engine_new(NULL, &e->other_engine, &err), err, "engine");
    must(mujun_module_new_text(e->engine, main_text, strlen(main_text), &e->module, &err), err,
         "module");
    must(mujun_store_new(e->engine, NULL, 0, &e->store, &err), err, "store");
    must(mujun_store_new(e->engine, NULL, 0, &e->other, &err), err, "store");
    mujun_store_set_data(e->store, e);
    must(mujun_linker_new(e->store, &e->linker, &err), err, "linker");
    must(mujun_linker_define_func(e->linker, "env", "twice", "i32 -> i32", twice, NULL, NULL, &err),
         err, "twice");
    must(mujun_linker_define_func(e->linker, "env", "keep", "externref -> externref", keep, NULL,
                                  NULL, &err),
         err, "keep");
    must(mujun_functype_parse(e->engine, "i32 externref", &type, &err), err, "type");
    must(mujun_tag_new(e->store, type, &e->tag, &err), err, "tag");
    const struct mujun_extern tag = {MUJUN_EXTERN_TAG, {.tag = e->tag}};
    must(mujun_linker_define(e->linker, "env", "tag", &tag, &err), err, "tag");
    must(mujun_linker_instantiate(e->linker, e->module, &e->instance, &err), err, "instance");
    must(mujun_functype_parse(e->engine, "", &type, &err), err, "type");
    must(mujun_func_new(e->other, type, keep, NULL, NULL, &e->foreign_func, &err), err, "func");
}

static void env_free(struct env *e)
{
    mujun_linker_free(e->linker);
    mujun_store_free(e->store);
    mujun_store_free(e->other);
    mujun_module_free(e->module);
    mujun_engine_free(e->engine);
    mujun_engine_free(e->other_engine);
}

static struct mujun_extern get(struct env *e, const char *name)
{
    struct mujun_extern out = {MUJUN_EXTERN_FUNC, {NULL}};

    if (!mujun_instance_export(e->instance, name, &out))
        must(MUJUN_E_USAGE, NULL, name);
    return out;
}

static enum mujun_status call_i32(struct env *e, const char *name, int32_t a, int32_t *out,
                                  struct mujun_error **err)
{
    const union mujun_value args[2] = {{.i32 = a}, {.i32 = 0}};
    union mujun_value result = {.i64 = 0};
    struct mujun_func *fn = get(e, name).of.func;
    const struct mujun_functype *t = mujun_func_type(e->store, fn);
    enum mujun_status st = mujun_call(e->store, fn, args, mujun_functype_param_count(t), &result,
                                      mujun_functype_result_count(t), err);
    if (out != NULL)
        *out = result.i32;
    return st;
}

/* ---- refusals, one function per row ---- */

#define ROW(name) static enum mujun_status name(struct env *e, struct mujun_error **err)

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

#define R(name, status, text)                                                                      \
    {                                                                                              \
#name, name, MUJUN_E_##status, text                                                        \
    }
static const struct {
    const char *name;
    enum mujun_status (*run)(struct env *e, struct mujun_error **err);
    enum mujun_status status;
    const char *text; /* in the message */
} rows[] = {
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

static void test_refusals(struct env *e)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct mujun_error *err = NULL;
        enum mujun_status st = rows[i].run(e, &err);
        const char *text = err == NULL ? "(no error)" : mujun_error_message(err);
        bool pass = st == rows[i].status && err != NULL && mujun_error_status(err) == st &&
                    strstr(text, rows[i].text) != NULL &&
                    strncmp(text, mujun_status_text(st), strlen(mujun_status_text(st))) == 0;
        tap_ok(pass, "%s: %s", rows[i].name, text);
        mujun_error_free(err);
        int32_t fine = 0;
        st = call_i32(e, "twice", 21, &fine, NULL); /* the store can be used on */
        if (st != MUJUN_OK || fine != 42)
            tap_ok(false, "%s: afterwards twice(21) is %d: %s", rows[i].name, fine,
                   mujun_status_text(st));
    }
    tap_ok(e->freed == 3, "env_free ran for each function that was not defined: %d", e->freed);
}

/* ---- promises ---- */

static void test_positions(struct env *e)
{
    struct mujun_error *err = NULL;
    char text[200];

    module_invalid(e, &err);
    tap_ok(mujun_error_line(err) == 2 || mujun_error_line(err) == 3, "line %u of a text",
           mujun_error_line(err));
    tap_ok(mujun_error_offset(err) == MUJUN_NO_OFFSET, "a text has no offset");
    size_t whole = mujun_error_format(err, "a.wat", NULL, 0);
    size_t again = mujun_error_format(err, "a.wat", text, sizeof(text));
    tap_ok(whole == again && strlen(text) == whole && strncmp(text, "a.wat:", 6) == 0, "%s", text);
    size_t cut = mujun_error_format(err, "a.wat", text, 10);
    tap_ok(cut == whole && strlen(text) == 9, "cut to \"%s\"", text);
    mujun_error_free(err);
    module_magic(e, &err);
    tap_ok(mujun_error_line(err) == 0 && mujun_error_offset(err) < 8, "offset of a binary");
    mujun_error_free(err);
}

static void test_backtrace(struct env *e)
{
    struct mujun_error *err = NULL;
    struct mujun_frame f[3];
    char text[300];

    call_i32(e, "trap", 0, NULL, &err);
    bool has = mujun_error_frame(err, 0, &f[0]) && mujun_error_frame(err, 1, &f[1]);
    tap_ok(has && mujun_error_frame_count(err) == 2 && !mujun_error_frame(err, 2, &f[2]),
           "two frames");
    tap_ok(has && f[0].name.size == 5 && memcmp(f[0].name.text, "inner", 5) == 0 &&
               f[1].func_index == f[0].func_index + 1 && f[0].offset < f[1].offset,
           "innermost first, with names");
    mujun_error_format(err, NULL, text, sizeof(text));
    tap_ok(strstr(text, "- outer") != NULL, "and all of it as text");
    tap_ok(mujun_error_trap_code(err) == MUJUN_TRAP_UNREACHABLE, "its code");
    mujun_error_free(err);

    call_i32(e, "twice", -4, NULL, &err); /* through a host function */
    tap_ok(mujun_error_frame_count(err) == 3, "frames from before and after a host function: %u",
           mujun_error_frame_count(err));
    mujun_error_free(err);
    call_i32(e, "deep", 0, NULL, &err);
    tap_ok(mujun_error_frame_count(err) == 64 && mujun_error_frames_left_out(err) > 1000,
           "64 frames, %u left out", mujun_error_frames_left_out(err));
    mujun_error_free(err);
    call_i32(e, "twice", -2, NULL, &err);
    tap_ok(mujun_error_exit_code(err) == 17, "exit code %d", mujun_error_exit_code(err));
    mujun_error_free(err);
}

static void test_values(struct env *e)
{
    union mujun_value args[5] = {{.i32 = -1}, {.i64 = INT64_MIN}, {.f32 = 1.5f}, {.f64 = -2.5}};
    union mujun_value got[5];

    for (int i = 0; i < 16; i++)
        args[4].v128[i] = (uint8_t)i;
    enum mujun_status st = mujun_call(e->store, get(e, "mixed").of.func, args, 5, got, 5, NULL);
    bool same = memcmp(got[0].v128, args[4].v128, 16) == 0 && got[1].f64 == args[3].f64 &&
                got[2].f32 == args[2].f32 && got[3].i64 == args[1].i64 && got[4].i32 == -1;
    tap_ok(st == MUJUN_OK && same, "every kind of number through a guest");
    char text[100];
    mujun_functype_text(mujun_func_type(e->store, get(e, "mixed").of.func), text, sizeof(text));
    tap_ok(strcmp(text, "i32 i64 f32 f64 v128 -> v128 f64 f32 i64 i32") == 0, "%s", text);
    const struct mujun_functype *t = NULL;
    must(mujun_functype_parse(e->engine, text, &t, NULL), NULL, "type");
    tap_ok(t == mujun_func_type(e->store, get(e, "mixed").of.func), "equal types are one pointer");
    const enum mujun_kind p[] = {MUJUN_EXTERNREF}, r[] = {MUJUN_EXTERNREF};
    must(mujun_functype_new(e->engine, p, 1, r, 1, &t, NULL), NULL, "type");
    tap_ok(t == mujun_func_type(e->store, get(e, "keep").of.func) &&
               mujun_functype_param(t, 0) == MUJUN_EXTERNREF &&
               mujun_functype_result(t, 0) == MUJUN_EXTERNREF,
           "however they are made");
}

static void test_refs(struct env *e)
{
    int released = 0;
    union mujun_value v = {.i64 = 0}, back = {.i64 = 0};

    must(mujun_externref_new(e->store, &released, count_free, &v.ref, NULL), NULL, "externref");
    must(mujun_call(e->store, get(e, "keep").of.func, &v, 1, &back, 1, NULL), NULL, "keep");
    tap_ok(mujun_ref_equal(v.ref, back.ref) && mujun_externref_data(back.ref) == &released,
           "a host value comes back");
    struct mujun_table *refs = get(e, "refs").of.table;
    must(mujun_table_set(refs, 1, v, NULL), NULL, "set");
    mujun_ref_free(v.ref);
    mujun_ref_free(back.ref);
    mujun_store_collect(e->store);
    tap_ok(released == 0, "a table keeps it alive");
    must(mujun_table_get(refs, 1, &back, NULL), NULL, "get");
    must(mujun_table_set(refs, 1, (union mujun_value){.ref = NULL}, NULL), NULL, "set");
    mujun_store_collect(e->store);
    tap_ok(released == 0 && mujun_externref_data(back.ref) == &released, "so does a handle");
    mujun_ref_free(back.ref);
    mujun_store_collect(e->store);
    tap_ok(released == 1, "released once nothing does: %d", released);
    must(mujun_i31_new(e->store, -5, &v.ref, NULL), NULL, "i31");
    must(mujun_call(e->store, get(e, "id").of.func, &v, 1, &back, 1, NULL), NULL, "id");
    tap_ok(mujun_i31_value(back.ref) == -5 && mujun_ref_kind(back.ref) == MUJUN_REF_I31,
           "an i31 as eqref");
    mujun_ref_free(v.ref);
    mujun_ref_free(back.ref);
}

static void test_objects(struct env *e)
{
    union mujun_value args[2] = {{.i32 = 77}, {.ref = NULL}}, pair, item, array;
    enum mujun_kind kind = MUJUN_I32;
    struct mujun_error *err = NULL;

    must(mujun_externref_new(e->store, e, NULL, &args[1].ref, NULL), NULL, "externref");
    must(mujun_call(e->store, get(e, "pair").of.func, args, 2, &pair, 1, NULL), NULL, "pair");
    tap_ok(mujun_ref_kind(pair.ref) == MUJUN_REF_STRUCT && mujun_ref_length(pair.ref) == 4,
           "a struct has four fields");
    mujun_ref_get(pair.ref, 1, &item, &kind, NULL);
    tap_ok(item.i32 == 255 && kind == MUJUN_I32, "a packed field is zero-extended");
    must(mujun_ref_set(pair.ref, 0, (union mujun_value){.i32 = -3}, NULL), NULL, "set");
    mujun_ref_get(pair.ref, 0, &item, NULL, NULL);
    tap_ok(item.i32 == -3, "a field is set");
    must(mujun_ref_get(pair.ref, 2, &item, &kind, NULL), NULL, "get");
    tap_ok(kind == MUJUN_EXTERNREF && mujun_externref_data(item.ref) == e,
           "a field of a reference");
    mujun_ref_free(item.ref);
    args[0].i32 = 3;
    must(mujun_call(e->store, get(e, "numbers").of.func, args, 1, &array, 1, NULL), NULL, "array");
    mujun_ref_get(array.ref, 2, &item, NULL, NULL);
    tap_ok(mujun_ref_length(array.ref) == 3 && item.i32 == 0xabcd, "an array and its last element");
    mujun_ref_free(array.ref);

    enum mujun_status st = mujun_call(e->store, get(e, "throw").of.func, args, 2, NULL, 0, &err);
    struct mujun_ref *x = mujun_error_exception(err);
    tap_ok(st == MUJUN_E_EXCEPTION && x != NULL && mujun_ref_kind(x) == MUJUN_REF_EXCEPTION &&
               mujun_ref_tag(x) == e->tag && mujun_ref_length(x) == 2,
           "an uncaught exception with its tag");
    must(mujun_ref_get(x, 1, &item, &kind, NULL), NULL, "payload");
    tap_ok(kind == MUJUN_EXTERNREF && mujun_ref_equal(item.ref, args[1].ref), "and its payload");
    mujun_ref_free(item.ref);
    mujun_ref_free(x);
    mujun_error_free(err);
    mujun_ref_free(pair.ref);
    mujun_ref_free(args[1].ref);
}

static void test_memory(struct env *e)
{
    struct mujun_memory *m = get(e, "memory").of.memory;
    char text[6] = "hello";
    uint64_t old = 9;

    tap_ok(mujun_memory_write(m, 65530, text, 6) && !mujun_memory_write(m, 65531, text, 6) &&
               !mujun_memory_write(m, UINT64_MAX, text, 6),
           "writes end where the memory ends");
    memset(text, 0, sizeof(text));
    tap_ok(mujun_memory_read(m, 65530, text, 6) && strcmp(text, "hello") == 0 &&
               !mujun_memory_read(m, 65536, text, 1) && mujun_memory_read(m, 65536, text, 0),
           "so do reads");
    tap_ok(mujun_memory_grow(m, 1, &old) && old == 1 && mujun_memory_pages(m) == 2 &&
               !mujun_memory_grow(m, 1, NULL),
           "it grows to its maximum");
    struct mujun_externtype t;
    mujun_memory_type(m, &t);
    tap_ok(t.min == 2 && t.has_max && t.max == 2 && !t.is_64 && !t.has_byte_pages, "its type");
}

static void test_tables_and_globals(struct env *e)
{
    struct mujun_table *t = get(e, "table").of.table;
    union mujun_value v = {.func = get(e, "twice").of.func};
    uint64_t old = 0;

    tap_ok(mujun_table_grow(t, 2, v, &old) && old == 2 && mujun_table_size(t) == 4 &&
               !mujun_table_grow(t, 1, v, NULL),
           "a table grows to its maximum");
    v.func = NULL;
    mujun_table_get(t, 3, &v, NULL);
    tap_ok(v.func == get(e, "twice").of.func, "a function comes back from a table");
    struct mujun_externtype type;
    mujun_table_type(t, &type);
    tap_ok(type.content == MUJUN_FUNCREF && type.is_nullable && type.max == 4, "type of a table");
    struct mujun_global *g = get(e, "var").of.global;
    must(mujun_global_set(e->store, g, (union mujun_value){.i64 = -8}, NULL), NULL, "set");
    mujun_global_get(e->store, g, &v, NULL);
    mujun_global_type(e->store, g, &type);
    tap_ok(v.i64 == -8 && type.is_mutable && type.content == MUJUN_I64, "a global is set");
}

static void test_module(struct env *e)
{
    struct mujun_import i;
    struct mujun_export x;
    size_t size = 0, size2 = 0;
    uint8_t *bytes = NULL;

    tap_ok(mujun_module_import_count(e->module) == 3 && mujun_module_import(e->module, 2, &i) &&
               !mujun_module_import(e->module, 3, &i) && i.type.kind == MUJUN_EXTERN_TAG &&
               i.name.size == 3 && mujun_functype_param_count(i.type.func) == 2,
           "imports");
    struct mujun_extern first;
    tap_ok(mujun_module_export(e->module, 0, &x) && x.name.size == 6 && x.type.max == 2 &&
               mujun_instance_export_at(e->instance, 0, &first) &&
               first.of.memory == get(e, "memory").of.memory &&
               !mujun_instance_export_at(e->instance, 999, &first),
           "exports");
    const uint8_t *kept = mujun_module_bytes(e->module, &size);
    must(mujun_text_to_binary(e->engine, main_text, strlen(main_text), &bytes, &size2, NULL), NULL,
         "binary");
    tap_ok(size == size2 && memcmp(kept, bytes, size) == 0 &&
               mujun_module_validate(e->engine, bytes, size, NULL) == MUJUN_OK,
           "a text and its binary are the same module");
    mujun_bytes_free(bytes);
}

static void test_fuel(struct env *e)
{
    int32_t out = 0;

    tap_ok(mujun_store_fuel(e->store) == UINT64_MAX, "metering is off at first");
    mujun_store_set_fuel(e->store, 1000);
    call_i32(e, "twice", 1, &out, NULL);
    uint64_t one = 1000 - mujun_store_fuel(e->store);
    call_i32(e, "twice", 1, &out, NULL);
    tap_ok(one > 0 && mujun_store_fuel(e->store) == 1000 - 2 * one, "a call costs %u units, always",
           (unsigned)one);
    mujun_store_set_fuel(e->store, one - 1);
    tap_ok(call_i32(e, "twice", 1, &out, NULL) == MUJUN_E_FUEL, "one unit less is not enough");
    mujun_store_set_fuel(e->store, one);
    tap_ok(call_i32(e, "twice", 1, &out, NULL) == MUJUN_OK && mujun_store_fuel(e->store) == 0,
           "exactly enough is");
    mujun_store_add_fuel(e->store, UINT64_MAX);
    tap_ok(mujun_store_fuel(e->store) == UINT64_MAX - 1, "adding saturates");
    mujun_store_set_fuel(e->store, UINT64_MAX);
}

static const char stub_text[] =
    "(module (import \"a\" \"f\" (func $f (param i32) (result i32 externref)))"
    "  (import \"a\" \"m\" (memory 2)) (import \"a\" \"t\" (table 3 funcref))"
    "  (import \"a\" \"g\" (global (mut i64))) (import \"a\" \"x\" (tag (param i32)))"
    "  (export \"m\" (memory 0))"
    "  (func (export \"f\") (result i32) (drop (call $f (i32.const 1))) ))";

static void test_stubs(struct env *e)
{
    struct mujun_module *m = NULL;
    struct mujun_linker *l = NULL;
    struct mujun_instance *i = NULL;
    struct mujun_error *err = NULL;
    union mujun_value v = {.i32 = 9};

    must(mujun_module_new_text(e->engine, stub_text, strlen(stub_text), &m, &err), err, "module");
    must(mujun_linker_new(e->store, &l, NULL), NULL, "linker");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_ZERO);
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    enum mujun_status st = mujun_call(e->store, mujun_instance_func(i, "f"), NULL, 0, &v, 1, NULL);
    tap_ok(st == MUJUN_OK && v.i32 == 0, "a stub returns zero");
    tap_ok(mujun_memory_pages(mujun_instance_memory(i, "m")) == 2, "a memory is made up");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_TRAP);
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    st = mujun_call(e->store, mujun_instance_func(i, "f"), NULL, 0, &v, 1, &err);
    tap_ok(st == MUJUN_E_TRAP && mujun_error_trap_code(err) == MUJUN_TRAP_UNKNOWN_IMPORT &&
               strstr(mujun_error_message(err), "a.f") != NULL,
           "%s", mujun_error_message(err));
    mujun_error_free(err);
    mujun_linker_free(l);
    mujun_module_free(m);
}

static const char wasi_text[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\""
    "    (func $w (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\""
    "    (func $r (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
    "  (memory (export \"memory\") 1)"
    "  (data (i32.const 0) \"\\20\\00\\00\\00\\10\\00\\00\\00\")"
    "  (func (export \"_start\")"
    "    (drop (call $r (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "    (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (call $e (i32.const 3))))";

static void test_wasi(struct env *e)
{
    struct mujun_wasi *w = mujun_wasi_new();
    struct mujun_store *s = NULL;
    struct mujun_linker *l = NULL;
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    struct mujun_error *err = NULL;
    int code = -1;

    must(mujun_module_new_text(e->engine, wasi_text, strlen(wasi_text), &m, &err), err, "module");
    must(mujun_store_new(e->engine, NULL, 0, &s, &err), err, "store");
    must(mujun_linker_new(s, &l, &err), err, "linker");
    must(mujun_wasi_set_stdin_bytes(w, "ping ", 5, &err), err, "stdin");
    must(mujun_wasi_capture(w, 1, 100, &err), err, "capture");
    must(mujun_linker_define_wasi(l, w, &err), err, "wasi");
    mujun_wasi_free(w);
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    enum mujun_status st = mujun_instance_run(s, i, &code, &err);
    struct mujun_name out = mujun_store_output(s, 1);
    tap_ok(st == MUJUN_OK && code == 3, "proc_exit gives its code: %d", code);
    tap_ok(out.size == 10 && memcmp(out.text, "ping ping ", 10) == 0, "output \"%.*s\"",
           (int)out.size, out.text);
    tap_ok(mujun_store_output(e->other, 1).size == 0, "a store without WASI has no output");
    tap_ok(mujun_instance_initialize(s, i, NULL) == MUJUN_OK, "no _initialize is fine");
    mujun_linker_free(l);
    mujun_store_free(s);
    mujun_module_free(m);
}

static void test_tables_of_names(void)
{
    struct mujun_feature_info f;
    struct mujun_limit_info l;
    struct mujun_config *c = mujun_config_new();
    uint32_t features = 0, limits = 0;

    while (mujun_feature_at(features, &f) &&
           mujun_config_set_feature(c, f.name, true, NULL) == MUJUN_OK)
        features++;
    while (mujun_limit_at(limits, &l) &&
           mujun_config_set_limit(c, l.name, l.value, NULL) == MUJUN_OK)
        limits++;
    tap_ok(features > 20 && !mujun_feature_at(features, &f), "%u features by name", features);
    tap_ok(limits >= 7 && !mujun_limit_at(limits, &l), "%u limits by name", limits);
    struct mujun_engine *engine = NULL;
    struct mujun_module *m = NULL;
    const char text[] = "(module (memory 1 1 shared))";
    must(mujun_engine_new(c, &engine, NULL), NULL, "engine");
    tap_ok(mujun_module_new_text(engine, text, strlen(text), &m, NULL) == MUJUN_OK,
           "a feature that was switched on");
    mujun_module_free(m);
    mujun_engine_free(engine);
    mujun_config_free(c);
    tap_ok(strcmp(mujun_version(), MUJUN_VERSION) == 0 &&
               mujun_version_number() == MUJUN_VERSION_NUMBER,
           "version %s", mujun_version());
    tap_ok(strcmp(mujun_status_text((enum mujun_status)999), "unknown status") == 0 &&
               strcmp(mujun_trap_text((enum mujun_trap_code)999), "unknown trap") == 0,
           "numbers that mean nothing have a text");
}

int main(void)
{
    struct env e;

    env_init(&e);
    test_refusals(&e);
    test_positions(&e);
    test_backtrace(&e);
    test_values(&e);
    test_refs(&e);
    test_objects(&e);
    test_memory(&e);
    test_tables_and_globals(&e);
    test_module(&e);
    test_fuel(&e);
    test_stubs(&e);
    test_wasi(&e);
    test_tables_of_names();
    env_free(&e);
    return tap_done();
}
