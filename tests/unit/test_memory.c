/* test_memory: sizes, growth, limits, guards, sharing, and what happens when the host gives less
 * address space than asked for. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB(n)  ((uint64_t)(n) << 10)
#define MIB(n)  ((uint64_t)(n) << 20)
#define GIB(n)  ((uint64_t)(n) << 30)
#define REFUSED UINT64_MAX

static struct wm_memory type_of(uint64_t min, uint64_t max, bool is_64, uint8_t page_log2)
{
    return (struct wm_memory){
        .limits = {.min = min, .max = max, .has_max = max != UINT64_MAX, .is_64 = is_64},
        .page_log2 = page_log2
    };
}

/* clang-format off */
static const struct {
    const char *name;
    uint64_t min, max; /* UINT64_MAX: none */
    bool is_64;
    uint8_t page_log2;
    uint64_t limit_bytes;
    uint64_t grow[3]; /* one after the other */
    uint64_t want[3];
    uint64_t pages; /* at the end */
} rows[] = {
    {"to the maximum", 1, 4, false, 16, GIB(16), {1, 2, 1}, {1, 2, REFUSED}, 4},
    {"by nothing", 2, 2, false, 16, GIB(16), {0, 1, 0}, {2, REFUSED, 2}, 2},
    {"not into the last page", 0, UINT64_MAX, false, 16, GIB(16), {65535, 1, 1},
     {0, REFUSED, REFUSED}, 65535},
    {"4 GiB from the beginning", 65536, UINT64_MAX, false, 16, GIB(16), {1, 0, 1},
     {REFUSED, 65536, REFUSED}, 65536},
    {"by more than there is", 1, UINT64_MAX, false, 16, GIB(16), {65536, UINT32_MAX, 1},
     {REFUSED, REFUSED, 1}, 2},
    {"by 2^64 - 1", 1, UINT64_MAX, true, 16, GIB(16), {UINT64_MAX, UINT64_MAX - 1, 1},
     {REFUSED, REFUSED, 1}, 2},
    {"to the limit", 1, UINT64_MAX, false, 16, KIB(192), {1, 1, 1}, {1, 2, REFUSED}, 3},
    {"over the limit", 1, UINT64_MAX, true, 16, KIB(192), {3, 2, 1}, {REFUSED, 1, REFUSED}, 3},
    {"64-bit", 0, UINT64_MAX, true, 16, GIB(32), {100000, GIB(1), 100000}, {0, REFUSED, 100000},
     200000},
    {"pages of a byte", 1, 10, false, 0, GIB(16), {1, 8, 1}, {1, 2, REFUSED}, 10},
    {"pages of a byte, all of them", 1, UINT64_MAX, false, 0, GIB(16),
     {UINT32_MAX - 1, 1, 0}, {1, REFUSED, UINT32_MAX}, UINT32_MAX},
    {"pages of a byte, 64-bit", 65535, UINT64_MAX, true, 0, GIB(16), {1, 1, UINT64_MAX - 65537},
     {65535, 65536, REFUSED}, 65537},
};
/* clang-format on */

static void test_rows(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct rt_limits limits = rt_limits_default();
        limits.memory_bytes = rows[i].limit_bytes;
        struct fixture f = fixture_open(limits);
        struct wm_memory type = type_of(rows[i].min, rows[i].max, rows[i].is_64, rows[i].page_log2);
        struct rt_memory *m = NULL;
        struct diag dg = {0};

        must(rt_memory_new(f.store, &type, &m, &dg) == ST_OK, dg.text);
        uint8_t *base = m->base;
        uint64_t got[3];
        bool as_wanted = true;
        for (uint32_t k = 0; k < 3; k++) {
            got[k] = rt_memory_grow(m, rows[i].grow[k]);
            as_wanted &= got[k] == rows[i].want[k];
        }
        uint64_t pages = rt_memory_pages(m);
        tap_ok(as_wanted && pages == rows[i].pages &&
                   f.store->memory_budget->used_bytes == pages << rows[i].page_log2,
               "%s: %lld %lld %lld, then %llu pages", rows[i].name, (long long)got[0],
               (long long)got[1], (long long)got[2], (unsigned long long)pages);
        uint64_t size = pages << rows[i].page_log2;
        m->base[0] = 1;
        m->base[size - 1] = 2;
        tap_ok(m->base == base && m->base[size - 1] == 2, "%s: usable to its end, not moved",
               rows[i].name);
        fixture_close(&f);
    }
}

static void test_refusals(void)
{
    /* clang-format off */
    static const struct {
        const char *name;
        uint64_t min;
        bool is_64;
        const char *needed;
    } refused[] = {
        {"just over the limit", 17, false, " 1048576, 1114112 needed (bytes of linear memory, all "
         "memories together); --max-memory raises it"},
        {"2^64 bytes", UINT64_C(1) << 48, true, "18446744073709551615 needed"},
        {"2^63 bytes", UINT64_C(1) << 47, true, "9223372036854775808 needed"},
    };
    /* clang-format on */
    struct rt_limits limits = rt_limits_default();
    limits.memory_bytes = MIB(1);
    struct fixture f = fixture_open(limits);

    for (uint32_t i = 0; i < LENGTH_OF(refused); i++) {
        struct wm_memory type = type_of(refused[i].min, UINT64_MAX, refused[i].is_64, 16);
        struct rt_memory *m = NULL;
        struct diag dg = {0};
        enum status st = rt_memory_new(f.store, &type, &m, &dg);
        tap_ok(st == ST_LIMIT && strstr(dg.text, "memory_bytes allows") != NULL &&
                   strstr(dg.text, refused[i].needed) != NULL && m == NULL &&
                   f.store->owned == NULL,
               "%s: %s", refused[i].name, dg.text);
    }
    struct wm_memory half = type_of(8, UINT64_MAX, false, 16);
    struct rt_memory *a = NULL, *b = NULL;
    must(rt_memory_new(f.store, &half, &a, NULL) == ST_OK, "memory");
    must(rt_memory_new(f.store, &half, &b, NULL) == ST_OK, "memory");
    tap_ok(rt_memory_grow(a, 1) == REFUSED && rt_memory_grow(b, 1) == REFUSED,
           "the limit counts all memories together");
    fixture_close(&f);
}

