/* fuse_abort: cuts off every fuse file system, so that processes which wait for a dead daemon can
 * die. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

static void fuse_abort_all(void)
{
    char path[300];
    DIR *dir = opendir("/sys/fs/fuse/connections");

    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%s/abort", entry->d_name);
        const int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        const ssize_t unused = write(fd, "1", 1);
        (void)unused;
        close(fd);
    }
    closedir(dir);
}
