/* select_int: see select_int.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_int.h"

/* ---- extractors and predicates ------ */

bool sel_scale(struct select *s, ir_value v, uint32_t *log2)
{
    uint64_t bits;

    if (!sel_const(s, v, &bits) || bits < 1 || bits > 3)
        return false;
    *log2 = (uint32_t)bits;
    return true;
}

bool sel_lea_factor(struct select *s, ir_value v, uint32_t *log2)
{
    uint64_t bits;

    if (!sel_const(s, v, &bits) || (bits != 3 && bits != 5 && bits != 9))
        return false;
    *log2 = bits == 3 ? 1 : bits == 5 ? 2 : 3;
    return true;
}

bool sel_count(struct select *s, ir_value v, int32_t *count)
{
    uint64_t bits;

    if (!sel_const(s, v, &bits))
        return false;
    *count = (int32_t)(bits & 63);
    return true;
}

bool sel_sub_imm(struct select *s, ir_value v, int32_t *negated)
{
    int32_t imm;

    if (!sel_imm32(s, v, &imm) || imm == INT32_MIN)
        return false;
    *negated = -imm;
    return true;
}

bool sel_sinks32(struct select *s, ir_value v)
{
    return sel_can_sink(s, v, 4);
}

bool sel_sinks64(struct select *s, ir_value v)
{
    return sel_can_sink(s, v, 8);
}

bool sel_once(struct select *s, ir_value v)
{
    return sel_used_once(s, v) && s->vreg_of[v] == 0;
}

bool sel_unclean(struct select *s, ir_value v)
{
    return (s->value_flags[v] & SEL_CLEAN) == 0;
}

bool sel_bmi1(struct select *s)
{
    return sel_has(s, CODEGEN_BMI1);
}

bool sel_bmi2(struct select *s)
{
    return sel_has(s, CODEGEN_BMI2);
}

bool sel_lzcnt(struct select *s)
{
    return sel_has(s, CODEGEN_LZCNT);
}

bool sel_popcnt(struct select *s)
{
    return sel_has(s, CODEGEN_POPCNT);
}

int32_t sel_rorx_count32(struct select *s, int32_t k)
{
    (void)s;
    return -k & 31;
}

int32_t sel_rorx_count64(struct select *s, int32_t k)
{
    (void)s;
    return -k & 63;
}

/* ---- addresses as arithmetic ------ */

static struct sel_gpr lea(struct select *s, uint32_t size, mir_vreg base, mir_vreg index,
                          uint32_t log2, int32_t disp)
{
    struct sel_amode at = {.scale = X64_BASE_VREG << X64_MEM_BASE_SHIFT, .base = base, .disp =
                           disp};

    if (index != 0) {
        at.scale = (uint8_t)(at.scale | X64_MEM_INDEX | log2);
        at.index = index;
    }
    return (struct sel_gpr){sel_lea(s, size, at)};
}

struct sel_gpr sel_lea32(struct select *s, struct sel_gpr a, struct sel_gpr b)
{
    return lea(s, 4, a.v, b.v, 0, 0);
}

struct sel_gpr sel_lea64(struct select *s, struct sel_gpr a, struct sel_gpr b)
{
    return lea(s, 8, a.v, b.v, 0, 0);
}

struct sel_gpr sel_lea_scaled32(struct select *s, struct sel_gpr a, struct sel_gpr b, uint32_t log2)
{
    return lea(s, 4, a.v, b.v, log2, 0);
}

struct sel_gpr sel_lea_scaled64(struct select *s, struct sel_gpr a, struct sel_gpr b, uint32_t log2)
{
    return lea(s, 8, a.v, b.v, log2, 0);
}

struct sel_gpr sel_lea_disp32(struct select *s, struct sel_gpr a, int32_t disp)
{
    return lea(s, 4, a.v, 0, 0, disp);
}

struct sel_gpr sel_lea_disp64(struct select *s, struct sel_gpr a, int32_t disp)
{
    return lea(s, 8, a.v, 0, 0, disp);
}

struct sel_gpr sel_lea_all32(struct select *s, struct sel_gpr a, struct sel_gpr b, int32_t disp)
{
    return lea(s, 4, a.v, b.v, 0, disp);
}

struct sel_gpr sel_lea_all64(struct select *s, struct sel_gpr a, struct sel_gpr b, int32_t disp)
{
    return lea(s, 8, a.v, b.v, 0, disp);
}

struct sel_gpr sel_lea_scaled_all32(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                    uint32_t log2, int32_t disp)
{
    return lea(s, 4, a.v, b.v, log2, disp);
}

struct sel_gpr sel_lea_scaled_all64(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                    uint32_t log2, int32_t disp)
{
    return lea(s, 8, a.v, b.v, log2, disp);
}

struct sel_gpr sel_lea_self32(struct select *s, struct sel_gpr a, uint32_t log2)
{
    return lea(s, 4, a.v, a.v, log2, 0);
}

