/* func_index: which addresses are functions of a store. Compiled code holds references as plain
 * numbers, so each one is looked up here before C follows it. The blocks of functions that the
 * store owns are kept sorted by address. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/runtime/own.h"

#include <assert.h>
#include <string.h>

enum { BLOCKS_MIN = 64 };

/* The first block that ends behind `at`. */
static uint32_t find(const struct rt_func_index *x, uintptr_t at)
{
    uint32_t low = 0, high = x->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->blocks[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum status rt_func_index_add(struct rt_func_index *x, const struct rt_func *funcs, uint32_t count,
                              struct diag *dg)
{
    if (x->count == x->capacity) {
        uint32_t capacity = MAX(x->capacity * 2, (uint32_t)BLOCKS_MIN);
        struct rt_func_block *blocks = mem_resize(x->blocks, capacity, sizeof(*blocks));
        if (blocks == NULL)
            return rt_no_memory(dg, capacity * sizeof(*blocks), "the index of functions");
        x->blocks = blocks;
        x->capacity = capacity;
    }
    const uintptr_t begin = (uintptr_t)funcs;
    const uint32_t at = find(x, begin);
    memmove(&x->blocks[at + 1], &x->blocks[at], (x->count - at) * sizeof(*x->blocks));
    x->blocks[at] = (struct rt_func_block){begin, begin + count * sizeof(*funcs)};
    x->count++;
    return ST_OK;
}

void rt_func_index_remove(struct rt_func_index *x, const struct rt_func *funcs)
{
    const uint32_t at = find(x, (uintptr_t)funcs);

    if (at == x->count || x->blocks[at].begin != (uintptr_t)funcs)
        return; /* the index is being freed as a whole */
    x->count--;
    memmove(&x->blocks[at], &x->blocks[at + 1], (x->count - at) * sizeof(*x->blocks));
}

bool rt_store_has_func(struct rt_store *s, const struct rt_func *fn)
{
    const struct rt_func_index *x = &s->func_index;
    const uintptr_t address = (uintptr_t)fn;
    const uint32_t at = find(x, address);

    return at < x->count && x->blocks[at].begin <= address &&
           (address - x->blocks[at].begin) % sizeof(*fn) == 0;
}
