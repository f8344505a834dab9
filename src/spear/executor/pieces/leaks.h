/* leaks: asks the kernel for memory that nobody points to any more, and writes what it finds where
 * other reports of the kernel are. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define LEAKS_FILE "/sys/kernel/debug/kmemleak"

static void leaks_write(const char *command)
{
    const int fd = open(LEAKS_FILE, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, command, strlen(command)) < 0)
        perror(LEAKS_FILE);
    close(fd);
}

/* What was lost before is nobody's fault here. */
static void leaks_forget(void)
{
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    leaks_write("scan=off");
    leaks_write("scan");
    leaks_write("clear");
}

/* Memory younger than five seconds is not looked at, and a first look may be mistaken. */
static void leaks_check(void)
{
    const struct timespec age = {6, 0};
    char line[512];

    nanosleep(&age, NULL);
    leaks_write("scan");
    leaks_write("scan");
    FILE *found = fopen(LEAKS_FILE, "r");
    FILE *log = fopen("/dev/kmsg", "w");
    while (found != NULL && log != NULL && fgets(line, sizeof(line), found) != NULL) {
        if (strncmp(line, "unreferenced object", 19) == 0)
            fprintf(log, "BUG: memory leak\n");
        fflush(log); /* one record for each line */
        fputs(line, log);
        fflush(log);
    }
    if (found != NULL)
        fclose(found);
    if (log != NULL)
        fclose(log);
}
