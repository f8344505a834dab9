/* cfg: order, predecessors, dominators, loops. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/cfg.h"

#include <assert.h>
#include <string.h>

/* ---- order and predecessors ------------------------------------------------------------------ */
struct frame { /* of the depth-first walk */
    ir_block block;
    uint32_t next; /* successor to visit */
    uint32_t count;
};

static uint32_t successor_count(const struct ir_func *f, ir_block b)
{
    ir_value last = f->blocks[b].last;
    return last == IR_NONE ? 0 : ir_successor_count(f, last);
}

static ir_block successor(const struct ir_func *f, ir_block b, uint32_t n)
{
    return ir_edge_block(f, ir_successor(f, f->blocks[b].last, n));
}

/* Postorder by an explicit stack; successors are visited from the last to the first, so that the
 * first comes right behind its block in the reverse order. */
static void walk(struct ir_cfg *g, struct arena *a)
{
    const struct ir_func *f = g->func;
    struct arena_mark mark = arena_mark(a);
    struct frame *stack = arena_new(a, struct frame, f->block_count);
    uint32_t depth = 0, left = f->block_count;

    g->place[0] = 0;
    stack[depth++] = (struct frame){0, successor_count(f, 0), 0};
    while (depth > 0) {
        struct frame *top = &stack[depth - 1];
        if (top->next == 0) {
            g->order[--left] = top->block;
            depth--;
            continue;
        }
        ir_block b = successor(f, top->block, --top->next);
        if (g->place[b] != IR_NONE)
            continue;
        g->place[b] = 0;
        stack[depth++] = (struct frame){b, successor_count(f, b), 0};
    }
    arena_release(a, mark);
    g->order_count = f->block_count - left;
    memmove(g->order, g->order + left, g->order_count * sizeof(*g->order));
    for (uint32_t i = 0; i < g->order_count; i++)
        g->place[g->order[i]] = i;
}

static void find_preds(struct ir_cfg *g, struct arena *a)
{
    const struct ir_func *f = g->func;
    uint32_t *next = g->pred_first;
    uint32_t total = 0;

    for (uint32_t i = 0; i < g->order_count; i++)
        for (uint32_t k = 0, n = successor_count(f, g->order[i]); k < n; k++)
            next[successor(f, g->order[i], k) + 1]++;
    for (uint32_t b = 0; b < f->block_count; b++) { /* next[b + 1]: where b's list begins */
        uint32_t count = next[b + 1];
        next[b + 1] = total;
        total += count;
    }
    g->preds = arena_new(a, struct ir_pred, total);
    for (uint32_t i = 0; i < g->order_count; i++)
        for (uint32_t k = 0, n = successor_count(f, g->order[i]); k < n; k++)
            g->preds[next[successor(f, g->order[i], k) + 1]++] = (struct ir_pred){g->order[i], k};
}

void ir_cfg_order(struct ir_cfg *g, const struct ir_func *f, struct arena *a)
{
    assert(f->block_count > 0 && "block 0 is the entry");
    *g = (struct ir_cfg){.func = f};
    g->order = arena_new(a, ir_block, f->block_count);
    g->place = arena_new(a, uint32_t, f->block_count);
    g->pred_first = arena_new(a, uint32_t, f->block_count + 1);
    memset(g->place, 0xff, f->block_count * sizeof(*g->place));
    walk(g, a);
    find_preds(g, a);
}

/* ---- dominators ------------------------------------------------------------------------------ */

/* Lengauer and Tarjan's algorithm with simple path compression. Vertices are numbers in preorder
 * of a depth-first tree. */
struct vertex {
    uint32_t parent;   /* in the tree */
    uint32_t semi;     /* semidominator */
    uint32_t ancestor; /* in the forest; IR_NONE: a root */
    uint32_t label;    /* vertex with the least semi on the way to the root, compressed */
    uint32_t bucket;   /* first vertex whose semidominator this is; IR_NONE */
    uint32_t next;     /* in that bucket */
    uint32_t dom;
};

struct dominators {
    struct ir_cfg *g;
    struct vertex *v;
    uint32_t *number; /* of a block */
    ir_block *block;  /* of a number */
    uint32_t *path;   /* scratch of compress() */
};

