/* fault_setup: lets allocations of every kind fail when a thread asks for it, and says when.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void fault_setup_write(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0) {
        /* A kernel without this switch: its default will do. */
    }
    close(fd);
}

static void fault_setup(void)
{
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    fault_setup_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
    fault_setup_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
    fault_setup_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
    fault_setup_write("/sys/kernel/debug/fail_page_alloc/min-order", "0");
}
