/* emit_pseudo: what pseudo.def names; control flow and calls have files of their own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/trap_codes.h"
#include "shield/codegen/x64/emit.h"

static void setcc(struct emit *e, uint32_t inst)
{
    uint32_t cc = e->m->insts[inst].cc;
    bool zeroed = e->m->operand_first[inst + 1] - e->m->operand_first[inst] == 2;
    uint8_t to = emit_reg(emit_places(e, inst)[0]);

    if (cc >= X64_CC_FEQ) { /* equal: E and NP; not equal: NE or P */
        bool equal = cc == X64_CC_FEQ;
        x64_setcc(&e->as, equal ? X64_CC_NP : X64_CC_P, X64_SCRATCH);
        x64_setcc(&e->as, equal ? X64_CC_E : X64_CC_NE, to);
        x64_rr(&e->as, equal ? X64_AND_RM : X64_OR_RM, 1, to, X64_SCRATCH);
    } else {
        x64_setcc(&e->as, cc, to);
    }
    if (!zeroed)
        x64_rr(&e->as, X64_MOVZX8_RM, 4, to, to);
}

static void cmov(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);

    if (emit_is_slot(p[2]))
        x64_cmov_mem(&e->as, i->cc, i->size, emit_reg(p[1]), emit_slot(e, p[2]));
    else
        x64_cmov(&e->as, i->cc, i->size, emit_reg(p[1]), emit_reg(p[2]));
}

/* There is no conditional move of vector registers: a branch around a move. */
static void cmov_xmm(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);
    x64_label over = x64_label_new(&e->as);
    enum mir_width width = i->size == 16 ? MIR_W128 : i->size == 8 ? MIR_W64 : MIR_W32;

    if (p[2] == p[1])
        return;
    x64_asm_jcc(&e->as, i->cc ^ 1u, over);
    emit_move(e, width, p[2], p[1]);
    x64_label_bind(&e->as, over);
}

/* A trap on condition: a branch to a ud2 behind the function. */
static void trap_cc(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    x64_label stub = emit_trap_label(e, (uint8_t)(i->trap - 1));

    if (i->cc == X64_CC_FNE) {
        x64_asm_jcc(&e->as, X64_CC_NE, stub);
        x64_asm_jcc(&e->as, X64_CC_P, stub);
    } else if (i->cc == X64_CC_FEQ) {
        x64_label over = x64_label_new(&e->as);
        x64_asm_jcc(&e->as, X64_CC_NE, over);
        x64_asm_jcc(&e->as, X64_CC_NP, stub);
        x64_label_bind(&e->as, over);
    } else {
        x64_asm_jcc(&e->as, i->cc, stub);
    }
}

/*
 * Division, extra: X64_DIV_*. A zero divisor faults in div itself; for idiv the fault means
 * overflow, so zero is tested for; the remainder by -1 is 0 without a division, which would fault.
 */
static void divide(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);
    uint8_t divisor = emit_reg(p[1]);
    bool is_signed = (i->extra & X64_DIV_SIGNED) != 0, rem = i->op == X64_REM;
    struct x64_asm *as = &e->as;
    x64_label minus_one = 0, done = 0;
    uint8_t code = CODEGEN_TRAP_DIVIDE_BY_ZERO;

    if (!is_signed) {
        x64_rr32(as, X64_XOR_RM, GPR32(X64_RDX), GPR32(X64_RDX));
    } else if (rem && (i->extra & X64_DIV_NOT_MINUS_ONE) == 0) {
        minus_one = x64_label_new(as);
        done = x64_label_new(as);
        x64_rr32(as, X64_XOR_RM, GPR32(X64_RDX), GPR32(X64_RDX));
        x64_encode(as, X64_CMP_RI, i->size, &(struct x64_args){.rm = divisor, .imm = -1});
        x64_asm_jcc(as, X64_CC_E, done);
    } else if (!rem && (i->extra & X64_DIV_NOT_ZERO) == 0) {
        x64_rr(as, X64_TEST_RM, i->size, divisor, divisor);
        x64_asm_jcc(as, X64_CC_E, emit_trap_label(e, code));
    }
    if (is_signed)
        x64_bytes(as, i->size == 8 ? "\x48\x99" : "\x99", i->size == 8 ? 2 : 1); /* cqo, cdq */
    if (is_signed && !rem)
        code = CODEGEN_TRAP_INTEGER_OVERFLOW;
    emit_trap_here(e, (uint8_t)(code + 1));
    x64_div(as, is_signed, i->size, divisor);
    if (minus_one != 0)
        x64_label_bind(as, done);
}

/*
 * end = index + bytes, no more than the size of the memory, also for a processor that guesses:
 * beyond it the end becomes `bytes`, so the access stays near the base.
 */
static void checked_end(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst); /* index, record, end */
    struct x64_asm *as = &e->as;
    x64_label stub = emit_trap_label(e, CODEGEN_TRAP_MEMORY_BOUNDS);
    struct gpr64 end = GPR64(emit_reg(p[2])), index = GPR64(emit_reg(p[0]));
    struct mem64 size = MEM64(emit_reg(p[1]), (int32_t)e->options->layout.memory_size);

    x64_rr64(as, X64_MOV_RM, end, index);
    x64_load_imm(as, X64_SCRATCH, (uint64_t)i->imm, false);
    x64_rr64(as, X64_ADD_RM, end, GPR64(X64_SCRATCH));
    x64_asm_jcc(as, X64_CC_B, stub);
    x64_rm64(as, X64_CMP_RM, end, size);
    x64_asm_jcc(as, X64_CC_A, stub);
    x64_cmov(as, X64_CC_A, 8, end.n, X64_SCRATCH);
}

