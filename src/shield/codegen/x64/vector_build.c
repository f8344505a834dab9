/* vector_build: the forms of float and vector instructions, constants, choice by a mask; see
 * vector.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/vector.h"

#include <assert.h>

static enum x64_op encoding_of(const struct select *s, enum x64_op legacy)
{
    enum x64_op op = sel_has(s, CODEGEN_AVX) ? (enum x64_op)(legacy + 1) : legacy;

    assert(sel_has(s, x64_rows[op].needs | x64_rows[legacy].needs) && "not on this processor");
    assert(!x64_rows[legacy].vex && (op == legacy || x64_rows[op].vex));
    return op;
}

static struct sel_xmm result(struct select *s)
{
    return (struct sel_xmm){sel_vreg_new(s, MIR_XMM, MIR_W128)};
}

static uint32_t slot_bytes(const struct select *s, mir_vreg v)
{
    return s->vregs[v].width == MIR_W128 ? 16 : 8;
}

/* The r/m operand: memory, or a register; its slot may stand for it when that is wide enough. */
static void rm_operand(struct select *s, enum x64_op op, mir_vreg b, const struct sel_amode *at)
{
    const struct x64_row *row = &x64_rows[op];

    if (b == MIR_NONE)
        sel_mem(s, at);
    else if (row->width == X64_WIDTH_REG || row->form == FORM_LOAD ||
             (row->width != X64_WIDTH_S && row->width > slot_bytes(s, b)))
        sel_use(s, b);
    else
        sel_use_any(s, b);
}

/* A constant of the pool is addressed from the end of its instruction, where an immediate is in
 * the way: such operands are loaded first. */
static mir_vreg without_pool(struct select *s, mir_vreg b, const struct sel_amode *at)
{
    if (b != MIR_NONE || at->scale >> X64_MEM_BASE_SHIFT != X64_BASE_POOL)
        return b;
    return sel_pool_xmm(s, s->pool.data + at->aux, 16);
}

static bool has_immediate(enum x64_form form)
{
    return form == FORM_ALU_RMI || form == FORM_MOV_RMI || form == FORM_VEX_RVMI;
}

/* Of whose result only the lowest lane counts: addsd, cvtsi2sd... Half a slot holds it. */
static bool is_scalar(const struct x64_row *legacy)
{
    return legacy->form == FORM_ALU_RM && legacy->width != 16;
}

struct sel_xmm vec_rvm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, mir_vreg b,
                       const struct sel_amode *at, uint32_t imm)
{
    struct sel_xmm d = result(s);

    if (is_scalar(&x64_rows[op]))
        s->vregs[d.v].width = MIR_W64;
    op = encoding_of(s, op);
    if (has_immediate((enum x64_form)x64_rows[op].form))
        b = without_pool(s, b, at);
    sel_inst(s, op, size)->imm = imm;
    if (x64_rows[op].vex) {
        sel_def_reg(s, d.v);
        sel_use(s, a);
    } else {
        sel_use(s, a);
        sel_def_reuse(s, d.v, 0);
    }
    rm_operand(s, op, b, at);
    return d;
}

struct sel_xmm vec_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg b,
                      const struct sel_amode *at, uint32_t imm)
{
    struct sel_xmm d = result(s);

    op = encoding_of(s, op);
    if (has_immediate((enum x64_form)x64_rows[op].form))
        b = without_pool(s, b, at);
    sel_inst(s, op, size)->imm = imm;
    sel_def_reg(s, d.v);
    rm_operand(s, op, b, at);
    return d;
}

struct sel_xmm vec_shift(struct select *s, enum x64_op op, struct sel_xmm a, uint32_t imm)
{
    struct sel_xmm d = result(s);

    op = encoding_of(s, op);
    sel_inst(s, op, 16)->imm = imm;
    if (x64_rows[op].vex) {
        sel_def_reg(s, d.v);
        sel_use(s, a.v);
    } else {
        sel_use(s, a.v);
        sel_def_reuse(s, d.v, 0);
    }
    return d;
}

void vec_compare(struct select *s, enum x64_op op, mir_vreg a, mir_vreg b,
                 const struct sel_amode *at)
{
    op = encoding_of(s, op);
    sel_inst(s, op, 16);
    sel_use(s, a);
    rm_operand(s, op, b, at);
}

struct sel_gpr vec_to_gpr(struct select *s, enum x64_op op, uint32_t size, mir_vreg b,
                          const struct sel_amode *at, uint32_t imm)
{
    struct sel_gpr d = {sel_gpr_new(s, size)};

    op = encoding_of(s, op);
    sel_inst(s, op, size)->imm = imm;
    sel_def_reg(s, d.v);
    rm_operand(s, op, b, at);
    return d;
}

