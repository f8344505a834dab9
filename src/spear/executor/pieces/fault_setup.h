/* fault_setup: lets allocations of every kind fail when a thread asks for it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "spear/executor/pieces/write_file.h"

/* Once, as root. A kernel without one of these switches does it by itself. */
static void fault_setup(void)
{
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
    write_file("/sys/kernel/debug/fail_futex/ignore-private", "N");
    write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
    write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
    write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
}
