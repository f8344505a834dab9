/* test_inline: functions with calls inlined compute what they computed before, trap where they
 * trapped, and their positions tell through which calls. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/compile/inline.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/wasm/wat.h"
#include "translating.h"

#include <string.h>

static const char text[] =
    "(module (memory 1) (global $g (mut i32) (i32.const 3))\n"
    " (func $fib (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))\n"
    "   (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))\n"
    "     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))\n"
    " (func $max (param i32 i32) (result i32)\n"
    "   (select (local.get 0) (local.get 1) (i32.gt_s (local.get 0) (local.get 1))))\n"
    " (func $both (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))\n"
    " (func $divide (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))\n"
    " (func $pick (param i32) (result i32) (block (block (block (br_table 0 1 2 (local.get 0)))\n"
    "   (return (i32.const 11))) (return (i32.const 22))) (i32.const 33))\n"
    " (func $count (param i32) (result i32) (local i32)\n"
    "   (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))\n"
    "     (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))\n"
    " (func $nothing) (func $first (param i32 i32) (result i32)\n"
    "   (call $nothing) (call $max (local.get 0) (call $pick (local.get 1))))\n"
    " (func $swap (param i32 i32) (result i32)\n"
    "   (call $both (local.get 0) (local.get 1)) (i32.sub))\n"
    " (func $far (param i32 i32) (result i32) (i32.add (call $divide (local.get 0) (local.get 1))\n"
    "   (call $first (local.get 0) (local.get 1))))\n"
    " (func $farther (param i32 i32) (result i32) (call $far (local.get 1) (local.get 0)))\n"
    " (func $loops (param i32 i32) (result i32) (local i32)\n"
    "   (loop (local.set 2 (i32.add (local.get 2) (call $count (i32.or (local.get 0) (i32.const "
    "1)))))\n"
    "     (br_if 0 (i32.and (local.tee 1 (i32.shr_u (local.get 1) (i32.const 1))) (i32.const "
    "31))))\n"
    "   (local.get 2))\n"
    " (func $jumps (param i32 i32) (result i32) (return_call $max (local.get 0) (local.get 1)))\n"
    " (func $through (param i32 i32) (result i32) (call $jumps (local.get 1) (local.get 0))))\n";

static const struct {
    const char *name;
    uint32_t function, params, calls_left; /* calls in its code afterwards */
} rows[] = {
    {"recursive",         0,  1, 8},
    {"two calls",         7,  2, 0},
    {"two results",       8,  2, 0},
    {"calls in calls",    9,  2, 0},
    {"and one more",      10, 2, 0},
    {"a loop in a loop",  11, 2, 0},
    {"a tail call stays", 13, 2, 1},
};

struct program {
    struct translating t;
    struct translate_scratch scratch;
    struct arena arena;
};
static struct program p;

static enum status translated(uint32_t function, struct ir_func *f, struct diag *dg)
{
    ir_func_init(f, &p.arena, function);
    return translate_function(&p.t.env, function, &p.scratch, f, dg);
}

static struct ir_eval_result evaluate(struct ir_func *f, const ir_bits *args);

/* Calls run the callee as it was translated. */
static bool call(void *ctx, const struct ir_func *f, ir_value at, ir_bits target,
                 const ir_bits *args, ir_bits *results, uint8_t *trap)
{
    const struct ir_callee *callee = &f->callees[ir_at(f, at)->a];
    const uint32_t result_count = f->signatures[callee->signature].result_count;
    struct diag dg = {0};
    struct ir_func g;

    (void)ctx, (void)target;
    if (callee->kind != IR_CALLEE_LOCAL || translated(callee->number, &g, &dg) != ST_OK)
        return false;
    const struct ir_eval_result got = evaluate(&g, args);
    if (got.end == IR_EVAL_TRAPPED)
        *trap = got.trap;
    for (uint32_t i = 0; got.end == IR_EVAL_RETURNED && i < result_count; i++)
        results[i] = got.results[i];
    return got.end == IR_EVAL_TRAPPED || got.end == IR_EVAL_RETURNED;
}

static struct ir_eval_result evaluate(struct ir_func *f, const ir_bits *args)
{
    static const struct ir_eval_host host = {.call = call};
    return ir_eval(f, &host, args, 100000, &p.arena);
}

