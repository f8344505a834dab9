/* select_value: values to virtual registers, and the builders of instructions; see select.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select.h"

#include <assert.h>

mir_vreg sel_vreg_new(struct select *s, enum mir_class class, enum mir_width width)
{
    if (s->vreg_count == s->vreg_capacity) {
        uint32_t more = s->vreg_capacity * 2;
        s->vregs = arena_grow_raw(s->arena, s->vregs, s->vreg_capacity, more, sizeof(*s->vregs));
        s->alias = arena_grow_raw(s->arena, s->alias, s->vreg_capacity, more, sizeof(*s->alias));
        s->vreg_capacity = more;
    }
    s->vregs[s->vreg_count] =
        (struct mir_vreg_info){.class = (uint8_t)class, .width = (uint8_t)width, .remat = MIR_NONE};
    s->alias[s->vreg_count] = 0;
    return s->vreg_count++;
}

enum mir_class sel_class(enum ir_type t)
{
    return t == IR_F32 || t == IR_F64 || t == IR_V128 ? MIR_XMM : MIR_GPR;
}

enum mir_width sel_width(enum ir_type t)
{
    return t == IR_V128 ? MIR_W128 : t == IR_I64 || t == IR_F64 || t == IR_REF ? MIR_W64 : MIR_W32;
}

static mir_vreg constant(struct select *s, const struct ir_inst *i)
{
    uint64_t bits = ir_const_bits(i);

    if (i->op == IR_OP_ICONST)
        return sel_imm(s, i->type == IR_I64 || i->type == IR_REF ? 8 : 4, bits);
    if (bits == 0) {
        mir_vreg r = sel_vreg_new(s, MIR_XMM, sel_width((enum ir_type)i->type));
        sel_inst(s, X64_ZERO_XMM, 16)->flags = MIR_IS_REMAT;
        sel_def_reg(s, r);
        return r;
    }
    uint8_t bytes[16] = {0};
    memcpy(bytes, &bits, 8);
    return sel_pool_xmm(s, bytes, i->type == IR_F64 ? 8 : 4);
}

static mir_vreg vector_constant(struct select *s, const uint8_t bytes[16])
{
    static const uint8_t zeros[16];
    uint8_t ones[16];

    memset(ones, 0xff, 16);
    if (memcmp(bytes, zeros, 16) != 0 && memcmp(bytes, ones, 16) != 0)
        return sel_pool_xmm(s, bytes, 16);
    mir_vreg r = sel_vreg_new(s, MIR_XMM, MIR_W128);
    sel_inst(s, bytes[0] == 0 ? X64_ZERO_XMM : X64_ONES_XMM, 16)->flags = MIR_IS_REMAT;
    sel_def_reg(s, r);
    return r;
}

mir_vreg sel_in_reg(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);

    if (i->op == IR_OP_ALIAS) {
        v = ir_resolve(s->f, v);
        i = sel_at(s, v);
    }
    if (i->op == IR_OP_ICONST || i->op == IR_OP_FCONST)
        return constant(s, i);
    if (i->op == IR_OP_VCONST)
        return vector_constant(s, s->f->constants16[i->a]);
    assert((s->value_flags[v] & SEL_SUNK) == 0 && "a load that was merged is asked for again");
    if (s->vreg_of[v] == 0) {
        enum ir_type t = (enum ir_type)i->type;
        bool unclean = t == IR_I32 && i->op == IR_OP_PARAM && (s->value_flags[v] & SEL_CLEAN) == 0;
        s->vreg_of[v] = sel_vreg_new(s, sel_class(t), unclean ? MIR_W64 : sel_width(t));
    }
    return s->vreg_of[v];
}

struct sel_gpr sel_gpr(struct select *s, ir_value v)
{
    assert(sel_class((enum ir_type)sel_at(s, v)->type) == MIR_GPR);
    return (struct sel_gpr){sel_in_reg(s, v)};
}

struct sel_xmm sel_xmm(struct select *s, ir_value v)
{
    assert(sel_class((enum ir_type)sel_at(s, v)->type) == MIR_XMM);
    return (struct sel_xmm){sel_in_reg(s, v)};
}

static struct sel_gpr extended(struct select *s, ir_value v, enum x64_op op8, enum x64_op op16)
{
    enum ir_type t = (enum ir_type)sel_at(s, v)->type;
    struct sel_gpr r = sel_gpr(s, v);

    if (t == IR_I8)
        r.v = sel_mov_rm(s, op8, 4, r.v, NULL);
    else if (t == IR_I16)
        r.v = sel_mov_rm(s, op16, 4, r.v, NULL);
    return r;
}

struct sel_gpr sel_gpr_zext(struct select *s, ir_value v)
{
    return extended(s, v, X64_MOVZX8_RM, X64_MOVZX16_RM);
}

struct sel_gpr sel_gpr_sext(struct select *s, ir_value v)
{
    return extended(s, v, X64_MOVSX8_RM, X64_MOVSX16_RM);
}

void sel_result(struct select *s, ir_value v, mir_vreg r)
{
    mir_vreg want = s->vreg_of[v];

    if (want == 0) /* selected for its effect only */
        return;
    assert(s->vregs[want].class == s->vregs[r].class);
    s->alias[want] = r;
}

