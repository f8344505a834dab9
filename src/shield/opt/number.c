/*
 * number: one walk over the dominator tree in which every instruction is, in this order: given the
 * newest names of its operands; put into a normal form; computed, if its operands are constants;
 * rewritten by rules/opt; looked up among what dominates it. Loads and stores ask memory.c.
 * Branches whose condition is known are decided on the way, and what only they led to is not
 * visited. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/rule_support.h"
#include "shield/opt/rewrite.h"

#include <assert.h>
#include <string.h>

/* ---- what is known of conditions ------------------------------------------------------------- */
static const uint8_t inverse[] = {
    [IR_EQ] = IR_NE,   [IR_NE] = IR_EQ,   [IR_SLT] = IR_SGE, [IR_SGE] = IR_SLT, [IR_SGT] = IR_SLE,
    [IR_SLE] = IR_SGT, [IR_ULT] = IR_UGE, [IR_UGE] = IR_ULT, [IR_UGT] = IR_ULE, [IR_ULE] = IR_UGT,
};
static const uint8_t swapped[] = {
    [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_SLT] = IR_SGT, [IR_SGE] = IR_SLE, [IR_SGT] = IR_SLT,
    [IR_SLE] = IR_SGE, [IR_ULT] = IR_UGT, [IR_UGE] = IR_ULE, [IR_UGT] = IR_ULT, [IR_ULE] = IR_UGE,
};

static enum truth recorded(const struct opt_rewrite *c, ir_value v)
{
    return v < c->truth_count ? (enum truth)c->truth[v] : TRUTH_UNKNOWN;
}

enum truth truth_of(struct opt_rewrite *c, ir_value v)
{
    struct ir_inst i = *opt_def(c, v);

    if (i.op == IR_OP_ICONST)
        return ir_const_bits(&i) == 0 ? TRUTH_ZERO : TRUTH_NONZERO;
    enum truth known = recorded(c, v);
    if (known != TRUTH_UNKNOWN || i.op != IR_OP_ICMP)
        return known;
    i.aux = inverse[i.aux];
    ir_value other = table_find(c, &i);
    known = other == IR_NONE ? TRUTH_UNKNOWN : recorded(c, other);
    return known == TRUTH_UNKNOWN ? known : known == TRUTH_ZERO ? TRUTH_NONZERO : TRUTH_ZERO;
}

static void learn(struct opt_rewrite *c, ir_value v, enum truth truth)
{
    if (v >= c->truth_count || c->truth[v] != TRUTH_UNKNOWN)
        return;
    c->truth[v] = (uint8_t)truth;
    ARENA_PUSH(c->f->arena, c->facts, c->fact_count, c->fact_capacity, v);
}

/* What the only way into b says. */
static void learn_from_branch(struct opt_rewrite *c, ir_block b)
{
    const struct ir_pred *pred = ir_cfg_preds(&c->cfg, b);

    if (ir_cfg_pred_count(&c->cfg, b) != 1)
        return;
    const struct ir_inst *last = opt_def(c, c->f->blocks[pred->from].last);
    if (last->op == IR_OP_BRANCH) /* numbering may have exchanged its edges */
        learn(c, last->a, ir_edge_block(c->f, last->b) == b ? TRUTH_NONZERO : TRUTH_ZERO);
}

static void forget(struct opt_rewrite *c, uint32_t down_to)
{
    while (c->fact_count > down_to)
        c->truth[c->facts[--c->fact_count]] = TRUTH_UNKNOWN;
}

/* ---- values ---------------------------------------------------------------------------------- */
static void resolve_operand(void *ctx, uint32_t *operand)
{
    *operand = ir_resolve(ctx, *operand);
}

static bool is_constant(const struct opt_rewrite *c, ir_value v)
{
    enum ir_op op = (enum ir_op)opt_def(c, v)->op;
    return op == IR_OP_ICONST || op == IR_OP_FCONST || op == IR_OP_VCONST;
}

