/*
 * latch: a loop that goes round until its counter is a constant asks the counter's next value, with
 * which it goes round anyway, instead of the present one:
 *
 *     y = iadd p 4; branch (icmp ne p 96) head (y) ...     p, y: parameter of head, next value
 *     y = iadd p 4; branch (icmp ne y 100) head (y) ...
 *
 * Then p is not needed behind y, both can be one register, and the way back needs no move. The sum
 * is made right in front of the comparison where nothing else wants it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/rule_support.h"
#include "shield/opt/opt.h"

struct uses {
    struct ir_func *f;
    uint32_t *count; /* per value */
};

static void use(void *ctx, uint32_t *operand)
{
    struct uses *u = ctx;

    *operand = ir_resolve(u->f, *operand);
    u->count[*operand]++;
}

static bool is_constant(struct ir_func *f, ir_value v, uint64_t *bits)
{
    const struct ir_inst *i = ir_at(f, ir_resolve(f, v));

    *bits = ir_const_bits(i);
    return i->op == IR_OP_ICONST;
}

/* What an edge of the branch hands to its own block for the parameter, when that is the parameter
 * and a constant; else IR_NONE. */
static ir_value next_value(struct ir_func *f, ir_value branch, ir_value param, uint64_t *step)
{
    const struct ir_inst *p = ir_at(f, param);

    if (p->op != IR_OP_PARAM)
        return IR_NONE;
    for (uint32_t n = 0; n < 2; n++) {
        const ir_edge e = ir_successor(f, branch, n);
        if (ir_edge_block(f, e) != p->a)
            continue;
        const ir_value y = ir_edge_args(f, e)[p->b];
        const struct ir_inst *i = ir_at(f, y);
        if (i->op == IR_OP_IADD && i->a == param && is_constant(f, i->b, step))
            return y;
    }
    return IR_NONE;
}

static uint32_t uses_by_edges(struct ir_func *f, ir_value branch, ir_value v)
{
    uint32_t count = 0;

    for (uint32_t n = 0; n < 2; n++) {
        const ir_edge e = ir_successor(f, branch, n);
        for (uint32_t k = 0; k < ir_edge_count(f, e); k++)
            count += ir_edge_args(f, e)[k] == v;
    }
    return count;
}

static void test_next_value(struct uses *u, ir_value branch, struct opt_stats *stats)
{
    struct ir_func *f = u->f;
    const ir_value condition = ir_at(f, branch)->a;
    const struct ir_inst test = *ir_at(f, condition);
    uint64_t bound, step;

    if (test.op != IR_OP_ICMP || (test.aux != IR_EQ && test.aux != IR_NE) ||
        u->count[condition] != 1 || !is_constant(f, test.b, &bound))
        return;
    const ir_value y = next_value(f, branch, test.a, &step);
    if (y == IR_NONE)
        return;
    const enum ir_type type = (enum ir_type)ir_at(f, y)->type;
    if (f->links[y].block == f->links[branch].block &&
        u->count[y] == uses_by_edges(f, branch, y)) {
        ir_remove(f, y);
        ir_insert_before(f, branch, y);
    }
    const ir_value end = ir_inst_new(f, ir_iconst(type, rule_cut(type, bound + step)));
    ir_insert_before(f, branch, end);
    const ir_value asked =
        ir_inst_new(f, (struct ir_inst){
                           .op = IR_OP_ICMP, .type = IR_I32, .aux = test.aux, .a = y, .b = end});
    ir_insert_before(f, branch, asked);
    ir_at(f, branch)->a = asked;
    stats->latches++;
}

void opt_latch(struct ir_func *f, struct opt_stats *stats)
{
    struct uses u = {.f = f, .count = arena_new(f->arena, uint32_t, f->inst_count)};

    for (ir_block b = 0; b < f->block_count; b++)
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next)
            ir_each_operand(f, v, use, &u);
    for (ir_block b = 0; b < f->block_count; b++) {
        const ir_value last = f->blocks[b].last;
        if (last != IR_NONE && ir_op_of(f, last) == IR_OP_BRANCH)
            test_next_value(&u, last, stats);
    }
}
