/* open_pts: opens the other end of a pseudo-terminal. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

static long syz_open_pts(uint64_t master, uint64_t flags)
{
    char path[32];
    int number = 0;

    if (ioctl((int)master, TIOCGPTN, &number) != 0)
        return -1;
    snprintf(path, sizeof(path), "/dev/pts/%d", number);
    return open(path, (int)flags, 0);
}
