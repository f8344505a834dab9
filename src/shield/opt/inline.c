/* inline: see inline.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/inline.h"

#include <assert.h>

struct inlining {
    struct ir_func *f, *callee;
    uint32_t number;  /* of the callee */
    uint32_t parent;  /* position of the call */
    ir_value *values; /* of the callee: what they are in f */
    ir_block *blocks;
    ir_block after;
    uint32_t last_source, last_position; /* of the callee, and what it became */
};

bool opt_can_inline(const struct ir_func *callee)
{
    if (callee->slot_count != 0 || callee->block_count == 0)
        return false;
    for (ir_block b = 0; b < callee->block_count; b++) {
        const ir_value last = callee->blocks[b].last;
        const uint8_t tail_call = IR_TERM | IR_CALLS;
        if (last != IR_NONE && (ir_op_info[ir_op_of(callee, last)].flags & tail_call) == tail_call)
            return false;
    }
    return true;
}

/* The position of an instruction of the callee, as one of f. */
static uint32_t position_of(struct inlining *n, uint32_t source)
{
    struct ir_func *f = n->f;
    struct ir_inlined at = {.source = source, .function = n->number, .parent = n->parent};

    if (source == n->last_source)
        return n->last_position;
    if ((source & IR_SOURCE_INLINED) != 0) { /* inlined into the callee already */
        const struct ir_inlined *inner = &n->callee->inlined[source & ~IR_SOURCE_INLINED];
        at = *inner;
        at.parent = position_of(n, inner->parent);
    }
    ARENA_PUSH(f->arena, f->inlined, f->inlined_count, f->inlined_capacity, at);
    n->last_source = source;
    n->last_position = (f->inlined_count - 1) | IR_SOURCE_INLINED;
    return n->last_position;
}

static uint32_t signature_in(struct inlining *n, uint32_t signature)
{
    const struct ir_signature *s = &n->callee->signatures[signature];

    return ir_signature(n->f, s->params, s->param_count, s->results, s->result_count);
}

static uint32_t callee_in(struct inlining *n, uint32_t number)
{
    struct ir_callee callee = n->callee->callees[number];

    callee.signature = signature_in(n, callee.signature);
    return ir_callee(n->f, callee);
}

static uint32_t site_in(struct inlining *n, uint32_t number)
{
    struct ir_func *f = n->f;
    struct ir_table_site site = n->callee->table_sites[number];

    site.signature = signature_in(n, site.signature);
    ARENA_PUSH(f->arena, f->table_sites, f->table_site_count, f->table_site_capacity, site);
    return f->table_site_count - 1;
}

static ir_list list_in(struct inlining *n, ir_list l)
{
    return ir_list_new(n->f, ir_list_items(n->callee, l), ir_list_count(n->callee, l));
}

static ir_edge edge_in(struct inlining *n, ir_edge e)
{
    return ir_edge_new(n->f, n->blocks[ir_edge_block(n->callee, e)], ir_edge_args(n->callee, e),
                       ir_edge_count(n->callee, e));
}

/* The edges of a switch; equal ones stay one. */
static ir_list edges_in(struct inlining *n, ir_list l)
{
    const uint32_t count = ir_list_count(n->callee, l);
    const uint32_t *old = ir_list_items(n->callee, l);
    uint32_t *edges = arena_new(n->callee->arena, uint32_t, count);

    for (uint32_t i = 0; i < count; i++)
        edges[i] = i > 0 && old[i] == old[i - 1] ? edges[i - 1] : edge_in(n, old[i]);
    return ir_list_new(n->f, edges, count);
}

/* What an instruction refers to, moved into f; its values are still the callee's. */
static struct ir_inst moved(struct inlining *n, struct ir_inst i)
{
    switch ((enum ir_format)ir_op_info[i.op].format) { /* tidy: flat */
    case IR_FORMAT_VCONST: i.a = ir_constant16(n->f, n->callee->constants16[i.a]); break;
    case IR_FORMAT_SHUFFLE: i.c = ir_constant16(n->f, n->callee->constants16[i.c]); break;
    case IR_FORMAT_NUMBER:
        i.a = callee_in(n, i.a); /* SYMBOL_ADDRESS: there are no slots */
        break;
    case IR_FORMAT_LOAD:
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW: i.c = ir_access(n->f, n->callee->accesses[i.c]); break;
    case IR_FORMAT_CMPXCHG:
        i.b = list_in(n, i.b);
        i.c = ir_access(n->f, n->callee->accesses[i.c]);
        break;
    case IR_FORMAT_LIST: i.a = list_in(n, i.a); break;
    case IR_FORMAT_RETURN:
        i.op = IR_OP_JUMP;
        i.a = ir_edge_new(n->f, n->after, ir_list_items(n->callee, i.a),
                          ir_list_count(n->callee, i.a));
        break;
    case IR_FORMAT_CALL:
        i.a = callee_in(n, i.a);
        i.b = list_in(n, i.b);
        break;
    case IR_FORMAT_CALL_TABLE:
        i.b = list_in(n, i.b);
        i.c = site_in(n, i.c);
        break;
    case IR_FORMAT_CALL_VALUE:
        i.b = list_in(n, i.b);
        i.c = signature_in(n, i.c);
        break;
    case IR_FORMAT_JUMP: i.a = edge_in(n, i.a); break;
    case IR_FORMAT_BRANCH:
        i.b = edge_in(n, i.b);
        i.c = edge_in(n, i.c);
        break;
    case IR_FORMAT_SWITCH: i.b = edges_in(n, i.b); break;
    default: break;
    }
    return i;
}

