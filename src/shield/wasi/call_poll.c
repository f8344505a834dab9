/*
 * call_poll: poll_oneoff. Reads all subscriptions, waits for the first to come true, writes one
 * event for each that has, in the order of the subscriptions.
 *
 *   subscription 48: 0 userdata u64, 8 type u8, then for a clock: 16 clock u32, 24 timeout u64,
 *                    32 precision u64, 40 flags u16; for a descriptor: 16 number u32
 *   56 in wasi_unstable: what follows the type of a clock stands 8 bytes later
 *
 * What cannot be waited for is an event with an error, not an error of the call.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EVENT_CLOCK, EVENT_FD_READ, EVENT_FD_WRITE, EVENT_TYPE_COUNT };
enum { CLOCK_FLAG_ABSOLUTE = 1, EVENT_FLAG_HANGUP = 1 };

struct sub {
    uint64_t userdata;
    uint64_t deadline_ns; /* clocks: on the monotonic clock */
    const struct wasi_fd *fd;
    enum wasi_errno error;
    uint8_t type;
    bool is_ready;
    uint32_t poll_index; /* into polls, when the host is asked */
};

struct poll_job {
    struct sub subs[WASI_EVENTS_MAX];
    struct pollfd polls[WASI_EVENTS_MAX];
    uint32_t poll_count;
    uint64_t now_ns;      /* when the call came in */
    uint64_t deadline_ns; /* of the earliest clock */
    bool has_clock, has_ready;
};

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void read_clock(struct wasi_call *c, struct poll_job *job, const uint8_t *at, struct sub *s)
{
    at += c->is_unstable ? 24 : 16;
    uint64_t id = wasi_get(at, 4), timeout = wasi_get(at + 8, 8), flags = wasi_get(at + 24, 2);

    if (id > WASI_CLOCK_THREAD_CPU || (flags & ~(uint64_t)CLOCK_FLAG_ABSOLUTE) != 0) {
        s->error = WASI_INVAL;
        return;
    }
    if (id > WASI_CLOCK_MONOTONIC) {
        s->error = WASI_NOTSUP;
        return;
    }
    if ((flags & CLOCK_FLAG_ABSOLUTE) != 0) {
        uint64_t now = id == WASI_CLOCK_MONOTONIC || c->wasi->has_fixed_clock
                           ? job->now_ns
                           : wasi_now_ns(c->wasi, WASI_CLOCK_REALTIME);
        timeout = timeout > now ? timeout - now : 0;
    }
    s->deadline_ns = add_saturated(job->now_ns, timeout);
    job->has_clock = true;
    job->deadline_ns = MIN(job->deadline_ns, s->deadline_ns);
}

static void read_fd(struct wasi_call *c, struct poll_job *job, const uint8_t *at, struct sub *s)
{
    struct wasi_fd *fd = NULL;

    s->error = wasi_fd_get(c->wasi, (uint32_t)wasi_get(at + 16, 4), &fd);
    if (s->error == WASI_SUCCESS && (fd->base & WASI_RIGHT(POLL_FD_READWRITE)) == 0)
        s->error = WASI_NOTCAPABLE;
    if (s->error != WASI_SUCCESS)
        return;
    s->fd = fd;
    if (fd->kind != WASI_OTHER && fd->kind != WASI_SOCKET) {
        s->is_ready = true; /* files and memory never block */
        return;
    }
    s->poll_index = job->poll_count++;
    job->polls[s->poll_index] =
        (struct pollfd){.fd = fd->host, .events = s->type == EVENT_FD_READ ? POLLIN : POLLOUT};
}

static enum wasi_errno read_subs(struct wasi_call *c, struct poll_job *job)
{
    uint32_t size = c->is_unstable ? WASI_SUBSCRIPTION_UNSTABLE_BYTES : WASI_SUBSCRIPTION_BYTES;

    for (uint32_t i = 0; i < c->subscription_count; i++) {
        uint8_t at[WASI_SUBSCRIPTION_UNSTABLE_BYTES]; /* a copy: the guest may share its memory */
        struct sub *s = &job->subs[i];
        memcpy(at, c->subscriptions + (size_t)i * size, size);
        s->userdata = wasi_get(at, 8);
        s->type = at[8];
        if (s->type >= EVENT_TYPE_COUNT)
            return WASI_INVAL;
        if (s->type == EVENT_CLOCK)
            read_clock(c, job, at, s);
        else
            read_fd(c, job, at, s);
        job->has_ready |= s->error != WASI_SUCCESS || s->is_ready;
    }
    return WASI_SUCCESS;
}