static void number_tree(struct dominators *d, struct arena *a)
{
    const struct ir_func *f = d->g->func;
    struct arena_mark mark = arena_mark(a);
    struct frame *stack = arena_new(a, struct frame, d->g->order_count);
    uint32_t depth = 0, count = 0;

    memset(d->number, 0xff, f->block_count * sizeof(*d->number));
    d->number[0] = count++;
    stack[depth++] = (struct frame){0, 0, successor_count(f, 0)};
    while (depth > 0) {
        struct frame *top = &stack[depth - 1];
        if (top->next == top->count) {
            depth--;
            continue;
        }
        ir_block b = successor(f, top->block, top->next++);
        if (d->number[b] != IR_NONE)
            continue;
        d->v[count].parent = d->number[top->block];
        d->block[count] = b;
        d->number[b] = count++;
        stack[depth++] = (struct frame){b, 0, successor_count(f, b)};
    }
    arena_release(a, mark);
    assert(count == d->g->order_count);
}

static uint32_t evaluate(struct dominators *d, uint32_t v)
{
    uint32_t depth = 0;

    if (d->v[v].ancestor == IR_NONE)
        return v;
    for (uint32_t u = v; d->v[d->v[u].ancestor].ancestor != IR_NONE; u = d->v[u].ancestor)
        d->path[depth++] = u;
    while (depth > 0) { /* from the top down */
        uint32_t u = d->path[--depth], above = d->v[u].ancestor;
        if (d->v[d->v[above].label].semi < d->v[d->v[u].label].semi)
            d->v[u].label = d->v[above].label;
        d->v[u].ancestor = d->v[above].ancestor;
    }
    return d->v[v].label;
}

static void empty_bucket(struct dominators *d, uint32_t parent)
{
    for (uint32_t w = d->v[parent].bucket; w != IR_NONE; w = d->v[w].next) {
        uint32_t u = evaluate(d, w);
        d->v[w].dom = d->v[u].semi < d->v[w].semi ? u : parent;
    }
    d->v[parent].bucket = IR_NONE;
}

static void immediate_dominators(struct dominators *d)
{
    struct ir_cfg *g = d->g;

    for (uint32_t w = g->order_count; w-- > 1;) {
        struct vertex *x = &d->v[w];
        const struct ir_pred *preds = ir_cfg_preds(g, d->block[w]);
        for (uint32_t i = 0, n = ir_cfg_pred_count(g, d->block[w]); i < n; i++) {
            uint32_t u = evaluate(d, d->number[preds[i].from]);
            x->semi = MIN(x->semi, d->v[u].semi);
        }
        x->next = d->v[x->semi].bucket;
        d->v[x->semi].bucket = w;
        x->ancestor = x->parent;
        empty_bucket(d, x->parent);
    }
    for (uint32_t w = 1; w < g->order_count; w++) {
        if (d->v[w].dom != d->v[w].semi)
            d->v[w].dom = d->v[d->v[w].dom].dom;
        g->idom[d->block[w]] = d->block[d->v[w].dom];
    }
}

/* Preorder numbers of the dominator tree. Subtree sizes come from the reverse postorder, in which
 * a dominator stands in front of all it dominates. */
static void number_dominators(struct ir_cfg *g, struct arena *a)
{
    struct arena_mark mark = arena_mark(a);
    uint32_t *size = arena_new(a, uint32_t, g->func->block_count);
    uint32_t *next = arena_new(a, uint32_t, g->func->block_count);

    for (uint32_t i = g->order_count; i-- > 0;) {
        ir_block b = g->order[i];
        size[b]++;
        if (i > 0)
            size[g->idom[b]] += size[b];
    }
    for (uint32_t i = 0; i < g->order_count; i++) {
        ir_block b = g->order[i];
        if (i > 0) {
            g->dom_first[b] = next[g->idom[b]];
            next[g->idom[b]] += size[b];
        }
        next[b] = g->dom_first[b] + 1;
        g->dom_last[b] = g->dom_first[b] + size[b] - 1;
        g->dom_order[g->dom_first[b]] = b;
    }
    arena_release(a, mark);
}

void ir_cfg_dominators(struct ir_cfg *g, struct arena *a)
{
    uint32_t blocks = g->func->block_count;

    assert(g->order != NULL && "ir_cfg_order() comes first");
    g->idom = arena_new(a, ir_block, blocks);
    g->dom_first = arena_new(a, uint32_t, blocks);
    g->dom_last = arena_new(a, uint32_t, blocks);
    g->dom_order = arena_new(a, ir_block, blocks);
    memset(g->idom, 0xff, blocks * sizeof(*g->idom));
    struct arena_mark mark = arena_mark(a);
    struct dominators d = {.g = g};
    d.v = arena_new(a, struct vertex, g->order_count);
    d.number = arena_new(a, uint32_t, blocks);
    d.block = arena_new(a, ir_block, g->order_count);
    d.path = arena_new(a, uint32_t, g->order_count);
    for (uint32_t i = 0; i < g->order_count; i++)
        d.v[i] = (struct vertex){
            .semi = i, .ancestor = IR_NONE, .label = i, .bucket = IR_NONE, .next = IR_NONE};
    number_tree(&d, a);
    immediate_dominators(&d);
    arena_release(a, mark);
    number_dominators(g, a);
}

