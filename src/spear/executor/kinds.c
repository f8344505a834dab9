/* kinds: the requests that are not programs. They run in the worker; a binary in a child of its.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/pieces.h"
#include "spear/executor/reply.h"

enum { MS = 1000000, LOOK_MS = 5, OUTPUT_TOLD_MAX = 4000 };

static const char binary_directory[] = "binary", binary_path[] = "binary/repro",
                  output_path[] = "binary/output";

static void pause_ms(long ms)
{
    const struct timespec pause = {0, ms * MS};
    nanosleep(&pause, NULL);
}

static bool write_binary(const struct ex_slot *slot, uint64_t size)
{
    const int fd = open(binary_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    uint64_t done = 0;

    while (fd >= 0 && done < size) {
        const ssize_t n = write(fd, slot->payload + done, size - done);
        if (n <= 0)
            break;
        done += (uint64_t)n;
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0 && done == size;
}

static _Noreturn void be_binary(void)
{
    static char *const argv[] = {(char *)(uintptr_t) "./repro", NULL};
    static char *const envp[] = {NULL};
    const int out = open(output_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out >= 0) {
        dup2(out, 1);
        dup2(out, 2);
    }
    close_range(3, ~0u, 0);
    if (chdir(binary_directory) == 0)
        execve("./repro", argv, envp);
    _exit(127);
}

static int32_t exit_code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* False: it had to be killed. */
static bool wait_for_binary(pid_t pid, uint64_t timeout_ms, int32_t *exit_code)
{
    const uint64_t limit = ex_now_ns() + timeout_ms * MS;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG | __WALL) != pid) {
        if (ex_now_ns() < limit) {
            pause_ms(LOOK_MS);
            continue;
        }
        kill(-pid, SIGKILL);
        for (int waited = 0; waited < EX_KILL_WAIT_MS; waited += LOOK_MS) {
            if (waitpid(pid, &status, WNOHANG | __WALL) == pid)
                break;
            pause_ms(LOOK_MS);
        }
        *exit_code = 128 + SIGKILL;
        return false;
    }
    *exit_code = exit_code_of(status);
    return true;
}

static void tell_output(struct ex_reply *reply)
{
    char text[OUTPUT_TOLD_MAX + 1];
    const long size = ex_read_file(output_path, text, sizeof(text));

    if (size > 0)
        ex_reply_text(reply, "%s", text);
}

void ex_run_binary(struct executor *ex, const struct ex_slot *slot)
{
    struct ex_reply *reply = &ex->controls[slot->index].reply;
    const struct wire_request *request = slot->request;
    const uint64_t size = request->payload_bytes;
    enum wire_status status = WIRE_DONE;
    int32_t exit_code = 0;

    if (size > slot->payload_max || (mkdir(binary_directory, 0777) != 0 && errno != EEXIST) ||
        !write_binary(slot, size)) {
        ex_reply_text(reply, "binary of %ju bytes: %s", (uintmax_t)size, ex_errno_name(errno));
        ex_reply_end(reply, WIRE_BROKEN);
        return;
    }
    const pid_t pid = fork();
    if (pid == 0)
        be_binary();
    if (pid < 0) {
        ex_reply_text(reply, "binary: fork: %s", ex_errno_name(errno));
        status = WIRE_BROKEN;
    } else if (!wait_for_binary(pid,
                                request->program_timeout_ms != 0 ? request->program_timeout_ms
                                                                 : ex->header.program_timeout_ms,
                                &exit_code)) {
        status = WIRE_HUNG;
    }
    tell_output(reply);
    ex_remove_dir(binary_directory);
    reply->result->reply.exit_code = exit_code;
    ex_reply_end(reply, status);
}

void ex_run_leaks(struct executor *ex, const struct ex_slot *slot)
{
    struct ex_reply *reply = &ex->controls[slot->index].reply;
    const int count = ex_check_leaks();

    ex_reply_text(reply, "%d leaks", count);
    reply->result->reply.exit_code = count;
    ex_reply_end(reply, WIRE_DONE);
}
