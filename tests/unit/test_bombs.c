/* test_bombs: inputs that claim much or nest deeply. Each ends in a refusal that names what was
 * claimed, or is taken; and what reading, validating and parsing cost is bounded by what the input
 * weighs: at most MEMORY_FACTOR bytes for each of its bytes, and MEMORY_BASE besides. (Printing
 * costs what the text weighs.)
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "shield/wasm/wat.h"

#include "tap.h"

#include <string.h>

enum { MEMORY_FACTOR = 64, MEMORY_BASE = 64 << 10 };

/* Sections behind the header. F is 2^32 - 1 as LEB128. */
#define F              "\xff\xff\xff\xff\x0f"
#define BYTES(literal) literal, sizeof(literal) - 1
#define FUNC           "\1\4\1\x60\0\0\3\2\1\0"

/* clang-format off */
static const struct {
    const char *what, *sections;
    size_t size;
    enum status status; /* MALFORMED: the bytes that would have to follow are not there */
} claims[] = {
    {"2^32 - 1 types", BYTES("\1\5" F), ST_MALFORMED},
    {"types within the limit that are not there", BYTES("\1\3\xff\xff\x03"), ST_MALFORMED},
    {"2^32 - 1 types in a group", BYTES("\1\7\1\x4e" F), ST_MALFORMED},
    {"2^32 - 1 parameters", BYTES("\1\7\1\x60" F), ST_MALFORMED},
    {"2^32 - 1 fields", BYTES("\1\7\1\x5f" F), ST_MALFORMED},
    {"2^32 - 1 imports", BYTES("\2\5" F), ST_MALFORMED},
    {"2^32 - 1 functions", BYTES("\3\5" F), ST_MALFORMED},
    {"2^32 - 1 tables", BYTES("\4\5" F), ST_MALFORMED},
    {"2^32 - 1 memories", BYTES("\5\5" F), ST_MALFORMED},
    {"2^32 - 1 globals", BYTES("\6\5" F), ST_MALFORMED},
    {"2^32 - 1 tags", BYTES("\x0d\5" F), ST_MALFORMED},
    {"2^32 - 1 exports", BYTES("\7\5" F), ST_MALFORMED},
    {"2^32 - 1 element segments", BYTES("\x09\5" F), ST_MALFORMED},
    {"2^32 - 1 items of an element segment",
     BYTES("\4\4\1\x70\0\1\x09\x0a\1\0\x41\0\x0b" F), ST_MALFORMED},
    {"2^32 - 1 bodies", BYTES("\x0a\5" F), ST_MALFORMED},
    {"2^32 - 1 data segments", BYTES("\x0b\5" F), ST_MALFORMED},
    {"2^32 - 1 announced data segments", BYTES("\x0c\5" F), ST_MALFORMED},
    {"2^32 - 1 bytes of a data segment", BYTES("\x0b\7\1\1" F), ST_MALFORMED},
    {"2^32 - 1 bytes of a section", BYTES("\1" F), ST_MALFORMED},
    {"2^32 - 1 bytes of a name", BYTES("\0\5" F), ST_MALFORMED},
    {"2^32 - 1 locals", BYTES(FUNC "\x0a\x0a\1\x08\1" F "\x7f\x0b"), ST_LIMIT},
    {"2^32 - 1 runs of locals", BYTES(FUNC "\x0a\x09\1\7" F "\0\x0b"), ST_MALFORMED},
    {"twice 2^32 - 1 locals: no overflow",
     BYTES(FUNC "\x0a\x10\1\x0e\2" F "\x7f" F "\x7e\x0b"), ST_MALFORMED},
    {"2^32 - 1 branch targets", BYTES(FUNC "\x0a\x0b\1\x09\0\x41\0\x0e" F "\x0b"), ST_MALFORMED},
    {"2^32 - 1 catch clauses", BYTES(FUNC "\x0a\x0b\1\x09\0\x1f\x40" F "\x0b"), ST_MALFORMED},
    {"2^32 - 1 operands of array.new_fixed",
     BYTES("\1\7\2\x60\0\0\x5e\x7f\0\3\2\1\0\x0a\x0c\1\x0a\0\xfb\x08\1" F "\x0b"), ST_LIMIT},
    {"50,000 locals from four bytes", BYTES(FUNC "\x0a\x08\1\6\1\xd0\x86\x03\x7f\x0b"), ST_OK},
    {"a table of 2^32 - 1 elements", BYTES("\4\x08\1\x70\0" F), ST_OK},
    {"a memory of 2^48 pages of i64", BYTES("\5\x09\1\4\x80\x80\x80\x80\x80\x80\x40"), ST_OK},
    {"a name section of 2^32 - 1 names", BYTES("\0\x0c\4name\1\5" F), ST_OK},
};
/* clang-format on */

