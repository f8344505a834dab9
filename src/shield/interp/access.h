/* access: addresses of the general form: any memory, 32 or 64 bits, any offset.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_INTERP_ACCESS_H
#define SHIELD_INTERP_ACCESS_H

#include "shield/interp/handler.h"

/* Where an access of `bytes` bytes goes, NULL when it is out of bounds. Operand `index` is the slot
 * of the address; from operand `memarg` on stand memory index, 1 if 64-bit, offset (2 words). */
static inline uint8_t *interp_address(const uint32_t *pc, const uint8_t *fp,
                                      const struct interp_cx *cx, uint32_t index, uint32_t memarg,
                                      uint64_t bytes)
{
    struct rt_memory *m = cx->instance->memories[pc[2 + memarg]];
    uint64_t at = pc[3 + memarg] != 0 ? GET(u64, index) : GET(u32, index);
    uint64_t size = atomic_load_explicit(&m->size_bytes, memory_order_acquire);

    if (__builtin_add_overflow(at, imm_u64(pc + 4 + memarg), &at) || bytes > size ||
        at > size - bytes)
        return NULL;
    return m->base + at;
}

#endif /* SHIELD_INTERP_ACCESS_H */
