/* mutate: a program out of another one. Operators are drawn by weight until one has worked and the
 * dice say that it is enough. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

/* ---- operators: false when there was nothing to do ---- */

struct mutation {
    struct syz_maker maker;
    struct syz_prog *p;
    const struct syz_random *how;
    uint32_t calls_max;
};

struct blobs {
    struct syz_visit found;
    struct rng *rng;
    uint32_t seen;
};

static bool find_any_blob(void *ctx, const struct syz_visit *v)
{
    struct blobs *b = ctx;

    if (v->arg->kind == SYZ_ARG_DATA && v->arg->dir != SYZ_OUT && v->parent != NULL &&
        v->parent->type->kind == SYZ_UNION &&
        str_equal(v->parent->type->group.base, STR("ANYUNION")) &&
        rng_below(b->rng, ++b->seen) == 0)
        b->found = *v;
    return true;
}

/* Structure is given up for bytes, and the bytes are changed. */
static bool squash(struct mutation *mu)
{
    struct blobs b = {.rng = mu->how->rng};
    struct buf data;

    if (mu->p->count == 0 || !syz_squash_random(mu->p, mu->how->rng))
        return false;
    uint32_t owner = 0;
    for (uint32_t i = 0; i < mu->p->count; i++) {
        uint32_t before = b.seen;
        const struct syz_arg *old = b.found.arg;
        step_each(&mu->p->steps[i], find_any_blob, &b);
        if (b.seen != before && b.found.arg != old)
            owner = i;
    }
    if (b.found.arg == NULL)
        return true; /* nothing but results in it */
    buf_init(&data, mu->p->arena);
    buf_bytes(&data, b.found.arg->data.bytes, b.found.arg->data.size);
    mutate_data(mu->how->rng, &data, 0, SYZ_BLOB_BYTES_MAX);
    b.found.arg->data.bytes = data.data != NULL ? data.data : arena_new(mu->p->arena, uint8_t, 1);
    b.found.arg->data.size = data.size;
    syz_step_assign_sizes(mu->p, &mu->p->steps[owner]);
    return true;
}

static bool splice(struct mutation *mu)
{
    const struct syz_random *how = mu->how;
    const struct syz_prog *other =
        how->corpus == NULL ? NULL : how->corpus(how->corpus_ctx, how->rng);

    if (other == NULL || other->count == 0 || mu->p->count == 0 || mu->p->count >= mu->calls_max)
        return false;
    struct syz_prog *copy = syz_prog_clone(mu->p->arena, other);
    uint32_t at = (uint32_t)rng_below(how->rng, mu->p->count);
    for (uint32_t i = 0; i < copy->count; i++)
        syz_prog_insert(mu->p, at + i, copy->steps[i]);
    syz_prog_truncate(mu->p, mu->calls_max);
    return true;
}

static bool insert_call(struct mutation *mu)
{
    struct syz_maker *m = &mu->maker;
    const struct syz_call *before = NULL;

    if (mu->p->count >= mu->calls_max)
        return false;
    make_reopen(m, (uint32_t)rng_biased(mu->how->rng, mu->p->count + 1, 5));
    if (m->at != 0)
        before = mu->p->steps[rng_below(mu->how->rng, m->at)].call;
    const struct syz_call *call = syz_choose_call(mu->how->choice, mu->how->rng, before);
    if (call == NULL)
        return false;
    make_call(m, call);
    syz_prog_truncate(mu->p, mu->calls_max);
    return true;
}

static bool may_mutate(const struct mutation *mu, const struct syz_call *call)
{
    return mu->how->no_mutate == NULL || !mu->how->no_mutate[call->id];
}

/* Calls with more to change are changed more often. */
static bool mutate_call(struct mutation *mu)
{
    uint64_t ends[SYZ_CALLS_MAX], total = 0;
    uint32_t chosen = 0;

    for (uint32_t i = 0; i < mu->p->count; i++) {
        if (may_mutate(mu, mu->p->steps[i].call))
            total += mutate_weight(&mu->p->steps[i]);
        ends[i] = total;
    }
    if (total == 0)
        return false;
    uint64_t at = rng_below(mu->how->rng, total);
    while (ends[chosen] <= at)
        chosen++;
    bool changed = mutate_step(&mu->maker, chosen);
    syz_prog_truncate(mu->p, MAX(mu->calls_max, mu->maker.at + 1));
    if (mu->p->count > mu->calls_max)
        syz_prog_truncate(mu->p, mu->calls_max);
    return changed;
}

static bool remove_call(struct mutation *mu)
{
    if (mu->p->count == 0)
        return false;
    syz_prog_remove(mu->p, (uint32_t)rng_below(mu->how->rng, mu->p->count));
    return true;
}

static const struct {
    bool (*apply)(struct mutation *mu);
    uint32_t weight;
} operators[] = {
    {squash,      50 },
    {splice,      200},
    {insert_call, 100},
    {mutate_call, 100},
    {remove_call, 10 },
};

static uint32_t draw_operator(struct rng *r)
{
    uint32_t total = 0, i = 0;

    for (uint32_t k = 0; k < LENGTH_OF(operators); k++)
        total += operators[k].weight;
    for (uint64_t at = rng_below(r, total); at >= operators[i].weight; i++)
        at -= operators[i].weight;
    return i;
}

void syz_mutate(struct syz_prog *p, const struct syz_random *how, uint32_t calls_max)
{
    enum { TRIES_MAX = 200 };
    struct mutation mu = {
        .p = p, .how = how, .calls_max = MIN(MAX(calls_max, 1u), (uint32_t)SYZ_CALLS_MAX)};

    syz_prog_truncate(p, SYZ_CALLS_MAX);
    make_open(&mu.maker, p, how, 0);
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        bool worked = operators[draw_operator(how->rng)].apply(&mu);
        if (worked && p->count != 0 && rng_chance(how->rng, 1, 5))
            break;
    }
    make_limit(p, mu.calls_max);
    syz_prog_neutralise(p);
}
