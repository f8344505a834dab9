/* Fuel: the count is exact, and a run that ends early has done what exactly that many instructions
 * do. Counts are those of interp.h: block, loop, else, end, nop and their kin are free.
 * SPDX-License-Identifier: Apache-2.0 */
#include "interp_util.h"

static const struct {
    const char *name, *wat;
    uint64_t args[3];
    uint64_t cost;
    const char *want;
} costs[] = {
    {"an empty function", "(module (func (export \"f\")))", {0}, 0, "ok"},
    {"nops and blocks are free", "(module (func (export \"f\") (nop) (block (loop (nop)))))",
     {0}, 0, "ok"},
    {"constants and drop", "(module (func (export \"f\") (drop (i32.const 1))))", {0}, 2, "ok"},
    {"return", "(module (func (export \"f\") (return)))", {0}, 1, "ok"},
    {"operands that become immediates",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (i32.add (local.get 0) (i32.const 2))))", {5}, 3, "ok 7"},
    {"a compare joined with a branch: taken",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (block (br_if 0 (i32.eqz (local.get 0))) (return (i32.const 8))) (i32.const 9)))",
     {0}, 4, "ok 9"},
    {"the same, not taken",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (block (br_if 0 (i32.eqz (local.get 0))) (return (i32.const 8))) (i32.const 9)))",
     {1}, 5, "ok 8"},
    {"if and else: one arm counts",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1)"
     "  (i32.const 1))))))", {0}, 5, "ok 2"},
    {"a loop: 5 an iteration, then a read",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)))",
     {1000}, 5 * 1000 + 1, "ok 0"},
    {"calls: both sides count",
     "(module (func $g (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))"
     "  (func (export \"f\") (param i32) (result i32) (call $g (local.get 0))))",
     {7}, 2 + 3, "ok 49"},
    {"what traps is counted, what follows is not",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (drop (i32.const 1)) (i32.div_u (i32.const 1) (local.get 0)) (drop) (i32.const 3)))",
     {0}, 5, "trap integer divide by zero"},
    {"unreachable code behind a branch is not",
     "(module (func (export \"f\") (block (br 0) (drop (i32.const 1)) (unreachable))))",
     {0}, 1, "ok"},
    {"br_table",
     "(module (func (export \"f\") (param i32) (result i32)"
     "  (block (block (br_table 0 1 (local.get 0))) (return (i32.const 1))) (i32.const 2)))",
     {1}, 3, "ok 2"},
    {"memory and globals",
     "(module (memory 1) (global $g (mut i32) (i32.const 0)) (func (export \"f\") (result i32)"
     "  (i32.store (i32.const 0) (i32.const 5)) (global.set $g (i32.load (i32.const 0)))"
     "  (global.get $g)))", {0}, 3 + 3 + 1, "ok 5"},
    {"throw and catch",
     "(module (tag $t (param i32)) (func (export \"f\") (result i32)"
     "  (block $h (result i32) (try_table (catch $t $h) (throw $t (i32.const 4)))"
     "  (i32.const 9))))", {0}, 2, "ok 4"},
};

static void check_costs(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(costs); i++) {
        struct world w;
        char got[OUTCOME_MAX], short_got[OUTCOME_MAX] = "not run";
        uint64_t left = 0, cost = costs[i].cost;
        enum status st = world_begin(&w, costs[i].wat, true, false);
        if (st == ST_OK) {
            w.store->fuel = cost;
            world_call(&w, "f", costs[i].args, got);
            left = w.store->fuel;
        } else {
            snprintf(got, sizeof(got), "%.40s: %.200s", status_text(st), w.dg.text);
        }
        tap_ok(strcmp(got, costs[i].want) == 0 && left == 0,
               "%s: %s with %ju units, %ju left", costs[i].name, got, (uintmax_t)cost,
               (uintmax_t)left);
        if (st == ST_OK && cost > 0) {
            w.store->fuel = cost - 1;
            world_call(&w, "f", costs[i].args, short_got);
            tap_ok(strcmp(short_got, "out of fuel") == 0 && w.store->fuel == 0,
                   "%s: one unit less is %s", costs[i].name, short_got);
        }
        world_end(&w);
    }
}

/* Seven stores of 3 instructions each, some of them around pure work: with n units, exactly the
 * stores whose last instruction is among the first n have happened. */
static const char stores[] =
    "(module (memory (export \"m\") 1) (func (export \"f\") (local i32)"
    "  (i32.store8 (i32.const 0) (i32.const 1))"
    "  (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
    "  (i32.store8 (local.get 0) (i32.const 1))"
    "  (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
    "    (i32.store8 (local.get 0) (i32.const 1))"
    "    (br_if 0 (i32.lt_u (local.get 0) (i32.const 4))))))";

static void check_effects(void)
{
    static const uint64_t last_of[] = {3, 10, 17, 28, 39}; /* units needed for each store */

    for (uint64_t fuel = 0; fuel <= 43; fuel++) {
        struct world w;
        char got[OUTCOME_MAX];
        uint32_t done = 0, expected = 0;
        const uint64_t args[3] = {0};
        if (world_begin(&w, stores, true, false) == ST_OK) {
            w.store->fuel = fuel;
            world_call(&w, "f", args, got);
            for (uint32_t i = 0; i < 5; i++) {
                done += w.instance->memories[0]->base[i];
                expected += fuel >= last_of[i];
            }
        }
        tap_ok(done == expected, "%ju units: %u stores, wanted %u (%s)", (uintmax_t)fuel, done,
               expected, got);
        world_end(&w);
    }
}

int main(void)
{
    check_costs();
    check_effects();
    return tap_done();
}