struct sel_gpr sel_lea_self64(struct select *s, struct sel_gpr a, uint32_t log2)
{
    return lea(s, 8, a.v, a.v, log2, 0);
}

/* ---- widths ------ */

struct sel_gpr sel_reg(struct select *s, ir_value v)
{
    return sel_gpr(s, v);
}

/* The low half, with a zero high half. */
struct sel_gpr sel_low32(struct select *s, struct sel_gpr a)
{
    return (struct sel_gpr){sel_mov_rm(s, X64_MOV_RM, 4, a.v, NULL)};
}

mir_vreg sel_of_gpr(struct select *s, struct sel_gpr a)
{
    (void)s;
    return a.v;
}

mir_vreg sel_of_xmm(struct select *s, struct sel_xmm a)
{
    (void)s;
    return a.v;
}

struct sel_gpr sel_narrow_zext(struct select *s, enum ir_type t, ir_value v)
{
    (void)t;
    return sel_gpr_zext(s, v);
}

struct sel_gpr sel_narrow_sext(struct select *s, enum ir_type t, ir_value v)
{
    (void)t;
    return sel_gpr_sext(s, v);
}

/* A shift count modulo the width of a narrow type. */
struct sel_gpr sel_narrow_count(struct select *s, enum ir_type t, ir_value v)
{
    int32_t mask = (int32_t)ir_type_bits(t) - 1;

    return (struct sel_gpr){sel_alu_ri(s, X64_AND_RI, 4, sel_in_reg(s, v), mask)};
}

/* ---- counting without the instructions for it ------ */

static uint32_t size_of(enum ir_type t)
{
    return t == IR_I64 || t == IR_REF ? 8 : 4;
}

static mir_vreg cmov(struct select *s, uint32_t size, enum x64_cc cc, mir_vreg otherwise,
                     mir_vreg when)
{
    mir_vreg r = sel_gpr_new(s, size);

    sel_inst(s, X64_CMOV, size)->cc = (uint8_t)cc;
    sel_use(s, otherwise);
    sel_def_reuse(s, r, 0);
    sel_use_any(s, when);
    return r;
}

/* bsr gives the number of the highest bit and ZF for zero. */
struct sel_gpr sel_clz_bsr(struct select *s, enum ir_type t, struct sel_gpr a)
{
    uint32_t size = size_of(t), bits = size * 8;
    mir_vreg none = sel_imm(s, size, 2 * bits - 1);
    mir_vreg high = sel_mov_rm(s, X64_BSR_RM, size, a.v, NULL);
    mir_vreg r = cmov(s, size, X64_CC_E, high, none);

    return (struct sel_gpr){sel_alu_ri(s, X64_XOR_RI, size, r, (int32_t)bits - 1)};
}

struct sel_gpr sel_ctz_bsf(struct select *s, enum ir_type t, struct sel_gpr a)
{
    uint32_t size = size_of(t);
    mir_vreg none = sel_imm(s, size, size * 8);
    mir_vreg low = sel_mov_rm(s, X64_BSF_RM, size, a.v, NULL);

    return (struct sel_gpr){cmov(s, size, X64_CC_E, low, none)};
}

static mir_vreg and_mask(struct select *s, uint32_t size, mir_vreg a, uint64_t mask)
{
    return sel_alu_rm(s, X64_AND_RM, size, a, sel_imm(s, size, mask), NULL);
}

/* Sums of bits in pairs, fours and bytes; a multiplication adds the bytes. */
struct sel_gpr sel_popcnt_plain(struct select *s, enum ir_type t, struct sel_gpr a)
{
    uint32_t z = size_of(t);
    mir_vreg odd = and_mask(s, z, sel_alu_ri(s, X64_SHR_RI, z, a.v, 1), 0x5555555555555555u);
    mir_vreg two = sel_alu_rm(s, X64_SUB_RM, z, a.v, odd, NULL);
    mir_vreg high = and_mask(s, z, sel_alu_ri(s, X64_SHR_RI, z, two, 2), 0x3333333333333333u);
    mir_vreg four = sel_alu_rm(s, X64_ADD_RM, z, and_mask(s, z, two, 0x3333333333333333u), high,
                               NULL);
    mir_vreg sum = sel_alu_rm(s, X64_ADD_RM, z, sel_alu_ri(s, X64_SHR_RI, z, four, 4), four, NULL);
    mir_vreg bytes = and_mask(s, z, sum, 0x0f0f0f0f0f0f0f0fu);
    mir_vreg product =
        sel_alu_rm(s, X64_IMUL_RM, z, bytes, sel_imm(s, z, 0x0101010101010101u), NULL);

    return (struct sel_gpr){sel_alu_ri(s, X64_SHR_RI, z, product, (int32_t)z * 8 - 8)};
}

/* ---- multiplication and division ------ */

