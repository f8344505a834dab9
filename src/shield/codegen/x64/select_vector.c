/* select_vector: integer arithmetic and comparisons of vectors that no single instruction does, or
 * not on every processor; the constructors that rules/x64/vector.rules names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

static uint32_t lane_bits(enum ir_shape shape)
{
    static const uint8_t bits[] = {
#define IRSHAPE(name, text, lanes, bits) bits,
#include "shield/ir/shapes.def"
#undef IRSHAPE
    };
    return bits[shape];
}

/* ROW##B, ROW##W, ROW##D, ROW##Q by the lanes of a shape. */
#define BY_SHAPE(name, OP)                                                                         \
    static struct sel_xmm name(struct select *s, enum ir_shape shape, struct sel_xmm a,            \
                               struct sel_xmm b)                                                   \
    {                                                                                              \
        static const enum x64_op ops[] = {X64_##OP##B, X64_##OP##W, X64_##OP##D, X64_##OP##Q};     \
        assert(shape <= IR_I64X2);                                                                 \
        return vec_rvm(s, ops[shape], 16, a.v, b.v, NULL, 0);                                      \
    }
BY_SHAPE(subtract, PSUB)
BY_SHAPE(equal_row, PCMPEQ)
BY_SHAPE(greater_row, PCMPGT)
#undef BY_SHAPE

struct sel_xmm sel_vnot(struct select *s, struct sel_xmm a)
{
    return r_PXOR(s, a, vec_ones(s));
}

/* (a & mask) | (b & ~mask) */
struct sel_xmm sel_bitselect(struct select *s, struct sel_xmm a, struct sel_xmm b,
                             struct sel_xmm mask)
{
    return r_POR(s, r_PAND(s, a, mask), r_PANDN(s, mask, b));
}

/* ---- comparisons -------------------------------------------------------------------------------
 */

static struct sel_xmm equal(struct select *s, enum ir_shape shape, struct sel_xmm a,
                            struct sel_xmm b)
{
    if (shape != IR_I64X2 || sel_has(s, CODEGEN_SSE41))
        return equal_row(s, shape, a, b);
    struct sel_xmm halves = r_PCMPEQD(s, a, b);
    return r_PAND(s, halves, r_PSHUFD(s, halves, 0xb1)); /* and the other half */
}

/* Of 64-bit lanes, by halves: the high ones decide; when they are equal, the borrow of b - a does,
 * which fills the high half. */
static struct sel_xmm greater64(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm borrow = r_PSUBQ(s, b, a), same = r_PCMPEQD(s, a, b);
    struct sel_xmm above = r_PCMPGTD(s, a, b);

    return r_PSHUFD(s, r_POR(s, r_PAND(s, borrow, same), above), 0xf5);
}

static struct sel_xmm greater(struct select *s, enum ir_shape shape, struct sel_xmm a,
                              struct sel_xmm b)
{
    if (shape == IR_I64X2 && !sel_has(s, CODEGEN_SSE42))
        return greater64(s, a, b);
    return greater_row(s, shape, a, b);
}

/* With the sign bits flipped, unsigned numbers compare as signed ones. */
static struct sel_xmm flipped(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    const uint32_t bits = lane_bits(shape);

    return sel_PXOR(s, a, vec_each(s, bits, UINT64_C(1) << (bits - 1)));
}

/* a <= b */
static struct sel_xmm below_or_equal(struct select *s, enum ir_shape shape, struct sel_xmm a,
                                     struct sel_xmm b)
{
    if (shape == IR_I16X8 && !sel_has(s, CODEGEN_SSE41))
        return r_PCMPEQW(s, r_PSUBUSW(s, a, b), vec_zero(s));
    if (shape == IR_I64X2)
        return sel_vnot(s, greater(s, shape, flipped(s, shape, a), flipped(s, shape, b)));
    return equal(s, shape, a, sel_vmin_u(s, shape, a, b));
}

struct sel_xmm sel_vicmp(struct select *s, enum ir_shape shape, enum ir_cc cc, struct sel_xmm a,
                         struct sel_xmm b)
{
    switch (cc) {
    case IR_EQ: return equal(s, shape, a, b);
    case IR_NE: return sel_vnot(s, equal(s, shape, a, b));
    case IR_SGT: return greater(s, shape, a, b);
    case IR_SLT: return greater(s, shape, b, a);
    case IR_SLE: return sel_vnot(s, greater(s, shape, a, b));
    case IR_SGE: return sel_vnot(s, greater(s, shape, b, a));
    case IR_ULE: return below_or_equal(s, shape, a, b);
    case IR_UGE: return below_or_equal(s, shape, b, a);
    case IR_UGT: return sel_vnot(s, below_or_equal(s, shape, a, b));
    default: return sel_vnot(s, below_or_equal(s, shape, b, a));
    }
}

/* ---- least and greatest ------------------------------------------------------------------------
 */

static struct sel_xmm least_signed(struct select *s, enum ir_shape shape, struct sel_xmm a,
                                   struct sel_xmm b)
{
    return vec_blend(s, a, b, greater(s, shape, a, b));
}

struct sel_xmm sel_vmin_s(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    if (shape == IR_I16X8)
        return r_PMINSW(s, a, b);
    if (!sel_has(s, CODEGEN_SSE41) || shape == IR_I64X2)
        return least_signed(s, shape, a, b);
    return shape == IR_I8X16 ? r_PMINSB(s, a, b) : r_PMINSD(s, a, b);
}

struct sel_xmm sel_vmax_s(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    if (shape == IR_I16X8)
        return r_PMAXSW(s, a, b);
    if (!sel_has(s, CODEGEN_SSE41) || shape == IR_I64X2)
        return vec_blend(s, b, a, greater(s, shape, a, b));
    return shape == IR_I8X16 ? r_PMAXSB(s, a, b) : r_PMAXSD(s, a, b);
}

struct sel_xmm sel_vmin_u(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    if (shape == IR_I8X16)
        return r_PMINUB(s, a, b);
    if (shape == IR_I16X8)
        return sel_has(s, CODEGEN_SSE41) ? r_PMINUW(s, a, b) : r_PSUBW(s, a, r_PSUBUSW(s, a, b));
    if (shape == IR_I32X4 && sel_has(s, CODEGEN_SSE41))
        return r_PMINUD(s, a, b);
    return vec_blend(s, a, b, greater(s, shape, flipped(s, shape, a), flipped(s, shape, b)));
}

struct sel_xmm sel_vmax_u(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    if (shape == IR_I8X16)
        return r_PMAXUB(s, a, b);
    if (shape == IR_I16X8)
        return sel_has(s, CODEGEN_SSE41) ? r_PMAXUW(s, a, b) : r_PADDW(s, b, r_PSUBUSW(s, a, b));
    if (shape == IR_I32X4 && sel_has(s, CODEGEN_SSE41))
        return r_PMAXUD(s, a, b);
    return vec_blend(s, b, a, greater(s, shape, flipped(s, shape, a), flipped(s, shape, b)));
}

/* ---- sign --------------------------------------------------------------------------------------
 */

struct sel_xmm sel_vneg(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    return subtract(s, shape, vec_zero(s), a);
}

/* All ones in the lanes that are negative. */
static struct sel_xmm signs(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    switch (shape) {
    case IR_I8X16: return r_PCMPGTB(s, vec_zero(s), a);
    case IR_I16X8: return r_PSRAW_I(s, a, 15);
    case IR_I32X4: return r_PSRAD_I(s, a, 31);
    default: return r_PSHUFD(s, r_PSRAD_I(s, a, 31), 0xf5);
    }
}

struct sel_xmm sel_vabs(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    if (shape != IR_I64X2 && sel_has(s, CODEGEN_SSSE3))
        return shape == IR_I8X16   ? r_PABSB(s, a)
               : shape == IR_I16X8 ? r_PABSW(s, a)
                                   : r_PABSD(s, a);
    struct sel_xmm sign = signs(s, shape, a);
    return subtract(s, shape, r_PXOR(s, a, sign), sign);
}

/* ---- products ----------------------------------------------------------------------------------
 */

static struct sel_xmm multiply32(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm even = r_PMULUDQ(s, a, b);
    struct sel_xmm odd = r_PMULUDQ(s, r_PSRLQ_I(s, a, 32), r_PSRLQ_I(s, b, 32));

    return r_PUNPCKLDQ(s, r_PSHUFD(s, even, 0x08), r_PSHUFD(s, odd, 0x08));
}

/* Of 64-bit lanes: the high halves are zeros, are copies of the low halves' signs. */
enum high_half { HIGH_ANY, HIGH_ZERO, HIGH_SIGN };

static enum high_half high_half_of(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, ir_resolve(s->f, v));
    uint64_t count;

    switch ((enum ir_op)i->op) {
    case IR_OP_VEXTEND_LOW_U:
    case IR_OP_VEXTEND_HIGH_U: return i->aux == IR_I64X2 ? HIGH_ZERO : HIGH_ANY;
    case IR_OP_VEXTEND_LOW_S:
    case IR_OP_VEXTEND_HIGH_S: return i->aux == IR_I64X2 ? HIGH_SIGN : HIGH_ANY;
    case IR_OP_VSHR_U:
        return i->aux == IR_I64X2 && sel_const(s, i->b, &count) && (count & 63) >= 32 ? HIGH_ZERO
                                                                                      : HIGH_ANY;
    default: return HIGH_ANY;
    }
}

