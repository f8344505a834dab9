/* sandbox_setuid: as nobody, in namespaces that root has made.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <grp.h>

#include "spear/executor/pieces/sandbox.h"

enum { SANDBOX_NOBODY = 65534 };

/* As sandbox_none(). */
static int sandbox_setuid(void (*prepare)(void), void (*inside)(void))
{
    const pid_t pid = sandbox_fork();
    if (pid != 0)
        return pid < 0 ? -1 : sandbox_wait(pid);
    sandbox_begin();
    sandbox_network(prepare);
    if (setgroups(0, NULL) != 0 ||
        syscall(SYS_setresgid, SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) != 0 ||
        syscall(SYS_setresuid, SANDBOX_NOBODY, SANDBOX_NOBODY, SANDBOX_NOBODY) != 0)
        _exit(1);
    /* or /proc/self would belong to root, and the death of the parent would not be heard of */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    inside();
    _exit(0);
}
