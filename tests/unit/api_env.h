/* api_env: an embedding of the public API to test against: a module with one of everything, two
 * stores, host functions that misbehave on request. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_API_ENV_H
#define TESTS_UNIT_API_ENV_H

#include "mujun/mujun.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

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

static inline void must(enum mujun_status st, struct mujun_error *err, const char *what)
{
    if (st == MUJUN_OK)
        return;
    printf("Bail out! %s: %s\n", what, err == NULL ? "" : mujun_error_message(err));
    exit(99);
}

static inline void count_free(void *env)
{
    ++*(int *)env;
}

static inline enum mujun_status twice(void *env, struct mujun_caller *caller,
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

static inline enum mujun_status keep(void *env, struct mujun_caller *caller,
                                     const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    (void)caller;
    results[0].ref = mujun_ref_clone(args[0].ref);
    return MUJUN_OK;
}

static inline void env_init(struct env *e)
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

static inline void env_free(struct env *e)
{
    mujun_linker_free(e->linker);
    mujun_store_free(e->store);
    mujun_store_free(e->other);
    mujun_module_free(e->module);
    mujun_engine_free(e->engine);
    mujun_engine_free(e->other_engine);
}

static inline struct mujun_extern get(struct env *e, const char *name)
{
    struct mujun_extern out = {MUJUN_EXTERN_FUNC, {NULL}};

    if (!mujun_instance_export(e->instance, name, &out))
        must(MUJUN_E_USAGE, NULL, name);
    return out;
}

static inline enum mujun_status call_i32(struct env *e, const char *name, int32_t a, int32_t *out,
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

/* ---- refusals, by row ---- */

#define ROW(name) static enum mujun_status name(struct env *e, struct mujun_error **err)

struct refusal {
    const char *name;
    enum mujun_status (*run)(struct env *e, struct mujun_error **err);
    enum mujun_status status;
    const char *text; /* in the message */
};
#define R(name, status, text)                                                                      \
    {                                                                                              \
#name, name, MUJUN_E_##status, text                                                        \
    }

/* Each row is refused in its words, and afterwards the store can be used on. */
static inline void check_refusals(struct env *e, const struct refusal *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mujun_error *err = NULL;
        enum mujun_status st = rows[i].run(e, &err);
        const char *text = err == NULL ? "(no error)" : mujun_error_message(err);
        bool pass = st == rows[i].status && err != NULL && mujun_error_status(err) == st &&
                    strstr(text, rows[i].text) != NULL &&
                    strncmp(text, mujun_status_text(st), strlen(mujun_status_text(st))) == 0;
        tap_ok(pass, "%s: %s", rows[i].name, text);
        mujun_error_free(err);
        int32_t fine = 0;
        st = call_i32(e, "twice", 21, &fine, NULL);
        if (st != MUJUN_OK || fine != 42)
            tap_ok(false, "%s: afterwards twice(21) is %d: %s", rows[i].name, fine,
                   mujun_status_text(st));
    }
}

#endif /* TESTS_UNIT_API_ENV_H */
