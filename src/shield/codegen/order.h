/*
 * order: which blocks a function has once critical edges are split, the order in which they are
 * selected, and the order in which they are laid out.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_ORDER_H
#define SHIELD_CODEGEN_ORDER_H

#include "shield/ir/ir.h"

#define ORDER_NONE UINT32_MAX

struct order_block {
    ir_block block;      /* IR_NONE: a block that only carries out `edge` */
    ir_edge edge;
    uint32_t succ_first, succ_count; /* into succs: numbers of blocks; equal edges of a switch are
                                        one successor */
    uint32_t pred_count;
    uint32_t loop;       /* innermost loop: number of its header, which for a header is itself */
    uint32_t outer;      /* of a header: header of the loop around its own */
    uint32_t loop_depth; /* 0: in none */
    bool cold;
    bool header;
};

/*
 * Blocks are numbered in reverse postorder, so a block comes after all that dominate it; 0 is the
 * entry. Unreachable blocks have no number.
 */
struct order {
    struct order_block *blocks;
    uint32_t count;
    uint32_t *succs;
    uint32_t *cases;      /* of switches: which successor each edge of the list became */
    uint32_t *case_first; /* per block: into cases */
    uint32_t *layout;     /* the blocks as they follow each other in memory */
};

/* The result lives in f's arena; run inside arena_guard() of it. in_a_hurry: loops are not looked
 * for, critical edges that carry nothing stay, and the layout is the order of the numbers with
 * blocks that only carry out edges behind all others, so that a branch that is not taken goes on
 * with the block behind it. */
void order_compute(struct ir_func *f, bool in_a_hurry, struct order *out);

#endif /* SHIELD_CODEGEN_ORDER_H */
