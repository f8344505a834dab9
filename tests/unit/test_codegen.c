/*
 * Small functions in the text form of the IR, compiled without a sandbox and run: each row with
 * every kind of processor that the code generator knows (SSE2 alone, all that this machine has) and
 * both allocators. SPDX-License-Identifier: Apache-2.0
 */
#include "native_code.h"
#include "shield/ir/check.h"
#include "shield/ir/text.h"
#include "shield/verify/ra/ra.h"
#include "tap.h"

#include <inttypes.h>
#include <stdlib.h>

#define ARGS_MAX 6
static const struct row {
    const char *name, *text;
    uint64_t args[ARGS_MAX];
    uint64_t want;
    int trap;
} rows[] = {
    {"a sum of two i32",
     "function 0 signature 0 signature 0 (i32, i32) -> (i32)\n"
     "block 0 (v0:i32, v1:i32)\n v2:i32 = iadd v0 v1\n return (v2)\n",
     {7, 0xfffffffe}, 5, NATIVE_NO_TRAP},
    {"an i32 is extended although its register had a high half",
     "function 0 signature 0 signature 0 (i32) -> (i64)\n"
     "block 0 (v0:i32)\n v1:i64 = uextend v0\n return (v1)\n",
     {UINT64_C(0xabcdef0180000000)}, 0x80000000, NATIVE_NO_TRAP},
    {"a loop that adds 1 to n",
     "function 0 signature 0 signature 0 (i64) -> (i64)\n"
     "block 0 (v0:i64)\n v1:i64 = iconst 0\n jump block 1 (v0, v1)\n"
     "block 1 loop (v2:i64, v3:i64)\n v4:i64 = iadd v3 v2\n v5:i64 = iconst 1\n"
     " v6:i64 = isub v2 v5\n branch v6 block 1 (v6, v4) block 2 (v4)\n"
     "block 2 (v7:i64)\n return (v7)\n",
     {100}, 5050, NATIVE_NO_TRAP},
    {"memory: load, add, store",
     "function 0 signature 0 signature 0 (i64, i32) -> (i32)\n"
     "block 0 (v0:i64, v1:i32)\n v2:i32 = load v0 {offset 8 bytes 4 region 8 trap 4}\n"
     " v3:i32 = iadd v2 v1\n store v0 v3 {offset 8 bytes 4 region 8 trap 4}\n"
     " v4:i32 = load v0 {offset 8 bytes 4 region 8 trap 4}\n return (v4)\n",
     {0, 5}, 0x0a0a0a0f, NATIVE_NO_TRAP},
    {"division by zero traps",
     "function 0 signature 0 signature 0 (i32, i32) -> (i32)\n"
     "block 0 (v0:i32, v1:i32)\n v2:i32 = sdiv v0 v1\n return (v2)\n",
     {7, 0}, 0, 1},
    {"division overflow traps",
     "function 0 signature 0 signature 0 (i32, i32) -> (i32)\n"
     "block 0 (v0:i32, v1:i32)\n v2:i32 = sdiv v0 v1\n return (v2)\n",
     {0x80000000, 0xffffffff}, 0, 2},
    {"the remainder of the smallest number by -1 is 0",
     "function 0 signature 0 signature 0 (i32, i32) -> (i32)\n"
     "block 0 (v0:i32, v1:i32)\n v2:i32 = srem v0 v1\n return (v2)\n",
     {0x80000000, 0xffffffff}, 0, NATIVE_NO_TRAP},
    {"recursion: fib",
     "function 0 signature 0 signature 0 (i32) -> (i32)\n callee 0 local 0 signature 0\n"
     "block 0 (v0:i32)\n v1:i32 = iconst 2\n v2:i32 = icmp.ult v0 v1\n"
     " branch v2 block 1 () block 2 ()\nblock 1 ()\n return (v0)\n"
     "block 2 ()\n v3:i32 = iconst 1\n v4:i32 = isub v0 v3\n v5:void = call callee 0 (v4)\n"
     " v6:i32 = result v5 0\n"
     " v7:i32 = isub v0 v1\n v8:void = call callee 0 (v7)\n v9:i32 = result v8 0\n"
     " v10:i32 = iadd v6 v9\n return (v10)\n",
     {20}, 6765, NATIVE_NO_TRAP},
    {"a switch of few cases",
     "function 0 signature 0 signature 0 (i32) -> (i32)\n"
     "block 0 (v0:i32)\n v1:i32 = iconst 10\n v2:i32 = iconst 20\n v3:i32 = iconst 30\n"
     " switch v0 block 1 (v1) block 1 (v2) block 1 (v3)\nblock 1 (v4:i32)\n return (v4)\n",
     {1}, 20, NATIVE_NO_TRAP},
    {"a switch by a table, beyond its end",
     "function 0 signature 0 signature 0 (i32) -> (i32)\n"
     "block 0 (v0:i32)\n v1:i32 = iconst 10\n v2:i32 = iconst 20\n v3:i32 = iconst 30\n"
     " switch v0 block 1 (v1) block 1 (v2) block 1 (v3) block 1 (v1) block 1 (v2) block 1 (v1)"
     " block 1 (v3)\nblock 1 (v4:i32)\n return (v4)\n",
     {0x80000001}, 30, NATIVE_NO_TRAP},
    {"a compare as a value",
     "function 0 signature 0 signature 0 (i64, i64) -> (i32)\n"
     "block 0 (v0:i64, v1:i64)\n v2:i32 = icmp.slt v0 v1\n return (v2)\n",
     {UINT64_C(0xffffffffffffffff), 1}, 1, NATIVE_NO_TRAP},
    {"a choice",
     "function 0 signature 0 signature 0 (i64, i64, i32) -> (i64)\n"
     "block 0 (v0:i64, v1:i64, v2:i32)\n v3:i64 = select v0 v1 v2\n return (v3)\n",
     {11, 22, 0}, 22, NATIVE_NO_TRAP},
};

