/* pidfd_open: a descriptor of a process; 1 would be whoever runs us, and becomes ourselves.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static long syz_pidfd_open(uint64_t pid, uint64_t flags)
{
    return syscall(SYS_pidfd_open, pid == 1 ? 0 : pid, flags);
}