/* ---- loops ----------------------------------------------------------------------------------- */
struct loops {
    struct ir_cfg *g;
    ir_block *outermost; /* of headers: a loop around it, towards the outermost known so far */
    ir_block *work;
    uint32_t work_count;
};

static ir_block outermost_loop(struct loops *l, ir_block header)
{
    while (l->outermost[header] != header) {
        l->outermost[header] = l->outermost[l->outermost[header]];
        header = l->outermost[header];
    }
    return header;
}

static void push_preds(struct loops *l, ir_block b, ir_block header)
{
    const struct ir_pred *preds = ir_cfg_preds(l->g, b);

    for (uint32_t i = 0, n = ir_cfg_pred_count(l->g, b); i < n; i++)
        if (b != header || ir_cfg_back_edge(l->g, preds[i].from, header))
            l->work[l->work_count++] = preds[i].from;
}

/* Backwards from the edges that close the loop; inner loops are known already and are passed by
 * their headers. */
static void find_loop(struct loops *l, ir_block header)
{
    struct ir_cfg *g = l->g;

    l->work_count = 0;
    push_preds(l, header, header);
    if (l->work_count == 0)
        return;
    g->loop_count++;
    l->outermost[header] = header;
    ir_block around = g->loop_header[header]; /* none yet: outer loops come later */
    assert(around == IR_NONE);
    (void)around;
    g->loop_header[header] = header;
    while (l->work_count > 0) {
        ir_block b = l->work[--l->work_count];
        if (g->loop_header[b] == IR_NONE) {
            g->loop_header[b] = header;
            push_preds(l, b, header);
            continue;
        }
        ir_block loop = outermost_loop(l, g->loop_header[b]);
        if (loop == header)
            continue;
        l->outermost[loop] = header;
        g->loop_parent[loop] = header;
        const struct ir_pred *preds = ir_cfg_preds(g, loop);
        for (uint32_t i = 0, n = ir_cfg_pred_count(g, loop); i < n; i++)
            if (!ir_cfg_back_edge(g, preds[i].from, loop))
                l->work[l->work_count++] = preds[i].from;
    }
}

void ir_cfg_loops(struct ir_cfg *g, struct arena *a)
{
    uint32_t blocks = g->func->block_count;

    assert(g->idom != NULL && "ir_cfg_dominators() comes first");
    g->loop_header = arena_new(a, ir_block, blocks);
    g->loop_parent = arena_new(a, ir_block, blocks);
    g->loop_depth = arena_new(a, uint32_t, blocks);
    g->loop_count = 0;
    memset(g->loop_header, 0xff, blocks * sizeof(*g->loop_header));
    memset(g->loop_parent, 0xff, blocks * sizeof(*g->loop_parent));
    struct arena_mark mark = arena_mark(a);
    struct loops l = {.g = g};
    l.outermost = arena_new(a, ir_block, blocks);
    l.work =
        arena_new(a, ir_block, g->pred_first[blocks] + 1); /* an edge enters at most once a
                                                              loop, and leaves before the next */
    for (uint32_t i = g->order_count; i-- > 0;)
        find_loop(&l, g->order[i]);
    arena_release(a, mark);
    for (uint32_t i = 0; i < g->order_count; i++) { /* headers come before their loops */
        ir_block b = g->order[i], h = g->loop_header[b];
        if (h == b)
            g->loop_depth[b] =
                g->loop_parent[b] == IR_NONE ? 1 : g->loop_depth[g->loop_parent[b]] + 1;
        else
            g->loop_depth[b] = h == IR_NONE ? 0 : g->loop_depth[h];
    }
}

void ir_cfg_compute(struct ir_cfg *g, const struct ir_func *f, struct arena *a)
{
    ir_cfg_order(g, f, a);
    ir_cfg_dominators(g, a);
    ir_cfg_loops(g, a);
}

bool ir_cfg_in_loop(const struct ir_cfg *g, ir_block header, ir_block b)
{
    for (ir_block h = g->loop_header[b]; h != IR_NONE; h = g->loop_parent[h])
        if (h == header)
            return true;
    return false;
}
