/*
 * call_path: calls that name something below a directory. Opening goes through wasi_open_below();
 * everything else finds a place (path.c) and makes one system call there that follows no link.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum wasi_errno result_of(int got)
{
    return got == 0 ? WASI_SUCCESS : wasi_errno_of(errno);
}

static enum wasi_errno find(struct wasi_call *c, uint32_t fd, uint32_t path,
                            enum wasi_path_mode mode, struct wasi_place *out)
{
    return wasi_place_find(c->wasi->resolver, c->fd[fd]->host, c->path[path], mode, out);
}

static enum wasi_path_mode mode_of(uint64_t lookup_flags)
{
    return (lookup_flags & WASI_LOOKUP_FOLLOW) != 0 ? WASI_PATH_FOLLOW : WASI_PATH_OBJECT;
}

/* A slash behind a name asks for a directory: NOTDIR or NOENT when there is none. */
static enum wasi_errno check_slash(const struct wasi_place *p)
{
    struct stat st;

    if (!p->has_slash)
        return WASI_SUCCESS;
    if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return wasi_errno_of(errno);
    return S_ISDIR(st.st_mode) ? WASI_SUCCESS : WASI_NOTDIR;
}

enum wasi_errno wasi_perform_path_create_directory(struct wasi_call *c)
{
    struct wasi_place p;
    enum wasi_errno e = find(c, 0, 0, WASI_PATH_ENTRY, &p);

    if (e != WASI_SUCCESS)
        return e;
    e = result_of(mkdirat(p.dir, p.name, 0777));
    wasi_place_close(&p);
    return e;
}

enum wasi_errno wasi_perform_path_filestat_get(struct wasi_call *c)
{
    struct wasi_place p;
    struct stat st;
    enum wasi_errno e = find(c, 0, 0, mode_of(c->num[0]), &p);

    if (e != WASI_SUCCESS)
        return e;
    e = result_of(fstatat(p.dir, p.name, &st, AT_SYMLINK_NOFOLLOW));
    wasi_place_close(&p);
    if (e == WASI_SUCCESS)
        wasi_put_filestat(c, c->out[0], &st);
    return e;
}

enum wasi_errno wasi_perform_path_filestat_set_times(struct wasi_call *c)
{
    struct wasi_place p;
    struct timespec times[2];
    enum wasi_errno e = wasi_times_of(c->num[1], c->num[2], c->num[3], times);

    if (e == WASI_SUCCESS)
        e = find(c, 0, 0, mode_of(c->num[0]), &p);
    if (e != WASI_SUCCESS)
        return e;
    e = result_of(utimensat(p.dir, p.name, times, AT_SYMLINK_NOFOLLOW));
    wasi_place_close(&p);
    return e;
}

enum wasi_errno wasi_perform_path_link(struct wasi_call *c)
{
    struct wasi_place from, to;
    enum wasi_errno e = find(c, 0, 0, mode_of(c->num[0]), &from);

    if (e != WASI_SUCCESS)
        return e;
    e = find(c, 1, 1, WASI_PATH_ENTRY, &to);
    if (e == WASI_SUCCESS) {
        e = check_slash(&to);
        if (e == WASI_SUCCESS)
            e = result_of(linkat(from.dir, from.name, to.dir, to.name, 0));
        wasi_place_close(&to);
    }
    wasi_place_close(&from);
    return e;
}

enum wasi_errno wasi_perform_path_readlink(struct wasi_call *c)
{
    char target[WASI_PATH_MAX];
    struct wasi_place p;
    enum wasi_errno e = find(c, 0, 0, WASI_PATH_OBJECT, &p);

    if (e != WASI_SUCCESS)
        return e;
    ssize_t got = readlinkat(p.dir, p.name, target, sizeof(target));
    e = got < 0 ? wasi_errno_of(errno) : WASI_SUCCESS;
    wasi_place_close(&p);
    if (e == WASI_SUCCESS) {
        size_t size = MIN((size_t)got, c->buffer_size);
        memcpy(c->buffer, target, size);
        wasi_put(c->out[0], size, 4);
    }
    return e;
}

enum wasi_errno wasi_perform_path_remove_directory(struct wasi_call *c)
{
    struct wasi_place p;
    enum wasi_errno e = find(c, 0, 0, WASI_PATH_ENTRY, &p);

    if (e != WASI_SUCCESS)
        return e;
    e = result_of(unlinkat(p.dir, p.name, AT_REMOVEDIR));
    wasi_place_close(&p);
    return e;
}

enum wasi_errno wasi_perform_path_unlink_file(struct wasi_call *c)
{
    struct wasi_place p;
    enum wasi_errno e = find(c, 0, 0, WASI_PATH_ENTRY, &p);

    if (e != WASI_SUCCESS)
        return e;
    e = check_slash(&p);
    if (e == WASI_SUCCESS)
        e = result_of(unlinkat(p.dir, p.name, 0));
    wasi_place_close(&p);
    return e;
}

/* With a slash behind the new name, what is moved must be a directory. */
static enum wasi_errno rename_places(const struct wasi_place *from, const struct wasi_place *to)
{
    struct wasi_place source = *from;
    source.has_slash = from->has_slash || to->has_slash;
    enum wasi_errno e = check_slash(&source);

    return e != WASI_SUCCESS ? e : result_of(renameat(from->dir, from->name, to->dir, to->name));
}

enum wasi_errno wasi_perform_path_rename(struct wasi_call *c)
{
    struct wasi_place from, to;
    enum wasi_errno e = find(c, 0, 0, WASI_PATH_ENTRY, &from);

