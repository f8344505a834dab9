/* test_types: words of types, the whole matching matrix of abstract heap types, and subtyping,
 * equivalence and refusals of defined types. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/wasm/module.h"
#include "shield/wasm/validate.h"

#include <string.h>

/* ---- words ---- */

static void expect_text(struct wm_valtype t, const char *want)
{
    char text[WM_TYPE_TEXT_MAX];

    wm_valtype_text(t, text, sizeof(text));
    tap_ok(strcmp(text, want) == 0, "text %s", text);
}

static void test_texts(void)
{
    char tiny[4];

    expect_text(WM_TYPE(I32), "i32");
    expect_text(WM_TYPE(V128), "v128");
    expect_text(WM_TYPE(I8), "i8");
    expect_text(WM_TYPE(BOT), "bot");
    expect_text(wm_ref(WM_HEAP(FUNC), true), "funcref");
    expect_text(wm_ref(WM_HEAP(FUNC), false), "(ref func)");
    expect_text(wm_ref(WM_HEAP(NONE), true), "nullref");
    expect_text(wm_ref(wm_heap_index(5), true), "(ref null 5)");
    expect_text(wm_ref(wm_heap_index(999999), false), "(ref 999999)");
    wm_valtype_text(WM_TYPE(V128), tiny, sizeof(tiny));
    tap_ok(strcmp(tiny, "v12") == 0, "cut at the size given: %s", tiny);
    tap_ok(strcmp(wm_heap_abs_text(WM_HEAP_EXTERN), "extern") == 0, "heap text");
    tap_ok(strcmp(wm_kind_text(WM_KIND_REF), "ref") == 0, "kind text");
}

/* ---- abstract heap types ---- */

/* Direct supertypes; the rest follows. 0 ends a list: NOEXN is nobody's supertype. */
static const struct {
    enum wm_heap_abs sub, super;
} steps[] = {
    {WM_HEAP_EQ,       WM_HEAP_ANY   },
    {WM_HEAP_I31,      WM_HEAP_EQ    },
    {WM_HEAP_STRUCT,   WM_HEAP_EQ    },
    {WM_HEAP_ARRAY,    WM_HEAP_EQ    },
    {WM_HEAP_NONE,     WM_HEAP_I31   },
    {WM_HEAP_NONE,     WM_HEAP_STRUCT},
    {WM_HEAP_NONE,     WM_HEAP_ARRAY },
    {WM_HEAP_NOFUNC,   WM_HEAP_FUNC  },
    {WM_HEAP_NOEXN,    WM_HEAP_EXN   },
    {WM_HEAP_NOEXTERN, WM_HEAP_EXTERN},
};

static bool reaches(enum wm_heap_abs sub, enum wm_heap_abs super)
{
    if (sub == super || sub == WM_HEAP_BOT)
        return true;
    for (uint32_t i = 0; i < LENGTH_OF(steps); i++)
        if (steps[i].sub == sub && reaches(steps[i].super, super))
            return true;
    return false;
}

static void test_abstract(void)
{
    struct wm_module m = {0};
    uint32_t wrong = 0, pairs = 0;

    for (enum wm_heap_abs a = 0; a < WM_HEAP_ABS_COUNT; a++)
        for (enum wm_heap_abs b = 0; b < WM_HEAP_ABS_COUNT; b++, pairs++) {
            bool want = reaches(a, b), got = wm_heap_matches(&m, wm_heap_abs(a), wm_heap_abs(b));
            if (got == want)
                continue;
            wrong++;
            tap_ok(false, "%s <: %s is %d", wm_heap_abs_text(a), wm_heap_abs_text(b), got);
        }
    tap_ok(wrong == 0, "%u pairs of abstract heap types, %u wrong", pairs, wrong);
    for (enum wm_heap_abs a = 0; a < WM_HEAP_BOT; a++) {
        enum wm_heap_abs top = wm_heap_top(&m, wm_heap_abs(a));
        enum wm_heap_abs bottom = wm_heap_bottom(&m, wm_heap_abs(a));
        tap_ok(reaches(a, top) && reaches(bottom, a) && wm_heap_top(&m, wm_heap_abs(top)) == top,
               "%s lies between %s and %s", wm_heap_abs_text(a), wm_heap_abs_text(bottom),
               wm_heap_abs_text(top));
    }
    tap_ok(wm_heap_bottom(&m, WM_HEAP(BOT)) == WM_HEAP_BOT, "bot is its own bottom");
}

