/* build_make: the programs that build a kernel: whether they are there, and running them with a log
 * and a count of what they have done. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/build_int.h"

#include "base/mem.h"
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 512,     /* of a line that is looked at; the log has all of it */
    POLL_MS = 200,            /* how soon a wish to stop is noticed */
    STOP_MS = 10000,          /* make has this long to remove half-written files */
    LOCK_FD_OF_CHILD = 9,     /* inherited, so that the lock lasts as long as any of them runs */
    LOG_TAIL_BYTES = 1 << 20, /* of the log are searched for the error */
    OUTPUT_MS = 30000,
};

enum status build_check_tools(struct build_job *job, struct diag *dg)
{
    static const struct {
        const char *probe, *package; /* a program, or a header's path */
    } tools[] = {
        {"make",                "make"      },
        {"gcc",                 "gcc"       },
        {"ld",                  "binutils"  },
        {"flex",                "flex"      },
        {"bison",               "bison"     },
        {"bc",                  "bc"        },
        {"tar",                 "tar"       },
        {"xz",                  "xz-utils"  },
        {"perl",                "perl"      },
        {"grep",                "grep"      },
        {"/usr/include/gelf.h", "libelf-dev"},
    };
    char path[FILE_PATH_MAX], packages[256] = "";
    struct stat info;

    (void)job;
    for (uint32_t i = 0; i < LENGTH_OF(tools); i++) {
        bool is_there = tools[i].probe[0] == '/' ? stat(tools[i].probe, &info) == 0
                                                 : file_find_program(tools[i].probe, path);
        size_t used = strlen(packages);
        if (!is_there)
            snprintf(packages + used, sizeof(packages) - used, " %s", tools[i].package);
    }
    if (packages[0] == '\0')
        return ST_OK;
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                     "building a kernel needs packages that are missing:%s (apt-get install%s)",
                     packages, packages);
}

/* "  CC      mm/slub.o" counts as a file; AS too. */
static void look_at_line(struct build_job *job, const char *line)
{
    char what[LINE_BYTES_MAX];

    if (strncmp(line, "  LD      vmlinux", 17) == 0 || strncmp(line, "  LD      .tmp_vm", 17) == 0)
        job->stage = "linking";
    else if (strncmp(line, "  CC      ", 10) != 0 && strncmp(line, "  AS      ", 10) != 0)
        return;
    else
        job->compiled++;
    snprintf(what, sizeof(what), "%s", line + 10);
    build_tell(job, what);
}

struct lines {
    char text[LINE_BYTES_MAX];
    size_t used;
};

static void take_bytes(struct build_job *job, struct lines *lines, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            if (lines->used + 1 < sizeof(lines->text))
                lines->text[lines->used++] = bytes[i];
            continue;
        }
        lines->text[lines->used] = '\0';
        look_at_line(job, lines->text);
        lines->used = 0;
    }
}

/* The first line of the log that complains, into text. */
static void first_error(const struct build_job *job, char *text, size_t size)
{
    static const char *const marks[] = {"error:", "Error:", "***", "not found", "No such file"};
    uint8_t *log = NULL;
    size_t log_size = 0;
    struct diag ignored = {0};
    char *save = NULL;

    snprintf(text, size, "no line of the log looks like an error");
    if (file_read(job->log, (size_t)LOG_TAIL_BYTES * 64, &log, &log_size, &ignored) != ST_OK)
        return;
    char *from = (char *)log + (log_size > LOG_TAIL_BYTES ? log_size - LOG_TAIL_BYTES : 0);
    bool is_found = false;
    for (char *line = strtok_r(from, "\n", &save); line != NULL && !is_found;
         line = strtok_r(NULL, "\n", &save)) {
        for (uint32_t i = 0; i < LENGTH_OF(marks) && !is_found; i++)
            is_found = strstr(line, marks[i]) != NULL;
        if (is_found)
            snprintf(text, size, "%.300s", line);
    }
    mem_free(log);
}

