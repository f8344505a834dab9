/* open_procfs: opens a file below /proc/PID, writable if it can be. The numbers 0 and -1 stand for
 * the process itself and for its thread. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

static long syz_open_procfs(uint64_t pid, uint64_t file)
{
    char path[160], name[128];

    if (!guard_text(name, sizeof(name), file)) {
        errno = EFAULT;
        return -1;
    }
    if (pid == 0)
        snprintf(path, sizeof(path), "/proc/self/%s", name);
    else if (pid == UINT64_MAX)
        snprintf(path, sizeof(path), "/proc/thread-self/%s", name);
    else
        snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)pid, name);
    const int fd = open(path, O_RDWR);
    return fd >= 0 ? fd : open(path, O_RDONLY);
}
