/*
 * order: see order.h. First every reachable block and every edge that needs a block of its own
 * becomes a node; then one depth-first walk numbers the nodes; loops come from the edges that walk
 * against that order; layout keeps the blocks of a loop together and moves cold ones behind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/order.h"

#include <string.h>

struct node {
    ir_block block;
    ir_edge edge;
    uint32_t succ_first, succ_count, case_first;
    uint32_t number; /* in reverse postorder, once known */
};

struct work {
    struct ir_func *f;
    struct node *nodes;
    uint32_t node_count, node_capacity;
    uint32_t *succs;
    uint32_t succ_count, succ_capacity;
    uint32_t *cases;
    uint32_t case_count, case_capacity;
    uint32_t *node_of;  /* per IR block */
    uint32_t *preds_of; /* per IR block: edges that lead to it, at most 2 counted */
    bool in_a_hurry;
    struct order *out;
};

static uint32_t node_new(struct work *w, ir_block block, ir_edge edge)
{
    struct node n = {.block = block, .edge = edge, .number = ORDER_NONE};

    ARENA_PUSH(w->f->arena, w->nodes, w->node_count, w->node_capacity, n);
    return w->node_count - 1;
}

static bool same_edge(const struct ir_func *f, ir_edge a, ir_edge b)
{
    uint32_t count = ir_edge_count(f, a);

    return a == b ||
           (ir_edge_block(f, a) == ir_edge_block(f, b) && ir_edge_count(f, b) == count &&
            memcmp(ir_edge_args(f, a), ir_edge_args(f, b), count * sizeof(ir_value)) == 0);
}

/* The node an edge of a block with several successors leads to: the target's own when nothing is
 * carried, and nothing but this edge leads there or nobody will put anything on it; else one
 * between. */
static uint32_t edge_node(struct work *w, ir_edge e)
{
    ir_block target = ir_edge_block(w->f, e);

    if (ir_edge_count(w->f, e) == 0 && (w->in_a_hurry || w->preds_of[target] == 1))
        return w->node_of[target];
    return node_new(w, IR_NONE, e);
}

enum { EDGE_TABLE_MIN = 16 };

/* The successors of a switch: equal edges once, found with a table of hashes. */
static void switch_successors(struct work *w, uint32_t node, ir_value terminator)
{
    struct ir_func *f = w->f;
    uint32_t count = ir_successor_count(f, terminator), size = EDGE_TABLE_MIN;
    uint32_t first = w->succ_count;

    while (size < count * 2)
        size *= 2;
    struct slot {
        ir_edge edge;
        uint32_t succ; /* + 1 */
    } *table = arena_new(f->arena, struct slot, size);

    for (uint32_t i = 0; i < count; i++) {
        ir_edge e = ir_successor(f, terminator, i);
        uint32_t args = ir_edge_count(f, e), hash = ir_edge_block(f, e) * 0x9e3779b1u;
        for (uint32_t k = 0; k < args; k++)
            hash = (hash ^ ir_edge_args(f, e)[k]) * 0x85ebca6bu;
        uint32_t at = (hash ^ hash >> 15) & (size - 1);
        while (table[at].succ != 0 && !same_edge(f, table[at].edge, e))
            at = (at + 1) & (size - 1);
        if (table[at].succ == 0) {
            uint32_t to = edge_node(w, e);
            ARENA_PUSH(f->arena, w->succs, w->succ_count, w->succ_capacity, to);
            table[at] = (struct slot){e, w->succ_count - first};
        }
        ARENA_PUSH(f->arena, w->cases, w->case_count, w->case_capacity, table[at].succ - 1);
    }
    w->nodes[node].succ_first = first;
    w->nodes[node].succ_count = w->succ_count - first;
}

static void block_successors(struct work *w, uint32_t node)
{
    struct ir_func *f = w->f;
    ir_value last = f->blocks[w->nodes[node].block].last;
    uint32_t count = ir_successor_count(f, last), first = w->succ_count;

    w->nodes[node].case_first = w->case_count;
    if (ir_op_of(f, last) == IR_OP_SWITCH) {
        switch_successors(w, node, last);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        ir_edge e = ir_successor(f, last, i);
        uint32_t to = count == 1 ? w->node_of[ir_edge_block(f, e)] : edge_node(w, e);
        ARENA_PUSH(f->arena, w->succs, w->succ_count, w->succ_capacity, to);
    }
    w->nodes[node].succ_first = first;
    w->nodes[node].succ_count = count;
}

