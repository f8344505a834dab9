/* mount_image: mounts a packed image of a file system, and opens its root.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spear/executor/pieces/loop.h"
#include "spear/executor/pieces/segv_guard.h"

struct mount_texts {
    char kind[64], directory[512], options[512];
};

enum { MOUNT_ADDED = 32 }; /* bytes of options that are left for our own */

static int mount_read_texts(struct mount_texts *t, uint64_t kind, uint64_t directory,
                            uint64_t options)
{
    memset(t, 0, sizeof(*t));
    return guard_text(t->kind, sizeof(t->kind), kind) &&
           guard_text(t->directory, sizeof(t->directory), directory) &&
           (options == 0 || guard_text(t->options, sizeof(t->options) - MOUNT_ADDED, options));
}

static void mount_add_option(struct mount_texts *t, const char *option)
{
    const size_t used = strlen(t->options);
    snprintf(t->options + used, sizeof(t->options) - used, "%s%s", used > 0 ? "," : "", option);
}

/* Some file systems are told to stop the machine when they find themselves damaged: that is no
 * bug. xfs refuses an image that it has seen before. */
static void mount_adapt(struct mount_texts *t, uint64_t *flags)
{
    if (strcmp(t->kind, "iso9660") == 0)
        *flags |= MS_RDONLY;
    else if (strncmp(t->kind, "ext", 3) == 0 && (strstr(t->options, "errors=panic") != NULL ||
                                                 strstr(t->options, "errors=remount-ro") == NULL))
        mount_add_option(t, "errors=continue");
    else if (strcmp(t->kind, "xfs") == 0)
        mount_add_option(t, "nouuid");
    else if (strncmp(t->kind, "gfs2", 4) == 0 &&
             (strstr(t->options, "errors=panic") != NULL || strstr(t->options, "debug") != NULL))
        mount_add_option(t, "errors=withdraw");
}

static long syz_mount_image(uint64_t kind, uint64_t directory, uint64_t flags, uint64_t options,
                            uint64_t change, uint64_t size, uint64_t image)
{
    struct mount_texts texts;
    char device[32] = "";
    int loop = -1;

    if (!mount_read_texts(&texts, kind, directory, options)) {
        errno = EFAULT;
        return -1;
    }
    if (size > 0 && (loop = loop_open(image, size, device, sizeof(device))) < 0)
        return -1;
    mkdir(texts.directory, 0777);
    mount_adapt(&texts, &flags);
    long result = mount(loop >= 0 ? device : texts.kind, texts.directory, texts.kind,
                        (unsigned long)flags, texts.options);
    if (result == 0)
        result = open(texts.directory, O_RDONLY | O_DIRECTORY);
    if (result >= 0 && change != 0 && chdir(texts.directory) != 0)
        result = -1;
    if (loop >= 0)
        loop_close(loop);
    return result;
}
