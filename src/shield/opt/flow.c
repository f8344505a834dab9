/* flow: predecessors and uses that follow changes. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/flow.h"

#include <assert.h>
#include <string.h>

static void grow_pred_heads(struct flow *flow)
{
    const uint32_t old = flow->pred_capacity, wanted = flow->f->block_count + 16;

    if (flow->f->block_count <= old)
        return;
    flow->pred_head =
        arena_grow(flow->f->arena, flow->pred_head, old, wanted, sizeof(*flow->pred_head));
    memset(flow->pred_head + old, 0xff, (wanted - old) * sizeof(*flow->pred_head));
    flow->pred_capacity = wanted;
}

void flow_add(struct flow *flow, ir_block block, uint32_t successor)
{
    const ir_edge e = ir_successor(flow->f, flow->f->blocks[block].last, successor);
    const ir_block target = ir_edge_block(flow->f, e);

    grow_pred_heads(flow);
    const struct flow_place place = {
        .block = block, .successor = successor, .next = flow->pred_head[target]};
    flow->pred_head[target] = flow->place_count;
    ARENA_PUSH(flow->f->arena, flow->places, flow->place_count, flow->place_capacity, place);
}

/* Marks what control can reach from the entry, with a worklist as deep as there are blocks. */
static void mark_reached(struct flow *flow)
{
    const struct ir_func *f = flow->f;
    ir_block *work = arena_new(f->arena, ir_block, f->block_count);
    uint32_t count = 0;

    flow->reached = arena_new(f->arena, uint8_t, f->block_count);
    flow->reached_count = f->block_count;
    flow->reached[0] = 1;
    work[count++] = 0;
    while (count > 0) {
        const ir_value last = f->blocks[work[--count]].last;
        for (uint32_t n = ir_successor_count(f, last), i = 0; i < n; i++) {
            const ir_block to = ir_edge_block(f, ir_successor(f, last, i));
            if (!flow->reached[to]) {
                flow->reached[to] = 1;
                work[count++] = to;
            }
        }
    }
}

void flow_init(struct flow *flow, struct ir_func *f)
{
    *flow = (struct flow){.f = f};
    grow_pred_heads(flow);
    mark_reached(flow);
    for (ir_block b = f->block_count; b-- > 0;) {
        if (!flow->reached[b])
            continue;
        for (uint32_t n = ir_successor_count(f, f->blocks[b].last); n-- > 0;)
            flow_add(flow, b, n);
    }
}

ir_edge flow_edge(const struct flow *flow, uint32_t place)
{
    const struct flow_place *p = &flow->places[place];

    return ir_successor(flow->f, flow->f->blocks[p->block].last, p->successor);
}

static void set_successor(struct ir_func *f, ir_value terminator, uint32_t n, ir_edge edge)
{
    struct ir_inst *i = ir_at(f, terminator);

    if (i->op == IR_OP_JUMP)
        i->a = edge;
    else if (i->op == IR_OP_BRANCH)
        *(n == 0 ? &i->b : &i->c) = edge;
    else
        ir_list_items(f, i->b)[n] = edge;
}

static void unlink_place(struct flow *flow, uint32_t place, ir_block target)
{
    uint32_t *at = &flow->pred_head[target];

    while (*at != place) {
        assert(*at != FLOW_NONE && "a place is in its target's list");
        at = &flow->places[*at].next;
    }
    *at = flow->places[place].next;
}

void flow_redirect(struct flow *flow, uint32_t place, ir_edge edge)
{
    const ir_block from = ir_edge_block(flow->f, flow_edge(flow, place));
    const ir_block to = ir_edge_block(flow->f, edge);
    const struct flow_place *p = &flow->places[place];

    set_successor(flow->f, flow->f->blocks[p->block].last, p->successor, edge);
    if (from == to)
        return;
    unlink_place(flow, place, from);
    grow_pred_heads(flow);
    flow->places[place].next = flow->pred_head[to];
    flow->pred_head[to] = place;
}

void flow_drop(struct flow *flow, ir_block block)
{
    const struct ir_func *f = flow->f;
    const ir_value last = f->blocks[block].last;

    for (uint32_t n = ir_successor_count(f, last), i = 0; i < n; i++) {
        const ir_block to = ir_edge_block(f, ir_successor(f, last, i));
        for (uint32_t p = flow->pred_head[to]; p != FLOW_NONE; p = flow->places[p].next) {
            if (flow->places[p].block == block && flow->places[p].successor == i) {
                unlink_place(flow, p, to);
                break;
            }
        }
    }
}

bool flow_reached(const struct flow *flow, ir_block b)
{
    return b >= flow->reached_count || flow->reached[b];
}

uint32_t flow_pred_count(const struct flow *flow, ir_block b)
{
    const uint32_t first = b < flow->pred_capacity ? flow->pred_head[b] : FLOW_NONE;

    return first == FLOW_NONE ? 0 : flow->places[first].next == FLOW_NONE ? 1 : 2;
}

struct noting {
    struct flow *flow;
    ir_value user;
};

static void note_use(void *ctx, uint32_t *operand)
{
    struct noting *n = ctx;
    struct flow *flow = n->flow;
    struct ir_func *f = flow->f;
    const ir_value v = *operand = ir_resolve(f, *operand);

    if (v >= flow->use_value_capacity) {
        const uint32_t old = flow->use_value_capacity, wanted = f->inst_count + 64;
        flow->use_head = arena_grow(f->arena, flow->use_head, old, wanted, sizeof(*flow->use_head));
        memset(flow->use_head + old, 0xff, (wanted - old) * sizeof(*flow->use_head));
        flow->use_value_capacity = wanted;
    }
    const uint32_t head = flow->use_head[v];
    if (head != FLOW_NONE && flow->uses[head].user == n->user)
        return;
    const struct flow_use use = {.user = n->user, .next = head};
    flow->use_head[v] = flow->use_count;
    ARENA_PUSH(f->arena, flow->uses, flow->use_count, flow->use_capacity, use);
}

void flow_note_uses(struct flow *flow, ir_value user)
{
    struct noting n = {flow, user};

    ir_each_operand(flow->f, user, note_use, &n);
}

void flow_note_all_uses(struct flow *flow)
{
    const struct ir_func *f = flow->f;
    const uint32_t block_count = f->block_count;

    for (ir_block b = 0; b < block_count; b++) {
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next)
            flow_note_uses(flow, v);
    }
}
