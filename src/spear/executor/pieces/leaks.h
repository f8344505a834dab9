/* leaks: asks the kernel for memory that nobody points to any more, and writes what it finds where
 * its other reports are, to the console. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define LEAKS_FILE       "/sys/kernel/debug/kmemleak"
#define LEAKS_BYTES_MAX  (16 << 10) /* of one record */
#define LEAKS_RECORD_MAX 20         /* records that are told; one is enough to know */

static void leaks_write(const char *command)
{
    const int fd = open(LEAKS_FILE, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, command, strlen(command)) < 0) {
        /* Busy with a scan of its own: what it finds counts as well. */
    }
    close(fd);
}

static time_t leaks_since; /* on the monotonic clock */

static time_t leaks_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* What was lost before this call is nobody's fault here. */
static void leaks_start(void)
{
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    leaks_write("scan=off");
    leaks_since = leaks_now();
}

/* "... (age 12.345s)"; a record that does not say is taken for young. */
static int leaks_is_old(const char *record)
{
    const char *age = strstr(record, "(age ");
    return age != NULL && atol(age + 5) > leaks_now() - leaks_since;
}

static void leaks_tell(int console, const char *text, size_t size)
{
    static const char head[] = "BUG: memory leak\n";

    if (write(console, head, sizeof(head) - 1) < 0 || write(console, text, size) < 0)
        return;
}

/* The file gives one record for a read. Returns how many there were; console -1: only counts. */
static int leaks_read(int console)
{
    static char record[LEAKS_BYTES_MAX];
    const int fd = open(LEAKS_FILE, O_RDONLY | O_CLOEXEC);
    int count = 0;
    ssize_t size;

    if (fd < 0)
        return 0;
    while (count < LEAKS_RECORD_MAX && (size = read(fd, record, sizeof(record) - 1)) > 0) {
        record[size] = 0;
        if (leaks_is_old(record))
            continue;
        count++;
        if (console >= 0)
            leaks_tell(console, record, (size_t)size);
    }
    close(fd);
    return count;
}

/* Memory younger than five seconds is not looked at, and what one look finds may still be on its
 * way somewhere: only what a second one finds as well is lost. Returns the number of leaks. */
static int leaks_check(void)
{
    const struct timespec age = {6, 0};
    const int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

    nanosleep(&age, NULL);
    leaks_write("scan");
    leaks_write("scan");
    const int count = leaks_read(console);
    leaks_write("clear");
    if (console >= 0)
        close(console);
    return count;
}