/* Constants come last; otherwise the older value comes first. */
static void normalise(struct opt_rewrite *c, struct ir_inst *i)
{
    bool compare = i->op == IR_OP_ICMP;

    if ((ir_op_info[i->op].flags & IR_COMM) == 0 && !compare)
        return;
    bool a = is_constant(c, i->a), b = is_constant(c, i->b);
    if (b || (!a && i->a <= i->b))
        return;
    uint32_t first = i->a;
    i->a = i->b;
    i->b = first;
    if (compare)
        i->aux = swapped[i->aux];
}

/* May be computed once for all places that it dominates. */
static bool is_numbered(const struct ir_inst *i)
{
    const struct ir_op_info *info = &ir_op_info[i->op];

    if (info->format == IR_FORMAT_LIST || i->op == IR_OP_PARAM || i->op == IR_OP_RESULT)
        return false;
    if ((info->flags & IR_PURE) != 0)
        return true;
    if (i->op == IR_OP_CHECKED_END) /* memories never shrink */
        return true;
    return info->flags == IR_TRAPS && info->format <= IR_FORMAT_BINARY; /* it has trapped before */
}

/* The value without a new instruction of its own, or IR_NONE. */
static ir_value find_value(struct opt_rewrite *c, struct ir_inst *i, ir_value self)
{
    struct ir_inst constant;
    ir_value out = IR_NONE;

    c->stats->steps++;
    normalise(c, i);
    if (fold_constants(c, i, &constant)) {
        c->stats->folded++;
        return opt_make(c, constant);
    }
    if (c->depth < REWRITE_DEPTH_MAX) {
        c->depth++;
        bool rewritten = opt_simplify(c, i, self, &out);
        c->depth--;
        if (rewritten && out != self)
            return ir_resolve(c->f, out);
    }
    out = table_find(c, i);
    if (out != IR_NONE && self != IR_NONE)
        c->stats->equal++;
    return out;
}

ir_value opt_make(struct opt_rewrite *c, struct ir_inst i)
{
    ir_value v = find_value(c, &i, IR_NONE);

    if (v != IR_NONE)
        return v;
    v = ir_inst_new(c->f, i);
    c->f->sources[v] = c->f->sources[c->at];
    ir_insert_before(c->f, c->at, v);
    if (is_numbered(&i))
        table_add(c, &i, v);
    return v;
}

static void number_value(struct opt_rewrite *c, ir_value v)
{
    struct ir_inst i = *opt_def(c, v);
    ir_value known = find_value(c, &i, v);

    if (known != IR_NONE && known != v) {
        ir_replace(c->f, v, known);
        return;
    }
    c->f->insts[v] = i; /* normalised */
    table_add(c, &i, v);
}

/* ---- traps, branches ------------------------------------------------------------------------- */

/* The instruction becomes the end of its block. */
static void cut_block(struct opt_rewrite *c, ir_value v, struct ir_inst end)
{
    while (c->f->links[v].next != IR_NONE)
        ir_remove(c->f, c->f->links[v].next);
    c->f->insts[v] = end;
}

/* False: the block ends here. */
static bool number_trap(struct opt_rewrite *c, ir_value v)
{
    const struct ir_inst i = *opt_def(c, v);
    enum truth traps_when = i.op == IR_OP_TRAP_IF ? TRUTH_NONZERO : TRUTH_ZERO;
    enum truth truth = truth_of(c, i.a);

    if (truth == traps_when) {
        cut_block(c, v, (struct ir_inst){.op = IR_OP_TRAP, .aux = i.aux});
        return false;
    }
    if (truth != TRUTH_UNKNOWN) {
        c->stats->traps++;
        ir_remove(c->f, v);
        return true;
    }
    learn(c, i.a, traps_when == TRUTH_ZERO ? TRUTH_NONZERO : TRUTH_ZERO);
    c->observers++;
    return true;
}