/* low * low, and both mixed products in the high half. */
static struct sel_xmm multiply64(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm low = r_PMULUDQ(s, a, b);
    struct sel_xmm one = r_PMULUDQ(s, r_PSRLQ_I(s, a, 32), b);
    struct sel_xmm other = r_PMULUDQ(s, r_PSRLQ_I(s, b, 32), a);

    return r_PADDQ(s, low, r_PSLLQ_I(s, r_PADDQ(s, one, other), 32));
}

struct sel_xmm sel_vmul64(struct select *s, ir_value a, ir_value b)
{
    const enum high_half high_a = high_half_of(s, a), high_b = high_half_of(s, b);
    struct sel_xmm x = sel_xmm(s, a), y = sel_xmm(s, b);

    if (high_a == HIGH_ZERO && high_b == HIGH_ZERO)
        return r_PMULUDQ(s, x, y);
    if (high_a == HIGH_SIGN && high_b == HIGH_SIGN && sel_has(s, CODEGEN_SSE41))
        return r_PMULDQ(s, x, y);
    return multiply64(s, x, y);
}

struct sel_xmm sel_vmul32(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    return sel_has(s, CODEGEN_SSE41) ? r_PMULLD(s, a, b) : multiply32(s, a, b);
}

/* The one product that does not fit, of -1 and -1, comes out as -1. */
static struct sel_xmm q15mulr_by_hand(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm low = r_PMULLW(s, a, b), high = r_PMULHW(s, a, b);
    struct sel_xmm half = vec_each_reg(s, 32, 0x4000);
    struct sel_xmm first = r_PADDD(s, r_PUNPCKLWD(s, low, high), half);
    struct sel_xmm second = r_PADDD(s, r_PUNPCKHWD(s, low, high), half);

    return r_PACKSSDW(s, r_PSRAD_I(s, first, 15), r_PSRAD_I(s, second, 15));
}

