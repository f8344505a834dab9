/* mem: the only door to the host's allocator, so that one switch can fail the n-th allocation.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/base.h"

/* Zeroed memory for count * size bytes; NULL when refused or when the product overflows. */
MUST_USE void *mem_alloc(size_t count, size_t size);
/* As realloc; new bytes are not zeroed. On NULL the old block is still valid. */
MUST_USE void *mem_resize(void *block, size_t count, size_t size);
void mem_free(void *block);

/* Memory, not zeroed, that is going to be written nearly all: begins at a multiple of
 * MEM_LARGE_PAGE_BYTES, and the kernel is asked for pages of that size, each of which is one fault
 * instead of hundreds. Give it back with mem_free(). */
#define MEM_LARGE_PAGE_BYTES ((size_t)2 << 20)
MUST_USE void *mem_alloc_large(size_t size);

/* Fault injection for tests, per thread: the n-th call from now (1 = the next) and every later
 * one fail; 0 switches it off. mem_fault_hit() tells whether one has failed since. */
void mem_fault_set(uint64_t nth);
bool mem_fault_hit(void);
/* For mmap and other allocations that do not come from here: true when this one must fail. */
bool mem_fault_step(void);

#endif /* BASE_MEM_H */
