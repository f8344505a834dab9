/*
 * call_io: reading and writing. Data moves between the kernel and the guest's memory without a copy
 * in between. On what can block (pipes, terminals, devices, sockets) a call first waits in slices,
 * so that a guest stuck there can be interrupted; writes to a pipe then go out in pieces that a
 * ready pipe takes without blocking.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum wasi_errno put_count(struct wasi_call *c, uint64_t count)
{
    wasi_put(c->out[0], count, 4);
    return WASI_SUCCESS;
}

static enum wasi_errno put_result(struct wasi_call *c, ssize_t got)
{
    return got < 0 ? wasi_errno_of(errno) : put_count(c, (uint64_t)got);
}

static enum wasi_errno stream_read(struct wasi_call *c, struct wasi_stream *s)
{
    size_t total = 0;

    for (uint32_t i = 0; i < c->iov_count && s->position < s->size; i++) {
        size_t size = MIN(c->iov[i].iov_len, s->size - s->position);
        memcpy(c->iov[i].iov_base, s->bytes + s->position, size);
        s->position += size;
        total += size;
    }
    return put_count(c, total);
}

/* All or nothing, so that the limit is not reached in the middle of a line. */
static enum wasi_errno stream_write(struct wasi_call *c, struct wasi_stream *s)
{
    if (!s->keeps || c->iov_bytes == 0)
        return put_count(c, c->iov_bytes);
    if (c->iov_bytes > s->limit_bytes - s->kept_size)
        return WASI_NOSPC;
    if (c->iov_bytes > s->kept_capacity - s->kept_size) {
        size_t capacity = MAX(2 * s->kept_capacity, s->kept_size + c->iov_bytes);
        uint8_t *kept = mem_resize(s->kept, capacity, 1);
        if (kept == NULL)
            return WASI_NOMEM;
        s->kept = kept;
        s->kept_capacity = capacity;
    }
    for (uint32_t i = 0; i < c->iov_count; i++) {
        memcpy(s->kept + s->kept_size, c->iov[i].iov_base, c->iov[i].iov_len);
        s->kept_size += c->iov[i].iov_len;
    }
    return put_count(c, c->iov_bytes);
}

enum wasi_errno wasi_perform_fd_read(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];

    if (fd->kind == WASI_MEMORY)
        return stream_read(c, fd->stream);
    for (;;) {
        if (fd->kind != WASI_FILE) {
            enum wasi_errno e = wasi_wait_fd(c, fd, POLLIN);
            if (e != WASI_SUCCESS)
                return e;
        }
        ssize_t got = readv(fd->host, c->iov, (int)c->iov_count);
        if (got >= 0 || (errno != EAGAIN && errno != EINTR))
            return put_result(c, got);
        if (wasi_interrupted(c)) /* somebody else took the bytes, or a signal came: once more */
            return WASI_INTR;
    }
}

enum wasi_errno wasi_perform_fd_pread(struct wasi_call *c)
{
    if (c->fd[0]->kind != WASI_FILE)
        return WASI_SPIPE;
    if (c->num[0] > INT64_MAX)
        return WASI_INVAL;
    return put_result(c, preadv(c->fd[0]->host, c->iov, (int)c->iov_count, (off_t)c->num[0]));
}

/* What the descriptor's sync flags promise of a write that was made. RSYNC is SYNC, as on Linux. */
static void sync_if_asked(const struct wasi_fd *fd)
{
    if ((fd->flags & (WASI_FDFLAG_SYNC | WASI_FDFLAG_RSYNC)) != 0)
        fsync(fd->host);
    else if ((fd->flags & WASI_FDFLAG_DSYNC) != 0)
        fdatasync(fd->host);
}

/* Keeps SIGPIPE, which would be the end of the host, away from this thread while a guest writes. */
struct quiet {
    sigset_t before;
    bool was_pending;
};

static void quiet_begin(struct quiet *q)
{
    sigset_t pipe_only;

    sigpending(&q->before);
    q->was_pending = sigismember(&q->before, SIGPIPE) == 1;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &q->before);
}

static void quiet_end(const struct quiet *q)
{
    sigset_t pipe_only;
    struct timespec none = {0};

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    if (!q->was_pending) /* take our own, if there is one */
        while (sigtimedwait(&pipe_only, NULL, &none) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

/* One buffer to something that may block, in pieces; *done counts what is out. */
static enum wasi_errno write_buffer(struct wasi_call *c, const struct wasi_fd *fd,
                                    const struct iovec *iov, uint64_t *done)
{
    const uint8_t *bytes = iov->iov_base;
    size_t left = iov->iov_len;

    while (left > 0) {
        enum wasi_errno e = wasi_wait_fd(c, fd, POLLOUT);
        if (e != WASI_SUCCESS)
            return e;
        ssize_t got = write(fd->host, bytes, MIN(left, (size_t)PIPE_BUF));
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return wasi_errno_of(errno);
        if (got > 0) {
            bytes += got;
            left -= (size_t)got;
            *done += (uint64_t)got;
        }
    }
    return WASI_SUCCESS;
}

/* Writes everything, or, when non-blocking, what is taken now. Once some bytes are out, an error
 * only cuts the count short. */
static enum wasi_errno write_in_pieces(struct wasi_call *c, const struct wasi_fd *fd)
{
    enum wasi_errno e = WASI_SUCCESS;
    uint64_t done = 0;
    struct quiet q;

    quiet_begin(&q);
    for (uint32_t i = 0; e == WASI_SUCCESS && i < c->iov_count; i++)
        e = write_buffer(c, fd, &c->iov[i], &done);
    quiet_end(&q);
    return e != WASI_SUCCESS && done == 0 ? e : put_count(c, done);
}

enum wasi_errno wasi_perform_fd_write(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];

    if (fd->kind == WASI_MEMORY)
        return stream_write(c, fd->stream);
    if (fd->kind != WASI_FILE)
        return write_in_pieces(c, fd);
    ssize_t got = writev(fd->host, c->iov, (int)c->iov_count);
    if (got > 0)
        sync_if_asked(fd);
    return put_result(c, got);
}

enum wasi_errno wasi_perform_fd_pwrite(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];

    if (fd->kind != WASI_FILE)
        return WASI_SPIPE;
    if (c->num[0] > INT64_MAX)
        return WASI_INVAL;
    ssize_t got = pwritev(fd->host, c->iov, (int)c->iov_count, (off_t)c->num[0]);
    if (got > 0)
        sync_if_asked(fd);
    return put_result(c, got);
}

enum wasi_errno wasi_perform_fd_seek(struct wasi_call *c)
{
    static const int whence[2][3] = {
        {SEEK_SET, SEEK_CUR, SEEK_END}, /* SET, CUR, END */
        {SEEK_CUR, SEEK_END, SEEK_SET}, /* wasi_unstable counts otherwise */
    };
    if (c->fd[0]->kind != WASI_FILE)
        return WASI_SPIPE;
    off_t at = lseek(c->fd[0]->host, (off_t)c->num[0], whence[c->is_unstable][c->num[1]]);
    if (at < 0)
        return wasi_errno_of(errno);
    wasi_put(c->out[0], (uint64_t)at, 8);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_tell(struct wasi_call *c)
{
    if (c->fd[0]->kind != WASI_FILE)
        return WASI_SPIPE;
    off_t at = lseek(c->fd[0]->host, 0, SEEK_CUR);
    if (at < 0)
        return wasi_errno_of(errno);
    wasi_put(c->out[0], (uint64_t)at, 8);
    return WASI_SUCCESS;
}