/* ---- defined types ---- */

#define FIELD(t, m) ((struct wm_field){t, m})
static struct wm_valtype i32_list[] = {{WM_KIND_I32}}, i64_list[] = {{WM_KIND_I64}};

/*
 *   0 (func (param i32))     1 the same            2 (func (param i64))
 *   3 struct {i32}, open     4 sub 3 {i32, i64}    5 sub 4, final, the same fields
 *   6 rec: struct {ref 7}    7 array of ref 6      8, 9 the same group again
 *   10 array of i8
 */
static void make_types(struct wm_type *t, struct wm_field *fields)
{
    for (uint32_t i = 0; i < 11; i++)
        t[i] = (struct wm_type){.group_first = i, .group_count = 1, .is_final = true};
    for (uint32_t i = 0; i < 3; i++) {
        t[i].param_count = 1;
        t[i].params = i == 2 ? i64_list : i32_list;
    }
    fields[0] = FIELD(WM_TYPE(I32), false);
    fields[1] = FIELD(WM_TYPE(I64), true);
    for (uint32_t i = 3; i < 6; i++) {
        t[i].composite = WM_STRUCT_TYPE;
        t[i].fields = fields;
        t[i].field_count = i == 3 ? 1 : 2;
        t[i].super_count = i != 3;
        t[i].super = i - 1;
        t[i].is_final = i == 5;
    }
    for (uint32_t i = 6; i < 10; i++) {
        uint32_t first = i & ~1U;
        fields[i] = FIELD(wm_ref(wm_heap_index(i ^ 1), true), true);
        t[i].composite = i == first ? WM_STRUCT_TYPE : WM_ARRAY_TYPE;
        t[i].fields = &fields[i];
        t[i].field_count = 1;
        t[i].group_first = first;
        t[i].group_count = 2;
    }
    fields[10] = FIELD(WM_TYPE(I8), true);
    t[10].composite = WM_ARRAY_TYPE;
    t[10].fields = &fields[10];
    t[10].field_count = 1;
}

static const struct {
    struct wm_heap sub, super;
    bool want;
} heap_rows[] = {
    {{0},                   {1},                   true },
    {{1},                   {0},                   true },
    {{0},                   {2},                   false},
    {{4},                   {3},                   true },
    {{5},                   {3},                   true },
    {{3},                   {4},                   false},
    {{3},                   {5},                   false},
    {{6},                   {8},                   true },
    {{9},                   {7},                   true },
    {{6},                   {7},                   false},
    {{0},                   {3},                   false},
    {{0},                   {-1 - WM_HEAP_FUNC},   true },
    {{0},                   {-1 - WM_HEAP_ANY},    false},
    {{3},                   {-1 - WM_HEAP_STRUCT}, true },
    {{3},                   {-1 - WM_HEAP_EQ},     true },
    {{3},                   {-1 - WM_HEAP_ARRAY},  false},
    {{7},                   {-1 - WM_HEAP_ARRAY},  true },
    {{7},                   {-1 - WM_HEAP_ANY},    true },
    {{-1 - WM_HEAP_NONE},   {3},                   true },
    {{-1 - WM_HEAP_NONE},   {0},                   false},
    {{-1 - WM_HEAP_NOFUNC}, {0},                   true },
    {{-1 - WM_HEAP_STRUCT}, {3},                   false},
    {{-1 - WM_HEAP_BOT},    {3},                   true },
};

