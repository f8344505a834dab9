/* h_simd: handlers of the vector operators, made from sem_simd.def. Lane by lane where C's vector
 * expressions do not reach. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/access.h"
#include "shield/interp/float.h"
#include "shield/interp/vector.h"

static inline int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

#define ALL_TRUE(t)                                                                                \
    static inline bool all_true_##t(union v128 a)                                                  \
    {                                                                                              \
        for (uint32_t i = 0; i < sizeof(a) / sizeof(a.t[0]); i++)                                  \
            if (a.t[i] == 0)                                                                       \
                return false;                                                                      \
        return true;                                                                               \
    }
ALL_TRUE(u8)
ALL_TRUE(u16)
ALL_TRUE(u32)
ALL_TRUE(u64)

#define BITMASK(t)                                                                                 \
    static inline uint32_t bitmask_##t(union v128 a)                                               \
    {                                                                                              \
        uint32_t mask = 0;                                                                         \
        for (uint32_t i = 0; i < sizeof(a) / sizeof(a.t[0]); i++)                                  \
            mask |= (uint32_t)(a.t[i] < 0) << i;                                                   \
        return mask;                                                                               \
    }
BITMASK(s8)
BITMASK(s16)
BITMASK(s32)
BITMASK(s64)

/* r.t[i] = expr for every lane. */
#define EACH(t, expr)                                                                              \
    for (uint32_t i = 0; i < sizeof(r) / sizeof(r.t[0]); i++)                                      \
    r.t[i] = (expr)

#define V1(name, tr, expr)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), r;                                                            \
        r.tr = expr;                                                                               \
        PUT(v128, 0, r);                                                                           \
        NEXT(2);                                                                                   \
    }
#define V2(name, tr, expr)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = GET(v128, 2), r;                                          \
        r.tr = expr;                                                                               \
        PUT(v128, 0, r);                                                                           \
        NEXT(3);                                                                                   \
    }

#define L1(name, tr, ta, expr)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), r;                                                            \
        for (uint32_t i = 0; i < sizeof(r) / sizeof(r.tr[0]); i++) {                               \
            __typeof__(a.ta[0]) x = a.ta[i];                                                       \
            r.tr[i] = (expr);                                                                      \
        }                                                                                          \
        PUT(v128, 0, r);                                                                           \
        NEXT(2);                                                                                   \
    }
#define L2(name, tr, ta, expr)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = GET(v128, 2), r;                                          \
        for (uint32_t i = 0; i < sizeof(r) / sizeof(r.tr[0]); i++) {                               \
            __typeof__(a.ta[0]) x = a.ta[i], y = b.ta[i];                                          \
            r.tr[i] = (expr);                                                                      \
        }                                                                                          \
        PUT(v128, 0, r);                                                                           \
        NEXT(3);                                                                                   \
    }
#define V3(name, t, expr)                                                                          \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = GET(v128, 2), c = GET(v128, 3), r;                        \
        for (uint32_t i = 0; i < sizeof(r) / sizeof(r.t[0]); i++) {                                \
            __typeof__(a.t[0]) x = a.t[i], y = b.t[i], z = c.t[i];                                 \
            r.t[i] = (expr);                                                                       \
        }                                                                                          \
        PUT(v128, 0, r);                                                                           \
        NEXT(4);                                                                                   \
    }
#define F1(name, tr, ta, expr) L1(name, tr, ta, expr)
#define F2(name, tr, ta, expr) L2(name, tr, ta, expr)
#define F3(name, t, expr)      V3(name, t, expr)

#define MIX(name, tr, expr, second, operands)                                                      \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = second, r;                                                \
        (void)b;                                                                                   \
        EACH(tr, expr);                                                                            \
        PUT(v128, 0, r);                                                                           \
        NEXT(operands);                                                                            \
    }
#define LX1(name, tr, expr) MIX(name, tr, expr, a, 2)
#define LX2(name, tr, expr) MIX(name, tr, expr, GET(v128, 2), 3)
#define FX(name, tr, expr)  LX1(name, tr, expr)

#define SHIFT(name, t, expr)                                                                       \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), r;                                                            \
        uint32_t n = GET(u32, 2);                                                                  \
        for (uint32_t i = 0; i < sizeof(r) / sizeof(r.t[0]); i++) {                                \
            __typeof__(a.t[0]) x = a.t[i];                                                         \
            r.t[i] = (expr);                                                                       \
        }                                                                                          \
        PUT(v128, 0, r);                                                                           \
        NEXT(3);                                                                                   \
    }
