/* test_inspect: for every feature a module that needs it, and what inspect says; sections, types
 * and producers of one module in full. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/inspect.h"
#include "shield/wasm/read.h"
#include "shield/wasm/wat.h"

#include "tap.h"

#include <string.h>

#define BIT(name) (UINT64_C(1) << WM_FEATURE_##name)

/* Features besides MVP that the module must be found to use. */
/* clang-format off */
static const struct {
    const char *text;
    uint64_t features;
} rows[] = {
    {"(module)", 0},
    {"(module (table 1 funcref) (elem (i32.const 0) func) (memory 1) (func))", 0},
    {"(module (func i32.const 0 i32.extend8_s drop))", BIT(SIGN_EXTENSION)},
    {"(module (func f32.const 0 i32.trunc_sat_f32_s drop))", BIT(SATURATING_CONVERSION)},
    {"(module (type (func (result i32 i32))))", BIT(MULTI_VALUE)},
    {"(module (type $t (func)) (func block (type $t) end))", BIT(MULTI_VALUE)},
    {"(module (import \"\" \"\" (global (mut i32))))", BIT(MUTABLE_GLOBALS)},
    {"(module (global (export \"\") (mut i32) (i32.const 0)))", BIT(MUTABLE_GLOBALS)},
    {"(module (data \"\"))", BIT(BULK_MEMORY)},
    {"(module (func (param externref)))", BIT(REFERENCE_TYPES)},
    {"(module (table 1 funcref) (table 1 funcref))", BIT(REFERENCE_TYPES)},
    {"(module (func (local v128)))", BIT(SIMD)},
    {"(module (func (param v128 v128) local.get 0 local.get 1 i8x16.relaxed_swizzle drop))",
     BIT(SIMD) | BIT(RELAXED_SIMD)},
    {"(module (func $f return_call $f))", BIT(TAIL_CALL)},
    {"(module (global i32 (i32.add (i32.const 1) (i32.const 2))))", BIT(EXTENDED_CONST)},
    {"(module (memory 1) (memory 1))", BIT(MULTI_MEMORY)},
    {"(module (memory 1) (memory 1) (func i32.const 0 i32.load 1 drop memory.size 1 drop))",
     BIT(MULTI_MEMORY)},
    {"(module (memory 1) (memory 1) (data \"\") (func (param i32) local.get 0 local.get 0 "
     "local.get 0 memory.copy 0 1 local.get 0 local.get 0 local.get 0 memory.init 1 0))",
     BIT(MULTI_MEMORY) | BIT(BULK_MEMORY)},
    {"(module (memory i64 1))", BIT(MEMORY64)},
    {"(module (table i64 1 funcref))", BIT(MEMORY64)},
    {"(module (tag))", BIT(EXCEPTIONS)},
    {"(module (type $f (func)) (func (param (ref null $f))))",
     BIT(FUNCTION_REFERENCES) | BIT(REFERENCE_TYPES)},
    {"(module (type (struct)))", BIT(GC)},
    {"(module (type (sub (func))))", BIT(GC)},
    {"(module (func (param anyref) local.get 0 br_on_cast 0 anyref eqref drop))",
     BIT(GC) | BIT(REFERENCE_TYPES)},
    {"(module (func (result externref) block (result externref) ref.null extern ref.null extern "
     "i32.const 0 select (result externref) end))",
     BIT(REFERENCE_TYPES)},
    {"(module (table 1 funcref) (table 1 funcref) (func i32.const 0 call_indirect 1))",
     BIT(REFERENCE_TYPES)},
    {"(module (func (local i31ref)))", BIT(GC) | BIT(REFERENCE_TYPES)},
    {"(module (memory 1 1 shared))", BIT(THREADS)},
    {"(module (func i64.const 1 i64.const 1 i64.mul_wide_u drop drop))", BIT(WIDE_ARITHMETIC)},
    {"(module (memory 1 (pagesize 1)))", BIT(CUSTOM_PAGE_SIZES)},
    {"(module (func try catch_all end))", BIT(LEGACY_EXCEPTIONS)},
};
/* clang-format on */

struct job {
    struct arena *arena;
    struct str text;
    struct wm_inspection got;
};

static enum status inspect(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct wm_module m;
    struct str bytes;

    TRY(wm_wat_parse(j->text, &options, j->arena, &bytes, NULL, dg));
    TRY(wm_read_module((const uint8_t *)bytes.text, bytes.size, options.features, j->arena, &m,
                       dg));
    return wm_inspect(&m, j->arena, &j->got, dg);
}

static uint64_t used(const struct wm_inspection *got)
{
    uint64_t bits = 0;

    for (uint32_t f = 1; f < WM_FEATURE_COUNT; f++)
        bits |= (uint64_t)(got->uses[f] != 0) << f;
    return bits;
}

