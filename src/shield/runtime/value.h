/*
 * value: one WebAssembly value outside of code, and how references are encoded.
 *
 *   func hierarchy     pointer to struct rt_func, 0 is null
 *   every other one    0 null; odd: i31 in bits 1-31; even: byte offset of an object in the store's
 *                      GC heap (a host value given as externref is such an object too, so that
 *                      any.convert_extern and extern.convert_any change nothing)
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_VALUE_H
#define SHIELD_RUNTIME_VALUE_H

#include "base/base.h"

union rt_value {
    uint32_t i32;
    uint64_t i64;
    float f32;
    double f64;
    uint64_t ref;
    uint64_t u64[2];
    uint8_t v128[16];
};
_Static_assert(sizeof(union rt_value) == 16, "two slots");

#define RT_NULL UINT64_C(0)
static inline uint64_t rt_i31(uint32_t value)
{
    return (uint64_t)(value & 0x7fffffffu) << 1 | 1;
}
static inline bool rt_is_i31(uint64_t ref)
{
    return (ref & 1) != 0;
}
static inline uint32_t rt_i31_get_u(uint64_t ref)
{
    return (uint32_t)(ref >> 1) & 0x7fffffffu;
}
static inline int32_t rt_i31_get_s(uint64_t ref)
{
    return (int32_t)((uint32_t)(ref >> 1) << 1) >> 1;
}

#endif /* SHIELD_RUNTIME_VALUE_H */
