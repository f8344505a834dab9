/* test_api_foreign: things of another store, modules and types of another engine, and NULL where
 * something must be: refused by the public API in words, never by a crash.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api_env.h"

/* Instantiates a module with one import, given by position. */
static enum mujun_status import_one(struct env *e, const char *text,
                                    const struct mujun_extern *value, struct mujun_error **err)
{
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    must(mujun_module_new_text(e->engine, text, strlen(text), &m, NULL), NULL, "module");
    enum mujun_status st = mujun_instance_new(e->store, m, value, 1, &i, err);
    mujun_module_free(m);
    return st;
}
/* An instance of the other store, that exports one of everything. */
static struct mujun_instance *foreign_instance(struct env *e)
{
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    struct mujun_linker *l = NULL;
    const char text[] = "(module (import \"x\" \"y\" (func)) (export \"f\" (func 0))"
                        "(table (export \"t\") 1 funcref) (tag (export \"e\"))"
                        "(global (export \"g\") (mut i32) (i32.const 1))"
                        "(func (export \"throw\") (throw 0)) (func (export \"_start\"))"
                        "(func (export \"_initialize\")))";
    must(mujun_module_new_text(e->engine, text, strlen(text), &m, NULL), NULL, "module");
    must(mujun_linker_new(e->other, &l, NULL), NULL, "linker");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_ZERO);
    must(mujun_linker_instantiate(l, m, &i, NULL), NULL, "instance");
    mujun_linker_free(l);
    mujun_module_free(m);
    return i;
}
static struct mujun_extern foreign(struct env *e, const char *name)
{
    struct mujun_extern out = {MUJUN_EXTERN_FUNC, {NULL}};
    if (!mujun_instance_export(foreign_instance(e), name, &out))
        must(MUJUN_E_USAGE, NULL, name);
    return out;
}
ROW(import_foreign_table)
{
    const struct mujun_extern value = foreign(e, "t");
    return import_one(e, "(module (import \"a\" \"b\" (table 1 funcref)))", &value, err);
}
ROW(import_foreign_global)
{
    const struct mujun_extern value = foreign(e, "g");
    return import_one(e, "(module (import \"a\" \"b\" (global (mut i32))))", &value, err);
}
ROW(import_foreign_tag)
{
    const struct mujun_extern value = foreign(e, "e");
    return import_one(e, "(module (import \"a\" \"b\" (tag)))", &value, err);
}
ROW(import_foreign_stub)
{
    const struct mujun_extern value = foreign(e, "f");
    return import_one(e, "(module (import \"a\" \"b\" (func)))", &value, err);
}
ROW(import_null)
{
    const struct mujun_extern value = {MUJUN_EXTERN_MEMORY, {NULL}};
    return import_one(e, "(module (import \"a\" \"b\" (memory 1)))", &value, err);
}
ROW(import_no_kind)
{
    const struct mujun_extern value = {(enum mujun_extern_kind)99, {.func = e->foreign_func}};
    return import_one(e, "(module (import \"a\" \"b\" (memory 1)))", &value, err);
}
/* A module of the other engine, by position or through the linker with stubs. */
static enum mujun_status other_module(struct env *e, bool is_linked, struct mujun_error **err)
{
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    const char text[] = "(module (type (func (param f32 f32 f32) (result f64)))"
                        "(import \"q\" \"r\" (func (type 0))))";
    const struct mujun_extern value = get(e, "twice");
    must(mujun_module_new_text(e->other_engine, text, strlen(text), &m, NULL), NULL, "module");
    mujun_linker_set_unknown_imports(e->linker, MUJUN_UNKNOWN_ZERO);
    enum mujun_status st = is_linked ? mujun_linker_instantiate(e->linker, m, &i, err)
                                     : mujun_instance_new(e->store, m, &value, 1, &i, err);
    mujun_linker_set_unknown_imports(e->linker, MUJUN_UNKNOWN_REFUSE);
    mujun_module_free(m);
    return st;
}
ROW(module_other_engine)
{
    return other_module(e, false, err);
}
ROW(link_other_engine)
{
    return other_module(e, true, err);
}
ROW(link_null_module)
{
    struct mujun_instance *i = NULL;
    return mujun_linker_instantiate(e->linker, NULL, &i, err);
}
ROW(define_null)
{
    return mujun_linker_define(e->linker, "x", "null", NULL, err);
}
ROW(define_null_func)
{
    const struct mujun_extern value = {MUJUN_EXTERN_FUNC, {NULL}};
    return mujun_linker_define(e->linker, "x", "null", &value, err);
}
ROW(define_foreign_tag)
{
    const struct mujun_extern value = foreign(e, "e");
    return mujun_linker_define(e->linker, "x", "tag", &value, err);
}
ROW(define_foreign_global)
{
    const struct mujun_extern value = foreign(e, "g");
    return mujun_linker_define(e->linker, "x", "global", &value, err);
}
ROW(define_foreign_instance)
{
    return mujun_linker_define_instance(e->linker, "x", foreign_instance(e), err);
}
ROW(define_null_callback)
{
    return mujun_linker_define_func(e->linker, "x", "cb", "", NULL, &e->freed, count_free, err);
}
ROW(func_null_callback)
{
    const struct mujun_functype *t = NULL;
    struct mujun_func *fn = NULL;
    must(mujun_functype_parse(e->engine, "", &t, NULL), NULL, "type");
    return mujun_func_new(e->store, t, NULL, &e->freed, count_free, &fn, err);
}
ROW(func_null_type)
{
    struct mujun_func *fn = NULL;
    return mujun_func_new(e->store, NULL, twice, &e->freed, count_free, &fn, err);
}
ROW(call_null_func)
{
    return mujun_call(e->store, NULL, NULL, 0, NULL, 0, err);
}
/* Host functions that hand over what they must not. */
static enum mujun_status throw_foreign(void *env, struct mujun_caller *caller,
                                       const union mujun_value *args, union mujun_value *results)
{
    (void)args;
    (void)results;
    return mujun_caller_throw(caller, foreign(env, "e").of.tag, NULL, 0);
}
static enum mujun_status throw_null(void *env, struct mujun_caller *caller,
                                    const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    (void)args;
    (void)results;
    return mujun_caller_throw(caller, NULL, NULL, 0);
}
static enum mujun_status fail_null(void *env, struct mujun_caller *caller,
                                   const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    (void)args;
    (void)results;
    return mujun_caller_fail(caller, NULL);
}
static enum mujun_status fail_foreign(void *env, struct mujun_caller *caller,
                                      const union mujun_value *args, union mujun_value *results)
{
    struct env *e = env;
    struct mujun_error *err = NULL;
    (void)args;
    (void)results;
    mujun_call(e->other, foreign(e, "throw").of.func, NULL, 0, NULL, 0, &err);
    return mujun_caller_fail(caller, err);
}
static enum mujun_status return_foreign(void *env, struct mujun_caller *caller,
                                        const union mujun_value *args, union mujun_value *results)
{
    struct env *e = env;
    (void)caller;
    (void)args;
    return mujun_externref_new(e->other, e, NULL, &results[0].ref, NULL);
}
static enum mujun_status call_with(struct env *e, const char *type, mujun_callback callback,
                                   struct mujun_error **err)
{
    const struct mujun_functype *t = NULL;
    struct mujun_func *fn = NULL;
    union mujun_value result = {.i64 = 0};
    must(mujun_functype_parse(e->engine, type, &t, NULL), NULL, "type");
    must(mujun_func_new(e->store, t, callback, e, NULL, &fn, NULL), NULL, "func");
    return mujun_call(e->store, fn, NULL, 0, &result, mujun_functype_result_count(t), err);
}
ROW(call_host_throw_foreign)
{
    return call_with(e, "", throw_foreign, err);
}
ROW(call_host_throw_null)
{
    return call_with(e, "", throw_null, err);
}
ROW(call_host_fail_null)
{
    return call_with(e, "", fail_null, err);
}
ROW(call_host_fail_foreign)
{
    return call_with(e, "", fail_foreign, err);
}
ROW(call_host_result_foreign)
{
    return call_with(e, "-> externref", return_foreign, err);
}
ROW(run_foreign)
{
    int code = 0;
    return mujun_instance_run(e->store, foreign_instance(e), &code, err);
}
ROW(initialize_foreign)
{
    return mujun_instance_initialize(e->store, foreign_instance(e), err);
}
ROW(global_get_foreign)
{
    union mujun_value value = {.i64 = 0};
    return mujun_global_get(e->store, foreign(e, "g").of.global, &value, err);
}
ROW(global_set_foreign)
{
    const union mujun_value value = {.i32 = 1};
    return mujun_global_set(e->store, foreign(e, "g").of.global, value, err);
}
ROW(global_new_foreign)
{
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_GLOBAL, .content = MUJUN_FUNCREF};
    const union mujun_value value = {.func = e->foreign_func};
    struct mujun_global *g = NULL;
    return mujun_global_new(e->store, &t, value, &g, err);
}
ROW(tag_null)
{
    struct mujun_tag *tag = NULL;
    return mujun_tag_new(e->store, NULL, &tag, err);
}

