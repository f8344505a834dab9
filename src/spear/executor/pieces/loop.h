/* loop: a packed image as a block device. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/pieces/inflate.h"
#include "spear/executor/pieces/segv_guard.h"

enum { LOOP_IMAGE_MAX = 132 << 20, LOOP_CHUNK = 4096, LOOP_RETRY_NS = 1000000 };
static int loop_index; /* of the device that is ours */

/* Parts that are all zeroes stay holes. */
static int loop_write(void *ctx, const unsigned char *bytes, size_t size, uint64_t offset)
{
    static const unsigned char zeroes[LOOP_CHUNK];
    const int fd = *(const int *)ctx;

    if (offset + size > LOOP_IMAGE_MAX)
        return 1;
    for (size_t at = 0; at < size; at += LOOP_CHUNK) {
        const size_t part = size - at < LOOP_CHUNK ? size - at : LOOP_CHUNK;
        if (memcmp(bytes + at, zeroes, part) != 0 &&
            pwrite(fd, bytes + at, part, (off_t)(offset + at)) != (ssize_t)part)
            return 1;
    }
    return 0;
}

static int loop_unpack(uint64_t image, uint64_t size)
{
    static struct inflate z;
    static int fd;
    volatile int is_read = 0;

    fd = memfd_create("image", MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    GUARDED({
        const unsigned char *packed = (const unsigned char *)(uintptr_t)image;
        const uint64_t total = inflate_zlib(&z, packed, size, loop_write, &fd);
        is_read = total <= LOOP_IMAGE_MAX && ftruncate(fd, (off_t)total) == 0;
    });
    if (is_read)
        return fd;
    close(fd);
    errno = EFAULT;
    return -1;
}

/* Returns a descriptor of the device, whose name goes to path (16 bytes or more), or -1. */
static int loop_open(uint64_t image, uint64_t size, char *path, size_t path_max)
{
    const struct timespec pause = {0, LOOP_RETRY_NS};
    const int backing = loop_unpack(image, size);

    if (backing < 0)
        return -1;
    snprintf(path, path_max, "/dev/loop%d", loop_index);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0 && ioctl(fd, LOOP_SET_FD, backing) != 0) {
        error = errno;
        if (error == EBUSY) { /* the last user's: take it */
            ioctl(fd, LOOP_CLR_FD, 0);
            nanosleep(&pause, NULL);
            error = ioctl(fd, LOOP_SET_FD, backing) != 0 ? errno : 0;
        }
    }
    close(backing);
    if (error == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

/* The device lives on as long as it is mounted. */
static void loop_close(int fd)
{
    const int error = errno;

    ioctl(fd, LOOP_CLR_FD, 0);
    close(fd);
    errno = error;
}

/* Between programs: nothing shall stay attached. */
static void loop_reset(void)
{
    char path[32];

    snprintf(path, sizeof(path), "/dev/loop%d", loop_index);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        ioctl(fd, LOOP_CLR_FD, 0);
        close(fd);
    }
}
