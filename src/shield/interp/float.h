/* float: what C's operators do not say about WebAssembly's floating point: min and max that see
 * NaN and the sign of zero, saturating conversions, the canonical NaN. Shared by scalar and vector
 * handlers. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_INTERP_FLOAT_H
#define SHIELD_INTERP_FLOAT_H

#include "base/base.h"

#include <math.h>
#include <string.h>

/* fn(a), but a NaN comes out quiet: compilers may expand rounding so that it passes through. */
#define QUIET(a, fn) ((a) != (a) ? (a) + (a) : fn(a))

#define FLOAT_FUNCTIONS(t, ct, ut)                                                                 \
    static inline ct min_##t(ct a, ct b)                                                           \
    {                                                                                              \
        if (a != a || b != b)                                                                      \
            return a + b; /* quiet */                                                              \
        if (a == b)                                                                                \
            return signbit(a) ? a : b;                                                             \
        return a < b ? a : b;                                                                      \
    }                                                                                              \
    static inline ct max_##t(ct a, ct b)                                                           \
    {                                                                                              \
        if (a != a || b != b)                                                                      \
            return a + b;                                                                          \
        if (a == b)                                                                                \
            return signbit(a) ? b : a;                                                             \
        return a > b ? a : b;                                                                      \
    }                                                                                              \
    /* Two statements: no compiler may make one rounding of them. */                              \
    static inline ct muladd_##t(ct a, ct b, ct c)                                                  \
    {                                                                                              \
        ct product = a * b;                                                                        \
        return product + c;                                                                        \
    }                                                                                              \
    static inline ct canonical_##t(ct a)                                                           \
    {                                                                                              \
        const ut bits = ((ut)-1 >> 1) ^ (((ut)1 << (sizeof(ut) == 4 ? 22 : 51)) - 1);              \
        if (a != a)                                                                                \
            memcpy(&a, &bits, sizeof(a));                                                          \
        return a;                                                                                  \
    }
FLOAT_FUNCTIONS(f32, float, uint32_t)
FLOAT_FUNCTIONS(f64, double, uint64_t)
#undef FLOAT_FUNCTIONS

/* low and high: the first values outside, as the float type can hold them. */
#define SATURATING(name, ct, st, ut, below, low, high, least, most)                                \
    static inline ut name(ct a)                                                                    \
    {                                                                                              \
        if (a != a)                                                                                \
            return 0;                                                                              \
        if (a below low)                                                                           \
            return (ut)(least);                                                                    \
        if (a >= high)                                                                             \
            return (ut)(most);                                                                     \
        return (ut)(st)a;                                                                          \
    }
SATURATING(sat_s32_f32, float, int32_t, uint32_t, <, -0x1p31f, 0x1p31f, INT32_MIN, INT32_MAX)
SATURATING(sat_u32_f32, float, uint32_t, uint32_t, <=, -1.0f, 0x1p32f, 0, UINT32_MAX)
SATURATING(sat_s32_f64, double, int32_t, uint32_t, <, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX)
SATURATING(sat_u32_f64, double, uint32_t, uint32_t, <=, -1.0, 0x1p32, 0, UINT32_MAX)
SATURATING(sat_s64_f32, float, int64_t, uint64_t, <, -0x1p63f, 0x1p63f, INT64_MIN, INT64_MAX)
SATURATING(sat_u64_f32, float, uint64_t, uint64_t, <=, -1.0f, 0x1p64f, 0, UINT64_MAX)
SATURATING(sat_s64_f64, double, int64_t, uint64_t, <, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)
SATURATING(sat_u64_f64, double, uint64_t, uint64_t, <=, -1.0, 0x1p64, 0, UINT64_MAX)
#undef SATURATING

#endif /* SHIELD_INTERP_FLOAT_H */
