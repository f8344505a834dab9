/* test_api_reenter: what host functions may do to the guest that has called them: throw through a
 * tail call, switch metering on and off, grow its memories, collect, call back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "mujun/mujun.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static const char text[] =
    "(module\n"
    "  (import \"h\" \"act\" (func $act (param i32) (result i32)))\n"
    "  (import \"h\" \"e\" (tag $e))\n"
    "  (import \"h\" \"away\" (func $away (param i32) (result i32)))\n"
    "  (table funcref (elem $act))\n"
    "  (memory (export \"memory\") i64 1)\n"
    "  (type $t (func (param i32) (result i32)))\n"
    "  (elem declare func $act)\n"
    "  (func $tail (param i32) (result i32)\n"
    "    (block $h (try_table (catch $e $h) (return_call $act (local.get 0)))) (i32.const 1))\n"
    "  (func $tail_ref (param i32) (result i32)\n"
    "    (block $h (try_table (catch_all $h) (return_call_ref $t (local.get 0) (ref.func $act))))\n"
    "    (i32.const 2))\n"
    "  (func $tail_indirect (param i32) (result i32)\n"
    "    (block $h (try_table (catch_all $h)\n"
    "      (return_call_indirect (type $t) (local.get 0) (i32.const 0)))) (i32.const 3))\n"
    "  (func (export \"outer_tail\") (param i32) (result i32)\n"
    "    (block $h (try_table (catch $e $h) (return (call $tail (local.get 0))))) (i32.const 9))\n"
    "  (func (export \"tail\") (param i32) (result i32) (return_call $tail (local.get 0)))\n"
    "  (func (export \"tail_ref\") (param i32) (result i32)\n"
    "    (block $h (try_table (catch $e $h) (return (call $tail_ref (local.get 0)))))\n"
    "    (i32.const 9))\n"
    "  (func (export \"tail_indirect\") (param i32) (result i32)\n"
    "    (block $h (try_table (catch $e $h) (return (call $tail_indirect (local.get 0)))))\n"
    "    (i32.const 9))\n"
    "  (func (export \"caught\") (param i32) (result i32)\n"
    "    (block $h (try_table (catch $e $h) (return (call $act (local.get 0))))) (i32.const 5))\n"
    "  (func $fresh (result i32) (i32.const 30))\n"
    "  (func $fresh2 (result i32) (i32.const 40))\n"
    "  (func (export \"then_fresh\") (param i32) (result i32)\n"
    "    (i32.add (call $act (local.get 0)) (call $fresh)))\n"
    "  (func (export \"away_then_fresh\") (param i32) (result i32)\n"
    "    (i32.add (call $away (local.get 0)) (call $fresh2)))\n"
    "  (func (export \"grown\") (param i32) (result i32)\n"
    "    (i64.store (i64.const 65528) (i64.const 7))\n"
    "    (drop (call $act (local.get 0)))\n"
    "    (i64.store (i64.const 131064) (i64.const 8))\n"
    "    (i32.add (i32.load (i64.const 65528)) (i32.load (i64.const 131064)))))\n";

static const char away_text[] =
    "(module (import \"h\" \"act\" (func $act (param i32) (result i32)))\n"
    "  (func (export \"away\") (param i32) (result i32) (call $act (local.get 0))))\n";

struct world {
    struct mujun_engine *engine;
    struct mujun_store *store;
    struct mujun_linker *linker;
    struct mujun_instance *away, *main;
    struct mujun_tag *tag;
};

static void must(enum mujun_status st, struct mujun_error *err, const char *what)
{
    if (st == MUJUN_OK)
        return;
    printf("Bail out! %s: %s\n", what, err == NULL ? "" : mujun_error_message(err));
    exit(99);
}

enum { THROW, FUEL_ON, FUEL_OFF, GROW, NEST_FUEL };

static enum mujun_status act(void *env, struct mujun_caller *caller, const union mujun_value *args,
                             union mujun_value *results)
{
    struct world *w = env;
    union mujun_value arg = {.i32 = FUEL_ON}, result = {.i64 = 0};
    struct mujun_extern memory = {MUJUN_EXTERN_MEMORY, {NULL}};

    switch (args[0].i32) {
    case THROW: return mujun_caller_throw(caller, w->tag, NULL, 0);
    case FUEL_ON: mujun_store_set_fuel(w->store, 1000); break;
    case FUEL_OFF: mujun_store_set_fuel(w->store, UINT64_MAX); break;
    case GROW:
        mujun_instance_export(w->main, "memory", &memory);
        mujun_memory_grow(memory.of.memory, 1, NULL);
        break;
    default:
        must(mujun_call(w->store, mujun_instance_func(w->main, "then_fresh"), &arg, 1, &result, 1,
                        NULL),
             NULL, "nested call");
        break;
    }
    results[0].i32 = 12;
    return MUJUN_OK;
}

static struct mujun_instance *load(struct world *w, const char *wat, size_t size)
{
    struct mujun_error *err = NULL;
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;

    must(mujun_module_new_text(w->engine, wat, size, &m, &err), err, "module");
    must(mujun_linker_instantiate(w->linker, m, &i, &err), err, "instance");
    mujun_module_free(m);
    return i;
}

static void world_open(struct world *w, bool is_metered)
{
    const struct mujun_functype *type = NULL;
    struct mujun_error *err = NULL;

    *w = (struct world){.engine = NULL};
    must(mujun_engine_new(NULL, &w->engine, &err), err, "engine");
    must(mujun_store_new(w->engine, NULL, 0, &w->store, &err), err, "store");
    must(mujun_linker_new(w->store, &w->linker, &err), err, "linker");
    must(mujun_functype_parse(w->engine, "", &type, &err), err, "type");
    must(mujun_tag_new(w->store, type, &w->tag, &err), err, "tag");
    const struct mujun_extern tag = {MUJUN_EXTERN_TAG, {.tag = w->tag}};
    must(mujun_linker_define(w->linker, "h", "e", &tag, &err), err, "e");
    must(mujun_linker_define_func(w->linker, "h", "act", "i32 -> i32", act, w, NULL, &err), err,
         "act");
    w->away = load(w, away_text, strlen(away_text));
    must(mujun_linker_define_instance(w->linker, "h", w->away, &err), err, "away");
    w->main = load(w, text, strlen(text));
    if (is_metered)
        mujun_store_set_fuel(w->store, 100000);
}

static void world_close(struct world *w)
{
    mujun_linker_free(w->linker);
    mujun_store_free(w->store);
    mujun_engine_free(w->engine);
}

static const struct {
    const char *function;
    int32_t arg;
    bool is_metered;
    enum mujun_status status;
    int32_t want;
} rows[] = {
    /* a tail call leaves the frame, so the handlers of that frame do not see what it throws */
    {"caught",          THROW,     false, MUJUN_OK,          5 },
    {"outer_tail",      THROW,     false, MUJUN_OK,          9 },
    {"tail",            THROW,     false, MUJUN_E_EXCEPTION, 0 },
    {"tail_ref",        THROW,     false, MUJUN_OK,          9 },
    {"tail_indirect",   THROW,     false, MUJUN_OK,          9 },
    {"outer_tail",      GROW,      false, MUJUN_OK,          12},
    /* metering is switched while guests run, before a function that is not yet translated */
    {"then_fresh",      FUEL_ON,   false, MUJUN_OK,          42},
    {"then_fresh",      FUEL_OFF,  true,  MUJUN_OK,          42},
    {"away_then_fresh", FUEL_ON,   false, MUJUN_OK,          52},
    {"away_then_fresh", FUEL_OFF,  true,  MUJUN_OK,          52},
    {"then_fresh",      NEST_FUEL, false, MUJUN_OK,          42},
    {"away_then_fresh", NEST_FUEL, false, MUJUN_OK,          52},
    {"away_then_fresh", NEST_FUEL, true,  MUJUN_OK,          52},
    /* the memory moves or not; the guest sees its new size */
    {"grown",           GROW,      false, MUJUN_OK,          15},
    {"grown",           GROW,      true,  MUJUN_OK,          15},
};

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct world w;
        struct mujun_error *err = NULL;
        union mujun_value arg = {.i32 = rows[i].arg}, result = {.i64 = 0};

        world_open(&w, rows[i].is_metered);
        struct mujun_func *fn = mujun_instance_func(w.main, rows[i].function);
        enum mujun_status st = mujun_call(w.store, fn, &arg, 1, &result, 1, &err);
        tap_ok(st == rows[i].status && result.i32 == rows[i].want, "%s(%d)%s: %s, %d",
               rows[i].function, rows[i].arg, rows[i].is_metered ? " metered" : "",
               err == NULL ? "ok" : mujun_error_message(err), result.i32);
        mujun_error_free(err);
        world_close(&w);
    }
    return tap_done();
}
