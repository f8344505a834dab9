/* run_threads: the calls of a program, each in a thread of its own as soon as one before it blocks,
 * so that what waits for a later call does not end the program.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#define RUN_THREADS_MAX  32
#define RUN_CALL_WAIT_MS 50   /* then the next call is made beside it */
#define RUN_LAST_WAIT_MS 1000 /* for those that were left behind, at the end */

struct run_thread {
    sem_t go, done;
    int call;
    int is_busy, is_there;
};
static struct run_thread run_threads_all[RUN_THREADS_MAX];
static void (*run_threads_call)(int call);

static void *run_thread_main(void *ctx)
{
    struct run_thread *t = (struct run_thread *)ctx;

    for (;;) {
        while (sem_wait(&t->go) != 0)
            ;
        run_threads_call(t->call);
        sem_post(&t->done);
    }
    return NULL;
}

/* 1: it has come back. */
static int run_thread_wait(struct run_thread *t, int ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    if (sem_timedwait(&t->done, &until) == 0)
        t->is_busy = 0;
    return !t->is_busy;
}

static struct run_thread *run_thread_free(void)
{
    pthread_t thread;

    for (int i = 0; i < RUN_THREADS_MAX; i++) {
        struct run_thread *t = &run_threads_all[i];
        if (t->is_busy && sem_trywait(&t->done) == 0)
            t->is_busy = 0;
        if (t->is_busy)
            continue;
        if (!t->is_there) {
            sem_init(&t->go, 0, 0);
            sem_init(&t->done, 0, 0);
            if (pthread_create(&thread, NULL, run_thread_main, t) != 0)
                return NULL;
            t->is_there = 1;
        }
        return t;
    }
    return NULL;
}

static void run_threads(void (*call)(int call), int count, const unsigned char *is_async)
{
    run_threads_call = call;
    for (int i = 0; i < count; i++) {
        struct run_thread *t = run_thread_free();
        if (t == NULL)
            break;
        t->call = i;
        t->is_busy = 1;
        sem_post(&t->go);
        if (!is_async[i])
            run_thread_wait(t, RUN_CALL_WAIT_MS);
    }
    for (int i = 0; i < RUN_THREADS_MAX; i++)
        if (run_threads_all[i].is_busy)
            run_thread_wait(&run_threads_all[i], RUN_LAST_WAIT_MS);
}
