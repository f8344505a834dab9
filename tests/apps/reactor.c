/*
 * reactor: evaluates a line of Perl or Ruby inside the sandbox. The two interpreters are WASI
 * reactors: no _start, but functions to call, and imports beyond WASI that a browser would serve.
 * Written against the installed mujun.h alone.
 *
 *   reactor perl MODULE CODE [DIR]
 *   reactor ruby MODULE CODE [DIR]
 *
 * DIR becomes the guest's "/"; Perl wants a file dev/null in it.
 *
 * Exit code: 0, 1 when the code fails in its language, 2 when the sandbox ends it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <mujun/mujun.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct guest {
    struct mujun_store *store;
    struct mujun_instance *instance;
    struct mujun_memory *memory;
};

static void stop(struct mujun_error *err, const char *what)
{
    char text[4000];

    mujun_error_format(err, what, text, sizeof(text));
    fprintf(stderr, "reactor: %s\n", text);
    exit(2);
}

#define TRY(expr, what)                                                                            \
    do {                                                                                           \
        if ((expr) != MUJUN_OK)                                                                    \
            stop(err, what);                                                                       \
    } while (0)

/* Calls an export with i32 arguments; its i32 result, or 0 when it has none. */
static int32_t call(struct guest *g, const char *name, const int32_t *args, size_t count)
{
    struct mujun_error *err = NULL;
    struct mujun_func *fn = mujun_instance_func(g->instance, name);
    union mujun_value values[4] = {{.i32 = 0}}, result = {.i32 = 0};

    if (fn == NULL) {
        fprintf(stderr, "reactor: the module does not export %s\n", name);
        exit(2);
    }
    for (size_t i = 0; i < count; i++)
        values[i].i32 = args[i];
    size_t results = mujun_functype_result_count(mujun_func_type(g->store, fn));
    TRY(mujun_call(g->store, fn, values, count, &result, results, &err), name);
    return result.i32;
}

static void put(struct guest *g, int32_t at, const void *bytes, size_t size)
{
    if (at == 0 || !mujun_memory_write(g->memory, (uint32_t)at, bytes, size)) {
        fprintf(stderr, "reactor: the guest gave no room for %zu bytes\n", size);
        exit(2);
    }
}

static void get(struct guest *g, int32_t at, void *to, size_t size)
{
    if (!mujun_memory_read(g->memory, (uint32_t)at, to, size)) {
        fprintf(stderr, "reactor: the guest names %zu bytes that it has not\n", size);
        exit(2);
    }
}

/* ---- Perl: texts are NUL-terminated, in memory from its malloc ---- */

static int perl_eval(struct guest *g, const char *code)
{
    if (call(g, "zeroperl_init", NULL, 0) != 0) {
        fprintf(stderr, "reactor: zeroperl_init failed\n");
        return 2;
    }
    int32_t size = (int32_t)strlen(code) + 1;
    int32_t text = call(g, "malloc", &size, 1);
    put(g, text, code, (size_t)size);
    const int32_t args[4] = {text, 1 /* scalar */, 0, 0 /* no @ARGV */};
    int32_t failed = call(g, "zeroperl_eval", args, 4);
    call(g, "free", &text, 1);
    if (failed != 0) {
        char message[500] = "";
        int32_t at = call(g, "zeroperl_last_error", NULL, 0);
        if (at != 0 && mujun_memory_read(g->memory, (uint32_t)at, message, sizeof(message) - 1))
            fprintf(stderr, "%s\n", message);
    }
    call(g, "zeroperl_flush", NULL, 0);
    return failed != 0;
}

/* ---- Ruby: lists and texts as the canonical ABI wants them, from its cabi_realloc ---- */

static int32_t ruby_text(struct guest *g, const char *text, size_t size)
{
    const int32_t args[4] = {0, 0, 1, (int32_t)size};
    int32_t at = call(g, "cabi_realloc", args, 4);

    put(g, at, text, size);
    return at;
}

/* Prints $!.message */
static void ruby_complain(struct guest *g)
{
    static const char errinfo[] = "rb-errinfo: func() -> handle<rb-abi-value>",
                      intern[] = "rb-intern: func(name: string) -> u32",
                      funcallv[] =
                          "rb-funcallv-protect: func(recv: handle<rb-abi-value>, mid: u32, "
                          "args: list<handle<rb-abi-value>>) -> "
                          "tuple<handle<rb-abi-value>, s32>",
                      rstring[] = "rstring-ptr: func(value: handle<rb-abi-value>) -> string";
    const int32_t name[2] = {ruby_text(g, "message", 8), 8};
    const int32_t args[4] = {call(g, errinfo, NULL, 0), call(g, intern, name, 2), 0, 0};
    int32_t answer[2], text[2];
    char message[500];

    get(g, call(g, funcallv, args, 4), answer, sizeof(answer));
    get(g, call(g, rstring, answer, 1), text, sizeof(text));
    size_t size = (uint32_t)text[1] < sizeof(message) ? (uint32_t)text[1] : sizeof(message);
    get(g, text[0], message, size);
    fprintf(stderr, "%.*s\n", (int)size, message);
}

