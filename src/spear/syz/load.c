/* load: description files from a folder. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);
    return size > tail && strcmp(name + size - tail, end) == 0;
}

static enum status read_all(int fd, char *to, size_t size, const char *path, struct diag *dg)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, to + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path,
                             n == 0 ? "shorter than it was" : strerrordesc_np(errno));
        at += (size_t)n;
    }
    return ST_OK;
}

/* The memory is taken before the descriptor: an arena may unwind. */
static enum status add_file(const char *path, struct syz_sources *s, struct arena *a,
                            struct diag *dg)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    if (!S_ISREG(st.st_mode))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: expected a file", path);
    if (st.st_size > SYZ_FILE_BYTES_MAX || s->count >= SYZ_FILES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "%s: at most %d files of %d bytes each are read", path, SYZ_FILES_MAX,
                         SYZ_FILE_BYTES_MAX);
    size_t size = (size_t)st.st_size;
    char *text = arena_new(a, char, size + 1);
    char *name = arena_copy_text(a, path, strlen(path));
    struct syz_source source = {
        {name, strlen(name)},
        {text, size        }
    };
    ARENA_PUSH(a, s->items, s->count, s->capacity, source);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    enum status result = read_all(fd, text, size, path, dg);
    close(fd);
    return result;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(char *const *)x, *(char *const *)y);
}

/* What a folder holds, in the arena. */
struct folder {
    const char *path;
    DIR *dir;
    struct arena *a;
    char **paths;
    uint32_t count, capacity;
};

/* In a guard of its own: the folder is closed whatever happens. */
static enum status collect(void *ctx, struct diag *dg)
{
    struct folder *f = ctx;
    const struct dirent *e = NULL;

    (void)dg;
    while ((e = readdir(f->dir)) != NULL) {
        if (!ends_with(e->d_name, ".txt") && !ends_with(e->d_name, ".const"))
            continue;
        struct buf b;
        buf_init(&b, f->a);
        buf_printf(&b, "%s/%s", f->path, e->d_name);
        buf_byte(&b, 0);
        ARENA_PUSH(f->a, f->paths, f->count, f->capacity, (char *)b.data);
    }
    return ST_OK;
}

static enum status add_folder(const char *path, struct syz_sources *s, struct arena *a,
                              struct diag *dg)
{
    struct folder f = {.path = path, .dir = opendir(path), .a = a};

    if (f.dir == NULL)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    enum status st = arena_guard(a, collect, &f, dg);
    closedir(f.dir);
    TRY(st);
    if (f.count == 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "%s: expected .txt and .const files, found none", path);
    qsort(f.paths, f.count, sizeof(*f.paths), by_text);
    for (uint32_t i = 0; i < f.count; i++)
        TRY(add_file(f.paths[i], s, a, dg));
    return ST_OK;
}

enum status syz_load(const char *path, struct syz_sources *sources, struct arena *a,
                     struct diag *dg)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
    return S_ISDIR(st.st_mode) ? add_folder(path, sources, a, dg) : add_file(path, sources, a, dg);
}

struct str syz_path_of(const struct syz_sources *sources, uint16_t file)
{
    return file < sources->count ? sources->items[file].path : STR(SYZ_BUILTIN_PATH);
}
