/* fault: makes the nth allocation of the next call of this thread fail.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#define FAULT_FILE "/proc/thread-self/fail-nth"

/* Right before the call. Returns 0, or -1 with errno. */
static int fault_arm(unsigned nth)
{
    char text[16];
    const int size = snprintf(text, sizeof(text), "%u", nth);
    const int fd = open(FAULT_FILE, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return -1;
    const ssize_t written = write(fd, text, (size_t)size);
    close(fd);
    return written == size ? 0 : -1;
}

/* Right behind it. Not 0: the allocation was made, and has failed. */
static int fault_disarm(void)
{
    char left[16] = "";

    const int fd = open(FAULT_FILE, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const int has_failed = read(fd, left, sizeof(left) - 1) > 0 && left[0] == '0';
    const ssize_t unused = pwrite(fd, "0", 1, 0);
    (void)unused;
    close(fd);
    return has_failed;
}