static void test_defined(void)
{
    struct wm_type types[11];
    struct wm_field fields[11];
    struct wm_module m = {.types = types, .type_count = 11};
    struct arena scratch;
    struct diag dg = {0};

    make_types(types, fields);
    arena_init(&scratch, 1 << 20);
    enum status st = wm_types_canonicalize(&m, &scratch, &dg);
    tap_ok(st == ST_OK && scratch.used_bytes == 0, "the types are valid: %s", dg.text);
    arena_free(&scratch);
    tap_ok(types[1].canon == 0 && types[2].canon == 2 && types[8].canon == 6 &&
               types[9].canon == 7 && types[5].canon == 5,
           "canonical: the lowest equal type");
    tap_ok(types[3].depth == 0 && types[4].depth == 1 && types[5].depth == 2, "depths");
    for (uint32_t i = 0; i < LENGTH_OF(heap_rows); i++) {
        bool got = wm_heap_matches(&m, heap_rows[i].sub, heap_rows[i].super);
        tap_ok(got == heap_rows[i].want, "heap %d <: %d is %d", heap_rows[i].sub.code,
               heap_rows[i].super.code, got);
    }
    tap_ok(wm_heap_top(&m, wm_heap_index(0)) == WM_HEAP_FUNC &&
               wm_heap_top(&m, wm_heap_index(10)) == WM_HEAP_ANY &&
               wm_heap_bottom(&m, wm_heap_index(0)) == WM_HEAP_NOFUNC,
           "tops and bottoms of defined types");
}

/* ---- value types ---- */

static const struct {
    const char *name;
    struct wm_valtype sub, super;
    bool want;
} value_rows[] = {
    {"same number",         {WM_KIND_I32},           {WM_KIND_I32},           true },
    {"other number",        {WM_KIND_I32},           {WM_KIND_I64},           false},
    {"bot to number",       {WM_KIND_BOT},           {WM_KIND_F64},           true },
    {"number to bot",       {WM_KIND_F64},           {WM_KIND_BOT},           false},
    {"number to reference", {WM_KIND_I32},           {WM_KIND_REF | 1U << 8}, false},
    {"reference to number", {WM_KIND_REF | 1U << 8}, {WM_KIND_I32},           false},
};

static void test_values(void)
{
    struct wm_module m = {0};
    struct wm_valtype null = wm_ref(WM_HEAP(FUNC), true), full = wm_ref(WM_HEAP(FUNC), false);

    for (uint32_t i = 0; i < LENGTH_OF(value_rows); i++)
        tap_ok(wm_matches(&m, value_rows[i].sub, value_rows[i].super) == value_rows[i].want, "%s",
               value_rows[i].name);
    tap_ok(wm_matches(&m, full, null) && !wm_matches(&m, null, full), "null is not for (ref func)");
    tap_ok(wm_is_defaultable(null) && !wm_is_defaultable(full) && wm_is_defaultable(WM_TYPE(F32)),
           "defaults");
    tap_ok(wm_heap_of(wm_ref(wm_heap_index(1000000), true)).code == 1000000 &&
               wm_heap_of(full).code == -1 - WM_HEAP_FUNC,
           "a heap type survives packing");
}

/* ---- refusals ---- */

struct bad_row {
    const char *name, *text;
    void (*spoil)(struct wm_type *t);
    enum status status;
};

static void spoil_param(struct wm_type *t)
{
    static struct wm_valtype list[1];
    list[0] = wm_ref(wm_heap_index(11), true);
    t[2].params = list;
}
static void spoil_result(struct wm_type *t)
{
    static struct wm_valtype list[1];
    list[0] = wm_ref(wm_heap_index(3), true);
    t[2].results = list;
    t[2].result_count = 1;
}
static void spoil_field(struct wm_type *t)
{
    t[10].fields[0].type = wm_ref(wm_heap_index(11), false);
}
static void spoil_super_index(struct wm_type *t)
{
    t[4].super = 4;
}
static void spoil_final(struct wm_type *t)
{
    t[3].is_final = true;
}
static void spoil_kind(struct wm_type *t)
{
    t[4].super = 0;
    t[0].is_final = false;
}
static void spoil_width(struct wm_type *t)
{
    t[3].field_count = 2;
    t[4].field_count = 1;
}
static void spoil_mutability(struct wm_type *t)
{
    static struct wm_field other[2];
    other[0] = FIELD(WM_TYPE(I32), true);
    other[1] = FIELD(WM_TYPE(I64), true);
    t[4].fields = other;
}
static void spoil_params(struct wm_type *t)
{
    t[0].is_final = false;
    t[2].super_count = 1;
}
static void spoil_results(struct wm_type *t)
{
    t[0].is_final = false;
    t[2] = t[0];
    t[2].group_first = 2;
    t[2].super_count = 1;
    t[2].result_count = 1;
    t[2].results = i32_list;
}