struct sel_gpr sel_mulhi(struct select *s, bool is_signed, enum ir_type t, struct sel_gpr a,
                         struct sel_gpr b)
{
    uint32_t size = size_of(t);
    mir_vreg low = sel_gpr_new(s, size), high = sel_gpr_new(s, size);

    sel_inst(s, is_signed ? X64_IMUL1_RM : X64_MUL_RM, size);
    sel_use_fixed(s, a.v, X64_RAX);
    sel_def_fixed(s, low, X64_RAX);
    sel_def_fixed(s, high, X64_RDX);
    sel_use_any(s, b.v);
    return (struct sel_gpr){high};
}

struct sel_gpr sel_divide(struct select *s, bool is_signed, bool rem, enum ir_type t, ir_value a,
                          ir_value b)
{
    uint32_t size = size_of(t);
    struct sel_gpr x = is_signed ? sel_gpr_sext(s, a) : sel_gpr_zext(s, a);
    struct sel_gpr y = is_signed ? sel_gpr_sext(s, b) : sel_gpr_zext(s, b);
    mir_vreg quotient = sel_gpr_new(s, size), remainder = sel_gpr_new(s, size);
    int64_t value;
    uint8_t extra = is_signed ? X64_DIV_SIGNED : 0;

    if (sel_const_signed(s, b, &value)) {
        extra |= value != 0 ? X64_DIV_NOT_ZERO : 0;
        extra |= value != -1 ? X64_DIV_NOT_MINUS_ONE : 0;
    }
    sel_inst(s, rem ? X64_REM : X64_DIV, size)->extra = extra;
    sel_use_fixed(s, x.v, X64_RAX);
    sel_operand(s, y.v, MIR_USE, MIR_LATE, MIR_REG, 0);
    sel_def_fixed(s, quotient, X64_RAX);
    sel_def_fixed(s, remainder, X64_RDX);
    return (struct sel_gpr){rem ? remainder : quotient};
}

/* The sum, and a trap when it carries. */
struct sel_gpr sel_uadd_trap(struct select *s, enum ir_type t, ir_value a, ir_value b,
                             uint32_t code)
{
    uint32_t size = size_of(t);
    mir_vreg x = sel_in_reg(s, a), r;
    int32_t imm;

    if (sel_imm32(s, b, &imm))
        r = sel_alu_ri(s, X64_ADD_RI, size, x, imm);
    else
        r = sel_alu_rm(s, X64_ADD_RM, size, x, sel_in_reg(s, b), NULL);
    sel_trap_if(s, (struct sel_flags){X64_CC_B}, code);
    return (struct sel_gpr){r};
}

/* ---- conditions as values ------ */

struct sel_gpr sel_setcc(struct select *s, struct sel_flags f)
{
    mir_vreg r = sel_gpr_new(s, 4);

    sel_inst(s, X64_SETCC, 4)->cc = (uint8_t)f.cc;
    sel_def_reg(s, r);
    return (struct sel_gpr){r};
}

/* The register is zero before the comparison, so that one byte is all that is left to write. */
struct sel_gpr sel_truth(struct select *s, ir_value v)
{
    mir_vreg zero = sel_imm(s, 4, 0), r = sel_gpr_new(s, 4);

    s->insts[s->inst_count - 1].flags = 0; /* made here, not again behind the comparison */
    struct sel_flags f = sel_condition(s, v);

    sel_inst(s, X64_SETCC, 4)->cc = (uint8_t)f.cc;
    sel_use(s, zero);
    sel_def_reuse(s, r, 0);
    return (struct sel_gpr){r};
}

static mir_vreg move_if(struct select *s, enum ir_type t, enum x64_cc cc, mir_vreg otherwise,
                        mir_vreg when)
{
    if (sel_class(t) == MIR_GPR)
        return cmov(s, size_of(t), cc, otherwise, when);
    mir_vreg r = sel_vreg_new(s, MIR_XMM, sel_width(t));
    sel_inst(s, X64_CMOV_XMM, t == IR_V128 ? 16 : sel_width(t) == MIR_W64 ? 8 : 4)->cc =
        (uint8_t)cc;
    sel_use(s, otherwise);
    sel_def_reuse(s, r, 0);
    sel_use(s, when);
    return r;
}

/* a when c is not zero, else b. */
mir_vreg sel_choose(struct select *s, ir_value a, ir_value b, ir_value c)
{
    enum ir_type t = (enum ir_type)sel_at(s, a)->type;
    mir_vreg when = sel_in_reg(s, a), otherwise = sel_in_reg(s, b);
    struct sel_flags f = sel_condition(s, c);

    if (f.cc == X64_CC_FEQ) {
        mir_vreg swap = when;
        when = otherwise;
        otherwise = swap;
        f.cc = X64_CC_FNE;
    }
    if (f.cc == X64_CC_FNE) {
        otherwise = move_if(s, t, X64_CC_NE, otherwise, when);
        f.cc = X64_CC_P;
    }
    return move_if(s, t, f.cc, otherwise, when);
}
