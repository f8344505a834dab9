/* select_vector_convert: vectors whose lanes become wider, narrower, or floats.
 * Shapes are those of the result. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

/* ---- narrower -------------------------------------------------------------------------------- */

struct sel_xmm sel_vnarrow_s(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             struct sel_xmm b)
{
    return shape == IR_I8X16 ? r_PACKSSWB(s, a, b) : r_PACKSSDW(s, a, b);
}

/* 32 bits to unsigned 16 with signed saturation: negative numbers become 0 first, then the range is
 * moved to that of the signed. */
static struct sel_xmm biased_words(struct select *s, struct sel_xmm a)
{
    struct sel_xmm positive = r_PANDN(s, r_PSRAD_I(s, a, 31), a);

    return sel_PSUBD(s, positive, vec_each(s, 32, 0x8000));
}

struct sel_xmm sel_vnarrow_u(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             struct sel_xmm b)
{
    if (shape == IR_I8X16)
        return r_PACKUSWB(s, a, b);
    if (sel_has(s, CODEGEN_SSE41))
        return r_PACKUSDW(s, a, b);
    struct sel_xmm words = r_PACKSSDW(s, biased_words(s, a), biased_words(s, b));
    return sel_PXOR(s, words, vec_each(s, 16, 0x8000));
}

/* ---- wider ----------------------------------------------------------------------------------- */

/* Each lane of a behind (in the high half of a wider lane) one of b. */
static struct sel_xmm unpack(struct select *s, enum ir_shape shape, bool is_high, struct sel_xmm b,
                             struct sel_xmm a)
{
    switch (shape) {
    case IR_I16X8: return is_high ? r_PUNPCKHBW(s, b, a) : r_PUNPCKLBW(s, b, a);
    case IR_I32X4: return is_high ? r_PUNPCKHWD(s, b, a) : r_PUNPCKLWD(s, b, a);
    default: return is_high ? r_PUNPCKHDQ(s, b, a) : r_PUNPCKLDQ(s, b, a);
    }
}

static struct sel_xmm extend_s(struct select *s, enum ir_shape shape, bool is_high,
                               struct sel_xmm a)
{
    assert(shape == IR_I16X8 || shape == IR_I32X4 || shape == IR_I64X2);
    if (!is_high && sel_has(s, CODEGEN_SSE41))
        return shape == IR_I16X8   ? r_PMOVSXBW(s, a)
               : shape == IR_I32X4 ? r_PMOVSXWD(s, a)
                                   : r_PMOVSXDQ(s, a);
    if (shape == IR_I64X2)
        return unpack(s, shape, is_high, a, r_PSRAD_I(s, a, 31));
    struct sel_xmm twice = unpack(s, shape, is_high, a, a);
    return shape == IR_I16X8 ? r_PSRAW_I(s, twice, 8) : r_PSRAD_I(s, twice, 16);
}

static struct sel_xmm extend_u(struct select *s, enum ir_shape shape, bool is_high,
                               struct sel_xmm a)
{
    assert(shape == IR_I16X8 || shape == IR_I32X4 || shape == IR_I64X2);
    if (!is_high && sel_has(s, CODEGEN_SSE41))
        return shape == IR_I16X8   ? r_PMOVZXBW(s, a)
               : shape == IR_I32X4 ? r_PMOVZXWD(s, a)
                                   : r_PMOVZXDQ(s, a);
    return unpack(s, shape, is_high, a, vec_zero(s));
}

struct sel_xmm sel_vextend(struct select *s, enum ir_shape shape, bool is_signed, bool is_high,
                           struct sel_xmm a)
{
    return is_signed ? extend_s(s, shape, is_high, a) : extend_u(s, shape, is_high, a);
}

/* Eight bytes of memory, each lane extended. */
struct sel_xmm sel_vextend_load(struct select *s, enum ir_shape shape, bool is_signed,
                                struct sel_mem64 m)
{
    struct sel_xm64 from = {MIR_NONE, m.at};

    if (!sel_has(s, CODEGEN_SSE41))
        return sel_vextend(s, shape, is_signed, false, sel_MOVSD_LOAD(s, m));
    switch (shape) {
    case IR_I16X8: return is_signed ? sel_PMOVSXBW(s, from) : sel_PMOVZXBW(s, from);
    case IR_I32X4: return is_signed ? sel_PMOVSXWD(s, from) : sel_PMOVZXWD(s, from);
    default: return is_signed ? sel_PMOVSXDQ(s, from) : sel_PMOVZXDQ(s, from);
    }
}

/* Sums of neighbours. */
struct sel_xmm sel_vextadd_s(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    if (shape == IR_I32X4)
        return sel_PMADDWD(s, a, vec_each(s, 16, 1));
    if (sel_has(s, CODEGEN_SSSE3))
        return r_PMADDUBSW(s, vec_each_reg(s, 8, 1), a);
    struct sel_xmm even = r_PSRAW_I(s, r_PSLLW_I(s, a, 8), 8);
    return r_PADDW(s, even, r_PSRAW_I(s, a, 8));
}

struct sel_xmm sel_vextadd_u(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    if (shape == IR_I32X4) { /* as signed numbers each is 0x8000 too small */
        struct sel_xmm moved = sel_PXOR(s, a, vec_each(s, 16, 0x8000));
        struct sel_xmm sums = sel_PMADDWD(s, moved, vec_each(s, 16, 1));
        return sel_PADDD(s, sums, vec_each(s, 32, 0x10000));
    }
    if (sel_has(s, CODEGEN_SSSE3))
        return sel_PMADDUBSW(s, a, vec_each(s, 8, 1));
    struct sel_xmm even = sel_PAND(s, a, vec_each(s, 16, 0x00ff));
    return r_PADDW(s, even, r_PSRLW_I(s, a, 8));
}

