/* map: linear probing at a load of at most one half. SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <assert.h>
#include <string.h>

enum { MAP_CAPACITY_MIN = 64 };

static uint32_t hash_of(struct str key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < key.size; i++)
        h = (h ^ (uint8_t)key.text[i]) * UINT64_C(1099511628211);
    return (uint32_t)(h ^ h >> 32);
}

/* The slot that holds the key, or the empty one where it belongs. */
static struct map_slot *find(const struct map *m, struct str key, uint32_t hash)
{
    uint32_t at = hash & (m->capacity - 1);

    while (m->slots[at].value != NULL &&
           !(m->slots[at].hash == hash && str_equal(m->slots[at].key, key)))
        at = (at + 1) & (m->capacity - 1);
    return &m->slots[at];
}

void map_init(struct map *m, struct arena *a)
{
    *m = (struct map){.arena = a};
}

void *map_get(const struct map *m, struct str key)
{
    return m->capacity == 0 ? NULL : find(m, key, hash_of(key))->value;
}

static void grow(struct map *m)
{
    struct map bigger = {.arena = m->arena, .count = m->count};

    bigger.capacity = MAX(m->capacity * 2, (uint32_t)MAP_CAPACITY_MIN);
    bigger.slots = arena_new(m->arena, struct map_slot, bigger.capacity);
    for (uint32_t i = 0; i < m->capacity; i++)
        if (m->slots[i].value != NULL)
            *find(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    *m = bigger;
}

void *map_put(struct map *m, struct str key, void *value)
{
    assert(value != NULL && "an empty slot has no value");
    if (m->count >= m->capacity / 2)
        grow(m);
    uint32_t hash = hash_of(key);
    struct map_slot *slot = find(m, key, hash);
    void *old = slot->value;
    m->count += old == NULL;
    *slot = (struct map_slot){key, value, hash};
    return old;
}