static bool same_edge(const struct ir_func *f, ir_edge x, ir_edge y)
{
    return ir_edge_block(f, x) == ir_edge_block(f, y) &&
           memcmp(ir_edge_args(f, x), ir_edge_args(f, y), ir_edge_count(f, x) * sizeof(uint32_t)) ==
               0;
}

/* (x == 0) as a condition is x with the edges exchanged; (x != 0) is x. */
static void strip_condition(struct opt_rewrite *c, struct ir_inst *branch)
{
    for (;;) {
        const struct ir_inst *i = opt_def(c, branch->a);
        if (i->op == IR_OP_UEXTEND || i->op == IR_OP_SEXTEND) {
            branch->a = i->a;
            continue;
        }
        if (i->op != IR_OP_ICMP || i->aux > IR_NE || opt_def(c, i->b)->op != IR_OP_ICONST ||
            ir_const_bits(opt_def(c, i->b)) != 0)
            return;
        /* Only towards what is a comparison itself: otherwise nothing is gained. */
        const struct ir_inst *inner = opt_def(c, i->a);
        if (inner->op != IR_OP_ICMP && inner->op != IR_OP_FCMP)
            return;
        if (i->aux == IR_EQ) {
            uint32_t then = branch->b;
            branch->b = branch->c;
            branch->c = then;
        }
        branch->a = i->a;
    }
}

static void number_branch(struct opt_rewrite *c, ir_value v)
{
    struct ir_inst i = *opt_def(c, v);

    strip_condition(c, &i);
    enum truth truth = truth_of(c, i.a);
    if (truth == TRUTH_UNKNOWN && !same_edge(c->f, i.b, i.c)) {
        c->f->insts[v] = i;
        return;
    }
    c->stats->branches++;
    c->f->insts[v] = (struct ir_inst){.op = IR_OP_JUMP, .a = truth == TRUTH_ZERO ? i.c : i.b};
}

static void number_switch(struct opt_rewrite *c, ir_value v)
{
    const struct ir_inst i = *opt_def(c, v);
    const struct ir_inst *index = opt_def(c, i.a);

    if (index->op != IR_OP_ICONST)
        return;
    uint64_t last = ir_list_count(c->f, i.b) - 1, at = MIN(ir_const_bits(index), last);
    c->stats->branches++;
    c->f->insts[v] = (struct ir_inst){.op = IR_OP_JUMP, .a = ir_list_items(c->f, i.b)[at]};
}

