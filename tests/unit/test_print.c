/* test_print: text that is already laid out as the printer does it comes back letter by letter;
 * numbers read back as the same bits; odd names become identifiers that read back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/names.h"
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/wat.h"

#include "tap.h"

#include <string.h>

/* clang-format off */
/* Fields of a module, one a line. */
static const struct {
    const char *what;
    const char *fields;
} modules[] = {
    {"empty", ""},
    {"function types",
     "  (type (;0;) (func))\n"
     "  (type (;1;) (func (param i32 i64 f32 f64 v128) (result funcref externref)))\n"},
    {"gc types",
     "  (type (;0;) (struct (field i8) (field (mut i16)) (field (ref null 0))))\n"
     "  (type (;1;) (sub (array (mut anyref))))\n"
     "  (type (;2;) (sub final 1 (array (mut anyref))))\n"
     "  (rec\n"
     "    (type (;3;) (func (param (ref 4))))\n"
     "    (type (;4;) (sub (struct)))\n"
     "  )\n"
     "  (rec\n"
     "    (type (;5;) (func (param (ref noextern) nullexnref i31ref)))\n"
     "  )\n"},
    {"identifiers",
     "  (type $t (;0;) (func (param i32)))\n"
     "  (type $s (;1;) (struct (field $x i32) (field $\"y z\" (mut i64))))\n"
     "  (import \"m\" \"f\" (func $f (;0;) (type $t) (param $p i32)))\n"
     "  (table $tab (;0;) 1 funcref)\n"
     "  (memory $mem (;0;) 1)\n"
     "  (tag $tag (;0;) (type $t) (param i32))\n"
     "  (global $g (;0;) (mut i32) (i32.const 0))\n"
     "  (export \"f\" (func $f))\n"
     "  (elem $e (;0;) func $f)\n"
     "  (func $h (;1;) (type $t) (param $a i32)\n"
     "    (local $b i32) (local i64 f32) (local $c i32)\n"
     "    block $l  ;; label = @1\n"
     "      local.get $a\n"
     "      br_if $l\n"
     "      block  ;; label = @2\n"
     "        br 0 (;@2;)\n"
     "        br $l\n"
     "      end\n"
     "    end\n"
     "    local.get $c\n"
     "    local.set 2\n"
     "    i32.const 0\n"
     "    throw $tag\n"
     "  )\n"
     "  (data $d (;0;) \"\")\n"},
    {"the same name twice",
     "  (type (;0;) (func))\n"
     "  (func $f (;0;) (type 0)\n    (local $x i32) (local $x#1 (@name \"x\") i32)\n  )\n"
     "  (func $f#1 (@name \"f\") (;1;) (type 0)\n    call $f#1\n    call $f\n  )\n"},
    {"imports",
     "  (type (;0;) (func))\n"
     "  (import \"\" \"a\\\"\\\\\\n\\00\" (func (;0;) (type 0)))\n"
     "  (import \"\xce\xbb\" \"\\e2\\80\\ae\" (table (;0;) i64 0 5 externref))\n"
     "  (import \"m\" \"m\" (memory (;0;) i64 1 2 shared))\n"
     "  (import \"m\" \"g\" (global (;0;) (mut v128)))\n"
     "  (import \"m\" \"t\" (tag (;0;) (type 0)))\n"},
    {"tables, memories, start",
     "  (type (;0;) (func))\n"
     "  (table (;0;) 1 (ref func) (ref.func 0))\n"
     "  (memory (;0;) 0 65536)\n"
     "  (memory (;1;) 0 (pagesize 1))\n"
     "  (global (;0;) i32 (i32.const 1) (i32.const 2) (i32.add))\n"
     "  (start 0)\n"
     "  (func (;0;) (type 0))\n"},
    {"segments",
     "  (type (;0;) (func))\n"
     "  (table (;0;) 9 funcref)\n"
     "  (table (;1;) 9 funcref)\n"
     "  (memory (;0;) 1)\n"
     "  (memory (;1;) 1)\n"
     "  (elem (;0;) (i32.const 0) func 0 0)\n"
     "  (elem (;1;) (table 1) (offset (i32.const 1) (i32.const 1) (i32.add)) func)\n"
     "  (elem (;2;) func 0)\n"
     "  (elem (;3;) declare func 0)\n"
     "  (elem (;4;) (i32.const 0) funcref (ref.func 0) (ref.null func))\n"
     "  (elem (;5;) i31ref (item (i32.const 1) (ref.i31)))\n"
     "  (func (;0;) (type 0))\n"
     "  (data (;0;) (i32.const 0) \"a\\00\\ff\\t\\\"\")\n"
     "  (data (;1;) (memory 1) (i32.const 0) \"\")\n"
     "  (data (;2;) \"passive\")\n"},
    {"a name section that is not the last",
     "  (type (;0;) (func))\n"
     "  (func $f (;0;) (type 0))\n"
     "  (@custom \"a\" (after code))\n"
     "  (@mujun.names (after code))\n"
     "  (@custom \"b\" (after code))\n"},
    {"custom sections",
     "  (type (;0;) (func))\n"
     "  (@custom \"first\" (before first)\n    \"\\00\")\n"
     "  (@custom \"empty\" (after type))\n"
     "  (@custom \"last\" (after type)\n    \"abc\")\n"},
};

