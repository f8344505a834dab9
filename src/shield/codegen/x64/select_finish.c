/*
 * select_finish: puts the groups that selection appended into their final order and numbers blocks
 * by layout and registers densely. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/select.h"

struct finish {
    struct select *s;
    struct mir_func *m;
    mir_vreg *number; /* new number + 1 of a register */
    uint32_t *position; /* of order's blocks in layout */
    uint32_t operand_count, arg_count, arg_capacity;
};

static mir_vreg renumber(struct finish *x, mir_vreg v)
{
    struct select *s = x->s;
    mir_vreg end = v;

    if (LIKELY(s->alias[v] == 0 && x->number[v] != 0))
        return x->number[v] - 1;
    while (s->alias[end] != 0)
        end = s->alias[end];
    while (s->alias[v] != 0) { /* the next walk is one step */
        mir_vreg next = s->alias[v];
        s->alias[v] = end;
        v = next;
    }
    if (x->number[end] == 0) {
        x->m->vregs[x->m->vreg_count] = s->vregs[end];
        x->number[end] = ++x->m->vreg_count;
    }
    return x->number[end] - 1;
}

static void copy_inst(struct finish *x, uint32_t from)
{
    const struct select *s = x->s;
    struct mir_func *m = x->m;
    const uint32_t n = m->inst_count++, end = s->operand_first[from + 1];
    struct mir_operand *to = m->operands + x->operand_count;

    m->insts[n] = s->insts[from];
    m->clobbers[n] = s->clobbers[from];
    m->sources[n] = s->sources[from];
    m->operand_first[n] = x->operand_count;
    for (uint32_t k = s->operand_first[from]; k < end; k++, to++) {
        *to = s->operands[k];
        to->vreg = renumber(x, to->vreg);
    }
    x->operand_count = (uint32_t)(to - m->operands);
    if ((s->insts[from].flags & MIR_IS_REMAT) != 0)
        m->vregs[to[-1].vreg].remat = n; /* its only operand, a def */
}

static void copy_block(struct finish *x, uint32_t b, struct mir_block *out)
{
    struct select *s = x->s;

    out->inst_first = x->m->inst_count;
    for (uint32_t g = s->group_end[b]; g-- > s->group_first[b];) {
        uint32_t end = g + 1 < s->group_count ? s->groups[g + 1] : s->inst_count;
        for (uint32_t i = s->groups[g]; i < end; i++)
            copy_inst(x, i);
    }
    out->inst_end = x->m->inst_count;
}

static bool is_used(const struct select *s, ir_value param)
{
    return (s->value_flags[param] & SEL_USED) != 0;
}

static void push_arg(struct finish *x, mir_vreg v)
{
    mir_vreg n = renumber(x, v);

    ARENA_PUSH(x->s->arena, x->m->args, x->arg_count, x->arg_capacity, n);
}

static void block_params(struct finish *x, ir_block block, struct mir_block *out)
{
    struct select *s = x->s;
    ir_list params = s->f->blocks[block].params;

    out->param_first = x->arg_count;
    for (uint32_t k = 0; k < ir_list_count(s->f, params); k++) {
        ir_value p = ir_list_items(s->f, params)[k];
        if (is_used(s, p))
            push_arg(x, sel_in_reg(s, p));
    }
    out->param_count = x->arg_count - out->param_first;
}

static void block_edges(struct finish *x, uint32_t b, struct mir_block *out)
{
    struct select *s = x->s;
    const struct order_block *o = &s->order.blocks[b];

    out->edge_first = x->m->edge_count;
    out->edge_count = o->succ_count;
    for (uint32_t k = 0; k < o->succ_count; k++) {
        struct mir_edge *e = &x->m->edges[x->m->edge_count++];
        e->from = x->position[b];
        e->to = x->position[s->order.succs[o->succ_first + k]];
        e->arg_first = x->arg_count;
    }
    if (o->succ_count != 1)
        return;
    ir_edge edge = o->edge;
    if (o->block != IR_NONE) {
        ir_value last = s->f->blocks[o->block].last;
        if (ir_op_of(s->f, last) != IR_OP_JUMP)
            return; /* a switch with one target: nothing is carried on its edge */
        edge = sel_at(s, last)->a;
    }
    uint32_t count = ir_edge_count(s->f, edge);
    for (uint32_t k = 0; k < count; k++)
        if (s->edge_args[s->edge_arg_first[b] + k] != MIR_NONE)
            push_arg(x, s->edge_args[s->edge_arg_first[b] + k]);
}

