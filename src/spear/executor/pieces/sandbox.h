/* sandbox: what the sandboxes have in common. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/pieces/write_file.h"

static void sandbox_limit(int resource, rlim_t most)
{
    struct rlimit limit;

    limit.rlim_cur = limit.rlim_max = most;
    setrlimit((__rlimit_resource_t)resource, &limit);
}

/* As fork(), into a PID namespace of its own where the kernel has them. */
static pid_t sandbox_fork(void)
{
    if (unshare(CLONE_NEWPID) != 0 && errno != EINVAL)
        return -1; /* EINVAL: a kernel without such namespaces */
    return fork();
}

/* What programs use up is bounded; what they change in namespaces dies with them. */
static void sandbox_begin(void)
{
    enum { MIB = 1 << 20 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    sandbox_limit(RLIMIT_AS, (rlim_t)512 * MIB);
    sandbox_limit(RLIMIT_MEMLOCK, (rlim_t)32 * MIB);
    sandbox_limit(RLIMIT_FSIZE, (rlim_t)136 * MIB);
    sandbox_limit(RLIMIT_STACK, (rlim_t)1 * MIB);
    sandbox_limit(RLIMIT_CORE, 0);
    sandbox_limit(RLIMIT_NOFILE, 256);
    unshare(CLONE_NEWNS);
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    unshare(CLONE_NEWIPC);
    unshare(CLONE_NEWCGROUP);
    unshare(CLONE_NEWUTS);
    unshare(CLONE_SYSVSEM);
    write_file("/proc/sys/kernel/shmmax", "16777216");
    write_file("/proc/sys/kernel/shmall", "536870912");
    write_file("/proc/sys/kernel/shmmni", "1024");
    write_file("/proc/sys/kernel/msgmax", "8192");
    write_file("/proc/sys/kernel/msgmni", "1024");
    write_file("/proc/sys/kernel/msgmnb", "1024");
    write_file("/proc/sys/kernel/sem", "1024 1048576 500 1024");
}

/* A network namespace of its own; prepare(), which may be NULL, fills it. */
static void sandbox_network(void (*prepare)(void))
{
    unshare(CLONE_NEWNET);
    write_file("/proc/sys/net/ipv4/ping_group_range", "0 65535");
    if (prepare != NULL)
        prepare();
}

/* A root of its own, in memory: what programs do to files ends with the sandbox. */
static void sandbox_root(void)
{
    static const char *const shared[] = {"dev", "proc", "sys"};
    char from[16], to[40];

    mkdir("./sandbox", 0777);
    if (mount("sandbox", "./sandbox", "tmpfs", 0, "mode=0777") != 0)
        return;
    for (unsigned i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        snprintf(from, sizeof(from), "/%s", shared[i]);
        snprintf(to, sizeof(to), "./sandbox/%s", shared[i]);
        mkdir(to, 0777);
        mount(from, to, NULL, MS_BIND | MS_REC, NULL);
    }
    mkdir("./sandbox/work", 0777);
    chmod("./sandbox/work", 0777);
    mkdir("./sandbox/tmp", 0777);
    mkdir("./sandbox/old", 0777);
    if (syscall(SYS_pivot_root, "./sandbox", "./sandbox/old") == 0) {
        if (chdir("/") == 0 && umount2("./old", MNT_DETACH) == 0)
            rmdir("./old");
    } else if (chdir("./sandbox") != 0) {
        return;
    }
    if (chroot(".") != 0 || chdir("/work") != 0)
        return;
}

/* Without these a program cannot stop or slow down whoever looks after it. */
static void sandbox_drop_capabilities(void)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[2];
    const uint32_t dropped = 1u << CAP_SYS_PTRACE | 1u << CAP_SYS_NICE;

    memset(&header, 0, sizeof(header));
    memset(data, 0, sizeof(data));
    header.version = _LINUX_CAPABILITY_VERSION_3;
    if (syscall(SYS_capget, &header, data) != 0)
        return;
    data[0].effective &= ~dropped;
    data[0].permitted &= ~dropped;
    data[0].inheritable &= ~dropped;
    syscall(SYS_capset, &header, data);
}

/* What the child has ended with: its code, or 128 and its signal. */
static int sandbox_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