/* Bodies of function 0 of type (param i32 i64 f32 f64) in a module that has one of everything. */
static const struct {
    const char *what, *body;
} flat[] = {
    {"constants",
     "i32.const -2147483648\n"
     "i64.const -9223372036854775808\n"
     "f32.const -0\n"
     "f32.const nan:0x200000\n"
     "f64.const 0.1\n"
     "f64.const -inf\n"
     "v128.const i32x4 0x00000001 0xffffffff 0x80000000 0x00000000"},
    {"memory",
     "i32.load offset=4 align=1\n"
     "i32.load 1 offset=4294967295\n"
     "i64.store\n"
     "memory.size\n"
     "memory.size 1\n"
     "memory.copy\n"
     "memory.copy 0 1\n"
     "memory.fill 1\n"
     "memory.init 0\n"
     "memory.init 1 0\n"
     "data.drop 0"},
    {"atomics",
     "i32.atomic.rmw8.add_u\n"
     "memory.atomic.notify offset=8\n"
     "atomic.fence"},
    {"vectors",
     "v128.load16_lane align=1 7\n"
     "v128.load8_lane 1 offset=2 0\n"
     "i8x16.extract_lane_s 3\n"
     "i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31\n"
     "i32x4.relaxed_trunc_f32x4_s"},
    {"tables",
     "table.get\n"
     "table.set 1\n"
     "table.copy\n"
     "table.copy 1 0\n"
     "table.init 0\n"
     "table.init 1 0\n"
     "table.size 1\n"
     "elem.drop 0\n"
     "call_indirect (type 0)\n"
     "call_indirect 1 (type 0)\n"
     "return_call_indirect (type 0)"},
    {"blocks",
     "block  ;; label = @1\n"
     "  loop (result i32)  ;; label = @2\n"
     "    if (type 1) (result i32 i32)  ;; label = @3\n"
     "      br 2 (;@1;)\n"
     "    else\n"
     "      br_table 0 (;@3;) 1 (;@2;) 3\n"
     "    end\n"
     "  end\n"
     "end"},
    {"exceptions",
     "try_table (result exnref) (catch 0 0) (catch_ref 0 0) (catch_all 0)"
     " (catch_all_ref 0)  ;; label = @1\n"
     "  throw 0\n"
     "  throw_ref\n"
     "end"},
    {"legacy exceptions",
     "try  ;; label = @1\n"
     "  nop\n"
     "catch 0\n"
     "  rethrow 0 (;@1;)\n"
     "catch_all\n"
     "end\n"
     "try  ;; label = @1\n"
     "  nop\n"
     "delegate 0"},
    {"references",
     "ref.null func\n"
     "ref.null 0\n"
     "ref.func 0\n"
     "ref.test i31ref\n"
     "ref.cast (ref 0)\n"
     "br_on_null 0\n"
     "br_on_cast 0 anyref (ref i31)\n"
     "select (result i32)\n"
     "select\n"
     "call_ref 0"},
    {"gc",
     "struct.new 2\n"
     "struct.get_s 2 0\n"
     "array.new_fixed 3 7\n"
     "array.new_data 3 0\n"
     "array.init_elem 3 0\n"
     "array.copy 3 3\n"
     "array.len\n"
     "i31.get_u"},
    {"wide arithmetic",
     "i64.add128\n"
     "i64.mul_wide_u"},
};

