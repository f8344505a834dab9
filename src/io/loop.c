/* loop: epoll, a sorted list of timers, and a list of jobs behind an eventfd.
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/loop.h"

#include "base/mem.h"
#include "io/file.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_EVENTS_PER_WAIT = 32 };

struct loop {
    int epoll_fd, wake_fd;
    struct loop_timer *timers; /* soonest first */
    struct epoll_event pending[LOOP_EVENTS_PER_WAIT];
    int pending_count;
    pthread_mutex_t lock; /* of what follows */
    struct loop_job *jobs, **jobs_end;
    bool is_stopped;
};

uint64_t loop_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint32_t epoll_bits(unsigned what)
{
    return (what & LOOP_READ ? (uint32_t)EPOLLIN : 0) |
           (what & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static unsigned watch_bits(uint32_t events)
{
    return (events & EPOLLIN ? LOOP_READ : 0U) | (events & EPOLLOUT ? LOOP_WRITE : 0U) |
           (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP) ? LOOP_END : 0U);
}

enum status loop_open(struct loop **out, struct diag *dg)
{
    struct loop *loop = mem_alloc(1, sizeof(*loop));

    if (loop == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for an event loop");
    pthread_mutex_init(&loop->lock, NULL);
    loop->jobs_end = &loop->jobs;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0) {
        int error = errno;
        loop_close(loop);
        return file_fail(dg, error, "cannot make an event loop");
    }
    *out = loop;
    return ST_OK;
}

void loop_close(struct loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    mem_free(loop);
}

static void wake(struct loop *loop)
{
    uint64_t one = 1;
    while (write(loop->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* Runs what other threads have posted. Returns false when the loop is to stop. */
static bool run_jobs(struct loop *loop)
{
    uint64_t count;
    while (read(loop->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
        continue;
    for (;;) {
        pthread_mutex_lock(&loop->lock);
        bool is_stopped = loop->is_stopped;
        struct loop_job *job = loop->jobs;
        if (job != NULL) {
            loop->jobs = job->next;
            if (loop->jobs == NULL)
                loop->jobs_end = &loop->jobs;
        }
        pthread_mutex_unlock(&loop->lock);
        if (job == NULL)
            return !is_stopped;
        job->run(job);
    }
}

static void fire_timers(struct loop *loop)
{
    uint64_t now_ns = loop_now_ns();

    while (loop->timers != NULL && loop->timers->due_ns <= now_ns) {
        struct loop_timer *timer = loop->timers;
        loop->timers = timer->next;
        timer->is_set = false;
        timer->fire(timer);
    }
}

/* Milliseconds to the next timer, rounded up so that it is due then; -1: none is set. */
static int wait_ms(const struct loop *loop)
{
    enum { WAIT_MS_MAX = 3600000 };

    if (loop->timers == NULL)
        return -1;
    uint64_t now_ns = loop_now_ns();
    if (loop->timers->due_ns <= now_ns)
        return 0;
    uint64_t ms = (loop->timers->due_ns - now_ns + 999999) / 1000000;
    return (int)MIN(ms, (uint64_t)WAIT_MS_MAX);
}

void loop_run(struct loop *loop)
{
    bool goes_on = run_jobs(loop);

    while (goes_on) {
        bool has_jobs = false;
        int n = epoll_wait(loop->epoll_fd, loop->pending, LOOP_EVENTS_PER_WAIT, wait_ms(loop));
        loop->pending_count = MAX(n, 0);
        for (int i = 0; i < loop->pending_count; i++) {
            /* A callback may unwatch any of those that follow: that empties its events. */
            struct epoll_event event = loop->pending[i];
            struct loop_watch *watch = event.data.ptr;
            if (watch == NULL)
                has_jobs = true;
            else if (event.events != 0)
                watch->ready(watch, watch_bits(event.events));
        }
        loop->pending_count = 0;
        fire_timers(loop);
        if (has_jobs)
            goes_on = run_jobs(loop);
    }
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_stopped = true;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

enum status loop_watch(struct loop *loop, struct loop_watch *watch, unsigned what, struct diag *dg)
{
    struct epoll_event event = {.events = epoll_bits(what), .data.ptr = watch};

    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) != 0)
        return file_fail(dg, errno, "cannot wait for descriptor %d", watch->fd);
    return ST_OK;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < loop->pending_count; i++)
        if (loop->pending[i].data.ptr == watch)
            loop->pending[i].events = 0;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ns)
{
    struct loop_timer **place = &loop->timers;

    loop_timer_clear(loop, timer);
    while (*place != NULL && (*place)->due_ns <= due_ns)
        place = &(*place)->next;
    timer->due_ns = due_ns;
    timer->is_set = true;
    timer->next = *place;
    *place = timer;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
    if (!timer->is_set)
        return;
    for (struct loop_timer **place = &loop->timers; *place != NULL; place = &(*place)->next)
        if (*place == timer) {
            *place = timer->next;
            break;
        }
    timer->is_set = false;
}

void loop_post(struct loop *loop, struct loop_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&loop->lock);
    *loop->jobs_end = job;
    loop->jobs_end = &job->next;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

struct call {
    void (*fn)(void *ctx);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
};

static void run_call(struct loop_job *job)
{
    struct call *call = job->ctx;

    call->fn(call->ctx);
    pthread_mutex_lock(&call->lock);
    call->is_done = true;
    pthread_cond_signal(&call->done);
    pthread_mutex_unlock(&call->lock);
}

void loop_call(struct loop *loop, void (*fn)(void *ctx), void *ctx)
{
    struct call call = {.fn = fn, .ctx = ctx};
    struct loop_job job = {.run = run_call, .ctx = &call};

    pthread_mutex_init(&call.lock, NULL);
    pthread_cond_init(&call.done, NULL);
    loop_post(loop, &job);
    pthread_mutex_lock(&call.lock);
    while (!call.is_done)
        pthread_cond_wait(&call.done, &call.lock);
    pthread_mutex_unlock(&call.lock);
    pthread_cond_destroy(&call.done);
    pthread_mutex_destroy(&call.lock);
}
