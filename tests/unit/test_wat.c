/* test_wat: modules from text: bytes, abbreviations against what they stand for, refusals with
 * their place, deep nesting. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/mem.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "shield/wasm/wat.h"

#include <string.h>

/* Hex of what follows the eight bytes of the header. */
/* clang-format off */
static const struct {
    const char *text, *hex;
} bytes_rows[] = {
    {"", ""},
    {"(module)", ""},
    {"(module $m)", ""},
    {"(module binary \"\\00asm\" \"\\01\\00\\00\\00\")", ""},
    {"(module quote \"(mem\" \"ory 1)\")", "0503010001"},
    {"(func)", "01040160000003020100"
     "0a040102000b"},
    {"(memory 1 2)", "050401010102"},
    {"(memory i64 1)", "0503010401"},
    {"(memory 1 2 shared)", "050401030102"},
    {"(memory 8 (pagesize 1))", "050401080800"},
    {"(table 3 funcref)", "040401700003"},
    {"(table 1 (ref null extern))", "0404016f0001"},
    {"(table 1 (ref func) (ref.func 0)) (func)", "0104016000000302010004"
     "0a014000647000"
     "01d2000b0a040102000b"},
    {"(global i32 (i32.const -1))", "060601"
     "7f00417f0b"},
    {"(global (mut i64) i64.const 0x7fff_ffff_ffff_ffff)", "060f017e0142ffffffffffffffffff000b"},
    {"(import \"a\" \"b\" (global f32))", "02080101610162037d00"},
    {"(data \"a\\ff\\u{e9}\")", "0b0701010461ffc3a9"},
    {"(type (struct (field i8) (field $x (mut i32))))", "010701"
     "5f027800"
     "7f01"},
    {"(rec (type $a (sub (array (ref null $b)))) (type $b (sub final $a (array (mut v128)))))",
     "010f014e025000"
     "5e630100"
     "4f01005e7b01"},
    {"(tag (param i32))", "0105016001"
     "7f000d03010000"},
    {"(func (result v128) (v128.const i16x8 1 -1 0xffff 0 0 0 0 -32768))",
     "010501600001"
     "7b030201000a1601"
     "1400fd0c0100ffffffff00000000000000000080"
     "0b"},
    {"(func (local i32 i32) (local i64) (local $x i64) (local f32))", "01040160000003020100"
     "0a0a0108"
     "03027f027e017d0b"},
    {"(func (drop (f32.const nan:0x200000)) (drop (f64.const -0x1p-1074)))",
     "01040160000003020100"
     "0a14011200430000a07f1a4401000000000000801a0b"},
};
/* clang-format on */