static const struct {
    const char *what, *body;
} folded[] = {
    {"operands on one line",
     "(drop (i32.add (local.get 0) (i32.mul (i32.const 2) (i32.const 3))))"},
    {"a statement between operands stays a statement",
     "(i32.const 1)\n"
     "(nop)\n"
     "(i32.const 2)\n"
     "(drop (i32.add))"},
    {"a long expression is broken",
     "(drop\n"
     "  (i32.add\n"
     "    (i32.add\n"
     "      (i32.add (i32.const 1000000000) (i32.const 1000000000))\n"
     "      (i32.const 1000000000))\n"
     "    (i32.const 1000000000)))"},
    {"if takes its condition",
     "(if  ;; label = @1\n"
     "  (i32.eqz (local.get 0))\n"
     "  (then\n"
     "    (br 0 (;@1;)))\n"
     "  (else\n"
     "    (nop)))"},
    {"blocks as operands",
     "(drop\n"
     "  (i32.eqz\n"
     "    (block (result i32)  ;; label = @1\n"
     "      (br 0 (;@1;) (i32.const 1)))))"},
    {"an empty block",
     "(block  ;; label = @1\n"
     ")"},
    {"a call takes its parameters",
     "(call 0 (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))\n"
     "(i32.const 1)\n"
     "(call 0)"},
    {"two results for two operands",
     "(call 1)\n"
     "(drop)\n"
     "(drop)\n"
     "(drop (i32.add (call 1)))"},
    {"try",
     "(try  ;; label = @1\n"
     "  (do\n"
     "    (throw 0))\n"
     "  (catch 0\n"
     "    (rethrow 0 (;@1;)))\n"
     "  (catch_all))"},
    {"delegate",
     "(block  ;; label = @1\n"
     "  (try  ;; label = @2\n"
     "    (do)\n"
     "    (delegate 0 (;@1;))))"},
    {"nothing is known behind a return",
     "(return)\n"
     "(drop (i32.add))"},
};
/* clang-format on */

#define AROUND_HEAD                                                                                \
    "(module\n  (type (;0;) (func (param i32 i64 f32 f64)))\n"                                     \
    "  (type (;1;) (func (result i32 i32)))\n  (type (;2;) (struct (field i8)))\n"                 \
    "  (type (;3;) (array i8))\n  (type (;4;) (func))\n  (table (;0;) 1 funcref)\n"                \
    "  (table (;1;) 1 funcref)\n  (memory (;0;) 1)\n  (memory (;1;) 1)\n  (tag (;0;) (type 4))\n"  \
    "  (elem (;0;) func 0)\n  (func (;0;) (type 0) (param i32 i64 f32 f64)\n"
#define AROUND_TAIL                                                                                \
    "\n  )\n  (func (;1;) (type 1) (result i32 i32)\n    unreachable\n  )\n"                       \
    "  (data (;0;) \"\")\n)\n"
#define AROUND_TAIL_FOLDED                                                                         \
    "\n  )\n  (func (;1;) (type 1) (result i32 i32)\n    (unreachable)\n  )\n"                     \
    "  (data (;0;) \"\")\n)\n"

struct job {
    struct arena *arena;
    struct str text;
    bool folded;
    struct buf out;
};

static enum status parse_and_print(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct wm_print_options how = {.folded = j->folded};
    struct wm_module m;
    struct str bytes;

    buf_init(&j->out, j->arena);
    TRY(diag_in(dg, wm_wat_parse(j->text, &options, j->arena, &bytes, NULL, dg), "parse"));
    TRY(wm_read_module((const uint8_t *)bytes.text, bytes.size, options.features, j->arena, &m,
                       dg));
    return wm_print_module(&m, &how, &j->out, dg);
}

static void check_same(const char *what, struct str text, bool is_folded)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 64 << 20);
    struct job j = {.arena = &arena, .text = text, .folded = is_folded};
    enum status st = arena_guard(&arena, parse_and_print, &j, &dg);
    bool pass =
        st == ST_OK && j.out.size == text.size && memcmp(j.out.data, text.text, text.size) == 0;
    tap_ok(pass, "%s, %s: comes back the same %s", is_folded ? "folded" : "flat", what, dg.text);
    for (size_t i = 0, start = 0; !pass && st == ST_OK && i < j.out.size; i++)
        if (j.out.data[i] == '\n') {
            printf("# %.*s\n", (int)(i - start), (const char *)j.out.data + start);
            start = i + 1;
        }
    arena_free(&arena);
}

