/* build: the steps of making a kernel, in order; the only place that knows the cache's layout.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/build_int.h"

#include "base/mem.h"
#include "io/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FORMAT_VERSION = 1, /* of the key; raised when the same options would give another kernel */
    LOCK_POLL_MS = 200,
    FILES_USUAL = 2000, /* compiled files of the usual options in Linux 6.1 */
    LOST_MAX = 512,
    EXTRA_BYTES_MAX = 1 << 20,
    COPY_BYTES = 1 << 20, /* at once */
    REASON_BYTES_MAX = 200,
};

/* ---- small ---- */

char *build_text(struct build_job *job, const char *fmt, ...)
{
    struct buf text;
    char line[FILE_PATH_MAX];
    va_list args;

    va_start(args, fmt);
    int size = vsnprintf(line, sizeof(line), fmt, args);
    if (size >= 0 && (size_t)size < sizeof(line)) {
        va_end(args);
        return arena_copy_text(job->arena, line, (size_t)size);
    }
    va_end(args);
    buf_init(&text, job->arena);
    buf_reserve(&text, (size_t)size + 1);
    va_start(args, fmt);
    vsnprintf((char *)text.data, (size_t)size + 1, fmt, args);
    va_end(args);
    return (char *)text.data;
}

void build_tell(const struct build_job *job, const char *what)
{
    struct kernel_progress progress = {.stage = job->stage, .what = what};

    if (job->options->progress == NULL)
        return;
    if (job->compiled != 0) {
        progress.done = job->compiled;
        progress.total = MAX(job->estimate, job->compiled);
    }
    job->options->progress(job->options->ctx, &progress);
}

enum status build_check_stop(const struct build_job *job, struct diag *dg)
{
    if (job->options->stop == NULL || *job->options->stop == 0)
        return ST_OK;
    return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET,
                     "stopped while %s; the same command goes on from here", job->stage);
}

static bool is_there(struct build_job *job, const char *folder, const char *name)
{
    struct stat info;

    return stat(build_text(job, "%s/%s", folder, name), &info) == 0;
}

/* ---- the key ---- */

/* The user's own options go last, so that they win. */
static enum status add_extra(struct build_job *job, struct buf *fragment, struct diag *dg)
{
    uint8_t *data = NULL;
    size_t size = 0;

    if (job->options->extra == NULL)
        return ST_OK;
    TRY(file_read(job->options->extra, EXTRA_BYTES_MAX, &data, &size, dg));
    struct str text = {(const char *)data, size};
    bool is_config = kconfig_is_config(text);
    if (is_config) {
        buf_str(fragment, text);
        buf_byte(fragment, '\n');
    }
    mem_free(data);
    if (is_config)
        return ST_OK;
    return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                     "%s: expected lines CONFIG_NAME=value, found none", job->options->extra);
}

static enum status make_key(struct build_job *job, const char **text, char key[DIGEST_TEXT_BYTES],
                            struct diag *dg)
{
    static const char *const compiler_argv[] = {"gcc", "--version", NULL};
    const char *compiler = NULL, *driver = NULL;
    struct buf fragment;

    buf_init(&fragment, job->arena);
    kconfig_fragment(&fragment, job->options->groups);
    TRY(build_read_driver(job, &fragment, &driver, dg));
    TRY(add_extra(job, &fragment, dg));
    job->fragment = (struct str){(const char *)fragment.data, fragment.size};
    TRY(build_first_line(job, compiler_argv, &compiler, dg));
    *text = build_text(job, "mujun kernel %d\nsource %s\ndriver %s\ncompiler %s\n%.*s",
                       FORMAT_VERSION, job->identity, driver, compiler, STR_ARG(job->fragment));
    digest_hex(*text, strlen(*text), key);
    key[KERNEL_KEY_DIGITS] = '\0';
    return ST_OK;
}

/* ---- the lock ---- */

static enum status lock_tree(struct build_job *job, struct diag *dg)
{
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    const char *path = build_text(job, "%s.lock", job->tree);

    TRY(file_make_dirs(build_text(job, "%s/work", job->cache), dg));
    job->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (job->lock_fd < 0)
        return file_fail(dg, errno, "cannot make %s", path);
    job->stage = "waiting for another build of these sources";
    while (flock(job->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return file_fail(dg, errno, "cannot lock %s", path);
        build_tell(job, path);
        TRY(build_check_stop(job, dg));
        nanosleep(&pause, NULL);
    }
    return ST_OK;
}

/* ---- configuring ---- */

/* What the sources say of an option: nothing, or what it depends on. */
static enum status find_reason(struct build_job *job, struct str name, struct str *why,
                               struct diag *dg)
{
    const char *const argv[] = {
        "sh",
        "-c",
        "cd \"$1\" && grep -rhE -A12 --include='Kconfig*' --exclude-dir=obj "
        "\"^(menu)?config $2\\$\" arch/x86 block certs crypto drivers fs init io_uring ipc kernel "
        "lib mm net security sound virt 2>/dev/null | "
        "awk 'NR > 1 && /^(menu)?config|^--/ { exit } { seen = 1 } "
        "/depends on/ { sub(/.*depends on /, \"\"); out = out (out == \"\" ? \"\" : \" && \") $0 } "
        "END { print !seen ? \"these sources do not know it\" : "
        "out == \"\" ? \"another option decides it\" : \"it depends on \" out }'",
        "sh",
        job->tree,
        build_text(job, "%.*s", STR_ARG(name)),
        NULL};
    const char *line = NULL;

