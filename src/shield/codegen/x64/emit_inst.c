/* emit_inst: instructions that are rows of enc.def, and the edits of the allocation.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/emit.h"

#include <assert.h>

struct x64_mem emit_slot(const struct emit *e, mir_place p)
{
    return x64_at(X64_RSP, (int32_t)(e->spill_base + (p - MIR_SLOT) * 8));
}

struct x64_mem emit_memory(const struct emit *e, const struct mir_inst *i, const mir_place *p)
{
    struct x64_mem m = {X64_NO_REG, X64_NO_REG, i->scale & X64_MEM_SCALE, i->disp};

    switch (x64_base_of(i)) {
    case X64_BASE_VREG: m.base = emit_reg(*p++); break;
    case X64_BASE_PINNED: m.base = X64_PINNED_BASE; break;
    case X64_BASE_CONTEXT: m.base = X64_PINNED_CONTEXT; break;
    case X64_BASE_SLOT:
        m.base = X64_RSP;
        m.disp += (int32_t)e->slot_offset[i->aux];
        break;
    case X64_BASE_POOL: m.base = X64_RIP; break;
    default: break;
    }
    if ((i->scale & X64_MEM_INDEX) != 0)
        m.index = emit_reg(*p);
    return m;
}

void emit_pool_ref(struct emit *e, uint32_t at, uint32_t offset)
{
    emit_reloc(e, at, CODEGEN_RELOC_POOL, offset);
}

/* The r/m operand: memory, or the register or slot of place p. */
static void set_rm(const struct emit *e, const struct mir_inst *i, const mir_place *p,
                   struct x64_args *a)
{
    if (x64_base_of(i) != X64_BASE_REGISTER) {
        a->is_mem = true;
        a->mem = emit_memory(e, i, p);
    } else if (emit_is_slot(*p)) {
        a->is_mem = true;
        a->mem = emit_slot(e, *p);
    } else {
        a->rm = emit_reg(*p);
    }
}

static void arguments(const struct emit *e, const struct mir_inst *i, const mir_place *p,
                      struct x64_args *a)
{
    a->imm = i->imm;
    switch ((enum x64_form)x64_rows[i->op].form) { /* tidy: flat */
    case FORM_ALU_RM:
    case FORM_ALU_RR:
    case FORM_ALU_LOAD:
    case FORM_ALU_RMI:
        assert(p[0] == p[1]);
        a->reg = emit_reg(p[1]);
        set_rm(e, i, p + 2, a);
        break;
    case FORM_ALU_RI:
    case FORM_UN_R:
    case FORM_BSWAP:
    case FORM_SHIFT_C:
    case FORM_SHIFT_I:
    case FORM_SHIFT_XI:
        assert(p[0] == p[1]);
        a->rm = emit_reg(p[1]);
        break;
    case FORM_CMP_RM:
        a->reg = emit_reg(p[0]);
        set_rm(e, i, p + 1, a);
        break;
    case FORM_BT_RR:
        a->rm = emit_reg(p[0]);
        a->reg = emit_reg(p[1]);
        break;
    case FORM_CMP_RI:
    case FORM_TEST_RI:
    case FORM_BT_RI:
    case FORM_MI:
    case FORM_UN_M: set_rm(e, i, p, a); break;
    case FORM_MR:
    case FORM_MRI:
        a->reg = emit_reg(p[0]);
        set_rm(e, i, p + 1, a);
        break;
    case FORM_RMI_DEF:
    case FORM_RM_DEF:
        a->rm = emit_reg(p[0]);
        a->reg = emit_reg(p[1]);
        break;
    case FORM_MOV_RM:
    case FORM_MOV_RR:
    case FORM_MOV_RRI:
    case FORM_LOAD:
    case FORM_MOV_RMI:
    case FORM_IMUL_RMI:
    case FORM_LEA:
    case FORM_VEX_RMI:
    case FORM_VEX_VM:
    case FORM_VEX_SHIFT_XI:
        a->reg = emit_reg(p[0]);
        set_rm(e, i, p + 1, a);
        break;
    case FORM_MUL: set_rm(e, i, p + 3, a); break;
    case FORM_MULX:
        a->reg = emit_reg(p[1]);
        a->vvvv = emit_reg(p[2]);
        set_rm(e, i, p + 3, a);
        break;
    case FORM_XCHG:
        assert(p[0] == p[1]);
        a->reg = emit_reg(p[1]);
        set_rm(e, i, p + 2, a);
        break;
    case FORM_CMPXCHG:
        a->reg = emit_reg(p[2]);
        set_rm(e, i, p + 3, a);
        break;
    case FORM_FENCE: break;
    case FORM_VEX_RMV:
    case FORM_VEX_RVM:
    case FORM_VEX_RVR:
    case FORM_VEX_RVL:
    case FORM_VEX_RVMI:
        a->reg = emit_reg(p[0]);
        a->vvvv = emit_reg(p[1]);
        set_rm(e, i, p + 2, a);
        break;
    case FORM_VEX_RVMR:
        a->reg = emit_reg(p[0]);
        a->vvvv = emit_reg(p[1]);
        a->fourth = emit_reg(p[2]);
        set_rm(e, i, p + 3, a);
        break;
    }
}

