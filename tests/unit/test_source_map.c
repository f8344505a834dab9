/* test_source_map: what is written is read again, at every length of the numbers; and bytes that
 * nobody wrote end. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/codegen/source_map.h"

#include <string.h>

static const struct source_change changes[] = {
    {0, 0},
    {0, 5},                  /* at the same place */
    {1, 4},
    {128, 67},               /* the last step of one byte forwards */
    {256, 131},              /* the first distance and step of two */
    {383, 67},               /* the last step of one byte back */
    {384, 2},                /* the first of two */
    {100000, 7000000},
    {100001, 0x80000003},    /* the highest bit means something to others */
    {100002, 0x80000004},
    {100003, 1},
    {UINT32_MAX, UINT32_MAX},
};

static enum status round_trip(void *ctx, struct diag *dg)
{
    struct source_change last = {0, 0}, got = {0, 0};
    struct buf b;

    (void)dg;
    buf_init(&b, ctx);
    for (size_t i = 0; i < LENGTH_OF(changes); i++)
        source_map_add(&b, &last, changes[i].offset, changes[i].position);
    const uint8_t *at = b.data, *end = b.data + b.size;
    for (size_t i = 0; i < LENGTH_OF(changes); i++) {
        const bool is_there = source_map_next(&at, end, &got);
        tap_ok(is_there && memcmp(&got, &changes[i], sizeof(got)) == 0,
               "change %zu: offset %u, position %u", i, got.offset, got.position);
    }
    tap_ok(!source_map_next(&at, end, &got) && at == end, "then there is no more");
    return ST_OK;
}

static const struct {
    const char *name, *bytes;
    size_t size;
    uint32_t changes;
} damaged[] = {
    {"nothing",                  "",                                 0,  0},
    {"no position",              "\x05",                             1,  0},
    {"a distance without end",   "\x80\x80\x80\x80\x80\x80\x80\x80", 8,  0},
    {"a number of eleven bytes", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x7f", 12, 1},
    {"distances that wrap",      "\xff\xff\xff\xff\x0f\x01\xff\xff\xff\xff\x0f\x01", 12, 2},
};

int main(void)
{
    struct arena a;
    struct diag dg = {0};

    arena_init(&a, 1 << 16);
    tap_ok(arena_guard(&a, round_trip, &a, &dg) == ST_OK, "written and read %s", dg.text);
    arena_free(&a);
    for (size_t i = 0; i < LENGTH_OF(damaged); i++) {
        const uint8_t *at = (const uint8_t *)damaged[i].bytes, *end = at + damaged[i].size;
        struct source_change got = {0, 0};
        uint32_t count = 0;
        while (source_map_next(&at, end, &got))
            count++;
        tap_ok(count == damaged[i].changes && at == end, "%s: %u changes", damaged[i].name, count);
    }
    return tap_done();
}
