/* make_seeds: writes every module of the public suites, binary and as their scripts say it, or some
 * random functions of the IR as text, one file each, named by the hash of its bytes so that twins
 * are written once. Prints how many; exit 0 also when there are no suites.
 *   make_seeds modules|functions FOLDER
 * SPDX-License-Identifier: Apache-2.0 */
#include "../tests/unit/random_ir.h"
#include "../tests/unit/suites.h"

#include "base/base.h"
#include "shield/ir/text.h"

#include <inttypes.h>

enum {
    SEED_BYTES_MAX = 100000, /* larger ones slow a fuzzer down and teach it nothing more */
    FUNCTIONS = 200,
    FUNCTION_SIZE_MAX = 60, /* instructions, about */
};

/* Where seeds go, and how their names end. */
struct target {
    const char *folder, *suffix;
};

static uint32_t written;

static void write_seed(void *ctx, struct str bytes)
{
    const struct target *to = ctx;
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    char path[4096];

    if (bytes.size > SEED_BYTES_MAX)
        return;
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (uint8_t)bytes.text[i]) * UINT64_C(1099511628211);
    snprintf(path, sizeof(path), "%s/%016" PRIx64 "%s", to->folder, hash, to->suffix);
    FILE *out = fopen(path, "wbx");
    if (out == NULL)
        return; /* a twin is there */
    if (bytes.size != 0) /* an empty seed has no address */
        fwrite(bytes.text, 1, bytes.size, out);
    fclose(out);
    written++;
}

static void write_modules(const char *folder)
{
    static const char *const suites[] = {"wasm-spec",
                                         "wasm-spec/custom",
                                         "wasm-spec/legacy",
                                         "wasm-spec/proposals/threads",
                                         "wasm-spec/proposals/wide-arithmetic",
                                         "wasm-spec/proposals/custom-page-sizes",
                                         "wasi"};
    const char *root = suites_root();
    struct target to = {folder, ".wasm"};
    struct module_visit v = {.visit = write_seed, .ctx = &to};

    for (uint32_t i = 0; root != NULL && i < LENGTH_OF(suites); i++)
        visit_folder(root, suites[i], v);
    printf("%u modules\n", written);
}

struct function_job {
    struct arena arena;
    struct target to;
};

static enum status write_functions(void *ctx, struct diag *dg)
{
    struct function_job *job = ctx;
    struct random_ir r = {.vectors = true, .wide = true, .traps = true};
    struct ir_func f;

    (void)dg;
    for (uint32_t seed = 1; seed <= FUNCTIONS; seed++) {
        struct buf text;
        buf_init(&text, &job->arena);
        random_function(&r, &f, &job->arena, seed, 1 + seed % FUNCTION_SIZE_MAX);
        ir_print(&f, IR_PRINT_DENSE, &text);
        write_seed(&job->to, (struct str){(const char *)text.data, text.size});
    }
    printf("%u functions\n", written);
    return ST_OK;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "modules") == 0) {
        write_modules(argv[2]);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "functions") == 0) {
        struct function_job job = {.to = {argv[2], ".ir"}};
        arena_init(&job.arena, (size_t)256 << 20);
        const enum status st = arena_guard(&job.arena, write_functions, &job, NULL);
        arena_free(&job.arena);
        return st == ST_OK ? 0 : 1;
    }
    fprintf(stderr, "usage: make_seeds modules|functions FOLDER\n");
    return 64;
}
