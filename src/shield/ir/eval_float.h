/* eval_float: floating point words of the meanings in ops.def, on bit patterns of 32 or 64 bits.
 * Which NaN comes out is the host's affair, as in WebAssembly.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_EVAL_FLOAT_H
#define SHIELD_IR_EVAL_FLOAT_H

#include "shield/ir/eval_int.h"

#include <math.h>
#include <string.h>

static inline float f32_of(ir_bits a)
{
    const uint32_t bits = (uint32_t)a;
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static inline double f64_of(ir_bits a)
{
    const uint64_t bits = (uint64_t)a;
    double f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static inline ir_bits bits_of_f32(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static inline ir_bits bits_of_f64(double f)
{
    uint64_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static inline ir_bits sign_bit(uint32_t w)
{
    return (ir_bits)1 << (w - 1);
}

static inline bool is_nan(uint32_t w, ir_bits a)
{
    return w == 32 ? isnan(f32_of(a)) : isnan(f64_of(a));
}

#define BINARY(name, expr)                                                                         \
    static inline ir_bits name(uint32_t w, ir_bits a, ir_bits b)                                   \
    {                                                                                              \
        if (w == 32) {                                                                             \
            const float x = f32_of(a), y = f32_of(b);                                              \
            return bits_of_f32(expr);                                                              \
        }                                                                                          \
        const double x = f64_of(a), y = f64_of(b);                                                 \
        return bits_of_f64(expr);                                                                  \
    }
BINARY(float_add, x + y)
BINARY(float_sub, x - y)
BINARY(float_mul, x *y)
BINARY(float_div, x / y)
#undef BINARY

/* A NaN comes out quiet, which a compiler's expansion of rounding would forget. */
static inline ir_bits float_sqrt(uint32_t w, ir_bits a)
{
    if (w == 32) {
        const float x = f32_of(a);
        return bits_of_f32(x != x ? x + x : sqrtf(x));
    }
    const double x = f64_of(a);
    return bits_of_f64(x != x ? x + x : sqrt(x));
}

/* To a whole number; a float's is the same as that of the double it is. */
#define ROUND(name, fn)                                                                            \
    static inline ir_bits name(uint32_t w, ir_bits a)                                              \
    {                                                                                              \
        const double x = w == 32 ? (double)f32_of(a) : f64_of(a);                                  \
        const double whole = x != x ? x + x : fn(x);                                               \
        return w == 32 ? bits_of_f32((float)whole) : bits_of_f64(whole);                           \
    }
ROUND(fceil, ceil)
ROUND(ffloor, floor)
ROUND(ftrunc, trunc)
ROUND(fnearest, rint) /* the host rounds to nearest even */
#undef ROUND

static inline ir_bits float_abs(uint32_t w, ir_bits a)
{
    return a & ~sign_bit(w);
}

static inline ir_bits fneg(uint32_t w, ir_bits a)
{
    return a ^ sign_bit(w);
}

static inline ir_bits fcopysign(uint32_t w, ir_bits a, ir_bits b)
{
    return (a & ~sign_bit(w)) | (b & sign_bit(w));
}

static inline ir_bits fcanon(uint32_t w, ir_bits a)
{
    if (!is_nan(w, a))
        return a;
    return w == 32 ? UINT32_C(0x7fc00000) : UINT64_C(0x7ff8000000000000);
}

static inline bool fcmp(uint32_t cc, uint32_t w, ir_bits a, ir_bits b)
{
    const double x = w == 32 ? (double)f32_of(a) : f64_of(a);
    const double y = w == 32 ? (double)f32_of(b) : f64_of(b);

    switch ((enum ir_fcc)cc) {
    case IR_FEQ:
        return x == y;
    case IR_FNE:
        return x != y;
    case IR_FLT:
        return x < y;
    case IR_FLE:
        return x <= y;
    case IR_FGT:
        return x > y;
    case IR_FGE:
        return x >= y;
    }
    return false;
}

static inline ir_bits float_min(uint32_t w, ir_bits a, ir_bits b)
{
    if (is_nan(w, a) || is_nan(w, b))
        return float_add(w, a, b);
    if (fcmp(IR_FEQ, w, a, b))
        return a | b; /* -0 is the smaller zero; else both are the same */
    return fcmp(IR_FLT, w, a, b) ? a : b;
}

static inline ir_bits float_max(uint32_t w, ir_bits a, ir_bits b)
{
    if (is_nan(w, a) || is_nan(w, b))
        return float_add(w, a, b);
    if (fcmp(IR_FEQ, w, a, b))
        return a & b;
    return fcmp(IR_FGT, w, a, b) ? a : b;
}

static inline ir_bits fpromote(ir_bits a)
{
    return bits_of_f64((double)f32_of(a));
}

static inline ir_bits fdemote(ir_bits a)
{
    return bits_of_f32((float)f64_of(a));
}

static inline ir_bits from_sint(uint32_t w, uint32_t wa, ir_bits a)
{
    const int64_t x = (int64_t)(uint64_t)sext(wa, a);

    return w == 32 ? bits_of_f32((float)x) : bits_of_f64((double)x);
}

static inline ir_bits from_uint(uint32_t w, uint32_t wa, ir_bits a)
{
    (void)wa;
    return w == 32 ? bits_of_f32((float)(uint64_t)a) : bits_of_f64((double)(uint64_t)a);
}

/* The whole part of a, when it fits w bits; *fits says so. No NaN. */
static inline ir_bits whole(uint32_t w, uint32_t wa, bool is_signed, ir_bits a, bool *fits)
{
    const double x = trunc(wa == 32 ? (double)f32_of(a) : f64_of(a));
    const double end = (is_signed ? 1.0 : 2.0) * (double)(UINT64_C(1) << (w - 1));

    *fits = x < end && x >= (is_signed ? -end : 0.0);
    if (!*fits)
        return 0;
    return is_signed ? (ir_bits)(ir_signed)(int64_t)x : (ir_bits)(uint64_t)x;
}

static inline ir_bits convert(uint8_t *e, uint32_t w, uint32_t wa, bool is_signed, ir_bits a)
{
    bool fits = false;

    if (is_nan(wa, a)) {
        *e = IR_TRAP_INVALID_CONVERSION;
        return 0;
    }
    const ir_bits out = whole(w, wa, is_signed, a, &fits);
    if (!fits)
        *e = IR_TRAP_INTEGER_OVERFLOW;
    return out;
}

static inline ir_bits to_sint(uint8_t *e, uint32_t w, uint32_t wa, ir_bits a)
{
    return convert(e, w, wa, true, a);
}

static inline ir_bits to_uint(uint8_t *e, uint32_t w, uint32_t wa, ir_bits a)
{
    return convert(e, w, wa, false, a);
}

static inline ir_bits saturate(uint32_t w, uint32_t wa, bool is_signed, ir_bits a)
{
    bool fits = false;

    if (is_nan(wa, a))
        return 0;
    const ir_bits out = whole(w, wa, is_signed, a, &fits);
    if (fits)
        return out;
    if (a & sign_bit(wa))
        return is_signed ? sign_bit(w) : 0;
    return is_signed ? sign_bit(w) - 1 : mask(w);
}

static inline ir_bits to_sint_sat(uint32_t w, uint32_t wa, ir_bits a)
{
    return saturate(w, wa, true, a);
}

static inline ir_bits to_uint_sat(uint32_t w, uint32_t wa, ir_bits a)
{
    return saturate(w, wa, false, a);
}

#endif /* SHIELD_IR_EVAL_FLOAT_H */