static bool same_behaviour(struct ir_func *before, struct ir_func *after)
{
    static const uint32_t values[] = {0, 1, 2, 3, 7, 9};

    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            const ir_bits args[2] = {values[i], values[j]};
            const struct ir_eval_result a = evaluate(before, args), b = evaluate(after, args);
            if (a.end != b.end || (a.end == IR_EVAL_TRAPPED && a.trap != b.trap) ||
                (a.end == IR_EVAL_RETURNED && a.results[0] != b.results[0])) {
                printf("# arguments %u %u: ends %d and %d\n", values[i], values[j], (int)a.end,
                       (int)b.end);
                return false;
            }
        }
    }
    return true;
}

static uint32_t count_calls(const struct ir_func *f)
{
    uint32_t n = 0;

    for (ir_block b = 0; b < f->block_count; b++) {
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next)
            n += (ir_op_info[ir_op_of(f, v)].flags & IR_CALLS) != 0;
    }
    return n;
}

static void check_row(size_t r, struct arena *spare, struct diag *dg)
{
    struct ir_func before, after;

    if (!tap_ok(translated(rows[r].function, &before, dg) == ST_OK &&
                    translated(rows[r].function, &after, dg) == ST_OK &&
                    inline_calls(&p.t.env, &p.scratch, spare, &after, dg) == ST_OK,
                "%s: is inlined %s", rows[r].name, dg->text))
        return;
    const enum status st = ir_check(&after, dg);
    tap_ok(st == ST_OK, "%s: is IR %s", rows[r].name, dg->text);
    tap_ok(st == ST_OK && same_behaviour(&before, &after), "%s: computes the same", rows[r].name);
    tap_ok(count_calls(&after) == rows[r].calls_left, "%s: %u calls are left, wanted %u",
           rows[r].name, count_calls(&after), rows[r].calls_left);
}

/* $farther calls $far calls $divide, which divides by zero. */
static void check_positions(struct arena *spare, struct diag *dg)
{
    static const uint32_t wanted[] = {3, 9};
    const ir_bits args[2] = {0, 5};
    struct ir_func f;
    bool right = true;

    if (translated(10, &f, dg) != ST_OK ||
        inline_calls(&p.t.env, &p.scratch, spare, &f, dg) != ST_OK) {
        tap_ok(false, "positions: %s", dg->text);
        return;
    }
    const struct ir_eval_result got = evaluate(&f, args);
    uint32_t position = f.sources[got.at];
    for (int i = 0; i < 2 && right; i++) {
        right = (position & IR_SOURCE_INLINED) != 0;
        if (!right)
            break;
        const struct ir_inlined *at = &f.inlined[position & ~IR_SOURCE_INLINED];
        right = at->function == wanted[i] && at->source != 0;
        position = at->parent;
    }
    tap_ok(got.end == IR_EVAL_TRAPPED && right && position != 0 &&
               (position & IR_SOURCE_INLINED) == 0,
           "a trap is in $divide, called by $far, called by the function");
}

static enum status check_all(void *ctx, struct diag *dg)
{
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
        check_row(r, ctx, dg);
    check_positions(ctx, dg);
    return ST_OK;
}

int main(void)
{
    const struct str source = {text, sizeof(text) - 1};
    const struct wm_wat_options options = {.features = wm_features_all()};
    struct diag dg = {0};
    struct arena spare, a;
    struct str bytes;

    arena_init(&p.arena, 256 << 20);
    arena_init(&spare, 64 << 20);
    arena_init(&a, 16 << 20);
    translate_scratch_init(&p.scratch);
    if (!tap_ok(wm_wat_parse(source, &options, &a, &bytes, NULL, &dg) == ST_OK &&
                    translating_open(&p.t, (const uint8_t *)bytes.text, bytes.size, &dg) == ST_OK,
                "the module can be read %s", dg.text))
        return tap_done();
    tap_ok(arena_guard(&p.arena, check_all, &spare, &dg) == ST_OK, "everything fits its memory");
    translate_scratch_free(&p.scratch);
    translating_free(&p.t);
    arena_free(&spare);
    arena_free(&p.arena);
    arena_free(&a);
    return tap_done();
}