/* Does a child survive reading this byte? */
static bool can_read(const volatile uint8_t *at)
{
    pid_t child = fork();
    int how = 0;

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        _exit(at[0] == 0 ? 0 : 1);
    }
    must(child > 0 && waitpid(child, &how, 0) == child, "fork");
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static void test_guards(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct wm_memory type = type_of(2, 8, false, 16), type_64 = type_of(1, 2, true, 16);
    struct rt_memory *m = NULL, *wide = NULL;

    must(rt_memory_new(f.store, &type, &m, NULL) == ST_OK, "memory");
    must(rt_memory_new(f.store, &type_64, &wide, NULL) == ST_OK, "memory");
    tap_ok(m->reserved_bytes == GIB(4) && m->guard_bytes == GIB(2), "4 GiB and 2 GiB of guard");
    tap_ok(can_read(m->base + KIB(128) - 1), "the last byte can be read");
    tap_ok(!can_read(m->base + KIB(128)), "the next one cannot");
    tap_ok(!can_read(m->base + GIB(4) - 1), "nor the last that an address reaches");
    tap_ok(!can_read(m->base + GIB(6) - 1), "nor the last of the guard");
    must(rt_memory_grow(m, 1) == 2, "grow");
    tap_ok(can_read(m->base + KIB(192) - 1) && !can_read(m->base + KIB(192)), "so after growth");
    tap_ok(can_read(wide->base + KIB(64) - 1) && !can_read(wide->base + KIB(64)) &&
               !can_read(wide->base + wide->reserved_bytes + wide->guard_bytes - 1),
           "a 64-bit memory ends in a guard too");
    fixture_close(&f);
}

static void test_sharing(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.memory_bytes = KIB(256);
    struct fixture f = fixture_open(limits);
    struct wm_memory type = type_of(1, 8, false, 16);
    struct rt_store *other = NULL;
    struct rt_memory *m = NULL;

    type.is_shared = true;
    must(rt_store_new(f.engine, &limits, &other, NULL) == ST_OK, "store");
    must(rt_memory_new(f.store, &type, &m, NULL) == ST_OK, "memory");
    must(rt_memory_adopt(other, m, NULL) == ST_OK && rt_memory_adopt(other, m, NULL) == ST_OK,
         "adopt");
    tap_ok(m->references == 2, "two stores hold it, adopting twice counts once");
    tap_ok(rt_memory_grow(m, 1) == 1 && f.store->memory_budget->used_bytes == KIB(128) &&
               other->memory_budget->used_bytes == 0,
           "growth is charged to the store that made it");
    rt_store_free(f.store);
    m->base[KIB(128) - 1] = 7;
    tap_ok(m->references == 1 && rt_memory_grow(m, 2) == 2 && rt_memory_grow(m, 1) == REFUSED,
           "it outlives that store, and the store's limit stays");
    rt_store_free(other);
    rt_engine_free(f.engine);
}

/* In a child with 1 GiB of address space. Exit code: which check failed, 0 for none. */
static int live_in_little_space(void)
{
    struct rlimit space = {.rlim_cur = GIB(1), .rlim_max = GIB(1)};
    struct fixture f = fixture_open(rt_limits_default());
    struct wm_memory type = type_of(1, UINT64_MAX, false, 16),
                     shared = type_of(1, 65536, false, 16);
    struct rt_memory *m = NULL, *s = NULL;
    struct diag dg = {0};

    shared.is_shared = true;
    if (setrlimit(RLIMIT_AS, &space) != 0)
        return 1;
    if (rt_memory_new(f.store, &type, &m, &dg) != ST_OK || m->reserved_bytes != KIB(64))
        return 2;
    memset(m->base, 0x5a, KIB(64));
    if (rt_memory_grow(m, 1000) != 1)
        return 3;
    for (uint64_t i = 0; i < KIB(64) * 1001; i++)
        if (m->base[i] != (i < KIB(64) ? 0x5a : 0))
            return 4;
    if (rt_memory_grow(m, 60000) != REFUSED || rt_memory_pages(m) != 1001 ||
        f.store->memory_budget->used_bytes != KIB(64) * 1001)
        return 5;
    if (rt_memory_new(f.store, &shared, &s, &dg) != ST_NO_MEMORY || s != NULL ||
        strstr(dg.text, "refused 6442450944 bytes of address space for a memory, and then "
                        "4295032832 (no memory; is there a limit on virtual memory?)") == NULL)
        return 6;
    fixture_close(&f);
    return 0;
}

static void test_little_space(void)
{
    int how = 0;

    if (SANITIZED) {
        tap_ok(true, "little address space # SKIP the sanitizer needs address space itself");
        return;
    }
    pid_t child = fork();
    if (child == 0)
        _exit(live_in_little_space());
    must(child > 0 && waitpid(child, &how, 0) == child, "fork");
    tap_ok(WIFEXITED(how) && WEXITSTATUS(how) == 0,
           "with 1 GiB of address space memories are smaller and move: check %d failed (0: none)",
           WIFEXITED(how) ? WEXITSTATUS(how) : -WTERMSIG(how));
}

int main(void)
{
    test_little_space(); /* before any slot is kept */
    test_rows();
    test_refusals();
    test_guards();
    test_sharing();
    return tap_done();
}
