/*
 * select_float_convert: between floats and integers.
 *
 * The processor's conversion gives 0x80..0 for a NaN and for what does not fit; everything below is
 * about telling those apart, and about the unsigned numbers it does not know.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/trap_codes.h"
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

static const struct sel_amode no_memory;

/* ---- helpers --------------------------------------------------------------------------------- */

static struct sel_gpr cut(struct select *s, enum ir_type type, struct sel_xmm a, uint32_t size)
{
    return type == IR_F64 ? r_CVTTSD2SI(s, a, size) : r_CVTTSS2SI(s, a, size);
}

static void compare(struct select *s, enum ir_type type, struct sel_xmm a, struct sel_xmm b)
{
    if (type == IR_F64)
        r_UCOMISD(s, a, b);
    else
        r_UCOMISS(s, a, b);
}

/* Flags of a compared with a power of two. */
static void compare_number(struct select *s, enum ir_type type, struct sel_xmm a, double number)
{
    struct sel_xm128 m = vec_number(s, type == IR_F64 ? VEC_SD : VEC_SS, number);

    if (type == IR_F64)
        sel_UCOMISD(s, a, vec_low64(m));
    else
        sel_UCOMISS(s, a, vec_low32(m));
}

static struct sel_gpr cmov(struct select *s, uint32_t size, enum x64_cc cc,
                           struct sel_gpr otherwise, struct sel_gpr when)
{
    struct sel_gpr d = {sel_gpr_new(s, size)};

    sel_inst(s, X64_CMOV, size)->cc = (uint8_t)cc;
    sel_use(s, otherwise.v);
    sel_def_reuse(s, d.v, 0);
    sel_use_any(s, when.v);
    return d;
}

static struct sel_gpr number(struct select *s, uint32_t size, uint64_t value)
{
    return (struct sel_gpr){sel_imm(s, size, value)};
}

static struct sel_gpr alu(struct select *s, enum x64_op op, struct sel_gpr a, struct sel_gpr b)
{
    return (struct sel_gpr){sel_alu_rm(s, op, 8, a.v, b.v, NULL)};
}

static struct sel_gpr alu_imm(struct select *s, enum x64_op op, struct sel_gpr a, int32_t imm)
{
    return (struct sel_gpr){sel_alu_ri(s, op, 8, a.v, imm)};
}

static struct sel_xmm to_double(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return type == IR_F64 ? a : r_CVTSS2SD(s, a, a);
}

static void trap_if(struct select *s, enum x64_cc cc, uint32_t code)
{
    sel_trap_if(s, (struct sel_flags){cc}, code);
}

/* ---- from integers --------------------------------------------------------------------------- */

static struct sel_xmm from_signed(struct select *s, enum ir_type to, struct sel_gpr a,
                                  uint32_t size)
{
    struct sel_xmm zero = vec_zero(s); /* nothing to wait for */
    struct sel_rm32 narrow = {a.v, no_memory};
    struct sel_rm64 wide = {a.v, no_memory};

    if (to == IR_F64)
        return size == 8 ? sel_CVTSI2SD64(s, zero, wide) : sel_CVTSI2SD32(s, zero, narrow);
    return size == 8 ? sel_CVTSI2SS64(s, zero, wide) : sel_CVTSI2SS32(s, zero, narrow);
}

struct sel_xmm sel_from_signed(struct select *s, enum ir_type to, enum ir_type from,
                               struct sel_gpr a)
{
    return from_signed(s, to, a, from == IR_I64 ? 8 : 4);
}

/* An I32 has a zero high half: as 64 bits it is not negative. */
struct sel_xmm sel_from_unsigned32(struct select *s, enum ir_type to, struct sel_gpr a)
{
    return from_signed(s, to, a, 8);
}

/* Each half becomes the fraction of a double whose exponent gives it its weight; what the exponents
 * add is taken away again, and the only rounding is in the last addition. */
