/* clone: makes a child that only ends. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

/* The child shares nothing that its end could break: no memory, no signal handlers; with them it
 * would run on the parent's stack, or end the parent. */
enum { CLONE_FORBIDDEN = CLONE_VM | CLONE_VFORK };

static long clone_is_back(long pid)
{
    const struct timespec pause = {0, 1000000};

    if (pid != 0)
        return pid;
    nanosleep(&pause, NULL); /* the parent shall find it alive */
    syscall(SYS_exit, 0);
    return 0;
}

static long syz_clone(uint64_t flags, uint64_t stack, uint64_t stack_bytes, uint64_t parent_tid,
                      uint64_t child_tid, uint64_t tls)
{
    (void)stack;
    (void)stack_bytes; /* without CLONE_VM a stack of its own only gets in the way */
    flags &= ~(uint64_t)CLONE_FORBIDDEN;
    return clone_is_back(syscall(SYS_clone, flags, 0, parent_tid, child_tid, tls));
}

static long syz_clone3(uint64_t arguments, uint64_t bytes)
{
    struct clone_args args;

    memset(&args, 0, sizeof(args));
    if (bytes < CLONE_ARGS_SIZE_VER0 || bytes > sizeof(args)) {
        errno = EINVAL;
        return -1;
    }
    if (!guard_copy(&args, (const void *)(uintptr_t)arguments, bytes)) {
        errno = EFAULT;
        return -1;
    }
    args.flags &= ~(uint64_t)CLONE_FORBIDDEN;
    args.stack = args.stack_size = 0;
    return clone_is_back(syscall(SYS_clone3, &args, bytes));
}
