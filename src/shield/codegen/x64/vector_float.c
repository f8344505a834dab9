/*
 * vector_float: what WebAssembly's floating point needs more than one instruction for, written once
 * for the lowest lane and for all lanes of a register; see vector.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/vector.h"

/* NAME(s, lanes, a, b): one instruction of the four. */
#define BY_LANES(name, OP)                                                                         \
    static struct sel_xmm name(struct select *s, enum vec_lanes l, struct sel_xmm a,               \
                               struct sel_xmm b)                                                   \
    {                                                                                              \
        static const enum x64_op ops[] = {X64_##OP##SS, X64_##OP##SD, X64_##OP##PS, X64_##OP##PD}; \
        return vec_rvm(s, ops[l], 16, a.v, b.v, NULL, 0);                                          \
    }
BY_LANES(add, ADD)
BY_LANES(sub, SUB)
BY_LANES(min, MIN)
BY_LANES(max, MAX)
#undef BY_LANES

struct sel_xmm vec_fadd(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b)
{
    return add(s, l, a, b);
}

struct sel_xmm vec_fsub(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b)
{
    return sub(s, l, a, b);
}

struct sel_xmm vec_fcmp(struct select *s, enum vec_lanes l, enum vec_condition cc, struct sel_xmm a,
                        struct sel_xmm b)
{
    static const enum x64_op ops[] = {X64_CMPSS, X64_CMPSD, X64_CMPPS, X64_CMPPD};

    return vec_rvm(s, ops[l], 16, a.v, b.v, NULL, (uint32_t)cc);
}

struct sel_xm128 vec_sign(struct select *s, enum vec_lanes l)
{
    return vec_is_double(l) ? vec_each(s, 64, UINT64_C(1) << 63) : vec_each(s, 32, 0x80000000u);
}

struct sel_xm128 vec_magnitude(struct select *s, enum vec_lanes l)
{
    return vec_is_double(l) ? vec_each(s, 64, INT64_MAX) : vec_each(s, 32, INT32_MAX);
}

/* The instruction gives its second operand when either is a NaN or both are zero. So asking both
 * ways round gives the same number twice, or the two zeros, or both operands; the sum of those is a
 * quiet NaN. */
struct sel_xmm vec_fmin(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm one = min(s, l, a, b), other = min(s, l, b, a);
    struct sel_xmm least = r_ORPS(s, one, other); /* -0 of two zeros */
    struct sel_xmm is_nan = vec_fcmp(s, l, VEC_UNORD, a, b), sum = add(s, l, a, b);

    return vec_fblend(s, least, sum, is_nan);
}

struct sel_xmm vec_fmax(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b)
{
    struct sel_xmm one = max(s, l, a, b), other = max(s, l, b, a);
    struct sel_xmm most = r_ANDPS(s, one, other); /* +0 of two zeros */
    struct sel_xmm is_nan = vec_fcmp(s, l, VEC_UNORD, a, b), sum = add(s, l, a, b);

    return vec_fblend(s, most, sum, is_nan);
}

struct sel_xmm vec_fcanon(struct select *s, enum vec_lanes l, struct sel_xmm a)
{
    struct sel_xmm is_nan = vec_fcmp(s, l, VEC_UNORD, a, a);
    struct sel_xmm canonical = vec_is_double(l) ? vec_each_reg(s, 64, UINT64_C(0x7ff8) << 48)
                                                : vec_each_reg(s, 32, 0x7fc00000u);

    return vec_fblend(s, a, canonical, is_nan);
}

/* Without roundps: adding 2^52 (2^23) and taking it away rounds a magnitude below that to the
 * nearest integer; above, every number is one. */
static struct sel_xmm nearest_magnitude(struct select *s, enum vec_lanes l,
                                        struct sel_xmm magnitude)
{
    struct sel_xmm big = vec_number_reg(s, l, vec_is_double(l) ? 0x1p52 : 0x1p23);

    return sub(s, l, add(s, l, magnitude, big), big);
}

/* rounded, less or more by one where it lies on the wrong side. */
static struct sel_xmm corrected(struct select *s, enum vec_lanes l, enum vec_rounding how,
                                struct sel_xmm rounded, struct sel_xmm a)
{
    struct sel_xmm one = vec_number_reg(s, l, 1.0), wrong;

    if (how == VEC_CEIL) {
        wrong = vec_fcmp(s, l, VEC_LT, rounded, a);
        return add(s, l, rounded, r_ANDPS(s, wrong, one));
    }
    wrong = vec_fcmp(s, l, VEC_LT, a, rounded);
    return sub(s, l, rounded, r_ANDPS(s, wrong, one));
}

static struct sel_xmm round_by_hand(struct select *s, enum vec_lanes l, enum vec_rounding how,
                                    struct sel_xmm a)
{
    struct sel_xmm magnitude = sel_ANDPS(s, a, vec_magnitude(s, l));
    struct sel_xmm sign = sel_ANDPS(s, a, vec_sign(s, l));
    struct sel_xmm limit = vec_number_reg(s, l, vec_is_double(l) ? 0x1p52 : 0x1p23);
    struct sel_xmm is_small = vec_fcmp(s, l, VEC_LT, magnitude, limit);
    struct sel_xmm r = nearest_magnitude(s, l, magnitude);

    if (how == VEC_TRUNC)
        r = corrected(s, l, how, r, magnitude);
    r = r_ORPS(s, r, sign);
    if (how == VEC_FLOOR || how == VEC_CEIL)
        r = r_ORPS(s, corrected(s, l, how, r, a), sign);
    /* a + 0: what is large, and NaN made quiet */
    return vec_fblend(s, add(s, l, a, vec_zero(s)), r, is_small);
}

struct sel_xmm vec_round(struct select *s, enum vec_lanes l, enum vec_rounding how,
                         struct sel_xmm a)
{
    enum { INEXACT_IS_FINE = 8 };
    const uint32_t imm = (uint32_t)how | INEXACT_IS_FINE;

    if (!sel_has(s, CODEGEN_SSE41))
        return round_by_hand(s, l, how, a);
    switch (l) {
    case VEC_SS: return r_ROUNDSS(s, a, a, imm);
    case VEC_SD: return r_ROUNDSD(s, a, a, imm);
    case VEC_PS: return r_ROUNDPS(s, a, imm);
    default: return r_ROUNDPD(s, a, imm);
    }
}
