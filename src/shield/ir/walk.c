/* walk: operands and successors of an instruction. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/ir.h"

#include <assert.h>

struct visitor {
    void (*visit)(void *ctx, uint32_t *operand);
    void *ctx;
};

static void visit_list(struct ir_func *f, ir_list l, struct visitor v)
{
    for (uint32_t i = 0, n = ir_list_count(f, l); i < n; i++)
        v.visit(v.ctx, ir_list_items(f, l) + i);
}

static void visit_edge(struct ir_func *f, ir_edge e, struct visitor v)
{
    for (uint32_t i = 0, n = ir_edge_count(f, e); i < n; i++)
        v.visit(v.ctx, ir_edge_args(f, e) + i);
}

static void visit_switch(struct ir_func *f, ir_list edges, struct visitor v)
{
    for (uint32_t i = 0, n = ir_list_count(f, edges); i < n; i++)
        visit_edge(f, ir_list_items(f, edges)[i], v);
}

void ir_each_operand(struct ir_func *f, ir_value value, void (*visit)(void *ctx, uint32_t *operand),
                     void *ctx)
{
    struct ir_inst *i = ir_at(f, value);
    const struct visitor v = {visit, ctx};

    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_PARAM:
    case IR_FORMAT_CONST:
    case IR_FORMAT_VCONST:
    case IR_FORMAT_NULLARY:
    case IR_FORMAT_NUMBER:
        return;
    case IR_FORMAT_ALIAS:
    case IR_FORMAT_RESULT:
    case IR_FORMAT_UNARY:
    case IR_FORMAT_LANE:
    case IR_FORMAT_LOAD:
        visit(ctx, &i->a);
        return;
    case IR_FORMAT_BINARY:
    case IR_FORMAT_LANE2:
    case IR_FORMAT_SHUFFLE:
    case IR_FORMAT_VCMP:
    case IR_FORMAT_VFCMP:
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW:
    case IR_FORMAT_CHECKED:
        visit(ctx, &i->a);
        visit(ctx, &i->b);
        return;
    case IR_FORMAT_TERNARY:
        visit(ctx, &i->a);
        visit(ctx, &i->b);
        visit(ctx, &i->c);
        return;
    case IR_FORMAT_LIST:
    case IR_FORMAT_RETURN:
        visit_list(f, i->a, v);
        return;
    case IR_FORMAT_CMPXCHG:
    case IR_FORMAT_CALL_TABLE:
    case IR_FORMAT_CALL_VALUE:
        visit(ctx, &i->a);
        visit_list(f, i->b, v);
        return;
    case IR_FORMAT_CALL:
        visit_list(f, i->b, v);
        return;
    case IR_FORMAT_JUMP:
        visit_edge(f, i->a, v);
        return;
    case IR_FORMAT_BRANCH:
        visit(ctx, &i->a);
        visit_edge(f, i->b, v);
        visit_edge(f, i->c, v);
        return;
    case IR_FORMAT_SWITCH:
        visit(ctx, &i->a);
        visit_switch(f, i->b, v);
        return;
    }
    assert(false && "every format is a case");
}