/* The body with each line moved in, between head and tail. */
static struct str around(struct buf *b, const char *body, const char *tail)
{
    buf_text(b, AROUND_HEAD "    ");
    for (; *body != '\0'; body++) {
        buf_byte(b, (uint8_t)*body);
        if (*body == '\n')
            buf_text(b, "    ");
    }
    buf_text(b, tail);
    return (struct str){(const char *)b->data, b->size};
}

static enum status check_texts(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;

    (void)dg;
    for (uint32_t i = 0; i < LENGTH_OF(modules); i++) {
        struct buf b;
        buf_init(&b, a);
        buf_text(&b, "(module");
        buf_text(&b, modules[i].fields[0] == '\0' ? "" : "\n");
        buf_text(&b, modules[i].fields);
        buf_text(&b, modules[i].fields[0] == '\0' ? "\n)\n" : ")\n");
        check_same(modules[i].what, (struct str){(const char *)b.data, b.size}, false);
    }
    for (uint32_t i = 0; i < LENGTH_OF(flat); i++) {
        struct buf b;
        buf_init(&b, a);
        check_same(flat[i].what, around(&b, flat[i].body, AROUND_TAIL), false);
    }
    for (uint32_t i = 0; i < LENGTH_OF(folded); i++) {
        struct buf b;
        buf_init(&b, a);
        check_same(folded[i].what, around(&b, folded[i].body, AROUND_TAIL_FOLDED), true);
    }
    return ST_OK;
}

/* ---- from bytes to text and back ------------------------------------------------------------- */

struct trip {
    struct arena *arena;
    struct buf in;
    bool folded;
    struct str back;
};

static enum status make_trip(void *ctx, struct diag *dg)
{
    struct trip *t = ctx;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct wm_print_options how = {.folded = t->folded};
    struct wm_module m;
    struct buf text;

    buf_init(&text, t->arena);
    TRY(wm_read_module(t->in.data, t->in.size, options.features, t->arena, &m, dg));
    TRY(wm_print_module(&m, &how, &text, dg));
    return wm_wat_parse((struct str){(const char *)text.data, text.size}, &options, t->arena,
                        &t->back, NULL, dg);
}

static void check_trip(const char *what, struct buf in, bool is_folded)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 64 << 20);
    struct trip t = {.arena = &arena, .in = in, .folded = is_folded};
    enum status st = arena_guard(&arena, make_trip, &t, &dg);
    tap_ok(st == ST_OK && t.back.size == in.size && memcmp(t.back.text, in.data, in.size) == 0,
           "%s: %zu bytes to text and back, %s %s", what, in.size, is_folded ? "folded" : "flat",
           dg.text);
    arena_free(&arena);
}

