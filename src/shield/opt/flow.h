/*
 * flow: for passes that change where control goes. Who comes before a block, who uses a value, and
 * what a value is where several definitions meet after a change.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_FLOW_H
#define SHIELD_OPT_FLOW_H

#include "shield/ir/ir.h"

#define FLOW_NONE UINT32_MAX

/* An edge by its place: which successor of which block. */
struct flow_place {
    ir_block block;
    uint32_t successor;
    uint32_t next; /* of the same target; FLOW_NONE */
};

struct flow_use {
    ir_value user;
    uint32_t next;
};

struct flow {
    struct ir_func *f;
    uint32_t *pred_head; /* per block: first place that leads to it; FLOW_NONE */
    uint32_t pred_capacity;
    struct flow_place *places; /* of reachable blocks */
    uint32_t place_count, place_capacity;
    uint8_t *reached; /* per block that there was when the flow was made; later ones are */
    uint32_t reached_count;
    /* Uses; a user may come twice, or have ceased to be one. */
    uint32_t *use_head; /* per value */
    uint32_t use_value_capacity;
    struct flow_use *uses;
    uint32_t use_count, use_capacity;
    /* Of the repair that is going on: per block, what the value is at its start. */
    ir_value *start_value;
    uint32_t *start_stamp; /* whose repair wrote it */
    uint32_t start_capacity, stamp;
    uint64_t work; /* edges that repairs have looked at: for callers who set themselves a limit */
};

/* Finds all places. No uses yet. */
void flow_init(struct flow *flow, struct ir_func *f);
ir_edge flow_edge(const struct flow *flow, uint32_t place);
/* The place leads along another edge from now on; lists follow. */
void flow_redirect(struct flow *flow, uint32_t place, ir_edge edge);
/* A new place, for a terminator that has just been written. */
void flow_add(struct flow *flow, ir_block block, uint32_t successor);
/* The block's terminator is about to go: its places leave all lists. */
void flow_drop(struct flow *flow, ir_block block);
bool flow_reached(const struct flow *flow, ir_block b);
uint32_t flow_pred_count(const struct flow *flow, ir_block b); /* stops counting at 2 */

/* Remembers user as one of each of its operands. */
void flow_note_uses(struct flow *flow, ir_value user);
void flow_note_all_uses(struct flow *flow);
static inline uint32_t flow_uses(const struct flow *flow, ir_value v)
{
    return v < flow->use_value_capacity ? flow->use_head[v] : FLOW_NONE;
}

/* What parameter `value` of block `home` is at the end of some other blocks. */
struct flow_definition {
    ir_block block;
    ir_value value;
};
/*
 * Control reaches the users of a value past its definition now: gives each the right one, adding
 * parameters where definitions meet. Uses within `home` stay.
 */
void flow_repair(struct flow *flow, ir_value value, ir_block home,
                 const struct flow_definition *others, uint32_t other_count);

#endif /* SHIELD_OPT_FLOW_H */
