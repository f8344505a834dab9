/* build_source: where a kernel's sources come from, and the tree that is built in: unpacked, or
 * made of links to a folder of the user's, which is never written to; and a driver added to it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/build_int.h"

#include "base/mem.h"
#include "io/digest.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SOURCE_FILE_BYTES_MAX = 4 << 20, /* of a file of the driver, or a Kconfig or Makefile */
    DRIVER_FILES_MAX = 256,
};

#define DEBIAN_SOURCES "/usr/src/linux-source-*.tar.*"
/* Where a driver goes, and the files that lead to it; the originals get this ending. */
#define DRIVER_FOLDER   "drivers/misc/mujun_driver"
#define ORIGINAL_ENDING ".mujun"

/* ---- finding ---- */

/* The newest of Debian's packages, by version. */
static enum status find_debian(struct build_job *job, struct diag *dg)
{
    glob_t found = {0};

    if (glob(DEBIAN_SOURCES, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
        globfree(&found);
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "expected kernel sources in " DEBIAN_SOURCES ", found none; install "
                         "Debian's (apt-get install linux-source) or name a folder or tarball "
                         "with --source");
    }
    const char *best = found.gl_pathv[0];
    for (size_t i = 1; i < found.gl_pathc; i++)
        if (strverscmp(found.gl_pathv[i], best) > 0)
            best = found.gl_pathv[i];
    job->source = build_text(job, "%s", best);
    globfree(&found);
    return ST_OK;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Runs over a folder in the order of names, without version control's own. */
static enum status walk(struct build_job *job, const char *folder,
                        enum status (*visit)(struct build_job *job, const FTSENT *entry,
                                             const char *name, void *ctx, struct diag *dg),
                        void *ctx, struct diag *dg)
{
    char *copy = build_text(job, "%s", folder);
    char *const roots[] = {copy, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    size_t prefix = strlen(folder) + 1;
    enum status st = ST_OK;
    FTSENT *entry;

    if (fts == NULL)
        return file_fail(dg, errno, "cannot read %s", folder);
    while (st == ST_OK && (entry = fts_read(fts)) != NULL) {
        if (entry->fts_level == 0 || entry->fts_info == FTS_DP)
            continue;
        if (strcmp(entry->fts_name, ".git") == 0) {
            fts_set(fts, entry, FTS_SKIP);
            continue;
        }
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            st = file_fail(dg, entry->fts_errno, "cannot read %s", entry->fts_path);
        else
            st = visit(job, entry, entry->fts_path + prefix, ctx, dg);
    }
    fts_close(fts);
    return st;
}

/* Name, size and time of every file stand for its contents, as they do for make. */
static enum status digest_entry(struct build_job *job, const FTSENT *entry, const char *name,
                                void *ctx, struct diag *dg)
{
    const struct stat *info = entry->fts_statp;
    char text[96];

    (void)job, (void)dg;
    if (entry->fts_info == FTS_D)
        return ST_OK;
    snprintf(text, sizeof(text), "%jd %jd.%09ld", (intmax_t)info->st_size,
             (intmax_t)info->st_mtim.tv_sec, info->st_mtim.tv_nsec);
    digest_add_text(ctx, name);
    digest_add_text(ctx, text);
    return ST_OK;
}

static bool is_file(const char *folder, const char *name)
{
    char path[FILE_PATH_MAX];
    struct stat info;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return stat(path, &info) == 0;
}

static enum status check_folder(const char *folder, struct diag *dg)
{
    if (!is_file(folder, "Kbuild") || !is_file(folder, "arch/x86/Kconfig"))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "%s: expected the top folder of kernel sources (with Kbuild and "
                         "arch/x86), found something else",
                         folder);
    if (is_file(folder, ".config") || is_file(folder, "include/config"))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "%s has been built in, and old objects would end up in the new kernel: "
                         "run make mrproper there (it removes .config), or give a clean copy, as "
                         "git worktree add makes one",
                         folder);
    return ST_OK;
}

enum status build_find_source(struct build_job *job, struct diag *dg)
{
    char hex[DIGEST_TEXT_BYTES], real[FILE_PATH_MAX];
    struct digest digest;
    struct stat info;