/* Both must give the same bytes. */
/* clang-format off */
static const struct {
    const char *text, *means;
} same_rows[] = {
    {"(func $f (export \"a\") (export \"b\"))",
     "(func) (export \"a\" (func 0)) (export \"b\" (func 0))"},
    {"(func $f (import \"m\" \"n\") (param i32))",
     "(type (func (param i32))) (import \"m\" \"n\" (func (type 0)))"},
    {"(memory $m (export \"x\") (import \"m\" \"n\") 1)",
     "(import \"m\" \"n\" (memory 1)) (export \"x\" (memory 0))"},
    {"(memory (data \"abc\" \"d\"))", "(memory 1 1) (data (i32.const 0) \"abcd\")"},
    {"(memory i64 (data))", "(memory i64 0 0) (data (i64.const 0))"},
    {"(memory (pagesize 1) (data \"abc\"))",
     "(memory 3 3 (pagesize 1)) (data (offset (i32.const 0)) \"abc\")"},
    {"(table funcref (elem $f $f)) (func $f)",
     "(table 2 2 funcref) (func) (elem (table 0) (i32.const 0) func 0 0)"},
    {"(table (ref null $t) (elem $f)) (type $t (func)) (func $f)",
     "(type (func)) (table 1 1 (ref null 0)) (func (type 0)) "
     "(elem (table 0) (offset i32.const 0) (ref null 0) (item ref.func 0))"},
    {"(table i64 externref (elem (ref.null extern)))",
     "(table i64 1 1 externref) (elem (i64.const 0) externref (item (ref.null extern)))"},
    {"(func (param i32 i64) (result f32) unreachable)",
     "(type (func (param i32) (param i64) (result f32))) (func (type 0) unreachable)"},
    {"(func) (type (func (param i32))) (func (param i64)) (func (param i32))",
     "(type (func (param i32))) (type (func)) (type (func (param i64))) "
     "(func (type 1)) (func (type 2)) (func (type 0))"},
    {"(func (block (result i32) (i32.const 1)) drop)",
     "(func block (result i32) i32.const 1 end drop)"},
    {"(func (block (param) (result)))", "(func block end)"},
    {"(func (block (result i32 i32) (unreachable)) drop drop)",
     "(type (func)) (type (func (result i32 i32))) "
     "(func (type 0) block (type 1) unreachable end drop drop)"},
    {"(func (if (i32.const 1) (then nop) (else (drop (i32.const 2)))))",
     "(func i32.const 1 if nop else i32.const 2 drop end)"},
    {"(func (i32.const 1) (if (then)))", "(func i32.const 1 if end)"},
    {"(func (block $a (block $b (br $a) (br $b) (br 2))))",
     "(func block block br 1 br 0 br 2 end end)"},
    {"(func (block $a (block $a (br $a))  (br $a)))", "(func block block br 0 end br 0 end)"},
    {"(func (loop $l (br_table $l 0 1 (i32.const 0))))",
     "(func loop i32.const 0 br_table 0 0 1 end)"},
    {"(tag $t) (func (block $h (try_table (catch $t $h) (catch_all 0) (nop))))",
     "(tag) (func block try_table (catch 0 0) (catch_all 0) nop end end)"},
    {"(tag $t) (func (try $l (do (nop)) (catch $t (rethrow $l)) (catch_all)))",
     "(tag) (func try nop catch 0 rethrow 0 catch_all end)"},
    {"(func (block $o (try (do (nop)) (delegate $o))))", "(func block try nop delegate 0 end)"},
    {"(memory 1) (func (i32.store offset=4 align=2 (i32.const 1) (i32.const 2)))",
     "(memory 1) (func i32.const 1 i32.const 2 i32.store 0 offset=0x4 align=2)"},
    {"(memory $m 1) (func (drop (v128.load8_lane $m 3 (i32.const 0) (v128.const i64x2 0 0))))",
     "(memory 1) (func i32.const 0 v128.const i32x4 0 0 0 0 v128.load8_lane 3 drop)"},
    {"(memory 1) (data $d \"\") (func (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0)))",
     "(memory 1) (data \"\") (func i32.const 0 i32.const 0 i32.const 0 memory.init 0 0)"},
    {"(table 1 funcref) (elem func) (func i32.const 0 i32.const 0 i32.const 0 table.init 0)",
     "(table 1 funcref) (elem func) (func i32.const 0 i32.const 0 i32.const 0 table.init 0 0)"},
    {"(table $t 1 funcref) (func (call_indirect $t (param i32) (i32.const 1) (i32.const 0)))",
     "(type (func)) (type (func (param i32))) (table 1 funcref) "
     "(func (type 0) i32.const 1 i32.const 0 call_indirect 0 (type 1))"},
    {"(func (param $x i32) (local $y i32) (local.set $y (local.get $x)))",
     "(func (param i32) (local i32) local.get 0 local.set 1)"},
    {"(type $s (struct (field $a i32) (field $b i64))) (func (param (ref $s)) "
     "(drop (struct.get $s $b (local.get 0))))",
     "(type (struct (field i32 i64))) (func (param (ref 0)) local.get 0 struct.get 0 1 drop)"},
    {"(func (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) drop)",
     "(func i32.const 1 i32.const 2 i32.const 3 select (result i32) drop)"},
    {"(module $x ;; comment\n (@note) (func (;0;) (nop)))", "(func nop)"},
    {"(func $\"a b\") (start $\"a\\20b\")", "(func) (start 0)"},
    {"(@custom \"c\" (before code) \"x\" \"y\") (func)",
     "(func) (@custom \"c\" (after elem) \"xy\")"},
};
/* clang-format on */

