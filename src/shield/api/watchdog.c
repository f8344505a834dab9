/* watchdog: one thread per engine that interrupts stores whose deadline has passed. It is started
 * by the first deadline and sleeps until the nearest one. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct api_watchdog {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running, is_stopping;
    struct mujun_store *stores; /* those with a deadline */
    uint64_t wake_ns;           /* when the thread looks again; UINT64_MAX: only when told */
};

struct api_watchdog *api_watchdog_new(void)
{
    struct api_watchdog *w = mem_alloc(1, sizeof(*w));
    pthread_condattr_t monotonic;

    if (w == NULL)
        return NULL;
    pthread_mutex_init(&w->lock, NULL); /* cannot fail on Linux, nor can the next three */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return w;
}

void api_watchdog_free(struct api_watchdog *w)
{
    if (w == NULL)
        return;
    if (w->is_running) {
        pthread_mutex_lock(&w->lock);
        w->is_stopping = true;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

static void unlink_store(struct api_watchdog *w, struct mujun_store *s)
{
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        w->stores = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    s->next = s->prev = NULL;
    s->deadline_ns = 0;
}

/* Interrupts what is due; returns the nearest deadline that is left. */
static uint64_t strike(struct api_watchdog *w)
{
    struct timespec now;
    uint64_t nearest_ns = UINT64_MAX;

    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    for (struct mujun_store *s = w->stores, *next; s != NULL; s = next) {
        next = s->next;
        if (s->deadline_ns <= now_ns) {
            rt_store_interrupt(s->rt);
            unlink_store(w, s);
        } else {
            nearest_ns = MIN(nearest_ns, s->deadline_ns);
        }
    }
    return nearest_ns;
}

static void *watch(void *arg)
{
    struct api_watchdog *w = arg;

    pthread_mutex_lock(&w->lock);
    while (!w->is_stopping) {
        w->wake_ns = strike(w);
        if (w->wake_ns == UINT64_MAX) {
            pthread_cond_wait(&w->changed, &w->lock);
        } else {
            struct timespec until = {.tv_sec = (time_t)(w->wake_ns / 1000000000u),
                                     .tv_nsec = (long)(w->wake_ns % 1000000000u)};
            pthread_cond_timedwait(&w->changed, &w->lock, &until);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* The embedder's signals are not for this thread. */
static enum status start(struct api_watchdog *w)
{
    sigset_t all, before;

    if (mem_fault_step())
        return ST_NO_MEMORY;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->is_running = pthread_create(&w->thread, NULL, watch, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return w->is_running ? ST_OK : ST_NO_MEMORY;
}

enum status api_watchdog_set(struct api_watchdog *w, struct mujun_store *s, uint64_t deadline_ns)
{
    enum status st = ST_OK;

    pthread_mutex_lock(&w->lock);
    if (s->deadline_ns != 0)
        unlink_store(w, s);
    if (deadline_ns != 0 && !w->is_running)
        st = start(w);
    if (deadline_ns != 0 && st == ST_OK) {
        s->deadline_ns = deadline_ns;
        s->next = w->stores;
        if (w->stores != NULL)
            w->stores->prev = s;
        w->stores = s;
        if (deadline_ns < w->wake_ns)
            pthread_cond_signal(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return st;
}