struct job {
    struct arena arena;
    const struct row *row;
    struct codegen_options options;
    struct native_code native;
    uint64_t args[ARGS_MAX], result;
    uint8_t memory[64];
    int trap;
};

static void enter(void *ctx)
{
    struct job *j = ctx;
    uint64_t (*f)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

    memcpy(&f, &j->native.base, sizeof(f));
    j->result = f(j->args[0], j->args[1], j->args[2], j->args[3], j->args[4], j->args[5]);
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct ir_func f;
    struct codegen_code code;

    TRY(ir_parse(str_of(j->row->text), &j->arena, &f, dg));
    TRY(ir_check(&f, dg));
    TRY(codegen_function(&f, &j->options, &code, dg));
    if (getenv("MUJUN_DUMP") != NULL) { /* for objdump -D -b binary -m i386:x86-64 */
        FILE *out = fopen(getenv("MUJUN_DUMP"), "wb");
        if (out != NULL) {
            fwrite(code.bytes, 1, code.size, out);
            fclose(out);
        }
    }
    if (!native_map(&j->native, &code))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no executable memory");
    memset(j->memory, 10, sizeof(j->memory));
    memcpy(j->args, j->row->args, sizeof(j->args));
    if (strstr(j->row->name, "memory") != NULL)
        j->args[0] = (uintptr_t)j->memory;
    j->trap = native_guard(&j->native, enter, j);
    native_unmap(&j->native);
    return ST_OK;
}

static void test_row(const struct row *row, bool optimise, uint32_t features, const char *how)
{
    struct job j = {.row = row};
    struct diag dg = {0};

    j.options.optimise = optimise;
    j.options.features = features;
    j.options.check_regalloc = true;
    j.options.judge = ra_check;
    j.options.frame_bytes_max = 1 << 20;
    j.options.frame_probe_bytes = 1 << 15;
    arena_init(&j.arena, 64 << 20);
    const enum status st = arena_guard(&j.arena, run, &j, &dg);
    const bool i32 = strstr(row->text, "-> (i32)") != NULL;
    const uint64_t got = i32 ? (uint32_t)j.result : j.result;
    const bool pass = st == ST_OK && j.trap == row->trap &&
                      (j.trap != NATIVE_NO_TRAP || got == row->want);
    tap_ok(pass, "%s, %s: %s, %" PRIx64 ", trap %d %s", row->name, how, status_text(st), got,
           j.trap, dg.text);
    arena_free(&j.arena);
}

int main(void)
{
    const char *only = getenv("MUJUN_ROW");

    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        if (only != NULL && strtoul(only, NULL, 0) != i)
            continue;
        test_row(&rows[i], false, 0, "plain");
        test_row(&rows[i], false, codegen_features_of_host(), "features");
        test_row(&rows[i], true, codegen_features_of_host(), "optimised");
    }
    return tap_done();
}
