/* memcpy_off: copies memory of the program's to memory that the kernel has mapped for it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

static long syz_memcpy_off(uint64_t to, uint64_t to_offset, uint64_t from, uint64_t from_offset,
                           uint64_t bytes)
{
    volatile long result = -1;

    errno = EFAULT;
    GUARDED(result = (long)(uintptr_t)memcpy((char *)(uintptr_t)(to + to_offset),
                                             (const char *)(uintptr_t)(from + from_offset), bytes));
    return result;
}