    if (job->options->source != NULL)
        job->source = job->options->source;
    else
        TRY(find_debian(job, dg));
    if (realpath(job->source, real) == NULL || stat(real, &info) != 0)
        return file_fail(dg, errno, "%s", job->source);
    job->source = build_text(job, "%s", real);
    job->is_folder = S_ISDIR(info.st_mode);
    digest_begin(&digest);
    if (job->is_folder) {
        TRY(check_folder(real, dg));
        TRY(walk(job, real, digest_entry, &digest, dg));
    } else {
        TRY(digest_add_file(&digest, real, dg));
    }
    digest_done(&digest, hex);
    job->identity = build_text(job, "%s", hex);
    if (job->is_folder) /* one tree per folder, whatever becomes of its contents */
        digest_hex(real, strlen(real), hex);
    job->tree = build_text(job, "%s/work/%.*s", job->cache, KERNEL_KEY_DIGITS, hex);
    return ST_OK;
}

/* ---- the tree ---- */

static enum status link_entry(struct build_job *job, const FTSENT *entry, const char *name,
                              void *ctx, struct diag *dg)
{
    char path[FILE_PATH_MAX];

    (void)ctx;
    snprintf(path, sizeof(path), "%s/%s", job->tree, name);
    bool is_made =
        entry->fts_info == FTS_D ? mkdir(path, 0777) == 0 : symlink(entry->fts_path, path) == 0;
    if (!is_made && errno != EEXIST)
        return file_fail(dg, errno, "cannot make %s", path);
    return build_check_stop(job, dg);
}

/* The links are made anew each time, since files come and go; objects stay. */
static enum status link_tree(struct build_job *job, struct diag *dg)
{
    glob_t found = {0};
    char *pattern = build_text(job, "%s/*", job->tree);

    if (glob(pattern, GLOB_PERIOD, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *name = strrchr(found.gl_pathv[i], '/') + 1;
            if (strcmp(name, "obj") != 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
                file_remove_all(found.gl_pathv[i]);
        }
    }
    globfree(&found);
    job->stage = "linking files";
    build_tell(job, job->source);
    return walk(job, job->source, link_entry, NULL, dg);
}

/* Unpacked beside its place and moved there, so that half a tree is never taken for one. */
static enum status unpack_tree(struct build_job *job, struct diag *dg)
{
    const char *part = build_text(job, "%s.part", job->tree);
    const char *const argv[] = {"tar", "-x", "-f", job->source, "--strip-components=1",
                                "-C",  part, NULL};

    if (is_file(job->tree, "Kbuild"))
        return ST_OK;
    job->stage = "unpacking";
    build_tell(job, job->source);
    file_remove_all(part);
    file_remove_all(job->tree);
    TRY(file_make_dirs(part, dg));
    TRY(build_run(job, argv, dg));
    TRY(diag_in(dg, check_folder(part, dg), "in %s", job->source));
    if (rename(part, job->tree) != 0)
        return file_fail(dg, errno, "cannot make %s", job->tree);
    return ST_OK;
}

/* ---- the driver ---- */

struct driver_files {
    glob_t found;
    struct digest digest;
};

static enum status find_driver(const char *folder, glob_t *found, struct diag *dg)
{
    static const char *const patterns[] = {"Kconfig", "Makefile", "*.c", "*.h"};
    char path[FILE_PATH_MAX];

    *found = (glob_t){0};
    if (!is_file(folder, "Kconfig") || !is_file(folder, "Makefile"))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "%s: expected a driver (Kconfig, Makefile, C files), found none", folder);
    for (uint32_t i = 0; i < LENGTH_OF(patterns); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, patterns[i]);
        (void)glob(path, i == 0 ? 0 : GLOB_APPEND, NULL, found);
    }
    if (found->gl_pathc <= DRIVER_FILES_MAX)
        return ST_OK;
    globfree(found);
    return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                     "%s: a driver of more than %d files (DRIVER_FILES_MAX)", folder,
                     DRIVER_FILES_MAX);
}

