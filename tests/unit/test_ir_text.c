/* The text form of IR: printing and reading again, refusals with their place, the checker's
 * refusals, and evaluation of small functions. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/ir/text.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

#define HEAD  "function 0 signature 0\n  signature 0 (i32, i32) -> (i32)\n"
#define HEAD64 "function 0 signature 0\n  signature 0 (i64, i64) -> (i64)\n"

enum outcome { RUNS, TRAPS, BAD_TEXT, BAD_IR };

static const struct row {
    const char *name, *text;
    enum outcome outcome;
    uint64_t args[2];
    uint64_t expected;   /* result or trap code */
    const char *message; /* a part of the refusal */
} rows[] = {
    {"sum", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1 @7\n  return (v2)\n", RUNS,
     {UINT32_MAX, 2}, 1, NULL},
    {"loop: factorial",
     HEAD "block 0 (v0:i32, v1:i32)\n  jump block 1 (v0 v1)\n"
          "block 1 loop (v2:i32, v3:i32)\n  branch v2 block 2 () block 3 ()\n"
          "block 2 ()\n  v4:i32 = imul v3 v2\n  v5:i32 = iconst 0x1\n  v6:i32 = isub v2 v5\n"
          "  jump block 1 (v6 v4)\n"
          "block 3 ()\n  return (v3)\n",
     RUNS, {5, 1}, 120, NULL},
    {"parameters that change places",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x3\n  jump block 1 (v2 v0 v1)\n"
          "block 1 loop (v3:i32, v4:i32, v5:i32)\n  v6:i32 = iconst 0x1\n"
          "  v7:i32 = isub v3 v6\n  branch v7 block 1 (v7 v5 v4) block 2 ()\n"
          "block 2 ()\n  return (v4)\n",
     RUNS, {10, 20}, 10, NULL},
    {"division by zero", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = sdiv v0 v1\n  return (v2)\n",
     TRAPS, {1, 0}, IR_TRAP_DIVIDE_BY_ZERO, NULL},
    {"least number by -1",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = sdiv v0 v1\n  return (v2)\n", TRAPS,
     {0x80000000, UINT32_MAX}, IR_TRAP_INTEGER_OVERFLOW, NULL},
    {"switch",
     HEAD "block 0 (v0:i32, v1:i32)\n  switch v0 block 1 (v0) block 1 (v1) block 2 ()\n"
          "block 1 (v2:i32)\n  return (v2)\nblock 2 ()\n  trap.9\n",
     RUNS, {1, 77}, 77, NULL},
    {"switch: the rest",
     HEAD "block 0 (v0:i32, v1:i32)\n  switch v0 block 1 (v0) block 1 (v1) block 2 ()\n"
          "block 1 (v2:i32)\n  return (v2)\nblock 2 ()\n  trap.9\n",
     TRAPS, {UINT32_MAX, 0}, 9, NULL},
    {"128 bits",
     HEAD64 "block 0 (v0:i64, v1:i64)\n  v2:void = add128 (v0 v1 v0 v1)\n"
            "  v3:i64 = result v2 0\n  v4:i64 = result v2 1\n  v5:i128 = concat v3 v4\n"
            "  v6:i64 = high_half v5\n  return (v6)\n",
     RUNS, {UINT64_MAX, 1}, 3, NULL},
    {"high product", HEAD64 "block 0 (v0:i64, v1:i64)\n  v2:i64 = umulhi v0 v1\n  return (v2)\n",
     RUNS, {UINT64_MAX, UINT64_MAX}, UINT64_MAX - 1, NULL},
    {"vectors",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:v128 = splat.i32x4 v0\n"
          "  v3:v128 = vconst 0x01000000020000000300000004000000\n"
          "  v4:v128 = vadd.i32x4 v2 v3\n  v5:i32 = extract_lane_u.i32x4 v4 2\n  return (v5)\n",
     RUNS, {10, 0}, 13, NULL},
    {"comparison of vectors",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:v128 = splat.i16x8 v0\n  v3:v128 = splat.i16x8 v1\n"
          "  v4:v128 = vicmp.i16x8 v2 v3 slt\n  v5:i32 = vbitmask.i16x8 v4\n  return (v5)\n",
     RUNS, {0xffff, 0}, 0xff, NULL},
    {"conversion", HEAD64 "block 0 (v0:i64, v1:i64)\n  v2:f64 = bitcast v0\n"
                          "  v3:i64 = fcvt_to_sint v2\n  return (v3)\n",
     TRAPS, {UINT64_C(0x7ff8000000000000), 0}, IR_TRAP_INVALID_CONVERSION, NULL},
    {"unknown operation", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = nonsense v0\n", BAD_TEXT,
     {0}, 0, "expected an operation, found \"nonsense\""},
    {"undefined value", HEAD "block 0 (v0:i32, v1:i32)\n  return (v9)\n", BAD_TEXT, {0}, 0,
     "v9 is used here, but no line defines it"},
    {"defined twice",
     HEAD "block 0 (v0:i32, v1:i32)\n  v1:i32 = iadd v0 v0\n  return (v1)\n", BAD_TEXT, {0}, 0,
     "expected a value that is not defined yet"},
    {"no condition", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp v0 v1\n", BAD_TEXT, {0}, 0,
     "a dot and its kind"},
    {"a number too large", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x10000000000000000\n",
     BAD_TEXT, {0}, 0, "expected a constant"},
    {"positions in other functions",
     HEAD "  inlined 0 source 11 function 4 parent 7\n"
          "  inlined 1 source 12 function 5 parent 2147483648\n"
          "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1 @2147483649\n  return (v2) @7\n",
     RUNS, {1, 2}, 3, NULL},
    {"a position that is its own parent",
     HEAD "  inlined 0 source 11 function 4 parent 2147483648\n"
          "block 0 (v0:i32, v1:i32)\n  return (v0)\n",
     BAD_IR, {0}, 0, "no position before it"},
    {"a position that does not exist",
     HEAD "block 0 (v0:i32, v1:i32)\n  return (v0) @2147483648\n", BAD_IR, {0}, 0,
     "its position names"},
    {"types differ",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i64 = uextend v0\n  v3:i32 = iadd v0 v2\n"
          "  return (v3)\n",
     BAD_IR, {0}, 0, "v3 (iadd): v2 is i64, expected i32"},
    {"used in front of its definition",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v3\n  v3:i32 = iadd v0 v1\n"
          "  return (v2)\n",
     BAD_IR, {0}, 0, "is not defined on every path"},
    {"defined on one path only",
     HEAD "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\n"
          "block 1 ()\n  v2:i32 = iadd v0 v1\n  jump block 3 ()\n"
          "block 2 ()\n  jump block 3 ()\nblock 3 ()\n  return (v2)\n",
     BAD_IR, {0}, 0, "is not defined on every path"},
    {"no terminator", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1\n", BAD_IR, {0}, 0,
     "without a terminator"},
    {"terminator in the middle",
     HEAD "block 0 (v0:i32, v1:i32)\n  return (v0)\n  return (v1)\n", BAD_IR, {0}, 0,
     "a terminator in the middle"},
    {"too few arguments of an edge",
     HEAD "block 0 (v0:i32, v1:i32)\n  jump block 1 ()\nblock 1 (v2:i32)\n  return (v2)\n", BAD_IR,
     {0}, 0, "has 1 parameters, its edge brings 0"},
    {"an edge to the entry", HEAD "block 0 (v0:i32, v1:i32)\n  jump block 0 (v0 v1)\n", BAD_IR,
     {0}, 0, "its edge goes to block 0"},
    {"wrong result", HEAD "block 0 (v0:i32, v1:i32)\n  v2:i64 = uextend v0\n  return (v2)\n",
     BAD_IR, {0}, 0, "v2 is i64, expected i32"},
    {"no such lane",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:v128 = splat.i32x4 v0\n"
          "  v3:i32 = extract_lane_u.i32x4 v2 4\n  return (v3)\n",
     BAD_IR, {0}, 0, "no lane 4"},
    {"a narrow extension",
     HEAD64 "block 0 (v0:i64, v1:i64)\n  v2:i64 = uextend v0\n  return (v2)\n", BAD_IR, {0}, 0,
     "from 64 to 64 bits"},
    {"too wide a load",
     HEAD64 "block 0 (v0:i64, v1:i64)\n"
            "  v2:i32 = load v0 {offset 0 bytes 8 region 0 trap 4}\n  return (v1)\n",
     BAD_IR, {0}, 0, "64 bits of memory for i32"},
};

