/* cgroups: a control group per sandbox that bounds what its programs use, and links to it in the
 * directory of each. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "spear/executor/pieces/write_file.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Once per machine: a cgroup2 hierarchy with the controllers that it may have. */
static int cgroup_setup(void)
{
    if (mount("cgroup2", CGROUP_ROOT, "cgroup2", 0, NULL) != 0 && errno != EBUSY)
        return -1;
    write_file(CGROUP_ROOT "/cgroup.subtree_control", "+cpu");
    write_file(CGROUP_ROOT "/cgroup.subtree_control", "+io");
    write_file(CGROUP_ROOT "/cgroup.subtree_control", "+memory");
    write_file(CGROUP_ROOT "/cgroup.subtree_control", "+pids");
    return 0;
}

/* This process and its children to come. Returns 0, or -1 with errno. */
static int cgroup_enter(int id)
{
    char path[64], pid[16];

    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d", id);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return -1;
    chmod(path, 0777);
    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d/pids.max", id);
    write_file(path, "64");
    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d/memory.high", id);
    write_file(path, "209715200");
    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d/memory.max", id);
    write_file(path, "314572800");
    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d/cgroup.procs", id);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    return write_file(path, pid);
}

/* In the current directory, under the names that descriptions use. */
static void cgroup_link(int id)
{
    static const char *const names[] = {"./cgroup", "./cgroup.cpu", "./cgroup.net"};
    char path[64];

    snprintf(path, sizeof(path), CGROUP_ROOT "/syz%d", id);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (symlink(path, names[i]) != 0)
            return;
}
