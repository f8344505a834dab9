/* mem: calloc, realloc, aligned_alloc and free with fault injection.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdlib.h>
#include <sys/mman.h>

static _Thread_local uint64_t fault_countdown; /* 0: off */
static _Thread_local bool fault_hit;

void mem_fault_set(uint64_t nth)
{
    fault_countdown = nth;
    fault_hit = false;
}

bool mem_fault_hit(void)
{
    return fault_hit;
}

bool mem_fault_step(void)
{
    if (LIKELY(fault_countdown == 0))
        return false;
    if (fault_countdown > 1) {
        fault_countdown--;
        return false;
    }
    fault_hit = true;
    return true;
}

void *mem_alloc(size_t count, size_t size)
{
    if (mem_fault_step())
        return NULL;
    return calloc(count, size);
}

void *mem_resize(void *block, size_t count, size_t size)
{
    if (mem_fault_step() || (size != 0 && count > SIZE_MAX / size))
        return NULL;
    return realloc(block, count * size);
}

void *mem_alloc_large(size_t size)
{
    const size_t mask = MEM_LARGE_PAGE_BYTES - 1;

    if (mem_fault_step() || size > SIZE_MAX - mask)
        return NULL;
    size = (size + mask) & ~mask;
    void *block = aligned_alloc(MEM_LARGE_PAGE_BYTES, size);
    if (block != NULL) /* advice: no matter when it is not taken */
        (void)madvise(block, size, MADV_HUGEPAGE);
    return block;
}

void mem_free(void *block)
{
    free(block);
}
