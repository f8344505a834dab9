/* select_float: arithmetic, loads, stores and choice of floats; the constructors that rules/x64/
 * float.rules names. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

enum vec_lanes sel_lanes(enum ir_type type)
{
    assert(type == IR_F32 || type == IR_F64);
    return type == IR_F64 ? VEC_SD : VEC_SS;
}

/* a is new here and nobody looks above its lowest lane: half a slot holds it. */
static struct sel_xmm scalar(struct select *s, struct sel_xmm a)
{
    s->vregs[a.v].width = MIR_W64;
    return a;
}

struct sel_xmm sel_fneg(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return scalar(s, sel_XORPS(s, a, vec_sign(s, sel_lanes(type))));
}

struct sel_xmm sel_fabs(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return scalar(s, sel_ANDPS(s, a, vec_magnitude(s, sel_lanes(type))));
}

struct sel_xmm sel_fcopysign(struct select *s, enum ir_type type, struct sel_xmm a,
                             struct sel_xmm sign_of)
{
    const enum vec_lanes l = sel_lanes(type);
    struct sel_xmm magnitude = sel_ANDPS(s, a, vec_magnitude(s, l));
    struct sel_xmm sign = sel_ANDPS(s, sign_of, vec_sign(s, l));

    return scalar(s, r_ORPS(s, magnitude, sign));
}

/* ---- minimum, maximum ------------------------------------------------------------------------ */

/* No signalling NaN: what arithmetic gives, and constants. */
static bool is_quiet(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);

    switch ((enum ir_op)i->op) { /* tidy: flat */
    case IR_OP_FADD:
    case IR_OP_FSUB:
    case IR_OP_FMUL:
    case IR_OP_FDIV:
    case IR_OP_FMIN:
    case IR_OP_FMAX:
    case IR_OP_FSQRT:
    case IR_OP_FCEIL:
    case IR_OP_FFLOOR:
    case IR_OP_FTRUNC:
    case IR_OP_FNEAREST:
    case IR_OP_FCANON:
    case IR_OP_FPROMOTE:
    case IR_OP_FDEMOTE:
    case IR_OP_FCVT_FROM_SINT:
    case IR_OP_FCVT_FROM_UINT: return true;
    default: return false;
    }
}

/* A constant that is no NaN. */
static bool is_number(struct select *s, ir_value v, bool *is_zero, bool *is_negative)
{
    const struct ir_inst *i = sel_at(s, v);
    const bool wide = i->type == IR_F64;
    const uint64_t sign = wide ? UINT64_C(1) << 63 : UINT64_C(1) << 31, bits = ir_const_bits(i);
    const uint64_t infinity = wide ? UINT64_C(0x7ff0000000000000) : UINT64_C(0x7f800000);

    if (i->op != IR_OP_FCONST || (bits & ~sign) > infinity)
        return false;
    *is_zero = (bits & ~sign) == 0;
    *is_negative = (bits & sign) != 0;
    return true;
}

/* With a constant c: the instruction gives its second operand, x, when that is a NaN or equal,
 * which is right but for a signalling NaN and for the one zero that must not be x's; adding a zero,
 * which changes nothing else, mends both. */
static struct sel_xmm with_constant(struct select *s, enum ir_type type, bool is_max, ir_value x,
                                    ir_value constant, bool is_zero)
{
    static const enum x64_op ops[2][2] = {
        {X64_MINSS, X64_MAXSS},
        {X64_MINSD, X64_MAXSD}
    };
    const bool wide = type == IR_F64;
    struct sel_xmm c = sel_xmm(s, constant), r;

    if (wide) {
        const struct sel_xm64 m = sel_xm64(s, x);
        r = vec_rvm(s, ops[1][is_max], 16, c.v, m.v, &m.at, 0);
    } else {
        const struct sel_xm32 m = sel_xm32(s, x);
        r = vec_rvm(s, ops[0][is_max], 16, c.v, m.v, &m.at, 0);
    }
    if (is_quiet(s, x) && !(is_zero && is_max))
        return r;
    struct sel_xmm zero = vec_zero(s);
    if (!(is_zero && is_max)) /* -0: what is added to without a change, whatever its sign */
        zero = vec_number_reg(s, sel_lanes(type), -0.0);
    return vec_fadd(s, sel_lanes(type), r, zero);
}

static struct sel_xmm minmax(struct select *s, enum ir_type type, bool is_max, ir_value a,
                             ir_value b)
{
    bool is_zero, is_negative;

    a = ir_resolve(s->f, a);
    b = ir_resolve(s->f, b);
    if (is_number(s, b, &is_zero, &is_negative) && !(is_zero && is_negative))
        return with_constant(s, type, is_max, a, b, is_zero);
    if (is_number(s, a, &is_zero, &is_negative) && !(is_zero && is_negative))
        return with_constant(s, type, is_max, b, a, is_zero);

    struct sel_xmm left = sel_xmm(s, a), right = sel_xmm(s, b);
    struct sel_xmm d = {sel_vreg_new(s, MIR_XMM, sel_width(type))};
    struct mir_inst *i = sel_inst(s, X64_MINMAX, type == IR_F64 ? 8 : 4);
    i->extra = is_max;
    sel_use(s, left.v);
    sel_use(s, right.v);
    if (sel_has(s, CODEGEN_AVX))
        sel_def_reg(s, d.v);
    else
        sel_def_reuse(s, d.v, 0);
    return d;
}

