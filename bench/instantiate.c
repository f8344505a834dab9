/*
 * instantiate: what an embedder pays, through the public C API alone: from a compiled module to an
 * instance and back, a call into the guest, a call out of it.
 *
 *   instantiate ROUNDS MODULE.wasm...
 *
 * Prints lines "NAME VALUE": for each module make_us (instance: memories, data, globals, exports),
 * drop_us (freeing the store), first_us (the first instance of all), whole_us (store, linker with
 * WASI, instance, gone again), as medians; then, as the best of the rounds, call_ns (a call of an
 * empty guest function), host_ns (a guest's call of WASI's args_sizes_get) and callback_ns (its
 * call of a host function that adds two i32).
 *
 * Exit code: 0, 1 when something failed, 64 for a wrong use.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <mujun/mujun.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS      200000
#define ROUNDS_MAX 10000

static const char calls_text[] =
    "(module (import \"wasi_snapshot_preview1\" \"args_sizes_get\""
    "    (func $sizes (param i32 i32) (result i32)))"
    "  (import \"host\" \"add\" (func $add (param i32 i32) (result i32)))"
    "  (memory (export \"memory\") 1)"
    "  (func (export \"empty\"))"
    "  (func (export \"loop\") (param $n i32)"
    "    (loop $again"
    "      (drop (call $sizes (i32.const 16) (i32.const 32)))"
    "      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
    "  (func (export \"add\") (param $n i32)"
    "    (loop $again"
    "      (br_if $again (local.tee $n (call $add (local.get $n) (i32.const -1)))))))";

struct guest {
    struct mujun_store *store;
    struct mujun_linker *linker;
    struct mujun_instance *instance;
};

static double microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void check(enum mujun_status status, struct mujun_error *err, const char *what)
{
    char text[2000];

    if (status == MUJUN_OK)
        return;
    mujun_error_format(err, what, text, sizeof(text));
    fprintf(stderr, "instantiate: %s\n", text);
    exit(1);
}

static struct mujun_module *load(struct mujun_engine *engine, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct mujun_module *module = NULL;
    struct mujun_error *err = NULL;
    long size;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        fprintf(stderr, "instantiate: %s cannot be read\n", path);
        exit(1);
    }
    rewind(file);
    uint8_t *bytes = malloc((size_t)size + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "instantiate: %s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    check(mujun_module_new(engine, bytes, (size_t)size, &module, &err), err, path);
    free(bytes);
    return module;
}

/* A store whose linker serves WASI, without an instance. */
static struct guest prepare(struct mujun_engine *engine, struct mujun_wasi *wasi)
{
    struct guest g = {NULL, NULL, NULL};
    struct mujun_error *err = NULL;

    check(mujun_store_new(engine, NULL, 0, &g.store, &err), err, "store");
    check(mujun_linker_new(g.store, &g.linker, &err), err, "linker");
    check(mujun_linker_define_wasi(g.linker, wasi, &err), err, "wasi");
    return g;
}

static void make_instance(struct guest *g, struct mujun_module *module)
{
    struct mujun_error *err = NULL;

    check(mujun_linker_instantiate(g->linker, module, &g->instance, &err), err, "instance");
}

static void drop(struct guest *g)
{
    mujun_linker_free(g->linker);
    mujun_store_free(g->store);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, long count)
{
    qsort(values, (size_t)count, sizeof(*values), ascending);
    return values[count / 2];
}

static void measure_instances(struct mujun_engine *engine, struct mujun_wasi *wasi,
                              const char *path, long rounds)
{
    static double make[ROUNDS_MAX], gone[ROUNDS_MAX], whole[ROUNDS_MAX];
    struct mujun_module *module = load(engine, path);
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

    for (long i = 0; i < rounds; i++) {
        double begin = microseconds();
        struct guest g = prepare(engine, wasi);
        double linked = microseconds();
        make_instance(&g, module);
        double made = microseconds();
        drop(&g);
        double end = microseconds();
        make[i] = made - linked;
        gone[i] = end - made;
        whole[i] = end - begin;
    }
    printf("%s first_us %.1f\n", name, make[0]);
    printf("%s make_us %.1f\n", name, median(make, rounds));
    printf("%s drop_us %.1f\n", name, median(gone, rounds));
    printf("%s whole_us %.1f\n", name, median(whole, rounds));
    mujun_module_free(module);
}

