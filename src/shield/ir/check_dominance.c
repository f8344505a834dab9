/*
 * check_dominance: a value is defined on every path to its use. Dominators are computed here, by
 * the plain iteration over reverse postorder, so that the judge does not depend on the analyses
 * that passes use.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/check_int.h"

#include <inttypes.h>

struct dominance {
    struct ir_checker *c;
    ir_block *order;     /* reachable blocks in reverse postorder */
    uint32_t *position;  /* per block: in order, + 1; 0: not reachable */
    uint32_t *dominator; /* per position: position of the immediate dominator */
    uint32_t *in, *out;  /* per position: intervals of the tree of dominators */
    uint32_t *rank;      /* per value: place within its block */
    uint32_t count;
    enum status st;
};

static void order_blocks(struct dominance *d)
{
    struct ir_func *f = d->c->f;
    struct frame {
        ir_block block;
        uint32_t next;
    } *stack = arena_new(f->arena, struct frame, f->block_count);
    uint32_t depth = 1, end = f->block_count;

    stack[0] = (struct frame){0, 0};
    d->position[0] = 1;
    while (depth > 0) {
        struct frame *top = &stack[depth - 1];
        const ir_value last = f->blocks[top->block].last;
        if (last == IR_NONE || top->next == ir_successor_count(f, last)) {
            d->order[--end] = top->block;
            depth--;
            continue;
        }
        const ir_block to = ir_edge_block(f, ir_successor(f, last, top->next++));
        if (d->position[to] == 0) {
            d->position[to] = 1;
            stack[depth++] = (struct frame){to, 0};
        }
    }
    d->count = f->block_count - end;
    for (uint32_t i = 0; i < d->count; i++) {
        d->order[i] = d->order[end + i];
        d->position[d->order[i]] = i + 1;
    }
}

static uint32_t meet(const struct dominance *d, uint32_t x, uint32_t y)
{
    while (x != y) {
        while (x > y)
            x = d->dominator[x];
        while (y > x)
            y = d->dominator[y];
    }
    return x;
}

static void find_dominators(struct dominance *d)
{
    struct ir_func *f = d->c->f;
    bool changed = true;

    for (uint32_t i = 1; i < d->count; i++)
        d->dominator[i] = UINT32_MAX;
    while (changed) {
        changed = false;
        for (uint32_t from = 0; from < d->count; from++) {
            const ir_value last = f->blocks[d->order[from]].last;
            if (last == IR_NONE || (from > 0 && d->dominator[from] == UINT32_MAX))
                continue;
            for (uint32_t n = 0; n < ir_successor_count(f, last); n++) {
                const ir_block block = ir_edge_block(f, ir_successor(f, last, n));
                const uint32_t to = d->position[block] - 1;
                const uint32_t old = d->dominator[to];
                const uint32_t new = old == UINT32_MAX ? from : meet(d, from, old);
                changed |= new != old;
                d->dominator[to] = new;
            }
        }
    }
}

/* Numbers the tree: x dominates y when in[x] <= in[y] and out[y] <= out[x]. A dominator stands in
 * front of what it dominates, so sizes add up backwards and places forwards. */
static void number_tree(struct dominance *d)
{
    uint32_t *size = d->out;

    for (uint32_t i = 0; i < d->count; i++)
        size[i] = 1;
    for (uint32_t i = d->count; i-- > 1;)
        size[d->dominator[i]] += size[i];
    uint32_t *next = arena_new(d->c->f->arena, uint32_t, d->count + 1);
    next[0] = 1;
    for (uint32_t i = 1; i < d->count; i++) {
        const uint32_t parent = d->dominator[i];
        d->in[i] = next[parent];
        next[parent] += size[i];
        next[i] = d->in[i] + 1;
    }
    for (uint32_t i = 0; i < d->count; i++)
        d->out[i] = d->in[i] + size[i] - 1;
}

static void rank_values(struct dominance *d)
{
    const struct ir_func *f = d->c->f;

    for (ir_block b = 0; b < f->block_count; b++) {
        uint32_t rank = 1; /* parameters have 0 */
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next)
            d->rank[v] = rank++;
    }
}

static void check_use(void *ctx, uint32_t *operand)
{
    struct dominance *d = ctx;
    struct ir_func *f = d->c->f;
    const ir_value def = ir_resolve(f, *operand), use = d->c->at;
    const bool is_param = f->insts[def].op == IR_OP_PARAM;
    const ir_block from = is_param ? f->insts[def].a : f->links[def].block;
    const ir_block to = f->links[use].block;

    if (d->st != ST_OK)
        return;
    const uint32_t x = from < f->block_count ? d->position[from] : 0, y = d->position[to];
    const bool good = x != 0 && (x == y ? d->rank[def] < d->rank[use]
                                        : d->in[x - 1] <= d->in[y - 1] &&
                                              d->out[y - 1] <= d->out[x - 1]);
    if (!good)
        d->st = ir_check_fail(d->c, "v%" PRIu32 " is not defined on every path to here", *operand);
}

static enum status check_blocks(struct dominance *d)
{
    struct ir_func *f = d->c->f;

    for (uint32_t i = 0; i < d->count; i++) {
        const ir_block b = d->order[i];
        if (f->blocks[b].last == IR_NONE)
            return diag_fail(d->c->dg, ST_INVALID, DIAG_NO_OFFSET,
                             "IR of function %" PRIu32 ": block %" PRIu32
                             " is reached and has no terminator",
                             f->number, b);
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next) {
            d->c->at = v;
            ir_each_operand(f, v, check_use, d);
            TRY(d->st);
        }
    }
    return ST_OK;
}

enum status ir_check_dominance(struct ir_checker *c)
{
    struct ir_func *f = c->f;
    const struct arena_mark mark = arena_mark(f->arena);
    const uint32_t blocks = f->block_count + 1;
    struct dominance d = {.c = c,
                          .order = arena_new(f->arena, ir_block, blocks),
                          .position = arena_new(f->arena, uint32_t, blocks),
                          .dominator = arena_new(f->arena, uint32_t, blocks),
                          .in = arena_new(f->arena, uint32_t, blocks),
                          .out = arena_new(f->arena, uint32_t, blocks),
                          .rank = arena_new(f->arena, uint32_t, f->inst_count + 1),
                          .st = ST_OK};

    order_blocks(&d);
    find_dominators(&d);
    number_tree(&d);
    rank_values(&d);
    const enum status st = check_blocks(&d);
    arena_release(f->arena, mark);
    return st;
}
