/* table: arrays of references that grow by doubling, charged to the store's limit.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/runtime/limits.h"
#include "shield/runtime/own.h"
#include "shield/runtime/store.h"

#include <assert.h>

static void fill(uint64_t *elements, uint64_t count, uint64_t ref)
{
    for (uint64_t i = 0; i < count; i++)
        elements[i] = ref;
}

static uint64_t room_for(const struct rt_store *s)
{
    assert(s->table_elements <= s->limits.table_elements && "charged before taken");
    return s->limits.table_elements - s->table_elements;
}

enum status rt_table_init_new(struct rt_store *s, struct rt_table *t,
                              const struct wm_limits *limits, struct wm_valtype type, uint64_t init,
                              struct diag *dg)
{
    assert(wm_is_ref(type) && t->elements == NULL && "a new table of references");
    if (limits->min > room_for(s))
        return rt_limit_fail(dg, RT_LIMIT_table_elements, s->limits.table_elements,
                             limits->min > UINT64_MAX - s->table_elements
                                 ? UINT64_MAX
                                 : s->table_elements + limits->min);
    uint64_t *elements = mem_alloc(MAX(limits->min, UINT64_C(1)), sizeof(*elements));
    if (elements == NULL)
        return rt_no_memory(dg, limits->min * sizeof(*elements), "a table");
    if (init != RT_NULL)
        fill(elements, limits->min, init);
    s->table_elements += limits->min;
    *t = (struct rt_table){
        .elements = elements,
        .size = limits->min,
        .capacity = MAX(limits->min, UINT64_C(1)),
        .max = limits->has_max ? limits->max
               : limits->is_64 ? UINT64_MAX
                               : UINT32_MAX,
        .type = type,
        .store = s,
        .is_64 = limits->is_64,
        .has_max = limits->has_max,
    };
    return ST_OK;
}

void rt_table_release(struct rt_table *t)
{
    if (t->elements == NULL)
        return;
    t->store->table_elements -= t->size;
    mem_free(t->elements);
}

uint64_t rt_table_grow(struct rt_table *t, uint64_t delta, uint64_t init)
{
    const uint64_t old_size = t->size;

    if (delta > t->max - old_size || delta > room_for(t->store))
        return UINT64_MAX;
    if (delta > t->capacity - old_size) {
        uint64_t needed = old_size + delta; /* fits: at most the limit */
        uint64_t capacity = MAX(needed, MIN(t->capacity * 2, t->max));
        uint64_t *elements = mem_resize(t->elements, capacity, sizeof(*elements));
        if (elements == NULL)
            return UINT64_MAX;
        t->elements = elements;
        t->capacity = capacity;
    }
    fill(t->elements + old_size, delta, init);
    t->size = old_size + delta;
    t->store->table_elements += delta;
    return old_size;
}