/* Makes the nodes of the reachable blocks and counts how many edges lead to each. */
static void find_blocks(struct work *w)
{
    struct ir_func *f = w->f;
    uint32_t *stack = arena_new_raw(f->arena, uint32_t, f->block_count), top = 0;

    w->node_of = arena_new_raw(f->arena, uint32_t, f->block_count);
    w->preds_of = arena_new(f->arena, uint32_t, f->block_count);
    memset(w->node_of, 0xff, f->block_count * sizeof(uint32_t));
    w->node_of[0] = node_new(w, 0, 0);
    w->preds_of[0] = 1; /* the caller: a loop to the entry gets an edge block */
    stack[top++] = 0;
    while (top > 0) {
        ir_value last = f->blocks[stack[--top]].last;
        uint32_t count = ir_successor_count(f, last);
        for (uint32_t i = 0; i < count; i++) {
            ir_block to = ir_edge_block(f, ir_successor(f, last, i));
            w->preds_of[to] += w->preds_of[to] < 2;
            if (w->node_of[to] != ORDER_NONE)
                continue;
            w->node_of[to] = node_new(w, to, 0);
            stack[top++] = to;
        }
    }
}

static void make_edges(struct work *w)
{
    uint32_t blocks = w->node_count;

    for (uint32_t n = 0; n < blocks; n++)
        block_successors(w, n);
    for (uint32_t n = blocks; n < w->node_count; n++) {
        uint32_t to = w->node_of[ir_edge_block(w->f, w->nodes[n].edge)];
        w->nodes[n].succ_first = w->succ_count;
        w->nodes[n].succ_count = 1;
        ARENA_PUSH(w->f->arena, w->succs, w->succ_count, w->succ_capacity, to);
    }
}

/* Numbers the nodes in reverse postorder. */
static void number_nodes(struct work *w)
{
    struct frame {
        uint32_t node, next;
    } *stack = arena_new_raw(w->f->arena, struct frame, w->node_count);
    uint8_t *seen = arena_new(w->f->arena, uint8_t, w->node_count);
    uint32_t top = 0, left = w->node_count;

    stack[top++] = (struct frame){0, 0};
    seen[0] = 1;
    while (top > 0) {
        struct frame *s = &stack[top - 1];
        struct node *n = &w->nodes[s->node];
        if (s->next == n->succ_count) {
            n->number = --left;
            top--;
            continue;
        }
        /* last successor first: so the first one, taken when the condition holds, ends up near */
        uint32_t to = w->succs[n->succ_first + n->succ_count - 1 - s->next++];
        if (!seen[to]) {
            seen[to] = 1;
            stack[top++] = (struct frame){to, 0};
        }
    }
}

/* Rarely executed, or ends in a trap, which happens once. */
static bool is_cold(const struct ir_func *f, ir_block b)
{
    return f->blocks[b].cold != 0 || ir_op_of(f, f->blocks[b].last) == IR_OP_TRAP;
}

static void fill_blocks(struct work *w)
{
    struct ir_func *f = w->f;
    struct order *o = w->out;

    o->count = w->node_count;
    o->blocks = arena_new(f->arena, struct order_block, o->count);
    o->case_first = arena_new_raw(f->arena, uint32_t, o->count);
    o->cases = w->cases;
    o->succs = w->succs;
    for (uint32_t i = 0; i < w->node_count; i++) {
        const struct node *n = &w->nodes[i];
        struct order_block *b = &o->blocks[n->number];
        b->block = n->block;
        b->edge = n->edge;
        b->succ_first = n->succ_first;
        b->succ_count = n->succ_count;
        b->loop = ORDER_NONE;
        b->outer = ORDER_NONE;
        b->cold = is_cold(f, n->block != IR_NONE ? n->block : ir_edge_block(f, n->edge));
        o->case_first[n->number] = n->case_first;
    }
    for (uint32_t i = 0; i < w->succ_count; i++)
        o->succs[i] = w->nodes[o->succs[i]].number;
    for (uint32_t i = 0; i < w->succ_count; i++)
        o->blocks[o->succs[i]].pred_count++;
}

/* ---- loops ------ */

struct loops {
    struct order *o;
    uint32_t *pred_first, *preds;
    uint32_t *group; /* union-find: header of the outermost loop found so far that holds a block */
    uint32_t *stack;
};

static uint32_t group_of(struct loops *l, uint32_t b)
{
    while (l->group[b] != b) {
        l->group[b] = l->group[l->group[b]];
        b = l->group[b];
    }
    return b;
}

static void list_preds(struct arena *a, struct order *o, struct loops *l)
{
    uint32_t total = 0;

    l->pred_first = arena_new(a, uint32_t, o->count + 1);
    for (uint32_t b = 0; b < o->count; b++) {
        l->pred_first[b] = total;
        total += o->blocks[b].pred_count;
    }
    l->pred_first[o->count] = total;
    l->preds = arena_new(a, uint32_t, total);
    uint32_t *next = arena_new(a, uint32_t, o->count);
    memcpy(next, l->pred_first, o->count * sizeof(uint32_t));
    for (uint32_t b = 0; b < o->count; b++)
        for (uint32_t i = 0; i < o->blocks[b].succ_count; i++)
            l->preds[next[o->succs[o->blocks[b].succ_first + i]]++] = b;
}

