/* select_root: one IR instruction that is neither a call nor the end of a block: by the rules, but
 * for the few whose results are several or whose value is a condition.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/rules.h"

/* 128-bit addition or subtraction of halves in registers. */
static void pair128(struct select *s, ir_value v, bool subtract)
{
    const ir_value *items = ir_list_items(s->f, sel_at(s, v)->a);
    mir_vreg regs[4], low, high;

    for (uint32_t k = 0; k < 4; k++)
        regs[k] = sel_in_reg(s, items[k]);
    low = sel_alu_rm(s, subtract ? X64_SUB_RM : X64_ADD_RM, 8, regs[0], regs[2], NULL);
    high = sel_alu_rm(s, subtract ? X64_SBB_RM : X64_ADC_RM, 8, regs[1], regs[3], NULL);
    for (uint32_t k = 0; k < 2; k++) {
        ir_value result = sel_take_result(s, v, k);
        if (result != IR_NONE)
            sel_result(s, result, k == 0 ? low : high);
    }
}

void sel_root(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);
    mir_vreg r;

    switch ((enum ir_op)i->op) {
    case IR_OP_ALIAS: return;
    case IR_OP_ICONST:
    case IR_OP_FCONST:
    case IR_OP_VCONST: return; /* made where they are used */
    case IR_OP_RESULT: sel_pending_result(s, v); return;
    case IR_OP_ADD128:
    case IR_OP_SUB128: pair128(s, v, i->op == IR_OP_SUB128); return;
    case IR_OP_TRAP_IF: sel_trap_if(s, sel_condition(s, i->a), i->aux); return;
    case IR_OP_TRAP_UNLESS: sel_trap_if(s, sel_not(sel_condition(s, i->a)), i->aux); return;
    default: break;
    }
    if (ir_op_info[i->op].result == IR_RESULT_VOID) {
        if (!sel_effect(s, i, v))
            check_failed("rules/x64 has a rule for it", ir_op_info[i->op].text, __FILE__, __LINE__);
        return;
    }
    if (!sel_value(s, i, v, &r))
        check_failed("rules/x64 has a rule for it", ir_op_info[i->op].text, __FILE__, __LINE__);
    /* A float that a vector operation has made: nobody looks above its lowest lane. Parameters of
     * blocks and what arrives in them must be equally wide. */
    if ((i->type == IR_F32 || i->type == IR_F64) && s->vregs[r].width == MIR_W128)
        s->vregs[r].width = MIR_W64;
    sel_result(s, v, r);
}
