/* select_vector_shift: shifts of all lanes by one count, modulo the width of a lane.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

enum shift { SHIFT_LEFT, SHIFT_SIGNED, SHIFT_UNSIGNED };

/* A count: a constant, or the low 64 bits of a vector register. */
struct count {
    bool is_constant;
    uint32_t constant;
    struct sel_xmm in;
};

/* One instruction for lanes of 16, 32 and 64 bits; 64 signed has none. */
static struct sel_xmm shift_row(struct select *s, enum shift how, uint32_t bits, struct sel_xmm a,
                                struct count n)
{
    static const enum x64_op by_count[3][3] = {
        {X64_PSLLW, X64_PSLLD, X64_PSLLQ},
        {X64_PSRAW, X64_PSRAD, X64_NONE },
        {X64_PSRLW, X64_PSRLD, X64_PSRLQ},
    };
    static const enum x64_op by_constant[3][3] = {
        {X64_PSLLW_I, X64_PSLLD_I, X64_PSLLQ_I},
        {X64_PSRAW_I, X64_PSRAD_I, X64_NONE   },
        {X64_PSRLW_I, X64_PSRLD_I, X64_PSRLQ_I},
    };
    const uint32_t column = bits == 16 ? 0 : bits == 32 ? 1 : 2;

    if (n.is_constant)
        return vec_shift(s, by_constant[how][column], a, n.constant);
    return vec_rvm(s, by_count[how][column], 16, a.v, n.in.v, NULL, 0);
}

/* The shifted sign bit tells which bits to fill: x ^ m - m extends the sign from m on. */
static struct sel_xmm signed64(struct select *s, struct sel_xmm a, struct count n)
{
    struct sel_xmm sign =
        shift_row(s, SHIFT_UNSIGNED, 64, vec_each_reg(s, 64, UINT64_C(1) << 63), n);
    struct sel_xmm r = shift_row(s, SHIFT_UNSIGNED, 64, a, n);

    return r_PSUBQ(s, r_PXOR(s, r, sign), sign);
}

/* Bytes, widened to words: each byte in the high half of a word, shifted by 8 more. */
static struct sel_xmm signed8(struct select *s, struct sel_xmm a, struct count n)
{
    struct sel_xmm low = r_PUNPCKLBW(s, a, a), high = r_PUNPCKHBW(s, a, a);

    if (n.is_constant)
        n.constant += 8;
    else
        n.in = sel_PADDD(s, n.in, vec_const(s, 8, 0));
    low = shift_row(s, SHIFT_SIGNED, 16, low, n);
    high = shift_row(s, SHIFT_SIGNED, 16, high, n);
    return r_PACKSSWB(s, low, high);
}

/* Words, with the bits cleared that came over from the neighbour. */
static struct sel_xmm constant8(struct select *s, enum shift how, struct sel_xmm a, struct count n)
{
    const uint32_t kept = how == SHIFT_LEFT ? 0xffu << n.constant & 0xff : 0xffu >> n.constant;

    return sel_PAND(s, shift_row(s, how, 16, a, n), vec_each(s, 8, kept));
}

/* The bytes at even and at odd places apart, so that nothing comes over. */
static struct sel_xmm variable8(struct select *s, enum shift how, struct sel_xmm a, struct count n)
{
    struct sel_xmm even = vec_each_reg(s, 16, 0x00ff), shifted = shift_row(s, how, 16, a, n);
    struct sel_xmm low, high;

    if (how == SHIFT_LEFT) {
        low = r_PAND(s, shifted, even);
        high = shift_row(s, how, 16, r_PANDN(s, even, a), n);
    } else {
        low = shift_row(s, how, 16, r_PAND(s, a, even), n);
        high = r_PANDN(s, even, shifted);
    }
    return r_POR(s, low, high);
}

static struct sel_xmm shift(struct select *s, enum shift how, enum ir_shape shape, struct sel_xmm a,
                            struct count n)
{
    const uint32_t bits = shape == IR_I8X16   ? 8
                          : shape == IR_I16X8 ? 16
                          : shape == IR_I32X4 ? 32
                                              : 64;

    assert(shape <= IR_I64X2);
    if (bits == 64 && how == SHIFT_SIGNED)
        return signed64(s, a, n);
    if (bits == 8 && how == SHIFT_SIGNED)
        return signed8(s, a, n);
    if (bits == 8)
        return n.is_constant ? constant8(s, how, a, n) : variable8(s, how, a, n);
    return shift_row(s, how, bits, a, n);
}

static struct sel_xmm shift_by(struct select *s, enum shift how, enum ir_shape shape, ir_value a,
                               ir_value count)
{
    const uint32_t mask = shape == IR_I8X16   ? 7
                          : shape == IR_I16X8 ? 15
                          : shape == IR_I32X4 ? 31
                                              : 63;
    struct count n = {0};
    uint64_t constant;

    if (sel_const(s, count, &constant)) {
        n.is_constant = true;
        n.constant = (uint32_t)constant & mask;
        return n.constant == 0 ? sel_xmm(s, a) : shift(s, how, shape, sel_xmm(s, a), n);
    }
    const struct sel_amode none = {0};
    mir_vreg low = sel_alu_ri(s, X64_AND_RI, 4, sel_gpr(s, count).v, (int32_t)mask);
    n.in = sel_MOVD_FROM(s, (struct sel_rm32){low, none});
    return shift(s, how, shape, sel_xmm(s, a), n);
}

struct sel_xmm sel_vshl(struct select *s, enum ir_shape shape, ir_value a, ir_value count)
{
    return shift_by(s, SHIFT_LEFT, shape, a, count);
}

struct sel_xmm sel_vshr_s(struct select *s, enum ir_shape shape, ir_value a, ir_value count)
{
    return shift_by(s, SHIFT_SIGNED, shape, a, count);
}

struct sel_xmm sel_vshr_u(struct select *s, enum ir_shape shape, ir_value a, ir_value count)
{
    return shift_by(s, SHIFT_UNSIGNED, shape, a, count);
}
