/*
 * wait: memory.atomic.wait32, wait64 and notify. Threads meet at the host address of the cell, so
 * stores that share a memory can wake each other. A waiting store still obeys
 * rt_store_interrupt() within RT_WAIT_SLICE_MS.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_WAIT_H
#define SHIELD_RUNTIME_WAIT_H

#include "shield/runtime/store.h"

enum { RT_WAIT_SLICE_MS = 20 };

/* What memory.atomic.wait32 and wait64 leave on the stack. */
enum rt_wait_result { RT_WAIT_WOKEN, RT_WAIT_NOT_EQUAL, RT_WAIT_TIMED_OUT };

/* Sleeps while the cell of width bytes (4 or 8) at index + offset holds `expected` and nobody
 * notifies it. timeout_ns < 0: without end. Traps: MEMORY_BOUNDS, UNALIGNED_ATOMIC, NOT_SHARED.
 * ST_TIMEOUT when the store is interrupted. */
MUST_USE enum status rt_atomic_wait(struct rt_store *s, struct rt_memory *m, uint64_t index,
                                    uint64_t offset, uint32_t width, uint64_t expected,
                                    int64_t timeout_ns, uint32_t *result);
/* Wakes at most count threads that wait for the cell, oldest first; *woken says how many (0 for a
 * memory that is not shared). Traps: MEMORY_BOUNDS, UNALIGNED_ATOMIC. */
MUST_USE enum status rt_atomic_notify(struct rt_store *s, struct rt_memory *m, uint64_t index,
                                      uint64_t offset, uint32_t count, uint32_t *woken);

#endif /* SHIELD_RUNTIME_WAIT_H */
