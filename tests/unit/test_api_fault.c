/* test_api_fault: the whole life of an embedding, once for every allocation that can fail in it.
 * Each run must end in MUJUN_E_NO_MEMORY, or in what a guest sees of it, and leak nothing (which
 * the sanitizer build checks). The same for a program of the standard wasm.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "mujun/mujun.h"
#include "tap.h"
#include "wasm.h"

#include <string.h>

static const char text[] =
    "(module $m (import \"env\" \"f\" (func $f (param externref i32) (result externref)))"
    "  (import \"a\" \"stub\" (func)) (import \"a\" \"stub\" (table 1 funcref))"
    "  (import \"wasi_snapshot_preview1\" \"sched_yield\" (func $yield (result i32)))"
    "  (type $s (struct (field (mut i32)))) (tag $t (param i32))"
    "  (memory (export \"memory\") 1) (table $tab 4 externref) (data (i32.const 0) \"abc\")"
    "  (func (export \"go\") (param externref) (result externref)"
    "    (drop (call $yield)) (drop (memory.grow (i32.const 1)))"
    "    (drop (table.grow $tab (ref.null extern) (i32.const 10)))"
    "    (drop (struct.new $s (i32.const 1))) (call $f (local.get 0) (i32.const 1)))"
    "  (func (export \"throw\") (throw $t (i32.const 1)))"
    "  (func (export \"trap\") (unreachable)))";

struct life {
    struct mujun_config *config;
    struct mujun_engine *engine;
    struct mujun_module *module;
    struct mujun_store *store;
    struct mujun_wasi *wasi;
    struct mujun_linker *linker;
    struct mujun_instance *instance;
    struct mujun_ref *ref, *copy;
    struct mujun_error *err;
    int released, released_wanted;
};

static void release(void *data)
{
    ++*(int *)data;
}

static enum mujun_status host(void *env, struct mujun_caller *caller, const union mujun_value *args,
                              union mujun_value *results)
{
    (void)env;
    if (args[0].ref != NULL) {
        results[0].ref = mujun_ref_clone(args[0].ref);
        return results[0].ref != NULL ? MUJUN_OK
                                      : mujun_caller_trap(caller, MUJUN_TRAP_HOST, "no memory");
    }
    return MUJUN_OK;
}

#define STEP(expr)                                                                                 \
    do {                                                                                           \
        enum mujun_status step_ = (expr);                                                          \
        if (step_ != MUJUN_OK)                                                                     \
            return step_;                                                                          \
    } while (0)

static enum mujun_status prepare(struct life *l)
{
    const char *args[] = {"program", "argument"};
    const struct mujun_limit limits[] = {
        {"instances", 5}
    };

    l->config = mujun_config_new();
    if (l->config == NULL)
        return MUJUN_E_NO_MEMORY;
    STEP(mujun_config_set_feature(l->config, "threads", true, &l->err));
    STEP(mujun_engine_new(l->config, &l->engine, &l->err));
    STEP(mujun_module_new_text(l->engine, text, strlen(text), &l->module, &l->err));
    STEP(mujun_store_new(l->engine, limits, 1, &l->store, &l->err));
    STEP(mujun_store_set_timeout(l->store, 60000000000u, &l->err));
    STEP(mujun_linker_new(l->store, &l->linker, &l->err));
    l->wasi = mujun_wasi_new();
    if (l->wasi == NULL)
        return MUJUN_E_NO_MEMORY;
    STEP(mujun_wasi_add_args(l->wasi, args, 2, &l->err));
    STEP(mujun_wasi_add_env(l->wasi, "NAME", "value", &l->err));
    STEP(mujun_wasi_set_stdin_bytes(l->wasi, "in", 2, &l->err));
    STEP(mujun_wasi_capture(l->wasi, 1, 100, &l->err));
    STEP(mujun_wasi_add_dir(l->wasi, "/", "/", true, &l->err));
    STEP(mujun_linker_define_wasi(l->linker, l->wasi, &l->err));
    l->released_wanted++; /* also when the next line fails */
    STEP(mujun_linker_define_func(l->linker, "env", "f", "externref i32 -> externref", host,
                                  &l->released, release, &l->err));
    mujun_linker_set_unknown_imports(l->linker, MUJUN_UNKNOWN_TRAP);
    STEP(mujun_linker_instantiate(l->linker, l->module, &l->instance, &l->err));
    return mujun_linker_define_instance(l->linker, "me", l->instance, &l->err);
}