static void section(struct buf *out, uint8_t id, const struct buf *content)
{
    buf_byte(out, id);
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

/* A module with one function of type () -> () and the instructions given, without their end. */
static void one_function(struct buf *out, struct arena *a, const struct buf *body)
{
    struct buf code;

    buf_init(out, a);
    buf_init(&code, a);
    buf_bytes(out, "\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0", 18);
    buf_byte(&code, 1);
    buf_uleb(&code, body->size + 2);
    buf_byte(&code, 0);
    buf_bytes(&code, body->data, body->size);
    buf_byte(&code, 0x0b);
    section(out, WM_SECTION_CODE, &code);
}

/* Edges of every exponent, NaN payloads, and numbers from a fixed seed. */
static void check_numbers(struct arena *a)
{
    struct buf body, in;
    uint64_t x = 88172645463325252; /* xorshift64 */

    buf_init(&body, a);
    for (uint32_t i = 0; i < 6000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t bits = i < 4096 ? (uint64_t)i << 52 | (i % 3 == 0   ? 0
                                                        : i % 3 == 1 ? 1
                                                                     : x >> 12)
                                 : x;
        struct wm_ins f64 = {.op = WM_OP_F64_CONST, .f64_bits = bits};
        struct wm_ins f32 = {.op = WM_OP_F32_CONST, .f32_bits = (uint32_t)(bits >> 32)};
        struct wm_ins i64 = {.op = WM_OP_I64_CONST, .i64 = (int64_t)(x >> i % 64)};
        struct wm_ins i32 = {.op = WM_OP_I32_CONST, .i32 = (int32_t)(x >> i % 32)};
        struct wm_ins drop = {.op = WM_OP_DROP};
        wm_ins_write(&body, &f64);
        wm_ins_write(&body, &f32);
        wm_ins_write(&body, &i64);
        wm_ins_write(&body, &i32);
        wm_ins_write(&body, &drop);
    }
    one_function(&in, a, &body);
    check_trip("24000 numbers", in, false);
    check_trip("24000 numbers", in, true);
}

/* Blocks and operands nested deeper than any stack of ours is folded. */
static void check_depth(struct arena *a)
{
    enum { DEPTH = 50000 };
    static const struct wm_ins block = {.op = WM_OP_BLOCK}, end = {.op = WM_OP_END},
                               zero = {.op = WM_OP_I32_CONST}, eqz = {.op = WM_OP_I32_EQZ},
                               drop = {.op = WM_OP_DROP};
    struct buf body, in;

    buf_init(&body, a);
    for (uint32_t i = 0; i < DEPTH; i++)
        wm_ins_write(&body, &block);
    for (uint32_t i = 0; i < DEPTH; i++)
        wm_ins_write(&body, &end);
    one_function(&in, a, &body);
    check_trip("50000 nested blocks", in, false);
    check_trip("50000 nested blocks", in, true);

    body.size = 0;
    wm_ins_write(&body, &zero);
    for (uint32_t i = 0; i < DEPTH; i++)
        wm_ins_write(&body, &eqz);
    wm_ins_write(&body, &drop);
    one_function(&in, a, &body);
    check_trip("50000 nested operands", in, true);
}

#define BYTES(literal) literal, sizeof(literal) - 1

/* Each row names the module's function and its first local. */
static const struct {
    const char *what, *name;
    size_t size;
} odd_names[] = {
    {"a plain name",                      BYTES("main")                                 },
    {"every mark an identifier may have", BYTES("!#$%&'*+-./:<=>?@\\^_`|~")             },
    {"a blank",                           BYTES("operator delete(void*, unsigned long)")},
    {"quotes and brackets",               BYTES("\"a\"(;b;)[c],{}")                     },
    {"controls",                          BYTES("\t\n\x01\x7f\0end")                    },
    {"other scripts",                     BYTES("\xce\xbb\xe2\x82\xac\xf0\x9f\xa6\x80") },
    {"characters that reorder text",      BYTES("\xe2\x80\xaetxt\xe2\x81\xa6")          },
    {"not UTF-8",                         BYTES("\xff\xfe")                             },
    {"empty",                             BYTES("")                                     },
};

static void check_odd_names(struct arena *a)
{
    static const struct wm_ins call = {.op = WM_OP_CALL};

    for (uint32_t i = 0; i < LENGTH_OF(odd_names); i++) {
        struct buf body, in, names, custom;
        struct wm_names_builder *b = wm_names_builder_new(a);
        struct str name = {odd_names[i].name, odd_names[i].size};
        buf_init(&body, a);
        buf_init(&names, a);
        buf_init(&custom, a);
        wm_ins_write(&body, &call);
        one_function(&in, a, &body);
        wm_names_add(b, WM_NAME_MODULE, 0, name);
        wm_names_add(b, WM_NAME_FUNC, 0, name);
        wm_names_add(b, WM_NAME_TYPE, 0, name);
        wm_names_add_inner(b, WM_NAME_LOCAL, 0, 0, name); /* there is no local 0 */
        wm_names_write(b, &names);
        buf_bytes(&custom, "\4name", 5);
        buf_bytes(&custom, names.data, names.size);
        section(&in, WM_SECTION_CUSTOM, &custom);
        check_trip(odd_names[i].what, in, false);
    }
}

/* Bodies that the reader lets pass and that have no text. */
static const struct {
    const char *what, *body;
    size_t size;
    const char *message;
} refusals[] = {
    {"else outside of an if",     BYTES("\5"),     "else outside of any block"    },
    {"catch outside of a try",    BYTES("\7\0"),   "catch outside of any block"   },
    {"delegate outside of a try", BYTES("\x18\0"), "delegate outside of any block"},
    {"bytes behind the end",      BYTES("\x0b"),   "1 bytes behind the end"       },
    {"a block without an end",    BYTES("\2\x40"), "stops without its end"        },
    {"an unknown opcode",         BYTES("\xf0"),   "opcode 0xf0"                  },
};

static void check_refusals(struct arena *a)
{
    for (uint32_t i = 0; i < LENGTH_OF(refusals) * 2; i++) {
        struct buf body, in, text;
        struct wm_module m;
        struct diag dg = {0};
        struct wm_print_options how = {.folded = i % 2 != 0};
        buf_init(&body, a);
        buf_init(&text, a);
        buf_bytes(&body, refusals[i / 2].body, refusals[i / 2].size);
        one_function(&in, a, &body);
        enum status st = wm_read_module(in.data, in.size, wm_features_all(), a, &m, &dg);
        if (st == ST_OK)
            st = wm_print_module(&m, &how, &text, &dg);
        tap_ok(st == ST_MALFORMED && strstr(dg.text, refusals[i / 2].message) != NULL, "%s, %s: %s",
               refusals[i / 2].what, how.folded ? "folded" : "flat", dg.text);
    }
}

struct pieces {
    struct buf joined;
    uint32_t count, stop_at; /* 0: never */
};

static enum status take_piece(void *ctx, struct buf *out, struct diag *dg)
{
    struct pieces *p = ctx;

    if (++p->count == p->stop_at)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the disk is full");
    buf_bytes(&p->joined, out->data, out->size);
    out->size = 0;
    return ST_OK;
}

/* Text handed on piece by piece is the text printed at once; a refusal of the taker ends it. */
static enum status check_flush(struct arena *a, struct diag *dg)
{
    static const struct wm_ins nop = {.op = WM_OP_NOP};
    struct pieces pieces = {0}, cut = {.stop_at = 2};
    struct wm_print_options whole = {.folded = false};
    struct wm_print_options flushed = {.flush = take_piece, .flush_ctx = &pieces};
    struct buf in, body, text, last;
    struct wm_module m;

    buf_init(&body, a);
    for (uint32_t i = 0; i < 1 << 17; i++)
        wm_ins_write(&body, &nop);
    one_function(&in, a, &body);
    TRY(wm_read_module(in.data, in.size, wm_features_all(), a, &m, dg));
    struct wm_data data = {
        .mode = WM_SEGMENT_PASSIVE, .content = {body.data, 1 << 17, 0}
    };
    struct wm_data datas[] = {data, data, data, data};
    m.datas = datas;
    m.data_count = LENGTH_OF(datas);
    buf_init(&text, a);
    buf_init(&last, a);
    buf_init(&pieces.joined, a);
    buf_init(&cut.joined, a);
    TRY(wm_print_module(&m, &whole, &text, dg));
    TRY(wm_print_module(&m, &flushed, &last, dg));
    buf_bytes(&pieces.joined, last.data, last.size);
    tap_ok(pieces.count > 1 && pieces.joined.size == text.size &&
               memcmp(pieces.joined.data, text.data, text.size) == 0,
           "%u pieces of %zu bytes of text", pieces.count, text.size);
    flushed.flush_ctx = &cut;
    last.size = 0;
    tap_ok(wm_print_module(&m, &flushed, &last, dg) == ST_IO && cut.count == 2,
           "a taker that refuses: %s", dg->text);
    *dg = (struct diag){0};
    return ST_OK;
}

static enum status check_trips(void *ctx, struct diag *dg)
{
    check_numbers(ctx);
    check_depth(ctx);
    check_odd_names(ctx);
    check_refusals(ctx);
    return check_flush(ctx, dg);
}

int main(void)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 256 << 20);
    tap_ok(arena_guard(&arena, check_texts, &arena, &dg) == ST_OK, "within its memory %s", dg.text);
    tap_ok(arena_guard(&arena, check_trips, &arena, &dg) == ST_OK, "and the trips %s", dg.text);
    arena_free(&arena);
    return tap_done();
}
