/* select_access: loads, stores, atomics and addresses, for rules/x64/memory.rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_int.h"
#include "shield/codegen/x64/select_vector.h"

static const struct ir_access *access_of(struct select *s, uint32_t access)
{
    return &s->f->accesses[access];
}

mir_vreg sel_load(struct select *s, enum ir_type t, ir_value address, uint32_t access)
{
    struct sel_amode at = sel_amode(s, address, access_of(s, access));

    if (sel_class(t) == MIR_XMM)
        return sel_load_xmm(s, t, at).v;
    return sel_load_gpr(s, t, access_of(s, access), &at);
}

/* What a store of so many bytes may take instead of v: operations that only change what lies above
 * are left out. */
static ir_value stored(struct select *s, ir_value v, uint32_t bytes)
{
    enum { STEPS_MAX = 4 };
    uint64_t mask = bytes == 8 ? UINT64_MAX : (UINT64_C(1) << bytes * 8) - 1, k;

    for (uint32_t step = 0; step < STEPS_MAX; step++) {
        const struct ir_inst *i = sel_def(s, v);
        bool skip = i->op == IR_OP_IREDUCE && sel_at(s, i->a)->type != IR_I128;
        skip |= (i->op == IR_OP_UEXTEND || i->op == IR_OP_SEXTEND) &&
                ir_type_bits((enum ir_type)sel_at(s, i->a)->type) >= bytes * 8;
        skip |= i->op == IR_OP_IAND && sel_const(s, i->b, &k) && (k & mask) == mask;
        if (!skip)
            break;
        v = i->a;
    }
    return v;
}

void sel_store(struct select *s, ir_value address, ir_value value, uint32_t access)
{
    const struct ir_access *x = access_of(s, access);
    enum ir_type t = (enum ir_type)sel_at(s, value)->type;
    struct sel_amode at;
    int64_t imm;

    if (sel_class(t) == MIR_XMM) {
        struct sel_xmm v = sel_xmm(s, value);
        sel_store_xmm(s, t, sel_amode(s, address, x), v);
        return;
    }
    value = stored(s, value, x->bytes);
    if (sel_const_signed(s, value, &imm)) {
        if (x->bytes < 8)
            imm = x->bytes == 4 ? (int32_t)imm : x->bytes == 2 ? (int16_t)imm : (int8_t)imm;
        if (x64_fits32(imm)) {
            at = sel_amode(s, address, x);
            sel_store_i(s, X64_MOV_MI, x->bytes, &at, (int32_t)imm);
            return;
        }
    }
    mir_vreg v = sel_in_reg(s, value);
    at = sel_amode(s, address, x);
    sel_store_r(s, X64_MOV_MR, x->bytes, &at, v);
}

/* ---- operations on memory ------ */

bool sel_same_place(struct select *s, ir_value load, uint32_t store_access)
{
    const struct ir_access *a = access_of(s, sel_at(s, load)->c), *b = access_of(s, store_access);

    return a->offset == b->offset && a->region == b->region && sel_can_sink(s, load, b->bytes);
}

bool sel_width_is(struct select *s, uint32_t access, uint32_t bytes)
{
    return access_of(s, access)->bytes == bytes;
}

struct sel_mem8 sel_place8(struct select *s, ir_value load)
{
    return (struct sel_mem8){sel_sink(s, load)};
}

struct sel_mem16 sel_place16(struct select *s, ir_value load)
{
    return (struct sel_mem16){sel_sink(s, load)};
}

struct sel_mem32 sel_place32(struct select *s, ir_value load)
{
    return (struct sel_mem32){sel_sink(s, load)};
}

struct sel_mem64 sel_place64(struct select *s, ir_value load)
{
    return (struct sel_mem64){sel_sink(s, load)};
}

/* ---- atomics ------ */

/* What was read in `bytes`, zero-extended. */
static mir_vreg widened(struct select *s, uint32_t bytes, mir_vreg r)
{
    if (bytes == 1)
        return sel_mov_rm(s, X64_MOVZX8_RM, 4, r, NULL);
    if (bytes == 2)
        return sel_mov_rm(s, X64_MOVZX16_RM, 4, r, NULL);
    if (bytes == 4)
        return sel_mov_rm(s, X64_MOV_RM, 4, r, NULL);
    return r;
}

/* xchg and xadd: the register is exchanged with memory. */
static mir_vreg exchange(struct select *s, enum x64_op op, uint32_t bytes, mir_vreg v,
                         const struct sel_amode *at)
{
    mir_vreg r = sel_vreg_new(s, MIR_GPR, MIR_W64);

    sel_inst(s, op, bytes);
    sel_use(s, v);
    sel_def_reuse(s, r, 0);
    sel_mem(s, at);
    return widened(s, bytes, r);
}

