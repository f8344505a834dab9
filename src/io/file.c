/* file: reading and replacing whole files. SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    FILE_READ_STEP_BYTES = 64 << 10, /* first guess for files that do not tell their size */
    FILE_DIR_MODE = 0777,
    FILE_MODE = 0666,
};

static const char *advice(int error)
{
    switch (error) {
    case ENOSPC: return "; make room, or choose another folder";
    case EDQUOT: return "; the quota is used up";
    case EACCES:
    case EPERM: return "; check the owner and mode";
    case EROFS: return "; choose a folder that can be written";
    case EMFILE: return "; raise the limit of open files (ulimit -n)";
    default: return "";
    }
}

enum status file_fail(struct diag *dg, int error, const char *fmt, ...)
{
    char what[DIAG_TEXT_MAX], why[128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return diag_fail(dg, error == ENOMEM ? ST_NO_MEMORY : ST_IO, DIAG_NO_OFFSET, "%s: %s%s", what,
                     strerror_r(error, why, sizeof(why)), advice(error));
}

/* Reads fd to its end into *data, which has room for room bytes and grows. */
static enum status read_all(int fd, const char *path, size_t limit_bytes, size_t room,
                            uint8_t **data, size_t *size, struct diag *dg)
{
    size_t used = 0;
    uint8_t *block = NULL;

    for (;;) {
        if (block == NULL || used + 1 >= room) {
            room = block == NULL ? room : room * 2;
            uint8_t *more = mem_resize(block, room, 1);
            if (more == NULL) {
                mem_free(block);
                return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no %zu bytes to read %s", room,
                                 path);
            }
            block = more;
        }
        ssize_t n = read(fd, block + used, room - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int error = errno;
            mem_free(block);
            return file_fail(dg, error, "cannot read %s", path);
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > limit_bytes) {
            mem_free(block);
            return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%s has more than %zu bytes", path,
                             limit_bytes);
        }
    }
    block[used] = '\0';
    *data = block;
    *size = used;
    return ST_OK;
}

enum status file_read(const char *path, size_t limit_bytes, uint8_t **data, size_t *size,
                      struct diag *dg)
{
    struct stat info;
    size_t room = FILE_READ_STEP_BYTES;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return file_fail(dg, errno, "cannot open %s", path);
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        if ((uintmax_t)info.st_size > limit_bytes) {
            close(fd);
            return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%s has %jd bytes, at most %zu are read",
                             path, (intmax_t)info.st_size, limit_bytes);
        }
        room = (size_t)info.st_size + 2; /* the NUL, and one to see the end */
    }
    enum status st = read_all(fd, path, limit_bytes, room, data, size, dg);
    close(fd);
    return st;
}

bool file_write_all(int fd, const void *data, size_t size)
{
    const char *rest = data;

    while (size != 0) {
        ssize_t n = write(fd, rest, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        rest += n;
        size -= (size_t)n;
    }
    return true;
}

/* A rename is on disk once its folder is. File systems that cannot do that do not matter here. */
static void sync_folder_of(const char *path)
{
    char folder[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
             slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum status file_write(const char *path, const void *data, size_t size, struct diag *dg)
{
    static atomic_uint number; /* two threads may write the same file */
    char temporary[FILE_PATH_MAX];

    if (snprintf(temporary, sizeof(temporary), "%s.tmp.%d.%u", path, (int)getpid(),
                 atomic_fetch_add(&number, 1)) >= (int)sizeof(temporary))
        return file_fail(dg, ENAMETOOLONG, "cannot write %.64s...", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return file_fail(dg, errno, "cannot write %s", temporary);
    bool written = file_write_all(fd, data, size) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && written) {
        written = false;
        error = errno;
    }
    if (written && rename(temporary, path) != 0) {
        written = false;
        error = errno;
    }
    if (!written) {
        unlink(temporary);
        return file_fail(dg, error, "cannot write %s", path);
    }
    sync_folder_of(path);
    return ST_OK;
}

enum status file_make_dirs(const char *path, struct diag *dg)
{
    char part[FILE_PATH_MAX];
    struct stat info;

    if (strlen(path) >= sizeof(part))
        return file_fail(dg, ENAMETOOLONG, "cannot create %.64s...", path);
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (i > 0 && path[i] == '/') {
            part[i] = '\0';
            if (mkdir(part, FILE_DIR_MODE) != 0 && errno != EEXIST)
                return file_fail(dg, errno, "cannot create %s", part);
        }
        part[i] = path[i];
        part[i + 1] = '\0';
    }
    if (mkdir(path, FILE_DIR_MODE) == 0)
        return ST_OK;
    int error = errno;
    if (error == EEXIST && stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? ST_OK
                                     : file_fail(dg, ENOTDIR, "cannot create %s", path);
    return file_fail(dg, error, "cannot create %s", path);
}

void file_remove_all(const char *path)
{
    DIR *folder;

    if (unlink(path) == 0 || (errno != EISDIR && errno != EPERM))
        return;
    folder = opendir(path);
    if (folder == NULL)
        return;
    for (;;) {
        struct dirent *entry = readdir(folder);
        char inner[FILE_PATH_MAX];
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) < (int)sizeof(inner))
            file_remove_all(inner);
    }
    closedir(folder);
    rmdir(path);
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool file_find_program(const char *name, char out[FILE_PATH_MAX])
{
    const char *rest = getenv("PATH");

    if (strchr(name, '/') != NULL)
        return snprintf(out, FILE_PATH_MAX, "%s", name) < FILE_PATH_MAX && is_program(out);
    if (rest == NULL)
        rest = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t size = strcspn(rest, ":");
        if (size != 0 && snprintf(out, FILE_PATH_MAX, "%.*s/%s", (int)size, rest, name) <
                             FILE_PATH_MAX && is_program(out))
            return true;
        if (rest[size] == '\0')
            return false;
        rest += size + 1;
    }
}

void file_cache_path(const char *name, char out[FILE_PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (cache != NULL && cache[0] == '/')
        snprintf(out, FILE_PATH_MAX, "%s/mujun/%s", cache, name);
    else if (home != NULL && home[0] == '/')
        snprintf(out, FILE_PATH_MAX, "%s/.cache/mujun/%s", home, name);
    else
        snprintf(out, FILE_PATH_MAX, "/tmp/mujun-cache-%u/%s", (unsigned)getuid(), name);
}

uint64_t file_space_left(const char *path)
{
    struct statvfs info;

    if (statvfs(path, &info) != 0)
        return UINT64_MAX;
    return (uint64_t)info.f_bavail * info.f_frsize;
}
