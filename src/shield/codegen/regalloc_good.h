/*
 * regalloc_good: the optimising allocator. Private to regalloc_*.c.
 *
 *   regalloc_live.c   how often blocks run; what is alive where and how far its next use is; hints
 *   regalloc_scan.c   one block, forwards: registers by the farthest next use
 *   regalloc_join.c   what is in registers at the start of a block; the moves of edges
 *   regalloc_slots.c  slots of the frame, shared by values that are never alive together
 *   regalloc_good.c   the order of all that, and where values are stored
 *
 * Blocks are visited in reverse post-order, so what is in registers at the end of the predecessors
 * is known, except around loops, where the header decides and the edges back follow. A value lives
 * in one register, or in memory, or both (it is "clean"). Splitting is what happens by itself: a
 * value leaves its register where somebody with a nearer use needs it, and comes back at its next
 * use; "near" counts instructions, and what lies behind the exit of a loop, or in cold code, is
 * far. So values that a loop does not use leave before it, and a call in a cold block costs the hot
 * code nothing: the moves are on the cold side.
 *
 * Stores: SSA values are stored once. Wherever a value leaves its register without being in memory,
 * a store is noted; in the end a value has either those, or one behind its definition, whichever
 * runs less often; none when it is never loaded again.
 *
 * Until slots are known, a slot in an edit is MIR_SLOT + the number of its vreg.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_REGALLOC_GOOD_H
#define SHIELD_CODEGEN_REGALLOC_GOOD_H

#include "shield/codegen/regalloc_int.h"

/* Distances to a next use, in instructions. */
#define RA_DEAD UINT32_MAX
enum {
    RA_FAR_COLD = 1 << 14, /* added on the way into cold code */
    RA_FAR_EXIT = 1 << 20, /* added on the way out of a loop */
    RA_FAR_MAX = 1 << 28,
    RA_LIVE_MAX = 12 << 20,       /* pairs (block, living value); beyond, the fast allocator */
    RA_LIVE_WORK_MAX = 192 << 20, /* visits of such a pair until nothing changes; likewise */
    RA_CALL_WORK_MAX = 16 << 20,  /* pairs (call, living value) that are looked at */
};

struct ra_live {
    mir_vreg vreg;
    uint32_t next; /* from the start of the block */
};

struct ra_held {
    mir_vreg vreg;
    uint8_t reg;
    bool clean; /* also in memory */
};

struct ra_block {
    struct ra_live *live; /* at the start, without parameters */
    uint32_t live_count, live_capacity;
    struct ra_held *start, *end; /* registers */
    uint8_t start_count, end_count;
    bool is_done, is_header, is_dirty;
    bool is_like_pred;     /* starts as its only predecessor ends: nothing happens on the edge */
    float freq;            /* times a call of the function; the entry: 1 */
    float calls;           /* a header: calls inside the loop, per round. At most 1 */
    uint32_t next_call;    /* from the start, like a next use */
    uint16_t pressure[2];  /* most values alive at once, per class; a header: in the loop */
    uint32_t order;        /* position in reverse post-order */
    mir_preg_set reserved; /* a header: where the edges back want its parameters */
    uint32_t edit_first, edit_end; /* of the scan */
};

struct ra_value {
    uint32_t param_next;  /* a parameter: at the start of its block */
    uint32_t param_block; /* of which it is a parameter; MIR_NONE: of none */
    uint32_t stamp;       /* scratch of whoever looks */
    uint32_t last;        /* use in the block at hand; its length when alive at the end */
    float use_weight;     /* sum of how often its uses run */
    float call_weight;    /* sum of how often calls run while it is alive */
    float store_cost;     /* of storing where it leaves registers */
    float def_cost;       /* of storing behind its definition; 0: it cannot be */
    mir_place slot;
    uint8_t reg;    /* while scanning */
    uint8_t hint;   /* register that it will be wanted in */
    uint8_t home;   /* where it is at the header of the loop around */
    bool is_loaded; /* somebody reads its slot */
    bool is_remat;
};
enum { RA_NO_REGISTER = 0xff };