/* clang-format off */
static const struct {
    const char *text;
    enum status status;
    uint32_t line, column;
    const char *says;
} refused[] = {
    {"(module", ST_MALFORMED, 1, 1, "never closed"},
    {"(module) (module)", ST_MALFORMED, 1, 10, "end of the text"},
    {"(modul)", ST_MALFORMED, 1, 2, "expected a module field, found \"modul\""},
    {"(memroy 1)", ST_MALFORMED, 1, 2, "did you mean memory?"},
    {"func", ST_MALFORMED, 1, 1, "expected ( and a module field, found \"func\""},
    {"(func\n  (param i33))", ST_MALFORMED, 2, 10,
     "expected a value type, found \"i33\"; did you mean i32?"},
    {"(func (i32.ad))", ST_MALFORMED, 1, 8, "found \"i32.ad\"; did you mean i32.add?"},
    {"(func nop nop bloc)", ST_MALFORMED, 1, 15, "did you mean block?"},
    {"(func $f) (func $f)", ST_MALFORMED, 1, 17, "duplicate function: $f is already number 0"},
    {"(func (param $x i32) (local $x i32))", ST_MALFORMED, 1, 29, "duplicate local"},
    {"(type (struct (field $a i32) (field $a i32)))", ST_MALFORMED, 1, 37, "duplicate field"},
    {"(func (call $nope))", ST_MALFORMED, 1, 13, "unknown function $nope"},
    {"(func (br $nope))", ST_MALFORMED, 1, 11, "unknown label $nope"},
    {"(func (local.get $x))", ST_MALFORMED, 1, 18, "unknown local $x"},
    {"(func (local.get))", ST_MALFORMED, 1, 17, "expected the index or $name of a local"},
    {"(func (i32.const 4294967296))", ST_MALFORMED, 1, 18, "constant out of range"},
    {"(func (i32.const 1.5))", ST_MALFORMED, 1, 18, "expected an i32 constant"},
    {"(func (f32.const 1e39))", ST_MALFORMED, 1, 18, "constant out of range"},
    {"(func (v128.const i8x16 256 0))", ST_MALFORMED, 1, 25, "constant out of range"},
    {"(func (v128.const i32 1))", ST_MALFORMED, 1, 19, "expected a vector shape"},
    {"(func (i8x16.extract_lane_s 256))", ST_MALFORMED, 1, 29, "a lane index"},
    {"(func (i32.load align=3 (i32.const 0)))", ST_MALFORMED, 1, 17, "power of two"},
    {"(func (i32.add (i32.const 1) nop))", ST_MALFORMED, 1, 30,
     "expected a folded operand or ), found \"nop\"; the i32.add was opened at 1:7"},
    {"(func\n block\n nop)", ST_MALFORMED, 3, 5,
     "expected an instruction or end, found \")\"; the block was opened at 2:2"},
    {"(func end)", ST_MALFORMED, 1, 7, "no block is open here"},
    {"(func block else end)", ST_MALFORMED, 1, 13, "expected an instruction or end"},
    {"(func block $a end $b)", ST_MALFORMED, 1, 20, "mismatching label"},
    {"(func (if (nop)))", ST_MALFORMED, 1, 16, "expected a folded condition or (then"},
    {"(func (then))", ST_MALFORMED, 1, 8, "expected an instruction"},
    {"(func (result i32) (param i32))", ST_MALFORMED, 1, 21, "expected an instruction"},
    {"(func (block (param $x i32)))", ST_MALFORMED, 1, 21, "cannot have a name"},
    {"(type (func)) (func (type 0) (param i32))", ST_MALFORMED, 1, 21, "inline function type"},
    {"(func (type 9) (param i32))", ST_MALFORMED, 1, 7, "unknown type 9"},
    {"(func) (import \"a\" \"b\" (func))", ST_MALFORMED, 1, 8, "imports come first"},
    {"(memory 1) (func (import \"a\" \"b\"))", ST_MALFORMED, 1, 12, "imports come first"},
    {"(import \"a\" (func))", ST_MALFORMED, 1, 13, "expected a string, found \"(func\""},
    {"(export \"\\ff\" (func 0))", ST_MALFORMED, 1, 9, "malformed UTF-8"},
    {"(start 0) (start 0)", ST_MALFORMED, 1, 11, "multiple start"},
    {"(func) (export \"a\" (fun 0))", ST_MALFORMED, 1, 20, "expected (func, (table"},
    {"(memory 1 2 3)", ST_MALFORMED, 1, 13, "expected ), found \"3\""},
    {"(memory 1 (pagesize 3))", ST_MALFORMED, 1, 21, "not a power of two"},
    {"(memory -1)", ST_MALFORMED, 1, 9, "expected a minimum size"},
    {"(table 1)", ST_MALFORMED, 1, 9, "expected a reference type"},
    {"(global i32)", ST_INVALID, 1, 12, ""},
    {"(data 1)", ST_MALFORMED, 1, 8, "expected a folded instruction"},
    {"(rec (func))", ST_MALFORMED, 1, 7, "a rec group holds (type ...) only"},
    {"(type (sub 0 1 (func)))", ST_INVALID, 1, 14, "more than one supertype"},
    {"(func (param $a i32) (param i64 $b f32))", ST_MALFORMED, 1, 33, "expected a value type"},
    {"(@custom)", ST_MALFORMED, 1, 9, "missing section name"},
    {"(@custom \"a\" (before first) (nop))", ST_MALFORMED, 1, 29, "unexpected token"},
    {"(func (@custom \"a\"))", ST_MALFORMED, 1, 7, "misplaced @custom"},
    {"(func (@mujun.names))", ST_MALFORMED, 1, 7, "misplaced @mujun.names"},
    {"(@mujun.names) (@mujun.names)", ST_MALFORMED, 1, 16, "a second one"},
    {"(@mujun.names (after x))", ST_MALFORMED, 1, 22, "malformed section kind"},
    {"(func (nop) (@metadata.code.branch_hint \"\\02\") (br_if 0 (i32.const 0)))", ST_MALFORMED, 1,
     41, "invalid value"},
    {"(func (@metadata.code.branch_hint \"\\01\") (nop))", ST_INVALID, 1, 42, "invalid target"},
 /* refused by the validator, found again in the text */
    {"(func\n  (drop\n    (i32.add (i32.const 1)\n      (i64.const 2))))", ST_INVALID, 3, 5,
     "i32.add"},
    {"(func (result i32)\n  i64.const 1\n)", ST_INVALID, 3, 1, ""},
    {"(func)\n(func\n  call 7)", ST_INVALID, 3, 3, ""},
    {"(global i32\n (i32.const 1))\n(global i32\n (i64.const 1))", ST_INVALID, 4, 15, ""},
    {"(memory 1)\n(data\n (f32.const 0))", ST_INVALID, 3, 15, ""},
    {"(func\n  (v128.const i32x4 0 0 0 0) drop\n  (memory.size) drop)", ST_INVALID, 3, 3, ""},
    {"(func $f)\n(export \"a\" (func $f))\n(export \"b\" (func $f))\n(export \"a\" (func 0))",
     ST_INVALID, 4, 1, "duplicate export name"},
    {"(func)\n(export \"a\" (func 0))\n(export \"b\" (func 9))", ST_INVALID, 3, 1, "export 1"},
    {"(memory 1)\n(memory 3 2)\n(memory 2)", ST_INVALID, 2, 1, "memory 1"},
    {"(type $a (func))\n(type $b (sub $a (func (param i32))))", ST_INVALID, 2, 1, "type 1"},
    {"(import \"a\" \"b\" (func))\n(import \"a\" \"c\" (func (type 7)))", ST_INVALID, 2, 1,
     "unknown type 7"},
    {"(func)\n(func)\n(func (type 44))", ST_INVALID, 3, 1, "unknown type 44"},
    {"(table 1 funcref)\n(table 4 (ref func))", ST_INVALID, 2, 1, "table 1"},
    {"(table 1 externref)\n(func)\n(elem func 0)\n(elem (i32.const 0) func 0)", ST_INVALID, 4, 1,
     "element segment 1"},
    {"(memory 1)\n(data \"\")\n(data (memory 3) (i32.const 0))", ST_INVALID, 3, 1,
     "unknown memory"},
    {"(tag)\n(tag (result i32))", ST_INVALID, 2, 1, "tag 1"},
    {"(func)\n(func (param i32))\n(start 1)", ST_INVALID, 3, 1, "start function"},
    {"(memory 1 1 shared)\n(func\n  (atomic.fence))", ST_UNSUPPORTED, 1, 1, "threads"},
};
/* clang-format on */