static void map_operand(void *ctx, uint32_t *operand)
{
    const struct inlining *n = ctx;

    *operand = n->values[ir_resolve(n->callee, *operand)];
}

/* New blocks with the parameters of the old ones; those of the entry are the call's arguments. */
static void make_blocks(struct inlining *n, ir_value call)
{
    struct ir_func *f = n->f;
    const bool is_cold = f->blocks[f->links[call].block].cold != 0;

    for (ir_block b = 0; b < n->callee->block_count; b++) {
        const struct ir_block_data *old = &n->callee->blocks[b];
        const ir_block made = ir_block_new(f);
        n->blocks[b] = made;
        f->blocks[made].cold = old->cold != 0 || is_cold;
        f->blocks[made].loop_header = old->loop_header;
        for (uint32_t i = 0, count = ir_list_count(n->callee, old->params); i < count; i++) {
            const ir_value param = ir_list_items(n->callee, old->params)[i];
            const enum ir_type type = (enum ir_type)ir_at(n->callee, param)->type;
            n->values[param] =
                b == 0 ? ir_list_items(f, ir_at(f, call)->b)[i] : ir_param_new(f, made, type);
        }
    }
}

/* What follows the call moves to a block of its own, whose parameters are the call's results. */
static void split_behind(struct inlining *n, ir_value call)
{
    struct ir_func *f = n->f;
    const ir_block b = f->links[call].block;
    const struct ir_signature *s = &f->signatures[f->callees[ir_at(f, call)->a].signature];
    const ir_block after = n->after = ir_block_new(f);
    const ir_value first = f->links[call].next, last = f->blocks[b].last;

    assert(first != IR_NONE && "a call is not the end of its block");
    f->blocks[after].cold = f->blocks[b].cold;
    for (uint32_t i = 0; i < s->result_count; i++)
        (void)ir_param_new(f, after, (enum ir_type)s->results[i]);
    f->blocks[b].last = call;
    f->links[call].next = IR_NONE;
    f->blocks[after].first = first;
    f->blocks[after].last = last;
    f->links[first].prev = IR_NONE;
    for (ir_value v = first, next; v != IR_NONE; v = next) {
        next = f->links[v].next;
        f->links[v].block = after;
        const struct ir_inst i = *ir_at(f, v);
        if (i.op == IR_OP_RESULT && i.a == call)
            ir_replace(f, v, ir_list_items(f, f->blocks[after].params)[i.b]);
    }
}

static void copy_block(struct inlining *n, ir_block b)
{
    struct ir_func *f = n->f, *callee = n->callee;

    for (ir_value v = callee->blocks[b].first; v != IR_NONE; v = callee->links[v].next) {
        f->source = position_of(n, callee->sources[v]);
        n->values[v] = ir_emit(f, n->blocks[b], moved(n, *ir_at(callee, v)));
    }
}

ir_block opt_inline(struct ir_func *f, ir_value call, struct ir_func *callee, uint32_t number)
{
    struct inlining n = {.f = f,
                         .callee = callee,
                         .number = number,
                         .parent = f->sources[call],
                         .last_source = UINT32_MAX};
    const ir_block b = f->links[call].block;
    const uint32_t source = f->source;

    n.values = arena_new(callee->arena, ir_value, callee->inst_count);
    n.blocks = arena_new(callee->arena, ir_block, callee->block_count);
    make_blocks(&n, call);
    split_behind(&n, call);
    for (ir_block k = 0; k < callee->block_count; k++)
        copy_block(&n, k);
    for (ir_block k = 0; k < callee->block_count; k++) {
        for (ir_value v = f->blocks[n.blocks[k]].first; v != IR_NONE; v = f->links[v].next)
            ir_each_operand(f, v, map_operand, &n);
    }
    f->source = n.parent;
    ir_remove(f, call);
    ir_emit(f, b, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(f, n.blocks[0], NULL, 0)});
    f->source = source;
    return n.after;
}