static struct sel_xmm from_unsigned64_double(struct select *s, struct sel_gpr a)
{
    struct sel_xmm halves = sel_MOVQ_FROM(s, (struct sel_rm64){a.v, no_memory});
    struct sel_xmm weighted =
        sel_PUNPCKLDQ(s, halves, vec_const(s, UINT64_C(0x4530000043300000), 0));
    struct sel_xmm both = sel_SUBPD(
        s, weighted, vec_const(s, UINT64_C(0x4330000000000000), UINT64_C(0x4530000000000000)));
    struct sel_xmm high = r_UNPCKHPD(s, both, both);

    return r_ADDSD(s, high, both);
}

/* Numbers from 2^63 on are halved, the lost bit kept for the rounding, and doubled behind it. */
static struct sel_xmm from_unsigned64_float(struct select *s, struct sel_gpr a)
{
    struct sel_gpr half = alu_imm(s, X64_SHR_RI, a, 1), lost = alu_imm(s, X64_AND_RI, a, 1);
    struct sel_gpr sign = alu_imm(s, X64_SAR_RI, a, 63), halved = alu(s, X64_OR_RM, half, lost);

    sel_inst(s, X64_TEST_RM, 8);
    sel_use(s, a.v);
    sel_use(s, a.v);
    struct sel_gpr chosen = cmov(s, 8, X64_CC_S, a, halved);
    struct sel_xmm f = from_signed(s, IR_F32, chosen, 8);
    struct sel_xmm mask = sel_MOVQ_FROM(s, (struct sel_rm64){sign.v, no_memory});

    return r_ADDSS(s, f, r_ANDPS(s, mask, f));
}

struct sel_xmm sel_from_unsigned64(struct select *s, enum ir_type to, struct sel_gpr a)
{
    return to == IR_F64 ? from_unsigned64_double(s, a) : from_unsigned64_float(s, a);
}

/* ---- to integers, trapping ---------------------------------------------------------------------
 */

/* What does not fit is sorted out behind the function. */
static struct sel_gpr truncate(struct select *s, enum ir_type to, enum ir_type from,
                               struct sel_xmm a, bool is_unsigned)
{
    const bool wide = from == IR_F64;
    const double least = to == IR_I64 ? -0x1p63 : wide ? -2147483649.0 : -0x1p31;
    const struct sel_xm128 bound = vec_number(s, wide ? VEC_SD : VEC_SS, least);
    struct sel_gpr d = {sel_gpr_new(s, to == IR_I64 ? 8 : 4)};
    struct mir_inst *i = sel_inst(s, X64_TRUNCATE, to == IR_I64 ? 8 : 4);

    i->extra = (uint8_t)((wide ? X64_TRUNCATE_F64 : 0) | (is_unsigned ? X64_TRUNCATE_UNSIGNED : 0));
    i->aux = bound.at.aux;
    sel_def_reg(s, d.v);
    sel_use(s, a.v);
    return d;
}

/* a - 2^63, for the upper half of the unsigned numbers. */
static struct sel_xmm less_half(struct select *s, enum ir_type type, struct sel_xmm a)
{
    struct sel_xm128 half = vec_number(s, type == IR_F64 ? VEC_SD : VEC_SS, 0x1p63);

    return type == IR_F64 ? sel_SUBSD(s, a, vec_low64(half)) : sel_SUBSS(s, a, vec_low32(half));
}

/* Below 2^63 the first conversion is right and not negative; else the second one is, with the top
 * bit put back, which the first gives. */
static struct sel_gpr unsigned64(struct select *s, enum ir_type type, struct sel_xmm a)
{
    struct sel_gpr low = cut(s, type, a, 8), high = cut(s, type, less_half(s, type, a), 8);
    struct sel_gpr is_high = alu_imm(s, X64_SAR_RI, low, 63);

    return alu(s, X64_OR_RM, alu(s, X64_AND_RM, high, is_high), low);
}

