/* test_wait: two threads with a store each share one memory. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "shield/runtime/wait.h"

#include <time.h>

enum { FOREVER = -1, CELL = 64, NS_PER_MS = 1000000 };

struct pair {
    struct fixture f;
    struct rt_store *other;
    struct rt_memory *shared, *plain;
};

static struct pair pair_open(void)
{
    struct pair p = {.f = fixture_open(rt_limits_default())};
    struct rt_limits limits = rt_limits_default();
    struct wm_memory type = {
        .limits = {.min = 1, .max = 2, .has_max = true},
          .page_log2 = 16
    };

    must(rt_memory_new(p.f.store, &type, &p.plain, NULL) == ST_OK, "memory");
    type.is_shared = true;
    must(rt_memory_new(p.f.store, &type, &p.shared, NULL) == ST_OK, "memory");
    must(rt_store_new(p.f.engine, &limits, &p.other, NULL) == ST_OK, "store");
    must(rt_memory_adopt(p.other, p.shared, NULL) == ST_OK, "adopt");
    return p;
}

static void pair_close(struct pair *p)
{
    rt_store_free(p->other);
    fixture_close(&p->f);
}

/* clang-format off */
static const struct {
    const char *name;
    bool is_shared, is_notify;
    uint64_t index, offset;
    uint32_t width;
    const char *trap;
} traps[] = {
    {"wait at the end", true, false, 65532, 0, 4, ""},
    {"wait behind the end", true, false, 65536, 0, 4, "out of bounds memory access"},
    {"wait64 across the end", true, false, 65532, 0, 8, "out of bounds memory access"},
    {"wait by an offset behind the end", true, false, 65528, 8, 4, "out of bounds memory access"},
    {"wait where the sum wraps", true, false, UINT64_MAX, 5, 4, "out of bounds memory access"},
    {"wait between cells", true, false, 2, 0, 4, "unaligned atomic"},
    {"wait64 between cells", true, false, 4, 0, 8, "unaligned atomic"},
    {"wait by an odd offset", true, false, 4, 1, 4, "unaligned atomic"},
    {"wait on a plain memory", false, false, 0, 0, 4, "expected shared memory"},
    {"notify at the end", true, true, 65532, 0, 4, ""},
    {"notify on a plain memory", false, true, 0, 0, 4, ""},
    {"notify behind the end", true, true, 65536, 0, 4, "out of bounds memory access"},
    {"notify between cells", false, true, 2, 0, 4, "unaligned atomic"},
};
/* clang-format on */

static void test_traps(void)
{
    struct pair p = pair_open();
    struct rt_store *s = p.f.store;

    for (uint32_t i = 0; i < LENGTH_OF(traps); i++) {
        struct rt_memory *m = traps[i].is_shared ? p.shared : p.plain;
        uint32_t result = 99;
        enum status st = traps[i].is_notify
                             ? rt_atomic_notify(s, m, traps[i].index, traps[i].offset, 1, &result)
                             : rt_atomic_wait(s, m, traps[i].index, traps[i].offset, traps[i].width,
                                              1, 0, &result);
        uint32_t want = traps[i].trap[0] != '\0' ? 99 : traps[i].is_notify ? 0 : RT_WAIT_NOT_EQUAL;
        const char *trap = trap_taken(s);
        tap_ok(st == (traps[i].trap[0] == '\0' ? ST_OK : ST_TRAP) && result == want &&
                   strcmp(trap, traps[i].trap) == 0,
               "%s: %s %s", traps[i].name, status_text(st), trap);
    }
    pair_close(&p);
}

static int64_t elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / NS_PER_MS;
}

static void test_timeout(void)
{
    struct pair p = pair_open();
    struct timespec start;
    uint32_t result = 99;

    clock_gettime(CLOCK_MONOTONIC, &start);
    enum status st = rt_atomic_wait(p.f.store, p.shared, CELL, 0, 4, 0, 70 * NS_PER_MS, &result);
    int64_t ms = elapsed_ms(&start);
    tap_ok(st == ST_OK && result == RT_WAIT_TIMED_OUT && ms >= 70 && ms < 5000,
           "70 ms end after at least 70: %d", (int)ms);
    st = rt_atomic_wait(p.f.store, p.shared, CELL, 0, 4, 0, 0, &result);
    tap_ok(st == ST_OK && result == RT_WAIT_TIMED_OUT, "no time at all");
    /* The upper half of the cell and of the expectation count only in wait64. */
    memset(p.shared->base + CELL + 4, 1, 1);
    st = rt_atomic_wait(p.f.store, p.shared, CELL, 0, 4, UINT64_C(5) << 32, 0, &result);
    tap_ok(st == ST_OK && result == RT_WAIT_TIMED_OUT, "wait32 compares 32 bits");
    st = rt_atomic_wait(p.f.store, p.shared, CELL, 0, 8, 0, 0, &result);
    tap_ok(st == ST_OK && result == RT_WAIT_NOT_EQUAL, "wait64 compares 64 bits");
    rt_store_interrupt(p.f.store);
    st = rt_atomic_wait(p.f.store, p.shared, CELL, 0, 4, 0, FOREVER, &result);
    tap_ok(st == ST_TIMEOUT && strstr(p.f.store->diag.text, "interrupted") != NULL,
           "an interrupt before the wait: %s", status_text(st));
    pair_close(&p);
}

