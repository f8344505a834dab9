/* process: programs that we start. Each leads a process group of its own, so that all of it can be
 * killed, and dies with the thread that started it. SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_PROCESS_H
#define IO_PROCESS_H

#include "base/base.h"
#include "base/diag.h"

#include <sys/types.h>

enum { PROCESS_FDS_MAX = 16 };

struct process_fd {
    int ours, theirs; /* our descriptor becomes their number; ours stays open here */
};

struct process_options {
    const char *path;         /* of the program; see file_find_program() */
    const char *const *argv;  /* NULL after the last */
    const char *dir;          /* to run in; NULL: ours */
    const struct process_fd *fds; /* 0, 1 and 2 are /dev/null unless named; all others are closed */
    uint32_t fd_count;        /* at most PROCESS_FDS_MAX */
};

struct process {
    pid_t pid;  /* 0: none */
    int pid_fd; /* readable once it has ended; ours; -1: none */
};

/* Starts it. A program that cannot be executed is ST_IO, with the reason. The caller's thread must
 * outlive the process. */
MUST_USE enum status process_start(const struct process_options *options, struct process *out,
                                   struct diag *dg);
/* Signals the whole group; harmless on one that has ended. */
void process_signal(const struct process *p, int signal);
/* Waits at most timeout_ms (-1: for ever). True when it has ended: *wait_status is that of
 * waitpid(), and the process is gone and forgotten. */
bool process_wait(struct process *p, int timeout_ms, int *wait_status);
/* Kills the group and waits for the end. Harmless on none. */
void process_end(struct process *p);
/* "exit code 1", "killed by signal 9 (Killed)". */
void process_end_text(int wait_status, char *out, size_t size);

/* Starts it and waits for its end; standard output and error go to out (cut at size - 1, with a
 * NUL). After timeout_ms it is killed: ST_TIMEOUT. */
MUST_USE enum status process_output(const struct process_options *options, int timeout_ms,
                                    char *out, size_t size, int *wait_status, struct diag *dg);

#endif /* IO_PROCESS_H */
