/* test_write: modules in odd encodings: what the canonical form makes of each, and that the script
 * of encoding.h leads back to the odd bytes. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/encoding.h"
#include "shield/wasm/read.h"
#include "shield/wasm/write.h"

#include "tap.h"

#include <string.h>

#define HEADER         "\0asm\1\0\0\0"
#define FUNC           "\1\4\1\x60\0\0\3\2\1\0" /* one type, () -> (); one function */
#define BYTES(literal) literal, sizeof(literal) - 1

/* Sections behind the header: as given, and canonical. */
/* clang-format off */
static const struct {
    const char *what, *in;
    size_t in_size;
    const char *out;
    size_t out_size;
} rows[] = {
    {"nothing", BYTES(""), BYTES("")},
    {"one function", BYTES(FUNC "\x0a\4\1\2\0\x0b"), BYTES(FUNC "\x0a\4\1\2\0\x0b")},
    {"section size padded", BYTES("\1\x84\x80\x80\x80\0\1\x60\0\0"), BYTES("\1\4\1\x60\0\0")},
    {"empty sections", BYTES("\1\1\0\2\1\0\3\1\0\x0a\1\0"), BYTES("")},
    {"counts padded", BYTES("\1\7\x81\0\x60\x80\0\x80\0"), BYTES("\1\4\1\x60\0\0")},
    {"empty recursion group", BYTES("\1\3\1\x4e\0"), BYTES("")},
    {"group of one, explicit", BYTES("\1\6\1\x4e\1\x60\0\0"), BYTES("\1\6\1\x4e\1\x60\0\0")},
    {"sub final without supertype", BYTES("\1\6\1\x4f\0\x60\0\0"), BYTES("\1\6\1\x4f\0\x60\0\0")},
    {"long form of funcref", BYTES("\1\6\1\x60\1\x63\x70\0"), BYTES("\1\5\1\x60\1\x70\0")},
    {"split runs of locals", BYTES(FUNC "\x0a\x0a\1\x08\3\1\x7f\0\x7e\2\x7f\x0b"),
     BYTES(FUNC "\x0a\6\1\4\1\3\x7f\x0b")},
    {"padded operands",
     BYTES(FUNC "\x0a\x14\1\x12\0\x41\x80\x80\0\x1a\x41\xff\xff\x7f\x1a\x10\x80\x80\x80\x80\0\x0b"),
     BYTES(FUNC "\x0a\x0c\1\x0a\0\x41\0\x1a\x41\x7f\x1a\x10\0\x0b")},
    {"memory 0 said", BYTES(FUNC "\5\3\1\0\0\x0a\x0b\1\x09\0\x41\0\x28\x42\0\0\x1a\x0b"),
     BYTES(FUNC "\5\3\1\0\0\x0a\x0a\1\x08\0\x41\0\x28\2\0\x1a\x0b")},
    {"data segment with memory 0 said", BYTES("\5\3\1\0\0\x0b\7\1\2\0\x41\0\x0b\0"),
     BYTES("\5\3\1\0\0\x0b\6\1\0\x41\0\x0b\0")},
    {"element segment with table 0 said",
     BYTES(FUNC "\4\4\1\x70\0\1\x09\x09\1\2\0\x41\0\x0b\0\1\0\x0a\4\1\2\0\x0b"),
     BYTES(FUNC "\4\4\1\x70\0\1\x09\7\1\0\x41\0\x0b\1\0\x0a\4\1\2\0\x0b")},
    {"expressions of type funcref, table 0 said",
     BYTES("\4\4\1\x70\0\1\x09\x0b\1\6\0\x41\0\x0b\x70\1\xd0\x70\x0b"),
     BYTES("\4\4\1\x70\0\1\x09\x09\1\4\x41\0\x0b\1\xd0\x70\x0b")},
    {"data count nobody needs", BYTES("\5\3\1\0\0\x0c\1\1\x0b\3\1\1\0"),
     BYTES("\5\3\1\0\0\x0b\3\1\1\0")},
    {"data count that is needed", BYTES(FUNC "\x0c\1\1\x0a\7\1\5\0\xfc\x09\0\x0b\x0b\3\1\1\0"),
     BYTES(FUNC "\x0c\1\1\x0a\7\1\5\0\xfc\x09\0\x0b\x0b\3\1\1\0")},
    {"custom sections stay", BYTES("\0\3\1a\xff\1\4\1\x60\0\0\0\2\1b\0\2\1c"),
     BYTES("\0\3\1a\xff\1\4\1\x60\0\0\0\2\1b\0\2\1c")},
    {"custom name size padded", BYTES("\0\4\x81\0a\xff"), BYTES("\0\3\1a\xff")},
};
/* clang-format on */

