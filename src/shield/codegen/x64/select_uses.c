/*
 * select_uses: what selection must know of each value beforehand: how often it is used, whether an
 * I32 needs a zero high half, and how many effects lie behind it or are it (its color). Values of
 * one color have no effect between them, so one of them may move to the other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/select.h"

static void use(struct select *s, ir_value *operand, uint8_t flags)
{
    ir_value v = *operand;

    if (s->f->insts[v].op == IR_OP_ALIAS) {
        v = ir_resolve(s->f, v);
        *operand = v;
    }
    uint8_t have = s->value_flags[v];
    if ((have & SEL_USED) != 0)
        flags |= SEL_MANY;
    s->value_flags[v] = have | flags | SEL_USED;
}

static void use_edge(struct select *s, ir_edge e)
{
    uint32_t count = ir_edge_count(s->f, e), *args = ir_edge_args(s->f, e);

    for (uint32_t i = 0; i < count; i++)
        use(s, &args[i], 0); /* what is carried on is as clean as the parameter must be */
}

static void use_list(struct select *s, ir_list l)
{
    uint32_t count = ir_list_count(s->f, l), *items = ir_list_items(s->f, l);

    for (uint32_t i = 0; i < count; i++)
        use(s, &items[i], 0);
}

static void use_terminator(struct select *s, ir_value v)
{
    uint32_t count = ir_successor_count(s->f, v);

    for (uint32_t i = 0; i < count; i++)
        use_edge(s, ir_successor(s->f, v, i));
}

/* Whose operands must have a zero high half when they are I32; operands of others only count in
 * their low half. */
static bool reads_high_half(enum ir_op op)
{
    return op == IR_OP_UEXTEND || op == IR_OP_GUEST_ADDRESS || op == IR_OP_CALL_TABLE ||
           op == IR_OP_TAIL_CALL_TABLE || op == IR_OP_FCVT_FROM_UINT;
}

/* Whose operands a user may read itself, with loads among them merged. */
static bool is_taken_apart(enum ir_op op)
{
    return op == IR_OP_ICMP || op == IR_OP_FCMP || op == IR_OP_IAND;
}

/* A value that is used several times and that its users may take apart counts its operands so. */
static void use_operands(struct select *s, ir_value v)
{
    struct ir_inst *i = sel_at(s, v);
    const struct ir_op_info *info = &ir_op_info[i->op];
    uint8_t flags = reads_high_half((enum ir_op)i->op) ? SEL_CLEAN : 0;

    if (is_taken_apart((enum ir_op)i->op) && (s->value_flags[v] & SEL_MANY) != 0)
        flags |= SEL_MANY;
    switch ((enum ir_format)info->format) { /* tidy: flat */
    case IR_FORMAT_TERNARY:
        use(s, &i->c, flags & SEL_MANY);
        use(s, &i->b, flags);
        use(s, &i->a, flags);
        break;
    case IR_FORMAT_BINARY:
    case IR_FORMAT_VCMP:
    case IR_FORMAT_VFCMP:
    case IR_FORMAT_SHUFFLE:
    case IR_FORMAT_LANE2:
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW:
        use(s, &i->b, flags);
        use(s, &i->a, flags);
        break;
    case IR_FORMAT_UNARY:
    case IR_FORMAT_LANE:
    case IR_FORMAT_LOAD:
    case IR_FORMAT_BRANCH: use(s, &i->a, flags); break;
    case IR_FORMAT_CHECKED:
        use(s, &i->a, flags);
        use(s, &i->b, flags);
        break;
    case IR_FORMAT_CMPXCHG:
        use(s, &i->a, flags);
        use_list(s, i->b);
        break;
    case IR_FORMAT_LIST:
    case IR_FORMAT_RETURN: use_list(s, i->a); break;
    case IR_FORMAT_CALL: use_list(s, i->b); break;
    case IR_FORMAT_CALL_TABLE:
    case IR_FORMAT_CALL_VALUE:
        use(s, &i->a, flags);
        use_list(s, i->b);
        break;
    case IR_FORMAT_SWITCH: use(s, &i->a, flags); break;
    case IR_FORMAT_RESULT: use(s, &i->a, 0); break;
    default: break;
    }
    if ((info->flags & IR_TERM) != 0)
        use_terminator(s, v);
}