static enum status parse(const char *text, struct wm_features features, struct arena *arena,
                         struct str *bytes, struct wm_source_map **map, struct diag *dg)
{
    struct wm_wat_options options = {.features = features};
    arena_init(arena, 256 << 20);
    *dg = (struct diag){0};
    return wm_wat_parse(str_of(text), &options, arena, bytes, map, dg);
}

/* Parses, reads, validates; a refusal has its place in the text where it is known. */
static enum status judge(const char *text, struct diag *dg)
{
    struct arena arena;
    struct str bytes;
    struct wm_source_map *map;
    struct wm_module m;

    enum status st = parse(text, wm_features_default(), &arena, &bytes, &map, dg);
    if (st == ST_OK) {
        st = wm_read_module((const uint8_t *)bytes.text, bytes.size, wm_features_default(), &arena,
                            &m, dg);
        if (st == ST_OK)
            st = wm_validate(&m, &arena, dg);
        if (st != ST_OK)
            wm_source_map_diag(map, dg);
    }
    arena_free(&arena);
    return st;
}

/* A text on one line, for the name of a test point. */
static const char *one_line(const char *text)
{
    static char line[160];
    size_t size = MIN(strlen(text), sizeof(line) - 1);

    for (size_t i = 0; i < size; i++)
        line[i] = text[i] == '\n' || text[i] == '#' ? ' ' : text[i];
    line[size] = '\0';
    return line;
}

