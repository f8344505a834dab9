/* h_table: tables, segments and bulk memory; the work and its checks are the runtime's (bulk.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

#include "shield/runtime/bulk.h"

/* Operand k, a slot, as an index of a 32- or 64-bit space. */
#define INDEX(k, is_64) ((is_64) != 0 ? GET(u64, k) : GET(u32, k))

HANDLER(TABLE_GET)
{
    const struct rt_table *table = cx->instance->tables[pc[4]];
    uint64_t at = INDEX(1, pc[5]);
    TRAP_IF(at >= table->size, TABLE_BOUNDS);
    PUT(u64, 0, table->elements[at]);
    NEXT(4);
}

HANDLER(TABLE_SET)
{
    struct rt_table *table = cx->instance->tables[pc[4]];
    uint64_t at = INDEX(0, pc[5]);
    TRAP_IF(at >= table->size, TABLE_BOUNDS);
    table->elements[at] = GET(u64, 1);
    NEXT(4);
}

HANDLER(TABLE_SIZE)
{
    PUT(u64, 0, cx->instance->tables[pc[3]]->size);
    NEXT(2);
}

HANDLER(TABLE_GROW)
{
    struct rt_table *table = cx->instance->tables[pc[5]];
    uint64_t old = rt_table_grow(table, INDEX(2, pc[6]), GET(u64, 1));
    PUT(u64, 0, old);
    NEXT(5);
}

HANDLER(TABLE_FILL)
{
    struct rt_table *table = cx->instance->tables[pc[5]];
    enum status st = rt_table_fill(cx->store, table, INDEX(0, pc[6]), GET(u64, 1), INDEX(2, pc[6]));
    PASS_ON(st);
    NEXT(5);
}

HANDLER(TABLE_COPY)
{
    struct rt_table **tables = cx->instance->tables;
    enum status st = rt_table_copy(cx->store, tables[pc[5]], tables[pc[6]], INDEX(0, pc[7]),
                                   INDEX(1, pc[8]), INDEX(2, pc[7] & pc[8]));
    PASS_ON(st);
    NEXT(7);
}

HANDLER(TABLE_INIT)
{
    enum status st =
        rt_table_init(cx->instance, pc[6], pc[5], INDEX(0, pc[7]), GET(u32, 1), GET(u32, 2));
    PASS_ON(st);
    NEXT(6);
}

HANDLER(ELEM_DROP)
{
    rt_elem_drop(cx->instance, pc[2]);
    NEXT(1);
}

HANDLER(MEMORY_INIT)
{
    enum status st =
        rt_memory_init(cx->instance, pc[6], pc[5], INDEX(0, pc[7]), GET(u32, 1), GET(u32, 2));
    PASS_ON(st);
    NEXT(6);
}

HANDLER(MEMORY_COPY)
{
    struct rt_memory **memories = cx->instance->memories;
    enum status st = rt_memory_copy(cx->store, memories[pc[5]], memories[pc[6]], INDEX(0, pc[7]),
                                    INDEX(1, pc[8]), INDEX(2, pc[7] & pc[8]));
    PASS_ON(st);
    NEXT(7);
}

HANDLER(MEMORY_FILL)
{
    enum status st = rt_memory_fill(cx->store, cx->instance->memories[pc[5]], INDEX(0, pc[6]),
                                    (uint8_t)GET(u32, 1), INDEX(2, pc[6]));
    PASS_ON(st);
    NEXT(5);
}

HANDLER(DATA_DROP)
{
    rt_data_drop(cx->instance, pc[2]);
    NEXT(1);
}