struct sel_xmm sel_fmin(struct select *s, enum ir_type type, ir_value a, ir_value b)
{
    return minmax(s, type, false, a, b);
}

struct sel_xmm sel_fmax(struct select *s, enum ir_type type, ir_value a, ir_value b)
{
    return minmax(s, type, true, a, b);
}

/* The source is both operands: the one whose upper part is kept would else be waited for. */
struct sel_xmm sel_fsqrt(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return type == IR_F64 ? r_SQRTSD(s, a, a) : r_SQRTSS(s, a, a);
}

struct sel_xmm sel_fround(struct select *s, enum ir_type type, enum vec_rounding how,
                          struct sel_xmm a)
{
    return scalar(s, vec_round(s, sel_lanes(type), how, a));
}

struct sel_xmm sel_fcanon(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return scalar(s, vec_fcanon(s, sel_lanes(type), a));
}

struct sel_xmm sel_fpromote(struct select *s, struct sel_xmm a)
{
    return r_CVTSS2SD(s, a, a);
}

struct sel_xmm sel_fdemote(struct select *s, struct sel_xmm a)
{
    return r_CVTSD2SS(s, a, a);
}

/* ---- choice ---------------------------------------------------------------------------------- */

/* a when the comparison of x and y holds, else b; all of one type. */
struct sel_xmm sel_fselect(struct select *s, enum ir_fcc cc, enum ir_type type, struct sel_xmm x,
                           struct sel_xmm y, struct sel_xmm a, struct sel_xmm b)
{
    static const uint8_t of[] = {[IR_FEQ] = VEC_EQ, [IR_FNE] = VEC_NEQ, [IR_FLT] = VEC_LT,
                                 [IR_FLE] = VEC_LE, [IR_FGT] = VEC_LT,  [IR_FGE] = VEC_LE};
    const bool swap = cc == IR_FGT || cc == IR_FGE;
    struct sel_xmm mask =
        vec_fcmp(s, sel_lanes(type), (enum vec_condition)of[cc], swap ? y : x, swap ? x : y);

    return scalar(s, vec_fblend(s, b, a, mask));
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct sel_xmm sel_load_xmm(struct select *s, enum ir_type type, struct sel_amode at)
{
    if (type == IR_V128)
        return sel_MOVUPS(s, (struct sel_xm128){MIR_NONE, at});
    return scalar(s, type == IR_F64 ? sel_MOVSD_LOAD(s, (struct sel_mem64){at})
                                    : sel_MOVSS_LOAD(s, (struct sel_mem32){at}));
}

void sel_store_xmm(struct select *s, enum ir_type type, struct sel_amode at, struct sel_xmm a)
{
    switch (type) {
    case IR_F32: sel_MOVSS_STORE(s, (struct sel_mem32){at}, a); return;
    case IR_F64: sel_MOVSD_STORE(s, (struct sel_mem64){at}, a); return;
    default: sel_MOVUPS_STORE(s, (struct sel_mem128){at}, a); return;
    }
}

/* ---- the same bits in the other class ----------------------------------------------------------
 */

struct sel_xmm sel_bits_to_float(struct select *s, enum ir_type to, struct sel_gpr a)
{
    struct sel_amode none = {0};

    if (to == IR_F64)
        return scalar(s, sel_MOVQ_FROM(s, (struct sel_rm64){a.v, none}));
    return scalar(s, sel_MOVD_FROM(s, (struct sel_rm32){a.v, none}));
}

struct sel_gpr sel_float_to_bits(struct select *s, enum ir_type to, struct sel_xmm a)
{
    return to == IR_I64 ? r_MOVQ_TO(s, a) : r_MOVD_TO(s, a);
}

/* ---- loads that move --------------------------------------------------------------------------
 */

bool sel_sinks8(struct select *s, ir_value v)
{
    return sel_can_sink(s, v, 1);
}

bool sel_sinks16(struct select *s, ir_value v)
{
    return sel_can_sink(s, v, 2);
}

struct sel_mem8 sel_sunk8(struct select *s, ir_value load)
{
    return (struct sel_mem8){sel_sink(s, load)};
}

struct sel_mem16 sel_sunk16(struct select *s, ir_value load)
{
    return (struct sel_mem16){sel_sink(s, load)};
}

struct sel_mem32 sel_sunk32(struct select *s, ir_value load)
{
    return (struct sel_mem32){sel_sink(s, load)};
}

struct sel_mem64 sel_sunk64(struct select *s, ir_value load)
{
    return (struct sel_mem64){sel_sink(s, load)};
}

static bool is_memory(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);

    return sel_can_sink(s, v, ir_type_bits((enum ir_type)i->type) / 8) ||
           (i->op == IR_OP_FCONST && ir_const_bits(i) != 0);
}

bool sel_moves_only(struct select *s, ir_value a, ir_value b)
{
    return is_memory(s, a) && !is_memory(s, b);
}

struct sel_xmm sel_load_as_float(struct select *s, enum ir_type type, ir_value load)
{
    return sel_load_xmm(s, type, sel_sink(s, load));
}

struct sel_gpr sel_load_as_bits(struct select *s, enum ir_type type, ir_value load)
{
    const struct sel_amode at = sel_sink(s, load);

    return (struct sel_gpr){sel_mov_rm(s, X64_MOV_RM, type == IR_I64 ? 8 : 4, 0, &at)};
}