bool sel_const(struct select *s, ir_value v, uint64_t *bits)
{
    const struct ir_inst *i = sel_at(s, v);

    if (i->op == IR_OP_ALIAS)
        i = sel_at(s, ir_resolve(s->f, v));
    if (i->op != IR_OP_ICONST)
        return false;
    *bits = ir_const_bits(i);
    return true;
}

bool sel_const_signed(struct select *s, ir_value v, int64_t *value)
{
    uint64_t bits;

    if (!sel_const(s, v, &bits))
        return false;
    uint32_t unused = 64 - ir_type_bits((enum ir_type)sel_at(s, v)->type);
    *value = (int64_t)(bits << unused) >> unused;
    return true;
}

bool sel_imm32(struct select *s, ir_value v, int32_t *imm)
{
    int64_t value;

    if (!sel_const_signed(s, v, &value) || !x64_fits32(value))
        return false;
    *imm = (int32_t)value;
    return true;
}

bool sel_has(const struct select *s, uint32_t features)
{
    return (s->options->features & features) == features;
}

/* ---- building ------ */

struct mir_inst *sel_inst(struct select *s, enum x64_op op, uint32_t size)
{
    if (s->inst_count == s->inst_capacity) {
        uint32_t old = s->inst_capacity, more = old * 2;
        s->insts = arena_grow_raw(s->arena, s->insts, old, more, sizeof(*s->insts));
        s->operand_first = arena_grow_raw(s->arena, s->operand_first, (size_t)old + 1,
                                          (size_t)more + 1, sizeof(*s->operand_first));
        s->clobbers = arena_grow_raw(s->arena, s->clobbers, old, more, sizeof(*s->clobbers));
        s->sources = arena_grow_raw(s->arena, s->sources, old, more, sizeof(*s->sources));
        s->inst_capacity = more;
    }
    uint32_t n = s->inst_count++;
    s->insts[n] = (struct mir_inst){.op = (uint16_t)op, .size = (uint8_t)size};
    s->operand_first[n] = s->operand_count; /* and so the end of the one before */
    s->clobbers[n] = 0;
    s->sources[n] = s->source;
    return &s->insts[n];
}

void sel_operand(struct select *s, mir_vreg v, enum mir_kind kind, enum mir_position position,
                 enum mir_constraint constraint, uint32_t arg)
{
    struct mir_operand o = {v, (uint8_t)kind, (uint8_t)position, (uint8_t)constraint, (uint8_t)arg};

    assert(v != 0 && v < s->vreg_count);
    ARENA_PUSH(s->arena, s->operands, s->operand_count, s->operand_capacity, o);
}

void sel_mem(struct select *s, const struct sel_amode *at)
{
    struct mir_inst *i = &s->insts[s->inst_count - 1];

    i->scale = at->scale;
    i->disp = at->disp;
    i->aux = at->aux;
    i->trap = at->trap;
    if (at->source != 0)
        s->sources[s->inst_count - 1] = at->source;
    if (x64_base_of(i) == X64_BASE_VREG)
        sel_use(s, at->base);
    if ((at->scale & X64_MEM_INDEX) != 0)
        sel_use(s, at->index);
}

