/* translate_control: blocks, loops, branches. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

static struct control *label(struct tf *t, uint32_t depth)
{
    return &t->control.items[t->control.count - 1 - depth];
}

static uint32_t arity_of(const struct control *c)
{
    return c->op == WM_OP_LOOP ? c->param_count : c->result_count;
}

static const struct wm_valtype *result_types(const struct control *c)
{
    return c->results != NULL ? c->results : &c->one;
}

static uint32_t join_of(struct tf *t, struct control *c)
{
    if (c->join == TF_NONE)
        c->join = join_new(t, false);
    return c->join;
}

static ir_value emit_jump(struct tf *t)
{
    return tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP});
}

static void emit_return(struct tf *t)
{
    const uint32_t count = t->type->result_count;
    const ir_list results = ir_list_new(t->f, t->stack.items + t->stack.count - count, count);

    tf_emit(t, (struct ir_inst){.op = IR_OP_RETURN, .a = results});
    t->is_dead = true;
}

/* ---- branches ---- */

static void branch(struct tf *t, struct control *c)
{
    if (c->is_body) {
        emit_return(t);
        return;
    }
    const uint32_t join = join_of(t, c);
    join_add_pred(t, join, emit_jump(t), PRED_JUMP, arity_of(c));
    t->is_dead = true;
}

void tf_br(struct tf *t, const struct wm_ins *ins)
{
    branch(t, label(t, ins->index));
}

/* Goes to the label with the topmost values when the condition is not zero. */
static void branch_if(struct tf *t, ir_value condition, uint32_t depth)
{
    struct control *c = label(t, depth);
    const uint32_t join = join_of(t, c);
    const ir_value from = tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = condition});
    const ir_block next = ir_block_new(t->f);
    const ir_edge edge = ir_edge_new(t->f, next, NULL, 0);

    ir_at(t->f, from)->c = edge;
    join_add_pred(t, join, from, PRED_TRUE, arity_of(c));
    t->block = next;
}

void tf_br_if(struct tf *t, const struct wm_ins *ins)
{
    const ir_value condition = tf_pop(t);
    branch_if(t, condition, ins->index);
}

/* The label takes what lies below the reference. */
void tf_br_on_null(struct tf *t, const struct wm_ins *ins)
{
    const ir_value ref = tf_pop(t), null = tf_const(t, IR_REF, 0);

    branch_if(t, tf_compare(t, IR_EQ, ref, null), ins->index);
    tf_push(t, ref);
}

/* The label takes the reference too. */
void tf_br_on_non_null(struct tf *t, const struct wm_ins *ins)
{
    const ir_value null = tf_const(t, IR_REF, 0);
    const ir_value ref = t->stack.items[t->stack.count - 1];

    branch_if(t, tf_compare(t, IR_NE, ref, null), ins->index);
    (void)tf_pop(t);
}

void tf_br_table(struct tf *t, const struct wm_ins *ins)
{
    const ir_value index = tf_pop(t);
    uint32_t cursor = 0;

    if (ins->list_count == 0) {
        branch(t, label(t, wm_list_label(ins, &cursor)));
        return;
    }
    const ir_value from = tf_emit(t, (struct ir_inst){.op = IR_OP_SWITCH, .a = index});
    t->table++;
    t->operands.count = 0;
    for (uint32_t i = 0; i <= ins->list_count; i++) {
        struct control *c = label(t, wm_list_label(ins, &cursor));
        if (c->table == t->table) {
            t->preds.items[c->table_pred].uses++;
        } else {
            const uint32_t join = join_of(t, c);
            c->table = t->table;
            c->table_pred = join_add_pred(t, join, from, PRED_SWITCH, arity_of(c));
        }
        VECTOR_PUSH(t, t->operands, c->table_pred);
    }
    const ir_list list = ir_list_new(t->f, t->operands.items, t->operands.count);
    ir_at(t->f, from)->b = list; /* preds until join_finish() */
    VECTOR_PUSH(t, t->switches, from);
    t->is_dead = true;
}

void tf_return(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    emit_return(t);
}

void tf_unreachable(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    tf_trap(t, TRAP_UNREACHABLE);
}

/* ---- blocks ---- */

static struct control *open_control(struct tf *t, const struct wm_ins *ins)
{
    struct control c = {.op = (uint8_t)ins->op, .join = TF_NONE};

    if (ins->block.kind == WM_BLOCK_VALUE) {
        c.result_count = 1;
        c.one = ins->block.value;
    } else if (ins->block.kind == WM_BLOCK_TYPE) {
        const struct wm_type *type = &t->wm->types[ins->block.type_index];
        c.param_count = type->param_count;
        c.params = type->params;
        c.result_count = type->result_count;
        c.results = type->results;
    }
    c.height = t->stack.count - c.param_count;
    VECTOR_PUSH(t, t->control, c);
    return &t->control.items[t->control.count - 1];
}

void tf_begin_body(struct tf *t)
{
    const struct control body = {.op = WM_OP_BLOCK,
                                 .is_body = true,
                                 .join = TF_NONE,
                                 .result_count = t->type->result_count,
                                 .results = t->type->results};
    VECTOR_PUSH(t, t->control, body);
}

