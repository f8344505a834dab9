/*
 * Random functions of the IR: the checker accepts them, their text reads back, and every judge
 * agrees on what they do: eval, eval of what the middle end makes of them, and machine code at both
 * levels, with and without what the processor has beyond SSE2, each allocation proven. Seeds are
 * printed when something differs; MUJUN_SEED and MUJUN_COUNT choose, MUJUN_SIZE makes functions
 * smaller, MUJUN_PRINT shows them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "native_code.h"
#include "random_ir.h"
#include "shield/compile/layout.h"
#include "shield/compile/passes.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/ir/text.h"
#include "shield/opt/opt.h"
#include "shield/opt/wide.h"
#include "shield/verify/ra/ra.h"
#include "tap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS = 10000, STEPS_MAX = 2000000 };

struct outcome {
    enum ir_eval_end end;
    uint8_t trap;
    uint64_t result;
    uint8_t memory[RANDOM_MEMORY_BYTES];
};

struct job {
    struct arena arena;
    struct rng rng;
    uint64_t seed;
    uint32_t size_max; /* of a function */
    uint64_t args[RANDOM_PARAMS];
    struct outcome plain;
    const char *wrong; /* what differed, NULL: nothing */
    uint64_t trapped;
};

/* ---- a machine for eval ---------------------------------------------------------------------- */

static bool inside(const uint8_t *memory, uint64_t address, uint32_t bytes)
{
    const uint64_t at = address - (uint64_t)(uintptr_t)memory;

    return at < RANDOM_MEMORY_BYTES && RANDOM_MEMORY_BYTES - at >= bytes;
}

static bool host_load(void *ctx, uint64_t address, void *out, uint32_t bytes)
{
    if (!inside(ctx, address, bytes))
        return false;
    memcpy(out, (uint8_t *)ctx + (address - (uint64_t)(uintptr_t)ctx), bytes);
    return true;
}

static bool host_store(void *ctx, uint64_t address, const void *bytes, uint32_t count)
{
    if (!inside(ctx, address, count))
        return false;
    memcpy((uint8_t *)ctx + (address - (uint64_t)(uintptr_t)ctx), bytes, count);
    return true;
}

static void fill_memory(const struct job *j, uint8_t *memory)
{
    struct rng rng;

    rng_seed(&rng, j->seed ^ 0x5eed);
    for (uint32_t i = 0; i < RANDOM_MEMORY_BYTES; i++)
        memory[i] = (uint8_t)rng_next(&rng);
}

static void evaluate(struct job *j, struct ir_func *f, struct outcome *out)
{
    const struct ir_eval_host host = {.ctx = out->memory, .load = host_load, .store = host_store};
    ir_bits args[RANDOM_PARAMS];

    fill_memory(j, out->memory);
    args[0] = (uint64_t)(uintptr_t)out->memory;
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        args[n] = j->args[n];
    args[2] = (uint32_t)args[2];
    args[4] = (uint32_t)args[4];
    const struct ir_eval_result r = ir_eval(f, &host, args, STEPS_MAX, &j->arena);
    out->end = r.end;
    out->trap = r.trap;
    out->result = r.end == IR_EVAL_RETURNED ? (uint64_t)r.results[0] : 0;
}

/* Memory at a trap may differ: stores behind it may have been taken out, never in front. */
static bool same_outcome(const struct outcome *x, const struct outcome *y)
{
    return x->end == y->end && x->trap == y->trap && x->result == y->result &&
           (x->end == IR_EVAL_TRAPPED || memcmp(x->memory, y->memory, RANDOM_MEMORY_BYTES) == 0);
}

/* ---- what has occurred ----------------------------------------------------------------------- */

static uint64_t seen[IR_OP_COUNT];

static void count_ops(const struct ir_func *f)
{
    for (ir_value v = 0; v < f->inst_count; v++)
        seen[f->insts[v].op]++;
}

/* Operations of which a random function has none: they need a runtime. */
static bool needs_runtime(enum ir_op op)
{
    return op == IR_OP_ALIAS || op == IR_OP_TRAP || op == IR_OP_UADD_TRAP ||
           op == IR_OP_SELECT_GUARD || (op >= IR_OP_ATOMIC_LOAD && op <= IR_OP_TAIL_CALL_RECORD);
}

