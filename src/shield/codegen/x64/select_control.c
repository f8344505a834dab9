/* select_control: what ends a block, and what traps by a condition; see select.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select.h"

enum { SWITCH_FEW_MAX = 4 }; /* cases that are compared one by one */

void sel_jump(struct select *s, ir_edge e)
{
    uint32_t count = ir_edge_count(s->f, e), first = s->edge_arg_count;
    ir_list params = s->f->blocks[ir_edge_block(s->f, e)].params;

    s->edge_arg_first[s->block] = first;
    for (uint32_t k = 0; k < count; k++) {
        ir_value param = ir_list_items(s->f, params)[k];
        /* one that nobody uses has no register */
        mir_vreg r = (s->value_flags[param] & SEL_USED) == 0
                         ? MIR_NONE
                         : sel_in_reg(s, ir_edge_args(s->f, e)[k]);
        ARENA_PUSH(s->arena, s->edge_args, s->edge_arg_count, s->edge_arg_capacity, r);
    }
    sel_inst(s, X64_JMP, 4)->flags = MIR_IS_BRANCH;
}

static void select_switch(struct select *s, const struct ir_inst *i)
{
    const struct order_block *o = &s->order.blocks[s->block];
    uint32_t count = ir_list_count(s->f, i->b), first = s->case_count;
    const uint32_t *cases = s->order.cases + s->order.case_first[s->block];
    bool few = count - 1 <= SWITCH_FEW_MAX;
    ir_value value = i->a;
    int32_t bias = 0, imm;

    if (o->succ_count == 1) { /* all go the same way, with the same values */
        const struct order_block *to = &s->order.blocks[s->order.succs[o->succ_first]];
        if (to->block == IR_NONE) /* which brings them */
            sel_inst(s, X64_JMP, 4)->flags = MIR_IS_BRANCH;
        else
            sel_jump(s, ir_list_items(s->f, i->b)[0]);
        return;
    }

    /* few cases are compared: the subtraction in front of them can go into the constants */
    if (few && sel_at(s, value)->op == IR_OP_IADD && sel_used_once(s, value) &&
        sel_imm32(s, sel_at(s, value)->b, &imm)) {
        bias = (int32_t)-(uint32_t)imm;
        value = sel_at(s, value)->a;
    }
    mir_vreg index = sel_in_reg(s, value);
    for (uint32_t k = 0; k < count; k++)
        ARENA_PUSH(s->arena, s->cases, s->case_count, s->case_capacity,
                   s->order.succs[o->succ_first + cases[k]]);
    struct mir_inst *m = sel_inst(s, few ? X64_SWITCH_FEW : X64_SWITCH, 4);
    m->flags = MIR_IS_BRANCH;
    m->aux = first;
    m->imm = count;
    m->disp = bias;
    sel_use(s, index);
    if (!few)
        sel_def_reuse(s, sel_gpr_new(s, 8), 0);
}

void sel_terminator(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);
    struct mir_inst *m;

    switch ((enum ir_op)i->op) {
    case IR_OP_JUMP: sel_jump(s, i->a); break;
    case IR_OP_BRANCH: {
        struct sel_flags c = sel_condition(s, i->a);
        m = sel_inst(s, X64_JCC, 4);
        m->cc = (uint8_t)c.cc;
        m->flags = MIR_IS_BRANCH;
        break;
    }
    case IR_OP_SWITCH: select_switch(s, i); break;
    case IR_OP_RETURN: sel_return(s, v); break;
    default: /* TRAP */
        m = sel_inst(s, X64_TRAP, 4);
        m->trap = (uint8_t)(i->aux + 1);
        m->flags = MIR_IS_BRANCH;
        break;
    }
}

void sel_trap_if(struct select *s, struct sel_flags c, uint32_t code)
{
    struct mir_inst *m = sel_inst(s, X64_TRAP_CC, 4);

    m->cc = (uint8_t)c.cc;
    m->trap = (uint8_t)(code + 1);
}

struct sel_flags sel_not(struct sel_flags c)
{
    return (struct sel_flags){x64_cc_not(c.cc)};
}
