/* test_leb128: a row per width, boundary, first value past it, and way to be malformed; then every
 * number of one and two bytes against a direct computation. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/wasm/read.h"

#include <inttypes.h>

enum width { U32, U64, S32, S33, S64 };
static const char *const width_text[] = {"u32", "u64", "s32", "s33", "s64"};

static enum status read_number(struct wm_reader *r, enum width width, int64_t *out, struct diag *dg)
{
    enum status st = ST_OK;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    int32_t s32 = 0;

    *out = 0;
    switch (width) {
    case U32:
        st = wm_read_u32(r, &u32, dg);
        *out = u32;
        return st;
    case U64:
        st = wm_read_u64(r, &u64, dg);
        *out = (int64_t)u64;
        return st;
    case S32:
        st = wm_read_s32(r, &s32, dg);
        *out = s32;
        return st;
    case S33: return wm_read_s33(r, out, dg);
    default: return wm_read_s64(r, out, dg);
    }
}

/* clang-format off */
static const struct {
    const char *name;
    enum width width;
    const char *bytes;
    uint32_t size;
    int64_t want;
    enum status status;
    uint64_t offset; /* where the refusal must point */
} rows[] = {
    {"zero", U32, "\x00", 1, 0, ST_OK, 0},
    {"widest one byte", U32, "\x7f", 1, 127, ST_OK, 0},
    {"first two bytes", U32, "\x80\x01", 2, 128, ST_OK, 0},
    {"padded zero", U32, "\x80\x80\x80\x80\x00", 5, 0, ST_OK, 0},
    {"max", U32, "\xff\xff\xff\xff\x0f", 5, UINT32_MAX, ST_OK, 0},
    {"bit 32 set", U32, "\xff\xff\xff\xff\x1f", 5, 0, ST_MALFORMED, 0},
    {"bit 34 set", U32, "\x80\x80\x80\x80\x40", 5, 0, ST_MALFORMED, 0},
    {"too long", U32, "\x80\x80\x80\x80\x80\x00", 6, 0, ST_MALFORMED, 0},
    {"too long and cut", U32, "\x80\x80\x80\x80\x80", 5, 0, ST_MALFORMED, 0},
    {"nothing", U32, "", 0, 0, ST_MALFORMED, 0},
    {"cut short", U32, "\x80\x80", 2, 0, ST_MALFORMED, 2},
    {"zero", U64, "\x00", 1, 0, ST_OK, 0},
    {"2^32", U64, "\x80\x80\x80\x80\x10", 5, INT64_C(1) << 32, ST_OK, 0},
    {"max", U64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, -1, ST_OK, 0},
    {"bit 64 set", U64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 0, ST_MALFORMED, 0},
    {"too long", U64, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, 0, ST_MALFORMED, 0},
    {"cut short", U64, "\x80\x80\x80\x80\x80\x80\x80\x80\x80", 9, 0, ST_MALFORMED, 9},
    {"zero", S32, "\x00", 1, 0, ST_OK, 0},
    {"widest one byte", S32, "\x3f", 1, 63, ST_OK, 0},
    {"minus one", S32, "\x7f", 1, -1, ST_OK, 0},
    {"minus 64", S32, "\x40", 1, -64, ST_OK, 0},
    {"64", S32, "\xc0\x00", 2, 64, ST_OK, 0},
    {"minus 65", S32, "\xbf\x7f", 2, -65, ST_OK, 0},
    {"padded minus one", S32, "\xff\xff\xff\xff\x7f", 5, -1, ST_OK, 0},
    {"max", S32, "\xff\xff\xff\xff\x07", 5, INT32_MAX, ST_OK, 0},
    {"min", S32, "\x80\x80\x80\x80\x78", 5, INT32_MIN, ST_OK, 0},
    {"past max", S32, "\xff\xff\xff\xff\x0f", 5, 0, ST_MALFORMED, 0},
    {"past min", S32, "\x80\x80\x80\x80\x70", 5, 0, ST_MALFORMED, 0},
    {"half a sign", S32, "\xff\xff\xff\xff\x4f", 5, 0, ST_MALFORMED, 0},
    {"too long", S32, "\xff\xff\xff\xff\xff\x7f", 6, 0, ST_MALFORMED, 0},
    {"cut short", S32, "\xff", 1, 0, ST_MALFORMED, 1},
    {"2^31", S33, "\x80\x80\x80\x80\x08", 5, INT64_C(1) << 31, ST_OK, 0},
    {"max", S33, "\xff\xff\xff\xff\x0f", 5, UINT32_MAX, ST_OK, 0},
    {"min", S33, "\x80\x80\x80\x80\x70", 5, -(INT64_C(1) << 32), ST_OK, 0},
    {"past max", S33, "\xff\xff\xff\xff\x1f", 5, 0, ST_MALFORMED, 0},
    {"too long", S33, "\x80\x80\x80\x80\x80\x00", 6, 0, ST_MALFORMED, 0},
    {"max", S64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10, INT64_MAX, ST_OK, 0},
    {"min", S64, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10, INT64_MIN, ST_OK, 0},
    {"past max", S64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 0, ST_MALFORMED, 0},
    {"past min", S64, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7e", 10, 0, ST_MALFORMED, 0},
    {"too long", S64, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, 0, ST_MALFORMED, 0},
};
/* clang-format on */

/* A reader must stand behind a good number, and where it was before a bad one. */
static void test_rows(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct wm_reader r = {.bytes = (const uint8_t *)rows[i].bytes, .end = rows[i].size};
        struct diag dg = {0};
        int64_t got = 0;
        enum status st = read_number(&r, rows[i].width, &got, &dg);
        size_t pos = st == ST_OK ? rows[i].size : 0;
        bool pass = st == rows[i].status && got == rows[i].want && dg.offset == rows[i].offset &&
                    r.pos == pos;
        tap_ok(pass, "%s %s: %s, %" PRId64 " %s", width_text[rows[i].width], rows[i].name,
               status_text(st), got, dg.text);
    }
}

static void test_short_numbers(void)
{
    uint32_t wrong = 0;

    for (uint32_t first = 0; first < 256; first++)
        for (uint32_t second = 0; second < 128; second++) {
            const uint8_t bytes[] = {(uint8_t)first, (uint8_t)second};
            bool is_long = first >= 0x80;
            uint32_t raw = is_long ? (first & 0x7f) | second << 7 : first;
            uint32_t bits = is_long ? 14 : 7;
            int32_t sign = (raw >> (bits - 1) & 1) != 0 ? (int32_t)raw - (1 << bits) : (int32_t)raw;
            for (enum width w = U32; w <= S64; w++) {
                struct wm_reader r = {.bytes = bytes, .end = 2};
                int64_t got = 0, want = w == U32 || w == U64 ? (int64_t)raw : sign;
                enum status st = read_number(&r, w, &got, NULL);
                wrong += st != ST_OK || got != want || r.pos != (is_long ? 2 : 1);
            }
        }
    tap_ok(wrong == 0, "all numbers of one and two bytes: %u wrong", wrong);
}

int main(void)
{
    test_rows();
    test_short_numbers();
    return tap_done();
}
