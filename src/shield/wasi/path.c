/*
 * path: names below a directory. Everything a guest can name goes through wasi_open_below() and
 * wasi_place_find(); both only ever hand out what lies below `root`.
 *
 *   KERNEL  openat2 with RESOLVE_BENEATH: the kernel checks every step of the walk
 *   WALK    walk.c: one component at a time, links expanded here
 *
 * A call that is not an open (make, remove, rename, link, stat...) is done on a place: a directory
 * that was reached that way, and one name in it. The name never holds a slash, is never "..", and
 * the call on it never follows a link, so a link put there by somebody else in between leads
 * nowhere.
 *
 * Absolute paths, absolute links and whatever climbs over the root are NOTCAPABLE.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPENAT2_TRIES = 64 }; /* the kernel asks to try again while somebody renames around us */

static long openat2_call(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) != 0 ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

bool wasi_kernel_has_openat2(void)
{
    long fd = openat2_call(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (fd >= 0)
        close((int)fd);
    return fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL);
}

static enum wasi_errno kernel_open(int root, const char *path, int flags, mode_t mode, int *out)
{
    for (uint32_t i = 0; i < OPENAT2_TRIES; i++) {
        long fd = openat2_call(root, path, flags, mode);
        if (fd >= 0) {
            *out = (int)fd;
            return WASI_SUCCESS;
        }
        if (errno == EXDEV)
            return WASI_NOTCAPABLE; /* RESOLVE_BENEATH refused; open(2) has no other use for it */
        if (errno != EAGAIN && errno != EINTR)
            return wasi_errno_of(errno);
    }
    return WASI_AGAIN;
}

enum wasi_errno wasi_open_below(enum wasi_resolver r, int root, const char *path, int flags,
                                mode_t mode, int *out)
{
    assert(r != WASI_RESOLVER_AUTO && "decided by wasi_new()");
    if (path[0] == '/')
        return WASI_NOTCAPABLE;
    return r == WASI_RESOLVER_KERNEL ? kernel_open(root, path, flags, mode, out)
                                     : wasi_walk_open(root, path, flags, mode, out);
}

/* Fills dir with the directory that `path`, cut at size, names; an empty one is the root. */
static enum wasi_errno place_dir(enum wasi_resolver r, int root, const char *path, size_t size,
                                 struct wasi_place *p)
{
    char dir[WASI_PATH_MAX + 1];

    if (size == 0) {
        p->dir = root;
        p->dir_owned = false;
        return WASI_SUCCESS;
    }
    memcpy(dir, path, size);
    dir[size] = '\0';
    p->dir_owned = true;
    return wasi_open_below(r, root, dir, O_PATH | O_DIRECTORY, 0, &p->dir);
}

/* One look at `path`: splits off the last name. Whatever cannot be a plain name in a directory
 * ("..", and for an object also "x/") becomes "." of the directory it leads to. */
static enum wasi_errno place_split(enum wasi_resolver r, int root, const char *path,
                                   enum wasi_path_mode mode, struct wasi_place *p)
{
    size_t size = strlen(path), start = 0;

    if (size == 0)
        return WASI_NOENT;
    if (path[0] == '/')
        return WASI_NOTCAPABLE;
    while (path[size - 1] == '/')
        size--;
    for (start = size; start > 0 && path[start - 1] != '/'; start--)
        ;
    p->has_slash = path[size] == '/';

    bool is_dots =
        path[start] == '.' && (size - start == 1 || (size - start == 2 && path[start + 1] == '.'));
    if (is_dots || (p->has_slash && mode != WASI_PATH_ENTRY)) {
        memcpy(p->name, ".", 2);
        return place_dir(r, root, path, size, p);
    }
    if (size - start >= sizeof(p->name))
        return WASI_NAMETOOLONG;
    memcpy(p->name, path + start, size - start);
    p->name[size - start] = '\0';
    return place_dir(r, root, path, start, p);
}

/* If the name is a link, replaces it in path by what it holds. *is_link tells. */
static enum wasi_errno expand_last(const struct wasi_place *p, char *path, bool *is_link)
{
    char target[WASI_PATH_MAX + 1];
    ssize_t got = readlinkat(p->dir, p->name, target, sizeof(target));

    *is_link = got >= 0;
    if (got < 0)
        return WASI_SUCCESS; /* no link, or not there: the call itself will say which */
    if (got > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    if (got == 0)
        return WASI_NOENT;
    if (target[0] == '/')
        return WASI_NOTCAPABLE;
    size_t before = strlen(path) - strlen(p->name);
    if (before + (size_t)got > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    memcpy(path + before, target, (size_t)got);
    path[before + (size_t)got] = '\0';
    return WASI_SUCCESS;
}

enum wasi_errno wasi_place_find(enum wasi_resolver r, int root, const char *path,
                                enum wasi_path_mode mode, struct wasi_place *out)
{
    char current[WASI_PATH_MAX + 1];
    struct wasi_place p = {.dir = -1};

    if (strlen(path) > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    memcpy(current, path, strlen(path) + 1);
    for (uint32_t links = 0; links <= WASI_LINKS_MAX; links++) {
        bool is_link = false;
        enum wasi_errno e = place_split(r, root, current, mode, &p);
        if (e != WASI_SUCCESS)
            return e;
        if (mode == WASI_PATH_FOLLOW)
            e = expand_last(&p, current, &is_link);
        if (e == WASI_SUCCESS && !is_link) {
            assert(strchr(p.name, '/') == NULL && strcmp(p.name, "..") != 0 && "one plain name");
            *out = p;
            return WASI_SUCCESS;
        }
        wasi_place_close(&p);
        if (e != WASI_SUCCESS)
            return e;
    }
    return WASI_LOOP;
}

void wasi_place_close(struct wasi_place *p)
{
    if (p->dir_owned)
        close(p->dir);
    p->dir_owned = false;
}