struct job {
    struct arena *arena;
    struct str bytes;
    bool then_print;
    struct buf made; /* by the makers below */
    uint32_t depth;
};

static enum status read_and_judge(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_module m;
    struct buf text;

    TRY(wm_read_module((const uint8_t *)j->bytes.text, j->bytes.size, wm_features_all(), j->arena,
                       &m, dg));
    TRY(wm_validate(&m, j->arena, dg));
    if (!j->then_print)
        return ST_OK;
    struct wm_print_options how = {.folded = true};
    buf_init(&text, j->arena);
    return wm_print_module(&m, &how, &text, dg);
}

static enum status parse(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct str bytes;
    return wm_wat_parse(j->bytes, &options, j->arena, &bytes, NULL, dg);
}

/* Runs fn over bytes and checks status and memory. */
static void check(const char *what, struct str bytes, enum status want, bool then_print,
                  enum status (*fn)(void *, struct diag *))
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, (size_t)2 << 30);
    struct job j = {.arena = &arena, .bytes = bytes, .then_print = then_print};
    enum status st = arena_guard(&arena, fn, &j, &dg);
    size_t bound = (size_t)MEMORY_FACTOR * bytes.size + MEMORY_BASE;
    tap_ok(st == want && (st == ST_OK || dg.text[0] != '\0'), "%s: %s %s", what, status_text(st),
           dg.text);
    tap_ok(then_print || arena.used_bytes <= bound, "%s: %zu bytes of input took %zu of memory",
           what, bytes.size, arena.used_bytes);
    arena_free(&arena);
}

/* ---- claims ---------------------------------------------------------------------------------- */

static void check_claims(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(claims); i++) {
        char bytes[128] = "\0asm\1\0\0";
        memcpy(bytes + 8, claims[i].sections, claims[i].size);
        check(claims[i].what, (struct str){bytes, 8 + claims[i].size}, claims[i].status, false,
              read_and_judge);
    }
}

/* ---- nesting --------------------------------------------------------------------------------- */

static void repeat(struct buf *b, const char *bytes, size_t size, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        buf_bytes(b, bytes, size);
}

