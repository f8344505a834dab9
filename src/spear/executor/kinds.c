/* kinds: requests that are not programs: a binary to run (C reproducers), a search for leaks.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/pieces.h"
#include "spear/executor/reply.h"

enum { MS = 1000000, POLL_MS = 50, TAIL_BYTES = 16 << 10 };

static const char binary_dir[] = "binary", binary_name[] = "./repro";

/* The last bytes of what a child writes. */
struct tail {
    char bytes[TAIL_BYTES];
    size_t total;
};

static struct tail the_tail;

static void add_tail(struct tail *t, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        t->bytes[t->total++ % TAIL_BYTES] = bytes[i];
}

static void reply_tail(struct ex_reply *reply, const struct tail *t)
{
    const size_t size = t->total < TAIL_BYTES ? t->total : TAIL_BYTES;
    const size_t start = t->total - size;
    uint32_t offset = 0;
    char *room = ex_reply_room(reply, size, &offset);

    if (room == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        room[i] = t->bytes[(start + i) % TAIL_BYTES];
    reply->result->reply.text_offset = offset;
    reply->result->reply.text_bytes = (uint32_t)size;
}

static bool write_binary(const struct ex_slot *slot)
{
    const size_t size = slot->request->payload_bytes;
    size_t done = 0;
    const int fd = open(binary_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    while (fd >= 0 && done < size) {
        const ssize_t n = write(fd, slot->payload + done, size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return fd >= 0 && close(fd) == 0 && done == size;
}

static _Noreturn void be_binary(int output, pid_t parent)
{
    char *const arguments[] = {(char[]){"repro"}, NULL};
    char *const environment[] = {(char[]){"PATH=/bin:/usr/bin:/sbin"}, NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    setpgid(0, 0);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execve(binary_name, arguments, environment);
    dprintf(STDERR_FILENO, "execve: %s\n", ex_errno_name(errno));
    _exit(127);
}

/* Reads what it says until it has ended or its time is over. True: it has ended. */
static bool follow(pid_t pid, int output, uint64_t limit_ms, int *status)
{
    const uint64_t limit = ex_now_ns() + limit_ms * MS;
    char bytes[1024];

    for (;;) {
        struct pollfd line = {.fd = output, .events = POLLIN};
        poll(&line, 1, POLL_MS);
        for (ssize_t n; (n = read(output, bytes, sizeof(bytes))) > 0;)
            add_tail(&the_tail, bytes, (size_t)n);
        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        if (ex_now_ns() >= limit)
            return false;
    }
}

enum wire_status ex_run_binary(struct executor *ex, const struct ex_slot *slot)
{
    struct ex_reply *reply = &ex->controls[slot->index].reply;
    const struct wire_request *request = slot->request;
    const uint64_t limit_ms = request->program_timeout_ms != 0 ? request->program_timeout_ms
                                                               : ex->header.program_timeout_ms;
    int pipe_fds[2], status = 0;

    the_tail.total = 0;
    ex_remove_dir(binary_dir);
    if (mkdir(binary_dir, 0777) != 0 || chdir(binary_dir) != 0 || !write_binary(slot) ||
        pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) != 0) {
        ex_reply_text(reply, "binary: writing %s: %s", binary_name, ex_errno_name(errno));
        return WIRE_BROKEN;
    }
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0)
        be_binary(pipe_fds[1], parent);
    close(pipe_fds[1]);
    const bool has_ended = pid > 0 && follow(pid, pipe_fds[0], limit_ms, &status);
    if (pid > 0)
        kill(-pid, SIGKILL);
    if (pid > 0 && !has_ended) {
        kill(pid, SIGKILL);
        ex_abort_fuse();
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    close(pipe_fds[0]);
    if (fchdir(EX_FD_DIR) == 0)
        ex_remove_dir(binary_dir);
    reply->result->reply.exit_code =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    reply_tail(reply, &the_tail);
    return has_ended ? WIRE_DONE : WIRE_HUNG;
}

enum wire_status ex_run_leaks(struct executor *ex, const struct ex_slot *slot)
{
    struct ex_reply *reply = &ex->controls[slot->index].reply;
    const int count = ex_check_leaks();

    ex_reply_text(reply, "%d leaks", count);
    reply->result->reply.exit_code = count;
    return WIRE_DONE;
}
