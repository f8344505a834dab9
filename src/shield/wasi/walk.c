/*
 * walk: opens a path below a directory without the kernel's help. Goes one component at a time
 * with O_NOFOLLOW; a link is read from the very descriptor that turned out to be one and put in
 * front of the rest of the path; ".." goes back to the directory we came from, which is kept open
 * on a stack, so nothing outside the root is ever opened, whatever is renamed meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct walk {
    int root;
    int stack[WASI_DEPTH_MAX]; /* owned: directories from below the root to where we are */
    uint32_t depth;
    uint32_t links;
    char rest[WASI_PATH_MAX + 1]; /* what is still to be walked */
};

static int walk_here(const struct walk *w)
{
    return w->depth == 0 ? w->root : w->stack[w->depth - 1];
}

/* Puts a link's contents, read by name from `dir` ("": dir is the link itself), before the rest;
 * with has_slash the link must lead to a directory. */
static enum wasi_errno walk_link(struct walk *w, int dir, const char *name, bool has_slash)
{
    char target[WASI_PATH_MAX + 1];
    ssize_t got = readlinkat(dir, name, target, sizeof(target));
    size_t rest = strlen(w->rest);

    if (got < 0)
        return wasi_errno_of(errno);
    if (++w->links > WASI_LINKS_MAX)
        return WASI_LOOP;
    if (got == 0)
        return WASI_NOENT;
    if (target[0] == '/')
        return WASI_NOTCAPABLE;
    if ((size_t)got + 1 + rest > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    memmove(w->rest + got + has_slash, w->rest, rest + 1);
    memcpy(w->rest, target, (size_t)got);
    if (has_slash)
        w->rest[got] = '/';
    return WASI_SUCCESS;
}

/* One component with more behind it: a directory to go into, or a link to expand. */
static enum wasi_errno walk_step(struct walk *w, const char *name)
{
    struct stat st;
    enum wasi_errno e = WASI_SUCCESS;

    if (strcmp(name, ".") == 0)
        return WASI_SUCCESS;
    if (strcmp(name, "..") == 0) {
        if (w->depth == 0)
            return WASI_NOTCAPABLE;
        close(w->stack[--w->depth]);
        return WASI_SUCCESS;
    }
    int fd = openat(walk_here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return wasi_errno_of(errno);
    if (fstat(fd, &st) != 0)
        e = wasi_errno_of(errno);
    else if (S_ISLNK(st.st_mode))
        e = walk_link(w, fd, "", true);
    else if (!S_ISDIR(st.st_mode))
        e = WASI_NOTDIR;
    else if (w->depth == WASI_DEPTH_MAX)
        e = WASI_NAMETOOLONG;
    else {
        w->stack[w->depth++] = fd;
        return WASI_SUCCESS;
    }
    close(fd);
    return e;
}

/* Cuts the first component off rest into name. *is_last: only slashes, or nothing, behind it. */
static enum wasi_errno walk_next(struct walk *w, char *name, bool *is_last, bool *has_slash)
{
    size_t size = strcspn(w->rest, "/");
    size_t skip = size + strspn(w->rest + size, "/");

    if (size > WASI_NAME_MAX)
        return WASI_NAMETOOLONG;
    memcpy(name, w->rest, size);
    name[size] = '\0';
    *has_slash = skip > size;
    *is_last = w->rest[skip] == '\0';
    memmove(w->rest, w->rest + skip, strlen(w->rest + skip) + 1);
    return WASI_SUCCESS;
}

/* Opens where we are, for a path that ends in ".", ".." or "x/". */
static enum wasi_errno open_here(const struct walk *w, int flags, int *out)
{
    if ((flags & O_CREAT) != 0)
        return (flags & O_EXCL) != 0 ? WASI_EXIST : WASI_ISDIR;
    *out = openat(walk_here(w), ".", flags | O_CLOEXEC | O_NOFOLLOW);
    return *out >= 0 ? WASI_SUCCESS : wasi_errno_of(errno);
}

/* The last component: opened without following; *again when it was a link, now in rest. */
static enum wasi_errno open_last(struct walk *w, const char *name, int flags, mode_t mode,
                                 bool *again, int *out)
{
    struct stat st;
    int here = walk_here(w);

    *out = openat(here, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    int error = *out >= 0 ? 0 : errno;
    if (error == 0 && (flags & O_PATH) != 0 && (flags & O_NOFOLLOW) == 0) {
        if (fstat(*out, &st) != 0)
            error = errno;
        else if (S_ISLNK(st.st_mode))
            error = ELOOP; /* O_PATH opens the link itself */
        if (error != 0) {
            close(*out);
            *out = -1;
        }
    }
    if ((error == ELOOP || (error == ENOTDIR && (flags & O_DIRECTORY) != 0)) &&
        (flags & O_NOFOLLOW) == 0 && fstatat(here, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode)) {
        *again = true;
        return walk_link(w, here, name, false);
    }
    return wasi_errno_of(error);
}

static enum wasi_errno walk_path(struct walk *w, int flags, mode_t mode, int *out)
{
    char name[WASI_NAME_MAX + 1];
    bool is_last = false, has_slash = false, again = true;
    enum wasi_errno e = WASI_SUCCESS;

    while (e == WASI_SUCCESS && again) {
        if (w->rest[0] == '\0')
            return open_here(w, flags, out); /* a link that ended in a slash or dots */
        e = walk_next(w, name, &is_last, &has_slash);
        if (e != WASI_SUCCESS)
            return e;
        bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if (is_last && !has_slash && !is_dots) {
            again = false;
            e = open_last(w, name, flags, mode, &again, out);
        } else if (is_last && has_slash && !is_dots && (flags & O_CREAT) != 0) {
            e = WASI_ISDIR; /* as open(2): a file cannot be made with a slash behind it */
        } else {
            e = walk_step(w, name);
        }
    }
    return e;
}

enum wasi_errno wasi_walk_open(int root, const char *path, int flags, mode_t mode, int *out)
{
    struct walk w; /* large: not cleared as a whole */

    w.root = root;
    w.depth = w.links = 0;
    if (path[0] == '\0')
        return WASI_NOENT;
    if (path[0] == '/')
        return WASI_NOTCAPABLE;
    if (strlen(path) > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    memcpy(w.rest, path, strlen(path) + 1);
    enum wasi_errno e = walk_path(&w, flags, mode, out);
    while (w.depth > 0)
        close(w.stack[--w.depth]);
    assert(w.links <= WASI_LINKS_MAX + 1 && "bounded");
    return e;
}
