/*
 * wait: threads asleep on cells of shared memories, in buckets by host address. Each sleeper has
 * its own condition, so a notification wakes whom it counts and nobody else. The comparison with
 * the cell happens under the bucket's lock, which a notifier takes too: no wake-up is lost.
 *
 * A sleeper looks at its store's interrupt flag every RT_WAIT_SLICE_MS, because the flag may be
 * set in a signal handler, where no condition can be signalled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/runtime/wait.h"

#include "shield/runtime/bulk.h"
#include "shield/runtime/trap.h"

#include <assert.h>
#include <time.h>

enum { BUCKET_COUNT = 64, NS_PER_S = 1000000000, NS_PER_MS = 1000000 };

struct sleeper {
    struct sleeper *next; /* younger */
    const uint8_t *cell;
    bool is_woken; /* and no longer in the bucket */
    pthread_cond_t condition;
};

struct bucket {
    pthread_mutex_t lock;
    struct sleeper *oldest;
};

/* Process-wide on purpose: stores that share a memory meet here. */
#define BUCKET_4                                                                                   \
    {PTHREAD_MUTEX_INITIALIZER, NULL}, {PTHREAD_MUTEX_INITIALIZER, NULL},                          \
        {PTHREAD_MUTEX_INITIALIZER, NULL},                                                         \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, NULL                                                            \
    }
#define BUCKET_16 BUCKET_4, BUCKET_4, BUCKET_4, BUCKET_4
static struct bucket buckets[] = {BUCKET_16, BUCKET_16, BUCKET_16, BUCKET_16};
_Static_assert(LENGTH_OF(buckets) == BUCKET_COUNT, "every lock is initialised");

static struct bucket *bucket_of(const uint8_t *cell)
{
    uint64_t hash = (uint64_t)(uintptr_t)cell * UINT64_C(0x9e3779b97f4a7c15);
    return &buckets[hash >> 58];
}
_Static_assert(BUCKET_COUNT == 1 << (64 - 58), "the hash picks a bucket");

/* The cell of `width` bytes at index + offset, or the trap that this access is. */
static enum status find_cell(struct rt_store *s, struct rt_memory *m, uint64_t index,
                             uint64_t offset, uint32_t width, uint8_t **cell)
{
    uint64_t size_bytes = atomic_load_explicit(&m->size_bytes, memory_order_acquire);
    uint64_t address = 0;

    if (__builtin_add_overflow(index, offset, &address) ||
        !rt_in_bounds(address, width, size_bytes))
        return rt_trap_raise(s, RT_TRAP_MEMORY_BOUNDS, NULL);
    if (address % width != 0)
        return rt_trap_raise(s, RT_TRAP_UNALIGNED_ATOMIC, NULL);
    *cell = m->base + address;
    return ST_OK;
}

static bool cell_holds(const uint8_t *cell, uint32_t width, uint64_t expected)
{
    if (width == 4)
        return __atomic_load_n((const uint32_t *)(const void *)cell, __ATOMIC_SEQ_CST) ==
               (uint32_t)expected;
    assert(width == 8 && "wait32 or wait64");
    return __atomic_load_n((const uint64_t *)(const void *)cell, __ATOMIC_SEQ_CST) == expected;
}

static void enqueue(struct bucket *b, struct sleeper *me)
{
    struct sleeper **link = &b->oldest;

    while (*link != NULL)
        link = &(*link)->next;
    *link = me;
}

static void dequeue(struct bucket *b, const struct sleeper *me)
{
    struct sleeper **link = &b->oldest;

    while (*link != me)
        link = &(*link)->next;
    *link = me->next;
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Sleeps in slices until woken, interrupted, or now_ns() >= end_ns. Holds the lock outside. */
static enum status sleep_until(struct rt_store *s, struct bucket *b, struct sleeper *me,
                               int64_t end_ns)
{
    while (!me->is_woken) {
        if (atomic_load_explicit(&s->interrupted, memory_order_relaxed) != 0)
            return diag_fail(&s->diag, ST_TIMEOUT, DIAG_NO_OFFSET,
                             "interrupted in memory.atomic.wait");
        int64_t now = now_ns();
        if (now >= end_ns)
            return ST_OK;
        int64_t until = MIN(end_ns, now + (int64_t)RT_WAIT_SLICE_MS * NS_PER_MS);
        struct timespec ts = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};
        (void)pthread_cond_timedwait(&me->condition, &b->lock, &ts);
    }
    return ST_OK;
}

static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool done = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(condition, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return done;
}

enum status rt_atomic_wait(struct rt_store *s, struct rt_memory *m, uint64_t index, uint64_t offset,
                           uint32_t width, uint64_t expected, int64_t timeout_ns, uint32_t *result)
{
    struct sleeper me = {.cell = NULL};
    uint8_t *cell = NULL;

    TRY(find_cell(s, m, index, offset, width, &cell));
    if (!m->is_shared)
        return rt_trap_raise(s, RT_TRAP_NOT_SHARED, NULL);
    if (!init_condition(&me.condition))
        return diag_fail(&s->diag, ST_NO_MEMORY, DIAG_NO_OFFSET,
                         "no condition variable to wait on");
    me.cell = cell;
    int64_t now = now_ns();
    int64_t end_ns = timeout_ns < 0 || timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
    struct bucket *b = bucket_of(cell);
    enum status st = ST_OK;
    enum rt_wait_result how = RT_WAIT_NOT_EQUAL;

    pthread_mutex_lock(&b->lock);
    if (cell_holds(cell, width, expected)) {
        enqueue(b, &me);
        st = sleep_until(s, b, &me, end_ns);
        if (!me.is_woken)
            dequeue(b, &me);
        how = me.is_woken ? RT_WAIT_WOKEN : RT_WAIT_TIMED_OUT;
    }
    pthread_mutex_unlock(&b->lock);
    pthread_cond_destroy(&me.condition);
    if (st == ST_OK)
        *result = how;
    return st;
}

enum status rt_atomic_notify(struct rt_store *s, struct rt_memory *m, uint64_t index,
                             uint64_t offset, uint32_t count, uint32_t *woken)
{
    uint8_t *cell = NULL;
    uint32_t done = 0;

    TRY(find_cell(s, m, index, offset, 4, &cell));
    if (m->is_shared) {
        struct bucket *b = bucket_of(cell);
        pthread_mutex_lock(&b->lock);
        for (struct sleeper **link = &b->oldest; *link != NULL && done < count;) {
            struct sleeper *one = *link;
            if (one->cell != cell) {
                link = &one->next;
                continue;
            }
            *link = one->next;
            one->is_woken = true;
            pthread_cond_signal(&one->condition); /* under the lock: it is on a stack */
            done++;
        }
        pthread_mutex_unlock(&b->lock);
    }
    *woken = done;
    return ST_OK;
}
