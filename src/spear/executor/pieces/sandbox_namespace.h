/* sandbox_namespace: as root of a user namespace, which nobody is outside.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/syscall.h>

#include "spear/executor/pieces/sandbox.h"

/* As sandbox_none(). */
static int sandbox_namespace(void (*prepare)(void), void (*inside)(void))
{
    char map[32];
    const unsigned uid = getuid(), gid = getgid();

    const pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (pid != 0)
        return pid < 0 ? -1 : sandbox_wait(pid);
    sandbox_begin();
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1\n", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1\n", gid);
    write_file("/proc/self/gid_map", map);
    sandbox_network(prepare);
    sandbox_root();
    sandbox_drop_capabilities();
    inside();
    _exit(0);
}
