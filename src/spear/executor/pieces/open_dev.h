/* open_dev: opens a device: one named with # for digits of a number, or by kind and numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

enum { OPEN_DEV_CHARACTER = 0xc, OPEN_DEV_BLOCK = 0xb };

/* As the kernel: a name of 0xc or 0xb means a character or block device id:flags. */
static long syz_open_dev(uint64_t name, uint64_t id, uint64_t flags)
{
    char path[1024];

    if (name == OPEN_DEV_CHARACTER || name == OPEN_DEV_BLOCK) {
        snprintf(path, sizeof(path), "/dev/%s/%d:%d", name == OPEN_DEV_CHARACTER ? "char" : "block",
                 (int)(uint8_t)id, (int)(uint8_t)flags);
        return open(path, O_RDWR);
    }
    if (!guard_text(path, sizeof(path), name)) {
        errno = EFAULT;
        return -1;
    }
    for (char *hash; (hash = strchr(path, '#')) != NULL; id /= 10)
        *hash = (char)('0' + id % 10);
    return open(path, (int)flags & ~O_CREAT, 0);
}