/* With a clock of our own nothing is waited for: time jumps to the earliest deadline. */
static enum wasi_errno wait_first(struct wasi_call *c, struct poll_job *job)
{
    struct wasi *w = c->wasi;
    uint32_t ready = 0;
    bool at_once = job->has_ready || (job->has_clock && w->has_fixed_clock);
    enum wasi_errno e =
        wasi_wait(c, job->polls, job->poll_count, at_once ? 0 : job->deadline_ns, &ready);

    if (e != WASI_SUCCESS)
        return e;
    if (w->has_fixed_clock) {
        if (job->has_clock && !job->has_ready && ready == 0)
            w->clock_ns = MAX(w->clock_ns, job->deadline_ns);
        job->now_ns = w->clock_ns;
    } else {
        job->now_ns = wasi_now_ns(w, WASI_CLOCK_MONOTONIC);
    }
    return WASI_SUCCESS;
}

static uint64_t bytes_ready(const struct sub *s)
{
    const struct wasi_fd *fd = s->fd;
    struct stat st;
    int count = 0;

    if (s->type == EVENT_FD_WRITE)
        return PIPE_BUF; /* a ready pipe takes as much */
    if (fd->kind == WASI_MEMORY)
        return fd->stream->size - fd->stream->position;
    if (fd->kind == WASI_FILE) {
        off_t at = lseek(fd->host, 0, SEEK_CUR);
        if (at < 0 || fstat(fd->host, &st) != 0 || st.st_size < at)
            return 0;
        return (uint64_t)(st.st_size - at);
    }
    return ioctl(fd->host, FIONREAD, &count) == 0 && count > 0 ? (uint64_t)count : 0;
}

/* True when the subscription has come true; then *nbytes, *flags and s->error are its event's. */
static bool is_due(const struct poll_job *job, struct sub *s, uint64_t *nbytes, uint16_t *flags)
{
    short got = 0;

    *nbytes = 0;
    *flags = 0;
    if (s->error != WASI_SUCCESS)
        return true;
    if (s->type == EVENT_CLOCK)
        return s->deadline_ns <= job->now_ns;
    if (!s->is_ready) {
        got = job->polls[s->poll_index].revents;
        if (got == 0)
            return false;
        if ((got & POLLNVAL) != 0)
            s->error = WASI_BADF;
        else if ((got & (POLLHUP | POLLERR)) != 0)
            *flags = EVENT_FLAG_HANGUP;
    }
    if (s->error == WASI_SUCCESS)
        *nbytes = bytes_ready(s);
    return true;
}

static uint32_t put_events(struct wasi_call *c, struct poll_job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->subscription_count; i++) {
        struct sub *s = &job->subs[i];
        uint64_t nbytes = 0;
        uint16_t flags = 0;
        if (!is_due(job, s, &nbytes, &flags))
            continue;
        uint8_t *at = c->events + (size_t)count++ * WASI_EVENT_BYTES;
        memset(at, 0, WASI_EVENT_BYTES);
        wasi_put(at, s->userdata, 8);
        wasi_put(at + 8, s->error, 2);
        at[10] = s->type;
        wasi_put(at + 16, nbytes, 8);
        wasi_put(at + 24, flags, 2);
    }
    return count;
}

enum wasi_errno wasi_perform_poll_oneoff(struct wasi_call *c)
{
    struct poll_job *job = mem_alloc(1, sizeof(*job));
    uint32_t count = 0;
    enum wasi_errno e = WASI_NOMEM;

    assert(c->subscription_count <= WASI_EVENTS_MAX && "decoded");
    if (job == NULL)
        return e;
    job->deadline_ns = UINT64_MAX;
    job->now_ns =
        c->wasi->has_fixed_clock ? c->wasi->clock_ns : wasi_now_ns(c->wasi, WASI_CLOCK_MONOTONIC);
    e = read_subs(c, job);
    while (e == WASI_SUCCESS && count == 0) { /* a host clock may be a little early */
        e = wait_first(c, job);
        if (e == WASI_SUCCESS)
            count = put_events(c, job);
    }
    mem_free(job);
    if (e == WASI_SUCCESS)
        wasi_put(c->out[0], count, 4);
    return e;
}
