/*
 * convert: a branch that only chooses between values becomes SELECT.
 *
 *     P: branch c T E                       P: x = ..., y = ...
 *     T: x = ...; jump M (x)          =>       s = select x y c
 *     E: y = ...; jump M (y)                   jump M (s)
 *
 * Either side may be missing. A mispredicted branch costs about as much as 15 simple operations, a
 * choice about one and the wait for both sides: so few and cheap operations, integers only (the
 * processor chooses between vectors no better than by a branch), and nothing on a side that is
 * cold. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/cfg.h"
#include "shield/opt/opt.h"

#define CONVERT_INSTS_MAX   3 /* computed on both sides together */
#define CONVERT_CHOICES_MAX 2

struct side {
    ir_block block; /* IR_NONE: the edge goes to the meeting directly */
    ir_edge edge;   /* into the meeting */
    uint32_t insts;
};

static bool is_cheap(const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) { /* tidy: flat */
    case IR_OP_ICONST:
    case IR_OP_IADD:
    case IR_OP_ISUB:
    case IR_OP_IAND:
    case IR_OP_IOR:
    case IR_OP_IXOR:
    case IR_OP_INEG:
    case IR_OP_INOT:
    case IR_OP_ISHL:
    case IR_OP_USHR:
    case IR_OP_SSHR:
    case IR_OP_ICMP:
    case IR_OP_UEXTEND:
    case IR_OP_SEXTEND:
    case IR_OP_IREDUCE: return ir_type_is_int((enum ir_type)i->type);
    default: return false;
    }
}

/* What lies between the branch and the edge into the meeting. False: too much for a choice. */
static bool look(const struct ir_func *f, const struct ir_cfg *g, ir_edge e, struct side *out)
{
    ir_block b = ir_edge_block(f, e);

    *out = (struct side){.block = IR_NONE, .edge = e};
    if (b >= g->func->block_count || f->blocks[b].last == IR_NONE)
        return false;
    if (ir_cfg_pred_count(g, b) != 1 || f->blocks[b].cold ||
        ir_op_of(f, f->blocks[b].last) != IR_OP_JUMP || ir_list_count(f, f->blocks[b].params) != 0)
        return true; /* perhaps the meeting itself */
    for (ir_value v = f->blocks[b].first; v != f->blocks[b].last; v = f->links[v].next) {
        if (!is_cheap(ir_at(f, v)) || out->insts == CONVERT_INSTS_MAX + 1)
            return true;
        out->insts += ir_op_of(f, v) != IR_OP_ICONST;
    }
    out->block = b;
    out->edge = ir_at(f, f->blocks[b].last)->a;
    return true;
}

static void spill_side(struct ir_func *f, ir_value branch, const struct side *s)
{
    if (s->block == IR_NONE)
        return;
    for (ir_value v = f->blocks[s->block].first, next; v != f->blocks[s->block].last; v = next) {
        next = f->links[v].next;
        ir_remove(f, v);
        ir_insert_before(f, branch, v);
    }
}

/* How many arguments differ; more than CONVERT_CHOICES_MAX when one of them is no integer. */
static uint32_t count_choices(struct ir_func *f, const struct side *x, const struct side *y)
{
    uint32_t count = 0;

    for (uint32_t k = 0, n = ir_edge_count(f, x->edge); k < n; k++) {
        ir_value a = ir_resolve(f, ir_edge_args(f, x->edge)[k]);
        ir_value b = ir_resolve(f, ir_edge_args(f, y->edge)[k]);
        if (a == b)
            continue;
        enum ir_type type = (enum ir_type)ir_at(f, a)->type;
        if (!ir_type_is_int(type) || ir_type_bits(type) < 32)
            return CONVERT_CHOICES_MAX + 1;
        count++;
    }
    return count;
}

static bool convert(struct ir_func *f, const struct ir_cfg *g, ir_block b)
{
    const ir_value branch = f->blocks[b].last;
    const struct ir_inst i = *ir_at(f, branch);
    struct side then, otherwise;

    if (i.op != IR_OP_BRANCH || !look(f, g, i.b, &then) || !look(f, g, i.c, &otherwise))
        return false;
    if (ir_edge_block(f, then.edge) != ir_edge_block(f, otherwise.edge)) { /* a side too many? */
        if (then.block == ir_edge_block(f, otherwise.edge))
            then = (struct side){.block = IR_NONE, .edge = i.b};
        else if (otherwise.block == ir_edge_block(f, then.edge))
            otherwise = (struct side){.block = IR_NONE, .edge = i.c};
    }
    ir_block meeting = ir_edge_block(f, then.edge);
    if (meeting != ir_edge_block(f, otherwise.edge) || meeting == b ||
        f->blocks[meeting].loop_header || then.insts + otherwise.insts > CONVERT_INSTS_MAX)
        return false;
    uint32_t choices = count_choices(f, &then, &otherwise);
    if (choices == 0 || choices > CONVERT_CHOICES_MAX)
        return false;
    spill_side(f, branch, &then);
    spill_side(f, branch, &otherwise);
    uint32_t count = ir_edge_count(f, then.edge);
    ir_value *args = arena_new(f->arena, ir_value, count);
    for (uint32_t k = 0; k < count; k++) {
        ir_value x = ir_resolve(f, ir_edge_args(f, then.edge)[k]);
        ir_value y = ir_resolve(f, ir_edge_args(f, otherwise.edge)[k]);
        args[k] = x;
        if (x == y)
            continue;
        args[k] = ir_inst_new(
            f, (struct ir_inst){
                   .op = IR_OP_SELECT, .type = ir_at(f, x)->type, .a = x, .b = y, .c = i.a});
        f->sources[args[k]] = f->sources[branch];
        ir_insert_before(f, branch, args[k]);
    }
    ir_edge edge = ir_edge_new(f, meeting, args, count);
    *ir_at(f, branch) = (struct ir_inst){.op = IR_OP_JUMP, .a = edge};
    return true;
}

void opt_convert(struct ir_func *f, struct opt_stats *stats)
{
    struct ir_cfg g;
    uint32_t before = stats->converted;

    ir_cfg_order(&g, f, f->arena);
    for (uint32_t i = g.order_count; i-- > 0;) /* inner ones first: they may become cheap */
        stats->converted += convert(f, &g, g.order[i]);
    if (stats->converted != before)
        opt_clean(f, stats);
}
