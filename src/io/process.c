/* process: fork, exec, and the end. SPDX-License-Identifier: Apache-2.0 */
#include "io/process.h"

#include "io/file.h"
#include "io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PROCESS_HIGH_FD = 100, /* descriptors are parked above it before they get their numbers */
    PROCESS_EXEC_FAILED = 127,
};

/* In the child: gives every descriptor its number. Only calls that are safe after fork(). */
static bool arrange_fds(const struct process_options *o, int null_fd, int *report_fd)
{
    int parked[PROCESS_FDS_MAX], highest = 2;

    *report_fd = fcntl(*report_fd, F_DUPFD_CLOEXEC, PROCESS_HIGH_FD);
    for (uint32_t i = 0; i < o->fd_count; i++) {
        parked[i] = fcntl(o->fds[i].ours, F_DUPFD_CLOEXEC, PROCESS_HIGH_FD);
        if (parked[i] < 0)
            return false;
    }
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null_fd, fd) < 0)
            return false;
    for (uint32_t i = 0; i < o->fd_count; i++) {
        if (dup2(parked[i], o->fds[i].theirs) < 0)
            return false;
        highest = MAX(highest, o->fds[i].theirs);
    }
    /* Everything else of ours is close-on-exec, but a library's might not be. */
    for (int fd = 3; fd <= highest; fd++) {
        bool is_named = false;
        for (uint32_t i = 0; i < o->fd_count; i++)
            is_named |= o->fds[i].theirs == fd;
        if (!is_named)
            close(fd);
    }
    (void)syscall(SYS_close_range, (unsigned)highest + 1, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    return true;
}

static _Noreturn void become(const struct process_options *o, pid_t parent, int null_fd,
                             int report_fd)
{
    sigset_t none;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(PROCESS_EXEC_FAILED); /* it ended before we asked to be told */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if ((o->dir == NULL || chdir(o->dir) == 0) && arrange_fds(o, null_fd, &report_fd)) {
        union {
            const char *const *given;
            char *const *wanted;
        } argv = {.given = o->argv};
        execv(o->path, argv.wanted);
    }
    int error = errno;
    (void)!write(report_fd, &error, sizeof(error));
    _exit(PROCESS_EXEC_FAILED);
}

enum status process_start(const struct process_options *o, struct process *out, struct diag *dg)
{
    int report[2], error = 0;

    CHECK(o->fd_count <= PROCESS_FDS_MAX, "room for the descriptors");
    *out = (struct process){.pid_fd = -1};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0)
        return file_fail(dg, errno, "cannot open /dev/null");
    if (pipe2(report, O_CLOEXEC) != 0) {
        error = errno;
        close(null_fd);
        return file_fail(dg, error, "cannot start %s", o->path);
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(o, parent, null_fd, report[1]);
    if (pid < 0)
        error = errno;
    close(null_fd);
    close(report[1]);
    if (pid > 0) {
        setpgid(pid, pid); /* whoever comes first */
        while (read(report[0], &error, sizeof(error)) < 0 && errno == EINTR)
            continue;
    }
    close(report[0]);
    if (error != 0) {
        if (pid > 0)
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                continue;
        return file_fail(dg, error, "cannot start %s", o->path);
    }
    out->pid = pid;
    out->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0U);
    if (out->pid_fd < 0) {
        error = errno;
        process_end(out);
        return file_fail(dg, error, "cannot watch %s", o->path);
    }
    (void)fcntl(out->pid_fd, F_SETFD, FD_CLOEXEC);
    return ST_OK;
}

void process_signal(const struct process *p, int signal)
{
    if (p->pid > 0)
        (void)kill(-p->pid, signal);
}

bool process_wait(struct process *p, int timeout_ms, int *wait_status)
{
    struct pollfd end = {.fd = p->pid_fd, .events = POLLIN};
    uint64_t due_ns = loop_now_ns() + (uint64_t)MAX(timeout_ms, 0) * 1000000;
    int status = 0;

    while (p->pid_fd >= 0 && poll(&end, 1, timeout_ms) <= 0) {
        uint64_t now_ns = loop_now_ns();
        if (timeout_ms >= 0 && now_ns >= due_ns)
            return false;
        if (timeout_ms >= 0)
            timeout_ms = (int)((due_ns - now_ns) / 1000000);
    }
    while (p->pid > 0 && waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (p->pid_fd >= 0)
        close(p->pid_fd);
    *p = (struct process){.pid_fd = -1};
    *wait_status = status;
    return true;
}

void process_end(struct process *p)
{
    int status;

    if (p->pid <= 0)
        return;
    process_signal(p, SIGKILL);
    (void)process_wait(p, -1, &status);
}

void process_end_text(int wait_status, char *out, size_t size)
{
    if (WIFSIGNALED(wait_status))
        snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(wait_status),
                 sigabbrev_np(WTERMSIG(wait_status)) ? sigabbrev_np(WTERMSIG(wait_status)) : "?");
    else
        snprintf(out, size, "exit code %d", WEXITSTATUS(wait_status));
}

/* Reads until the pipe is closed or the time is over. */
static bool drain(int fd, uint64_t due_ns, char *out, size_t size)
{
    size_t used = 0;

    for (;;) {
        char rest[512];
        struct pollfd input = {.fd = fd, .events = POLLIN};
        uint64_t now_ns = loop_now_ns();
        out[used] = '\0';
        if (now_ns >= due_ns)
            return false;
        if (poll(&input, 1, (int)((due_ns - now_ns) / 1000000) + 1) <= 0)
            continue;
        bool has_room = used + 1 < size;
        ssize_t n = read(fd, has_room ? out + used : rest,
                         has_room ? size - 1 - used : sizeof(rest));
        if (n == 0)
            return true;
        if (n > 0 && has_room)
            used += (size_t)n;
    }
}

enum status process_output(const struct process_options *options, int timeout_ms, char *out,
                           size_t size, int *wait_status, struct diag *dg)
{
    struct process_fd fds[PROCESS_FDS_MAX];
    struct process_options o = *options;
    struct process p;
    int output[2];

    CHECK(o.fd_count + 2 <= PROCESS_FDS_MAX && size != 0, "room for the descriptors");
    out[0] = '\0';
    if (pipe2(output, O_CLOEXEC) != 0)
        return file_fail(dg, errno, "cannot start %s", o.path);
    if (o.fd_count != 0)
        memcpy(fds, o.fds, o.fd_count * sizeof(fds[0]));
    fds[o.fd_count++] = (struct process_fd){output[1], 1};
    fds[o.fd_count++] = (struct process_fd){output[1], 2};
    o.fds = fds;
    uint64_t due_ns = loop_now_ns() + (uint64_t)timeout_ms * 1000000;
    enum status st = process_start(&o, &p, dg);
    close(output[1]);
    if (st != ST_OK) {
        close(output[0]);
        return st;
    }
    bool has_ended = drain(output[0], due_ns, out, size);
    close(output[0]);
    if (has_ended) {
        uint64_t now_ns = loop_now_ns();
        has_ended =
            process_wait(&p, now_ns < due_ns ? (int)((due_ns - now_ns) / 1000000) : 0, wait_status);
    }
    if (!has_ended) {
        process_end(&p);
        return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET, "%s did not end in %d ms", o.path,
                         timeout_ms);
    }
    return ST_OK;
}