static enum mujun_status use(struct life *l)
{
    union mujun_value arg = {.ref = NULL}, result = {.ref = NULL};
    const struct mujun_externtype memory = {.kind = MUJUN_EXTERN_MEMORY, .min = 1},
                                  table = {.kind = MUJUN_EXTERN_TABLE,
                                           .content = MUJUN_EXTERNREF,
                                           .is_nullable = true,
                                           .min = 3};
    struct mujun_memory *m = NULL;
    struct mujun_table *t = NULL;

    l->released_wanted++;
    STEP(mujun_externref_new(l->store, &l->released, release, &l->ref, &l->err));
    arg.ref = l->ref;
    STEP(
        mujun_call(l->store, mujun_instance_func(l->instance, "go"), &arg, 1, &result, 1, &l->err));
    l->copy = result.ref;
    STEP(mujun_memory_new(l->store, &memory, &m, &l->err));
    STEP(mujun_table_new(l->store, &table, arg, &t, &l->err));
    if (!mujun_table_grow(t, 100, arg, NULL))
        return MUJUN_E_NO_MEMORY;
    enum mujun_status st =
        mujun_call(l->store, mujun_instance_func(l->instance, "trap"), NULL, 0, NULL, 0, &l->err);
    if (st != MUJUN_E_TRAP)
        return st;
    mujun_error_free(l->err);
    l->err = NULL;
    st = mujun_call(l->store, mujun_instance_func(l->instance, "throw"), NULL, 0, NULL, 0, &l->err);
    if (st != MUJUN_E_EXCEPTION)
        return st;
    struct mujun_ref *x = mujun_error_exception(l->err);
    mujun_ref_free(x);
    return x == NULL ? MUJUN_E_NO_MEMORY : MUJUN_OK;
}

static enum mujun_status live(uint64_t nth, bool *hit, bool *is_released)
{
    struct life l = {.released = 0};

    mem_fault_set(nth);
    enum mujun_status st = prepare(&l);
    if (st == MUJUN_OK)
        st = use(&l);
    *hit = mem_fault_hit();
    mujun_ref_free(l.ref);
    mujun_ref_free(l.copy);
    mujun_error_free(l.err);
    mujun_linker_free(l.linker);
    mujun_wasi_free(l.wasi);
    mujun_store_free(l.store);
    mujun_module_free(l.module);
    mujun_engine_free(l.engine);
    mujun_config_free(l.config);
    mem_fault_set(0);
    *is_released = l.released == l.released_wanted;
    return st;
}

/* ---- the same for wasm.h: failures show as NULL, an empty vector or a trap ---- */

