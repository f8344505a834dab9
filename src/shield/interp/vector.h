/* vector: a v128 seen as lanes, and access to its slots. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_INTERP_VECTOR_H
#define SHIELD_INTERP_VECTOR_H

#include "base/base.h"

#include <string.h>

union v128 {
    uint8_t u8 __attribute__((vector_size(16)));
    int8_t s8 __attribute__((vector_size(16)));
    uint16_t u16 __attribute__((vector_size(16)));
    int16_t s16 __attribute__((vector_size(16)));
    uint32_t u32 __attribute__((vector_size(16)));
    int32_t s32 __attribute__((vector_size(16)));
    uint64_t u64 __attribute__((vector_size(16)));
    int64_t s64 __attribute__((vector_size(16)));
    float f32 __attribute__((vector_size(16)));
    double f64 __attribute__((vector_size(16)));
};
_Static_assert(sizeof(union v128) == 16, "two slots");

static inline union v128 get_v128(const uint8_t *fp, uint32_t slot)
{
    union v128 v;
    memcpy(&v, fp + slot, sizeof(v));
    return v;
}

static inline void put_v128(uint8_t *fp, uint32_t slot, union v128 v)
{
    memcpy(fp + slot, &v, sizeof(v));
}

static inline union v128 imm_v128(const uint32_t *pc)
{
    union v128 v;
    memcpy(&v, pc, sizeof(v));
    return v;
}

#endif /* SHIELD_INTERP_VECTOR_H */
