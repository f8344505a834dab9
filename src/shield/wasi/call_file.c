/* call_file: what a descriptor is, its flags and rights, size and times, closing and moving it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

static enum wasi_errno result_of(int got)
{
    return got == 0 ? WASI_SUCCESS : wasi_errno_of(errno);
}

static uint64_t ns_of(struct timespec ts)
{
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void wasi_put_filestat(struct wasi_call *c, uint8_t *at, const struct stat *st)
{
    uint32_t size = c->is_unstable ? WASI_FILESTAT_UNSTABLE_BYTES : WASI_FILESTAT_BYTES;

    memset(at, 0, size);
    wasi_put(at, st->st_dev, 8);
    wasi_put(at + 8, st->st_ino, 8);
    at[16] = wasi_filetype_of(st->st_mode);
    wasi_put(at + (c->is_unstable ? 20 : 24), st->st_nlink, c->is_unstable ? 4 : 8);
    at += size - 32;
    wasi_put(at, (uint64_t)st->st_size, 8);
    wasi_put(at + 8, ns_of(st->st_atim), 8);
    wasi_put(at + 16, ns_of(st->st_mtim), 8);
    wasi_put(at + 24, ns_of(st->st_ctim), 8);
}

static bool time_of(uint64_t ns, uint64_t set, uint64_t now, struct timespec *out)
{
    if (set != 0 && now != 0)
        return false;
    *out = (struct timespec){.tv_nsec = now != 0 ? UTIME_NOW : UTIME_OMIT};
    if (set != 0)
        *out = (struct timespec){(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
    return true;
}

enum wasi_errno wasi_times_of(uint64_t atim, uint64_t mtim, uint64_t flags, struct timespec out[2])
{
    bool good = time_of(atim, flags & WASI_FST_ATIM, flags & WASI_FST_ATIM_NOW, &out[0]) &&
                time_of(mtim, flags & WASI_FST_MTIM, flags & WASI_FST_MTIM_NOW, &out[1]);
    return good ? WASI_SUCCESS : WASI_INVAL;
}

enum wasi_errno wasi_perform_fd_advise(struct wasi_call *c)
{
    static const int advice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                 POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};

    if (c->num[0] > INT64_MAX || c->num[1] > INT64_MAX)
        return WASI_INVAL;
    return wasi_errno_of(
        posix_fadvise(c->fd[0]->host, (off_t)c->num[0], (off_t)c->num[1], advice[c->num[2]]));
}

enum wasi_errno wasi_perform_fd_allocate(struct wasi_call *c)
{
    if (c->num[0] > INT64_MAX || c->num[1] > INT64_MAX)
        return WASI_INVAL;
    return result_of(fallocate(c->fd[0]->host, 0, (off_t)c->num[0], (off_t)c->num[1]));
}

enum wasi_errno wasi_perform_fd_close(struct wasi_call *c)
{
    wasi_fd_clear(c->wasi, c->fd_number[0]);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_datasync(struct wasi_call *c)
{
    return result_of(fdatasync(c->fd[0]->host));
}

enum wasi_errno wasi_perform_fd_sync(struct wasi_call *c)
{
    return result_of(fsync(c->fd[0]->host));
}

enum wasi_errno wasi_perform_fd_fdstat_get(struct wasi_call *c)
{
    const struct wasi_fd *fd = c->fd[0];

    memset(c->out[0], 0, WASI_FDSTAT_BYTES);
    c->out[0][0] = fd->filetype;
    wasi_put(c->out[0] + 2, fd->flags, 2);
    wasi_put(c->out[0] + 8, fd->base, 8);
    wasi_put(c->out[0] + 16, fd->inheriting, 8);
    return WASI_SUCCESS;
}

/* NONBLOCK and the sync flags are kept here and honoured call by call; only APPEND is the kernel's
 * business. A borrowed descriptor's flags belong to others too, so they stay. */
enum wasi_errno wasi_perform_fd_fdstat_set_flags(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];
    uint16_t flags = (uint16_t)c->num[0];

    if (((flags ^ fd->flags) & WASI_FDFLAG_APPEND) != 0) {
        if (fd->kind != WASI_FILE || !fd->is_owned)
            return WASI_NOTSUP;
        int host = fcntl(fd->host, F_GETFL);
        host = (flags & WASI_FDFLAG_APPEND) != 0 ? host | O_APPEND : host & ~O_APPEND;
        if (fcntl(fd->host, F_SETFL, host) != 0)
            return wasi_errno_of(errno);
    }
    fd->flags = flags;
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_fdstat_set_rights(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];

    if ((c->num[0] & ~fd->base) != 0 || (c->num[1] & ~fd->inheriting) != 0)
        return WASI_NOTCAPABLE; /* rights only ever shrink */
    fd->base = c->num[0];
    fd->inheriting = c->num[1];
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_filestat_get(struct wasi_call *c)
{
    struct stat st = {0};

    if (c->fd[0]->kind != WASI_MEMORY && fstat(c->fd[0]->host, &st) != 0)
        return wasi_errno_of(errno);
    wasi_put_filestat(c, c->out[0], &st);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_filestat_set_size(struct wasi_call *c)
{
    if (c->num[0] > INT64_MAX)
        return WASI_INVAL;
    return result_of(ftruncate(c->fd[0]->host, (off_t)c->num[0]));
}

enum wasi_errno wasi_perform_fd_filestat_set_times(struct wasi_call *c)
{
    struct timespec times[2];
    enum wasi_errno e = wasi_times_of(c->num[0], c->num[1], c->num[2], times);

    if (e != WASI_SUCCESS)
        return e;
    return result_of(futimens(c->fd[0]->host, times));
}

enum wasi_errno wasi_perform_fd_prestat_get(struct wasi_call *c)
{
    if (c->fd[0]->preopen == NULL)
        return WASI_BADF; /* where a C library stops looking for preopened directories */
    wasi_put(c->out[0], 0, 4);
    wasi_put(c->out[0] + 4, strlen(c->fd[0]->preopen), 4);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_fd_prestat_dir_name(struct wasi_call *c)
{
    if (c->fd[0]->preopen == NULL)
        return WASI_BADF;
    size_t size = strlen(c->fd[0]->preopen);
    if (c->buffer_size < size)
        return WASI_NAMETOOLONG;
    memcpy(c->buffer, c->fd[0]->preopen, size);
    return WASI_SUCCESS;
}

/* The descriptor that was at the new number is closed; the old number is free afterwards. */
enum wasi_errno wasi_perform_fd_renumber(struct wasi_call *c)
{
    struct wasi *w = c->wasi;
    uint32_t from = c->fd_number[0], to = c->fd_number[1];

    if (from == to)
        return WASI_SUCCESS;
    struct wasi_fd moved = *c->fd[0];
    wasi_fd_clear(w, to);
    w->fds[to] = moved;
    w->fds[from].dir = NULL; /* moved, and so is the host descriptor */
    w->fds[from].is_owned = false;
    wasi_fd_clear(w, from);
    assert(w->fds[to].kind != WASI_FREE && w->fds[from].kind == WASI_FREE && "moved");
    return WASI_SUCCESS;
}