static void test_bytes(const char *text, const char *hex)
{
    struct arena arena;
    struct str bytes = {0};
    struct diag dg;
    char got[256] = "";

    enum status st = parse(text, wm_features_all(), &arena, &bytes, NULL, &dg);
    for (size_t i = 8; i < bytes.size && 2 * i < sizeof(got); i++)
        snprintf(got + 2 * (i - 8), 3, "%02x", (uint8_t)bytes.text[i]);
    tap_ok(st == ST_OK && strcmp(got, hex) == 0, "%s: %s%s", one_line(text), got, dg.text);
    arena_free(&arena);
}

static void test_same(const char *text, const char *means)
{
    struct arena a, b;
    struct str first = {0}, second = {0};
    struct diag dg, other;

    enum status st = parse(text, wm_features_all(), &a, &first, NULL, &dg);
    enum status st2 = parse(means, wm_features_all(), &b, &second, NULL, &other);
    tap_ok(st == ST_OK && st2 == ST_OK && str_equal(first, second), "%s%s%s", one_line(text),
           dg.text, other.text);
    arena_free(&a);
    arena_free(&b);
}

/* depth times open, middle, depth times close: how the parse ends. */
static enum status nested(uint32_t depth, const char *open, const char *middle, const char *close,
                          struct diag *dg)
{
    size_t size = (strlen(open) + strlen(close)) * depth + strlen(middle) + 64;
    char *text = mem_alloc(size, 1);
    size_t used = 0;