static bool is_live(const struct select *s, ir_value v)
{
    return (s->value_flags[v] & SEL_USED) != 0 ||
           (ir_op_info[ir_at(s->f, v)->op].flags &
            (IR_STORES | IR_EFFECT | IR_TRAPS | IR_CALLS | IR_TERM | IR_LOADS)) != 0;
}

static bool has_effect(enum ir_op op)
{
    const uint8_t flags = ir_op_info[op].flags;

    return (flags & (IR_STORES | IR_EFFECT | IR_CALLS)) != 0 ||
           ((flags & IR_TRAPS) != 0 && op != IR_OP_LOAD);
}

/* ---- clean values: what flows into a parameter that must have a zero high half ------ */

struct incoming { /* edges by the block they lead to, linked */
    ir_edge edge;
    uint32_t next; /* + 1 */
};

struct flow {
    struct select *s;
    struct incoming *edges;
    uint32_t edge_count;
    uint32_t *first; /* per IR block: + 1 */
    ir_value *stack;
    uint32_t top;
};

static void add_edges(struct flow *x, ir_value terminator)
{
    struct ir_func *f = x->s->f;
    uint32_t count = ir_successor_count(f, terminator);

    for (uint32_t i = 0; i < count; i++) {
        ir_edge e = ir_successor(f, terminator, i);
        if (ir_edge_count(f, e) == 0)
            continue;
        uint32_t *first = &x->first[ir_edge_block(f, e)];
        x->edges[x->edge_count] = (struct incoming){e, *first};
        *first = ++x->edge_count;
    }
}

/* A parameter that must be clean, noticed now. */
static void push_param(struct flow *x, ir_value v)
{
    const struct ir_inst *i = ir_at(x->s->f, v);

    if (i->op == IR_OP_PARAM && i->a != 0)
        x->stack[x->top++] = v;
}

static void spread_clean(struct flow *x)
{
    struct select *s = x->s;

    while (x->top > 0) {
        const struct ir_inst *param = sel_at(s, x->stack[--x->top]);
        for (uint32_t n = x->first[param->a]; n != 0; n = x->edges[n - 1].next) {
            ir_value v = ir_edge_args(s->f, x->edges[n - 1].edge)[param->b];
            if (sel_at(s, v)->type != IR_I32 || (s->value_flags[v] & SEL_CLEAN) != 0)
                continue;
            s->value_flags[v] |= SEL_CLEAN;
            push_param(x, v);
        }
    }
}

static void find_clean(struct select *s)
{
    struct flow x = {.s = s};
    uint32_t edges = 0, params = 0;

    for (uint32_t b = 0; b < s->order.count; b++) {
        const struct order_block *o = &s->order.blocks[b];
        if (o->block == IR_NONE)
            continue;
        edges += ir_successor_count(s->f, s->f->blocks[o->block].last);
        params += ir_list_count(s->f, s->f->blocks[o->block].params);
    }
    x.edges = arena_new(s->arena, struct incoming, edges);
    x.first = arena_new(s->arena, uint32_t, s->f->block_count);
    x.stack = arena_new(s->arena, ir_value, params);
    for (uint32_t b = 0; b < s->order.count; b++) {
        const struct order_block *o = &s->order.blocks[b];
        if (o->block == IR_NONE)
            continue;
        add_edges(&x, s->f->blocks[o->block].last);
        ir_list list = s->f->blocks[o->block].params;
        for (uint32_t k = 0; k < ir_list_count(s->f, list); k++)
            if ((s->value_flags[ir_list_items(s->f, list)[k]] & SEL_CLEAN) != 0)
                push_param(&x, ir_list_items(s->f, list)[k]);
    }
    spread_clean(&x);
}

void sel_prepare(struct select *s)
{
    uint32_t color = 0;
    bool has_params = false;

    for (uint32_t b = s->order.count; b-- > 0;) {
        if (s->order.blocks[b].block == IR_NONE)
            continue;
        const struct ir_block_data *data = &s->f->blocks[s->order.blocks[b].block];
        color++;
        for (ir_value v = data->last; v != IR_NONE; v = s->f->links[v].prev) {
            color += has_effect(ir_op_of(s->f, v));
            s->color[v] = color;
            if (is_live(s, v))
                use_operands(s, v);
        }
        has_params |= b != 0 && ir_list_count(s->f, data->params) > 0;
    }
    if (has_params)
        find_clean(s);
}
