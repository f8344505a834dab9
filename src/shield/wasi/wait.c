/*
 * wait: the only places where a call may block for long, and the clocks. A wait is cut in slices of
 * WASI_SLICE_MS; between them it looks whether the store was interrupted (a timeout, a host that
 * gave up), and then the guest ends as it would in the middle of its own code.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <errno.h>
#include <time.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

bool wasi_interrupted(struct wasi_call *c)
{
    struct rt_store *store = c->guest->store;

    if (atomic_load_explicit(&store->interrupted, memory_order_relaxed) == 0)
        return false;
    c->end = diag_fail(&store->diag, ST_TIMEOUT, DIAG_NO_OFFSET,
                       "the run was interrupted in a WASI call");
    return true;
}

static uint64_t host_now_ns(clockid_t id)
{
    struct timespec ts = {0};

    if (clock_gettime(id, &ts) != 0)
        return 0;
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t wasi_now_ns(struct wasi *w, enum wasi_clock clock)
{
    static const clockid_t ids[] = {
        [WASI_CLOCK_REALTIME] = CLOCK_REALTIME,
        [WASI_CLOCK_MONOTONIC] = CLOCK_MONOTONIC,
        [WASI_CLOCK_PROCESS_CPU] = CLOCK_PROCESS_CPUTIME_ID,
        [WASI_CLOCK_THREAD_CPU] = CLOCK_THREAD_CPUTIME_ID,
    };
    if (w->has_fixed_clock) {
        uint64_t now = w->clock_ns;
        w->clock_ns += w->clock_step_ns;
        return now;
    }
    return host_now_ns(ids[clock]);
}

enum wasi_errno wasi_wait(struct wasi_call *c, struct pollfd *fds, uint32_t count,
                          uint64_t deadline_ns, uint32_t *ready)
{
    for (;;) {
        uint64_t now = host_now_ns(CLOCK_MONOTONIC);
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        uint64_t slice = MIN(left, (uint64_t)WASI_SLICE_MS * NS_PER_MS);
        struct timespec ts = {(time_t)(slice / NS_PER_S), (long)(slice % NS_PER_S)};
        if (wasi_interrupted(c))
            return WASI_INTR;
        int got = ppoll(fds, count, &ts, NULL);
        if (got < 0 && errno != EINTR)
            return wasi_errno_of(errno);
        *ready = got > 0 ? (uint32_t)got : 0;
        if (got > 0 || left == slice)
            return WASI_SUCCESS;
    }
}

enum wasi_errno wasi_wait_fd(struct wasi_call *c, const struct wasi_fd *fd, short events)
{
    struct pollfd p = {.fd = fd->host, .events = events};
    bool is_blocking = (fd->flags & WASI_FDFLAG_NONBLOCK) == 0;
    uint32_t ready = 0;
    enum wasi_errno e = wasi_wait(c, &p, 1, is_blocking ? UINT64_MAX : 0, &ready);

    if (e == WASI_SUCCESS && ready == 0)
        return WASI_AGAIN;
    return e;
}