struct sel_xmm sel_q15mulr(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    if (!sel_has(s, CODEGEN_SSSE3))
        return q15mulr_by_hand(s, a, b);
    struct sel_xmm r = r_PMULHRSW(s, a, b);
    return r_PXOR(s, r, sel_PCMPEQW(s, r, vec_each(s, 16, 0x8000)));
}

/* Products of the signed bytes at even and at odd places, as words. */
struct sel_xmm sel_dot_i8(struct select *s, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm even_a = r_PSRAW_I(s, r_PSLLW_I(s, a, 8), 8);
    struct sel_xmm even_b = r_PSRAW_I(s, r_PSLLW_I(s, b, 8), 8);
    struct sel_xmm even = r_PMULLW(s, even_a, even_b);
    struct sel_xmm odd = r_PMULLW(s, r_PSRAW_I(s, a, 8), r_PSRAW_I(s, b, 8));

    return r_PADDSW(s, even, odd);
}

struct sel_xmm sel_dot_i8_add(struct select *s, struct sel_xmm a, struct sel_xmm b,
                              struct sel_xmm c)
{
    struct sel_xmm pairs = sel_PMADDWD(s, sel_dot_i8(s, a, b), vec_each(s, 16, 1));

    return r_PADDD(s, pairs, c);
}