struct waiter {
    struct rt_store *store;
    struct rt_memory *memory;
    enum status status;
    uint32_t result;
};

static void *wait_for_ever(void *ctx)
{
    struct waiter *w = ctx;

    w->status = rt_atomic_wait(w->store, w->memory, CELL, 0, 4, 0, FOREVER, &w->result);
    return NULL;
}

static void pause_ms(uint32_t ms)
{
    const struct timespec ts = {.tv_nsec = (long)ms * NS_PER_MS};
    nanosleep(&ts, NULL);
}

/* Notifies until somebody was woken, for at most ten seconds; how many. */
static uint32_t notify_until_woken(struct pair *p, uint64_t cell, uint32_t count)
{
    uint32_t woken = 0;

    for (uint32_t i = 0; i < 2000 && woken == 0; i++) {
        must(rt_atomic_notify(p->f.store, p->shared, cell, 0, count, &woken) == ST_OK, "notify");
        if (woken == 0)
            pause_ms(5);
    }
    return woken;
}

static void test_wake(void)
{
    struct pair p = pair_open();
    struct waiter w = {.store = p.other, .memory = p.shared, .result = 99};
    pthread_t thread;
    uint32_t woken = 99;

    must(pthread_create(&thread, NULL, wait_for_ever, &w) == 0, "thread");
    must(rt_atomic_notify(p.f.store, p.shared, CELL + 4, 0, 1, &woken) == ST_OK, "notify");
    tap_ok(woken == 0, "the neighbouring cell has no waiter");
    woken = notify_until_woken(&p, CELL, 1);
    pthread_join(thread, NULL);
    tap_ok(woken == 1 && w.status == ST_OK && w.result == RT_WAIT_WOKEN, "one is woken: %u", woken);
    must(rt_atomic_notify(p.f.store, p.shared, CELL, 0, UINT32_MAX, &woken) == ST_OK, "notify");
    tap_ok(woken == 0, "then nobody waits any more");
    pair_close(&p);
}

static void test_interrupt(void)
{
    struct pair p = pair_open();
    struct waiter w = {.store = p.other, .memory = p.shared, .result = 99};
    struct timespec start;
    pthread_t thread;

    must(pthread_create(&thread, NULL, wait_for_ever, &w) == 0, "thread");
    pause_ms(30);
    clock_gettime(CLOCK_MONOTONIC, &start);
    rt_store_interrupt(p.other);
    pthread_join(thread, NULL);
    int64_t ms = elapsed_ms(&start);
    tap_ok(w.status == ST_TIMEOUT && w.result == 99 && ms < 5000,
           "an interrupt ends an endless wait, after %d ms", (int)ms);
    pair_close(&p);
}

/* Several stores sleep on one cell; each notification of n wakes n. */
static void test_count(void)
{
    enum { WAITERS = 5 };
    struct pair p = pair_open();
    struct waiter w[WAITERS];
    pthread_t threads[WAITERS];
    uint32_t total = 0;

    for (uint32_t i = 0; i < WAITERS; i++) {
        struct rt_limits limits = rt_limits_default();
        w[i] = (struct waiter){.memory = p.shared};
        must(rt_store_new(p.f.engine, &limits, &w[i].store, NULL) == ST_OK, "store");
        must(pthread_create(&threads[i], NULL, wait_for_ever, &w[i]) == 0, "thread");
    }
    bool never_too_many = true;
    while (total < WAITERS) {
        uint32_t woken = notify_until_woken(&p, CELL, 2);
        if (woken == 0)
            break;
        never_too_many &= woken <= 2;
        total += woken;
    }
    for (uint32_t i = 0; i < WAITERS && total == WAITERS; i++) {
        pthread_join(threads[i], NULL);
        rt_store_free(w[i].store);
    }
    tap_ok(total == WAITERS && never_too_many, "%u waiters woken, at most two at a time", total);
    pair_close(&p);
}

int main(void)
{
    test_traps();
    test_timeout();
    test_wake();
    test_interrupt();
    test_count();
    return tap_done();
}