static struct sel_gpr trapping_u64(struct select *s, enum ir_type from, struct sel_xmm a)
{
    compare(s, from, a, a);
    trap_if(s, X64_CC_P, CODEGEN_TRAP_INVALID_CONVERSION);
    compare_number(s, from, a, 0x1p64);
    trap_if(s, X64_CC_AE, CODEGEN_TRAP_INTEGER_OVERFLOW);
    compare_number(s, from, a, -1.0);
    trap_if(s, X64_CC_BE, CODEGEN_TRAP_INTEGER_OVERFLOW);
    return unsigned64(s, from, a);
}

struct sel_gpr sel_to_int(struct select *s, enum ir_type to, enum ir_type from, struct sel_xmm a)
{
    return truncate(s, to, from, a, false);
}

struct sel_gpr sel_to_uint(struct select *s, enum ir_type to, enum ir_type from, struct sel_xmm a)
{
    return to == IR_I64 ? trapping_u64(s, from, a) : truncate(s, to, from, a, true);
}

/* ---- to integers, saturating -------------------------------------------------------------------
 */

/* Too small gives INT32_MIN by itself, too large is cut to INT32_MAX first, a NaN is 0. */
static struct sel_gpr saturating_s32(struct select *s, enum ir_type from, struct sel_xmm a)
{
    struct sel_xmm d = to_double(s, from, a);
    struct sel_xmm limited =
        sel_MINSD(s, d, vec_low64(vec_const(s, UINT64_C(0x41dfffffffc00000), 0)));
    struct sel_gpr r = r_CVTTSD2SI(s, limited, 4), zero = number(s, 4, 0);

    r_UCOMISD(s, d, d);
    return cmov(s, 4, X64_CC_P, r, zero);
}

/* The maximum with 0 is 0 for a NaN too. */
static struct sel_gpr saturating_u32(struct select *s, enum ir_type from, struct sel_xmm a)
{
    struct sel_xmm positive = r_MAXSD(s, to_double(s, from, a), vec_zero(s));
    struct sel_xmm limited =
        sel_MINSD(s, positive, vec_low64(vec_const(s, UINT64_C(0x41efffffffe00000), 0)));

    /* The high half is zero already, which the verifier does not know. */
    return (struct sel_gpr){sel_mov_rm(s, X64_MOV_RM, 4, r_CVTTSD2SI(s, limited, 8).v, NULL)};
}

static struct sel_gpr saturating_s64(struct select *s, enum ir_type from, struct sel_xmm a)
{
    struct sel_gpr r = cut(s, from, a, 8), most = number(s, 8, INT64_MAX), zero = number(s, 8, 0);

    compare_number(s, from, a, 0x1p63);
    r = cmov(s, 8, X64_CC_AE, r, most);
    compare(s, from, a, a);
    return cmov(s, 8, X64_CC_P, r, zero);
}

static struct sel_gpr saturating_u64(struct select *s, enum ir_type from, struct sel_xmm a)
{
    struct sel_xmm positive =
        from == IR_F64 ? r_MAXSD(s, a, vec_zero(s)) : r_MAXSS(s, a, vec_zero(s));
    struct sel_gpr r = unsigned64(s, from, positive), most = number(s, 8, UINT64_MAX);

    compare_number(s, from, positive, 0x1p64);
    return cmov(s, 8, X64_CC_AE, r, most);
}

struct sel_gpr sel_to_int_sat(struct select *s, enum ir_type to, enum ir_type from,
                              struct sel_xmm a)
{
    return to == IR_I64 ? saturating_s64(s, from, a) : saturating_s32(s, from, a);
}

struct sel_gpr sel_to_uint_sat(struct select *s, enum ir_type to, enum ir_type from,
                               struct sel_xmm a)
{
    return to == IR_I64 ? saturating_u64(s, from, a) : saturating_u32(s, from, a);
}