/* 32-bit lanes 0 and 1, or 2 and 3, to where pmuludq looks for them. */
static struct sel_xmm even_places(struct select *s, bool is_high, struct sel_xmm a)
{
    return r_PSHUFD(s, a, is_high ? 0xfa : 0x50);
}

/* A negative factor counted as 2^32 more than it is: the other one, times 2^32, is taken away. */
static struct sel_xmm signed_product(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm product = r_PMULUDQ(s, a, b);
    struct sel_xmm by_a = r_PAND(s, r_PSRAD_I(s, a, 31), b);
    struct sel_xmm by_b = r_PAND(s, r_PSRAD_I(s, b, 31), a);

    return r_PSUBQ(s, product, r_PSLLQ_I(s, r_PADDD(s, by_a, by_b), 32));
}

struct sel_xmm sel_vextmul(struct select *s, enum ir_shape shape, bool is_signed, bool is_high,
                           struct sel_xmm a, struct sel_xmm b)
{
    if (shape == IR_I16X8)
        return r_PMULLW(s, sel_vextend(s, shape, is_signed, is_high, a),
                        sel_vextend(s, shape, is_signed, is_high, b));
    if (shape == IR_I32X4) {
        struct sel_xmm low = r_PMULLW(s, a, b);
        struct sel_xmm high = is_signed ? r_PMULHW(s, a, b) : r_PMULHUW(s, a, b);
        return unpack(s, shape, is_high, low, high);
    }
    a = even_places(s, is_high, a);
    b = even_places(s, is_high, b);
    if (!is_signed)
        return r_PMULUDQ(s, a, b);
    return sel_has(s, CODEGEN_SSE41) ? r_PMULDQ(s, a, b) : signed_product(s, a, b);
}

/* ---- from floats
 * --------------------------------------------------------------------------------- */

/* NaN becomes 0; 2^31 and more, which the instruction makes 0x80000000, all ones xor that. */
struct sel_xmm sel_vtrunc_s(struct select *s, struct sel_xmm a)
{
    struct sel_xmm number = r_ANDPS(s, a, vec_fcmp(s, VEC_PS, VEC_EQ, a, a));
    struct sel_xmm too_large =
        vec_fcmp(s, VEC_PS, VEC_LE, vec_number_reg(s, VEC_PS, 0x1p31), number);

    return r_PXOR(s, r_CVTTPS2DQ(s, number), too_large);
}

/* What lies above 2^31 is converted by itself and added; what lies below adds 0. */
struct sel_xmm sel_vtrunc_u(struct select *s, struct sel_xmm a)
{
    struct sel_xmm positive = r_MAXPS(s, a, vec_zero(s)); /* NaN too becomes 0 */
    struct sel_xmm half = vec_number_reg(s, VEC_PS, 0x1p31);
    struct sel_xmm above = r_SUBPS(s, positive, half);
    struct sel_xmm too_large = vec_fcmp(s, VEC_PS, VEC_LE, half, above);
    struct sel_xmm more = r_PXOR(s, r_CVTTPS2DQ(s, above), too_large);
    struct sel_xmm low = r_CVTTPS2DQ(s, positive);

    return r_PADDD(s, low, r_PANDN(s, r_PSRAD_I(s, more, 31), more));
}

struct sel_xmm sel_vtrunc_s_zero(struct select *s, struct sel_xmm a)
{
    struct sel_xmm number = r_ANDPD(s, a, vec_fcmp(s, VEC_PD, VEC_EQ, a, a));
    struct sel_xmm limited = sel_MINPD(s, number, vec_each(s, 64, UINT64_C(0x41dfffffffc00000)));

    return r_CVTTPD2DQ(s, limited);
}

/* Added to 2^52, an integer below 2^32 is the low half of the double. */
struct sel_xmm sel_vtrunc_u_zero(struct select *s, struct sel_xmm a)
{
    struct sel_xmm zero = vec_zero(s), positive = r_MAXPD(s, a, zero);
    struct sel_xmm limited = sel_MINPD(s, positive, vec_each(s, 64, UINT64_C(0x41efffffffe00000)));
    struct sel_xmm whole = vec_round(s, VEC_PD, VEC_TRUNC, limited);
    struct sel_xmm moved = sel_ADDPD(s, whole, vec_number(s, VEC_PD, 0x1p52));

    return r_SHUFPS(s, moved, zero, 0x88);
}

/* ---- to floats
 * ----------------------------------------------------------------------------------- */

/* Both halves are exact; the sum rounds once. */
static struct sel_xmm from_u32x4(struct select *s, struct sel_xmm a)
{
    struct sel_xmm low = r_CVTDQ2PS(s, sel_PAND(s, a, vec_each(s, 32, 0xffff)));
    struct sel_xmm high = r_CVTDQ2PS(s, r_PSRLD_I(s, a, 16));

    return r_ADDPS(s, sel_MULPS(s, high, vec_number(s, VEC_PS, 0x1p16)), low);
}

struct sel_xmm sel_vfrom_u(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    if (shape == IR_F32X4)
        return from_u32x4(s, a);
    struct sel_xmm moved = sel_UNPCKLPS(s, a, vec_each(s, 32, 0x43300000u));
    return sel_SUBPD(s, moved, vec_number(s, VEC_PD, 0x1p52));
}

struct sel_xmm sel_vfrom_s(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    return shape == IR_F32X4 ? r_CVTDQ2PS(s, a) : r_CVTDQ2PD(s, a);
}
