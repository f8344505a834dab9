/* image: a disk image of the user's with an ssh server in it. It boots by itself; the executor is
 * streamed in over ssh and started there, and from then on it is a machine like any other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/vm_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SSH_TRY_MS = 20000,  /* scaled: one attempt to log in */
    SSH_COPY_MS = 60000, /* scaled: for the executor to cross */
    SSH_PAUSE_MS = 500,
    SSH_OUTPUT_MAX = 300,
    SSH_WORDS_MAX = 24,
};

static const char remote_path[] = "/mujun-executor";

/* A port that is free now. Somebody may take it before the emulator does: that is told then. */
static enum status find_port(int *port, struct diag *dg)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } p = {.in = &address};

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = fd >= 0 && bind(fd, p.any, size) == 0 && getsockname(fd, p.any, &size) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (!is_good)
        return file_fail(dg, error, "no free port for ssh");
    *port = ntohs(address.sin_port);
    return ST_OK;
}

struct ssh {
    char program[FILE_PATH_MAX], port[16];
    const char *words[SSH_WORDS_MAX + 1];
};

static enum status prepare(struct ssh *s, const struct vm *vm, const char *command,
                           struct diag *dg)
{
    const char *const words[] = {
        "ssh", "-F", "/dev/null", "-i", vm->pool->options.sshkey, "-p", s->port,
        "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
        "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
        "-o", "LogLevel=ERROR", "root@127.0.0.1", command, NULL};

    _Static_assert(LENGTH_OF(words) <= SSH_WORDS_MAX + 1, "room for the words");
    if (!file_find_program("ssh", s->program))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "ssh is missing, and the image needs it; apt-get install openssh-client");
    snprintf(s->port, sizeof(s->port), "%d", vm->ssh_port);
    memcpy(s->words, words, sizeof(words));
    return ST_OK;
}

/* Runs a command in the machine; input_fd is its standard input, -1 for none. */
static enum status run(const struct vm *vm, const char *command, int input_fd, int timeout_ms,
                       struct diag *dg)
{
    struct ssh s;
    char output[SSH_OUTPUT_MAX], how[64];
    int wait_status = 0;
    const struct process_fd input = {input_fd, STDIN_FILENO};

    TRY(prepare(&s, vm, command, dg));
    const struct process_options o = {
        .path = s.program, .argv = s.words, .fds = &input, .fd_count = input_fd >= 0 ? 1 : 0};
    TRY(process_output(&o, timeout_ms, output, sizeof(output), &wait_status, dg));
    if (wait_status == 0)
        return ST_OK;
    process_end_text(wait_status, how, sizeof(how));
    output[strcspn(output, "\r\n")] = '\0';
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "ssh: %s%s%s", output,
                     output[0] != '\0' ? "; " : "", how);
}

static enum status wait_for_ssh(struct vm *vm, struct diag *dg)
{
    const uint64_t boot_s = vm->pool->options.boot_timeout_s;
    const struct timespec pause = {.tv_nsec = SSH_PAUSE_MS * 1000000L};
    enum { TELL_EVERY = 10 };

    for (uint32_t attempt = 1;; attempt++) {
        enum status st = run(vm, "true", -1, SSH_TRY_MS * (int)vm_scale(vm->pool), dg);
        if (st == ST_OK)
            return ST_OK;
        if (!vm_is_alive(vm))
            return vm_machine_refuse(vm, ST_IO, "it has died while it was booting", dg);
        if (vm_uptime_ms(vm) > boot_s * 1000) {
            char what[DIAG_TEXT_MAX];
            snprintf(what, sizeof(what), "no ssh after %ju s: %.200s", (uintmax_t)boot_s,
                     dg->text);
            return vm_machine_refuse(vm, ST_TIMEOUT, what, dg);
        }
        if (attempt % TELL_EVERY == 0)
            vm_log(vm->pool, "machine %u: waiting for ssh for %ju s: %s", vm->index,
                   (uintmax_t)vm_uptime_ms(vm) / 1000, dg->text);
        nanosleep(&pause, NULL);
    }
}

static enum status copy_executor(const struct vm *vm, struct diag *dg)
{
    char command[128];

    int fd = open(vm->pool->executor, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_fail(dg, errno, "cannot open %s", vm->pool->executor);
    snprintf(command, sizeof(command), "cat > %s && chmod 755 %s", remote_path, remote_path);
    enum status st = run(vm, command, fd, SSH_COPY_MS * (int)vm_scale(vm->pool), dg);
    close(fd);
    return diag_in(dg, st, "copying the executor");
}

struct start {
    struct vm *vm;
    const struct process_options *options;
    enum status status;
    struct diag *dg;
};

static void start_in_loop(void *ctx)
{
    struct start *s = ctx;
    s->status = process_start(s->options, &s->vm->ssh, s->dg);
}

/* Its output goes to the kernel's console, where everything else is. */
static enum status start_executor(struct vm *vm, struct diag *dg)
{
    struct ssh s;
    char command[128];

    snprintf(command, sizeof(command), "exec %s --machine > /dev/ttyS0 2>&1", remote_path);
    TRY(prepare(&s, vm, command, dg));
    const struct process_fd words[] = {
        {vm->words_fd, STDOUT_FILENO},
        {vm->words_fd, STDERR_FILENO},
    };
    const struct process_options o = {
        .path = s.program, .argv = s.words, .fds = words, .fd_count = LENGTH_OF(words)};
    struct start start = {vm, &o, ST_OK, dg};
    loop_call(vm->pool->loop, start_in_loop, &start);
    return start.status;
}

enum status vm_image_boot(struct vm *vm, struct diag *dg)
{
    TRY(find_port(&vm->ssh_port, dg));
    TRY(vm_qemu_start(vm, NULL, dg));
    TRY(wait_for_ssh(vm, dg));
    vm_log(vm->pool, "machine %u: ssh works after %ju s, bringing in the executor", vm->index,
           (uintmax_t)vm_uptime_ms(vm) / 1000);
    TRY(copy_executor(vm, dg));
    TRY(start_executor(vm, dg));
    return vm_machine_wait(vm, VM_READY, (uint64_t)vm->pool->options.boot_timeout_s * 1000, dg);
}