/* ---- flags ------ */

static bool reads_flags(uint16_t op)
{
    return op == X64_JCC || op == X64_SETCC || op == X64_CMOV || op == X64_CMOV_XMM ||
           op == X64_TRAP_CC || op == X64_ADC_RM || op == X64_ADC_RI || op == X64_SBB_RM ||
           op == X64_SBB_RI;
}

bool emit_flags_live(struct emit *e, uint32_t inst)
{
    const struct mir_func *m = e->m;
    const uint32_t end = m->blocks[e->block].inst_end;
    uint32_t i = inst;

    if (inst >= e->flags_from && inst < e->flags_to)
        return e->flags_live; /* looked before, from here or above: nothing but what keeps them */
    while (i < end && !reads_flags(m->insts[i].op) &&
           x64_rows[m->insts[i].op].flags == X64_FLAGS_K)
        i++;
    e->flags_from = inst;
    e->flags_to = MIN(i + 1, end);
    e->flags_live = i < end && reads_flags(m->insts[i].op);
    return e->flags_live;
}

/* Remembers that the flags tell of the result in a register. */
static void flags_after(struct emit *e, const struct mir_inst *i, const mir_place *p)
{
    uint8_t kind = x64_rows[i->op].flags;
    /* by nothing: the processor leaves the flags alone */
    bool shift = x64_rows[i->op].form == FORM_SHIFT_I && (i->imm & (i->size == 8 ? 63 : 31)) == 0;

    if (kind == X64_FLAGS_K) {
        /* a register that is written anew is no longer what the flags tell of */
        uint32_t n = (uint32_t)(p - e->allocation->places), count;
        const struct mir_operand *o = e->m->operands + n;
        count = e->m->operand_first[(uint32_t)(i - e->m->insts) + 1] - n;
        for (uint32_t k = 0; k < count; k++)
            if (o[k].kind == MIR_DEF && p[k] < 16 && p[k] == e->flags_reg)
                e->flags_reg = X64_NO_REG;
        return;
    }
    e->flags_reg = X64_NO_REG;
    if (kind == X64_FLAGS_X || shift)
        return;
    uint32_t def = x64_rows[i->op].form == FORM_VEX_RVM ? 0 : 1;
    e->flags_reg = emit_reg(p[def]);
    e->flags_size = i->size;
    e->flags_kind = kind;
}

/* test r, r whose outcome the flags already hold. */
static bool test_is_known(const struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);

    if (i->op != X64_TEST_RM || x64_base_of(i) != X64_BASE_REGISTER || p[0] != p[1] ||
        emit_reg(p[0]) != e->flags_reg || p[0] >= 16 || i->size != e->flags_size ||
        inst + 1 >= e->m->blocks[e->block].inst_end)
        return false;
    for (uint32_t k = inst + 1; k < e->m->blocks[e->block].inst_end; k++) {
        const struct mir_inst *reader = &e->m->insts[k];
        if (reads_flags(reader->op)) {
            bool plain = reader->cc == X64_CC_E || reader->cc == X64_CC_NE ||
                         reader->cc == X64_CC_S || reader->cc == X64_CC_NS;
            if (!plain && (e->flags_kind != X64_FLAGS_Z || reader->cc >= X64_CC_FEQ))
                return false;
        } else if (x64_rows[reader->op].flags != X64_FLAGS_K) {
            break;
        }
    }
    return true;
}

/* lea that is a move, or an addition to its own register when nobody needs the flags. */
static bool lea_as_add(struct emit *e, uint32_t inst, const struct x64_args *a)
{
    uint32_t size = e->m->insts[inst].size;
    const struct x64_mem *m = &a->mem;

    if (m->base == X64_NO_REG || m->base == X64_RIP)
        return false;
    if (m->index == X64_NO_REG) {
        if (m->disp == 0) {
            x64_rr(&e->as, X64_MOV_RM, size, a->reg, m->base);
            if (a->reg == e->flags_reg)
                e->flags_reg = X64_NO_REG;
            return true;
        }
        if (m->base != a->reg || emit_flags_live(e, inst + 1))
            return false;
        bool sub = m->disp == 128;
        x64_encode(&e->as, sub ? X64_SUB_RI : X64_ADD_RI, size,
                   &(struct x64_args){.rm = a->reg, .imm = sub ? -128 : m->disp});
    } else {
        if (m->scale != 0 || m->disp != 0 || (m->base != a->reg && m->index != a->reg) ||
            emit_flags_live(e, inst + 1))
            return false;
        x64_rr(&e->as, X64_ADD_RM, size, a->reg, m->base == a->reg ? m->index : m->base);
    }
    e->flags_reg = a->reg;
    e->flags_size = (uint8_t)size;
    e->flags_kind = X64_FLAGS_R;
    return true;
}