void tf_block(struct tf *t, const struct wm_ins *ins)
{
    open_control(t, ins);
}

/* What the locals are at the head of a loop. */
static void enter_loop(struct tf *t, struct join *j, uint32_t offset)
{
    if (t->env->locals_in_frame) {
        homes_forget(t);
        return;
    }
    const struct loop_sets sets = t->loops.items[t->loop++];
    j->set_begin = offset;
    j->set_end = sets.end;
    if (sets.has_sets)
        locals_enter_join(t, (uint32_t)(j - t->joins.items));
}

void tf_loop(struct tf *t, const struct wm_ins *ins)
{
    struct control *c = open_control(t, ins);
    const uint32_t number = join_new(t, true);

    c->join = number;
    join_add_pred(t, number, emit_jump(t), PRED_JUMP, c->param_count);
    t->block = ir_block_new(t->f);
    struct join *j = &t->joins.items[number];
    j->block = t->block;
    enter_loop(t, j, ins->offset);
    for (uint32_t i = 0; i < c->param_count; i++) {
        const enum ir_type type = translate_type(c->params[i]);
        const uint32_t p = join_add_param(t, number, TF_NONE, i, type);
        t->stack.items[c->height + i] = t->params.items[p].value;
    }
    tf_end_segment(t);
}

void tf_if(struct tf *t, const struct wm_ins *ins)
{
    const ir_value condition = tf_pop(t);
    struct control *c = open_control(t, ins);
    const ir_value from = tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = condition});
    const ir_block then = ir_block_new(t->f);
    const ir_edge edge = ir_edge_new(t->f, then, NULL, 0);

    ir_at(t->f, from)->b = edge;
    c->if_branch = from;
    c->if_stack = join_keep(t, c->param_count);
    c->if_root = locals_keep(t);
    t->block = then;
    tf_end_segment(t);
}

/* The arm before has ended, reachable or not: its values go to the end of the block. */
static void end_arm(struct tf *t, struct control *c)
{
    if (!t->is_dead) {
        const uint32_t join = join_of(t, c);
        join_add_pred(t, join, emit_jump(t), PRED_JUMP, c->result_count);
    }
    t->stack.count = c->height;
    t->is_dead = false;
}

void tf_else(struct tf *t, const struct wm_ins *ins)
{
    struct control *c = label(t, 0);
    const ir_block block = ir_block_new(t->f);
    const ir_edge edge = ir_edge_new(t->f, block, NULL, 0);

    (void)ins;
    end_arm(t, c);
    ir_at(t->f, c->if_branch)->c = edge;
    c->op = WM_OP_ELSE;
    t->block = block;
    locals_go_to(t, c->if_root);
    for (uint32_t i = 0; i < c->param_count; i++)
        tf_push(t, t->kept.items[c->if_stack + i]);
    tf_end_segment(t);
}

/* The value that all branches bring at a position, or a parameter for it. */
static ir_value joined_value(struct tf *t, uint32_t join, uint32_t position, enum ir_type type)
{
    uint32_t at = t->joins.items[join].pred_first;
    const ir_value first = t->kept.items[t->preds.items[at].stack + position];
    bool is_same = true;

    for (; at != TF_NONE && is_same; at = t->preds.items[at].next)
        is_same = t->kept.items[t->preds.items[at].stack + position] == first;
    if (is_same)
        return first;
    const uint32_t param = join_add_param(t, join, TF_NONE, position, type);
    return t->params.items[param].value;
}

/* Goes on behind a label that somebody branches to. */
static void enter_join(struct tf *t, const struct control *c)
{
    const struct wm_valtype *types = result_types(c);
    const uint32_t number = c->join;
    struct join *j = &t->joins.items[number];

    j->block = t->block = ir_block_new(t->f);
    t->is_dead = false;
    if (j->pred_count == 1) {
        const struct pred *p = &t->preds.items[j->pred_first];
        locals_go_to(t, p->root);
        for (uint32_t i = 0; i < c->result_count; i++)
            tf_push(t, t->kept.items[p->stack + i]);
        return;
    }
    for (uint32_t i = 0; i < c->result_count; i++)
        tf_push(t, joined_value(t, number, i, translate_type(types[i])));
    locals_enter_join(t, number);
    locals_seal(t, number);
}

void tf_end(struct tf *t, const struct wm_ins *ins)
{
    struct control *c = label(t, 0);

    (void)ins;
    if (c->op == WM_OP_LOOP) {
        locals_seal(t, c->join);
    } else {
        if (c->op == WM_OP_IF) /* without else: its parameters are its results */
            join_add_pred_kept(t, join_of(t, c), c->if_branch, PRED_FALSE, c->if_root,
                               c->if_stack);
        if (c->join != TF_NONE) {
            end_arm(t, c);
            enter_join(t, c);
            tf_end_segment(t);
        }
    }
    if (c->is_body && !t->is_dead)
        emit_return(t);
    if (t->is_dead)
        t->stack.count = c->height;
    t->control.count--;
}
