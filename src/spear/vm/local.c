/* local: a machine that is none: the executor as a process of this very computer, with the same
 * region, bells and console as any other. Only when asked for in so many words.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/vm_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOCAL_FD_REGION = 3, LOCAL_FD_BELL = 4 }; /* as in argv below */

enum status vm_make_line(int *ours, int *theirs, struct diag *dg)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return file_fail(dg, errno, "cannot make a pair of sockets");
    *ours = pair[0];
    *theirs = pair[1];
    return ST_OK;
}

enum status vm_local_boot(struct vm *vm, struct diag *dg)
{
    const struct vm_pool *pool = vm->pool;
    const char *argv[] = {"mujun-executor", "--local", "3", "4", NULL};
    int console_fd = -1, bell_fd = -1;

    TRY(vm_make_line(&vm->console_fd, &console_fd, dg));
    enum status st = vm_make_line(&vm->bell_fd, &bell_fd, dg);
    if (st == ST_OK) {
        const struct process_fd fds[] = {
            {vm->region_fd, LOCAL_FD_REGION},
            {bell_fd,       LOCAL_FD_BELL  },
            {console_fd,    STDOUT_FILENO  },
            {console_fd,    STDERR_FILENO  },
        };
        const struct process_options o = {.path = pool->executor, .argv = argv,
                                          .dir = pool->options.work_dir, .fds = fds,
                                          .fd_count = LENGTH_OF(fds)};
        st = vm_machine_launch(vm, &o, dg);
    }
    close(console_fd);
    if (bell_fd >= 0)
        close(bell_fd);
    if (st == ST_OK)
        st = vm_machine_wait(vm, VM_READY, (uint64_t)pool->options.boot_timeout_s * 1000, dg);
    return st;
}
