/*
 * cfg: order, dominators and loops of random graphs against definitions written out, and of graphs
 * that make careless algorithms quadratic. SPDX-License-Identifier: Apache-2.0
 */
#include "base/rng.h"
#include "shield/ir/cfg.h"
#include "tap.h"

#include <string.h>

enum { SMALL_BLOCKS_MAX = 12, GRAPHS = 3000, LARGE_BLOCKS = 100000, ARENA_MAX = 1 << 30 };

static void end_block(struct ir_func *f, ir_block b, const ir_block *targets, uint32_t count)
{
    if (count == 0) {
        ir_emit(f, b, (struct ir_inst){.op = IR_OP_RETURN});
        return;
    }
    ir_edge edges[3];
    for (uint32_t i = 0; i < count; i++)
        edges[i] = ir_edge_new(f, targets[i], NULL, 0);
    if (count == 1) {
        ir_emit(f, b, (struct ir_inst){.op = IR_OP_JUMP, .a = edges[0]});
        return;
    }
    ir_value v = ir_emit(f, b, ir_iconst(IR_I32, b));
    if (count == 2)
        ir_emit(f, b, (struct ir_inst){.op = IR_OP_BRANCH, .a = v, .b = edges[0], .c = edges[1]});
    else
        ir_emit(f, b,
                (struct ir_inst){.op = IR_OP_SWITCH, .a = v, .b = ir_list_new(f, edges, count)});
}

/* ---- small graphs against the definitions ---------------------------------------------------- */
struct graph {
    struct ir_func *f;
    uint32_t count;
    bool edge[SMALL_BLOCKS_MAX][SMALL_BLOCKS_MAX];
    struct arena *arena;
    struct rng rng;
    uint32_t wrong_order, wrong_preds, wrong_dominators, wrong_loops, loops_seen;
};

/* Which blocks `from` reaches without entering `without`. */
static void reach(const struct graph *g, uint32_t from, uint32_t without, bool *seen)
{
    if (from == without || seen[from])
        return;
    seen[from] = true;
    for (uint32_t t = 0; t < g->count; t++)
        if (g->edge[from][t])
            reach(g, t, without, seen);
}

static void judge_loops(struct graph *g, const struct ir_cfg *c, bool reached[],
                        bool dominates[][SMALL_BLOCKS_MAX])
{
    bool member[SMALL_BLOCKS_MAX][SMALL_BLOCKS_MAX] = {{false}}; /* [header][block] */

    for (uint32_t h = 0; h < g->count; h++)
        for (uint32_t latch = 0; latch < g->count; latch++) {
            if (!reached[h] || !reached[latch] || !g->edge[latch][h] || !dominates[h][latch])
                continue;
            g->loops_seen++;
            member[h][h] = true;
            for (uint32_t b = 0; b < g->count; b++) {
                bool seen[SMALL_BLOCKS_MAX] = {false};
                reach(g, b, h, seen);
                member[h][b] |= reached[b] && dominates[h][b] && seen[latch];
            }
        }
    for (uint32_t b = 0; b < g->count; b++) {
        uint32_t depth = 0;
        for (uint32_t h = 0; h < g->count; h++) {
            depth += member[h][b];
            if (reached[b])
                g->wrong_loops += ir_cfg_in_loop(c, h, b) != member[h][b];
        }
        if (reached[b])
            g->wrong_loops += c->loop_depth[b] != depth;
    }
}

static void judge(struct graph *g)
{
    struct ir_cfg c;
    bool reached[SMALL_BLOCKS_MAX] = {false};
    bool dominates[SMALL_BLOCKS_MAX][SMALL_BLOCKS_MAX];

    ir_cfg_compute(&c, g->f, g->arena);
    reach(g, 0, g->count, reached);
    for (uint32_t a = 0; a < g->count; a++) {
        bool avoided[SMALL_BLOCKS_MAX] = {false};
        reach(g, 0, a, avoided);
        g->wrong_order += ir_cfg_reachable(&c, a) != reached[a];
        if (reached[a] && a != 0) /* each but the entry has a predecessor in front, its idom too */
            g->wrong_order += c.place[c.idom[a]] >= c.place[a];
        for (uint32_t b = 0; b < g->count; b++) {
            dominates[a][b] = a == b || !avoided[b];
            if (reached[a] && reached[b])
                g->wrong_dominators += ir_cfg_dominates(&c, a, b) != dominates[a][b];
        }
    }
    for (uint32_t b = 0; b < g->count; b++) {
        uint32_t count = 0;
        for (uint32_t a = 0; a < g->count; a++)
            count += reached[a] && g->edge[a][b];
        g->wrong_preds += ir_cfg_pred_count(&c, b) != count;
        for (uint32_t i = 0; i < ir_cfg_pred_count(&c, b); i++)
            g->wrong_preds += !g->edge[ir_cfg_preds(&c, b)[i].from][b];
    }
    judge_loops(g, &c, reached, dominates);
}

