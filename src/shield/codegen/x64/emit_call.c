/*
 * emit_call: calls. In the sandbox every call that may reach another instance goes through a
 * function record in rax:
 *
 *   call_table   r10 index, rax record
 *                  mov r11, [r15 + table]; cmp r10, [r11 + size]; jae trap; cmovae r10, 0
 *                  mov r11, [r11 + elements]; mov rax, [r11 + r10*8]; test rax, rax; jz trap
 *                  mov r11d, [r15 + type]; cmp r11d, [rax + type]; jne trap
 *                  cmp r15, [rax + context]; jne other; call [rax + code]
 *   other:         mov [rsp + save], r15; mov r10, r15; mov r15, [rax + context]
 *                  mov r14, [r15 + memory0_base]; call [rax + code]
 *                  mov r15, [rsp + save]; mov r14, [r15 + memory0_base]; jmp back
 *
 * call_record and call_import begin where the record is known. A tail call to another instance
 * cannot leave the frame, for the caller gets its r15 back from it: it is a call and a return.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/trap_codes.h"
#include "shield/codegen/x64/emit.h"

static const struct codegen_layout *layout(const struct emit *e)
{
    return &e->options->layout;
}

static struct mem64 context_field(uint32_t offset)
{
    return MEM64(X64_PINNED_CONTEXT, (int32_t)offset);
}

static struct mem64 record_field(uint32_t offset)
{
    return MEM64(X64_RAX, (int32_t)offset);
}

/* r10 becomes the index 0 when it was not below the size: for a processor that guesses. */
static void load_element(struct emit *e, const struct ir_table_site *site)
{
    struct x64_asm *as = &e->as;
    struct gpr64 table = GPR64(X64_SCRATCH), index = GPR64(X64_R10), record = GPR64(X64_RAX);

    x64_rm64(as, X64_MOV_RM, table, context_field(site->table_offset));
    x64_load_imm(as, X64_RAX, 0, false);
    x64_rm64(as, X64_CMP_RM, index, MEM64(X64_SCRATCH, (int32_t)layout(e)->table_size));
    x64_asm_jcc(as, X64_CC_AE, emit_trap_label(e, CODEGEN_TRAP_UNDEFINED_ELEMENT));
    x64_cmov(as, X64_CC_AE, 8, X64_R10, X64_RAX);
    x64_rm64(as, X64_MOV_RM, table, MEM64(X64_SCRATCH, (int32_t)layout(e)->table_elements));
    x64_rm(as, X64_MOV_RM, 8, record.n, (struct x64_mem){X64_SCRATCH, X64_R10, 3, 0});
    x64_rr64(as, X64_TEST_RM, record, record);
    x64_asm_jcc(as, X64_CC_E, emit_trap_label(e, CODEGEN_TRAP_UNINITIALIZED));
    x64_rm32(as, X64_MOV_RM, GPR32(X64_SCRATCH),
             MEM32(X64_PINNED_CONTEXT, (int32_t)site->type_offset));
    x64_rm32(as, X64_CMP_RM, GPR32(X64_SCRATCH),
             MEM32(X64_RAX, (int32_t)layout(e)->record_type));
    x64_asm_jcc(as, X64_CC_NE, emit_trap_label(e, CODEGEN_TRAP_SIGNATURE_MISMATCH));
}

/* Calls the function of the record in rax, which belongs to another instance. */
static void call_other(struct emit *e)
{
    struct x64_asm *as = &e->as;
    struct gpr64 context = GPR64(X64_PINNED_CONTEXT), base = GPR64(X64_PINNED_BASE);
    struct mem64 save = MEM64(X64_RSP, (int32_t)e->context_save);

    x64_mr64(as, X64_MOV_MR, save, context);
    x64_rr64(as, X64_MOV_RM, GPR64(X64_R10), context);
    x64_rm64(as, X64_MOV_RM, context, record_field(layout(e)->record_context));
    x64_rm64(as, X64_MOV_RM, base, context_field(layout(e)->memory0_base));
    x64_call_mem(as, record_field(layout(e)->record_code));
    x64_rm64(as, X64_MOV_RM, context, save);
    x64_rm64(as, X64_MOV_RM, base, context_field(layout(e)->memory0_base));
}

/* The record is in rax: calls or jumps to its function, in the cold part when it is another
 * instance's. */
static void enter_record(struct emit *e, uint32_t inst, bool tail)
{
    struct emit_cold c = emit_cold_new(e, inst);

    x64_rm64(&e->as, X64_CMP_RM, GPR64(X64_PINNED_CONTEXT),
             record_field(layout(e)->record_context));
    x64_asm_jcc(&e->as, X64_CC_NE, c.entry);
    if (tail) {
        emit_epilogue(e);
        x64_jmp_mem(&e->as, record_field(layout(e)->record_code));
        return;
    }
    x64_call_mem(&e->as, record_field(layout(e)->record_code));
    x64_label_bind(&e->as, c.back);
}

static void return_now(struct emit *e)
{
    emit_epilogue(e);
    x64_bytes(&e->as, "\xc3", 1);
}

void emit_call_cold(struct emit *e, const struct emit_cold *c)
{
    uint16_t op = e->m->insts[c->inst].op;

    call_other(e);
    if (op == X64_TAIL_CALL_TABLE || op == X64_TAIL_CALL_RECORD)
        return_now(e);
    else
        x64_asm_jmp(&e->as, c->back);
}

/* Imports are most often functions of the host: always as another instance's. */
static void call_import(struct emit *e, const struct ir_callee *callee)
{
    uint32_t entry = layout(e)->import_first + callee->number * layout(e)->import_bytes;

    x64_rm64(&e->as, X64_MOV_RM, GPR64(X64_RAX), context_field(entry + layout(e)->import_record));
    call_other(e);
}

static void direct(struct emit *e, const struct ir_callee *callee, char opcode)
{
    x64_bytes(&e->as, &opcode, 1);
    uint32_t at = x64_asm_here(&e->as).bytes;
    x64_bytes(&e->as, "\0\0\0\0", 4);
    emit_reloc(e, at, callee->kind, callee->number);
}

void emit_call(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const struct ir_callee *callee = e->f->callees + i->aux;

    switch ((enum x64_op)i->op) {
    case X64_CALL: direct(e, callee, '\xe8'); break;
    case X64_CALL_IMPORT: call_import(e, callee); break;
    case X64_CALL_BUILTIN:
        x64_call_mem(&e->as, context_field(layout(e)->builtin_first + callee->number * 8));
        break;
    case X64_CALL_TABLE:
        load_element(e, &e->f->table_sites[i->aux]);
        enter_record(e, inst, false);
        break;
    case X64_CALL_RECORD: enter_record(e, inst, false); break;
    case X64_CALL_POINTER: x64_call_reg(&e->as, GPR64(X64_RAX)); break;
    case X64_TAIL_CALL:
        emit_epilogue(e);
        direct(e, callee, '\xe9');
        break;
    case X64_TAIL_CALL_IMPORT:
        call_import(e, callee);
        return_now(e);
        break;
    case X64_TAIL_CALL_TABLE:
        load_element(e, &e->f->table_sites[i->aux]);
        enter_record(e, inst, true);
        break;
    default: /* TAIL_CALL_RECORD */ enter_record(e, inst, true); break;
    }
}