/* A loop around cmpxchg; the result is in rax. */
static mir_vreg compute_loop(struct select *s, enum ir_rmw op, uint32_t bytes, mir_vreg v,
                             const struct sel_amode *at)
{
    mir_vreg r = sel_vreg_new(s, MIR_GPR, MIR_W64);

    sel_inst(s, X64_ATOMIC_LOOP, bytes)->extra = (uint8_t)op;
    sel_use(s, v);
    sel_operand(s, r, MIR_DEF, MIR_EARLY, MIR_FIXED, X64_RAX);
    sel_mem(s, at);
    return widened(s, bytes, r);
}

mir_vreg sel_atomic_rmw(struct select *s, enum ir_type t, enum ir_rmw op, ir_value address,
                        ir_value operand, uint32_t access)
{
    const struct ir_access *x = access_of(s, access);
    mir_vreg v = sel_in_reg(s, operand);
    struct sel_amode at = sel_amode(s, address, x);
    static const uint16_t plain[] = {[IR_RMW_ADD] = X64_LADD_MR, [IR_RMW_SUB] = X64_LSUB_MR,
                                     [IR_RMW_AND] = X64_LAND_MR, [IR_RMW_OR] = X64_LOR_MR,
                                     [IR_RMW_XOR] = X64_LXOR_MR};

    if (op != IR_RMW_XCHG && s->vreg_of[s->root] == 0) { /* nobody wants the old value */
        sel_store_r(s, (enum x64_op)plain[op], x->bytes, &at, v);
        return v;
    }
    switch (op) {
    case IR_RMW_XCHG: return exchange(s, X64_XCHG_MR, x->bytes, v, &at);
    case IR_RMW_ADD: return exchange(s, X64_LXADD_MR, x->bytes, v, &at);
    case IR_RMW_SUB:
        v = sel_un(s, X64_NEG_R, t == IR_I64 ? 8 : 4, v);
        return exchange(s, X64_LXADD_MR, x->bytes, v, &at);
    default: return compute_loop(s, op, x->bytes, v, &at);
    }
}

mir_vreg sel_cmpxchg(struct select *s, enum ir_type t, ir_value address, ir_list list,
                     uint32_t access)
{
    const struct ir_access *x = access_of(s, access);
    const ir_value *items = ir_list_items(s->f, list);
    mir_vreg expected = sel_in_reg(s, items[0]), replacement = sel_in_reg(s, items[1]);
    struct sel_amode at = sel_amode(s, address, x);
    mir_vreg r = sel_vreg_new(s, MIR_GPR, MIR_W64);

    (void)t;
    sel_inst(s, X64_LCMPXCHG, x->bytes);
    sel_use_fixed(s, expected, X64_RAX);
    sel_def_fixed(s, r, X64_RAX);
    sel_use(s, replacement);
    sel_mem(s, &at);
    return widened(s, x->bytes, r);
}

void sel_atomic_store(struct select *s, ir_value address, ir_value value, uint32_t access)
{
    const struct ir_access *x = access_of(s, access);
    mir_vreg v = sel_in_reg(s, value);
    struct sel_amode at = sel_amode(s, address, x);

    (void)exchange(s, X64_XCHG_MR, x->bytes, v, &at);
}

void sel_fence(struct select *s)
{
    sel_inst(s, X64_MFENCE, 4);
}

/* ---- addresses ------ */

static mir_vreg plain(struct select *s, enum x64_op op, uint32_t aux)
{
    mir_vreg r = sel_gpr_new(s, 8);

    sel_inst(s, op, 8)->aux = aux;
    sel_def_reg(s, r);
    return r;
}

mir_vreg sel_pinned(struct select *s)
{
    return plain(s, X64_PINNED, 0);
}

mir_vreg sel_context(struct select *s)
{
    return plain(s, X64_CONTEXT, 0);
}

mir_vreg sel_slot(struct select *s, uint32_t slot)
{
    return plain(s, X64_SLOT, slot);
}

mir_vreg sel_symbol(struct select *s, uint32_t callee)
{
    return plain(s, X64_SYMBOL, callee);
}

/* An address of guest memory that no access took in. */
mir_vreg sel_address(struct select *s, ir_value base, ir_value index)
{
    mir_vreg b = sel_in_reg(s, base), i = sel_in_reg(s, index);
    struct sel_amode at = {.scale = X64_BASE_VREG << X64_MEM_BASE_SHIFT | X64_MEM_INDEX,
                           .base = b, .index = i};

    return sel_lea(s, 8, at);
}

struct sel_gpr sel_checked_end(struct select *s, ir_value index, ir_value record, uint32_t bytes)
{
    mir_vreg i = sel_in_reg(s, index), m = sel_in_reg(s, record), end = sel_gpr_new(s, 8);

    sel_inst(s, X64_CHECKED_END, 8)->imm = bytes;
    sel_use(s, i);
    sel_use(s, m);
    sel_operand(s, end, MIR_DEF, MIR_EARLY, MIR_REG, 0);
    return (struct sel_gpr){end};
}
