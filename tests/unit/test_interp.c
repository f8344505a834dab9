/* The interpreter through the runtime: small modules as text, a call each, result or trap.
 * SPDX-License-Identifier: Apache-2.0 */
#include "interp_util.h"

static const char basics[] =
    "(module (memory 1) (global $g (mut i32) (i32.const 5))"
    "(func $fib (export \"fib\") (param i32) (result i32)"
    "  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))"
    "    (then (local.get 0))"
    "    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
    "                   (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"
    "(func (export \"sum\") (param i32) (result i32) (local i32)"
    "  (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))"
    "    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
    "  (local.get 1))"
    "(func (export \"div\") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))"
    "(func $forever (export \"forever\") (param i32) (result i32)"
    "  (i32.add (i32.const 1) (call $forever (local.get 0))))"
    "(func (export \"table\") (param i32) (result i32)"
    "  (block $a (block $b (block $c (br_table $a $b $c (local.get 0))) (return (i32.const 30)))"
    "    (return (i32.const 20))) (i32.const 10))"
    "(func (export \"swap\") (param i32 i32) (result i32)"
    "  (local.get 0) (local.get 1) (local.set 0) (local.set 1)"
    "  (i32.sub (local.get 0) (local.get 1)))"
    "(func (export \"peek\") (param i32) (result i32) (i32.load offset=4 (local.get 0)))"
    "(func (export \"poke\") (param i32 i32) (result i32)"
    "  (i32.store (i32.add (local.get 0) (local.get 1)) (i32.const 7))"
    "  (i32.load (i32.add (local.get 1) (local.get 0))))"
    "(func (export \"global\") (param i32) (result i32)"
    "  (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g)))";

/* Ten values through branches that have to move them: down a stack, with an extra value below. */
#define TEN(x) x " " x " " x " " x " " x " " x " " x " " x " " x " " x " "
static const char many[] =
    "(module (type $ten (func (result " TEN("i32") ")))"
    "(func (export \"br\") (param i32) (result i32)"
    "  (block (type $ten) " TEN("local.get 0") " i32.const 100 i32.const 7 local.set 0"
    "    (block (type $ten) " TEN("i32.const 3") " (br_if 1 (local.get 0)) " TEN("drop")
    "      " TEN("i32.const 1") " ) (br 0)) " "i32.add i32.add i32.add i32.add i32.add i32.add"
    " i32.add i32.add i32.add)"
    "(func (export \"table\") (param i32) (result i32)"
    "  (block (type $ten) (i32.const 5) (block (type $ten) " TEN("i32.const 2")
    "    (br_table 0 1 (local.get 0))) (br 0)) i32.add i32.add i32.add i32.add i32.add i32.add"
    "    i32.add i32.add i32.add))";

static const char exceptions[] =
    "(module (tag $none) (tag $two (param i64 i32))"
    "(func $raise (param i32)"
    "  (if (local.get 0) (then (throw $two (i64.const 40) (i32.const 2)))) (throw $none))"
    "(func (export \"all\") (param i32) (result i32)"
    "  (block $h (try_table (catch_all $h) (call $raise (local.get 0))) (return (i32.const 1)))"
    "  (i32.const 7))"
    "(func (export \"payload\") (param i32) (result i32) (local i32)"
    "  (block $h (result i64 i32)"
    "    (try_table (catch $two $h) (call $raise (local.get 0))) (return (i32.const 1)))"
    "  (local.set 1) (i32.wrap_i64) (i32.add (local.get 1)))"
    "(func (export \"again\") (param i32) (result i32)"
    "  (block $outer (result exnref)"
    "    (try_table (catch_all_ref $outer)"
    "      (throw_ref (block $inner (result exnref)"
    "        (try_table (catch_all_ref $inner) (call $raise (local.get 0)))"
    "        (return (i32.const 1))))) (return (i32.const 2)))"
    "  (ref.is_null))"
    "(func (export \"escapes\") (param i32) (call $raise (local.get 0)))"
    "(func (export \"legacy\") (param i32) (result i32)"
    "  (try (result i32) (do (try (do (call $raise (local.get 0))) (catch $two (drop) (drop)"
    "      (rethrow 0))) (i32.const 1))"
    "    (catch $two (i32.add (i32.const 100)) (return)) (catch_all (i32.const 9)))))";

static const struct row rows[] = {
    {"recursion", basics, "fib", {20}, "ok 6765"},
    {"a loop", basics, "sum", {1000}, "ok 500500"},
    {"division", basics, "div", {7, 2}, "ok 3"},
    {"division by zero", basics, "div", {7, 0}, "trap integer divide by zero"},
    {"division that overflows", basics, "div", {0x80000000u, ~0u}, "trap integer overflow"},
    {"endless recursion", basics, "forever", {0}, "trap call stack exhausted"},
    {"br_table, first", basics, "table", {0}, "ok 10"},
    {"br_table, second", basics, "table", {1}, "ok 20"},
    {"br_table, default", basics, "table", {77}, "ok 30"},
    {"a local read, then written", basics, "swap", {5, 3}, "ok 4294967294"},
    {"the last word of a memory", basics, "peek", {65528}, "ok 0"},
    {"one byte past it", basics, "peek", {65529}, "trap out of bounds memory access"},
    {"an offset does not wrap", basics, "peek", {~0u}, "trap out of bounds memory access"},
    {"an addition does wrap", basics, "poke", {~0u, 9}, "ok 7"},
    {"a clause without values", exceptions, "all", {0}, "ok 7"},
    {"a clause with two", exceptions, "payload", {1}, "ok 42"},
    {"what no clause names passes on", exceptions, "payload", {0}, "uncaught exception"},
    {"thrown, caught, thrown again", exceptions, "again", {1}, "ok 0"},
    {"out of the outermost function", exceptions, "escapes", {1}, "uncaught exception"},
    {"legacy: rethrown to the outer try", exceptions, "legacy", {1}, "ok 102"},
    {"legacy: catch_all", exceptions, "legacy", {0}, "ok 9"},
    {"ten values branch far", many, "br", {1}, "ok 30"},
    {"ten values in a table, near", many, "table", {0}, "ok 20"},
    {"ten values in a table, far", many, "table", {9}, "ok 20"},
    {"globals", basics, "global", {10}, "ok 15"},
};

int main(void)
{
    run_rows(rows, LENGTH_OF(rows));
    return tap_done();
}
