/*
 * fds: the table of descriptors of one guest, and what each kind of descriptor may do at most.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *on;
    bool writes;
} right_info[WASI_RIGHT_COUNT] = {
#define RIGHT(name, bit, on, writes) [bit] = {on, writes},
#include "shield/wasi/rights.def"
#undef RIGHT
};

uint64_t wasi_rights_of(enum wasi_kind kind)
{
    static const char letters[] = {[WASI_FILE] = 'f',
                                   [WASI_DIR] = 'd',
                                   [WASI_SOCKET] = 's',
                                   [WASI_OTHER] = 'o',
                                   [WASI_MEMORY] = 'o'};
    uint64_t rights = 0;

    assert(kind != WASI_FREE && "a free slot has no rights");
    for (uint32_t bit = 0; bit < WASI_RIGHT_COUNT; bit++)
        if (strchr(right_info[bit].on, letters[kind]) != NULL)
            rights |= UINT64_C(1) << bit;
    return rights;
}

uint64_t wasi_rights_writing(void)
{
    uint64_t rights = 0;
    for (uint32_t bit = 0; bit < WASI_RIGHT_COUNT; bit++)
        if (right_info[bit].writes)
            rights |= UINT64_C(1) << bit;
    return rights;
}

enum wasi_errno wasi_fd_add(struct wasi *w, const struct wasi_fd *fd, uint32_t *number)
{
    assert(fd->kind != WASI_FREE && "something to add");
    uint32_t i = w->fd_first_free;
    while (i < w->fd_end && w->fds[i].kind != WASI_FREE)
        i++;
    if (i == WASI_FDS_MAX)
        return WASI_MFILE;
    w->fds[i] = *fd;
    w->fd_first_free = i + 1;
    w->fd_end = MAX(w->fd_end, i + 1);
    *number = i;
    return WASI_SUCCESS;
}

void wasi_fd_clear(struct wasi *w, uint32_t number)
{
    struct wasi_fd *fd = &w->fds[number];

    assert(number < w->fd_end && fd->kind != WASI_FREE && "an open descriptor");
    wasi_dir_free(fd->dir);
    if (fd->is_owned && fd->host >= 0)
        close(fd->host);
    *fd = (struct wasi_fd){.kind = WASI_FREE};
    w->fd_first_free = MIN(w->fd_first_free, number);
}

uint8_t wasi_filetype_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFBLK: return WASI_FILETYPE_BLOCK_DEVICE;
    case S_IFCHR: return WASI_FILETYPE_CHARACTER_DEVICE;
    case S_IFDIR: return WASI_FILETYPE_DIRECTORY;
    case S_IFREG: return WASI_FILETYPE_REGULAR_FILE;
    case S_IFLNK: return WASI_FILETYPE_SYMBOLIC_LINK;
    case S_IFSOCK: return WASI_FILETYPE_SOCKET_STREAM;
    default: return WASI_FILETYPE_UNKNOWN; /* WASI has no name for a pipe */
    }
}

/* A listening socket can accept, any other can do the rest. */
static void describe_socket(int host, struct wasi_fd *out)
{
    const uint64_t for_data =
        WASI_RIGHT(FD_READ) | WASI_RIGHT(FD_WRITE) | WASI_RIGHT(SOCK_SHUTDOWN);
    int type = 0, listens = 0;
    socklen_t type_size = sizeof(type), listens_size = sizeof(listens);

    if (getsockopt(host, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM)
        out->filetype = WASI_FILETYPE_SOCKET_DGRAM;
    if (getsockopt(host, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0)
        listens = 0;
    out->base &= ~(listens != 0 ? for_data : WASI_RIGHT(SOCK_ACCEPT));
}

enum wasi_errno wasi_fd_describe(int host, struct wasi_fd *out)
{
    struct stat st;

    if (fstat(host, &st) != 0)
        return wasi_errno_of(errno);
    *out = (struct wasi_fd){.host = host, .filetype = wasi_filetype_of(st.st_mode)};
    if (S_ISDIR(st.st_mode))
        out->kind = WASI_DIR;
    else if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
        out->kind = WASI_FILE;
    else
        out->kind = S_ISSOCK(st.st_mode) ? WASI_SOCKET : WASI_OTHER;
    out->base = wasi_rights_of(out->kind);
    if (out->kind == WASI_DIR)
        out->inheriting = wasi_rights_of(WASI_DIR) | wasi_rights_of(WASI_FILE);
    if (out->kind == WASI_SOCKET)
        describe_socket(host, out);
    return WASI_SUCCESS;
}
