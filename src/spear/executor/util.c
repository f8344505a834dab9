/* util: time, futexes, bells, small files.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/executor.h"

uint64_t ex_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void ex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t limit_ns)
{
    const struct timespec limit = {(time_t)(limit_ns / 1000000000), (long)(limit_ns % 1000000000)};

    syscall(SYS_futex, word, FUTEX_WAIT, value, limit_ns != 0 ? &limit : NULL, NULL, 0);
}

void ex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void ex_say(const char *format, ...)
{
    char line[512];
    va_list args;

    const int prefix = snprintf(line, sizeof(line), "mujun-executor: ");
    va_start(args, format);
    int size = vsnprintf(line + prefix, sizeof(line) - (size_t)prefix - 1, format, args);
    va_end(args);
    if (size > (int)sizeof(line) - prefix - 2)
        size = (int)sizeof(line) - prefix - 2;
    line[prefix + size] = '\n';
    if (write(STDERR_FILENO, line, (size_t)(prefix + size + 1)) < 0)
        return; /* nowhere else to say it */
}

long ex_read_file(const char *path, char *text, size_t text_max)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    size_t used = 0;
    ssize_t n = 0;
    while (used + 1 < text_max && (n = read(fd, text + used, text_max - 1 - used)) > 0)
        used += (size_t)n;
    const int error = errno;
    close(fd);
    text[used] = '\0';
    errno = error;
    return n < 0 ? -1 : (long)used;
}

bool ex_write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    const bool is_written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    const int error = errno;
    close(fd);
    errno = error;
    return is_written;
}

const char *ex_errno_name(int error)
{
    const char *name = strerrorname_np(error);
    return name != NULL ? name : "unknown error";
}
