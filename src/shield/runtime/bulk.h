/*
 * bulk: the instructions that move many bytes, elements or array slots at once.
 * One place for their bounds checks, so every tier and the start-up of instances agree.
 *
 * All operands are 64-bit: callers zero-extend those of 32-bit memories and tables. No sum can
 * overflow. Each checks everything first and changes nothing when it ends with ST_TRAP (the trap
 * is then pending in the store, without frames). Indices of segments, tables and memories are
 * those of the instance and are valid: the validator has seen them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_BULK_H
#define SHIELD_RUNTIME_BULK_H

#include "shield/runtime/store.h"

/* True when [start, start + count) lies inside [0, size). */
static inline bool rt_in_bounds(uint64_t start, uint64_t count, uint64_t size)
{
    return count <= size && start <= size - count;
}

/* Bytes [to, to + count) of the memory become bytes [from, from + count) of the data segment.
 * Traps: MEMORY_BOUNDS (also for the segment). */
MUST_USE enum status rt_memory_init(struct rt_instance *i, uint32_t memory, uint32_t data,
                                    uint64_t to, uint64_t from, uint64_t count);
/* Regions may overlap; the two memories may be one. Traps: MEMORY_BOUNDS. Copying and filling
 * more than 64 MiB also ends with ST_TIMEOUT, part of it done, when the store is interrupted. */
MUST_USE enum status rt_memory_copy(struct rt_store *s, struct rt_memory *to_memory,
                                    struct rt_memory *from_memory, uint64_t to, uint64_t from,
                                    uint64_t count);
MUST_USE enum status rt_memory_fill(struct rt_store *s, struct rt_memory *m, uint64_t to,
                                    uint8_t value, uint64_t count);
void rt_data_drop(struct rt_instance *i, uint32_t data);

/* Traps: TABLE_BOUNDS. */
MUST_USE enum status rt_table_init(struct rt_instance *i, uint32_t table, uint32_t elem,
                                   uint64_t to, uint64_t from, uint64_t count);
MUST_USE enum status rt_table_copy(struct rt_store *s, struct rt_table *to_table,
                                   struct rt_table *from_table, uint64_t to, uint64_t from,
                                   uint64_t count);
MUST_USE enum status rt_table_fill(struct rt_store *s, struct rt_table *t, uint64_t to,
                                   uint64_t ref, uint64_t count);
void rt_elem_drop(struct rt_instance *i, uint32_t elem);

/* Arrays. A null array traps with NULL_ARRAY. `type` is the array type to make, as
 * rt_registry_type() gives it. The two that allocate may collect and end with ST_LIMIT or
 * ST_NO_MEMORY as rt_array_new() does. */

/* length elements from byte `from` of a data segment. Traps: MEMORY_BOUNDS. */
MUST_USE enum status rt_array_new_data(struct rt_instance *i, const struct rt_type *type,
                                       uint32_t data, uint32_t from, uint32_t length,
                                       uint64_t *ref);
/* length elements from item `from` of an element segment. Traps: TABLE_BOUNDS. */
MUST_USE enum status rt_array_new_elem(struct rt_instance *i, const struct rt_type *type,
                                       uint32_t elem, uint32_t from, uint32_t length,
                                       uint64_t *ref);
/* count elements; `from` counts bytes. Traps: ARRAY_BOUNDS, MEMORY_BOUNDS. */
MUST_USE enum status rt_array_init_data(struct rt_instance *i, uint64_t array, uint32_t data,
                                        uint32_t to, uint32_t from, uint32_t count);
/* count elements; `from` counts items. Traps: ARRAY_BOUNDS, TABLE_BOUNDS. */
MUST_USE enum status rt_array_init_elem(struct rt_instance *i, uint64_t array, uint32_t elem,
                                        uint32_t to, uint32_t from, uint32_t count);
/* Regions may overlap; the two arrays may be one. Traps: ARRAY_BOUNDS. */
MUST_USE enum status rt_array_copy(struct rt_store *s, uint64_t to_array, uint32_t to,
                                   uint64_t from_array, uint32_t from, uint32_t count);
/* Packed elements take the low bits of value. Traps: ARRAY_BOUNDS. */
MUST_USE enum status rt_array_fill(struct rt_store *s, uint64_t array, uint32_t to,
                                   union rt_value value, uint32_t count);

#endif /* SHIELD_RUNTIME_BULK_H */
