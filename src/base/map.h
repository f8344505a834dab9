/* map: pointers by text, in an arena. Open addressing; grows, never shrinks; keys are borrowed and
 * must outlive the map. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/buf.h"

struct map_slot {
    struct str key;
    void *value; /* NULL: empty */
    uint32_t hash;
};

struct map {
    struct arena *arena; /* borrowed */
    struct map_slot *slots;
    uint32_t count, capacity; /* capacity is a power of two, or 0 */
};

void map_init(struct map *m, struct arena *a);
/* NULL when the key is not there. */
void *map_get(const struct map *m, struct str key);
/* Sets the value, which is not NULL; returns the old one, or NULL. */
void *map_put(struct map *m, struct str key, void *value);

#endif /* BASE_MAP_H */
