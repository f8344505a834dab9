/* test_buf: LEB128 at every boundary, formatted text, and growth from nothing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/buf.h"

#include <string.h>

static const struct {
    uint64_t value;
    const char *bytes;
    size_t size;
} unsigned_rows[] = {
    {0,          "\x00",                                     1 },
    {1,          "\x01",                                     1 },
    {127,        "\x7f",                                     1 },
    {128,        "\x80\x01",                                 2 },
    {16383,      "\xff\x7f",                                 2 },
    {16384,      "\x80\x80\x01",                             3 },
    {624485,     "\xe5\x8e\x26",                             3 },
    {UINT32_MAX, "\xff\xff\xff\xff\x0f",                     5 },
    {UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
};

static const struct {
    int64_t value;
    const char *bytes;
    size_t size;
} signed_rows[] = {
    {0,         "\x00",                                     1 },
    {63,        "\x3f",                                     1 },
    {64,        "\xc0\x00",                                 2 },
    {-1,        "\x7f",                                     1 },
    {-64,       "\x40",                                     1 },
    {-65,       "\xbf\x7f",                                 2 },
    {-123456,   "\xc0\xbb\x78",                             3 },
    {INT32_MAX, "\xff\xff\xff\xff\x07",                     5 },
    {INT32_MIN, "\x80\x80\x80\x80\x78",                     5 },
    {INT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 10},
    {INT64_MIN, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10},
};

static bool holds(const struct buf *b, const char *bytes, size_t size)
{
    return b->size == size && memcmp(b->data, bytes, size) == 0;
}

static enum status body(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    struct buf b;
    (void)dg;

    for (uint32_t i = 0; i < LENGTH_OF(unsigned_rows); i++) {
        buf_init(&b, a);
        buf_uleb(&b, unsigned_rows[i].value);
        tap_ok(holds(&b, unsigned_rows[i].bytes, unsigned_rows[i].size), "uleb %ju: %zu bytes",
               (uintmax_t)unsigned_rows[i].value, b.size);
    }
    for (uint32_t i = 0; i < LENGTH_OF(signed_rows); i++) {
        buf_init(&b, a);
        buf_sleb(&b, signed_rows[i].value);
        tap_ok(holds(&b, signed_rows[i].bytes, signed_rows[i].size), "sleb %jd: %zu bytes",
               (intmax_t)signed_rows[i].value, b.size);
    }

    buf_init(&b, a);
    buf_text(&b, "a");
    buf_printf(&b, "%s-%d", "b", 7);
    buf_str(&b, STR("\0z"));
    buf_byte(&b, '!');
    buf_bytes(&b, NULL, 0);
    tap_ok(holds(&b, "ab-7\0z!", 7), "pieces join, NUL bytes included");

    buf_init(&b, a);
    for (uint32_t i = 0; i < 5000; i++)
        buf_printf(&b, "%u,", i % 10);
    bool kept = b.size == 10000;
    for (uint32_t i = 0; kept && i < 5000; i++)
        kept = b.data[2 * i] == '0' + i % 10 && b.data[2 * i + 1] == ',';
    tap_ok(kept, "10,000 bytes in 5,000 pieces");

    tap_ok(str_equal(STR("x"), str_of("x")) && !str_equal(STR("x"), STR("xy")) &&
               !str_equal(STR("x"), STR("y")) && str_equal(STR(""), (struct str){NULL, 0}),
           "str_equal compares size and bytes");
    return ST_OK;
}

int main(void)
{
    struct arena a;
    struct diag dg = {0};
    arena_init(&a, 1 << 20);
    tap_ok(arena_guard(&a, body, &a, &dg) == ST_OK, "no allocation failed: %s", dg.text);
    arena_free(&a);
    return tap_done();
}