static const struct refusal rows[] = {
    R(import_foreign_table, USAGE, "a table of another store; in import 0"),
    R(import_foreign_global, USAGE, "a global of another store; in import 0"),
    R(import_foreign_tag, USAGE, "a tag of another store; in import 0"),
    R(import_foreign_stub, USAGE, "a function of another store; in import 0"),
    R(import_null, USAGE, "a memory that is NULL; in import 0"),
    R(import_no_kind, USAGE, "there is no kind 99 of externals"),
    R(module_other_engine, USAGE, "a module of another engine"),
    R(link_other_engine, USAGE, "a module of another engine"),
    R(link_null_module, USAGE, "a module that is NULL"),
    R(define_null, USAGE, "NULL"),
    R(define_null_func, USAGE, "a function that is NULL"),
    R(define_foreign_tag, USAGE, "a tag of another store"),
    R(define_foreign_global, USAGE, "a global of another store"),
    R(define_foreign_instance, USAGE, "an instance of another store"),
    R(define_null_callback, USAGE, "a callback that is NULL"),
    R(func_null_callback, USAGE, "a callback that is NULL"),
    R(func_null_type, USAGE, "a function type that is NULL"),
    R(call_null_func, USAGE, "a function that is NULL"),
    R(call_host_throw_foreign, TRAP, "a tag of another store"),
    R(call_host_throw_null, TRAP, "a tag that is NULL"),
    R(call_host_fail_null, TRAP, "an error that is NULL"),
    R(call_host_fail_foreign, TRAP, "an exception of another store"),
    R(call_host_result_foreign, TRAP, "a reference of another store"),
    R(run_foreign, USAGE, "an instance of another store"),
    R(initialize_foreign, USAGE, "an instance of another store"),
    R(global_get_foreign, USAGE, "a global of another store"),
    R(global_set_foreign, USAGE, "a global of another store"),
    R(global_new_foreign, USAGE, "another store"),
    R(tag_null, USAGE, "a function type that is NULL"),
};

int main(void)
{
    struct env e;

    env_init(&e);
    check_refusals(&e, rows, LENGTH_OF(rows));
    tap_ok(e.freed == 3, "env_free ran for each function that was not made: %d", e.freed);
    env_free(&e);
    return tap_done();
}