    TRY(build_first_line(job, argv, &line, dg));
    *why = str_of(build_text(job, "%.*s", REASON_BYTES_MAX, line));
    return ST_OK;
}

/* The next CONFIG_NAME=value line of the fragment. */
static bool next_wanted(struct str *text, struct str *name, struct str *value)
{
    while (text->size != 0) {
        const char *newline = memchr(text->text, '\n', text->size);
        size_t size = newline == NULL ? text->size : (size_t)(newline - text->text);
        const char *line = text->text, *equals = memchr(line, '=', size);
        text->text += MIN(size + 1, text->size);
        text->size -= MIN(size + 1, text->size);
        if (equals == NULL || size < 7 || memcmp(line, "CONFIG_", 7) != 0)
            continue;
        *name = (struct str){line + 7, (size_t)(equals - line) - 7};
        *value = (struct str){equals + 1, size - (size_t)(equals - line) - 1};
        return true;
    }
    return false;
}

/* Compares what was asked for with what came out. An essential option that is lost is a refusal. */
static enum status check_options(struct build_job *job, struct kernel_build *out, struct diag *dg)
{
    struct str rest = job->fragment, name, wanted, config;
    uint8_t *data = NULL;
    size_t size = 0;

    TRY(file_read(build_text(job, "%s/obj/.config", job->tree), KCONFIG_TEXT_MAX, &data, &size,
                  dg));
    config = str_of(arena_copy_text(job->arena, (const char *)data, size));
    mem_free(data);
    out->lost = arena_new(job->arena, struct kernel_lost, LOST_MAX);
    while (next_wanted(&rest, &name, &wanted) && out->lost_count < LOST_MAX) {
        const char *key = build_text(job, "%.*s", STR_ARG(name));
        struct kernel_lost lost = {.option = kconfig_find(key), .name = str_of(key)};
        lost.wanted = kconfig_value(job->fragment, key); /* the last one counts */
        lost.found = kconfig_value(config, key);
        if (str_equal(lost.found, lost.wanted))
            continue;
        TRY(find_reason(job, name, &lost.why, dg));
        out->lost[out->lost_count++] = lost;
        if (lost.option != NULL && lost.option->need == KCONFIG_ESSENTIAL)
            return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                             "the kernel would lack %s (%s): %.*s", key, lost.option->without,
                             STR_ARG(lost.why));
    }
    return ST_OK;
}

/* ---- the steps ---- */

/* What every call of make has in common. Files in vmlinux are named relative to the sources, and
 * nothing in the kernel depends on when, where and by whom it was built. */
static enum status run_make(struct build_job *job, const char *first, const char *second,
                            struct diag *dg)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t jobs = job->options->jobs != 0 ? job->options->jobs : (uint32_t)MAX(processors, 1);
    const char *const argv[] = {
        "make",
        "-C",
        job->tree,
        "O=obj",
        "ARCH=x86",
        "KCFLAGS=-ffile-prefix-map=../=",
        "KAFLAGS=-ffile-prefix-map=../=",
        "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
        "KBUILD_BUILD_USER=mujun",
        "KBUILD_BUILD_HOST=mujun",
        build_text(job, "KCONFIG_ALLCONFIG=%s/obj/fragment", job->tree),
        build_text(job, "-j%u", jobs),
        first,
        second,
        NULL,
    };
    return build_run(job, argv, dg);
}

/* The number of files that the last build in this tree compiled from nothing. */
static uint32_t read_estimate(struct build_job *job)
{
    uint8_t *data = NULL;
    size_t size = 0;
    struct diag ignored;
    unsigned files = FILES_USUAL;

    if (file_read(build_text(job, "%s/obj/mujun-files", job->tree), 64, &data, &size, &ignored) ==
        ST_OK) {
        (void)sscanf((const char *)data, "%u", &files);
        mem_free(data);
    }
    return files;
}

static enum status compile(struct build_job *job, struct kernel_build *out, struct diag *dg)
{
    bool is_first = !is_there(job, job->tree, "obj/vmlinux");

