/* select: the walk over the function; see select.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select.h"

enum { GUESS_MIN = 64 };

static void make_room(struct select *s)
{
    uint32_t guess = s->f->inst_count + GUESS_MIN, values = s->f->inst_count;

    s->vreg_of = arena_new(s->arena, mir_vreg, values);
    s->value_flags = arena_new(s->arena, uint8_t, values);
    s->color = arena_new_raw(s->arena, uint32_t, values);
    s->inst_capacity = guess;
    s->insts = arena_new_raw(s->arena, struct mir_inst, guess);
    s->operand_first = arena_new_raw(s->arena, uint32_t, (size_t)guess + 1);
    s->clobbers = arena_new_raw(s->arena, mir_preg_set, guess);
    s->sources = arena_new_raw(s->arena, uint32_t, guess);
    s->operand_capacity = guess * 2;
    s->operands = arena_new_raw(s->arena, struct mir_operand, s->operand_capacity);
    s->vreg_capacity = guess;
    s->vregs = arena_new_raw(s->arena, struct mir_vreg_info, guess);
    s->alias = arena_new_raw(s->arena, mir_vreg, guess);
    s->vreg_count = 1;
    s->group_first = arena_new_raw(s->arena, uint32_t, s->order.count);
    s->group_end = arena_new_raw(s->arena, uint32_t, s->order.count);
    s->edge_arg_first = arena_new_raw(s->arena, uint32_t, s->order.count);
    buf_init(&s->pool, s->arena);
}

static void begin_group(struct select *s, uint32_t source)
{
    s->source = source;
    ARENA_PUSH(s->arena, s->groups, s->group_count, s->group_capacity, s->inst_count);
}

/* Whether an instruction must be selected where it stands although nobody asks for its value. */
static bool has_effect(const struct select *s, ir_value v)
{
    return (ir_op_info[ir_at(s->f, v)->op].flags & (IR_STORES | IR_EFFECT | IR_TRAPS | IR_CALLS)) !=
           0;
}

static bool must_select(const struct select *s, ir_value v)
{
    const struct ir_inst *i = ir_at(s->f, v);

    if (s->vreg_of[v] != 0 || (s->value_flags[v] & SEL_RESULTS) != 0)
        return true;
    if ((s->value_flags[v] & SEL_SUNK) != 0 || !has_effect(s, v))
        return false;
    if (i->op == IR_OP_LOAD && (s->f->accesses[i->c].flags & IR_ACCESS_NOTRAP) != 0)
        return false;
    return true;
}

static void select_block(struct select *s, uint32_t b)
{
    const struct order_block *o = &s->order.blocks[b];

    s->block = b;
    s->group_first[b] = s->group_count;
    if (o->block == IR_NONE) {
        begin_group(s, 0);
        s->color_here = UINT32_MAX;
        sel_jump(s, o->edge);
    } else {
        ir_value last = s->f->blocks[o->block].last;
        for (ir_value v = last; v != IR_NONE; v = s->f->links[v].prev) {
            uint8_t flags = ir_op_info[ir_at(s->f, v)->op].flags;
            if (v != last && !must_select(s, v))
                continue;
            begin_group(s, s->f->sources[v]);
            s->root = v;
            s->color_here = s->color[v];
            if ((flags & IR_CALLS) != 0)
                sel_call(s, v);
            else if ((flags & IR_TERM) != 0)
                sel_terminator(s, v);
            else
                sel_root(s, v);
        }
    }
    if (b == 0) {
        begin_group(s, 0);
        sel_entry(s);
    }
    s->group_end[b] = s->group_count;
}

enum status x64_lower(struct ir_func *f, const struct codegen_options *options,
                      struct x64_lowered *out, struct diag *dg)
{
    struct select s = {.f = f, .options = options, .arena = f->arena, .dg = dg};

    order_compute(f, !options->optimise, &s.order);
    make_room(&s);
    sel_prepare(&s);
    for (uint32_t b = s.order.count; b-- > 0;)
        select_block(&s, b);
    sel_finish(&s, out);
    return ST_OK;
}