void emit_inst(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);
    struct x64_args a = {0};

    if (test_is_known(e, inst))
        return;
    arguments(e, i, p, &a);
    if (i->op == X64_LEA && lea_as_add(e, inst, &a))
        return;
    uint32_t size = i->size;
    if (i->op == X64_TEST_RI && !a.is_mem && i->imm >= 0 && i->imm <= INT8_MAX)
        size = 1; /* the flags are the same, and the constant shorter */
    emit_trap_here(e, i->trap);
    uint32_t at = x64_encode(&e->as, (enum x64_op)i->op, size, &a);
    if (x64_base_of(i) == X64_BASE_POOL)
        emit_pool_ref(e, at, i->aux);
    flags_after(e, i, p);
}

/* ---- edits ------ */

static enum x64_op load_op(enum mir_width width)
{
    return width == MIR_W128 ? X64_MOVAPS : width == MIR_W64 ? X64_MOVSD_LOAD : X64_MOVSS_LOAD;
}

static enum x64_op store_op(enum mir_width width)
{
    return width == MIR_W128 ? X64_MOVAPS_STORE
           : width == MIR_W64 ? X64_MOVSD_STORE
                              : X64_MOVSS_STORE;
}

/* Where both an SSE and an AVX form of a row exist, the AVX one lies behind it. */
static enum x64_op with_avx(const struct emit *e, enum x64_op op)
{
    return (e->options->features & CODEGEN_AVX) != 0 ? (enum x64_op)(op + 1) : op;
}

void emit_move(struct emit *e, enum mir_width width, mir_place from, mir_place to)
{
    bool vector = (emit_is_slot(from) ? to : from) >= X64_XMM0;

    if (from == to)
        return;
    assert(!emit_is_slot(from) || !emit_is_slot(to));
    if (to == e->flags_reg)
        e->flags_reg = X64_NO_REG;
    if (emit_is_slot(from))
        x64_rm(&e->as, vector ? with_avx(e, load_op(width)) : X64_MOV_RM, 8, emit_reg(to),
               emit_slot(e, from));
    else if (emit_is_slot(to))
        x64_rm(&e->as, vector ? with_avx(e, store_op(width)) : X64_MOV_MR, 8, emit_reg(from),
               emit_slot(e, to));
    else
        x64_rr(&e->as, vector ? with_avx(e, X64_MOVAPS) : X64_MOV_RM, 8, emit_reg(to),
               emit_reg(from));
}

void emit_remat(struct emit *e, const struct mir_inst *i, mir_place to, bool keep_flags)
{
    uint8_t reg = emit_reg(to);

    if (to == e->flags_reg)
        e->flags_reg = X64_NO_REG;
    switch ((enum x64_op)i->op) {
    case X64_IMM:
        if (i->imm == 0 && !keep_flags)
            e->flags_reg = X64_NO_REG;
        x64_load_imm(&e->as, reg, (uint64_t)i->imm, keep_flags);
        break;
    case X64_ZERO_XMM: {
        enum x64_op op = with_avx(e, X64_XORPS);
        x64_encode(&e->as, op, 16, &(struct x64_args){.reg = reg, .vvvv = reg, .rm = reg});
        break;
    }
    case X64_ONES_XMM: {
        enum x64_op op = with_avx(e, X64_PCMPEQD);
        x64_encode(&e->as, op, 16, &(struct x64_args){.reg = reg, .vvvv = reg, .rm = reg});
        break;
    }
    case X64_POOL_XMM: {
        enum mir_width width = i->size == 16 ? MIR_W128 : i->size == 8 ? MIR_W64 : MIR_W32;
        enum x64_op op = with_avx(e, load_op(width));
        uint32_t at = x64_encode(&e->as, op, i->size,
                                 &(struct x64_args){.reg = reg, .is_mem = true,
                                                    .mem = x64_at(X64_RIP, 0)});
        emit_pool_ref(e, at, i->aux);
        break;
    }
    default: CHECK(false, "only constants are made again"); break;
    }
}

void emit_edit(struct emit *e, const struct mir_edit *edit)
{
    const bool is_reload = edit->kind == MIR_EDIT_MOVE && emit_is_slot(edit->from);

    if (is_reload && edit->to < X64_XMM0 && edit->width == MIR_W32) {
        /* Half the slot: so the verifier sees at once that nothing stands above 32 bits, and need
         * not carry that from the spill to here. */
        if (edit->to == e->flags_reg)
            e->flags_reg = X64_NO_REG;
        x64_rm(&e->as, X64_MOV_RM, 4, emit_reg(edit->to), emit_slot(e, edit->from));
    } else if (edit->kind == MIR_EDIT_MOVE) {
        emit_move(e, (enum mir_width)edit->width, edit->from, edit->to);
    } else {
        emit_remat(e, &e->m->insts[e->m->vregs[edit->vreg].remat], edit->to,
                   emit_flags_live(e, (edit->point + 1) / 2));
    }
}
