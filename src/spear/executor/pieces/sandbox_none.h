/* sandbox_none: as root, in namespaces of its own. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "spear/executor/pieces/sandbox.h"

/* Runs inside() in a process of the sandbox; before that prepare(), which may be NULL, in its
 * network namespace and with all rights. Returns what it ended with; -1: no process could be made.
 */
static int sandbox_none(void (*prepare)(void), void (*inside)(void))
{
    const pid_t pid = sandbox_fork();
    if (pid != 0)
        return pid < 0 ? -1 : sandbox_wait(pid);
    sandbox_begin();
    sandbox_network(prepare);
    sandbox_root();
    sandbox_drop_capabilities();
    inside();
    _exit(0);
}
