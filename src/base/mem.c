/* mem: calloc/realloc/free with fault injection. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdlib.h>

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

void mem_free(void *block)
{
    free(block);
}
