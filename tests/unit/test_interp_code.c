/* The internal code itself: what operand elimination, joined branches, addresses and pairs make of
 * small bodies; and NaNs with and without the engine's canonical ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "interp_util.h"

enum { TEXT_MAX = 4096 };

struct dump_job {
    struct world *w;
    struct arena *arena;
    bool metered;
    char *out;
};

static enum status dump(void *ctx, struct diag *dg)
{
    struct dump_job *job = ctx;
    struct buf text;

    buf_init(&text, job->arena);
    TRY(interp_dump(job->w->module, 0, job->metered, &text, dg));
    snprintf(job->out, TEXT_MAX, "%.*s", (int)text.size, (const char *)text.data);
    return ST_OK;
}

/* The names of a function's instructions, in order, with single spaces between. */
static void names_of(const char *wat, bool metered, char *out)
{
    struct world w;
    struct arena arena;
    char text[TEXT_MAX] = "";
    struct dump_job job = {&w, &arena, metered, text};
    char *line, *rest = text;

    out[0] = 0;
    arena_init(&arena, 1 << 20);
    if (world_begin(&w, wat, false, false) == ST_OK &&
        arena_guard(&arena, dump, &job, &w.dg) == ST_OK) {
        (void)strsep(&rest, "\n"); /* the frame */
        while ((line = strsep(&rest, "\n")) != NULL && *line != 0) {
            char name[80] = "";
            if (sscanf(line, "%*u @%*x %79s", name) == 1)
                snprintf(out + strlen(out), TEXT_MAX - strlen(out), "%s%s",
                         out[0] != 0 ? " " : "", name);
        }
    } else {
        snprintf(out, TEXT_MAX, "%.200s", w.dg.text);
    }
    world_end(&w);
    arena_free(&arena);
}

#define FUNC(signature, body) "(module (memory 1) (func (export \"f\") " signature " " body "))"

static const struct {
    const char *name, *wat, *want;
} codes[] = {
    {"locals and constants cost nothing",
     FUNC("(param i32 i32) (result i32)", "(i32.sub (local.get 0) (local.get 1))"),
     "I32_SUB_SS RETURN1"},
    {"a result goes straight to its local",
     FUNC("(param i32)", "(local.set 0 (i32.mul (local.get 0) (i32.const 3)))"),
     "I32_MUL_SI RETURN0"},
    {"an old value is saved when its local is overwritten",
     FUNC("(param i32) (result i32)",
          "(local.get 0) (local.set 0 (i32.const 1)) (i32.xor (local.get 0))"),
     "COPY_THEN_CONST32_N_KEEP I32_XOR_SS RETURN1"},
    {"a comparison is part of its branch, a negated one of the opposite",
     FUNC("(param i32 i32)", "(block (br_if 0 (i32.eqz (i32.lt_s (local.get 0) (local.get 1))))"
          " (unreachable))"),
     "BR_I32_GE_S_SS UNREACHABLE RETURN0"},
    {"not a comparison of floats: that has an opposite of its own",
     FUNC("(param f64 f64)", "(block (br_if 0 (i32.eqz (f64.lt (local.get 0) (local.get 1))))"
          " (unreachable))"),
     "BR_F64_NOT_LT_SS UNREACHABLE RETURN0"},
    {"the address takes an addition",
     FUNC("(param i32 i32) (result i64)", "(i64.load (i32.add (local.get 0) (i32.const 8)))"),
     "I64_LOAD_A RETURN1"},
    {"a constant address",
     FUNC("", "(i32.store (i32.const 16) (i32.const 1))"), "I32_STORE_II RETURN0"},
    {"an array element",
     FUNC("(param i32 i32) (result i32)",
          "(i32.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))))"),
     "I32_SHLADD_THEN_I32_LOAD_S_1_DROP RETURN1"},
    {"a counting loop is one instruction",
     FUNC("(param i32)",
          "(loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"),
     "I32_ADD_SI_THEN_LOOP_T_0_KEEP RETURN0"},
    {"reinterpreting and wrapping do nothing",
     FUNC("(param f64) (result i32)", "(i32.wrap_i64 (i64.reinterpret_f64 (local.get 0)))"),
     "RETURN1"},
    {"unreachable code is not translated",
     FUNC("", "(return) (drop (i32.add (i32.const 1) (i32.const 2)))"), "RETURN0"},
};

