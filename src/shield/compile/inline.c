/* inline: see inline.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/inline.h"

#include "shield/opt/inline.h"

/* A call that may be inlined: where it stands, and what it stands in. */
struct site {
    ir_value call;
    uint32_t depth;
    uint32_t chain;  /* the site whose body it is in; SITE_NONE: the caller's own */
    uint32_t number; /* of the callee */
};
#define SITE_NONE UINT32_MAX

struct inliner {
    const struct translate_env *env;
    struct translate_scratch *scratch;
    struct ir_func *f;
    struct arena *spare; /* the callee at work */
    struct site *sites;
    uint32_t site_count, site_capacity;
    uint32_t inst_max; /* of f */
};

static uint32_t body_bytes(const struct inliner *n, uint32_t number)
{
    return (uint32_t)n->env->wm->codes[number].body.size;
}

/* Calls in some blocks, of functions that are small enough. */
static void find_sites(struct inliner *n, ir_block first, ir_block end, uint32_t depth,
                       uint32_t chain)
{
    const struct ir_func *f = n->f;

    for (ir_block b = first; b < end; b++) {
        if (f->blocks[b].cold)
            continue;
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next) {
            if (ir_op_of(f, v) != IR_OP_CALL)
                continue;
            const struct ir_callee *callee = &f->callees[ir_at(f, v)->a];
            if (callee->kind != IR_CALLEE_LOCAL ||
                body_bytes(n, callee->number) > INLINE_LEAF_BYTES_MAX)
                continue;
            const struct site s = {v, depth, chain, callee->number};
            ARENA_PUSH(f->arena, n->sites, n->site_count, n->site_capacity, s);
        }
    }
}

/* How often the callee is on the way from the caller to here already. */
static uint32_t rounds(const struct inliner *n, const struct site *s)
{
    uint32_t count = s->number == n->f->number;

    for (uint32_t at = s->chain; at != SITE_NONE; at = n->sites[at].chain)
        count += n->sites[at].number == s->number;
    return count;
}

static bool calls_anything(const struct ir_func *f)
{
    for (ir_block b = 0; b < f->block_count; b++) {
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next) {
            if ((ir_op_info[ir_op_of(f, v)].flags & IR_CALLS) != 0)
                return true;
        }
    }
    return false;
}

struct one {
    struct inliner *n;
    uint32_t site;
};

static enum status inline_one(void *ctx, struct diag *dg)
{
    const struct one *one = ctx;
    struct inliner *n = one->n;
    const struct site s = n->sites[one->site];
    const uint32_t old_blocks = n->f->block_count;
    struct ir_func callee;

    ir_func_init(&callee, n->spare, s.number);
    TRY(translate_function(n->env, n->env->wm->func_imports + s.number, n->scratch, &callee, dg));
    if (!opt_can_inline(&callee) ||
        (body_bytes(n, s.number) > INLINE_BYTES_MAX && calls_anything(&callee)))
        return ST_OK;
    const ir_block after = opt_inline(n->f, s.call, &callee, s.number);
    if (s.depth < INLINE_DEPTH_MAX)
        find_sites(n, old_blocks, after, s.depth + 1, one->site);
    return ST_OK;
}

static enum status inline_all(struct inliner *n, struct diag *dg)
{
    find_sites(n, 0, n->f->block_count, 1, SITE_NONE);
    for (uint32_t i = 0; i < n->site_count && n->f->inst_count < n->inst_max; i++) {
        struct one one = {n, i};
        if (n->f->links[n->sites[i].call].block == IR_NONE || rounds(n, &n->sites[i]) > 2)
            continue;
        const struct arena_mark mark = arena_mark(n->spare);
        TRY(arena_guard(n->spare, inline_one, &one, dg));
        arena_release(n->spare, mark);
    }
    return ST_OK;
}

enum status inline_calls(const struct translate_env *env, struct translate_scratch *scratch,
                         struct arena *spare, struct ir_func *f, struct diag *dg)
{
    struct inliner n = {.env = env, .scratch = scratch, .spare = spare, .f = f};

    if (env->metered)
        return ST_OK;
    n.inst_max = f->inst_count + f->inst_count / 100 * INLINE_GROWTH_PERCENT + INLINE_GROWTH_INSTS;
    return inline_all(&n, dg);
}