/* ---- bits
 * ---------------------------------------------------------------------------------------- */

/* Two table look-ups of four bits each. */
static struct sel_xmm popcnt_by_table(struct select *s, struct sel_xmm a)
{
    struct sel_xmm low_bits = vec_each_reg(s, 8, 15);
    struct sel_xmm counts =
        vec_const_reg(s, UINT64_C(0x0302020102010100), UINT64_C(0x0403030203020201));
    struct sel_xmm low = r_PAND(s, a, low_bits);
    struct sel_xmm high = r_PAND(s, r_PSRLW_I(s, a, 4), low_bits);

    return r_PADDB(s, r_PSHUFB(s, counts, low), r_PSHUFB(s, counts, high));
}

struct sel_xmm sel_vpopcnt(struct select *s, struct sel_xmm a)
{
    if (sel_has(s, CODEGEN_SSSE3))
        return popcnt_by_table(s, a);
    struct sel_xmm odd = sel_PAND(s, r_PSRLW_I(s, a, 1), vec_each(s, 8, 0x55));
    struct sel_xmm pairs = r_PSUBB(s, a, odd), twos = vec_each_reg(s, 8, 0x33);
    struct sel_xmm fours =
        r_PADDB(s, r_PAND(s, pairs, twos), r_PAND(s, r_PSRLW_I(s, pairs, 2), twos));

    return sel_PAND(s, r_PADDB(s, fours, r_PSRLW_I(s, fours, 4)), vec_each(s, 8, 15));
}

/* ---- tests
 * --------------------------------------------------------------------------------------- */

static struct sel_flags flags(enum x64_cc cc)
{
    return (struct sel_flags){cc};
}

static void compare_gpr(struct select *s, struct sel_gpr a, int32_t imm)
{
    sel_inst(s, X64_CMP_RI, 4)->imm = imm;
    sel_use_any(s, a.v);
}

struct sel_flags sel_any_true(struct select *s, struct sel_xmm a)
{
    if (sel_has(s, CODEGEN_SSE41)) {
        r_PTEST(s, a, a);
        return flags(X64_CC_NE);
    }
    compare_gpr(s, r_PMOVMSKB(s, r_PCMPEQB(s, a, vec_zero(s))), 0xffff);
    return flags(X64_CC_NE);
}

struct sel_flags sel_all_true(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    struct sel_xmm zeros = equal(s, shape, a, vec_zero(s));

    if (sel_has(s, CODEGEN_SSE41))
        r_PTEST(s, zeros, zeros);
    else
        compare_gpr(s, r_PMOVMSKB(s, zeros), 0);
    return flags(X64_CC_E);
}

struct sel_gpr sel_bitmask(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    switch (lane_bits(shape)) {
    case 8: return r_PMOVMSKB(s, a);
    case 16: return r_PMOVMSKB(s, r_PACKSSWB(s, a, vec_zero(s)));
    case 32: return r_MOVMSKPS(s, a);
    default: return r_MOVMSKPD(s, a);
    }
}