struct sel_gpr vec_def_gpr(struct select *s, enum x64_op op, uint32_t size, struct sel_xmm a,
                           uint32_t imm)
{
    struct sel_gpr d = {sel_gpr_new(s, size)};

    sel_inst(s, encoding_of(s, op), size)->imm = imm;
    sel_def_reg(s, d.v);
    sel_use(s, a.v);
    return d;
}

void vec_store(struct select *s, enum x64_op op, const struct sel_amode *at, struct sel_xmm a,
               uint32_t imm)
{
    sel_inst(s, encoding_of(s, op), 16)->imm = imm;
    sel_use(s, a.v);
    sel_mem(s, at);
}

/* ---- constants ---------------------------------------------------------------------------------
 */

static struct sel_xmm made_of_nothing(struct select *s, enum x64_op op)
{
    struct sel_xmm d = result(s);

    sel_inst(s, op, 16)->flags = MIR_IS_REMAT;
    sel_def_reg(s, d.v);
    return d;
}

struct sel_xmm vec_zero(struct select *s)
{
    return made_of_nothing(s, X64_ZERO_XMM);
}

struct sel_xmm vec_ones(struct select *s)
{
    return made_of_nothing(s, X64_ONES_XMM);
}

struct sel_xm128 vec_const(struct select *s, uint64_t low, uint64_t high)
{
    uint8_t bytes[16];

    memcpy(bytes, &low, 8);
    memcpy(bytes + 8, &high, 8);
    return (struct sel_xm128){MIR_NONE, sel_pool_amode(sel_pool16(s, bytes))};
}

struct sel_xmm vec_const_reg(struct select *s, uint64_t low, uint64_t high)
{
    uint8_t bytes[16];

    if (low == 0 && high == 0)
        return vec_zero(s);
    if (low == UINT64_MAX && high == UINT64_MAX)
        return vec_ones(s);
    memcpy(bytes, &low, 8);
    memcpy(bytes + 8, &high, 8);
    return (struct sel_xmm){sel_pool_xmm(s, bytes, 16)};
}

static uint64_t repeated(uint32_t bits, uint64_t value)
{
    for (; bits < 64; bits *= 2)
        value = (value & ((UINT64_C(1) << bits) - 1)) | value << bits;
    return value;
}

struct sel_xm128 vec_each(struct select *s, uint32_t bits, uint64_t value)
{
    value = repeated(bits, value);
    return vec_const(s, value, value);
}

struct sel_xmm vec_each_reg(struct select *s, uint32_t bits, uint64_t value)
{
    value = repeated(bits, value);
    return vec_const_reg(s, value, value);
}

static uint64_t number_bits(enum vec_lanes l, double number)
{
    float single = (float)number;
    uint64_t bits = 0;

    if (vec_is_double(l))
        memcpy(&bits, &number, 8);
    else
        memcpy(&bits, &single, 4);
    return bits;
}

struct sel_xm128 vec_number(struct select *s, enum vec_lanes l, double number)
{
    return vec_each(s, vec_is_double(l) ? 64 : 32, number_bits(l, number));
}

struct sel_xmm vec_number_reg(struct select *s, enum vec_lanes l, double number)
{
    return vec_each_reg(s, vec_is_double(l) ? 64 : 32, number_bits(l, number));
}

/* ---- choice ------------------------------------------------------------------------------------
 */

static struct sel_xmm blend(struct select *s, enum x64_op op, struct sel_xmm a, struct sel_xmm b,
                            struct sel_xmm mask)
{
    struct sel_xmm d = result(s);

    sel_inst(s, op, 16);
    sel_def_reg(s, d.v);
    sel_use(s, a.v);
    sel_use(s, mask.v);
    rm_operand(s, op, b.v, NULL);
    return d;
}

struct sel_xmm vec_blend(struct select *s, struct sel_xmm a, struct sel_xmm b, struct sel_xmm mask)
{
    if (sel_has(s, CODEGEN_AVX))
        return blend(s, X64_VPBLENDVB, a, b, mask);
    return r_POR(s, r_PAND(s, b, mask), r_PANDN(s, mask, a));
}

struct sel_xmm vec_fblend(struct select *s, struct sel_xmm a, struct sel_xmm b, struct sel_xmm mask)
{
    if (sel_has(s, CODEGEN_AVX))
        return blend(s, X64_VBLENDVPS, a, b, mask);
    return r_ORPS(s, r_ANDPS(s, b, mask), r_ANDNPS(s, mask, a));
}