static void check_code(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(codes); i++) {
        char got[TEXT_MAX];
        names_of(codes[i].wat, false, got);
        tap_ok(strcmp(got, codes[i].want) == 0, "%s: %s", codes[i].name, got);
    }
    char got[TEXT_MAX];
    names_of(codes[0].wat, true, got);
    tap_ok(strcmp(got, "FUEL I32_SUB_SS RETURN1") == 0, "with fuel, the first row is: %s", got);
}

/* ---- NaNs ---- */

static const char nans[] =
    "(module (func (export \"f32\") (param i32) (result i32)"
    "  (i32.reinterpret_f32 (f32.add (f32.reinterpret_i32 (local.get 0)) (f32.const 1))))"
    "(func (export \"f64\") (param i64) (result i64)"
    "  (i64.reinterpret_f64 (f64.sqrt (f64.reinterpret_i64 (local.get 0)))))"
    "(func (export \"min\") (param i64) (result i64) (local f64)"
    "  (local.set 1 (f64.min (f64.reinterpret_i64 (local.get 0)) (f64.const 1)))"
    "  (i64.reinterpret_f64 (local.get 1)))"
    "(func (export \"abs\") (param i32) (result i32)"
    "  (i32.reinterpret_f32 (f32.abs (f32.reinterpret_i32 (local.get 0)))))"
    "(func (export \"lanes\") (param i32) (result i32)"
    "  (i32x4.extract_lane 2 (f32x4.mul (i32x4.splat (local.get 0)) (i32x4.splat (i32.const 1)))))"
    "(func (export \"wide\") (param i64) (result i64)"
    "  (i64x2.extract_lane 1 (f64x2.add (i64x2.splat (local.get 0)) (v128.const i64x2 0 0)))))";

static const struct {
    const char *export;
    uint64_t in, want, want_canonical; /* want 0: not checked */
} nan_rows[] = {
    {"f32",   0xffa00001u,                   0xffe00001u, 0x7fc00000u                  },
    {"f32",   0x3f800000u,                   0x40000000u, 0x40000000u                  },
    {"f64",   UINT64_C(0xfff4000000000001),  0,           UINT64_C(0x7ff8000000000000) },
    {"f64",   UINT64_C(0xbff0000000000000),  0,           UINT64_C(0x7ff8000000000000) },
    {"min",   UINT64_C(0x7ff4000000000001),  0,           UINT64_C(0x7ff8000000000000) },
    {"abs",   0xffa00001u,                   0x7fa00001u, 0x7fa00001u                  },
    {"lanes", 0xffa00001u,                   0xffe00001u, 0x7fc00000u                  },
    {"wide",  UINT64_C(0xfff4000000000001),  0,           UINT64_C(0x7ff8000000000000) },
};

static void check_nans(bool canonical)
{
    for (uint32_t i = 0; i < LENGTH_OF(nan_rows); i++) {
        struct world w;
        char got[OUTCOME_MAX] = "not run", want[OUTCOME_MAX];
        uint64_t args[3] = {nan_rows[i].in};
        uint64_t bits = canonical ? nan_rows[i].want_canonical : nan_rows[i].want;
        if (bits == 0)
            continue;
        if (world_begin(&w, nans, false, canonical) == ST_OK)
            world_call(&w, nan_rows[i].export, args, got);
        snprintf(want, sizeof(want), "ok %ju", (uintmax_t)bits);
        tap_ok(strcmp(got, want) == 0, "%s of %#jx, %s NaNs: %s, wanted %s", nan_rows[i].export,
               (uintmax_t)nan_rows[i].in, canonical ? "canonical" : "the host's", got, want);
        world_end(&w);
    }
}

int main(void)
{
    check_code();
    check_nans(false);
    check_nans(true);
    return tap_done();
}
