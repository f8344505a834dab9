/* h_float: handlers of the floating-point operators, made from sem_float.def. Values are computed
 * in their own precision (SSE2 or better); NaN operands come out quiet, as the host makes them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/float.h"
#include "shield/interp/handler.h"
#include "shield/interp/h_scalar.h"

#define FUN(name, ta, tr, expr) UN(name, ta, tr, expr)
#define FBIN(name, t, expr)     BIN(name, t, expr)
#define XCMP(name, t, expr, opposite) CMP(name, t, expr, opposite)
#define TRUNC(name, ta, tr, expr, in_range)                                                        \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        C_##ta a = GET(ta, 1);                                                                     \
        TRAP_IF(a != a, INVALID_CONVERSION);                                                       \
        TRAP_IF(!(in_range), INTEGER_OVERFLOW);                                                    \
        PUT(tr, 0, expr);                                                                          \
        NEXT(2);                                                                                   \
    }
#include "shield/interp/sem_float.def"

HANDLER(CANON32)
{
    float a = GET(f32, 1);
    PUT(f32, 0, canonical_f32(a));
    NEXT(2);
}

HANDLER(CANON64)
{
    double a = GET(f64, 1);
    PUT(f64, 0, canonical_f64(a));
    NEXT(2);
}
