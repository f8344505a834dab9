/* data_region: the memory that the arguments of a program's calls live in, always at the same
 * address, with a page on either side that nobody may touch.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/mman.h>

#if UINTPTR_MAX == UINT64_MAX
#define DATA_BASE UINT64_C(0x200000000000)
#else
#define DATA_BASE UINT64_C(0x80000000)
#endif
#define DATA_BYTES      UINT64_C(0x1000000)
#define DATA_PAGE_BYTES UINT64_C(0x1000)

/* Returns 0, or -1 with errno. What was there before is gone: the region is all zeroes. */
static int data_region_map(void)
{
    const int flags = MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED;
    unsigned char *base = (unsigned char *)(uintptr_t)DATA_BASE;

    if (mmap(base - DATA_PAGE_BYTES, DATA_PAGE_BYTES, PROT_NONE, flags, -1, 0) == MAP_FAILED ||
        mmap(base, DATA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) == MAP_FAILED ||
        mmap(base + DATA_BYTES, DATA_PAGE_BYTES, PROT_NONE, flags, -1, 0) == MAP_FAILED)
        return -1;
    return 0;
}