static struct mujun_func *export_of(struct guest *g, const char *name)
{
    struct mujun_func *func = mujun_instance_func(g->instance, name);

    if (func == NULL) {
        fprintf(stderr, "instantiate: no export %s\n", name);
        exit(1);
    }
    return func;
}

static enum mujun_status add(void *env, struct mujun_caller *caller,
                             const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    (void)caller;
    results[0].i32 = args[0].i32 + args[1].i32;
    return MUJUN_OK;
}

/* Lowers *best to the nanoseconds of one of CALLS calls that began at that time. */
static void keep_best(double *best, double begin)
{
    double ns = (microseconds() - begin) * 1e3 / CALLS;

    if (ns < *best)
        *best = ns;
}

static void measure_calls(struct mujun_engine *engine, struct mujun_wasi *wasi, long rounds)
{
    struct mujun_module *module = NULL;
    struct mujun_error *err = NULL;
    double call_ns = 1e9, host_ns = 1e9, callback_ns = 1e9;

    check(mujun_module_new_text(engine, calls_text, sizeof(calls_text) - 1, &module, &err), err,
          "calls");
    struct guest g = prepare(engine, wasi);
    check(mujun_linker_define_func(g.linker, "host", "add", "i32 i32 -> i32", add, NULL, NULL,
                                   &err),
          err, "add");
    make_instance(&g, module);
    struct mujun_func *empty = export_of(&g, "empty"), *loop = export_of(&g, "loop"),
                      *adder = export_of(&g, "add");
    union mujun_value many = {.i32 = CALLS};
    for (long i = 0; i < (rounds < 10 ? rounds : 10); i++) {
        double begin = microseconds();
        for (int n = 0; n < CALLS; n++)
            check(mujun_call(g.store, empty, NULL, 0, NULL, 0, &err), err, "empty");
        keep_best(&call_ns, begin);
        begin = microseconds();
        check(mujun_call(g.store, loop, &many, 1, NULL, 0, &err), err, "loop");
        keep_best(&host_ns, begin);
        begin = microseconds();
        check(mujun_call(g.store, adder, &many, 1, NULL, 0, &err), err, "add");
        keep_best(&callback_ns, begin);
    }
    printf("calls call_ns %.1f\n", call_ns);
    printf("calls host_ns %.1f\n", host_ns);
    printf("calls callback_ns %.1f\n", callback_ns);
    drop(&g);
    mujun_module_free(module);
}

int main(int argc, char **argv)
{
    static const char *const args[] = {"instantiate"};
    struct mujun_engine *engine = NULL;
    struct mujun_error *err = NULL;
    char *end = NULL;
    long rounds = argc > 1 ? strtol(argv[1], &end, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX || *end != '\0') {
        fprintf(stderr, "usage: instantiate ROUNDS MODULE.wasm...\n");
        return 64;
    }
    struct mujun_wasi *wasi = mujun_wasi_new();
    check(wasi == NULL ? MUJUN_E_NO_MEMORY : MUJUN_OK, NULL, "wasi");
    check(mujun_wasi_add_args(wasi, args, 1, &err), err, "wasi");
    check(mujun_engine_new(NULL, &engine, &err), err, "engine");
    for (int i = 2; i < argc; i++)
        measure_instances(engine, wasi, argv[i], rounds);
    measure_calls(engine, wasi, rounds);
    mujun_wasi_free(wasi);
    mujun_engine_free(engine);
    return 0;
}
