/* eval_vector: vector words of the meanings in ops.def, lane by lane.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_EVAL_VECTOR_H
#define SHIELD_IR_EVAL_VECTOR_H

#include "shield/ir/eval_float.h"

static const struct {
    uint8_t lanes, bits;
} vector_shapes[IR_SHAPE_COUNT] = {
#define IRSHAPE(name, text, lane_count, lane_bits) [IR_##name] = {lane_count, lane_bits},
#include "shield/ir/shapes.def"
#undef IRSHAPE
};

static inline uint32_t lanes_of(uint8_t shape)
{
    return vector_shapes[shape].lanes;
}

static inline uint32_t bits_of(uint8_t shape)
{
    return vector_shapes[shape].bits;
}

static inline ir_bits lane_of(uint32_t w, ir_bits v, uint32_t n)
{
    return v >> (n * w) & mask(w);
}

static inline ir_bits put_lane(uint32_t w, ir_bits x, uint32_t n)
{
    return (x & mask(w)) << (n * w);
}

/* expr of x, y: the lanes of a and b; w: their width. */
#define LANES1(name, expr)                                                                         \
    static inline ir_bits name(uint8_t shape, ir_bits a)                                           \
    {                                                                                              \
        const uint32_t w = bits_of(shape);                                                         \
        ir_bits out = 0;                                                                           \
        for (uint32_t n = 0; n < lanes_of(shape); n++) {                                           \
            const ir_bits x = lane_of(w, a, n);                                                    \
            out |= put_lane(w, (expr), n);                                                         \
        }                                                                                          \
        return out;                                                                                \
    }
#define LANES2(name, expr)                                                                         \
    static inline ir_bits name(uint8_t shape, ir_bits a, ir_bits b)                                \
    {                                                                                              \
        const uint32_t w = bits_of(shape);                                                         \
        ir_bits out = 0;                                                                           \
        for (uint32_t n = 0; n < lanes_of(shape); n++) {                                           \
            const ir_bits x = lane_of(w, a, n), y = lane_of(w, b, n);                              \
            out |= put_lane(w, (expr), n);                                                         \
        }                                                                                          \
        return out;                                                                                \
    }

/* A signed number of 128 bits into w bits. */
static inline ir_bits saturate_s(uint32_t w, ir_bits x)
{
    const ir_signed most = (ir_signed)(mask(w) >> 1), least = -most - 1, value = (ir_signed)x;

    return (ir_bits)(value > most ? most : value < least ? least : value);
}

static inline ir_bits saturate_u(uint32_t w, ir_bits x)
{
    const ir_signed value = (ir_signed)x;

    return value < 0 ? 0 : x > mask(w) ? mask(w) : x;
}

LANES1(vneg, -x)
LANES1(vabs, sext(w, x) >> 127 ? -x : x)
LANES1(vpopcnt, popcnt(x))
LANES2(vadd, x + y)
LANES2(vsub, x - y)
LANES2(vmul, x *y)
LANES2(vadd_sat_s, saturate_s(w, sext(w, x) + sext(w, y)))
LANES2(vadd_sat_u, saturate_u(w, x + y))
LANES2(vsub_sat_s, saturate_s(w, sext(w, x) - sext(w, y)))
LANES2(vsub_sat_u, saturate_u(w, x - y))
LANES2(vmin_s, icmp(IR_SLT, w, x, y) ? x : y)
LANES2(vmin_u, x < y ? x : y)
LANES2(vmax_s, icmp(IR_SGT, w, x, y) ? x : y)
LANES2(vmax_u, x > y ? x : y)
LANES2(vavg_u, (x + y + 1) >> 1)
LANES1(vfabs, float_abs(w, x))
LANES1(vfneg, fneg(w, x))
LANES1(vfsqrt, float_sqrt(w, x))
LANES1(vfceil, fceil(w, x))
LANES1(vffloor, ffloor(w, x))
LANES1(vftrunc, ftrunc(w, x))
LANES1(vfnearest, fnearest(w, x))
LANES1(vfcanon, fcanon(w, x))
LANES2(vfadd, float_add(w, x, y))
LANES2(vfsub, float_sub(w, x, y))
LANES2(vfmul, float_mul(w, x, y))
LANES2(vfdiv, float_div(w, x, y))
LANES2(vfmin, float_min(w, x, y))
LANES2(vfmax, float_max(w, x, y))
LANES2(vfpmin, fcmp(IR_FLT, w, y, x) ? y : x)
LANES2(vfpmax, fcmp(IR_FLT, w, x, y) ? y : x)
LANES1(vcvt_to_sint_sat, to_sint_sat(w, w, x))
LANES1(vcvt_to_uint_sat, to_uint_sat(w, w, x))

