/*
 * hello: a program with a WebAssembly guest inside. It shows the four things most embedders need:
 * a host function, a bound on what the guest may spend, what a trap looks like, and WASI.
 *
 *   make && ./hello          (see Makefile: pkg-config knows where mujun is)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <mujun/mujun.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char guest_text[] =
    "(module\n"
    "  (import \"env\" \"log\" (func $log (param i32 i32)))\n"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\"\n"
    "    (func $fd_write (param i32 i32 i32 i32) (result i32)))\n"
    "  (memory (export \"memory\") 1)\n"
    "  (data (i32.const 8) \"hello from the guest\")\n"
    "  (data (i32.const 64) \"written through WASI\\n\")\n"
    "  (func (export \"greet\") (call $log (i32.const 8) (i32.const 20)))\n"
    "  (func $fib (export \"fib\") (param $n i32) (result i32)\n"
    "    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2))\n"
    "      (then (local.get $n))\n"
    "      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))\n"
    "                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))\n"
    "  (func $peek (param $at i32) (result i32) (i32.load (local.get $at)))\n"
    "  (func (export \"careless\") (result i32) (call $peek (i32.const 70000)))\n"
    "  (func (export \"_start\")\n"
    "    (i32.store (i32.const 0) (i32.const 64))\n"
    "    (i32.store (i32.const 4) (i32.const 21))\n"
    "    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 4)))))\n";

/* Ends the program when a call that must succeed has not. */
static void check(enum mujun_status status, struct mujun_error *err)
{
    char text[2000];

    if (status == MUJUN_OK)
        return;
    mujun_error_format(err, "guest", text, sizeof(text));
    fprintf(stderr, "%s\n", text);
    exit(1);
}

/* env.log: the guest names a piece of its memory; every byte of it is checked. */
static enum mujun_status host_log(void *env, struct mujun_caller *caller,
                                  const union mujun_value *args, union mujun_value *results)
{
    char text[100];
    uint32_t at = (uint32_t)args[0].i32, size = (uint32_t)args[1].i32;
    struct mujun_memory *memory = mujun_caller_memory(caller);

    (void)results;
    if (size >= sizeof(text) || !mujun_memory_read(memory, at, text, size))
        return mujun_caller_trap(caller, MUJUN_TRAP_MEMORY_BOUNDS, NULL);
    printf("%s: %.*s\n", (const char *)env, (int)size, text);
    return MUJUN_OK;
}

/* Calls an export that takes and gives at most one i32, and says how it ended. */
static void try_call(struct mujun_store *store, struct mujun_instance *instance, const char *name,
                     const int32_t *arg)
{
    struct mujun_error *err = NULL;
    struct mujun_func *func = mujun_instance_func(instance, name);
    size_t results = mujun_functype_result_count(mujun_func_type(store, func));
    union mujun_value in = {.i32 = arg == NULL ? 0 : *arg}, out = {.i32 = 0};
    char text[2000];

    if (mujun_call(store, func, &in, arg != NULL, &out, results, &err) == MUJUN_OK) {
        printf("%s gives %d\n", name, out.i32);
        return;
    }
    mujun_error_format(err, name, text, sizeof(text));
    printf("%s\n", text);
    mujun_error_free(err);
}

int main(void)
{
    struct mujun_error *err = NULL;
    struct mujun_engine *engine = NULL;
    struct mujun_module *module = NULL;
    struct mujun_store *store = NULL;
    struct mujun_linker *linker = NULL;
    struct mujun_instance *instance = NULL;
    struct mujun_wasi *wasi = mujun_wasi_new();
    int32_t n = 20;
    int exit_code = 0;
    char name[] = "log";

    check(mujun_engine_new(NULL, &engine, &err), err);
    check(mujun_module_new_text(engine, guest_text, strlen(guest_text), &module, &err), err);
    check(mujun_store_new(engine, NULL, 0, &store, &err), err);
    check(mujun_linker_new(store, &linker, &err), err);

    check(mujun_linker_define_func(linker, "env", "log", "i32 i32", host_log, name, NULL, &err),
          err);
    check(mujun_wasi_capture(wasi, 1, 1000, &err), err);
    check(mujun_linker_define_wasi(linker, wasi, &err), err);
    check(mujun_linker_instantiate(linker, module, &instance, &err), err);

    struct mujun_func *greet = mujun_instance_func(instance, "greet");
    check(mujun_call(store, greet, NULL, 0, NULL, 0, &err), err);

    try_call(store, instance, "fib", &n);
    mujun_store_set_fuel(store, 10000); /* instructions */
    try_call(store, instance, "fib", &n);
    mujun_store_set_fuel(store, UINT64_MAX);

    try_call(store, instance, "careless", NULL);

    check(mujun_instance_run(store, instance, &exit_code, &err), err);
    struct mujun_name output = mujun_store_output(store, 1);
    printf("exit code %d, output: %.*s", exit_code, (int)output.size, output.text);

    mujun_wasi_free(wasi);
    mujun_linker_free(linker);
    mujun_store_free(store);
    mujun_module_free(module);
    mujun_engine_free(engine);
    return 0;
}