/* "config NAME" lines of the driver's Kconfig are switched on. */
static void enable_options(char *kconfig, struct buf *fragment)
{
    char *save = NULL, name[128];

    for (char *line = strtok_r(kconfig, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        if (sscanf(line, "config %127[A-Z0-9a-z_]", name) == 1)
            buf_printf(fragment, "CONFIG_%s=y\n", name);
}

enum status build_read_driver(struct build_job *job, struct buf *fragment, const char **identity,
                              struct diag *dg)
{
    char hex[DIGEST_TEXT_BYTES];
    struct digest digest;
    uint8_t *data = NULL;
    size_t size = 0;
    enum status st = ST_OK;
    glob_t found;

    *identity = "none";
    if (job->options->driver == NULL)
        return ST_OK;
    TRY(find_driver(job->options->driver, &found, dg));
    digest_begin(&digest);
    for (size_t i = 0; i < found.gl_pathc && st == ST_OK; i++) {
        digest_add_text(&digest, strrchr(found.gl_pathv[i], '/'));
        st = digest_add_file(&digest, found.gl_pathv[i], dg);
    }
    digest_done(&digest, hex);
    if (st == ST_OK) /* the first is Kconfig */
        st = file_read(found.gl_pathv[0], SOURCE_FILE_BYTES_MAX, &data, &size, dg);
    globfree(&found);
    TRY(st);
    char *kconfig = build_text(job, "%s", (const char *)data);
    mem_free(data);
    enable_options(kconfig, fragment);
    *identity = build_text(job, "%s", hex);
    return ST_OK;
}

/* Writes a file only when it changes, so that make sees what has changed. */
static enum status put_file(const char *path, const void *data, size_t size, struct diag *dg)
{
    uint8_t *old = NULL;
    size_t old_size = 0;
    struct diag ignored;

    if (file_read(path, SOURCE_FILE_BYTES_MAX, &old, &old_size, &ignored) == ST_OK) {
        bool is_same = old_size == size && memcmp(old, data, size) == 0;
        mem_free(old);
        if (is_same)
            return ST_OK;
    }
    return file_write(path, data, size, dg);
}

static enum status copy_file(const char *from, const char *to, struct diag *dg)
{
    uint8_t *data = NULL;
    size_t size = 0;

    TRY(file_read(from, SOURCE_FILE_BYTES_MAX, &data, &size, dg));
    enum status st = put_file(to, data, size, dg);
    mem_free(data);
    return st;
}

/* A file of the tree becomes what it was, and the addition. The original, a file or a link to the
 * user's, is kept beside it. */
static enum status extend_file(struct build_job *job, const char *name, const char *addition,
                               struct diag *dg)
{
    const char *path = build_text(job, "%s/%s", job->tree, name);
    const char *original = build_text(job, "%s" ORIGINAL_ENDING, path);
    struct stat info;
    struct buf text;
    uint8_t *data = NULL;
    size_t size = 0;

    if (lstat(original, &info) != 0 && rename(path, original) != 0)
        return file_fail(dg, errno, "cannot add the driver to %s", path);
    TRY(file_read(original, SOURCE_FILE_BYTES_MAX, &data, &size, dg));
    buf_init(&text, job->arena);
    buf_bytes(&text, data, size);
    mem_free(data);
    buf_text(&text, addition);
    return put_file(path, text.data, text.size, dg);
}

static enum status add_driver(struct build_job *job, struct diag *dg)
{
    const char *folder = build_text(job, "%s/" DRIVER_FOLDER, job->tree);
    bool is_wanted = job->options->driver != NULL;
    enum status st = ST_OK;
    glob_t found;

    TRY(extend_file(job, "drivers/misc/Kconfig",
                    is_wanted ? "\nsource \"" DRIVER_FOLDER "/Kconfig\"\n" : "", dg));
    TRY(extend_file(job, "drivers/misc/Makefile", is_wanted ? "\nobj-y += mujun_driver/\n" : "",
                    dg));
    if (!is_wanted)
        return ST_OK; /* an old one stays, and is not looked at */
    TRY(file_make_dirs(folder, dg));
    TRY(find_driver(job->options->driver, &found, dg));
    for (size_t i = 0; i < found.gl_pathc && st == ST_OK; i++)
        st = copy_file(found.gl_pathv[i],
                       build_text(job, "%s%s", folder, strrchr(found.gl_pathv[i], '/')), dg);
    globfree(&found);
    return st;
}

enum status build_fill_tree(struct build_job *job, struct diag *dg)
{
    TRY(file_make_dirs(job->is_folder ? job->tree : build_text(job, "%s/work", job->cache), dg));
    TRY(job->is_folder ? link_tree(job, dg) : unpack_tree(job, dg));
    return add_driver(job, dg);
}
