/*
 * select_flags: conditions. Everything that asks "is this value not zero" comes here, so that a
 * comparison becomes flags and not a 0 or 1 that is compared again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/select_vector.h"

static const uint8_t cc_of[] = {
    [IR_EQ] = X64_CC_E,  [IR_NE] = X64_CC_NE,  [IR_SLT] = X64_CC_L, [IR_SGE] = X64_CC_GE,
    [IR_SGT] = X64_CC_G, [IR_SLE] = X64_CC_LE, [IR_ULT] = X64_CC_B, [IR_UGE] = X64_CC_AE,
    [IR_UGT] = X64_CC_A, [IR_ULE] = X64_CC_BE,
};
static const uint8_t swapped[] = {
    [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_SLT] = IR_SGT, [IR_SGE] = IR_SLE, [IR_SGT] = IR_SLT,
    [IR_SLE] = IR_SGE, [IR_ULT] = IR_UGT, [IR_UGE] = IR_ULE, [IR_UGT] = IR_ULT, [IR_ULE] = IR_UGE,
};
static const uint8_t as_unsigned[] = {
    [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_SLT] = IR_ULT, [IR_SGE] = IR_UGE, [IR_SGT] = IR_UGT,
    [IR_SLE] = IR_ULE, [IR_ULT] = IR_ULT, [IR_UGE] = IR_UGE, [IR_UGT] = IR_UGT, [IR_ULE] = IR_ULE,
};

static struct sel_flags flags(enum ir_cc cc)
{
    return (struct sel_flags){(enum x64_cc)cc_of[cc]};
}

static uint32_t bytes_of(struct select *s, ir_value v)
{
    return ir_type_bits((enum ir_type)sel_at(s, v)->type) / 8;
}

/* test a, b of an AND whose result only matters here. */
static bool test_and(struct select *s, ir_value v, uint32_t size)
{
    const struct ir_inst *i = sel_at(s, v);
    int32_t imm;

    if (i->op != IR_OP_IAND || !sel_used_once(s, v) || s->vreg_of[v] != 0)
        return false;
    if (sel_imm32(s, i->b, &imm)) {
        if (sel_can_sink(s, i->a, size)) {
            struct sel_amode at = sel_sink(s, i->a);
            sel_store_i(s, X64_TEST_RI, size, &at, imm);
            return true;
        }
        mir_vreg a = sel_in_reg(s, i->a);
        sel_inst(s, X64_TEST_RI, size)->imm = imm;
        sel_use_any(s, a);
        return true;
    }
    mir_vreg a = sel_in_reg(s, i->a);
    if (sel_can_sink(s, i->b, size)) {
        struct sel_amode at = sel_sink(s, i->b);
        sel_inst(s, X64_TEST_RM, size);
        sel_use(s, a);
        sel_mem(s, &at);
        return true;
    }
    mir_vreg b = sel_in_reg(s, i->b);
    sel_inst(s, X64_TEST_RM, size);
    sel_use(s, a);
    sel_use_any(s, b);
    return true;
}

/* The value shifted so that bit n of it counts: x & 1 << n, and x >> n & 1. */
static bool single_bit(struct select *s, const struct ir_inst *i, ir_value *x, ir_value *n)
{
    uint64_t one;

    for (uint32_t k = 0; k < 2; k++) {
        const struct ir_inst *shift = sel_at(s, k == 0 ? i->a : i->b);
        if (shift->op == IR_OP_ISHL && sel_const(s, shift->a, &one) && one == 1) {
            *x = k == 0 ? i->b : i->a;
            *n = shift->b;
            return true;
        }
    }
    const struct ir_inst *shift = sel_at(s, i->a);
    if (shift->op != IR_OP_USHR || !sel_const(s, i->b, &one) || one != 1)
        return false;
    *x = shift->a;
    *n = shift->b;
    return true;
}

/* bt x, n: the carry is the bit. */
static bool test_bit(struct select *s, ir_value v, enum ir_cc cc, uint32_t size,
                     struct sel_flags *out)
{
    const struct ir_inst *i = sel_at(s, v);
    ir_value x, n;
    uint64_t constant;

