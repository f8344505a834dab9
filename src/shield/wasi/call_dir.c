/*
 * call_dir: fd_readdir. A cookie is the kernel's own position behind an entry, so it stays good
 * however much the directory changes: entries that were there all along come exactly once. What
 * the kernel gave is kept as long as the guest goes on where it stopped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include "base/mem.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wasi_dir {
    uint64_t cookie;     /* position of the entry at `at` */
    uint32_t at, filled; /* bytes of entries */
    bool is_valid;
    _Alignas(8) uint8_t entries[WASI_DIR_BUFFER];
};

/* As getdents64(2) lays them out; the name follows, NUL-terminated. */
struct kernel_entry {
    uint64_t ino;
    int64_t next;
    uint16_t size;
    uint8_t type;
};
enum { KERNEL_NAME_OFFSET = 19 };

void wasi_dir_free(struct wasi_dir *d)
{
    mem_free(d);
}

/* Makes sure that the entry at `cookie` is at d->at, or that d is empty at the end. */
static enum wasi_errno dir_fill(struct wasi_dir *d, int host, uint64_t cookie)
{
    if (d->is_valid && d->cookie == cookie && d->at < d->filled)
        return WASI_SUCCESS;
    if (!d->is_valid || d->cookie != cookie || cookie == 0) {
        if (lseek(host, (off_t)cookie, SEEK_SET) < 0)
            return WASI_INVAL; /* no cookie of ours */
    }
    long got = syscall(SYS_getdents64, host, d->entries, sizeof(d->entries));
    d->is_valid = got >= 0;
    d->at = 0;
    d->filled = got > 0 ? (uint32_t)got : 0;
    d->cookie = cookie;
    return got >= 0 ? WASI_SUCCESS : wasi_errno_of(errno);
}

static uint8_t filetype_of(int host, const char *name, uint8_t type)
{
    struct stat st;

    if (type != DT_UNKNOWN)
        return wasi_filetype_of((mode_t)DTTOIF(type));
    if (fstatat(host, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return WASI_FILETYPE_UNKNOWN;
    return wasi_filetype_of(st.st_mode);
}

/* What ".." shows: the root of a preopened directory is its own parent. */
static uint64_t parent_ino(const struct wasi *w, int host, uint64_t ino)
{
    struct stat st;

    if (fstat(host, &st) != 0)
        return ino;
    for (uint32_t i = 0; i < w->preopen_count; i++)
        if (w->preopens[i].dev == st.st_dev && w->preopens[i].ino == st.st_ino)
            return st.st_ino;
    return ino;
}

/* Appends as much of the bytes as fits; false when the buffer is full. */
static bool put_part(struct wasi_call *c, uint32_t *used, const void *bytes, size_t size)
{
    size_t part = MIN(size, c->buffer_size - *used);

    memcpy(c->buffer + *used, bytes, part);
    *used += (uint32_t)part;
    return part == size;
}

static bool put_entry(struct wasi_call *c, uint32_t *used, const struct kernel_entry *entry,
                      const char *name)
{
    uint8_t head[WASI_DIRENT_BYTES] = {0};
    int host = c->fd[0]->host;
    uint64_t ino = strcmp(name, "..") == 0 ? parent_ino(c->wasi, host, entry->ino) : entry->ino;

    wasi_put(head, (uint64_t)entry->next, 8);
    wasi_put(head + 8, ino, 8);
    wasi_put(head + 16, strlen(name), 4);
    head[20] = filetype_of(host, name, entry->type);
    return put_part(c, used, head, sizeof(head)) && put_part(c, used, name, strlen(name));
}

/* Fills the guest's buffer; the last entry may be cut. Less than the buffer: this was the end. */
enum wasi_errno wasi_perform_fd_readdir(struct wasi_call *c)
{
    struct wasi_fd *fd = c->fd[0];
    uint64_t cookie = c->num[0];
    uint32_t used = 0;
    bool has_room = c->buffer_size > 0;

    if (fd->dir == NULL)
        fd->dir = mem_alloc(1, sizeof(*fd->dir));
    if (fd->dir == NULL)
        return WASI_NOMEM;
    while (has_room) {
        struct wasi_dir *d = fd->dir;
        struct kernel_entry entry;
        enum wasi_errno e = dir_fill(d, fd->host, cookie);
        if (e != WASI_SUCCESS)
            return e;
        if (d->filled == 0)
            break;
        memcpy(&entry, d->entries + d->at, sizeof(entry));
        assert(entry.size > KERNEL_NAME_OFFSET && entry.size <= d->filled - d->at && "whole");
        const char *name = (const char *)d->entries + d->at + KERNEL_NAME_OFFSET;
        has_room = put_entry(c, &used, &entry, name);
        if (has_room) {
            cookie = (uint64_t)entry.next;
            d->cookie = cookie;
            d->at += entry.size;
        }
    }
    wasi_put(c->out[0], used, 4);
    return WASI_SUCCESS;
}
