/*
 * clean: blocks that control never reaches are emptied, a block with one way in from a block with
 * one way out becomes the end of it, and blocks that only go on are passed by.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/cfg.h"
#include "shield/opt/opt.h"

#include <assert.h>

static void empty_block(struct ir_func *f, ir_block b)
{
    for (ir_value v = f->blocks[b].first, next; v != IR_NONE; v = next) {
        next = f->links[v].next;
        f->links[v] = (struct ir_link){IR_NONE, IR_NONE, IR_NONE};
    }
    f->blocks[b].first = f->blocks[b].last = IR_NONE;
    f->blocks[b].params = 0;
    f->blocks[b].loop_header = 0;
}

/* The block that `from` is followed by and that nobody else goes to, or IR_NONE. */
static ir_block only_successor(const struct ir_func *f, const uint32_t *entries, ir_block from)
{
    const struct ir_inst *last = ir_at(f, f->blocks[from].last);

    if (last->op != IR_OP_JUMP)
        return IR_NONE;
    ir_block to = ir_edge_block(f, last->a);
    return to != 0 && to != from && entries[to] == 1 ? to : IR_NONE;
}

static void merge(struct ir_func *f, ir_block into, ir_block from)
{
    const ir_value jump = f->blocks[into].last, first = f->blocks[from].first;
    const ir_edge e = ir_at(f, jump)->a;

    assert(ir_edge_count(f, e) == ir_list_count(f, f->blocks[from].params));
    for (uint32_t k = 0, n = ir_edge_count(f, e); k < n; k++)
        ir_replace(f, ir_list_items(f, f->blocks[from].params)[k], ir_edge_args(f, e)[k]);
    ir_remove(f, jump);
    for (ir_value v = first; v != IR_NONE; v = f->links[v].next)
        f->links[v].block = into;
    f->links[first].prev = f->blocks[into].last;
    if (f->blocks[into].last == IR_NONE)
        f->blocks[into].first = first;
    else
        f->links[f->blocks[into].last].next = first;
    f->blocks[into].last = f->blocks[from].last;
    f->blocks[into].cold |= f->blocks[from].cold;
    f->blocks[from].first = f->blocks[from].last = IR_NONE;
    empty_block(f, from);
}

/* A branch whose two edges are one goes there without asking. */
static void decide(struct ir_func *f, ir_value last)
{
    struct ir_inst *i = ir_at(f, last);

    if (i->op != IR_OP_BRANCH || ir_edge_block(f, i->b) != ir_edge_block(f, i->c))
        return;
    for (uint32_t k = 0, n = ir_edge_count(f, i->b); k < n; k++)
        if (ir_resolve(f, ir_edge_args(f, i->b)[k]) != ir_resolve(f, ir_edge_args(f, i->c)[k]))
            return;
    *i = (struct ir_inst){.op = IR_OP_JUMP, .a = i->b};
}

/* Where control ends up that goes to b with no arguments: behind blocks that only go on. */
static ir_block passed_by(const struct ir_func *f, ir_block b)
{
    for (uint32_t steps = 0; steps < 8; steps++) {
        const struct ir_inst *last = ir_at(f, f->blocks[b].last);
        if (b == 0 || f->blocks[b].first != f->blocks[b].last || last->op != IR_OP_JUMP ||
            ir_list_count(f, f->blocks[b].params) != 0 || ir_edge_count(f, last->a) != 0 ||
            ir_edge_block(f, last->a) == b || f->blocks[ir_edge_block(f, last->a)].loop_header ||
            f->blocks[b].loop_header)
            break;
        b = ir_edge_block(f, last->a);
    }
    return b;
}

void opt_clean(struct ir_func *f, struct opt_stats *stats)
{
    struct ir_cfg g;

    ir_cfg_order(&g, f, f->arena);
    uint32_t *entries = arena_new(f->arena, uint32_t, f->block_count);
    for (uint32_t i = 0; i < g.order_count; i++) {
        ir_value last = f->blocks[g.order[i]].last;
        for (uint32_t k = 0, n = ir_successor_count(f, last); k < n; k++) {
            ir_edge e = ir_successor(f, last, k);
            if (ir_edge_count(f, e) == 0)
                f->pool[e] = passed_by(f, ir_edge_block(f, e));
        }
        decide(f, last);
    }
    ir_cfg_order(&g, f, f->arena);
    for (ir_block b = 0; b < f->block_count; b++) {
        if (!ir_cfg_reachable(&g, b))
            empty_block(f, b);
        else
            entries[b] = ir_cfg_pred_count(&g, b);
    }
    for (uint32_t i = 0; i < g.order_count; i++) {
        ir_block b = g.order[i], next;
        if (f->blocks[b].last == IR_NONE)
            continue; /* part of an earlier one by now */
        while ((next = only_successor(f, entries, b)) != IR_NONE) {
            merge(f, b, next);
            stats->merged++;
        }
    }
}
