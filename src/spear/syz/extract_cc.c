/* extract_cc: one run of the C compiler, in a folder of its own that is gone afterwards.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PATH_BYTES = 4096, FLAGS_MAX = 16, INCDIRS_MAX = 64 };

static const char *const file_names[] = {"constants.c", "constants.o", "errors"};
enum file_id { SOURCE, OBJECT, ERRORS, FILE_COUNT };

struct run {
    struct arena *a;
    struct str text;
    const struct str *incdirs;
    uint32_t incdir_count;
    const struct extract_options *options;
    char folder[PATH_BYTES - 32];
    char paths[FILE_COUNT][PATH_BYTES];
    struct extract_object *out;
};

static enum status io_failure(const char *path, struct diag *dg)
{
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", path, strerrordesc_np(errno));
}

static enum status write_source(const struct run *r, struct diag *dg)
{
    FILE *f = fopen(r->paths[SOURCE], "we");

    if (f == NULL)
        return io_failure(r->paths[SOURCE], dg);
    bool ok = fwrite(r->text.text, 1, r->text.size, f) == r->text.size;
    if (fclose(f) != 0 || !ok)
        return io_failure(r->paths[SOURCE], dg);
    return ST_OK;
}

/* A file that is not there is empty. */
static enum status read_file(struct run *r, const char *path, size_t limit, struct str *out,
                             struct diag *dg)
{
    struct stat st;

    *out = (struct str){0};
    if (stat(path, &st) != 0)
        return errno == ENOENT ? ST_OK : io_failure(path, dg);
    if ((uint64_t)st.st_size > limit)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %zu bytes from the compiler, found %jd", limit,
                         (intmax_t)st.st_size);
    char *bytes = arena_new(r->a, char, (size_t)st.st_size + 1);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return io_failure(path, dg);
    *out = (struct str){bytes, fread(bytes, 1, (size_t)st.st_size, f)};
    fclose(f);
    return ST_OK;
}

/* English messages without colours or excerpts, one line each, and no warnings. The C library's own
 * headers are kept out of the way where the kernel's need one of them. */
static void arguments(struct run *r, const char **argv)
{
    static const char *const flags[] = {"-std=gnu11",
                                        "-D_GNU_SOURCE",
                                        "-w",
                                        "-O0",
                                        "-g0",
                                        "-fmax-errors=0",
                                        "-fdiagnostics-color=never",
                                        "-fmessage-length=0"};
    uint32_t count = 0;

    argv[count++] = "env";
    argv[count++] = "LC_ALL=C";
    argv[count++] = r->options->compiler != NULL ? r->options->compiler : "cc";
    for (uint32_t i = 0; i < LENGTH_OF(flags); i++)
        argv[count++] = flags[i];
    for (uint32_t i = 0; i < MIN(r->incdir_count, (uint32_t)INCDIRS_MAX); i++) {
        argv[count++] = "-I";
        argv[count++] = r->incdirs[i].text;
    }
    if (r->options->headers != NULL) {
        argv[count++] = "-isystem";
        argv[count++] = r->options->headers;
    }
    argv[count++] = "-c";
    argv[count++] = "-o";
    argv[count++] = r->paths[OBJECT];
    argv[count++] = r->paths[SOURCE];
    argv[count] = NULL;
}

static enum status compiler_status(const struct run *r, int status, struct diag *dg)
{
    const char *name = r->options->compiler != NULL ? r->options->compiler : "cc";

    if (WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "expected a C compiler, found that %s cannot be run; name one with --cc",
                         name);
    if (!WIFEXITED(status))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s was ended by signal %d", name,
                         WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return ST_OK;
}

static enum status run_compiler(struct run *r, struct diag *dg)
{
    const char *argv[FLAGS_MAX + 2 * INCDIRS_MAX + 8];
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = 0;

    arguments(r, argv);
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, r->paths[ERRORS],
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
        error = posix_spawnp(&pid, "env", &actions, NULL, (char **)(uintptr_t)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    if (error != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "cannot start the compiler: %s",
                         strerrordesc_np(error));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return io_failure("waiting for the compiler", dg);
    return compiler_status(r, status, dg);
}

static enum status in_folder(void *ctx, struct diag *dg)
{
    struct run *r = ctx;

    TRY(write_source(r, dg));
    TRY(run_compiler(r, dg));
    TRY(read_file(r, r->paths[ERRORS], EXTRACT_ERRORS_BYTES_MAX, &r->out->errors, dg));
    return read_file(r, r->paths[OBJECT], EXTRACT_OBJECT_BYTES_MAX, &r->out->object, dg);
}

enum status extract_compile(struct str text, const struct str *incdirs, uint32_t incdir_count,
                            const struct extract_options *options, struct arena *a,
                            struct extract_object *out, struct diag *dg)
{
    struct run *r = arena_new(a, struct run, 1);
    const char *tmp = getenv("TMPDIR");

    *out = (struct extract_object){0};
    *r = (struct run){a, text, incdirs, incdir_count, options, "", {""}, out};
    int size = snprintf(r->folder, sizeof(r->folder), "%s/mujun-extract.XXXXXX",
                        tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    if (size < 0 || (size_t)size >= sizeof(r->folder))
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "TMPDIR has more than %zu bytes",
                         sizeof(r->folder));
    if (mkdtemp(r->folder) == NULL)
        return io_failure(r->folder, dg);
    for (uint32_t i = 0; i < FILE_COUNT; i++)
        snprintf(r->paths[i], sizeof(r->paths[i]), "%s/%s", r->folder, file_names[i]);
    enum status st = arena_guard(a, in_folder, r, dg); /* the folder goes whatever happens */
    for (uint32_t i = 0; i < FILE_COUNT; i++)
        unlink(r->paths[i]);
    rmdir(r->folder);
    return st;
}