struct job {
    struct arena *arena;
    uint32_t row;
    struct buf in, got, want, back;
    struct buf script;
};

static struct str str_of_buf(const struct buf *b)
{
    return (struct str){(const char *)b->data, b->size};
}

static void fill(struct buf *b, struct arena *a, const char *sections, size_t size)
{
    buf_init(b, a);
    buf_bytes(b, HEADER, 8);
    buf_bytes(b, sections, size);
}

static enum status write_again(const struct buf *in, struct buf *out, struct arena *a,
                               struct diag *dg)
{
    struct wm_module m;

    buf_init(out, a);
    TRY(wm_read_module(in->data, in->size, wm_features_all(), a, &m, dg));
    return wm_write_module(&m, out, dg);
}

static enum status run_row(void *ctx, struct diag *dg)
{
    struct job *j = ctx;

    fill(&j->in, j->arena, rows[j->row].in, rows[j->row].in_size);
    fill(&j->want, j->arena, rows[j->row].out, rows[j->row].out_size);
    TRY(write_again(&j->in, &j->got, j->arena, dg));
    buf_init(&j->script, j->arena);
    buf_init(&j->back, j->arena);
    TRY(wm_encoding_make(str_of_buf(&j->in), str_of_buf(&j->got), wm_features_all(), &j->script,
                         dg));
    if (j->script.size == 0)
        buf_bytes(&j->back, j->got.data, j->got.size);
    else
        TRY(wm_encoding_apply(str_of_buf(&j->got), str_of_buf(&j->script), &j->back, dg));
    return ST_OK;
}

static enum status write_twice(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    return write_again(&j->want, &j->got, j->arena, dg);
}

static void check_row(uint32_t row)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 16 << 20);
    struct job j = {.arena = &arena, .row = row};
    enum status st = arena_guard(&arena, run_row, &j, &dg);
    bool is_same = str_equal(str_of_buf(&j.in), str_of_buf(&j.want));
    tap_ok(st == ST_OK && str_equal(str_of_buf(&j.got), str_of_buf(&j.want)),
           "%s: %zu bytes become %zu %s", rows[row].what, j.in.size, j.got.size, dg.text);
    tap_ok(st == ST_OK && str_equal(str_of_buf(&j.back), str_of_buf(&j.in)) &&
               (j.script.size == 0) == is_same,
           "%s: a script of %zu characters leads back", rows[row].what, j.script.size);
    st = arena_guard(&arena, write_twice, &j, &dg);
    tap_ok(st == ST_OK && str_equal(str_of_buf(&j.got), str_of_buf(&j.want)),
           "%s: written again it stays %s", rows[row].what, dg.text);
    arena_free(&arena);
}