static void list_preds(struct mir_func *m)
{
    uint32_t total = 0;

    for (uint32_t e = 0; e < m->edge_count; e++)
        m->blocks[m->edges[e].to].pred_count++;
    for (uint32_t b = 0; b < m->block_count; b++) {
        m->blocks[b].pred_first = total;
        total += m->blocks[b].pred_count;
        m->blocks[b].pred_count = 0;
    }
    m->preds = arena_new_raw(m->arena, uint32_t, total);
    for (uint32_t e = 0; e < m->edge_count; e++) {
        struct mir_block *to = &m->blocks[m->edges[e].to];
        m->preds[to->pred_first + to->pred_count++] = e;
    }
}

static void make_func(struct finish *x)
{
    struct select *s = x->s;
    struct mir_func *m = x->m;
    uint32_t edges = 0;

    for (uint32_t b = 0; b < s->order.count; b++)
        edges += s->order.blocks[b].succ_count;
    m->arena = s->arena;
    m->insts = arena_new_raw(s->arena, struct mir_inst, s->inst_count);
    m->operand_first = arena_new_raw(s->arena, uint32_t, (size_t)s->inst_count + 1);
    m->clobbers = arena_new_raw(s->arena, mir_preg_set, s->inst_count);
    m->sources = arena_new_raw(s->arena, uint32_t, s->inst_count);
    m->operands = arena_new_raw(s->arena, struct mir_operand, s->operand_count);
    m->blocks = arena_new(s->arena, struct mir_block, s->order.count);
    m->edges = arena_new(s->arena, struct mir_edge, edges);
    m->vregs = arena_new_raw(s->arena, struct mir_vreg_info, s->vreg_count);
    m->block_count = s->order.count;
    m->allocatable = (UINT32_C(0xffff) | X64_ALL_XMM) & ~(X64_BIT(X64_RSP) | X64_BIT(X64_SCRATCH));
    m->callee_saved = X64_CALLEE_SAVED;
    if (s->options->sandbox)
        m->allocatable &= ~(X64_BIT(X64_PINNED_BASE) | X64_BIT(X64_PINNED_CONTEXT));
    else
        m->callee_saved |= X64_BIT(X64_R14) | X64_BIT(X64_R15);
}

void sel_finish(struct select *s, struct x64_lowered *out)
{
    struct finish x = {.s = s, .m = &out->mir};

    *out = (struct x64_lowered){.calls = s->calls, .pool = s->pool.data,
                                .pool_size = (uint32_t)s->pool.size,
                                .cases = s->cases, .case_count = s->case_count};
    for (uint32_t b = 1; b < s->order.count; b++) /* so that all registers have been made */
        if (s->order.blocks[b].block != IR_NONE) {
            ir_list params = s->f->blocks[s->order.blocks[b].block].params;
            for (uint32_t k = 0; k < ir_list_count(s->f, params); k++)
                if (is_used(s, ir_list_items(s->f, params)[k]))
                    (void)sel_in_reg(s, ir_list_items(s->f, params)[k]);
        }
    make_func(&x);
    s->operand_first[s->inst_count] = s->operand_count; /* where the last one ends */
    x.number = arena_new(s->arena, mir_vreg, s->vreg_count);
    x.position = arena_new_raw(s->arena, uint32_t, s->order.count);
    for (uint32_t k = 0; k < s->order.count; k++)
        x.position[s->order.layout[k]] = k;
    for (uint32_t k = 0; k < s->case_count; k++)
        s->cases[k] = x.position[s->cases[k]];
    for (uint32_t k = 0; k < s->order.count; k++) {
        uint32_t b = s->order.layout[k];
        const struct order_block *o = &s->order.blocks[b];
        struct mir_block *block = &x.m->blocks[k];
        copy_block(&x, b, block);
        if (o->block != IR_NONE && b != 0)
            block_params(&x, o->block, block);
        block_edges(&x, b, block);
        block->cold = o->cold;
        block->loop_depth = (uint8_t)MIN(o->loop_depth, UINT8_MAX);
        block->loop_header = o->loop == ORDER_NONE ? MIR_NONE : x.position[o->loop];
    }
    x.m->operand_first[x.m->inst_count] = x.operand_count;
    list_preds(x.m);
}
