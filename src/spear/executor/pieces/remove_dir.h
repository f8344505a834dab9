/* remove_dir: removes a directory with all that a program may have made in it: files that must not
 * change, mounts over mounts, folders without permissions.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REMOVE_DEPTH_MAX = 16, REMOVE_TRIES_MAX = 20 };

/* Files may have been made immutable or append-only. */
static void remove_flags(const char *path)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    long flags = 0;

    if (fd < 0)
        return;
    ioctl(fd, FS_IOC_SETFLAGS, &flags);
    close(fd);
}

static void remove_dir_below(const char *path, int depth);

static void remove_entry(const char *path, int depth)
{
    struct stat info;

    while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        continue;
    if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && depth < REMOVE_DEPTH_MAX) {
        remove_dir_below(path, depth + 1);
        return;
    }
    for (int i = 0; i < REMOVE_TRIES_MAX && unlink(path) != 0 && errno != ENOENT; i++) {
        if (errno == EPERM)
            remove_flags(path);
        else if (errno != EBUSY || umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
            return;
    }
}

static void remove_dir_below(const char *path, int depth)
{
    char child[4096];

    for (int i = 0; i < REMOVE_TRIES_MAX; i++) {
        while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
            continue;
        DIR *dir = opendir(path);
        if (dir != NULL) {
            struct dirent *entry;
            while ((entry = readdir(dir)) != NULL) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                    continue;
                if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
                    (int)sizeof(child))
                    remove_entry(child, depth);
            }
            closedir(dir);
        }
        if (rmdir(path) == 0 || errno == ENOENT)
            return;
        if (errno == EPERM)
            remove_flags(path);
        else if (errno == EACCES)
            chmod(path, 0777);
        else if (errno != EBUSY && errno != ENOTEMPTY)
            return;
    }
}

static void remove_dir(const char *path)
{
    remove_dir_below(path, 0);
}