static int ruby_eval(struct guest *g, const char *code)
{
    static const char *const argv[] = {"ruby.wasm", "-EUTF-8", "-e_=0"};
    enum { ARGS = sizeof(argv) / sizeof(argv[0]) };
    const int32_t room[4] = {0, 0, 4, 8 * ARGS};
    int32_t list = call(g, "cabi_realloc", room, 4);

    for (int32_t i = 0; i < ARGS; i++) {
        size_t size = strlen(argv[i]) + 1;
        const int32_t item[2] = {ruby_text(g, argv[i], size), (int32_t)size};
        put(g, list + 8 * i, item, sizeof(item));
    }
    call(g, "ruby-init: func(args: list<string>) -> ()", (const int32_t[]){list, ARGS}, 2);
    size_t size = strlen(code) + 1;
    const int32_t text[2] = {ruby_text(g, code, size), (int32_t)size};
    int32_t at =
        call(g, "rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>",
             text, 2);
    int32_t result[2] = {0, 1}; /* handle, state */
    get(g, at, result, sizeof(result));
    if (result[1] != 0)
        ruby_complain(g);
    return result[1] != 0;
}

/* Handles of Ruby values: the host may number them as it likes, so each is its own number. */
static enum mujun_status same(void *env, struct mujun_caller *caller, const union mujun_value *args,
                              union mujun_value *results)
{
    (void)env;
    (void)caller;
    results[0] = args[0];
    return MUJUN_OK;
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    long end = f != NULL && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    uint8_t *bytes = end < 0 ? NULL : malloc((size_t)end + 1);

    if (bytes == NULL || fseek(f, 0, SEEK_SET) != 0 ||
        fread(bytes, 1, (size_t)end, f) != (size_t)end) {
        fprintf(stderr, "reactor: cannot read %s\n", path);
        exit(2);
    }
    fclose(f);
    *size = (size_t)end;
    return bytes;
}

int main(int argc, char **argv)
{
    static const char *const program[] = {"reactor"};
    struct mujun_error *err = NULL;
    struct mujun_engine *engine = NULL;
    struct mujun_module *module = NULL;
    struct mujun_linker *linker = NULL;
    struct mujun_wasi *wasi = mujun_wasi_new();
    struct guest g = {NULL, NULL, NULL};
    size_t size = 0;

    if (argc < 4 || argc > 5 || wasi == NULL ||
        (strcmp(argv[1], "perl") != 0 && strcmp(argv[1], "ruby") != 0)) {
        fprintf(stderr, "usage: reactor perl|ruby MODULE CODE [DIR]\n");
        return 2;
    }
    uint8_t *bytes = read_file(argv[2], &size);
    TRY(mujun_engine_new(NULL, &engine, &err), "engine");
    TRY(mujun_module_new(engine, bytes, size, &module, &err), argv[2]);
    free(bytes);
    TRY(mujun_store_new(engine, NULL, 0, &g.store, &err), "store");
    TRY(mujun_linker_new(g.store, &linker, &err), "linker");
    TRY(mujun_wasi_add_args(wasi, program, 1, &err), "wasi");
    TRY(mujun_wasi_inherit_stdio(wasi, &err), "wasi");
    if (argc == 5)
        TRY(mujun_wasi_add_dir(wasi, argv[4], "/", false, &err), "wasi");
    TRY(mujun_linker_define_wasi(linker, wasi, &err), "wasi");
    mujun_wasi_free(wasi);
    TRY(mujun_linker_define_func(linker, "canonical_abi", "resource_new_rb-abi-value", "i32 -> i32",
                                 same, NULL, NULL, &err),
        "linker");
    TRY(mujun_linker_define_func(linker, "canonical_abi", "resource_get_rb-abi-value", "i32 -> i32",
                                 same, NULL, NULL, &err),
        "linker");
    mujun_linker_set_unknown_imports(linker, MUJUN_UNKNOWN_TRAP); /* nothing of the browser */
    TRY(mujun_linker_instantiate(linker, module, &g.instance, &err), argv[2]);
    mujun_linker_free(linker);
    g.memory = mujun_instance_memory(g.instance, "memory");
    if (g.memory == NULL) {
        fprintf(stderr, "reactor: the module exports no memory\n");
        return 2;
    }
    TRY(mujun_instance_initialize(g.store, g.instance, &err), "_initialize");
    int code = strcmp(argv[1], "perl") == 0 ? perl_eval(&g, argv[3]) : ruby_eval(&g, argv[3]);
    mujun_store_free(g.store);
    mujun_module_free(module);
    mujun_engine_free(engine);
    return code;
}
