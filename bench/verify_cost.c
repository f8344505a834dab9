/*
 * verify_cost: what proving machine code contained costs, beside what making it costs, on one
 * thread. For each module, optimised and not, one line of words and numbers:
 *
 *   NAME LEVEL text_bytes N compile_ms X decode_ms X judge_ms X
 *
 * compile: reading, validating, compiling, linking. judge: all of the verification, decoding
 * included. Processor time, the least of the rounds.
 *
 *   verify_cost ROUNDS MODULE.wasm...
 *
 * Exit code: 0, 1 when something failed, 64 for a wrong use.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tests/unit/sfi_module.h"
#include "shield/verify/sfi/point.h"

#include <time.h>

enum { EXIT_USAGE = 64, ROUNDS_MAX = 1000 };

struct times {
    const struct sfi_module *module;
    struct arena arena;
    double decode_ms, judge_ms;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Decodes all functions, then judges them. */
static enum status pass_once(void *ctx, struct diag *dg)
{
    struct times *t = ctx;
    const struct sfi_image *image = &t->module->image;
    struct sfi_worker *w = sfi_worker_new(&t->arena, &t->module->policy, image);

    const double start = now_ms();
    for (uint32_t i = 0; i < image->function_count; i++)
        sfi_code_read(w, i);
    const double decoded = now_ms();
    for (uint32_t i = 0; i < image->function_count; i++)
        TRY(sfi_judge(w, i, dg));
    t->decode_ms = MIN(t->decode_ms, decoded - start);
    t->judge_ms = MIN(t->judge_ms, now_ms() - decoded);
    return ST_OK;
}

static enum status measure(struct times *t, uint32_t rounds, struct diag *dg)
{
    for (uint32_t i = 0; i < rounds; i++) {
        arena_init(&t->arena, (size_t)1 << 30);
        const enum status st = arena_guard(&t->arena, pass_once, t, dg);
        arena_free(&t->arena);
        TRY(st);
    }
    return ST_OK;
}

struct request {
    const char *path;
    uint32_t rounds;
    bool optimise, failed;
};

static void visit(void *ctx, struct str bytes)
{
    struct request *r = ctx;
    const char *slash = strrchr(r->path, '/');
    struct sfi_module module;
    struct times t = {.module = &module, .decode_ms = 1e9, .judge_ms = 1e9};
    struct diag dg = {0};
    double compile_ms = 1e9;
    enum status st = ST_OK;

    for (uint32_t i = 0; i < r->rounds && st == ST_OK; i++) {
        if (i != 0)
            sfi_module_free(&module);
        const double start = now_ms();
        st = sfi_module_compile(&module, bytes, r->optimise, false, &dg);
        compile_ms = MIN(compile_ms, now_ms() - start);
    }
    if (st == ST_OK)
        st = measure(&t, r->rounds, &dg);
    if (st == ST_OK)
        printf("%s %s text_bytes %u compile_ms %.2f decode_ms %.2f judge_ms %.2f\n",
               slash != NULL ? slash + 1 : r->path, r->optimise ? "-O2" : "-O0",
               module.compiled->text_bytes, compile_ms, t.decode_ms, t.judge_ms);
    else
        fprintf(stderr, "verify_cost: %s: %s\n", r->path, dg.text);
    r->failed |= st != ST_OK;
    sfi_module_free(&module);
}

int main(int argc, char **argv)
{
    struct request r = {.rounds = argc > 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0};

    if (r.rounds == 0 || r.rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: verify_cost ROUNDS MODULE.wasm..., 1 to %d rounds\n", ROUNDS_MAX);
        return EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++)
        for (int level = 0; level < 2; level++) {
            r.path = argv[i];
            r.optimise = level == 0;
            visit_file(r.path, (struct module_visit){.visit = visit, .ctx = &r});
        }
    return r.failed;
}