/* expr of x, a lane of a, and count. */
#define SHIFT(name, expr)                                                                          \
    static inline ir_bits name(uint8_t shape, ir_bits a, ir_bits count)                            \
    {                                                                                              \
        const uint32_t w = bits_of(shape);                                                         \
        ir_bits out = 0;                                                                           \
        for (uint32_t n = 0; n < lanes_of(shape); n++) {                                           \
            const ir_bits x = lane_of(w, a, n);                                                    \
            out |= put_lane(w, (expr), n);                                                         \
        }                                                                                          \
        return out;                                                                                \
    }
SHIFT(vshl, shl(w, x, count))
SHIFT(vshr_s, sshr(w, x, count))
SHIFT(vshr_u, ushr(w, x, count))
#undef SHIFT

static inline ir_bits vicmp(uint8_t shape, uint32_t cc, ir_bits a, ir_bits b)
{
    const uint32_t w = bits_of(shape);
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        if (icmp(cc, w, lane_of(w, a, n), lane_of(w, b, n)))
            out |= put_lane(w, mask(w), n);
    return out;
}

static inline ir_bits vfcmp(uint8_t shape, uint32_t cc, ir_bits a, ir_bits b)
{
    const uint32_t w = bits_of(shape);
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        if (fcmp(cc, w, lane_of(w, a, n), lane_of(w, b, n)))
            out |= put_lane(w, mask(w), n);
    return out;
}

/* ---- lanes in and out ------------------------------------------------------------------------ */

static inline ir_bits vsplat(uint8_t shape, ir_bits a)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        out |= put_lane(bits_of(shape), a, n);
    return out;
}

static inline ir_bits vlane_u(uint8_t shape, ir_bits a, uint32_t n)
{
    return lane_of(bits_of(shape), a, n);
}

static inline ir_bits vlane_s(uint8_t shape, ir_bits a, uint32_t n)
{
    return sext(bits_of(shape), vlane_u(shape, a, n));
}

static inline ir_bits vreplace(uint8_t shape, ir_bits a, ir_bits b, uint32_t n)
{
    const uint32_t w = bits_of(shape);

    return (a & ~put_lane(w, mask(w), n)) | put_lane(w, b, n);
}

static inline ir_bits vshuffle(ir_bits a, ir_bits b, ir_bits which)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < 16; n++) {
        const uint32_t k = (uint32_t)lane_of(8, which, n) % 32;
        out |= put_lane(8, k < 16 ? lane_of(8, a, k) : lane_of(8, b, k - 16), n);
    }
    return out;
}

static inline ir_bits vswizzle(ir_bits a, ir_bits b)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < 16; n++) {
        const uint32_t k = (uint32_t)lane_of(8, b, n);
        out |= k < 16 ? put_lane(8, lane_of(8, a, k), n) : 0;
    }
    return out;
}

static inline ir_bits vall_true(uint8_t shape, ir_bits a)
{
    bool all = true;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        all = all && lane_of(bits_of(shape), a, n) != 0;
    return all;
}

static inline ir_bits vbitmask(uint8_t shape, ir_bits a)
{
    const uint32_t w = bits_of(shape);
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        out |= (lane_of(w, a, n) >> (w - 1)) << n;
    return out;
}

/* ---- narrower and wider: shape is the result's ----------------------------------------------- */

static inline ir_bits narrow(uint8_t shape, ir_bits a, ir_bits b, bool is_signed)
{
    const uint32_t w = bits_of(shape), half = lanes_of(shape) / 2;
    ir_bits out = 0;

    for (uint32_t n = 0; n < half * 2; n++) {
        const ir_bits x = sext(w * 2, lane_of(w * 2, n < half ? a : b, n % half));
        out |= put_lane(w, is_signed ? saturate_s(w, x) : saturate_u(w, x), n);
    }
    return out;
}

static inline ir_bits vnarrow_s(uint8_t shape, ir_bits a, ir_bits b)
{
    return narrow(shape, a, b, true);
}

static inline ir_bits vnarrow_u(uint8_t shape, ir_bits a, ir_bits b)
{
    return narrow(shape, a, b, false);
}

/* Lane n of the wide vector that half of a becomes. */
static inline ir_bits wide_lane(uint8_t shape, ir_bits a, uint32_t n, bool high, bool is_signed)
{
    const uint32_t w = bits_of(shape) / 2;
    const ir_bits x = lane_of(w, a, n + (high ? lanes_of(shape) : 0));

    return is_signed ? sext(w, x) : x;
}

#define WIDEN(suffix, high, is_signed)                                                             \
    static inline ir_bits vextend_##suffix(uint8_t shape, ir_bits a)                               \
    {                                                                                              \
        ir_bits out = 0;                                                                           \
        for (uint32_t n = 0; n < lanes_of(shape); n++)                                             \
            out |= put_lane(bits_of(shape), wide_lane(shape, a, n, high, is_signed), n);           \
        return out;                                                                                \
    }                                                                                              \
    static inline ir_bits vextmul_##suffix(uint8_t shape, ir_bits a, ir_bits b)                    \
    {                                                                                              \
        ir_bits out = 0;                                                                           \
        for (uint32_t n = 0; n < lanes_of(shape); n++)                                             \
            out |= put_lane(bits_of(shape),                                                        \
                            wide_lane(shape, a, n, high, is_signed) *                              \
                                wide_lane(shape, b, n, high, is_signed),                           \
                            n);                                                                    \
        return out;                                                                                \
    }