static void check_features(void)
{
    uint64_t seen = BIT(ANNOTATIONS) | BIT(MVP); /* the binary format knows no annotations */

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct arena arena;
        struct diag dg = {0};
        arena_init(&arena, 1 << 20);
        struct job j = {.arena = &arena, .text = str_of(rows[i].text)};
        enum status st = arena_guard(&arena, inspect, &j, &dg);
        tap_ok(st == ST_OK && used(&j.got) == rows[i].features,
               "%s: features %#llx, found %#llx %s", rows[i].text,
               (unsigned long long)rows[i].features, (unsigned long long)used(&j.got), dg.text);
        seen |= rows[i].features;
        arena_free(&arena);
    }
    tap_ok(seen == wm_features_all().bits, "every feature of features.def has a row");
}

/* ---- one module in full ---------------------------------------------------------------------- */

static const char full[] =
    "(module $m"
    "  (import \"env\" \"f\" (func $f (param i32) (result i64 f32)))"
    "  (import \"env\" \"t\" (tag (param i32)))"
    "  (table (export \"t\") 1 2 funcref)"
    "  (memory (export \"m\") i64 1)"
    "  (global (export \"g\") (mut i32) (i32.const 0))"
    "  (func $big (export \"big\") nop nop nop)"
    "  (func)"
    "  (start $big)"
    "  (data (i64.const 0) \"12345\")"
    "  (@custom \"producers\" "
    "\"\\02\\08language\\01\\03C11\\00\\0cprocessed-by\\01\\05mujun\\011\"))";

static const struct {
    const char *kind;
    uint32_t count;
} full_sections[] = {
    {"type",   3},
    {"import", 2},
    {"func",   2},
    {"table",  1},
    {"memory", 1},
    {"global", 1},
    {"export", 4},
    {"start",  1},
    {"code",   2},
    {"data",   1},
    {"custom", 0},
    {"custom", 0},
};

static const char *const full_externs[] = {
    "env.f (func (param i32) (result i64 f32))",
    "env.t (tag (param i32))",
    "t (table 1 2 funcref)",
    "m (memory i64 1)",
    "g (global (mut i32))",
    "big (func)",
};

static void check_sections(const struct wm_inspection *got)
{
    uint32_t good = 0, next = 8; /* behind the header; sections lie side by side */

    for (uint32_t i = 0; i < got->section_count && i < LENGTH_OF(full_sections); i++) {
        const struct wm_inspect_section *s = &got->sections[i];
        good += strcmp(s->kind, full_sections[i].kind) == 0 && s->count == full_sections[i].count &&
                s->offset == next;
        next = s->offset + s->size;
    }
    tap_ok(good == LENGTH_OF(full_sections) && good == got->section_count,
           "%u sections as expected", good);
    tap_ok(next == got->size_bytes, "they end at %u, the module at %u", next, got->size_bytes);
}

static void check_externs(const struct wm_inspection *got)
{
    for (uint32_t i = 0; i < LENGTH_OF(full_externs); i++) {
        char text[128] = "";
        bool is_import = i < got->import_count;
        const struct wm_inspect_extern *e =
            is_import ? &got->imports[i] : &got->exports[i - got->import_count];
        if (i < got->import_count + got->export_count)
            snprintf(text, sizeof(text), "%.*s%s%.*s %.*s", (int)e->module.size,
                     is_import ? e->module.text : "", is_import ? "." : "", (int)e->name.size,
                     e->name.text, (int)e->type.size, e->type.text);
        tap_ok(strcmp(text, full_externs[i]) == 0, "%s", text);
    }
}

int main(void)
{
    struct arena arena;
    struct diag dg = {0};

    check_features();
    arena_init(&arena, 1 << 20);
    struct job j = {.arena = &arena, .text = STR(full)};
    enum status st = arena_guard(&arena, inspect, &j, &dg);
    tap_ok(st == ST_OK, "a module with a bit of everything %s", dg.text);
    if (st == ST_OK) {
        check_sections(&j.got);
        check_externs(&j.got);
        tap_ok(str_equal(j.got.module_name, STR("m")) && j.got.has_names && j.got.named_funcs == 2,
               "module name and %u named functions", j.got.named_funcs);
        tap_ok(j.got.largest_func == 1 && j.got.instruction_count == 5 && j.got.data_bytes == 5,
               "largest function %u, %u instructions, %u bytes of data", j.got.largest_func,
               (unsigned)j.got.instruction_count, (unsigned)j.got.data_bytes);
        tap_ok(j.got.producer_count == 2 && str_equal(j.got.producers[0].name, STR("C11")) &&
                   str_equal(j.got.producers[1].field, STR("processed-by")) &&
                   str_equal(j.got.producers[1].version, STR("1")),
               "%u producers", j.got.producer_count);
    }
    arena_free(&arena);
    return tap_done();
}
