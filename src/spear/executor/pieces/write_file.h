/* write_file: a text into a file of the kernel's. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Returns 0, or -1 with errno. */
static int write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    const ssize_t size = (ssize_t)strlen(text);
    const ssize_t written = write(fd, text, (size_t)size);
    const int error = written < 0 ? errno : EIO;
    close(fd);
    if (written == size)
        return 0;
    errno = error;
    return -1;
}
