/* baton: who runs the next call. The holder of the baton decodes and calls, one call after another,
 * so that a call costs no switch between threads. One more thread watches. When the holder is
 * inside a call past its deadline, the watcher takes the baton by changing one word: whoever
 * changes it first, the call's return or the watcher, goes on.
 *
 *   baton: epoch << 16 | thread << 1 | in a call; the epoch grows with every call and every theft,
 *   so that a watcher that was slow never takes a baton that has been put down meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>

#include "spear/executor/program.h"

enum thread_state {
    THREAD_IDLE,  /* waits for an order */
    THREAD_LEADS, /* holds the baton, or is left behind in a call */
    THREAD_WATCHES,
    THREAD_ASYNC, /* makes one call */
};

enum {
    STACK_BYTES = 128 << 10,
    WATCH_PAST_END_MS = 1000, /* a watcher stays awake for so long after a program */
    BEGIN_YIELDS_MAX = 200,   /* until an async call has begun */
    STRAGGLERS_SHARE = 6,     /* of the program's time, to wait for calls left behind */
    MS = 1000000,
};

static uint64_t baton_next(uint64_t word, const struct ex_thread *t, bool is_in_call)
{
    return ((word >> 16) + 1) << 16 | (uint64_t)t->index << 1 | is_in_call;
}

static void become_idle(struct ex_thread *t)
{
    atomic_store(&t->state, THREAD_IDLE);
}

static void *thread_main(void *argument);

/* An idle thread with an order, made when there is none; NULL when all are busy. Only the holder
 * of the baton gives orders. */
static struct ex_thread *hire(struct ex_program *p, enum thread_state order)
{
    for (uint32_t i = 0; i < EX_THREADS_MAX; i++) {
        struct ex_thread *t = &p->threads[i];
        if (t->is_created && atomic_load(&t->state) != THREAD_IDLE)
            continue;
        atomic_store(&t->state, order);
        if (t->is_created) {
            ex_wake(&t->state);
            return t;
        }
        pthread_attr_t attributes;
        pthread_t unused;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        t->is_created = pthread_create(&unused, &attributes, thread_main, t) == 0;
        pthread_attr_destroy(&attributes);
        if (!t->is_created)
            atomic_store(&t->state, THREAD_IDLE);
        return t->is_created ? t : NULL;
    }
    return NULL;
}

static void hire_watcher(struct ex_program *p)
{
    if (atomic_load(&p->watcher) >= 0)
        return;
    atomic_store(&p->watcher, INT32_MAX); /* taken; the thread may start before hire() returns */
    const struct ex_thread *t = hire(p, THREAD_WATCHES);
    atomic_store(&p->watcher, t != NULL ? (int32_t)t->index : -1);
}

static void call_is_back(struct ex_program *p)
{
    atomic_fetch_sub(&p->running, 1);
    ex_wake(&p->running);
}

/* Hands the call to another thread, if there is one. It has begun when the holder goes on: on a
 * machine with one processor it would else always come after the next call, and never meet it. */
static bool give_away(struct ex_program *p, const struct ex_call *call)
{
    for (uint32_t i = 0; i < EX_THREADS_MAX; i++) {
        struct ex_thread *t = &p->threads[i];
        if (t->is_created && atomic_load(&t->state) != THREAD_IDLE)
            continue;
        t->call = *call;
        atomic_store(&t->is_begun, false);
        atomic_fetch_add(&p->running, 1);
        if (hire(p, THREAD_ASYNC) != NULL) {
            for (int n = 0; n < BEGIN_YIELDS_MAX && !atomic_load(&t->is_begun); n++)
                sched_yield();
            return true;
        }
        atomic_fetch_sub(&p->running, 1);
        return false;
    }
    return false;
}

/* Runs the program. True: it is over and this thread still has the baton. */
static bool lead(struct ex_thread *t)
{
    struct ex_program *p = t->program;
    const bool is_threaded = (p->flags & WIRE_RUN_THREADED) != 0;

    while (ex_decode_call(p, &t->call)) {
        p->traces |= ex_sticky(t->call.number);
        if (!is_threaded) {
            ex_call_make(t);
            continue;
        }
        if (t->call.is_async && give_away(p, &t->call))
            continue;
        hire_watcher(p);
        atomic_store(&p->deadline_ns,
                     ex_now_ns() + p->call_timeout_ns + (uint64_t)t->call.extra_ms * MS);
        uint64_t mine = baton_next(atomic_load(&p->baton), t, true);
        atomic_store(&p->baton, mine);
        ex_call_make(t);
        if (!atomic_compare_exchange_strong(&p->baton, &mine, baton_next(mine, t, false))) {
            call_is_back(p); /* late; somebody else goes on */
            return false;
        }
    }
    return true;
}