static void section(struct buf *out, uint8_t id, const struct buf *content)
{
    buf_byte(out, id);
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

/* One function whose body is depth times open, then middle, then depth times close, and its end. */
static struct str nested(struct arena *a, const char *open, size_t open_size, const char *middle,
                         size_t middle_size, const char *close, size_t close_size, uint32_t depth)
{
    struct buf body, code, out;

    buf_init(&body, a);
    buf_init(&code, a);
    buf_init(&out, a);
    buf_byte(&body, 0);
    repeat(&body, open, open_size, depth);
    buf_bytes(&body, middle, middle_size);
    repeat(&body, close, close_size, depth);
    buf_byte(&body, 0x0b);
    buf_byte(&code, 1);
    buf_uleb(&code, body.size);
    buf_bytes(&code, body.data, body.size);
    buf_bytes(&out, "\0asm\1\0\0\0" FUNC, 18);
    section(&out, WM_SECTION_CODE, &code);
    return (struct str){(const char *)out.data, out.size};
}

/* Text: head, depth times open, middle, depth times close, tail. */
static struct str nested_text(struct arena *a, const char *head, const char *open,
                              const char *middle, const char *close, const char *tail,
                              uint32_t depth)
{
    struct buf b;

    buf_init(&b, a);
    buf_text(&b, head);
    repeat(&b, open, strlen(open), depth);
    buf_text(&b, middle);
    repeat(&b, close, strlen(close), depth);
    buf_text(&b, tail);
    return (struct str){(const char *)b.data, b.size};
}

static void check_nesting(struct arena *a)
{
    enum { MUCH = 3000000 };

    check("99,999 nested blocks", nested(a, BYTES("\2\x40"), BYTES(""), BYTES("\x0b"), 99999),
          ST_OK, true, read_and_judge);
    check("3,000,000 blocks without an end", nested(a, BYTES("\2\x40"), BYTES(""), BYTES(""), MUCH),
          ST_LIMIT, false, read_and_judge);
    check("1,000,000 nested operands", nested(a, BYTES("\x45"), BYTES(""), BYTES(""), 1000000),
          ST_INVALID, false, read_and_judge);
    check("1,000,000 operands on the stack",
          nested(a, BYTES("\x41\0"), BYTES(""), BYTES("\x1a"), 1000000), ST_OK, true,
          read_and_judge);
    check("3,000,000 open parentheses", nested_text(a, "", "(", "", "", "", MUCH), ST_MALFORMED,
          false, parse);
    check("100,000 folded operands",
          nested_text(a, "(module (func ", "(i32.eqz ", "(i32.const 0)", ")", " drop))", 100000),
          ST_LIMIT, false, parse);
    check("99,999 flat blocks", nested_text(a, "(module (func ", "block ", "", "end ", "))", 99999),
          ST_OK, false, parse);
    check("3,000,000 nested comments", nested_text(a, "", "(;", "", ";)", "(module)", MUCH), ST_OK,
          false, parse);
    check("a string of 3,000,000 bytes without an end",
          nested_text(a, "(module (data \"", "x", "", "", "", MUCH), ST_MALFORMED, false, parse);
}

/* ---- many functions -------------------------------------------------------------------------- */

static void check_many_functions(struct arena *a)
{
    enum { COUNT = 100000 };
    struct buf funcs, code, out;

    buf_init(&funcs, a);
    buf_init(&code, a);
    buf_init(&out, a);
    buf_uleb(&funcs, COUNT);
    buf_uleb(&code, COUNT);
    repeat(&funcs, "\0", 1, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) { /* call the one before */
        struct wm_ins call = {.op = WM_OP_CALL, .index = i == 0 ? 0 : i - 1};
        struct buf body;
        struct arena_mark mark = arena_mark(a);
        uint8_t bytes[16];
        buf_init(&body, a);
        wm_ins_write(&body, &call);
        size_t size = body.size;
        memcpy(bytes, body.data, size);
        arena_release(a, mark);
        buf_uleb(&code, size + 2);
        buf_byte(&code, 0);
        buf_bytes(&code, bytes, size);
        buf_byte(&code, 0x0b);
    }
    buf_bytes(&out, "\0asm\1\0\0\0\1\4\1\x60\0\0", 14);
    section(&out, WM_SECTION_FUNC, &funcs);
    section(&out, WM_SECTION_CODE, &code);
    check("100,000 functions", (struct str){(const char *)out.data, out.size}, ST_OK, true,
          read_and_judge);
}

static enum status run(void *ctx, struct diag *dg)
{
    (void)dg;
    check_nesting(ctx);
    check_many_functions(ctx);
    return ST_OK;
}

int main(void)
{
    struct arena arena;
    struct diag dg = {0};

    check_claims();
    arena_init(&arena, (size_t)1 << 30);
    tap_ok(arena_guard(&arena, run, &arena, &dg) == ST_OK, "the bombs themselves fit %s", dg.text);
    arena_free(&arena);
    return tap_done();
}