struct job {
    const struct row *row;
    struct arena arena;
    struct ir_func f;
    struct ir_eval_result r;
};

static enum status print_twice(struct job *j, struct diag *dg)
{
    struct ir_func again;
    struct buf first, second;

    buf_init(&first, &j->arena);
    buf_init(&second, &j->arena);
    ir_print(&j->f, IR_PRINT_DENSE, &first);
    TRY(ir_parse((struct str){(const char *)first.data, first.size}, &j->arena, &again, dg));
    TRY(ir_check(&again, dg));
    ir_print(&again, IR_PRINT_DENSE, &second);
    const bool same = first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
    tap_ok(same, "%s: printed, read and printed again is the same", j->row->name);
    return ST_OK;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    const struct ir_eval_host host = {0};

    TRY(ir_parse(str_of(j->row->text), &j->arena, &j->f, dg));
    TRY(ir_check(&j->f, dg));
    TRY(print_twice(j, dg));
    const ir_bits args[2] = {j->row->args[0], j->row->args[1]};
    j->r = ir_eval(&j->f, &host, args, 10000, &j->arena);
    return ST_OK;
}

static void check_row(const struct row *row)
{
    struct job j = {.row = row};
    struct diag dg = {0};

    arena_init(&j.arena, 16 << 20);
    const enum status st = arena_guard(&j.arena, run, &j, &dg);
    if (row->outcome == RUNS)
        tap_ok(st == ST_OK && j.r.end == IR_EVAL_RETURNED && j.r.results[0] == row->expected,
               "%s: gives %" PRIu64 " (%s)", row->name,
               st == ST_OK && j.r.results != NULL ? (uint64_t)j.r.results[0] : 0, dg.text);
    else if (row->outcome == TRAPS)
        tap_ok(st == ST_OK && j.r.end == IR_EVAL_TRAPPED && j.r.trap == row->expected,
               "%s: traps with %u (%s)", row->name, j.r.trap, dg.text);
    else
        tap_ok(st == (row->outcome == BAD_TEXT ? ST_MALFORMED : ST_INVALID) &&
                   strstr(dg.text, row->message) != NULL,
               "%s: %u:%u: %s", row->name, dg.line, dg.column, dg.text);
    arena_free(&j.arena);
}

/* Every cut of every text is refused or read, never anything worse. */
static enum status run_cut(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    const size_t size = strlen(j->row->text);

    for (size_t n = 0; n < size; n++) {
        const struct arena_mark mark = arena_mark(&j->arena);
        const struct str cut = {j->row->text, n};
        if (ir_parse(cut, &j->arena, &j->f, dg) == ST_OK)
            (void)!ir_check(&j->f, dg);
        arena_release(&j->arena, mark);
    }
    return ST_OK;
}

static void check_cuts(void)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < LENGTH_OF(rows) && st == ST_OK; i++) {
        struct job j = {.row = &rows[i]};
        struct diag dg = {0};
        arena_init(&j.arena, 64 << 20);
        st = arena_guard(&j.arena, run_cut, &j, &dg);
        arena_free(&j.arena);
    }
    tap_ok(st == ST_OK, "every text cut at every byte is refused or read");
}

int main(void)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++)
        check_row(&rows[i]);
    check_cuts();
    return tap_done();
}