    if (e != WASI_SUCCESS)
        return e;
    e = find(c, 1, 1, WASI_PATH_ENTRY, &to);
    if (e == WASI_SUCCESS) {
        e = rename_places(&from, &to);
        wasi_place_close(&to);
    }
    wasi_place_close(&from);
    return e;
}

/* What a link holds is not a path of ours until it is walked, and then it is checked. But others
 * walk it too: a host program that meets an absolute link in a shared directory would follow it. */
enum wasi_errno wasi_perform_path_symlink(struct wasi_call *c)
{
    struct wasi_place p;

    if (c->path[0][0] == '/')
        return WASI_NOTCAPABLE;
    enum wasi_errno e = find(c, 0, 1, WASI_PATH_ENTRY, &p);
    if (e != WASI_SUCCESS)
        return e;
    e = check_slash(&p);
    if (e == WASI_SUCCESS)
        e = result_of(symlinkat(c->path[0], p.dir, p.name));
    wasi_place_close(&p);
    return e;
}

/* What path_open was asked for, after its checks. */
struct open_request {
    uint64_t base, inheriting; /* what the directory hands down of what was asked for */
    uint64_t oflags;
    uint16_t fdflags;
    int host_flags;
};

/* Rights that are not the directory's to give are left out, as programs ask for all they know; but
 * reading and writing are what the caller came for, so those are refused. */
static enum wasi_errno check_open(const struct wasi_call *c, struct open_request *rq)
{
    const struct wasi_fd *dir = c->fd[0];
    uint64_t oflags = c->num[1], base = c->num[2];
    uint64_t needed = ((oflags & WASI_OFLAG_CREAT) != 0 ? WASI_RIGHT(PATH_CREATE_FILE) : 0) |
                      ((oflags & WASI_OFLAG_TRUNC) != 0 ? WASI_RIGHT(PATH_FILESTAT_SET_SIZE) : 0);
    uint64_t handed_down = WASI_RIGHT(FD_READ) | WASI_RIGHT(FD_WRITE);

    if ((oflags & WASI_OFLAG_DIRECTORY) != 0 && (oflags & ~(uint64_t)WASI_OFLAG_DIRECTORY) != 0)
        return WASI_INVAL; /* a directory is made by path_create_directory */
    if ((dir->base & needed) != needed || (base & handed_down & ~dir->inheriting) != 0)
        return WASI_NOTCAPABLE;
    *rq = (struct open_request){
        .base = base & dir->inheriting,
        .inheriting = c->num[3] & dir->inheriting,
        .oflags = oflags,
        .fdflags = (uint16_t)c->num[4],
    };
    return WASI_SUCCESS;
}

/* Always non-blocking: opening a pipe or a device must not hang; waiting is done in wait.c. */
static int host_flags_of(const struct open_request *rq, uint64_t lookup_flags)
{
    const uint64_t reads = WASI_RIGHT(FD_READ) | WASI_RIGHT(FD_READDIR);
    bool is_dir = (rq->oflags & WASI_OFLAG_DIRECTORY) != 0;
    uint64_t writes = WASI_RIGHT(FD_WRITE);
    if (!is_dir) /* of a directory nobody asks these in earnest; FD_WRITE is to end in ISDIR */
        writes |= WASI_RIGHT(FD_ALLOCATE) | WASI_RIGHT(FD_FILESTAT_SET_SIZE);
    bool has_writes = (rq->base & writes) != 0 || (rq->oflags & WASI_OFLAG_TRUNC) != 0;
    bool has_reads = !has_writes || (rq->base & reads) != 0;
    int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

    flags |= !has_writes ? O_RDONLY : has_reads ? O_RDWR : O_WRONLY;
    flags |= is_dir ? O_DIRECTORY : 0;
    flags |= (rq->oflags & WASI_OFLAG_CREAT) != 0 ? O_CREAT : 0;
    flags |= (rq->oflags & WASI_OFLAG_EXCL) != 0 ? O_EXCL : 0;
    flags |= (rq->oflags & WASI_OFLAG_TRUNC) != 0 ? O_TRUNC : 0;
    flags |= (rq->fdflags & WASI_FDFLAG_APPEND) != 0 ? O_APPEND : 0;
    flags |= (lookup_flags & WASI_LOOKUP_FOLLOW) != 0 ? 0 : O_NOFOLLOW;
    return flags;
}

enum wasi_errno wasi_perform_path_open(struct wasi_call *c)
{
    struct open_request rq;
    struct wasi_fd fd;
    uint32_t number = 0;
    int host = -1;
    enum wasi_errno e = check_open(c, &rq);

    if (e == WASI_SUCCESS)
        e = wasi_open_below(c->wasi->resolver, c->fd[0]->host, c->path[0],
                            host_flags_of(&rq, c->num[0]), 0666, &host);
    if (e != WASI_SUCCESS)
        return e;
    e = wasi_fd_describe(host, &fd);
    if (e == WASI_SUCCESS) {
        fd.base = rq.base & wasi_rights_of(fd.kind);
        fd.inheriting = rq.inheriting & fd.inheriting;
        fd.flags = rq.fdflags;
        fd.is_owned = true;
        e = wasi_fd_add(c->wasi, &fd, &number);
    }
    if (e != WASI_SUCCESS) {
        close(host);
        return e;
    }
    wasi_put(c->out[0], number, 4);
    return WASI_SUCCESS;
}
