/* test_arena: limit, unwinding, zeroing after release, growth, and failing every allocation once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/arena.h"
#include "base/mem.h"

#include <string.h>

struct job {
    struct arena *arena;
    size_t count, size;
    bool reached_end;
};

static enum status allocate(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    (void)dg;
    memset(arena_alloc(job->arena, job->count, job->size), 0xff, job->count * job->size);
    job->reached_end = true;
    return ST_OK;
}

static const struct {
    const char *name;
    size_t limit_bytes, count, size;
    enum status status;
} rows[] = {
    {"nothing",            1 << 16,  0,        1,        ST_OK   },
    {"one byte",           1 << 16,  1,        1,        ST_OK   },
    {"a chunk of its own", 1 << 16,  1,        20000,    ST_OK   },
    {"exactly the limit",  1 << 16,  1,        1 << 16,  ST_OK   },
    {"one past the limit", 1 << 16,  1,        65537,    ST_LIMIT},
    {"no memory allowed",  0,        1,        1,        ST_LIMIT},
    {"product overflows",  SIZE_MAX, SIZE_MAX, 2,        ST_LIMIT},
    {"rounding overflows", SIZE_MAX, SIZE_MAX, 1,        ST_LIMIT},
    {"huge product",       1 << 16,  1u << 31, 1u << 31, ST_LIMIT},
};

static void test_limits(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct arena a;
        struct diag dg = {0};
        arena_init(&a, rows[i].limit_bytes);
        struct job job = {.arena = &a, .count = rows[i].count, .size = rows[i].size};
        enum status st = arena_guard(&a, allocate, &job, &dg);
        bool told = st == ST_OK || (dg.status == st && dg.text[0] != '\0');
        tap_ok(st == rows[i].status && job.reached_end == (st == ST_OK) && told, "%s: %s %s",
               rows[i].name, status_text(st), dg.text);
        arena_free(&a);
        tap_ok(a.used_bytes == 0 && a.head == NULL, "%s: free gives everything back", rows[i].name);
    }
}

/* Takes and marks and releases across chunks; every block must come back zeroed. */
static enum status release_zeroes(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    bool zero = true;
    (void)dg;
    arena_alloc(a, 1, 100);
    for (uint32_t round = 0; round < 50; round++) {
        struct arena_mark mark = arena_mark(a);
        for (uint32_t i = 0; i < round; i++) {
            size_t size = 37 * (i + 1);
            uint8_t *block = arena_alloc(a, size, 1);
            for (size_t j = 0; j < size; j++)
                zero = zero && block[j] == 0;
            zero = zero && (uintptr_t)block % 16 == 0;
            memset(block, 0xa5, size);
        }
        arena_release(a, mark);
    }
    return zero ? ST_OK : ST_INVALID;
}

static enum status grow_keeps(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    uint32_t *items = NULL;
    uint32_t count = 0, capacity = 0;
    (void)dg;
    for (uint32_t i = 0; i < 10000; i++) {
        ARENA_PUSH(a, items, count, capacity, i);
        if (i % 1000 == 0)
            arena_alloc(a, 1, 1); /* so that some growth must move the block */
    }
    bool kept = true;
    for (uint32_t i = 0; i < count; i++)
        kept = kept && items[i] == i;
    for (uint32_t i = count; i < capacity; i++)
        kept = kept && items[i] == 0;
    char *text = arena_copy_text(a, "ab\0c", 4);
    return kept && memcmp(text, "ab\0c\0", 5) == 0 ? ST_OK : ST_INVALID;
}

static enum status nested(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    struct job job = {.arena = a, .count = 1, .size = 1 << 20};
    if (arena_guard(a, allocate, &job, dg) != ST_LIMIT)
        return ST_INVALID;
    job.size = 16;
    return arena_guard(a, allocate, &job, dg); /* the outer guard still works */
}

static void test_job(const char *name, enum status (*fn)(void *, struct diag *), size_t limit_bytes)
{
    struct arena a;
    struct diag dg = {0};
    arena_init(&a, limit_bytes);
    enum status st = arena_guard(&a, fn, &a, &dg);
    tap_ok(st == ST_OK, "%s: %s", name, status_text(st));
    tap_ok(a.guard == NULL, "%s: no guard is left behind", name);
    arena_free(&a);
}

/* Fails the 1st, 2nd, 3rd... allocation until the body passes: each failure is ST_NO_MEMORY. */
static void test_faults(void)
{
    for (uint64_t nth = 1; nth < 100; nth++) {
        struct arena a;
        struct diag dg = {0};
        arena_init(&a, 1 << 24);
        mem_fault_set(nth);
        enum status st = arena_guard(&a, grow_keeps, &a, &dg);
        bool hit = mem_fault_hit();
        mem_fault_set(0);
        arena_free(&a);
        tap_ok(st == (hit ? ST_NO_MEMORY : ST_OK), "allocation %u fails: %s %s", (unsigned)nth,
               status_text(st), dg.text);
        if (!hit)
            return;
    }
    tap_ok(false, "the body never passed");
}

int main(void)
{
    test_limits();
    test_job("release zeroes", release_zeroes, 1 << 24);
    test_job("grow keeps", grow_keeps, 1 << 24);
    test_job("nested guards", nested, 1 << 16);
    test_faults();
    return tap_done();
}
