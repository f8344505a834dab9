/*
 * memory_image: what a module's first memory holds at the start, as a file in memory that instances
 * map copy-on-write: made once per module, then making an instance copies and touches nothing.
 *
 * Only for modules whose active data segments all go to their own 32-bit memory 0, at constant
 * places that are inside it; else data is copied into each instance.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_MEMORY_IMAGE_H
#define SHIELD_RUNTIME_MEMORY_IMAGE_H

#include "shield/runtime/store.h"

enum {
    MEMORY_IMAGE_BYTES_MAX = 256 << 20,
    MEMORY_IMAGE_AFTER = 1, /* instances of a module before it is worth making */
};

struct rt_memory_image {
    int fd;
    uint64_t id;    /* of no other image in this process; never 0 */
    uint64_t bytes; /* a multiple of the host's page size */
};

/* The module's image, made when it is time for it; NULL: do without, copy the data. Borrowed from
 * the module. Any thread. */
const struct rt_memory_image *rt_memory_image_of(struct rt_module *m);
void rt_memory_image_free(struct rt_module *m);

#endif /* SHIELD_RUNTIME_MEMORY_IMAGE_H */