    job->stage = "configuring";
    build_tell(job, "");
    TRY(file_make_dirs(build_text(job, "%s/obj", job->tree), dg));
    TRY(file_write(build_text(job, "%s/obj/fragment", job->tree), job->fragment.text,
                   job->fragment.size, dg));
    TRY(run_make(job, "allnoconfig", NULL, dg));
    TRY(check_options(job, out, dg));
    job->stage = "compiling";
    job->estimate = read_estimate(job);
    TRY(run_make(job, "bzImage", "vmlinux", dg));
    out->compiled = job->compiled;
    if (is_first) {
        const char *files = build_text(job, "%u\n", job->compiled);
        TRY(file_write(build_text(job, "%s/obj/mujun-files", job->tree), files, strlen(files), dg));
    }
    return ST_OK;
}

static enum status copy_file(const char *from, const char *to, struct diag *dg)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t n = in < 0 || out < 0 ? -1 : 1;

    while (n > 0)
        n = copy_file_range(in, NULL, out, NULL, COPY_BYTES, 0);
    int error = errno;
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0 && n == 0) {
        error = errno;
        n = -1;
    }
    return n == 0 ? ST_OK : file_fail(dg, error, "cannot copy %s to %s", from, to);
}

static const struct {
    const char *from, *to; /* in the tree's obj/, in the result */
} results[] = {
    {"arch/x86/boot/bzImage", "bzImage"  },
    {"vmlinux",               "vmlinux"  },
    {".config",               "config"   },
    {"build.log",             "build.log"},
};

/* Copies the results beside their place and moves them there: complete, or not there at all. */
static enum status keep_results(struct build_job *job, const char *dir, const char *key_text,
                                struct diag *dg)
{
    const char *part = build_text(job, "%s.part.%d", dir, (int)getpid());

    job->stage = "keeping";
    build_tell(job, dir);
    file_remove_all(part);
    TRY(file_make_dirs(part, dg));
    for (uint32_t i = 0; i < LENGTH_OF(results); i++)
        TRY(copy_file(build_text(job, "%s/obj/%s", job->tree, results[i].from),
                      build_text(job, "%s/%s", part, results[i].to), dg));
    TRY(file_write(build_text(job, "%s/key", part), key_text, strlen(key_text), dg));
    if (symlink(job->tree, build_text(job, "%s/source", part)) != 0)
        return file_fail(dg, errno, "cannot make %s/source", part);
    if (rename(part, dir) != 0 && errno != EEXIST && errno != ENOTEMPTY)
        return file_fail(dg, errno, "cannot make %s", dir);
    file_remove_all(part); /* when another process was faster */
    return ST_OK;
}

/* A result with all its files. */
static bool is_complete(struct build_job *job, const char *dir)
{
    for (uint32_t i = 0; i < LENGTH_OF(results); i++)
        if (!is_there(job, dir, results[i].to))
            return false;
    return true;
}

static enum status copy_output(struct build_job *job, const char *dir, struct kernel_build *out,
                               struct diag *dg)
{
    const char *output = job->options->output;

    out->dir = str_of(dir);
    if (output == NULL)
        return ST_OK;
    TRY(file_make_dirs(output, dg));
    for (uint32_t i = 0; i < LENGTH_OF(results); i++)
        TRY(copy_file(build_text(job, "%s/%s", dir, results[i].to),
                      build_text(job, "%s/%s", output, results[i].to), dg));
    out->dir = str_of(output);
    return ST_OK;
}

static enum status build_locked(struct build_job *job, const char *dir, const char *key_text,
                                struct kernel_build *out, struct diag *dg)
{
    TRY(lock_tree(job, dg));
    if (is_complete(job, dir)) { /* made while we waited */
        out->was_cached = true;
        return ST_OK;
    }
    job->log = build_text(job, "%s.log", job->tree);
    (void)unlink(job->log);
    TRY(build_fill_tree(job, dg));
    TRY(compile(job, out, dg));
    TRY(copy_file(job->log, build_text(job, "%s/obj/build.log", job->tree), dg));
    return keep_results(job, dir, key_text, dg);
}

enum status kernel_build(const struct kernel_build_options *options, struct arena *a,
                         struct kernel_build *out, struct diag *dg)
{
    char cache[FILE_PATH_MAX], key[DIGEST_TEXT_BYTES];
    struct build_job job = {.options = options, .arena = a, .cache = cache, .lock_fd = -1};
    const char *key_text = NULL;

    *out = (struct kernel_build){.was_cached = false};
    file_cache_path("kernel", cache);
    job.stage = "looking at the sources";
    build_tell(&job, "");
    TRY(build_check_tools(&job, dg));
    TRY(build_find_source(&job, dg));
    TRY(make_key(&job, &key_text, key, dg));
    out->source = str_of(job.tree);
    const char *dir = build_text(&job, "%s/%s", cache, key);
    if (is_complete(&job, dir)) {
        out->was_cached = true;
    } else if (options->only_cached) {
        return ST_OK;
    } else {
        enum status st = build_locked(&job, dir, key_text, out, dg);
        if (job.lock_fd >= 0)
            close(job.lock_fd);
        TRY(diag_in(dg, st, "building %s", job.source));
    }
    return copy_output(&job, dir, out, dg);
}