/* The body of the loop of header h: whatever reaches a back edge without passing h. */
static void collect_loop(struct loops *l, uint32_t h)
{
    struct order *o = l->o;
    uint32_t top = 0;

    for (uint32_t i = l->pred_first[h]; i < l->pred_first[h + 1]; i++)
        if (l->preds[i] >= h)
            l->stack[top++] = l->preds[i];
    if (top == 0)
        return;
    o->blocks[h].header = true;
    o->blocks[h].loop = h;
    while (top > 0) {
        uint32_t b = group_of(l, l->stack[--top]);
        if (b == h || b < h) /* b < h: entered from the side, not a natural loop */
            continue;
        l->group[b] = h;
        if (o->blocks[b].header)
            o->blocks[b].outer = h;
        else
            o->blocks[b].loop = h;
        for (uint32_t i = l->pred_first[b]; i < l->pred_first[b + 1]; i++)
            if (group_of(l, l->preds[i]) != h)
                l->stack[top++] = l->preds[i];
    }
}

static void find_loops(struct arena *a, struct order *o)
{
    struct loops l = {.o = o};
    bool any = false;

    for (uint32_t b = 0; b < o->count && !any; b++)
        for (uint32_t i = 0; i < o->blocks[b].succ_count; i++)
            any |= o->succs[o->blocks[b].succ_first + i] <= b;
    if (!any)
        return;
    list_preds(a, o, &l);
    l.group = arena_new(a, uint32_t, o->count);
    l.stack = arena_new(a, uint32_t, (size_t)l.pred_first[o->count] + o->count);
    for (uint32_t b = 0; b < o->count; b++)
        l.group[b] = b;
    for (uint32_t h = o->count; h-- > 0;)
        collect_loop(&l, h);
    for (uint32_t b = 0; b < o->count; b++) {
        struct order_block *x = &o->blocks[b];
        if (x->header)
            x->loop_depth = x->outer == ORDER_NONE ? 1 : o->blocks[x->outer].loop_depth + 1;
        else if (x->loop != ORDER_NONE)
            x->loop_depth = o->blocks[x->loop].loop_depth;
    }
}

/* ---- layout ------ */

/* Lists of blocks, one per loop and one for outside (index count): each block hangs in the list of
 * its innermost loop, a header in the list of the loop around. */
static void lay_out(struct arena *a, struct order *o)
{
    uint32_t n = o->count, used = 0, depth = 0;
    uint32_t *first = arena_new(a, uint32_t, (size_t)n + 1), *last = arena_new(a, uint32_t,
                                                                               (size_t)n + 1);
    uint32_t *next = arena_new(a, uint32_t, n), *stack = arena_new(a, uint32_t, (size_t)n + 1);

    memset(first, 0xff, ((size_t)n + 1) * sizeof(uint32_t));
    for (uint32_t b = 0; b < n; b++) {
        const struct order_block *x = &o->blocks[b];
        uint32_t loop = x->header ? x->outer : x->loop, list = loop == ORDER_NONE ? n : loop;
        next[b] = ORDER_NONE;
        if (first[list] == ORDER_NONE)
            first[list] = b;
        else
            next[last[list]] = b;
        last[list] = b;
    }
    stack[depth++] = first[n];
    while (depth > 0) {
        uint32_t b = stack[depth - 1];
        if (b == ORDER_NONE) {
            depth--;
            continue;
        }
        stack[depth - 1] = next[b];
        o->layout[used++] = b;
        if (o->blocks[b].header)
            stack[depth++] = first[b];
    }
}

/* Cold blocks behind the others, order kept; the entry stays first. */
static void move_cold(struct arena *a, struct order *o, bool edges_too)
{
    uint32_t *cold = arena_new_raw(a, uint32_t, o->count), cold_count = 0, kept = 0;

    for (uint32_t i = 0; i < o->count; i++) {
        const uint32_t b = o->layout[i];
        const struct order_block *x = &o->blocks[b];
        if (b != 0 && (x->cold || (edges_too && x->block == IR_NONE)))
            cold[cold_count++] = b;
        else
            o->layout[kept++] = b;
    }
    memcpy(o->layout + kept, cold, cold_count * sizeof(uint32_t));
}

void order_compute(struct ir_func *f, bool in_a_hurry, struct order *out)
{
    struct work w = {.f = f, .in_a_hurry = in_a_hurry, .out = out};

    *out = (struct order){0};
    find_blocks(&w);
    make_edges(&w);
    number_nodes(&w);
    fill_blocks(&w);
    out->layout = arena_new_raw(f->arena, uint32_t, out->count);
    if (in_a_hurry) {
        for (uint32_t b = 0; b < out->count; b++)
            out->layout[b] = b;
    } else {
        find_loops(f->arena, out);
        lay_out(f->arena, out);
    }
    move_cold(f->arena, out, in_a_hurry);
}
