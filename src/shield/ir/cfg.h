/*
 * cfg: how the blocks of a function hang together: order, predecessors, dominators, loops. A
 * picture of one moment: whoever changes edges makes a new one.
 *
 * All arrays are indexed by block unless said otherwise and live in the arena that was given.
 * Time: linear in blocks and edges but for dominators, which are O(e log b).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_IR_CFG_H
#define SHIELD_IR_CFG_H

#include "shield/ir/ir.h"

struct ir_pred {
    ir_block from;
    uint32_t nth; /* successor number in the terminator of `from` */
};

struct ir_cfg {
    const struct ir_func *func; /* borrowed */
    /* ir_cfg_order() */
    ir_block *order; /* reachable blocks in reverse postorder; order[0] is the entry */
    uint32_t order_count;
    uint32_t *place;       /* index in order; IR_NONE: unreachable */
    struct ir_pred *preds; /* of all blocks, from reachable blocks only; see ir_cfg_preds() */
    uint32_t *pred_first;  /* block_count + 1 of them */
    /* ir_cfg_dominators() */
    ir_block *idom;      /* IR_NONE for the entry and unreachable blocks */
    uint32_t *dom_first; /* preorder number in the dominator tree */
    uint32_t *dom_last;  /* highest preorder number in the block's subtree */
    ir_block *dom_order; /* by preorder number: order_count blocks, parents before children */
    /* ir_cfg_loops(); a loop is named by its header, which dominates the loop */
    ir_block *loop_header; /* innermost loop the block is in (a header: its own); IR_NONE */
    ir_block *loop_parent; /* of headers: the loop around it; IR_NONE */
    uint32_t *loop_depth;  /* 0: in no loop */
    uint32_t loop_count;
};

void ir_cfg_order(struct ir_cfg *g, const struct ir_func *f, struct arena *a);
void ir_cfg_dominators(struct ir_cfg *g, struct arena *a); /* needs the order */
void ir_cfg_loops(struct ir_cfg *g, struct arena *a);      /* needs the dominators */
/* All three. */
void ir_cfg_compute(struct ir_cfg *g, const struct ir_func *f, struct arena *a);

static inline uint32_t ir_cfg_pred_count(const struct ir_cfg *g, ir_block b)
{
    return g->pred_first[b + 1] - g->pred_first[b];
}
static inline const struct ir_pred *ir_cfg_preds(const struct ir_cfg *g, ir_block b)
{
    return g->preds + g->pred_first[b];
}
static inline bool ir_cfg_reachable(const struct ir_cfg *g, ir_block b)
{
    return g->place[b] != IR_NONE;
}
/* Every path from the entry to b goes through a; a block dominates itself. Both reachable. */
static inline bool ir_cfg_dominates(const struct ir_cfg *g, ir_block a, ir_block b)
{
    return g->dom_first[a] <= g->dom_first[b] && g->dom_first[b] <= g->dom_last[a];
}
/* The edge from a predecessor goes back to the header of a loop that it is in. */
static inline bool ir_cfg_back_edge(const struct ir_cfg *g, ir_block from, ir_block to)
{
    return ir_cfg_dominates(g, to, from);
}
/* b is in the loop of this header, perhaps deeper. O(depth). */
bool ir_cfg_in_loop(const struct ir_cfg *g, ir_block header, ir_block b);

#endif /* SHIELD_IR_CFG_H */
