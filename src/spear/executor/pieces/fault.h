/* fault: makes the nth allocation of the next system call of this thread fail.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void fault_arm(unsigned nth)
{
    char text[16];
    const int size = snprintf(text, sizeof(text), "%u", nth);
    const int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, text, (size_t)size) != size)
        perror("fail-nth");
    close(fd);
}
