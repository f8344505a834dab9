/*
 * select_uses: what selection must know of each value beforehand: how often it is used, whether an
 * I32 needs a zero high half, and how many effects lie before it (its color). Values of one color
 * have no effect between them, so one of them may move to the other.
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
        use(s, &args[i], SEL_CLEAN);
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
    return op == IR_OP_UEXTEND || op == IR_OP_GUEST_ADDRESS || op == IR_OP_SELECT ||
           op == IR_OP_SELECT_GUARD || op == IR_OP_CALL_TABLE || op == IR_OP_TAIL_CALL_TABLE ||
           op == IR_OP_SWITCH || op == IR_OP_CHECKED_END || op == IR_OP_FCVT_FROM_UINT ||
           op == IR_OP_UADD_TRAP;
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
    case IR_FORMAT_TERNARY: use(s, &i->c, flags & SEL_MANY); /* fall through */
    case IR_FORMAT_BINARY:
    case IR_FORMAT_VCMP:
    case IR_FORMAT_VFCMP:
    case IR_FORMAT_SHUFFLE:
    case IR_FORMAT_LANE2:
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW: use(s, &i->b, flags); /* fall through */
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

static void color_block(struct select *s, ir_block block, uint32_t *color)
{
    for (ir_value v = s->f->blocks[block].first; v != IR_NONE; v = s->f->links[v].next) {
        const struct ir_inst *i = ir_at(s->f, v);
        uint8_t flags = ir_op_info[i->op].flags;
        bool plain_load = i->op == IR_OP_LOAD;

        s->color[v] = *color;
        if ((flags & (IR_STORES | IR_EFFECT | IR_CALLS)) != 0 ||
            ((flags & IR_TRAPS) != 0 && !plain_load))
            ++*color;
    }
    ++*color;
}

void sel_prepare(struct select *s)
{
    uint32_t color = 0;

    for (uint32_t b = 0; b < s->order.count; b++)
        if (s->order.blocks[b].block != IR_NONE)
            color_block(s, s->order.blocks[b].block, &color);
    for (uint32_t b = s->order.count; b-- > 0;) {
        if (s->order.blocks[b].block == IR_NONE)
            continue;
        const struct ir_block_data *data = &s->f->blocks[s->order.blocks[b].block];
        for (ir_value v = data->last; v != IR_NONE; v = s->f->links[v].prev)
            if (is_live(s, v))
                use_operands(s, v);
    }
}