static enum status random_graph(void *ctx, struct diag *dg)
{
    struct graph *g = ctx;
    struct ir_func f;

    (void)dg;
    ir_func_init(&f, g->arena, 0);
    g->f = &f;
    g->count = 1 + (uint32_t)rng_below(&g->rng, SMALL_BLOCKS_MAX);
    memset(g->edge, 0, sizeof(g->edge));
    while (f.block_count < g->count)
        ir_block_new(&f);
    for (ir_block b = 0; b < g->count; b++) {
        ir_block targets[3];
        uint32_t n = (uint32_t)rng_below(&g->rng, 4), count = 0;
        while (count < n) {
            ir_block t = (ir_block)rng_below(&g->rng, g->count);
            if (!g->edge[b][t])
                targets[count++] = t;
            else
                n--;
            g->edge[b][t] = true;
        }
        end_block(&f, b, targets, count);
    }
    judge(g);
    return ST_OK;
}

/* ---- large graphs ---------------------------------------------------------------------------- */
struct large {
    const char *name;
    struct arena *arena;
    uint32_t depth_max, loops; /* out */
    bool right;
};

/* Block i goes on to i + 1 or leaves to the last: that one's dominator is far above. */
static enum status ladder(void *ctx, struct diag *dg)
{
    struct large *l = ctx;
    struct ir_func f;
    struct ir_cfg c;

    (void)dg;
    ir_func_init(&f, l->arena, 0);
    while (f.block_count < LARGE_BLOCKS)
        ir_block_new(&f);
    for (ir_block b = 0; b + 1 < LARGE_BLOCKS; b++)
        end_block(&f, b, (const ir_block[]){b + 1, LARGE_BLOCKS - 1}, 2);
    end_block(&f, LARGE_BLOCKS - 1, NULL, 0);
    ir_cfg_compute(&c, &f, l->arena);
    l->right = c.idom[LARGE_BLOCKS - 1] == 0 && c.idom[LARGE_BLOCKS - 2] == LARGE_BLOCKS - 3 &&
               c.loop_count == 0;
    return ST_OK;
}

/* n headers, one in another, then n ends that go back to their header or out. */
static enum status nest(void *ctx, struct diag *dg)
{
    struct large *l = ctx;
    struct ir_func f;
    struct ir_cfg c;
    const uint32_t n = LARGE_BLOCKS / 2;

    (void)dg;
    ir_func_init(&f, l->arena, 0);
    while (f.block_count < 2 * n + 1)
        ir_block_new(&f);
    for (ir_block b = 0; b < n; b++)
        end_block(&f, b, (const ir_block[]){b + 1}, 1);
    for (ir_block b = n; b < 2 * n; b++)
        end_block(&f, b, (const ir_block[]){2 * n - 1 - b, b + 1}, 2);
    end_block(&f, 2 * n, NULL, 0);
    ir_cfg_compute(&c, &f, l->arena);
    l->right = c.loop_count == n && c.loop_depth[n] == n && c.loop_depth[2 * n - 1] == 1 &&
               c.loop_depth[2 * n] == 0 && c.loop_parent[5] == 4;
    return ST_OK;
}

int main(void)
{
    struct arena a;
    struct graph g = {.arena = &a};
    struct diag dg = {0};

    rng_seed(&g.rng, 7);
    for (uint32_t i = 0; i < GRAPHS; i++) {
        arena_init(&a, ARENA_MAX);
        if (arena_guard(&a, random_graph, &g, &dg) != ST_OK)
            g.wrong_order++;
        arena_free(&a);
    }
    tap_ok(g.wrong_order == 0, "order of %u graphs: %u wrong", GRAPHS, g.wrong_order);
    tap_ok(g.wrong_preds == 0, "predecessors: %u wrong", g.wrong_preds);
    tap_ok(g.wrong_dominators == 0, "dominators: %u wrong", g.wrong_dominators);
    tap_ok(g.wrong_loops == 0 && g.loops_seen > GRAPHS, "loops (%u): %u wrong", g.loops_seen,
           g.wrong_loops);
    enum status (*const shapes[])(void *, struct diag *) = {ladder, nest};
    for (uint32_t i = 0; i < LENGTH_OF(shapes); i++) {
        struct large l = {.arena = &a};
        arena_init(&a, ARENA_MAX);
        tap_ok(arena_guard(&a, shapes[i], &l, &dg) == ST_OK && l.right, "large graph %u: %s", i,
               dg.text);
        arena_free(&a);
    }
    return tap_done();
}