void sel_clobber(struct select *s, mir_preg_set regs)
{
    s->clobbers[s->inst_count - 1] |= regs;
}

void sel_rm(struct select *s, mir_vreg b, const struct sel_amode *at)
{
    if (at != NULL)
        sel_mem(s, at);
    else
        sel_use_any(s, b);
}

mir_vreg sel_alu_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, mir_vreg b,
                    const struct sel_amode *at)
{
    mir_vreg r = sel_gpr_new(s, size);

    sel_inst(s, op, size);
    sel_use(s, a);
    sel_def_reuse(s, r, 0);
    sel_rm(s, b, at);
    return r;
}

mir_vreg sel_alu_ri(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, int32_t imm)
{
    mir_vreg r = sel_un(s, op, size, a);

    s->insts[s->inst_count - 1].imm = imm;
    return r;
}

mir_vreg sel_un(struct select *s, enum x64_op op, uint32_t size, mir_vreg a)
{
    mir_vreg r = sel_gpr_new(s, size);

    sel_inst(s, op, size);
    sel_use(s, a);
    sel_def_reuse(s, r, 0);
    return r;
}

mir_vreg sel_mov_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a,
                    const struct sel_amode *at)
{
    mir_vreg r = sel_gpr_new(s, size);

    sel_inst(s, op, size);
    sel_def_reg(s, r);
    sel_rm(s, a, at);
    return r;
}

mir_vreg sel_vex(struct select *s, enum x64_op op, uint32_t size, mir_vreg vvvv, mir_vreg b,
                 const struct sel_amode *at)
{
    mir_vreg r = sel_gpr_new(s, size);

    sel_inst(s, op, size);
    sel_def_reg(s, r);
    sel_use(s, vvvv);
    sel_rm(s, b, at);
    return r;
}

mir_vreg sel_lea(struct select *s, uint32_t size, struct sel_amode at)
{
    mir_vreg r = sel_gpr_new(s, size);

    at.trap = 0;
    sel_inst(s, X64_LEA, size);
    sel_def_reg(s, r);
    sel_mem(s, &at);
    return r;
}

mir_vreg sel_imm(struct select *s, uint32_t size, uint64_t value)
{
    mir_vreg r = sel_gpr_new(s, size);
    struct mir_inst *i = sel_inst(s, X64_IMM, size);

    i->imm = (int64_t)(size == 8 ? value : (uint32_t)value);
    i->flags = MIR_IS_REMAT;
    sel_def_reg(s, r);
    return r;
}

void sel_store_r(struct select *s, enum x64_op op, uint32_t size, const struct sel_amode *at,
                 mir_vreg value)
{
    sel_inst(s, op, size);
    sel_use(s, value);
    sel_mem(s, at);
}

void sel_store_i(struct select *s, enum x64_op op, uint32_t size, const struct sel_amode *at,
                 int32_t imm)
{
    sel_inst(s, op, size)->imm = imm;
    sel_mem(s, at);
}

mir_vreg sel_load_gpr(struct select *s, enum ir_type type, const struct ir_access *access,
                      const struct sel_amode *at)
{
    bool sign = (access->flags & IR_ACCESS_SIGNED) != 0;
    uint32_t size = type == IR_I64 || type == IR_REF ? 8 : 4;

    switch (access->bytes) {
    case 1: return sel_mov_rm(s, sign ? X64_MOVSX8_RM : X64_MOVZX8_RM, sign ? size : 4, 0, at);
    case 2: return sel_mov_rm(s, sign ? X64_MOVSX16_RM : X64_MOVZX16_RM, sign ? size : 4, 0, at);
    case 4:
        if (sign && size == 8)
            return sel_mov_rm(s, X64_MOVSXD_RM, 8, 0, at);
        return sel_mov_rm(s, X64_MOV_RM, 4, 0, at);
    default: return sel_mov_rm(s, X64_MOV_RM, 8, 0, at);
    }
}
