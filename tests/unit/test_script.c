/* test_script: the runner of test scripts must notice what is wrong. Each row is a script whose
 * last command fails, and what the report must say; then scripts in which everything holds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/interp/interp.h"
#include "shield/script/script.h"

#include <string.h>

#define FUNCS                                                                                      \
    "(module $m (func (export \"i\") (result i32) (i32.const 7))"                                  \
    " (func (export \"f\") (result f32) (f32.const nan:0x400001))"                                 \
    " (func (export \"z\") (result f64) (f64.const -0))"                                           \
    " (func (export \"v\") (result v128) (v128.const f32x4 1 nan 3 nan:0x600000))"                 \
    " (func (export \"two\") (result i32 i64) (i32.const 1) (i64.const 2))"                        \
    " (func (export \"div\") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))"    \
    " (func $r (export \"rec\") (call $r))"                                                        \
    " (tag $t) (func (export \"throw\") (throw $t))"                                               \
    " (func (export \"id\") (param externref) (result externref) (local.get 0))"                   \
    " (func (export \"any\") (param externref) (result anyref)"                                    \
    "   (any.convert_extern (local.get 0)))"                                                       \
    " (func (export \"i31\") (result anyref) (ref.i31 (i32.const 5)))"                             \
    " (func (export \"null\") (result funcref) (ref.null func))"                                   \
    " (elem declare func $r) (func (export \"fn\") (result funcref) (ref.func $r))"                \
    " (global (export \"g\") i64 (i64.const -1))) "

/* clang-format off */
static const struct {
    const char *text, *says; /* says NULL: all pass */
    uint32_t passed;
} rows[] = {
    {FUNCS "(assert_return (invoke \"i\") (i32.const 7))", NULL, 2},
    {FUNCS "(assert_return (invoke \"i\") (i32.const 8))", "result 0: expected i32 8, found i32 7",
     1},
    {FUNCS "(assert_return (invoke \"i\") (i64.const 7))", "expected i64 7, found i32 7", 1},
    {FUNCS "(assert_return (invoke \"i\"))", "expected 0 results, found 1", 1},
    {FUNCS "(assert_return (invoke \"i\" (i32.const 1)) (i32.const 7))", "expected 0 arguments", 1},
    {FUNCS "(assert_return (invoke \"div\" (i64.const 1)) (i32.const 1))",
     "argument 0: expected i32, found i64", 1},
    {FUNCS "(assert_return (invoke \"nope\"))", "there is no export \"nope\"", 1},
    {FUNCS "(assert_return (invoke $x \"i\"))", "there is no instance $x", 1},
    {FUNCS "(assert_return (invoke $m \"i\") (i32.const 7))", NULL, 2},
    {FUNCS "(assert_return (invoke \"two\") (i32.const 1) (i64.const 2))", NULL, 2},
    {FUNCS "(assert_return (invoke \"two\") (i32.const 1) (i64.const 3))", "result 1", 1},
    {FUNCS "(assert_return (invoke \"z\") (f64.const 0))", "found f64 -0", 1},
    {FUNCS "(assert_return (invoke \"f\") (f32.const nan:arithmetic))", NULL, 2},
    {FUNCS "(assert_return (invoke \"f\") (f32.const nan:canonical))", "expected f32 nan:canonical",
     1},
    {FUNCS "(assert_return (invoke \"v\") (v128.const f32x4 1 nan:canonical 3 nan:arithmetic))",
     NULL, 2},
    {FUNCS "(assert_return (invoke \"v\") (v128.const f32x4 1 nan:canonical 3 nan:canonical))",
     "expected v128", 1},
    {FUNCS "(assert_return (invoke \"v\") (v128.const f32x4 2 nan:canonical 3 nan:arithmetic))",
     "expected v128", 1},
    {FUNCS "(assert_return (invoke \"i\") (either (i32.const 1) (i32.const 7)))", NULL, 2},
    {FUNCS "(assert_return (invoke \"i\") (either (i32.const 1) (i32.const 2)))", "one of 2 values",
     1},
    {FUNCS "(assert_return (get \"g\") (i64.const -1))", NULL, 2},
    {FUNCS "(assert_return (get $m \"g\") (i64.const 1))", "expected i64 1, found i64 -1", 1},
    {FUNCS "(assert_return (get \"i\") (i64.const 1))", "the export is no global", 1},
    {FUNCS "(assert_return (invoke \"g\"))", "the export is no function", 1},
    {FUNCS "(assert_return (invoke \"id\" (ref.extern 3)) (ref.extern 3))", NULL, 2},
    {FUNCS "(assert_return (invoke \"id\" (ref.extern 3)) (ref.extern 4))", "expected ref.extern 4",
     1},
    {FUNCS "(assert_return (invoke \"id\" (ref.extern 3)) (ref.null))", "expected ref.null", 1},
    {FUNCS "(assert_return (invoke \"id\" (ref.null extern)) (ref.extern))", "expected ref.extern",
     1},
    {FUNCS "(assert_return (invoke \"any\" (ref.extern 3)) (ref.host 3))", NULL, 2},
    {FUNCS "(assert_return (invoke \"any\" (ref.extern 3)) (ref.host 2))", "expected ref.host 2",
     1},
    {FUNCS "(assert_return (invoke \"i31\") (ref.i31))", NULL, 2},
    {FUNCS "(assert_return (invoke \"i31\") (ref.eq))", NULL, 2},
    {FUNCS "(assert_return (invoke \"i31\") (ref.struct))", "expected ref.struct", 1},
    {FUNCS "(assert_return (invoke \"null\") (ref.null func))", NULL, 2},
    {FUNCS "(assert_return (invoke \"null\") (ref.null extern))", "expected ref.null", 1},
    {FUNCS "(assert_return (invoke \"null\") (ref.func))", "expected ref.func", 1},
    {FUNCS "(assert_return (invoke \"fn\") (ref.func))", NULL, 2},
    {FUNCS "(assert_return (invoke \"fn\") (ref.null))", "expected ref.null", 1},
    {FUNCS "(assert_trap (invoke \"div\" (i32.const 0)) \"integer divide by zero\")", NULL, 2},
    {FUNCS "(assert_trap (invoke \"div\" (i32.const 0)) \"unreachable\")",
     "found trap: integer divide by zero", 1},
    {FUNCS "(assert_trap (invoke \"div\" (i32.const 1)) \"integer divide by zero\")",
     "found success", 1},
    {FUNCS "(assert_return (invoke \"div\" (i32.const 0)) (i32.const 0))",
     "expected a result, found trap", 1},
    {FUNCS "(assert_exhaustion (invoke \"rec\") \"call stack exhausted\")", NULL, 2},
    {FUNCS "(assert_exhaustion (invoke \"i\") \"call stack exhausted\")", "found success", 1},
    {FUNCS "(assert_exception (invoke \"throw\"))", NULL, 2},
    {FUNCS "(assert_exception (invoke \"i\"))", "expected exception", 1},
    {FUNCS "(assert_trap (invoke \"throw\") \"unreachable\")", "found uncaught exception", 1},
    {"(assert_malformed (module quote \"(func\") \"x\")", NULL, 1},
    {"(assert_malformed (module (func)) \"x\")", "expected malformed input (\"x\"), found success",
     0},
    {"(assert_malformed (module (func i32.add)) \"x\")", "found invalid module", 0},
    {"(assert_malformed (module binary \"\\00asm\") \"unexpected end\")", NULL, 1},
    {"(assert_invalid (module (func i32.add)) \"type mismatch\")", NULL, 1},
    {"(assert_invalid (module (func)) \"type mismatch\")", "expected invalid module", 0},
    {"(assert_invalid (module quote \"(func\") \"x\")", "found malformed input", 0},
    {"(assert_unlinkable (module (import \"a\" \"b\" (func))) \"unknown import\")", NULL, 1},
    {"(assert_unlinkable (module) \"unknown import\")", "found success", 0},
    {"(assert_unlinkable (module (func i32.add)) \"x\")", "expected a valid module", 0},
    {"(assert_trap (module (func $f unreachable) (start $f)) \"unreachable\")", NULL, 1},
    {"(assert_trap (module (func $f) (start $f)) \"unreachable\")", "found success", 0},
    {"(assert_malformed_custom (module quote \"(@custom)\") \"x\")", NULL, 1},
    {"(assert_malformed_custom (module quote \"(@custom \\\"a\\\")\") \"x\")", "found success", 0},
    {"(module (func i32.add))", "expected a valid module", 0},
    {"(module (import \"a\" \"b\" (func)))", "expected an instance, found cannot link", 0},
    {"(module definition (func i32.add))", "expected a valid module", 0},
    {"(module definition $d (func (export \"f\"))) (module instance $a $d) (module instance $b "
     "$d) (invoke $a \"f\") (invoke $b \"f\")", NULL, 5},
    {"(module definition $d) (module instance $a $nope)", "there is no module $nope", 1},
    {"(register \"x\")", "there is no instance yet", 0},
    {"(module (func (export \"f\"))) (register \"x\") (module (import \"x\" \"f\" (func)))", NULL,
     3},
    {"(module (import \"spectest\" \"global_i32\" (global i32)) (export \"g\" (global 0))) "
     "(assert_return (get \"g\") (i32.const 666))", NULL, 2},
    {"(func) (memory 1)", NULL, 1},
    {"", NULL, 0},
    {"(module $s (memory (export \"m\") 1 1 shared)) "
     "(thread $t (shared (module $s)) (register \"s\" $s) "
     "  (module (import \"s\" \"m\" (memory 1 1 shared)) "
     "    (func (export \"w\") (i32.atomic.store (i32.const 0) (i32.const 42)))) "
     "  (invoke \"w\")) "
     "(wait $t) "
     "(register \"s\" $s) "
     "(module (import \"s\" \"m\" (memory 1 1 shared)) "
     "  (func (export \"r\") (result i32) (i32.atomic.load (i32.const 0)))) "
     "(assert_return (invoke \"r\") (i32.const 42))", NULL, 9},
    {"(thread $t (module (func (export \"f\") (result i32) (i32.const 1))) "
     "  (assert_return (invoke \"f\") (i32.const 2))) (wait $t)", "expected i32 2, found i32 1", 3},
    {"(wait $t)", "there is no thread $t", 0},
};
/* clang-format on */