    if (i->op != IR_OP_IAND || size < 4 || !sel_used_once(s, v) || s->vreg_of[v] != 0 ||
        (cc != IR_EQ && cc != IR_NE) || !single_bit(s, i, &x, &n) || sel_const(s, n, &constant))
        return false;
    mir_vreg a = sel_in_reg(s, x), b = sel_in_reg(s, n);
    sel_inst(s, X64_BT_RR, size);
    sel_use(s, a);
    sel_use(s, b);
    out->cc = cc == IR_NE ? X64_CC_B : X64_CC_AE;
    return true;
}

static void test_self(struct select *s, ir_value v, uint32_t size)
{
    mir_vreg a = sel_in_reg(s, v);

    sel_inst(s, X64_TEST_RM, size);
    sel_use(s, a);
    sel_use(s, a);
}

/* cmp of narrow memory with a constant: the load extends, the comparison can be done in its width
 * when the constant is in reach of the extended values. */
static bool compare_narrow(struct select *s, enum ir_cc cc, ir_value a, int64_t imm,
                           struct sel_flags *out)
{
    const struct ir_inst *i = sel_at(s, a);

    if (i->op != IR_OP_LOAD)
        return false;
    const struct ir_access *access = &s->f->accesses[i->c];
    if (access->bytes > 2 || bytes_of(s, a) <= access->bytes ||
        !sel_can_sink(s, a, access->bytes))
        return false;
    uint32_t bits = access->bytes * 8u;
    bool sign = (access->flags & IR_ACCESS_SIGNED) != 0;
    int64_t low = sign ? -(INT64_C(1) << (bits - 1)) : 0, high = low + (INT64_C(1) << bits) - 1;
    bool is_unsigned = cc == IR_ULT || cc == IR_UGE || cc == IR_UGT || cc == IR_ULE;
    if (imm < low || imm > high || (sign && is_unsigned))
        return false;
    struct sel_amode at = sel_sink(s, a);
    sel_store_i(s, X64_CMP_RI, access->bytes, &at, (int32_t)(bits == 8 ? (int8_t)imm :
                                                             (int16_t)imm));
    *out = flags(sign ? cc : (enum ir_cc)as_unsigned[cc]);
    return true;
}

/*
 * The end of a counting loop compares a counter with a constant, and the next round gets the
 * counter plus a step: then the next counter is compared, so that the old one need not live on
 * beside it. Only equality survives the wrap of the sum.
 */
static void compare_next(struct select *s, enum ir_cc cc, ir_value *a, int64_t *imm)
{
    const struct ir_inst *param = sel_at(s, *a);
    const struct order_block *o = &s->order.blocks[s->block];

    if ((cc != IR_EQ && cc != IR_NE) || param->op != IR_OP_PARAM ||
        sel_at(s, s->root)->op != IR_OP_BRANCH || !s->f->blocks[param->a].loop_header)
        return;
    for (uint32_t k = 0; k < o->succ_count; k++) {
        const struct order_block *to = &s->order.blocks[s->order.succs[o->succ_first + k]];
        if (to->block != IR_NONE || ir_edge_block(s->f, to->edge) != param->a)
            continue;
        ir_value next = ir_edge_args(s->f, to->edge)[param->b];
        const struct ir_inst *add = sel_at(s, next);
        int64_t step;
        if (add->op != IR_OP_IADD || add->a != *a || s->vreg_of[next] == 0 ||
            !sel_const_signed(s, add->b, &step))
            continue;
        uint32_t unused = 64 - ir_type_bits((enum ir_type)param->type);
        int64_t sum = (int64_t)(((uint64_t)*imm + (uint64_t)step) << unused) >> unused;
        if (!x64_fits32(sum))
            continue;
        *a = next;
        *imm = sum;
        return;
    }
}

static struct sel_flags compare_imm(struct select *s, enum ir_cc cc, ir_value a, int64_t imm)
{
    uint32_t size = bytes_of(s, a);
    struct sel_flags out;

    compare_next(s, cc, &a, &imm);
    if (imm == 1 && (cc == IR_ULT || cc == IR_UGE)) {
        cc = cc == IR_ULT ? IR_EQ : IR_NE;
        imm = 0;
    }
    if (imm == -1 && (cc == IR_SGT || cc == IR_SLE)) {
        cc = cc == IR_SGT ? IR_SGE : IR_SLT;
        imm = 0;
    }
    if (imm == 0 && test_bit(s, a, cc, size, &out))
        return out;
    if (imm == 0 && test_and(s, a, size))
        return flags(cc);
    if (compare_narrow(s, cc, a, imm, &out))
        return out;
    if (sel_can_sink(s, a, size)) {
        struct sel_amode at = sel_sink(s, a);
        sel_store_i(s, X64_CMP_RI, size, &at, (int32_t)imm);
        return flags(cc);
    }
    if (imm == 0) {
        test_self(s, a, size);
        return flags(cc);
    }
    mir_vreg r = sel_in_reg(s, a);
    sel_inst(s, X64_CMP_RI, size)->imm = imm;
    sel_use_any(s, r);
    return flags(cc);
}