#define SPLAT(name, ts, t)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        C_##ts x = GET(ts, 1);                                                                     \
        union v128 r;                                                                              \
        EACH(t, (__typeof__(r.t[0]))x);                                                            \
        PUT(v128, 0, r);                                                                           \
        NEXT(2);                                                                                   \
    }
#define EXTRACT(name, t, ts, expr)                                                                 \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1);                                                               \
        __typeof__(a.t[0]) x = a.t[pc[4]];                                                         \
        PUT(ts, 0, expr);                                                                          \
        NEXT(3);                                                                                   \
    }
#define REPLACE(name, ts, t)                                                                       \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 r = GET(v128, 1);                                                               \
        r.t[pc[5]] = (__typeof__(r.t[0]))GET(ts, 2);                                               \
        PUT(v128, 0, r);                                                                           \
        NEXT(4);                                                                                   \
    }
#define TEST(name, expr)                                                                           \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1);                                                               \
        PUT(u32, 0, expr);                                                                         \
        NEXT(2);                                                                                   \
    }
#define SHUFFLED(name)                                                                             \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = GET(v128, 2), r;                                          \
        const uint8_t *lane = (const uint8_t *)(pc + 5);                                           \
        EACH(u8, lane[i] < 16 ? a.u8[lane[i]] : b.u8[lane[i] & 15]);                               \
        PUT(v128, 0, r);                                                                           \
        NEXT(7);                                                                                   \
    }
#define DOTADD(name)                                                                               \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 a = GET(v128, 1), b = GET(v128, 2), r = GET(v128, 3);                           \
        for (uint32_t i = 0; i < 4; i++) {                                                         \
            int32_t low = a.s8[4 * i] * b.s8[4 * i] + a.s8[4 * i + 1] * b.s8[4 * i + 1];           \
            int32_t high = a.s8[4 * i + 2] * b.s8[4 * i + 2] +                                     \
                           a.s8[4 * i + 3] * b.s8[4 * i + 3];                                      \
            r.u32[i] += (uint32_t)(int32_t)clamp(low, INT16_MIN, INT16_MAX) +                      \
                        (uint32_t)(int32_t)clamp(high, INT16_MIN, INT16_MAX);                      \
        }                                                                                          \
        PUT(v128, 0, r);                                                                           \
        NEXT(4);                                                                                   \
    }

/* ---- memory ---- */

typedef union v128 v16;
typedef union {
    uint8_t u8[8];
    int8_t s8[8];
    uint16_t u16[4];
    int16_t s16[4];
    uint32_t u32[2];
    int32_t s32[2];
} v8;

#define VLOAD(name, tm, statement)                                                                 \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        tm v;                                                                                      \
        union v128 r = {.u64 = {0, 0}};                                                            \
        const uint8_t *at = interp_address(pc, fp, cx, 1, 2, sizeof(v));                           \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(&v, at, sizeof(v));                                                                 \
        statement;                                                                                 \
        PUT(v128, 0, r);                                                                           \
        NEXT(6);                                                                                   \
    }
#define VSTORE(name)                                                                               \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        union v128 v = GET(v128, 1);                                                               \
        uint8_t *at = interp_address(pc, fp, cx, 0, 2, sizeof(v));                                 \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(at, &v, sizeof(v));                                                                 \
        NEXT(6);                                                                                   \
    }
#define LOADLANE(name, tm, t)                                                                      \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        tm v;                                                                                      \
        union v128 r = GET(v128, 2);                                                               \
        const uint8_t *at = interp_address(pc, fp, cx, 1, 3, sizeof(v));                           \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(&v, at, sizeof(v));                                                                 \
        r.t[pc[9]] = v;                                                                            \
        PUT(v128, 0, r);                                                                           \
        NEXT(8);                                                                                   \
    }
#define STORELANE(name, tm, t)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        tm v = GET(v128, 1).t[pc[8]];                                                              \
        uint8_t *at = interp_address(pc, fp, cx, 0, 2, sizeof(v));                                 \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(at, &v, sizeof(v));                                                                 \
        NEXT(7);                                                                                   \
    }
#include "shield/interp/sem_simd.def"

/* ---- canonical NaNs ---- */

HANDLER(CANON32X4)
{
    union v128 a = GET(v128, 1), r;
    EACH(f32, canonical_f32(a.f32[i]));
    PUT(v128, 0, r);
    NEXT(2);
}

HANDLER(CANON64X2)
{
    union v128 a = GET(v128, 1), r;
    EACH(f64, canonical_f64(a.f64[i]));
    PUT(v128, 0, r);
    NEXT(2);
}
