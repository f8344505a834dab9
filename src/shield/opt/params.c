/*
 * params: a parameter to which every edge brings one value, or the parameter itself, is that value.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/cfg.h"
#include "shield/opt/rewrite.h"

/* Sweeps; each may uncover more. What is left after them costs a move, nothing else. */
#define PARAMS_SWEEPS_MAX 4

static void drop_args(struct ir_func *f, ir_edge e, const uint32_t *kept, uint32_t old_count)
{
    ir_block b = ir_edge_block(f, e);
    uint32_t *args = ir_edge_args(f, e), count = 0;

    if (kept[b] == 0 || ir_edge_count(f, e) != old_count)
        return; /* nothing to do, or an edge that several cases share is done already */
    const uint32_t *params = ir_list_items(f, f->blocks[b].params);
    for (uint32_t k = 0; k < old_count; k++)
        if (f->insts[params[k]].op == IR_OP_PARAM)
            args[count++] = args[k];
    f->pool[e + 1] = count;
}

void params_drop(struct ir_func *f)
{
    uint32_t *changed = arena_new(f->arena, uint32_t, f->block_count);

    for (ir_block b = 1; b < f->block_count; b++)
        for (uint32_t k = 0, n = ir_list_count(f, f->blocks[b].params); k < n; k++)
            changed[b] |= f->insts[ir_list_items(f, f->blocks[b].params)[k]].op != IR_OP_PARAM;
    for (ir_block b = 0; b < f->block_count; b++) {
        if (f->blocks[b].last == IR_NONE)
            continue;
        for (uint32_t i = 0, n = ir_successor_count(f, f->blocks[b].last); i < n; i++) {
            ir_edge e = ir_successor(f, f->blocks[b].last, i);
            drop_args(f, e, changed, ir_list_count(f, f->blocks[ir_edge_block(f, e)].params));
        }
    }
    for (ir_block b = 1; b < f->block_count; b++) {
        uint32_t count = 0;
        if (!changed[b])
            continue;
        uint32_t *params = ir_list_items(f, f->blocks[b].params);
        for (uint32_t k = 0, n = ir_list_count(f, f->blocks[b].params); k < n; k++)
            if (f->insts[params[k]].op == IR_OP_PARAM) {
                f->insts[params[k]].b = count;
                params[count++] = params[k];
            }
        if (count == 0)
            f->blocks[b].params = 0; /* the empty list, which nobody may write to */
        else
            f->pool[f->blocks[b].params] = count;
    }
}

static bool one_value(struct ir_func *f, const struct ir_cfg *g, ir_block b, uint32_t k,
                      ir_value *out)
{
    const struct ir_pred *preds = ir_cfg_preds(g, b);
    ir_value only = IR_NONE, param = ir_list_items(f, f->blocks[b].params)[k];

    for (uint32_t p = 0, n = ir_cfg_pred_count(g, b); p < n; p++) {
        ir_edge e = ir_successor(f, f->blocks[preds[p].from].last, preds[p].nth);
        ir_value arg = ir_resolve(f, ir_edge_args(f, e)[k]);
        if (arg == param || arg == only)
            continue;
        if (only != IR_NONE)
            return false;
        only = arg;
    }
    *out = only;
    return only != IR_NONE;
}

void opt_params(struct ir_func *f, struct opt_stats *stats)
{
    struct ir_cfg g;
    uint32_t replaced = 0, before;

    ir_cfg_order(&g, f, f->arena);
    for (uint32_t sweep = 0; sweep < PARAMS_SWEEPS_MAX; sweep++) {
        before = replaced;
        for (uint32_t i = 1; i < g.order_count; i++) {
            ir_block b = g.order[i];
            for (uint32_t k = 0, n = ir_list_count(f, f->blocks[b].params); k < n; k++) {
                ir_value v, param = ir_list_items(f, f->blocks[b].params)[k];
                if (f->insts[param].op == IR_OP_PARAM && one_value(f, &g, b, k, &v)) {
                    ir_replace(f, param, v);
                    replaced++;
                }
            }
        }
        if (replaced == before)
            break;
    }
    stats->params += replaced;
    if (replaced > 0)
        params_drop(f);
}
