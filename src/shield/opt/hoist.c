/*
 * hoist: what gives the same value in each round of a loop is computed in front of the loop.
 *
 * Blocks are visited outside in and in order, so what an instruction needs has been moved before
 * it is looked at, and each goes at once to the outermost loop that does not change it. Moved are
 * operations that cost something and have no effect, loads that cannot fault from memory that the
 * loop does not change, and loads that may fault if they are the first thing that happens in the
 * loop. Not moved is what costs nothing to repeat (constants, addresses that the processor adds
 * up, comparisons that a branch uses up): it would only fill registers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/cfg.h"
#include "shield/opt/opt.h"

#include <assert.h>
#include <string.h>

#define HOIST_DEPTH_MAX 32 /* loops looked through from the inside out */
/* Values moved in front of one loop: each may hold a register all through it. */
#define HOIST_VALUES_MAX 16

struct loop {         /* by header */
    ir_value before;  /* terminator of the block in front of the loop; IR_NONE: not asked yet */
    uint64_t changes; /* regions written to in the loop */
    uint32_t moved;
    bool calls; /* all registers are lost in each round */
};

struct hoist {
    struct ir_func *f;
    struct ir_cfg g;
    struct loop *loops;
    ir_block *home; /* per value: block it is in, also for parameters */
    uint32_t home_count;
    bool quiet; /* nothing in the header so far that anyone could see */
    struct opt_stats *stats;
};

/* ---- loops ----------------------------------------------------------------------------------- */
static uint64_t region_bit(const struct ir_func *f, const struct ir_inst *i)
{
    uint8_t region = f->accesses[i->c].region;
    return region == IR_REGION_ANY ? UINT64_MAX : UINT64_C(1) << region;
}

static uint64_t changes(const struct ir_func *f, const struct ir_inst *i)
{
    uint8_t flags = ir_op_info[i->op].flags;

    if (i->op == IR_OP_STORE)
        return region_bit(f, i);
    if (i->op == IR_OP_CALL && (f->callees[i->a].flags & IR_CALLEE_NO_EFFECT) != 0)
        return 0;
    return (flags & (IR_STORES | IR_EFFECT | IR_CALLS)) != 0 ? UINT64_MAX : 0;
}

static void survey(struct hoist *h)
{
    const struct ir_func *f = h->f;
    const struct ir_cfg *g = &h->g;

    for (uint32_t i = 0; i < g->order_count; i++) {
        ir_block b = g->order[i], header = g->loop_header[b];
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next) {
            h->home[v] = b;
            if (header == IR_NONE)
                continue;
            h->loops[header].changes |= changes(f, &f->insts[v]);
            h->loops[header].calls |= (ir_op_info[f->insts[v].op].flags & IR_CALLS) != 0;
        }
        for (uint32_t k = 0, n = ir_list_count(f, f->blocks[b].params); k < n; k++)
            h->home[ir_list_items(f, f->blocks[b].params)[k]] = b;
    }
    for (uint32_t i = g->order_count; i-- > 0;) {
        ir_block b = g->order[i], parent = g->loop_parent[b];
        h->loops[b].before = IR_NONE;
        if (g->loop_header[b] != b || parent == IR_NONE)
            continue;
        h->loops[parent].changes |= h->loops[b].changes;
        h->loops[parent].calls |= h->loops[b].calls;
    }
}

/* The terminator of the only block that enters the loop and goes nowhere else; IR_NONE: there is
 * no such block. */
static ir_value find_before(const struct hoist *h, ir_block header)
{
    const struct ir_pred *preds = ir_cfg_preds(&h->g, header);
    ir_value found = IR_NONE;

    for (uint32_t i = 0, n = ir_cfg_pred_count(&h->g, header); i < n; i++) {
        if (ir_cfg_back_edge(&h->g, preds[i].from, header))
            continue;
        ir_value last = h->f->blocks[preds[i].from].last;
        if (found != IR_NONE || ir_op_of(h->f, last) != IR_OP_JUMP)
            return IR_NONE;
        found = last;
    }
    return found;
}

/* Loops that are entered from several places, or by a branch, get a block in front of them. */
static void make_entries(struct ir_func *f, struct ir_cfg *g)
{
    bool made = false;

    for (uint32_t i = 0; i < g->order_count; i++) {
        ir_block header = g->order[i];
        const struct ir_pred *preds = ir_cfg_preds(g, header);
        uint32_t entries = 0, branches = 0, n = ir_cfg_pred_count(g, header);
        if (g->loop_header[header] != header || header == 0)
            continue;
        for (uint32_t p = 0; p < n; p++) {
            if (ir_cfg_back_edge(g, preds[p].from, header))
                continue;
            entries++;
            branches += ir_op_of(f, f->blocks[preds[p].from].last) != IR_OP_JUMP;
        }
        if (entries == 0 || (entries == 1 && branches == 0))
            continue;
        ir_block before = ir_block_new(f);
        uint32_t count = ir_list_count(f, f->blocks[header].params);
        ir_value *params = arena_new(f->arena, ir_value, count);
        for (uint32_t k = 0; k < count; k++) {
            ir_value old = ir_list_items(f, f->blocks[header].params)[k];
            params[k] = ir_param_new(f, before, (enum ir_type)ir_at(f, old)->type);
        }
        for (uint32_t p = 0; p < n; p++)
            if (!ir_cfg_back_edge(g, preds[p].from, header)) {
                ir_value last = f->blocks[preds[p].from].last;
                f->pool[ir_successor(f, last, preds[p].nth)] = before;
            }
        f->blocks[before].cold = f->blocks[header].cold;
        ir_edge e = ir_edge_new(f, header, params, count);
        ir_emit(f, before, (struct ir_inst){.op = IR_OP_JUMP, .a = e});
        made = true;
    }
    if (made)
        ir_cfg_compute(g, f, f->arena);
}

