/*
 * memory_slot: the address space of 32-bit memories, kept for the next one. Reserving 6 GiB, making
 * the beginning accessible, mapping an image and giving all that back are four calls of the
 * kernel; a slot that comes back from a memory of the same module needs one, which forgets what
 * was written.
 *
 *   base            base + open_bytes   base + reserved        + guard
 *    | image | zeros   | nothing          | nothing              |
 *
 * What a slot shows is always its image and zeros behind it, up to open_bytes, and nothing behind
 * that: no memory ever sees what another one wrote, nor has more than it asked for.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_MEMORY_SLOT_H
#define SHIELD_RUNTIME_MEMORY_SLOT_H

#include "shield/runtime/memory_image.h"

enum { MEMORY_SLOTS_KEPT_MAX = 64 }; /* in this process, free ones; each is 6 GiB of addresses */
#define MEMORY_SLOT_RESERVED_BYTES ((uint64_t)4 << 30)
#define MEMORY_SLOT_GUARD_BYTES    ((uint64_t)2 << 30)

struct rt_memory_slot {
    uint8_t *base; /* NULL: none */
    uint64_t open_bytes;
    uint64_t image_id, image_bytes; /* 0: no image */
};

/* A slot that shows image (may be NULL) and zeros up to open_bytes, which is a multiple of 64 KiB;
 * an image is not longer. base NULL: the host refuses (errno). */
struct rt_memory_slot rt_memory_slot_take(const struct rt_memory_image *image, uint64_t open_bytes);
/* Gives it back; the memory has grown to now_bytes, a multiple of 64 KiB. */
void rt_memory_slot_give(struct rt_memory_slot slot, uint64_t now_bytes);

#endif /* SHIELD_RUNTIME_MEMORY_SLOT_H */