/* clang-format off */
static const struct bad_row bad_rows[] = {
    {"parameter", "unknown type 11; 3 are known here; in type 2", spoil_param, ST_INVALID},
    {"result", "unknown type 3; 3 are known here; in type 2", spoil_result, ST_INVALID},
    {"field", "unknown type 11; 11 are known here; in type 10", spoil_field, ST_INVALID},
    {"super", "sub type of unknown type 4; 4 are known here; in type 4", spoil_super_index,
     ST_INVALID},
    {"final", "sub type: expected a supertype that is not final, found type 3; in type 4",
     spoil_final, ST_INVALID},
    {"composite", "sub type: its definition does not match that of its supertype 0; in type 4",
     spoil_kind, ST_INVALID},
    {"fewer fields", "sub type: its definition does not match that of its supertype 3; in type 4",
     spoil_width, ST_INVALID},
    {"mutability", "sub type: its definition does not match that of its supertype 3; in type 4",
     spoil_mutability, ST_INVALID},
    {"parameters", "sub type: its definition does not match that of its supertype 0; in type 2",
     spoil_params, ST_INVALID},
    {"results", "sub type: its definition does not match that of its supertype 0; in type 2",
     spoil_results, ST_INVALID},
};
/* clang-format on */

static void test_refusals(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(bad_rows); i++) {
        struct wm_type types[11];
        struct wm_field fields[11];
        struct wm_module m = {.types = types, .type_count = 11};
        struct arena scratch;
        struct diag dg = {0};
        make_types(types, fields);
        bad_rows[i].spoil(types);
        arena_init(&scratch, 1 << 20);
        enum status st = wm_types_canonicalize(&m, &scratch, &dg);
        tap_ok(st == bad_rows[i].status && strcmp(dg.text, bad_rows[i].text) == 0, "%s: %s",
               bad_rows[i].name, dg.text);
        arena_free(&scratch);
    }
}

/* A chain of WM_MAX_SUPER_DEPTH steps is the longest. */
static void test_depth(void)
{
    enum { COUNT = WM_MAX_SUPER_DEPTH + 2 };
    struct wm_type types[COUNT] = {{0}};
    struct wm_module m = {.types = types, .type_count = COUNT - 1};
    struct arena scratch;
    struct diag dg = {0};

    for (uint32_t i = 0; i < COUNT; i++)
        types[i] = (struct wm_type){.group_first = i,
                                    .group_count = 1,
                                    .composite = WM_STRUCT_TYPE,
                                    .super_count = i != 0,
                                    .super = i - (i != 0)};
    arena_init(&scratch, 1 << 20);
    enum status st = wm_types_canonicalize(&m, &scratch, &dg);
    tap_ok(st == ST_OK, "deepest chain: %s", dg.text);
    m.type_count = COUNT;
    st = wm_types_canonicalize(&m, &scratch, &dg);
    tap_ok(st == ST_LIMIT && strcmp(dg.text, "subtyping depth 64; at most 63 is allowed; in type "
                                             "64") == 0,
           "one deeper: %s", dg.text);
    arena_free(&scratch);
    arena_init(&scratch, 1); /* too small for any table */
    st = wm_types_canonicalize(&m, &scratch, &dg);
    tap_ok(st == ST_LIMIT, "no memory: %s", dg.text);
    arena_free(&scratch);
}

int main(void)
{
    test_texts();
    test_abstract();
    test_defined();
    test_values();
    test_refusals();
    test_depth();
    return tap_done();
}