/* mov rax, [m]; again: mov r11, rax; op r11, v; lock cmpxchg [m], r11; jne again */
static void atomic_loop(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);
    struct x64_asm *as = &e->as;
    struct x64_mem m = emit_memory(e, i, p + 2);
    x64_label again = x64_label_new(as);
    enum x64_op op = i->extra == IR_RMW_AND ? X64_AND_RM
                     : i->extra == IR_RMW_OR ? X64_OR_RM
                                             : X64_XOR_RM;
    enum x64_op load = i->size == 1 ? X64_MOVZX8_RM : i->size == 2 ? X64_MOVZX16_RM : X64_MOV_RM;
    uint32_t size = i->size == 8 ? 8 : 4;

    emit_trap_here(e, i->trap);
    x64_rm(as, load, size, X64_RAX, m);
    x64_label_bind(as, again);
    x64_rr(as, X64_MOV_RM, size, X64_SCRATCH, X64_RAX);
    x64_rr(as, op, size, X64_SCRATCH, emit_reg(p[0]));
    emit_trap_here(e, i->trap);
    x64_rm(as, X64_LCMPXCHG, i->size, X64_SCRATCH, m);
    x64_asm_jcc(as, X64_CC_NE, again);
}

static void address(struct emit *e, uint8_t to, uint32_t base, uint32_t offset)
{
    x64_encode(&e->as, X64_LEA, 8,
               &(struct x64_args){.reg = to, .is_mem = true, .mem = x64_at(base, (int32_t)offset)});
}

static void symbol(struct emit *e, uint8_t to, const struct ir_callee *callee)
{
    uint32_t at = x64_encode(
        &e->as, X64_LEA, 8,
        &(struct x64_args){.reg = to, .is_mem = true, .mem = x64_at(X64_RIP, 0)});

    emit_reloc(e, at, callee->kind, callee->number);
}

void emit_pseudo(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);

    if (x64_rows[i->op].flags != X64_FLAGS_K || i->cc >= X64_CC_FEQ)
        e->flags_reg = X64_NO_REG;
    for (uint32_t k = e->m->operand_first[inst]; k < e->m->operand_first[inst + 1]; k++)
        if (e->m->operands[k].kind == MIR_DEF && e->allocation->places[k] == e->flags_reg)
            e->flags_reg = X64_NO_REG; /* it is written anew */
    switch ((enum x64_op)i->op) { /* tidy: flat */
    case X64_ARGS: break;
    case X64_MOVE_GPR:
    case X64_MOVE_XMM:
        emit_move(e, i->size == 16 ? MIR_W128 : i->size == 8 ? MIR_W64 : MIR_W32, p[0], p[1]);
        break;
    case X64_IMM:
        if (i->imm == 0)
            e->flags_reg = X64_NO_REG;
        x64_load_imm(&e->as, emit_reg(p[0]), (uint64_t)i->imm, emit_flags_live(e, inst + 1));
        break;
    case X64_ZERO_XMM:
    case X64_ONES_XMM:
    case X64_POOL_XMM: emit_remat(e, i, p[0], true); break;
    case X64_CONTEXT:
        x64_rr64(&e->as, X64_MOV_RM, GPR64(emit_reg(p[0])), GPR64(X64_PINNED_CONTEXT));
        break;
    case X64_PINNED:
        x64_rr64(&e->as, X64_MOV_RM, GPR64(emit_reg(p[0])), GPR64(X64_PINNED_BASE));
        break;
    case X64_SLOT:
        address(e, emit_reg(p[0]), X64_RSP, e->slot_offset[i->aux]);
        break;
    case X64_SYMBOL: symbol(e, emit_reg(p[0]), &e->f->callees[i->aux]); break;
    case X64_SETCC: setcc(e, inst); break;
    case X64_CMOV: cmov(e, inst); break;
    case X64_CMOV_XMM: cmov_xmm(e, inst); break;
    case X64_JMP: emit_jmp(e, inst); break;
    case X64_JCC: emit_jcc(e, inst); break;
    case X64_SWITCH: emit_switch(e, inst); break;
    case X64_SWITCH_FEW: emit_switch_few(e, inst); break;
    case X64_RET:
        emit_epilogue(e);
        x64_bytes(&e->as, "\xc3", 1);
        break;
    case X64_TRAP:
        emit_trap_here(e, i->trap);
        x64_bytes(&e->as, "\x0f\x0b", 2);
        break;
    case X64_TRAP_CC: trap_cc(e, inst); break;
    case X64_DIV:
    case X64_REM: divide(e, inst); break;
    case X64_ATOMIC_LOOP: atomic_loop(e, inst); break;
    case X64_MINMAX: emit_minmax(e, inst); break;
    case X64_TRUNCATE: emit_truncate(e, inst); break;
    case X64_CHECKED_END: checked_end(e, inst); break;
    default: emit_call(e, inst); break;
    }
}