/* ---- values ---------------------------------------------------------------------------------- */
struct question {
    const struct hoist *h;
    ir_block header;
    bool inside;
};

static void ask_operand(void *ctx, uint32_t *operand)
{
    struct question *q = ctx;
    ir_value v = *operand = ir_resolve(q->h->f, *operand);

    /* What is used in the loop and defined at or below its header is defined in the loop: from
     * outside it would not be defined on the way from the header to the use. */
    q->inside |= ir_cfg_dominates(&q->h->g, q->header, q->h->home[v]);
}

/* Costs nothing where it is used, or so little that a register is worth more. */
static bool is_cheap(const struct ir_func *f, const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) { /* tidy: flat */
    case IR_OP_ICONST:
    case IR_OP_FCONST:
    case IR_OP_VCONST:
    case IR_OP_CONTEXT:
    case IR_OP_PINNED_BASE:
    case IR_OP_GUEST_ADDRESS:
    case IR_OP_SLOT_ADDRESS:
    case IR_OP_SYMBOL_ADDRESS:
    case IR_OP_UEXTEND:
    case IR_OP_IREDUCE:
    case IR_OP_ICMP:
    case IR_OP_FCMP: return true;
    case IR_OP_IADD:
    case IR_OP_ISUB:
    case IR_OP_IAND:
    case IR_OP_ISHL: return ir_op_of(f, i->b) == IR_OP_ICONST;
    default: return false;
    }
}

static bool may_move(const struct hoist *h, ir_block header, ir_block b, const struct ir_inst *i)
{
    const struct ir_op_info *info = &ir_op_info[i->op];

    if (i->op == IR_OP_LOAD) {
        const struct ir_access *access = &h->f->accesses[i->c];
        if ((access->flags & IR_ACCESS_READONLY) == 0 &&
            (h->loops[header].changes & region_bit(h->f, i)) != 0)
            return false;
        if ((access->flags & IR_ACCESS_NOTRAP) == 0)
            return h->quiet && b == header;
        /* elements of tables cannot fault only because their index was checked in front of them */
        return access->region != IR_REGION_TABLE && access->region != IR_REGION_ANY;
    }
    return (info->flags & IR_PURE) != 0 && info->format != IR_FORMAT_LIST &&
           i->op != IR_OP_RESULT && i->op != IR_OP_PARAM;
}

/* The header of the outermost loop in front of which v may be computed; IR_NONE: it stays. */
static ir_block destination(const struct hoist *h, ir_block b, ir_value v)
{
    const struct ir_inst *i = ir_at(h->f, v);
    ir_block best = IR_NONE;

    if (is_cheap(h->f, i))
        return IR_NONE;
    for (ir_block header = h->g.loop_header[b], n = 0; header != IR_NONE && n < HOIST_DEPTH_MAX;
         header = h->g.loop_parent[header], n++) {
        struct question q = {.h = h, .header = header};
        h->stats->steps++;
        if (!may_move(h, header, b, i))
            break;
        ir_each_operand(h->f, v, ask_operand, &q);
        if (q.inside || h->loops[header].before == IR_NONE ||
            h->loops[header].moved >= HOIST_VALUES_MAX)
            break;
        best = header;
        if (i->op == IR_OP_LOAD && (h->f->accesses[i->c].flags & IR_ACCESS_NOTRAP) == 0)
            break; /* certain to happen in this loop only */
    }
    return best;
}

static bool visible(const struct ir_func *f, const struct ir_inst *i)
{
    (void)f;
    return (ir_op_info[i->op].flags & IR_PURE) == 0;
}

static void hoist_block(struct hoist *h, ir_block b)
{
    struct ir_func *f = h->f;

    h->quiet = h->g.loop_header[b] == b;
    for (ir_value v = f->blocks[b].first, next; v != IR_NONE; v = next) {
        next = f->links[v].next;
        h->stats->steps++;
        ir_block header = destination(h, b, v);
        if (header == IR_NONE) {
            if (visible(f, ir_at(f, v)))
                h->quiet = false;
            continue;
        }
        ir_value before = h->loops[header].before;
        ir_remove(f, v);
        ir_insert_before(f, before, v);
        h->home[v] = f->links[before].block;
        h->loops[header].moved++;
        h->stats->hoisted++;
    }
}

void opt_hoist(struct ir_func *f, struct opt_stats *stats)
{
    struct hoist h = {.f = f, .stats = stats};

    ir_cfg_compute(&h.g, f, f->arena);
    if (h.g.loop_count == 0)
        return;
    make_entries(f, &h.g);
    h.loops = arena_new(f->arena, struct loop, f->block_count);
    h.home = arena_new(f->arena, ir_block, f->inst_count);
    survey(&h);
    for (uint32_t i = 0; i < h.g.order_count; i++) {
        ir_block b = h.g.order[i];
        if (h.g.loop_header[b] == b)
            h.loops[b].before = find_before(&h, b);
        if (h.g.loop_header[b] != IR_NONE)
            hoist_block(&h, b);
    }
}
