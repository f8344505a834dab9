/* rules: what rules/opt ask. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/rules.h"

#include <assert.h>

/* Definitions that a question about a value walks through. */
#define QUESTION_DEPTH_MAX 4

static bool boolean(const struct opt_rewrite *c, ir_value v, uint32_t depth)
{
    const struct ir_inst *i = opt_def(c, v);

    switch ((enum ir_op)i->op) {
    case IR_OP_ICMP:
    case IR_OP_FCMP:
    case IR_OP_VANY_TRUE:
    case IR_OP_VALL_TRUE: return true;
    case IR_OP_ICONST: return ir_const_bits(i) <= 1;
    case IR_OP_UEXTEND: return depth > 0 && boolean(c, i->a, depth - 1);
    case IR_OP_IAND:
        return depth > 0 && (boolean(c, i->b, depth - 1) || boolean(c, i->a, depth - 1));
    case IR_OP_IOR:
    case IR_OP_IXOR:
    case IR_OP_SELECT:
        return depth > 0 && boolean(c, i->a, depth - 1) && boolean(c, i->b, depth - 1);
    case IR_OP_USHR: {
        const struct ir_inst *count = opt_def(c, i->b);
        uint32_t bits = ir_type_bits((enum ir_type)i->type);
        return count->op == IR_OP_ICONST && (ir_const_bits(count) & (bits - 1)) == bits - 1;
    }
    default: return false;
    }
}

bool opt_boolean(struct opt_rewrite *c, ir_value v)
{
    return boolean(c, v, QUESTION_DEPTH_MAX);
}

static bool not_negative(const struct opt_rewrite *c, ir_value v, uint32_t depth)
{
    const struct ir_inst *i = opt_def(c, v);
    uint32_t bits = ir_type_bits((enum ir_type)i->type);

    switch ((enum ir_op)i->op) {
    case IR_OP_ICMP:
    case IR_OP_FCMP:
    case IR_OP_CLZ:
    case IR_OP_CTZ:
    case IR_OP_POPCNT: return bits > 8;
    case IR_OP_ICONST: return (ir_const_bits(i) >> (bits - 1)) == 0;
    case IR_OP_UEXTEND: return ir_type_bits((enum ir_type)opt_def(c, i->a)->type) < bits;
    case IR_OP_USHR: {
        const struct ir_inst *count = opt_def(c, i->b);
        return count->op == IR_OP_ICONST && (ir_const_bits(count) & (bits - 1)) != 0;
    }
    case IR_OP_IAND:
        return depth > 0 && (not_negative(c, i->a, depth - 1) || not_negative(c, i->b, depth - 1));
    case IR_OP_IOR:
    case IR_OP_SELECT:
        return depth > 0 && not_negative(c, i->a, depth - 1) && not_negative(c, i->b, depth - 1);
    case IR_OP_LOAD: {
        const struct ir_access *access = &c->f->accesses[i->c];
        return (access->flags & IR_ACCESS_SIGNED) == 0 && access->bytes * 8u < bits;
    }
    default: return false;
    }
}

bool opt_not_negative(struct opt_rewrite *c, ir_value v)
{
    return not_negative(c, v, QUESTION_DEPTH_MAX);
}

enum ir_cc opt_inverse(struct opt_rewrite *c, enum ir_cc cc)
{
    static const uint8_t of[] = {
        [IR_EQ] = IR_NE,   [IR_NE] = IR_EQ,   [IR_SLT] = IR_SGE, [IR_SGE] = IR_SLT,
        [IR_SGT] = IR_SLE, [IR_SLE] = IR_SGT, [IR_ULT] = IR_UGE, [IR_UGE] = IR_ULT,
        [IR_UGT] = IR_ULE, [IR_ULE] = IR_UGT,
    };
    (void)c;
    return (enum ir_cc)of[cc];
}

bool opt_is_signed(struct opt_rewrite *c, enum ir_cc cc)
{
    (void)c;
    return cc >= IR_SLT && cc <= IR_SLE;
}

enum ir_cc opt_unsigned(struct opt_rewrite *c, enum ir_cc cc)
{
    (void)c;
    assert(opt_is_signed(c, cc));
    return (enum ir_cc)(cc - IR_SLT + IR_ULT);
}

bool opt_is_equality(struct opt_rewrite *c, enum ir_cc cc)
{
    (void)c;
    return cc == IR_EQ || cc == IR_NE;
}

uint64_t opt_reflexive(struct opt_rewrite *c, enum ir_cc cc)
{
    (void)c;
    return cc == IR_EQ || cc == IR_SGE || cc == IR_SLE || cc == IR_UGE || cc == IR_ULE;
}

/* ---- floating point constants ---------------------------------------------------------------- */
static uint32_t mantissa_bits(enum ir_type t)
{
    return t == IR_F32 ? 23 : 52;
}

static uint64_t exponent_max(enum ir_type t) /* all ones: infinities and NaNs */
{
    return t == IR_F32 ? 0xff : 0x7ff;
}

static uint64_t exponent_of(enum ir_type t, uint64_t k)
{
    return k >> mantissa_bits(t) & exponent_max(t);
}

bool opt_exact_reciprocal(struct opt_rewrite *c, enum ir_type t, uint64_t k)
{
    uint64_t exponent = exponent_of(t, k);

    (void)c;
    return (k & ((UINT64_C(1) << mantissa_bits(t)) - 1)) == 0 && exponent > 0 &&
           exponent < exponent_max(t) - 1; /* that of the reciprocal is as far from the middle */
}

uint64_t opt_reciprocal(struct opt_rewrite *c, enum ir_type t, uint64_t k)
{
    uint64_t sign = k & UINT64_C(1) << (ir_type_bits(t) - 1);

    assert(opt_exact_reciprocal(c, t, k));
    return sign | (exponent_max(t) - 1 - exponent_of(t, k)) << mantissa_bits(t);
}

bool opt_is_two(struct opt_rewrite *c, enum ir_type t, uint64_t k)
{
    (void)c;
    return k == (t == IR_F32 ? UINT64_C(0x40000000) : UINT64_C(0x4000000000000000));
}