    used += (size_t)snprintf(text, size, "(func ");
    for (uint32_t i = 0; i < depth; i++)
        used += (size_t)snprintf(text + used, size - used, "%s", open);
    used += (size_t)snprintf(text + used, size - used, "%s", middle);
    for (uint32_t i = 0; i < depth; i++)
        used += (size_t)snprintf(text + used, size - used, "%s", close);
    snprintf(text + used, size - used, ")");
    struct arena arena;
    struct str bytes;
    enum status st = parse(text, wm_features_default(), &arena, &bytes, NULL, dg);
    arena_free(&arena);
    mem_free(text);
    return st;
}

static void test_nesting(void)
{
    struct diag dg;

    tap_ok(nested(50000, "(i32.eqz ", "(i32.const 0)", ")", &dg) == ST_OK, "folded operands %s",
           dg.text);
    tap_ok(nested(50000, "(block ", "", ")", &dg) == ST_OK, "folded blocks %s", dg.text);
    tap_ok(nested(50000, "block ", "nop ", "end ", &dg) == ST_OK, "flat blocks %s", dg.text);
    tap_ok(nested(25000, "(if (i32.const 0) (then ", "", "))", &dg) == ST_OK, "ifs %s", dg.text);
    enum status st = nested(WM_MAX_TEXT_NESTING + 1, "(drop ", "", ")", &dg);
    tap_ok(st == ST_LIMIT && strstr(dg.text, "nested deeper than the limit of 100000") != NULL,
           "one too deep: %s", dg.text);
    st = nested(300000, "(;", "", ";)", &dg);
    tap_ok(st == ST_OK, "comments nest without limit %s", dg.text);
    st = nested(300000, "(", "", "", &dg);
    tap_ok(st == ST_MALFORMED, "parentheses that never close: %s", dg.text);
}

/* The name section: identifiers and (@name). */
static void test_names(void)
{
    struct arena arena;
    struct str bytes = {0};
    struct diag dg = {0};
    struct wm_wat_options options = {.features = wm_features_default(), .write_names = true};

    arena_init(&arena, 1 << 20);
    enum status st = wm_wat_parse(STR("(module $m (func $f (param $p (@name \"q\") i32) "
                                      "(local $l i32)) "
                                      "(func (@name \"other name\")))"),
                                  &options, &arena, &bytes, NULL, &dg);
    static const char want[] = "\x04name\x00\x02\x01m\x01\x10\x02\x00\x01"
                               "f\x01\x0aother name\x02\x09\x01\x00\x02\x00\x01q\x01\x01l";
    size_t size = sizeof(want) - 1;
    tap_ok(st == ST_OK && bytes.size > size &&
               memcmp(bytes.text + bytes.size - size, want, size) == 0,
           "names end the module %s", dg.text);
    arena_free(&arena);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(bytes_rows); i++)
        test_bytes(bytes_rows[i].text, bytes_rows[i].hex);
    for (uint32_t i = 0; i < LENGTH_OF(same_rows); i++)
        test_same(same_rows[i].text, same_rows[i].means);
    for (uint32_t i = 0; i < LENGTH_OF(refused); i++) {
        struct diag dg;
        enum status st = judge(refused[i].text, &dg);
        tap_ok(st == refused[i].status && dg.line == refused[i].line &&
                   dg.column == refused[i].column && strstr(dg.text, refused[i].says) != NULL,
               "%s: %u:%u: %s", one_line(refused[i].text), dg.line, dg.column, dg.text);
    }
    test_nesting();
    test_names();
    return tap_done();
}
