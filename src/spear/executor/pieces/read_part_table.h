/* read_part_table: has the kernel look for partitions on a packed image, and links to what it finds
 * from the current directory: ./file0p1 and so on. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "spear/executor/pieces/loop.h"

enum { PARTITIONS_LINKED = 7 };

static long syz_read_part_table(uint64_t size, uint64_t image)
{
    struct loop_info64 info;
    char device[32], name[64], link_name[32];

    const int fd = loop_open(image, size, device, sizeof(device));
    if (fd < 0)
        return -1;
    long result = ioctl(fd, LOOP_GET_STATUS64, &info);
    if (result == 0) {
        info.lo_flags |= LO_FLAGS_PARTSCAN;
        result = ioctl(fd, LOOP_SET_STATUS64, &info);
    }
    for (int i = 1; result == 0 && i <= PARTITIONS_LINKED; i++) {
        snprintf(name, sizeof(name), "%sp%d", device, i);
        snprintf(link_name, sizeof(link_name), "./file%d", i - 1);
        if (symlink(name, link_name) != 0 && errno != EEXIST)
            break;
    }
    loop_close(fd);
    return result;
}