static wasm_trap_t *echo(const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

static bool wasm_use(wasm_store_t *store, const wasm_byte_vec_t *binary)
{
    wasm_module_t *module = wasm_module_new(store, binary);
    wasm_functype_t *type =
        wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    wasm_func_t *func = type == NULL ? NULL : wasm_func_new(store, type, echo);
    wasm_foreign_t *foreign = wasm_foreign_new(store);
    wasm_importtype_vec_t imports = WASM_EMPTY_VEC;
    wasm_extern_vec_t exports = WASM_EMPTY_VEC;
    wasm_instance_t *instance = NULL;
    wasm_trap_t *trap = NULL;
    wasm_val_t result = WASM_INIT_VAL;

    if (module != NULL && func != NULL && foreign != NULL) {
        wasm_foreign_set_host_info(foreign, &result);
        wasm_module_imports(module, &imports);
        wasm_extern_t *externs[] = {wasm_func_as_extern(func)};
        wasm_extern_vec_t given = WASM_ARRAY_VEC(externs);
        instance = wasm_instance_new(store, module, &given, &trap);
    }
    if (instance != NULL)
        wasm_instance_exports(instance, &exports);
    if (exports.size == 1) {
        wasm_val_t args[1] = {WASM_REF_VAL(wasm_foreign_as_ref(foreign))};
        wasm_val_vec_t args_vec = WASM_ARRAY_VEC(args), results_vec = {1, &result};
        trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args_vec, &results_vec);
    }
    bool fine = trap == NULL && imports.size == 1 && result.of.ref != NULL;
    wasm_val_delete(&result);
    wasm_trap_delete(trap);
    wasm_extern_vec_delete(&exports);
    wasm_importtype_vec_delete(&imports);
    wasm_instance_delete(instance);
    wasm_foreign_delete(foreign);
    wasm_func_delete(func);
    wasm_functype_delete(type);
    wasm_module_delete(module);
    return fine;
}

static bool wasm_live(uint64_t nth, const wasm_byte_vec_t *binary, bool *hit)
{
    mem_fault_set(nth);
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = engine == NULL ? NULL : wasm_store_new(engine);
    bool fine = store != NULL && wasm_use(store, binary);
    *hit = mem_fault_hit();
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    mem_fault_set(0);
    return fine;
}

static void test_wasm_h(void)
{
    static const char wat[] =
        "(module (import \"\" \"f\" (func $f (param externref) (result externref)))"
        "  (func (export \"g\") (param externref) (result externref) (call $f (local.get 0))))";
    struct mujun_engine *engine = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    bool hit = true, fine = false;
    uint64_t nth = 1, survived = 0;

    if (mujun_engine_new(NULL, &engine, NULL) != MUJUN_OK ||
        mujun_text_to_binary(engine, wat, strlen(wat), &bytes, &size, NULL) != MUJUN_OK) {
        tap_ok(false, "set-up");
        return;
    }
    const wasm_byte_vec_t binary = {size, (wasm_byte_t *)bytes};
    for (; hit; nth++) {
        fine = wasm_live(nth, &binary, &hit);
        survived += hit && fine;
    }
    tap_ok(fine && nth > 20, "wasm.h: %u allocations failed in turn, then all was well",
           (unsigned)nth - 2);
    tap_ok(survived <= 2, "%u of them were made up for", (unsigned)survived);
    mujun_bytes_free(bytes);
    mujun_engine_free(engine);
}

int main(void)
{
    bool hit = true, is_released = true, all_released = true;
    enum mujun_status st = MUJUN_OK;
    uint64_t nth = 1, odd = 0, survived = 0;

    for (; hit; nth++) {
        st = live(nth, &hit, &is_released);
        all_released = all_released && is_released;
        if (hit && st == MUJUN_OK)
            survived++;
        /* A guest sees failing growth as -1 and may trap on what follows. */
        if (hit && st != MUJUN_E_NO_MEMORY && st != MUJUN_OK && st != MUJUN_E_TRAP) {
            odd++;
            tap_ok(false, "allocation %u: %s", (unsigned)nth, mujun_status_text(st));
        }
    }
    tap_ok(st == MUJUN_OK && nth > 50, "%u allocations failed in turn, then all was well: %s",
           (unsigned)nth - 2, mujun_status_text(st));
    tap_ok(odd == 0, "each ended as a lack of memory");
    tap_ok(survived <= 4, "%u of them were made up for", (unsigned)survived);
    tap_ok(all_released, "every release function ran exactly once");
    test_wasm_h();
    return tap_done();
}
