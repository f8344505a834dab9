/*
 * Random functions of the IR, compiled without a sandbox and run: the result, the memory and the
 * trap are those of ir/eval. With every processor feature that this machine has and with none, with
 * both allocators. MUJUN_SEED and MUJUN_COUNT choose which. SPDX-License-Identifier: Apache-2.0
 */
#include "native_code.h"
#include "random_ir.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/ir/text.h"
#include "shield/opt/wide.h"
#include "shield/verify/ra/ra.h"
#include "tap.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FUNCTIONS = 4000, STEPS_MAX = 1 << 20 };

struct job {
    struct arena arena;
    uint64_t seed;
    struct rng rng;
    uint64_t args[RANDOM_PARAMS];
    uint8_t expected[RANDOM_MEMORY_BYTES], memory[RANDOM_MEMORY_BYTES];
    uint64_t want, got;
    int want_trap, got_trap;
    const char *how;
    uint32_t features;
    bool optimise, vectors;
    struct native_code native;
};

static bool host_load(void *ctx, uint64_t address, void *out, uint32_t bytes)
{
    (void)ctx;
    memcpy(out, (const void *)(uintptr_t)address, bytes);
    return true;
}

static bool host_store(void *ctx, uint64_t address, const void *bytes, uint32_t count)
{
    (void)ctx;
    memcpy((void *)(uintptr_t)address, bytes, count);
    return true;
}

static void fill_memory(const struct job *j, uint8_t *memory)
{
    struct rng rng;

    rng_seed(&rng, j->seed ^ 0x5eed);
    for (uint32_t i = 0; i < RANDOM_MEMORY_BYTES; i++)
        memory[i] = (uint8_t)rng_next(&rng);
}

static void make_function(struct job *j, struct ir_func *f)
{
    struct random_ir *r = arena_new(&j->arena, struct random_ir, 1);

    rng_seed(&j->rng, j->seed);
    r->vectors = rng_chance(&j->rng, 1, 2);
    r->wide = rng_chance(&j->rng, 1, 4);
    r->traps = rng_chance(&j->rng, 1, 3);
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        j->args[n] = rng_next(&j->rng);
    random_function(r, f, &j->arena, j->seed, 20 + (uint32_t)rng_below(&j->rng, 200));
}

/* The same address for both judges: values that are computed from it are the same. */
static void evaluate(struct job *j, struct ir_func *f)
{
    const struct ir_eval_host host = {.load = host_load, .store = host_store};
    ir_bits args[RANDOM_PARAMS];

    fill_memory(j, j->memory);
    args[0] = (uint64_t)(uintptr_t)j->memory;
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        args[n] = j->args[n];
    args[2] = (uint64_t)args[2];
    args[4] = (uint32_t)args[4];
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        if (ir_type_bits((enum ir_type)f->signatures[f->signature].params[n]) == 32)
            args[n] = (uint32_t)args[n];
    const struct ir_eval_result r = ir_eval(f, &host, args, STEPS_MAX, &j->arena);
    j->want_trap = r.end == IR_EVAL_TRAPPED ? r.trap : NATIVE_NO_TRAP;
    j->want = r.end == IR_EVAL_RETURNED ? (uint64_t)r.results[0] : 0;
    memcpy(j->expected, j->memory, sizeof(j->memory));
}

static void enter(void *ctx)
{
    struct job *j = ctx;
    uint64_t (*f)(uint64_t, uint64_t, uint64_t, double, float);
    double d;
    float s;

    memcpy(&f, &j->native.base, sizeof(f));
    memcpy(&d, &j->args[3], sizeof(d));
    memcpy(&s, &j->args[4], sizeof(s));
    j->got = f((uintptr_t)j->memory, j->args[1], j->args[2], d, s);
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct ir_func f;
    struct codegen_code code;
    struct codegen_options options = {.optimise = j->optimise, .features = j->features};

    options.check_regalloc = true;
    options.judge = ra_check;
    options.frame_bytes_max = 1 << 20;
    options.frame_probe_bytes = 1 << 15;
    make_function(j, &f);
    evaluate(j, &f);
    TRY(opt_wide(&f, dg));
    TRY(ir_check(&f, dg));
    if (getenv("MUJUN_DUMP") != NULL) {
        struct buf text;
        buf_init(&text, &j->arena);
        ir_print(&f, IR_PRINT_NUMBERS, &text);
        fwrite(text.data, 1, text.size, stderr);
    }
    TRY(codegen_function(&f, &options, &code, dg));
    if (getenv("MUJUN_DUMP") != NULL) {
        FILE *out = fopen(getenv("MUJUN_DUMP"), "wb");
        if (out != NULL) {
            fwrite(code.bytes, 1, code.size, out);
            fclose(out);
        }
    }
    if (!native_map(&j->native, &code))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no executable memory");
    fill_memory(j, j->memory);
    j->got_trap = native_guard(&j->native, enter, j);
    native_unmap(&j->native);
    return ST_OK;
}

/* Memory at a trap may differ: stores behind it may have been left out, never in front. */
static bool test_seed(uint64_t seed, const char *how, bool optimise, uint32_t features)
{
    struct job j = {.seed = seed, .how = how, .optimise = optimise, .features = features};
    struct diag dg = {0};
    const char *wrong = NULL;

    arena_init(&j.arena, 256 << 20);
    const enum status st = arena_guard(&j.arena, run, &j, &dg);
    if (st != ST_OK)
        wrong = dg.text;
    else if (j.want_trap != j.got_trap)
        wrong = "another trap";
    else if (j.want_trap == NATIVE_NO_TRAP && j.want != j.got)
        wrong = "another result";
    else if (j.want_trap == NATIVE_NO_TRAP && memcmp(j.memory, j.expected, sizeof(j.memory)) != 0)
        wrong = "another memory";
    if (wrong != NULL)
        tap_ok(false, "seed %" PRIu64 ", %s: %s; eval %" PRIx64 " trap %d, native %" PRIx64
               " trap %d", seed, how, wrong, j.want, j.want_trap, j.got, j.got_trap);
    arena_free(&j.arena);
    return wrong == NULL;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

int main(void)
{
    const uint64_t first = number_of("MUJUN_SEED", 1), count = number_of("MUJUN_COUNT", FUNCTIONS);
    uint64_t failed = 0;

    for (uint64_t seed = first; seed < first + count && failed < 6; seed++) {
        failed += !test_seed(seed, "plain", false, 0);
        failed += !test_seed(seed, "optimised", true, codegen_features_of_host());
        if (seed % 4 == 0)
            failed += !test_seed(seed, "optimised, SSE2", true, 0);
    }
    tap_ok(failed == 0, "%" PRIu64 " random functions: native = eval", count);
return tap_done();
}
