/*
 * dead: what nothing observable needs goes, parameters that only feed each other too.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/cfg.h"
#include "shield/opt/rewrite.h"

struct marking {
    struct ir_func *f;
    const struct ir_cfg *cfg;
    uint8_t *needed; /* per value */
    ir_value *work;
    uint32_t count;
};

static void need(struct marking *m, ir_value v)
{
    if (m->needed[v])
        return;
    m->needed[v] = 1;
    m->work[m->count++] = v;
}

static void need_operand(void *ctx, uint32_t *operand)
{
    struct marking *m = ctx;

    *operand = ir_resolve(m->f, *operand);
    need(m, *operand);
}

/* Kept whether or not its value is used. */
static bool is_root(const struct ir_func *f, const struct ir_inst *i)
{
    uint8_t flags = ir_op_info[i->op].flags;

    if (i->op == IR_OP_LOAD)
        return (f->accesses[i->c].flags & IR_ACCESS_NOTRAP) == 0;
    if (i->op == IR_OP_CALL && (f->callees[i->a].flags & IR_CALLEE_NO_EFFECT) != 0)
        return false;
    return (flags & IR_PURE) == 0;
}

/* An edge's arguments count only when their parameters do. */
static void need_inst(struct marking *m, ir_value v)
{
    struct ir_func *f = m->f;
    struct ir_inst *i = ir_at(f, v);

    switch ((enum ir_op)i->op) {
    case IR_OP_JUMP: return;
    case IR_OP_BRANCH:
    case IR_OP_SWITCH: need_operand(m, &i->a); return;
    case IR_OP_PARAM: break;
    default: ir_each_operand(f, v, need_operand, m); return;
    }
    if (i->a == 0)
        return;
    const struct ir_pred *preds = ir_cfg_preds(m->cfg, i->a);
    for (uint32_t p = 0, n = ir_cfg_pred_count(m->cfg, i->a); p < n; p++) {
        ir_edge e = ir_successor(f, f->blocks[preds[p].from].last, preds[p].nth);
        need_operand(m, ir_edge_args(f, e) + i->b);
    }
}

static void sweep(struct marking *m, ir_block b, struct opt_stats *stats)
{
    struct ir_func *f = m->f;

    for (ir_value v = f->blocks[b].first, next; v != IR_NONE; v = next) {
        next = f->links[v].next;
        stats->steps++;
        if (m->needed[v])
            continue;
        ir_remove(f, v);
        stats->dead++;
    }
    for (uint32_t k = 0, n = ir_list_count(f, f->blocks[b].params); k < n && b != 0; k++) {
        ir_value param = ir_list_items(f, f->blocks[b].params)[k];
        if (m->needed[param])
            continue;
        f->insts[param] = ir_iconst(IR_I32, 0); /* no parameter any more: see params_drop() */
        stats->dead_params++;
    }
}

void opt_dead(struct ir_func *f, struct opt_stats *stats)
{
    struct ir_cfg g;
    struct marking m = {.f = f, .cfg = &g};

    ir_cfg_order(&g, f, f->arena);
    m.needed = arena_new(f->arena, uint8_t, f->inst_count);
    m.work = arena_new(f->arena, ir_value, f->inst_count);
    for (uint32_t i = 0; i < g.order_count; i++)
        for (ir_value v = f->blocks[g.order[i]].first; v != IR_NONE; v = f->links[v].next)
            if (is_root(f, &f->insts[v]))
                need(&m, v);
    while (m.count > 0)
        need_inst(&m, m.work[--m.count]);
    uint32_t before = stats->dead_params;
    for (uint32_t i = 0; i < g.order_count; i++)
        sweep(&m, g.order[i], stats);
    if (stats->dead_params != before)
        params_drop(f);
}