static enum status run(const char *text, struct arena *arena, struct script_report *report,
                       struct diag *dg)
{
    struct script_options options = {
        .features = wm_features_all(), .tier = interp_tier(), .limits = rt_limits_default()};

    arena_init(arena, 256 << 20);
    *dg = (struct diag){0};
    return script_run(str_of(text), &options, arena, report, dg);
}

static void test_row(uint32_t i)
{
    struct arena arena;
    struct script_report report;
    struct diag dg;
    const char *message = "";

    enum status st = run(rows[i].text, &arena, &report, &dg);
    for (uint32_t k = 0; k < report.count; k++)
        if (!report.outcomes[k].passed)
            message = report.outcomes[k].message;
    bool says = rows[i].says == NULL ? report.failed == 0
                                     : report.failed == 1 && strstr(message, rows[i].says) != NULL;
    tap_ok(st == ST_OK && says && report.passed == rows[i].passed &&
               report.passed + report.failed == report.count,
           "row %u: %u passed, %u failed: %s%s", i, report.passed, report.failed, message, dg.text);
    arena_free(&arena);
}

/* Text that is no script ends the run, with its place; what ran before stays in the report. */
static void test_no_script(void)
{
    /* clang-format off */
    static const struct {
        const char *text, *says;
        uint32_t line, column, passed;
    } broken[] = {
        {"(module)\n(assert_retrun (invoke \"f\"))", "did you mean assert_return?", 2, 2, 1},
        {"(module)\n\n (assert_return (invoke f))", "expected a string", 3, 25, 1},
        {"(module) (invoke \"f\" (either (i32.const 1)))", "a constant or a reference", 1, 23, 1},
        {"(module)\n(", "never closed", 2, 1, 0},
    };
    /* clang-format on */

    for (uint32_t i = 0; i < LENGTH_OF(broken); i++) {
        struct arena arena;
        struct script_report report;
        struct diag dg;
        enum status st = run(broken[i].text, &arena, &report, &dg);
        tap_ok(st == ST_MALFORMED && dg.line == broken[i].line && dg.column == broken[i].column &&
                   strstr(dg.text, broken[i].says) != NULL && report.passed == broken[i].passed,
               "no script: %u:%u: %s", dg.line, dg.column, dg.text);
        arena_free(&arena);
    }
}

static void keep_line(void *ctx, const char *line)
{
    strncat(ctx, line, 40);
    strncat(ctx, "|", 2);
}

static void test_print(void)
{
    char lines[128] = "";
    struct script_options options = {.features = wm_features_default(),
                                     .tier = interp_tier(),
                                     .limits = rt_limits_default(),
                                     .print = keep_line,
                                     .print_ctx = lines};
    struct arena arena;
    struct script_report report;
    struct diag dg = {0};

    arena_init(&arena, 64 << 20);
    enum status st =
        script_run(STR("(module (import \"spectest\" \"print_i32_f32\" (func $p (param i32 f32)))"
                       " (import \"spectest\" \"print\" (func $n))"
                       " (func $s (call $p (i32.const -1) (f32.const 0.5)) (call $n)) (start $s))"),
                   &options, &arena, &report, &dg);
    tap_ok(st == ST_OK && report.failed == 0 && strcmp(lines, "print_i32_f32 -1 0.5|print|") == 0,
           "spectest prints: %s", lines);
    arena_free(&arena);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        test_row(i);
    test_no_script();
    test_print();
    return tap_done();
}