/* Returns when this thread has taken the baton from one that is stuck. */
static void watch(struct ex_thread *t)
{
    struct ex_program *p = t->program;
    uint64_t last_seen_ns = ex_now_ns();
    _Atomic uint32_t nothing = 0;

    for (;;) {
        uint64_t word = atomic_load(&p->baton);
        const uint64_t deadline = atomic_load(&p->deadline_ns);
        const uint64_t now = ex_now_ns();
        uint64_t sleep_ns = p->call_timeout_ns;
        if (atomic_load(&p->is_running) != 0) {
            last_seen_ns = now;
        } else if (now - last_seen_ns > (uint64_t)WATCH_PAST_END_MS * MS) {
            atomic_store(&p->watcher_sleeps, 1);
            if (atomic_load(&p->is_running) == 0)
                ex_wait(&p->watcher_sleeps, 1, 0);
            atomic_store(&p->watcher_sleeps, 0);
            last_seen_ns = ex_now_ns();
            continue;
        }
        if ((word & 1) != 0 && now >= deadline) {
            const uint32_t stuck = p->threads[word >> 1 & 0x7fff].call.index;
            atomic_fetch_add(&p->running, 1);
            if (atomic_compare_exchange_strong(&p->baton, &word, baton_next(word, t, false))) {
                if (stuck < WIRE_CALLS_MAX)
                    __atomic_fetch_or(&p->reply->result->calls[stuck].flags, WIRE_CALL_BLOCKED,
                                      __ATOMIC_RELAXED);
                atomic_store(&p->watcher, -1);
                return;
            }
            atomic_fetch_sub(&p->running, 1);
            continue;
        }
        if ((word & 1) != 0)
            sleep_ns = deadline - now;
        ex_wait(&nothing, 0, sleep_ns);
    }
}

/* Gives calls that were left behind, and async ones, time to come back. */
static bool wait_for_stragglers(struct ex_program *p)
{
    const uint64_t program_ms = p->slot.request->program_timeout_ms != 0
                                    ? p->slot.request->program_timeout_ms
                                    : p->ex->header.program_timeout_ms;
    const uint64_t from_start = p->reply->started_ns + (program_ms / STRAGGLERS_SHARE) * MS;
    const uint64_t from_now = ex_now_ns() + 2 * p->call_timeout_ns;
    const uint64_t limit = from_start > from_now ? from_start : from_now;
    uint32_t running;

    while ((running = atomic_load(&p->running)) != 0) {
        const uint64_t now = ex_now_ns();
        if (now >= limit)
            return false;
        ex_wait(&p->running, running, limit - now);
    }
    return true;
}

/* As the holder: answers, and takes the next program, and so on until the baton is lost. */
static void lead_on(struct ex_thread *t, bool has_program)
{
    struct ex_program *p = t->program;

    for (;; has_program = false) {
        if (!has_program) {
            ex_program_begin(p);
            if (atomic_load(&p->watcher_sleeps) != 0) {
                atomic_store(&p->watcher_sleeps, 0);
                ex_wake(&p->watcher_sleeps);
            }
        }
        if (!lead(t))
            return;
        ex_program_conclude(t, !wait_for_stragglers(p));
    }
}

static void *thread_main(void *argument)
{
    struct ex_thread *t = argument;

    for (;;) {
        switch (atomic_load(&t->state)) {
        case THREAD_WATCHES:
            watch(t);
            atomic_store(&t->state, THREAD_LEADS);
            lead_on(t, true);
            become_idle(t);
            break;
        case THREAD_ASYNC:
            ex_call_make(t);
            become_idle(t);
            call_is_back(t->program);
            break;
        default: ex_wait(&t->state, THREAD_IDLE, 0);
        }
    }
    return NULL;
}

_Noreturn void ex_baton_run(struct ex_program *p)
{
    struct ex_thread *first = &p->threads[0];

    atomic_store(&p->watcher, -1);
    first->is_created = true;
    atomic_store(&first->state, THREAD_LEADS);
    lead_on(first, false);
    become_idle(first);
    thread_main(first);
    __builtin_unreachable();
}