/* Until the pipe is closed. */
static enum status follow(struct build_job *job, int in, int log, struct diag *dg)
{
    struct lines lines = {.used = 0};
    char bytes[4096];

    for (;;) {
        struct pollfd input = {.fd = in, .events = POLLIN};
        TRY(build_check_stop(job, dg));
        if (poll(&input, 1, POLL_MS) <= 0) {
            build_tell(job, "");
            continue;
        }
        ssize_t n = read(in, bytes, sizeof(bytes));
        if (n == 0)
            return ST_OK;
        if (n < 0 && errno != EINTR)
            return file_fail(dg, errno, "cannot read what %s says", "make");
        if (n > 0 && !file_write_all(log, bytes, (size_t)n))
            return file_fail(dg, errno, "cannot write %s", job->log);
        if (n > 0)
            take_bytes(job, &lines, bytes, (size_t)n);
    }
}

/* The process with its output in a pipe. Environment of a make around us would confuse its own. */
static enum status start(const struct build_job *job, const char *const *argv, int out,
                         struct process *process, struct diag *dg)
{
    static const char *const before[] = {"env",       "-u", "MAKEFLAGS", "-u",
                                         "MAKELEVEL", "-u", "MFLAGS",    "LC_ALL=C"};
    const char *all[64];
    char path[FILE_PATH_MAX];
    size_t count = 0;

    for (; count < LENGTH_OF(before); count++)
        all[count] = before[count];
    for (size_t i = 0; argv[i] != NULL && count + 1 < LENGTH_OF(all); i++)
        all[count++] = argv[i];
    all[count] = NULL;
    if (!file_find_program("env", path))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the program env is missing (coreutils)");
    const struct process_fd fds[] = {
        {out,          1               },
        {out,          2               },
        {job->lock_fd, LOCK_FD_OF_CHILD}
    };
    const struct process_options options = {
        .path = path,
        .argv = all,
        .fds = fds,
        .fd_count = job->lock_fd < 0 ? 2 : 3,
    };
    return process_start(&options, process, dg);
}

static enum status run_logged(struct build_job *job, const char *const *argv, int log,
                              struct diag *dg)
{
    struct process process;
    char end[64], error[LINE_BYTES_MAX];
    int wait_status = 0, ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return file_fail(dg, errno, "cannot start %s", argv[0]);
    enum status st = start(job, argv, ends[1], &process, dg);
    close(ends[1]);
    if (st == ST_OK) {
        st = follow(job, ends[0], log, dg);
        if (st != ST_OK) { /* make removes what it has half written when it is asked to end */
            process_signal(&process, SIGTERM);
            if (!process_wait(&process, STOP_MS, &wait_status))
                process_end(&process);
        } else {
            (void)process_wait(&process, -1, &wait_status);
        }
    }
    close(ends[0]);
    TRY(st);
    if (wait_status == 0)
        return ST_OK;
    process_end_text(wait_status, end, sizeof(end));
    first_error(job, error, sizeof(error));
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s; the log %s says: %s", argv[0], end,
                     job->log, error);
}

enum status build_run(struct build_job *job, const char *const *argv, struct diag *dg)
{
    int log = open(job->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (log < 0)
        return file_fail(dg, errno, "cannot write %s", job->log);
    enum status st = run_logged(job, argv, log, dg);
    close(log);
    return st;
}

enum status build_first_line(struct build_job *job, const char *const *argv, const char **line,
                             struct diag *dg)
{
    char path[FILE_PATH_MAX], text[1 << 16];
    int wait_status = 0;

    if (!file_find_program(argv[0], path))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the program %s is missing", argv[0]);
    const struct process_options options = {.path = path, .argv = argv};
    TRY(process_output(&options, OUTPUT_MS, text, sizeof(text), &wait_status, dg));
    text[strcspn(text, "\n")] = '\0';
    *line = build_text(job, "%s", text);
    return ST_OK;
}