static void check_seen(void)
{
    for (int op = 0; op < IR_OP_COUNT; op++)
        if (!needs_runtime((enum ir_op)op) && seen[op] == 0)
            tap_ok(false, "%s never occurred", ir_op_info[op].text);
}

/* ---- the judges ------------------------------------------------------------------------------ */

static enum status judge_text(struct job *j, const struct ir_func *f, struct diag *dg)
{
    struct ir_func again;
    struct buf first, second;
    struct outcome out = {0};

    buf_init(&first, &j->arena);
    buf_init(&second, &j->arena);
    ir_print(f, IR_PRINT_DENSE, &first);
    TRY(ir_parse((struct str){(const char *)first.data, first.size}, &j->arena, &again, dg));
    TRY(ir_check(&again, dg));
    ir_print(&again, IR_PRINT_DENSE, &second);
    if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
        j->wrong = "its text does not read back";
    evaluate(j, &again, &out);
    if (!same_outcome(&out, &j->plain))
        j->wrong = "read back from text it does something else";
    return ST_OK;
}

/* What a judge does to the function before it is evaluated again. */
typedef enum status (*transform_fn)(struct ir_func *f, struct diag *dg);

static uint64_t halved; /* values of 128 bits that became two */

static enum status in_halves(struct ir_func *f, struct diag *dg)
{
    for (ir_value v = 0; v < f->inst_count; v++)
        halved += f->insts[v].type == IR_I128;
    TRY(opt_wide(f, dg));
    for (ir_value v = 0; v < f->inst_count; v++)
        if (f->insts[v].type == IR_I128 && f->links[v].block != IR_NONE)
            return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET, "v%" PRIu32 " is still i128", v);
    return ST_OK;
}

static struct opt_stats optimised_stats;

static enum status optimised(struct ir_func *f, struct diag *dg)
{
    return opt_function(f, &(struct opt_options){.check = true, .stats = &optimised_stats}, dg);
}

static const struct judge {
    const char *name;
    transform_fn transform;
} judges[] = {
    {"128 bits in halves", in_halves},
    {"the middle end",     optimised},
};

static void make_function(struct job *j, struct ir_func *f)
{
    struct random_ir *r = arena_new(&j->arena, struct random_ir, 1);

    rng_seed(&j->rng, j->seed);
    r->vectors = rng_chance(&j->rng, 1, 2);
    r->wide = rng_chance(&j->rng, 1, 4);
    r->traps = rng_chance(&j->rng, 1, 3);
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        j->args[n] = rng_next(&j->rng);
    const uint32_t size = 20 + (uint32_t)rng_below(&j->rng, 200);
    random_function(r, f, &j->arena, j->seed, MIN(size, j->size_max));
}

static enum status judge_transformed(struct job *j, const struct judge *judge, struct diag *dg)
{
    const struct arena_mark mark = arena_mark(&j->arena);
    struct outcome out = {0};
    struct ir_func f;

    make_function(j, &f);
    TRY(diag_in(dg, judge->transform(&f, dg), "%s", judge->name));
    TRY(diag_in(dg, ir_check(&f, dg), "%s", judge->name));
    evaluate(j, &f, &out);
    if (!same_outcome(&out, &j->plain))
        j->wrong = judge->name;
    arena_release(&j->arena, mark);
    return ST_OK;
}

static void show(struct job *j, const struct ir_func *f)
{
    struct buf text;

    buf_init(&text, &j->arena);
    ir_print(f, IR_PRINT_DENSE, &text);
    printf("%.*s", (int)text.size, (const char *)text.data);
}

/* ---- native code ----------------------------------------------------------------------------- */

typedef uint64_t (*function_fn)(void *memory, uint64_t, uint32_t, double, float);

struct call {
    const struct job *job;
    const struct native_code *code;
    struct outcome *out;
};

static void call_native(void *ctx)
{
    struct call *c = ctx;
    const uint64_t *args = c->job->args;
    const uint32_t single_bits = (uint32_t)args[4];
    function_fn function;
    double real;
    float single;

    memcpy(&function, &c->code->base, sizeof(function));
    memcpy(&real, &args[3], sizeof(real));
    memcpy(&single, &single_bits, sizeof(single));
    c->out->result = function(c->out->memory, args[1], (uint32_t)args[2], real, single);
}

static const struct native_judge {
    const char *name;
    bool optimise;
    uint32_t features; /* of those that the host has */
} native_judges[] = {
    {"native", false, UINT32_MAX},
    {"native, optimised", true, UINT32_MAX},
    {"native, optimised, SSE2 only", true, 0},
};