/* Scripts for the canonical bytes "0123456789"; hash FNV-1a 64. Head: version, hash, size. */
#define CANONICAL  "0123456789"
#define HEAD(size) "\1\xb2\x30\x43\x8b\xfd\xaa\xc0\x50" size
/* clang-format off */
static const struct {
    const char *what, *script;
    size_t size;
    enum status status;
    const char *text; /* result, or what the message must contain */
} scripts[] = {
    {"no edits", BYTES(HEAD("\x0a")), ST_OK, "0123456789"},
    {"pad the second byte", BYTES(HEAD("\x0b") "\x08"), ST_OK, "0\xb1\0" "23456789"},
    {"pad a negative one by 2", BYTES(HEAD("\x0c") "\x05\2"), ST_OK, "\xb0\xff\x7f" "123456789"},
    {"replace", BYTES(HEAD("\x09") "\x16\3\2ab"), ST_OK, "01ab56789"},
    {"drop the end", BYTES(HEAD("\x02") "\x16\x08\0"), ST_OK, "01"},
    {"version 2", BYTES("\2"), ST_MALFORMED, "version 2"},
    {"another text", BYTES("\1\xb2\x30\x43\x8b\xfd\xaa\xc0\x51\x0a"), ST_MALFORMED, "was changed"},
    {"cut in the hash", BYTES("\1\xb2"), ST_MALFORMED, "@mujun.encoding"},
    {"huge", BYTES(HEAD("\xff\xff\xff\xff\xff\x01")), ST_LIMIT, "at most 1073741824"},
    {"copies too much", BYTES(HEAD("\x0b") "\x58"), ST_MALFORMED, "copies more"},
    {"copies 2^60", BYTES(HEAD("\x0b") "\x80\x80\x80\x80\x80\x80\x80\x80\x80\1"), ST_MALFORMED,
     "copies more"},
    {"pads nothing", BYTES(HEAD("\x0b") "\x54\1"), ST_MALFORMED, "no integer ends"},
    {"pads by 0", BYTES(HEAD("\x0b") "\x04\0"), ST_MALFORMED, "1 to 9"},
    {"pads by 10", BYTES(HEAD("\x14") "\x04\x0a"), ST_MALFORMED, "1 to 9"},
    {"drops too much", BYTES(HEAD("\x02") "\x06\x0b\0"), ST_MALFORMED, "drops more"},
    {"adds more than there is", BYTES(HEAD("\x7f") "\x06\0\x09" "abc"), ST_MALFORMED, "adds more"},
    {"makes too much", BYTES(HEAD("\x0a") "\x08"), ST_MALFORMED, "than it announces"},
    {"makes too little", BYTES(HEAD("\x0b")), ST_MALFORMED, "fewer bytes"},
    {"unknown edit", BYTES(HEAD("\x0a") "\x07"), ST_MALFORMED, "unknown kind"},
};
/* clang-format on */

static void base64(struct buf *out, const char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t bit = 0; bit < size * 8; bit += 6) {
        uint32_t word = (uint32_t)(uint8_t)bytes[bit / 8] << 8;
        word |= bit / 8 + 1 < size ? (uint8_t)bytes[bit / 8 + 1] : 0;
        buf_byte(out, (uint8_t)digits[word >> (10 - bit % 8) & 63]);
    }
    while (out->size % 4 != 0)
        buf_byte(out, '=');
}

static enum status run_script(void *ctx, struct diag *dg)
{
    struct job *j = ctx;

    buf_init(&j->script, j->arena);
    buf_init(&j->back, j->arena);
    base64(&j->script, scripts[j->row].script, scripts[j->row].size);
    return wm_encoding_apply(STR(CANONICAL), str_of_buf(&j->script), &j->back, dg);
}

static void check_script(uint32_t row)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 1 << 20);
    struct job j = {.arena = &arena, .row = row};
    enum status st = arena_guard(&arena, run_script, &j, &dg);
    bool pass = st == scripts[row].status;
    if (st == ST_OK)
        pass = pass && memcmp(j.back.data, scripts[row].text, j.back.size) == 0;
    else
        pass = pass && strstr(dg.text, scripts[row].text) != NULL;
    tap_ok(pass, "script, %s: %s, %s", scripts[row].what, status_text(st), dg.text);
    arena_free(&arena);
}

static enum status apply_text(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    static const char *const texts[] = {"AWeY!bFB", "AAA", "====", ""};
    buf_init(&j->back, j->arena);
    return wm_encoding_apply(STR(CANONICAL), str_of(texts[j->row]), &j->back, dg);
}

int main(void)
{
    struct arena arena;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        check_row(i);
    for (uint32_t i = 0; i < LENGTH_OF(scripts); i++)
        check_script(i);
    arena_init(&arena, 1 << 20);
    for (uint32_t i = 0; i < 4; i++) {
        struct diag dg = {0};
        struct job j = {.arena = &arena, .row = i};
        enum status st = arena_guard(&arena, apply_text, &j, &dg);
        tap_ok(st == ST_MALFORMED, "base64 %u: %s", i, dg.text);
    }
    arena_free(&arena);
    return tap_done();
}
