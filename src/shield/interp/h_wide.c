/* h_wide: 128-bit integer arithmetic. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

static inline u128 wide(uint64_t low, uint64_t high)
{
    return (u128)high << 64 | low;
}

/* Results first: operands 0 and 1 are the low and the high half. */
#define WIDE(name, value, operands)                                                                \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        u128 v = (value);                                                                          \
        PUT(u64, 0, (uint64_t)v);                                                                  \
        PUT(u64, 1, (uint64_t)(v >> 64));                                                          \
        NEXT(operands);                                                                            \
    }
WIDE(I64_ADD128, wide(GET(u64, 2), GET(u64, 3)) + wide(GET(u64, 4), GET(u64, 5)), 6)
WIDE(I64_SUB128, wide(GET(u64, 2), GET(u64, 3)) - wide(GET(u64, 4), GET(u64, 5)), 6)
WIDE(I64_MUL_WIDE_S, (u128)((s128)(int64_t)GET(u64, 2) * (int64_t)GET(u64, 3)), 4)
WIDE(I64_MUL_WIDE_U, (u128)GET(u64, 2) * GET(u64, 3), 4)
