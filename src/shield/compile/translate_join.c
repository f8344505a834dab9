/* translate_join: labels, the branches to them, and the parameters of their blocks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

#include <assert.h>

uint32_t join_new(struct tf *t, bool is_loop)
{
    const struct join fresh = {.block = TF_NONE,
                               .is_loop = is_loop,
                               .pred_first = TF_NONE,
                               .pred_last = TF_NONE,
                               .param_first = TF_NONE,
                               .param_last = TF_NONE};

    VECTOR_PUSH(t, t->joins, fresh);
    return t->joins.count - 1;
}

uint32_t join_keep(struct tf *t, uint32_t arity)
{
    const uint32_t first = t->kept.count;

    for (uint32_t i = t->stack.count - arity; i < t->stack.count; i++)
        VECTOR_PUSH(t, t->kept, t->stack.items[i]);
    return first;
}

uint32_t join_add_pred_kept(struct tf *t, uint32_t join, ir_value from, enum pred_slot slot,
                            tf_token root, uint32_t kept)
{
    const uint32_t number = t->preds.count;
    struct join *j = &t->joins.items[join];

    VECTOR_PUSH(t, t->preds,
                ((struct pred){.from = from,
                               .slot = (uint8_t)slot,
                               .root = root,
                               .stack = kept,
                               .uses = 1,
                               .next = TF_NONE}));
    if (j->pred_first == TF_NONE)
        j->pred_first = number;
    else
        t->preds.items[j->pred_last].next = number;
    j->pred_last = number;
    j->pred_count++;
    return number;
}

uint32_t join_add_pred(struct tf *t, uint32_t join, ir_value from, enum pred_slot slot,
                       uint32_t arity)
{
    const uint32_t kept = join_keep(t, arity);
    return join_add_pred_kept(t, join, from, slot, locals_keep(t), kept);
}

uint32_t join_add_param(struct tf *t, uint32_t join, uint32_t local, uint32_t stack,
                        enum ir_type type)
{
    const uint32_t number = t->params.count;
    struct join *j = &t->joins.items[join];
    const struct ir_inst i = {.op = IR_OP_PARAM, .type = (uint8_t)type, .a = j->block};
    const ir_value v = ir_inst_new(t->f, i);

    VECTOR_PUSH(t, t->params,
                ((struct join_param){
                    .value = v, .local = local, .stack = stack, .join = join, .next = TF_NONE}));
    if (j->param_first == TF_NONE)
        j->param_first = number;
    else
        t->params.items[j->param_last].next = number;
    j->param_last = number;
    return number;
}

/* A parameter that is always the same other value is that value. */
void join_check_trivial(struct tf *t, struct join_param *p)
{
    const uint32_t count = t->joins.items[p->join].pred_count;
    ir_value only = TF_NONE;

    for (uint32_t i = 0; i < count; i++) {
        ir_value v = ir_resolve(t->f, t->args.items[p->args + i]);
        if (v == p->value || v == only)
            continue;
        if (only != TF_NONE)
            return;
        only = v;
    }
    assert(only != TF_NONE && "a join that is reached has a way from outside");
    ir_replace(t->f, p->value, only);
    p->value = TF_NONE;
    t->replaced++;
}

/* ---- making edges ---- */

/* The parameters that are left, numbered. Returns how many. */
static uint32_t finish_params(struct tf *t, struct join *j)
{
    struct ir_func *f = t->f;
    uint32_t count = 0;

    t->operands.count = 0;
    for (uint32_t at = j->param_first; at != TF_NONE; at = t->params.items[at].next) {
        const ir_value v = t->params.items[at].value;
        if (v == TF_NONE)
            continue;
        ir_at(f, v)->b = count++;
        VECTOR_PUSH(t, t->operands, v);
    }
    if (count > 0)
        f->blocks[j->block].params = ir_list_new(f, t->operands.items, count);
    return count;
}

static ir_edge edge_of(struct tf *t, const struct join *j, uint32_t pred)
{
    t->operands.count = 0;
    for (uint32_t at = j->param_first; at != TF_NONE; at = t->params.items[at].next) {
        const struct join_param *p = &t->params.items[at];
        if (p->value != TF_NONE)
            VECTOR_PUSH(t, t->operands, ir_resolve(t->f, t->args.items[p->args + pred]));
    }
    return ir_edge_new(t->f, j->block, t->operands.items, t->operands.count);
}

/* Several edges of one SWITCH to a block with parameters go through a block of their own, so that
 * the values are listed once. */
static void finish_switch_pred(struct tf *t, struct pred *p, ir_edge edge, uint32_t param_count)
{
    struct ir_func *f = t->f;

    p->edge = edge;
    if (p->uses == 1 || param_count == 0)
        return;
    const ir_block between = ir_block_new(f);
    f->source = f->sources[p->from];
    ir_emit(f, between, (struct ir_inst){.op = IR_OP_JUMP, .a = edge});
    p->edge = ir_edge_new(f, between, NULL, 0);
}

static void finish_join(struct tf *t, struct join *j)
{
    struct ir_func *f = t->f;
    const uint32_t param_count = finish_params(t, j);
    uint32_t at = j->pred_first;

    for (uint32_t i = 0; at != TF_NONE; i++, at = t->preds.items[at].next) {
        const ir_edge edge = edge_of(t, j, i);
        struct pred *p = &t->preds.items[at];
        switch ((enum pred_slot)p->slot) {
        case PRED_JUMP: ir_at(f, p->from)->a = edge; break;
        case PRED_TRUE: ir_at(f, p->from)->b = edge; break;
        case PRED_FALSE: ir_at(f, p->from)->c = edge; break;
        case PRED_SWITCH: finish_switch_pred(t, p, edge, param_count); break;
        }
    }
    if (j->is_loop && j->pred_count > 1)
        f->blocks[j->block].loop_header = 1;
}

static ir_edge copy_edge(struct tf *t, ir_edge edge)
{
    const uint32_t count = ir_edge_count(t->f, edge);

    t->operands.count = 0;
    for (uint32_t i = 0; i < count; i++)
        VECTOR_PUSH(t, t->operands, ir_edge_args(t->f, edge)[i]);
    return ir_edge_new(t->f, ir_edge_block(t->f, edge), t->operands.items, count);
}

/* The lists of br_tables hold preds; each entry gets an edge of its own. */
static void finish_switches(struct tf *t)
{
    struct ir_func *f = t->f;

    for (uint32_t i = 0; i < t->switches.count; i++) {
        const ir_list list = ir_at(f, t->switches.items[i])->b;
        for (uint32_t k = 0, n = ir_list_count(f, list); k < n; k++) {
            struct pred *p = &t->preds.items[ir_list_items(f, list)[k]];
            ir_edge edge = p->edge;
            if (p->uses > 1) {
                p->uses--; /* the last one takes the edge itself */
                edge = copy_edge(t, edge);
            }
            ir_list_items(f, list)[k] = edge;
        }
    }
}

static void resolve_operand(void *ctx, uint32_t *operand)
{
    *operand = ir_resolve(ctx, *operand);
}

void join_finish(struct tf *t)
{
    struct ir_func *f = t->f;

    for (uint32_t i = 0; i < t->joins.count; i++)
        if (t->joins.items[i].block != TF_NONE)
            finish_join(t, &t->joins.items[i]);
    finish_switches(t);
    if (t->replaced == 0)
        return;
    for (ir_value v = 0; v < f->inst_count; v++)
        if (f->links[v].block != IR_NONE && ir_op_of(f, v) != IR_OP_JUMP)
            ir_each_operand(f, v, resolve_operand, f);
}
