/* fuse_handle_req: plays the daemon of a fuse file system: reads one request and gives the answer
 * that the program has prepared for its kind. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

/* Pointers to prepared answers, each a struct fuse_out_header and what follows. */
struct fuse_answers {
    uint64_t init, lseek, bmap, poll, getxattr, lk, statfs, write, read, open, attr, entry, dirent,
        direntplus, create_open, ioctl, statx;
};

/* The answer for a kind of request; 0: it takes none; 1: an empty one. */
static uint64_t fuse_choose(const struct fuse_answers *a, uint32_t opcode)
{
    enum { NOTHING = 0, EMPTY = 1, STATX = 52 };

    switch (opcode) { /* tidy: flat */
    case FUSE_GETATTR:
    case FUSE_SETATTR: return a->attr;
    case FUSE_LOOKUP:
    case FUSE_SYMLINK:
    case FUSE_LINK:
    case FUSE_MKNOD:
    case FUSE_MKDIR: return a->entry;
    case FUSE_OPEN:
    case FUSE_OPENDIR: return a->open;
    case FUSE_STATFS: return a->statfs;
    case FUSE_RMDIR:
    case FUSE_RENAME:
    case FUSE_RENAME2:
    case FUSE_FALLOCATE:
    case FUSE_SETXATTR:
    case FUSE_REMOVEXATTR:
    case FUSE_FSYNCDIR:
    case FUSE_FSYNC:
    case FUSE_SETLKW:
    case FUSE_SETLK:
    case FUSE_ACCESS:
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_UNLINK:
    case FUSE_DESTROY: return EMPTY;
    case FUSE_READ:
    case FUSE_READLINK: return a->read;
    case FUSE_GETLK: return a->lk;
    case FUSE_GETXATTR:
    case FUSE_LISTXATTR: return a->getxattr;
    case FUSE_WRITE:
    case FUSE_COPY_FILE_RANGE: return a->write;
    case FUSE_INIT: return a->init;
    case FUSE_CREATE: return a->create_open;
    case FUSE_IOCTL: return a->ioctl;
    case FUSE_READDIR: return a->dirent;
    case FUSE_READDIRPLUS: return a->direntplus;
    case FUSE_BMAP: return a->bmap;
    case FUSE_LSEEK: return a->lseek;
    case FUSE_POLL: return a->poll;
    case STATX: return a->statx;
    default: return NOTHING; /* FORGET and INTERRUPT among them */
    }
}

/* buffer: where to read the request to, as large as the kernel demands (8 KiB). */
static long syz_fuse_handle_req(uint64_t fd, uint64_t buffer, uint64_t size, uint64_t answers)
{
    struct fuse_answers chosen_from;
    struct fuse_in_header request;
    struct fuse_out_header header;
    volatile long result = -1;

    if (size < FUSE_MIN_READ_BUFFER) {
        errno = EINVAL;
        return -1;
    }
    if (read((int)fd, (void *)(uintptr_t)buffer, size) < (ssize_t)sizeof(request))
        return -1;
    errno = EFAULT;
    GUARDED({
        memcpy(&request, (const void *)(uintptr_t)buffer, sizeof(request));
        memcpy(&chosen_from, (const void *)(uintptr_t)answers, sizeof(chosen_from));
        const uint64_t chosen = fuse_choose(&chosen_from, request.opcode);
        memset(&header, 0, sizeof(header));
        header.len = sizeof(header);
        if (chosen > 1)
            memcpy(&header, (const void *)(uintptr_t)chosen, sizeof(header));
        header.unique = request.unique;
        if (chosen > 1) {
            memcpy((void *)(uintptr_t)chosen, &header, sizeof(header));
            result = write((int)fd, (const void *)(uintptr_t)chosen, header.len);
        } else {
            result = chosen == 1 ? write((int)fd, &header, sizeof(header)) : 0;
        }
    });
    return result < 0 ? -1 : 0;
}