struct sel_flags sel_compare(struct select *s, enum ir_cc cc, ir_value a, ir_value b)
{
    uint32_t size = bytes_of(s, a);
    int32_t imm;

    if (sel_imm32(s, b, &imm))
        return compare_imm(s, cc, a, imm);
    if (sel_imm32(s, a, &imm))
        return compare_imm(s, (enum ir_cc)swapped[cc], b, imm);
    if (!sel_can_sink(s, b, size) && sel_can_sink(s, a, size)) {
        mir_vreg r = sel_in_reg(s, b);
        struct sel_amode at = sel_sink(s, a);
        sel_store_r(s, X64_CMP_MR, size, &at, r);
        return flags(cc);
    }
    if ((cc == IR_UGT || cc == IR_ULE) && !sel_can_sink(s, b, size)) {
        /* setb and cmovb look at one flag; seta and cmova at two, which takes one step more */
        ir_value t = a;
        a = b;
        b = t;
        cc = (enum ir_cc)swapped[cc];
    }
    mir_vreg left = sel_in_reg(s, a);
    if (sel_can_sink(s, b, size)) {
        struct sel_amode at = sel_sink(s, b);
        sel_inst(s, X64_CMP_RM, size);
        sel_use(s, left);
        sel_mem(s, &at);
    } else {
        mir_vreg right = sel_in_reg(s, b);
        sel_inst(s, X64_CMP_RM, size);
        sel_use(s, left);
        sel_use_any(s, right);
    }
    return flags(cc);
}

/* ucomis: unordered sets ZF, PF and CF. Less-than is greater-than of swapped operands, so that one
 * look at the flags suffices. */
static struct sel_flags compare_float(struct select *s, enum ir_fcc cc, ir_value a, ir_value b)
{
    bool swap = cc == IR_FLT || cc == IR_FLE;
    bool wide = sel_at(s, a)->type == IR_F64;
    static const uint8_t of[] = {[IR_FEQ] = X64_CC_FEQ, [IR_FNE] = X64_CC_FNE, [IR_FLT] = X64_CC_A,
                                 [IR_FLE] = X64_CC_AE,  [IR_FGT] = X64_CC_A,   [IR_FGE] =
                                     X64_CC_AE};
    ir_value left = swap ? b : a, right = swap ? a : b;
    struct sel_xmm l = sel_xmm(s, left);

    if (wide)
        sel_UCOMISD(s, l, sel_xm64(s, right));
    else
        sel_UCOMISS(s, l, sel_xm32(s, right));
    return (struct sel_flags){(enum x64_cc)of[cc]};
}

struct sel_flags sel_condition(struct select *s, ir_value v)
{
    bool negate = false;
    const struct ir_inst *i;
    struct sel_flags out;
    uint64_t bits;

    for (;;) {
        i = sel_at(s, v);
        if (i->op == IR_OP_ALIAS)
            v = ir_resolve(s->f, v);
        else if (i->op == IR_OP_ICMP && (i->aux == IR_EQ || i->aux == IR_NE) &&
                 sel_const(s, i->b, &bits) && bits == 0 && sel_at(s, i->a)->op == IR_OP_ICMP) {
            negate ^= i->aux == IR_EQ;
            v = i->a;
        } else {
            break;
        }
    }
    if (i->op == IR_OP_ICMP)
        out = sel_compare(s, (enum ir_cc)i->aux, i->a, i->b);
    else if (i->op == IR_OP_FCMP)
        out = compare_float(s, (enum ir_fcc)i->aux, i->a, i->b);
    else if (i->op == IR_OP_VANY_TRUE)
        out = sel_any_true(s, sel_xmm(s, i->a));
    else if (i->op == IR_OP_VALL_TRUE)
        out = sel_all_true(s, (enum ir_shape)i->aux, sel_xmm(s, i->a));
    else
        out = compare_imm(s, IR_NE, v, 0);
    if (negate)
        out.cc = x64_cc_not(out.cc);
    return out;
}
