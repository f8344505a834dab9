/* select_vector_float: float lanes: what vector.rules names and no single instruction does.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

static enum vec_lanes lanes_of(enum ir_shape shape)
{
    assert(shape == IR_F32X4 || shape == IR_F64X2);
    return shape == IR_F64X2 ? VEC_PD : VEC_PS;
}

struct sel_xmm sel_vfcmp(struct select *s, enum ir_shape shape, enum ir_fcc cc, struct sel_xmm a,
                         struct sel_xmm b)
{
    const enum vec_lanes l = lanes_of(shape);

    switch (cc) {
    case IR_FEQ: return vec_fcmp(s, l, VEC_EQ, a, b);
    case IR_FNE: return vec_fcmp(s, l, VEC_NEQ, a, b);
    case IR_FLT: return vec_fcmp(s, l, VEC_LT, a, b);
    case IR_FLE: return vec_fcmp(s, l, VEC_LE, a, b);
    case IR_FGT: return vec_fcmp(s, l, VEC_LT, b, a);
    default: return vec_fcmp(s, l, VEC_LE, b, a);
    }
}

struct sel_xmm sel_vfmin(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    return vec_fmin(s, lanes_of(shape), a, b);
}

struct sel_xmm sel_vfmax(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b)
{
    return vec_fmax(s, lanes_of(shape), a, b);
}

struct sel_xmm sel_vfneg(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    return sel_XORPS(s, a, vec_sign(s, lanes_of(shape)));
}

struct sel_xmm sel_vfabs(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    return sel_ANDPS(s, a, vec_magnitude(s, lanes_of(shape)));
}

struct sel_xmm sel_vfround(struct select *s, enum ir_shape shape, enum vec_rounding how,
                           struct sel_xmm a)
{
    return vec_round(s, lanes_of(shape), how, a);
}

struct sel_xmm sel_vfcanon(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    return vec_fcanon(s, lanes_of(shape), a);
}

/* Two roundings, as the reference interpreter has them. */
struct sel_xmm sel_vfmadd(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b,
                          struct sel_xmm c)
{
    if (shape == IR_F64X2)
        return r_ADDPD(s, r_MULPD(s, a, b), c);
    return r_ADDPS(s, r_MULPS(s, a, b), c);
}

struct sel_xmm sel_vfnmadd(struct select *s, enum ir_shape shape, struct sel_xmm a,
                           struct sel_xmm b, struct sel_xmm c)
{
    if (shape == IR_F64X2)
        return r_SUBPD(s, c, r_MULPD(s, a, b));
    return r_SUBPS(s, c, r_MULPS(s, a, b));
}

struct sel_xmm sel_promote_low(struct select *s, struct sel_xmm a)
{
    return r_CVTPS2PD(s, a);
}