/* An edit whose store may still be dropped. */
enum ra_edit_kind { RA_MOVE, RA_REMAKE, RA_STORE, RA_STORE_AT_DEF };
struct ra_edit {
    uint32_t point;
    mir_vreg vreg;
    mir_place from, to; /* slots: MIR_SLOT + vreg; in edits of edges: real */
    uint8_t kind;
};

struct ra_event { /* registers that an instruction destroys or wants */
    uint32_t inst;
    mir_preg_set regs;
};

struct ra_good {
    const struct mir_func *f;
    struct mir_allocation *out;
    struct regalloc_stats *stats;
    struct arena *arena;
    struct ra_block *blocks;
    struct ra_value *values;
    uint32_t *next;  /* per vreg: use, from the place that is looked at; RA_DEAD: none */
    uint32_t *order; /* blocks in reverse post-order */
    uint32_t order_count;
    uint32_t *next_after; /* per operand: next use of its vreg behind the instruction */
    mir_vreg *touched;    /* scratch: vregs whose next[] is set */
    uint32_t touched_count, touched_capacity;
    uint64_t live_total;

    struct ra_edit *edits;
    uint32_t edit_count, edit_capacity;

    /* the scan */
    uint32_t inst, first_inst;
    float freq;
    mir_vreg held[MIR_PREG_COUNT];
    mir_preg_set free, clean;
    mir_preg_set reserved;    /* of the loop around: better left to the next round's parameters */
    mir_preg_set callee_used; /* callee-saved registers that cost nothing any more */
    mir_preg_set early_fixed, late_bad, early_taken, late_taken;
    struct ra_event *events; /* of the block at hand, ascending */
    uint32_t event_count, event_capacity, event;

    struct join *join; /* of regalloc_join.c */
    struct ra_slots slots;
    struct ra_resolver resolver;
    struct ra_move *moves; /* of one edge */
    uint32_t move_capacity;
};

/* regalloc_live.c. False: more than RA_LIVE_MAX or RA_LIVE_WORK_MAX. */
bool ra_live_find(struct ra_good *g);
/* Sets next[] for what is alive at the end of block b, and next_after and events for the
 * whole block; then next[] is as of its start. */
void ra_live_block(struct ra_good *g, uint32_t b);
void ra_live_forget(struct ra_good *g); /* resets next[] of what ra_live_block() touched */
float ra_edge_share(const struct ra_good *g, uint32_t edge); /* of its origin's runs */

/* regalloc_scan.c */
void ra_scan_block(struct ra_good *g, uint32_t b);

/* regalloc_join.c */
void ra_join_start(struct ra_good *g, uint32_t b);
void ra_join_need_slots(
    struct ra_good *g); /* marks values that edges read from or write to slots */
/* Appends the moves of an edge, when slots are known. */
void ra_join_edge(struct ra_good *g, uint32_t edge, struct ra_edits *edits);

/* regalloc_slots.c */
void ra_slots_assign(struct ra_good *g);

/* Behind its definition, instead of wherever it leaves its register? */
static inline bool ra_is_stored_at_def(const struct ra_value *v)
{
    return v->def_cost > 0 && v->def_cost < v->store_cost;
}

static inline const struct ra_held *ra_find_held(const struct ra_held *held, uint32_t count,
                                                 mir_vreg vreg)
{
    for (uint32_t k = 0; k < count; k++)
        if (held[k].vreg == vreg)
            return &held[k];
    return NULL;
}

static inline void ra_add_edit(struct ra_good *g, uint32_t point, enum ra_edit_kind kind,
                               mir_vreg vreg, mir_place from, mir_place to)
{
    const struct ra_edit edit = {point, vreg, from, to, (uint8_t)kind};

    ARENA_PUSH(g->arena, g->edits, g->edit_count, g->edit_capacity, edit);
}

enum status ra_good(const struct mir_func *f, struct mir_allocation *out,
                    struct regalloc_stats *stats, bool *is_too_large);

#endif /* SHIELD_CODEGEN_REGALLOC_GOOD_H */