WIDEN(low_s, false, true)
WIDEN(low_u, false, false)
WIDEN(high_s, true, true)
WIDEN(high_u, true, false)
#undef WIDEN

/* Sums of neighbours of w bits each, of a times b. b all ones: of a alone. */
static inline ir_bits pair_sums(uint32_t w, ir_bits a, ir_bits b, bool is_signed, bool saturating)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < 128 / w; n += 2) {
        ir_bits sum = 0;
        for (uint32_t k = n; k < n + 2; k++) {
            const ir_bits x = lane_of(w, a, k), y = lane_of(w, b, k);
            sum += is_signed ? sext(w, x) * sext(w, y) : x * y;
        }
        out |= put_lane(w * 2, saturating ? saturate_s(w * 2, sum) : sum, n / 2);
    }
    return out;
}

static inline ir_bits ones(uint32_t w)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < 128 / w; n++)
        out |= put_lane(w, 1, n);
    return out;
}

static inline ir_bits vextadd_s(uint8_t shape, ir_bits a)
{
    return pair_sums(bits_of(shape) / 2, a, ones(bits_of(shape) / 2), true, false);
}

static inline ir_bits vextadd_u(uint8_t shape, ir_bits a)
{
    return pair_sums(bits_of(shape) / 2, a, ones(bits_of(shape) / 2), false, false);
}

static inline ir_bits vdot_i16(ir_bits a, ir_bits b)
{
    return pair_sums(16, a, b, true, false);
}

static inline ir_bits vdot_i8(ir_bits a, ir_bits b)
{
    return pair_sums(8, a, b, true, true);
}

static inline ir_bits vdot_i8_add(ir_bits a, ir_bits b, ir_bits c)
{
    return vadd(IR_I32X4, vextadd_s(IR_I32X4, vdot_i8(a, b)), c);
}

static inline ir_bits vq15mulr_sat(ir_bits a, ir_bits b)
{
    ir_bits out = 0;

    for (uint32_t n = 0; n < 8; n++) {
        const ir_bits product = sext(16, lane_of(16, a, n)) * sext(16, lane_of(16, b, n));
        const ir_signed rounded = ((ir_signed)product + 0x4000) >> 15;
        out |= put_lane(16, saturate_s(16, (ir_bits)rounded), n);
    }
    return out;
}

/* ---- conversions and fused forms ------------------------------------------------------------- */

static inline ir_bits vfmadd(uint8_t shape, ir_bits a, ir_bits b, ir_bits c)
{
    return vfadd(shape, vfmul(shape, a, b), c);
}

static inline ir_bits vfnmadd(uint8_t shape, ir_bits a, ir_bits b, ir_bits c)
{
    return vfadd(shape, vfmul(shape, vfneg(shape, a), b), c);
}

static inline ir_bits vcvt_to_sint_sat_zero(ir_bits a)
{
    return put_lane(32, to_sint_sat(32, 64, lane_of(64, a, 0)), 0) |
           put_lane(32, to_sint_sat(32, 64, lane_of(64, a, 1)), 1);
}

static inline ir_bits vcvt_to_uint_sat_zero(ir_bits a)
{
    return put_lane(32, to_uint_sat(32, 64, lane_of(64, a, 0)), 0) |
           put_lane(32, to_uint_sat(32, 64, lane_of(64, a, 1)), 1);
}

static inline ir_bits vcvt_from_sint(uint8_t shape, ir_bits a)
{
    const uint32_t w = bits_of(shape);
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        out |= put_lane(w, from_sint(w, 32, lane_of(32, a, n)), n);
    return out;
}

static inline ir_bits vcvt_from_uint(uint8_t shape, ir_bits a)
{
    const uint32_t w = bits_of(shape);
    ir_bits out = 0;

    for (uint32_t n = 0; n < lanes_of(shape); n++)
        out |= put_lane(w, from_uint(w, 32, lane_of(32, a, n)), n);
    return out;
}

static inline ir_bits vfdemote_zero(ir_bits a)
{
    return put_lane(32, fdemote(lane_of(64, a, 0)), 0) |
           put_lane(32, fdemote(lane_of(64, a, 1)), 1);
}

static inline ir_bits vfpromote_low(ir_bits a)
{
    return put_lane(64, fpromote(lane_of(32, a, 0)), 0) |
           put_lane(64, fpromote(lane_of(32, a, 1)), 1);
}

#undef LANES1
#undef LANES2

#endif /* SHIELD_IR_EVAL_VECTOR_H */
