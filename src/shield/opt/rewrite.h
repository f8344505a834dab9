/*
 * rewrite: the state of the numbering walk (number.c) and what the rules of rules/opt may call.
 * Private to the numbering: number.c, table.c, memory.c, fold.c, divide.c, rules.c.
 *
 * The walk visits blocks in preorder of the dominator tree, so that whatever has been numbered and
 * still stands in a block that dominates the current one may be used instead of computing it again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_REWRITE_H
#define SHIELD_OPT_REWRITE_H

#include "shield/ir/cfg.h"
#include "shield/opt/opt.h"

/* Rules build values that rules rewrite: so deep and no deeper. */
#define REWRITE_DEPTH_MAX 6
/* Stores that a load looks behind. */
#define MEMORY_STEPS_MAX 8

struct number_slot { /* of the table of known values */
    uint32_t hash;
    ir_value value; /* IR_NONE: empty */
};

/* The state of a region between two changes of it. Version 0: what never changes. */
struct memory_version {
    ir_value store; /* that made it from `before`; IR_NONE: unknown changes */
    uint32_t before;
    uint32_t observed; /* value of opt_rewrite.observers when the store was met */
};

struct near_place { /* a guest address that has been accessed: base + (root + constant) */
    ir_value base, index;
    uint32_t constant;
    ir_block block;
    uint32_t next; /* of the same root, + 1; 0: none */
};

struct opt_rewrite {
    struct ir_func *f;
    struct opt_stats *stats; /* never NULL here */
    struct ir_cfg cfg;
    ir_block block; /* being numbered */
    ir_value at;    /* instruction being numbered: new ones go in front of it */
    uint32_t depth; /* of rules building values */

    struct number_slot *slots;
    uint32_t slot_mask, slot_used;

    uint8_t *live;  /* per block: control may reach it, as far as branches are decided */
    uint8_t *done;  /* per block: numbered */
    uint8_t *truth; /* per value: enum truth, in the blocks below the current one */
    uint32_t truth_count;
    ir_value *facts; /* values whose truth is to be forgotten, in the order of learning */
    uint32_t fact_count, fact_capacity;
    uint32_t *facts_at; /* per depth of the walk */

    struct memory_version *versions;
    uint32_t version_count, version_capacity;
    uint8_t region_index[IR_REGION_MAX + 1]; /* index into a state; 0: ANY */
    uint32_t region_count;                   /* states have so many versions */
    uint32_t *states;                        /* at the end of each block */
    uint32_t *now;                           /* the current state */
    uint64_t *loop_changes; /* per header: bit n: state index n changes in the loop */
    uint32_t *near_head;    /* per value: newest access whose index has it as root, + 1; 0 */
    uint32_t near_count;
    struct near_place *nears;
    uint32_t near_used, near_capacity;
    uint32_t observers; /* instructions met that may let someone look at memory */
};

enum truth { TRUTH_UNKNOWN, TRUTH_ZERO, TRUTH_NONZERO };

/* ---- table.c --------------------------------------------------------------------------------- */
void table_init(struct opt_rewrite *c);
/* A value equal to the instruction that may be used in the current block, or IR_NONE. */
ir_value table_find(struct opt_rewrite *c, const struct ir_inst *i);
/* The value is what the instruction computes. */
void table_add(struct opt_rewrite *c, const struct ir_inst *i, ir_value v);

/* ---- fold.c ---------------------------------------------------------------------------------- */
/* All operands are constants and the result is no NaN: *out is the result. */
bool fold_constants(struct opt_rewrite *c, const struct ir_inst *i, struct ir_inst *out);

/* ---- memory.c -------------------------------------------------------------------------------- */
void memory_init(struct opt_rewrite *c);
void memory_enter(struct opt_rewrite *c, ir_block b); /* the state at the start of a block */
void memory_leave(struct opt_rewrite *c, ir_block b);
/* The value that the load gives, or IR_NONE; then it is remembered. */
ir_value memory_load(struct opt_rewrite *c, ir_value load);
void memory_store(struct opt_rewrite *c, ir_value store);
/* Any other instruction: what it does to memory, and who looks. */
void memory_other(struct opt_rewrite *c, const struct ir_inst *i);

/* ---- number.c -------------------------------------------------------------------------------- */
/* The walk stands in front of the entry. */
void rewrite_init(struct opt_rewrite *c, struct ir_func *f, struct opt_stats *stats);
enum truth truth_of(struct opt_rewrite *c, ir_value v);

/* ---- near.c ---------------------------------------------------------------------------------- */
void near_init(struct opt_rewrite *c);
/* Gives a load or store a simpler address, or remembers its own. */
void near_access(struct opt_rewrite *c, ir_value access);

/* ---- params.c -------------------------------------------------------------------------------- */
/* Takes those parameters that are aliases now out of their blocks and out of all edges. */
void params_drop(struct ir_func *f);

/* ---- what generated code calls; see rules/opt/algebra.rules ---------------------------------- */
bool opt_simplify(struct opt_rewrite *c, const struct ir_inst *inst, ir_value self, ir_value *out);

static inline const struct ir_inst *opt_def(const struct opt_rewrite *c, ir_value v)
{
    return &c->f->insts[v];
}
static inline void opt_fired(struct opt_rewrite *c, uint32_t rule)
{
    c->stats->rewritten++;
    if (c->stats->fired != NULL)
        c->stats->fired[rule]++;
}
/* The value of the instruction, in front of the current one; numbered like any other. */
ir_value opt_make(struct opt_rewrite *c, struct ir_inst i);

#endif /* SHIELD_OPT_REWRITE_H */