static enum status judge_native(struct job *j, const struct native_judge *judge, struct diag *dg)
{
    const struct arena_mark mark = arena_mark(&j->arena);
    const struct passes_options passes = {.optimise = judge->optimise, .check = true};
    const struct codegen_options codegen = {
        .features = judge->features & codegen_features_of_host(),
        .optimise = judge->optimise,
        .check_regalloc = true,
        .judge = ra_check,
        .frame_probe_bytes = FRAME_PROBE_BYTES,
        .frame_bytes_max = FRAME_BYTES_MAX};
    struct outcome out = {.end = IR_EVAL_RETURNED, .trap = IR_TRAP_NONE};
    struct codegen_code code;
    struct native_code native;
    struct ir_func f;

    make_function(j, &f);
    TRY(diag_in(dg, passes_run(&f, &passes, dg), "%s", judge->name));
    TRY(diag_in(dg, codegen_function(&f, &codegen, &code, dg), "%s", judge->name));
    if (!native_map(&native, &code))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "to map code");
    fill_memory(j, out.memory);
    struct call call = {.job = j, .code = &native, .out = &out};
    const int trap = native_guard(&native, call_native, &call);
    native_unmap(&native);
    if (trap != NATIVE_NO_TRAP) {
        out.end = IR_EVAL_TRAPPED;
        out.trap = (uint8_t)trap;
        out.result = 0;
    }
    if (trap == NATIVE_FAULT || !same_outcome(&out, &j->plain)) {
        printf("# expected end %d trap %u result %#" PRIx64 ", found trap %d result %#" PRIx64 "\n",
               (int)j->plain.end, j->plain.trap, j->plain.result, trap, out.result);
        j->wrong = judge->name;
    }
    arena_release(&j->arena, mark);
    return ST_OK;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct ir_func f;

    make_function(j, &f);
    TRY(ir_check(&f, dg));
    count_ops(&f);
    evaluate(j, &f, &j->plain);
    if (j->plain.end == IR_EVAL_UNKNOWN || j->plain.end == IR_EVAL_STEPS)
        j->wrong = "eval does not know an operation of it, or it does not end";
    if (j->seed % 8 == 0)
        TRY(judge_text(j, &f, dg));
    for (size_t n = 0; n < LENGTH_OF(judges); n++)
        TRY(judge_transformed(j, &judges[n], dg));
    if (getenv("MUJUN_PRINT") != NULL)
        show(j, &f);
    for (size_t n = 0; n < LENGTH_OF(native_judges) && j->wrong == NULL; n++)
        TRY(judge_native(j, &native_judges[n], dg));
    j->trapped = j->plain.end == IR_EVAL_TRAPPED;
    return ST_OK;
}

/* Every pass must have found something to do. */
static void check_passes(uint64_t count)
{
#define OPTSTAT(name, text)                                                                        \
    tap_ok(optimised_stats.name > 0 || count < FUNCTIONS, "%" PRIu32 " " text,                     \
           optimised_stats.name);
#include "shield/opt/stats.def"
#undef OPTSTAT
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

int main(void)
{
    const uint64_t first = number_of("MUJUN_SEED", 1), count = number_of("MUJUN_COUNT", FUNCTIONS);
    const uint32_t size_max = (uint32_t)number_of("MUJUN_SIZE", UINT32_MAX);
    uint64_t failed = 0, trapped = 0;

    for (uint64_t seed = first; seed < first + count && failed < 5; seed++) {
        struct job j = {.seed = seed, .size_max = size_max};
        struct diag dg = {0};
        arena_init(&j.arena, 256 << 20);
        const enum status st = arena_guard(&j.arena, run, &j, &dg);
        if (st != ST_OK || j.wrong != NULL) {
            tap_ok(false, "seed %" PRIu64 ": %s", seed, st != ST_OK ? dg.text : j.wrong);
            failed++;
        }
        trapped += j.trapped;
        arena_free(&j.arena);
    }
    if (count >= FUNCTIONS)
        check_seen();
    tap_ok(halved > 0 || count < FUNCTIONS, "%" PRIu64 " values of 128 bits became halves", halved);
    check_passes(count);
    tap_ok(failed == 0,
           "%" PRIu64 " random functions: eval = optimised eval = native, %" PRIu64 " trap",
           count, trapped);
    return tap_done();
}