/* A choice whose condition is known here although it is no constant. */
static bool decided_choice(struct opt_rewrite *c, ir_value v)
{
    const struct ir_inst i = *opt_def(c, v);
    enum truth truth = i.op == IR_OP_SELECT ? truth_of(c, i.c) : TRUTH_UNKNOWN;

    if (truth == TRUTH_UNKNOWN)
        return false;
    c->stats->branches++;
    ir_replace(c->f, v, truth == TRUTH_ZERO ? i.b : i.a);
    return true;
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* False: the block ends here. */
static bool number_inst(struct opt_rewrite *c, ir_value v)
{
    const struct ir_inst *i = opt_def(c, v);

    c->at = v;
    ir_each_operand(c->f, v, resolve_operand, c->f);
    switch ((enum ir_op)i->op) {
    case IR_OP_LOAD: {
        near_access(c, v);
        ir_value known = memory_load(c, v);
        if (known != IR_NONE) {
            c->stats->loads++;
            ir_replace(c->f, v, known);
        }
        return true;
    }
    case IR_OP_STORE:
        near_access(c, v);
        memory_store(c, v);
        return true;
    case IR_OP_TRAP_IF:
    case IR_OP_TRAP_UNLESS: return number_trap(c, v);
    case IR_OP_BRANCH: number_branch(c, v); return true;
    case IR_OP_SWITCH: number_switch(c, v); return true;
    case IR_OP_SELECT:
        if (decided_choice(c, v))
            return true;
        break;
    default: break;
    }
    if (is_numbered(i)) {
        bool traps = (ir_op_info[i->op].flags & IR_TRAPS) != 0;
        number_value(c, v);
        c->observers += traps;
    } else {
        const struct ir_inst copy = *i;
        memory_other(c, &copy);
    }
    return true;
}

/* Parameters to which every way in that is open brings one value. */
static void number_params(struct opt_rewrite *c, ir_block b)
{
    struct ir_func *f = c->f;
    uint32_t count = ir_list_count(f, f->blocks[b].params);
    const struct ir_pred *preds = ir_cfg_preds(&c->cfg, b);

    for (uint32_t k = 0; k < count && b != 0; k++) {
        ir_value only = IR_NONE, param = ir_list_items(f, f->blocks[b].params)[k];
        bool one = f->insts[param].op == IR_OP_PARAM;
        for (uint32_t p = 0, n = ir_cfg_pred_count(&c->cfg, b); p < n && one; p++) {
            c->stats->steps++;
            if (c->done[preds[p].from] && !c->live[preds[p].from])
                continue;
            ir_value last = f->blocks[preds[p].from].last;
            if (!c->done[preds[p].from] || preds[p].nth >= ir_successor_count(f, last)) {
                one = false; /* a way back, or a branch that has been decided */
                break;
            }
            ir_edge e = ir_successor(f, last, preds[p].nth);
            ir_value arg =
                ir_edge_block(f, e) == b ? ir_resolve(f, ir_edge_args(f, e)[k]) : IR_NONE;
            one = arg != IR_NONE && (only == IR_NONE || only == arg);
            only = arg;
        }
        if (one && only != IR_NONE && only != param) {
            ir_replace(f, param, only);
            c->stats->params++;
        }
    }
}

static void number_block(struct opt_rewrite *c, ir_block b)
{
    struct ir_func *f = c->f;

    c->block = b;
    learn_from_branch(c, b);
    number_params(c, b);
    memory_enter(c, b);
    for (ir_value v = f->blocks[b].first, next; v != IR_NONE; v = next) {
        next = f->links[v].next;
        if (!number_inst(c, v))
            break;
    }
    memory_leave(c, b);
    for (uint32_t i = 0, n = ir_successor_count(f, f->blocks[b].last); i < n; i++)
        c->live[ir_edge_block(f, ir_successor(f, f->blocks[b].last, i))] = true;
}

void rewrite_init(struct opt_rewrite *c, struct ir_func *f, struct opt_stats *stats)
{
    *c = (struct opt_rewrite){.f = f, .stats = stats};
    ir_cfg_compute(&c->cfg, f, f->arena);
    table_init(c);
    memory_init(c);
    near_init(c);
    c->live = arena_new(f->arena, uint8_t, f->block_count);
    c->done = arena_new(f->arena, uint8_t, f->block_count);
    c->truth_count = f->inst_count;
    c->truth = arena_new(f->arena, uint8_t, c->truth_count);
    c->facts_at = arena_new(f->arena, uint32_t, f->block_count);
    c->live[0] = true;
}

void opt_number(struct ir_func *f, struct opt_stats *stats)
{
    struct opt_rewrite c;

    rewrite_init(&c, f, stats);
    for (uint32_t i = 0; i < c.cfg.order_count; i++) {
        ir_block b = c.cfg.dom_order[i];
        /* facts of b's dominators only: those below the last one on the way here are forgotten */
        forget(&c, i == 0 ? 0 : c.facts_at[c.cfg.idom[b]]);
        if (c.live[b])
            number_block(&c, b);
        c.facts_at[b] = c.fact_count;
        c.done[b] = true;
    }
    for (ir_value v = 0; v < f->inst_count; v++)
        if (f->insts[v].op == IR_OP_LOAD)
            f->insts[v].b = 0; /* the version of memory is no part of a load */
    params_drop(f);
    opt_clean(f, stats); /* parts of what was decided away are not numbered: they must go */
}
