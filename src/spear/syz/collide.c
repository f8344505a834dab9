/* collide: the same calls, beside each other, so that they race. Which calls may run beside the
 * next: those whose results nobody asks for before the next call that is waited for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum {
    ASYNC_MAX = 24, /* calls of a program that may be under way at once */
    RERUN_FEW = 32,
    RERUN_MANY = 64,
};

/* ---- all of it twice ---- */

static bool append_itself(struct syz_prog *p)
{
    const uint32_t count = p->count;

    if (count * 2 > SYZ_CALLS_MAX || count == 0)
        return false;
    struct syz_prog *copy = syz_prog_clone(p->arena, p);
    for (uint32_t i = 0; i < count; i++) {
        copy->steps[i].props = (struct syz_props){.is_async = i + 1 != count && i < ASYNC_MAX};
        syz_prog_insert(p, p->count, copy->steps[i]);
    }
    return true;
}

/* ---- some calls twice ---- */

/* Uses the results that the old one uses. */
static struct syz_arg *copy_arg(struct arena *a, const struct syz_arg *old)
{
    struct syz_arg *arg = arena_new(a, struct syz_arg, 1);

    *arg = *old;
    switch (arg->kind) {
    case SYZ_ARG_CONST:
    case SYZ_ARG_RESULT: break;
    case SYZ_ARG_POINTER:
        if (old->pointer.to != NULL)
            arg->pointer.to = copy_arg(a, old->pointer.to);
        break;
    case SYZ_ARG_DATA:
        if (old->data.bytes != NULL) {
            arg->data.bytes = arena_new(a, uint8_t, old->data.size);
            if (old->data.size != 0)
                memcpy(arg->data.bytes, old->data.bytes, old->data.size);
        }
        break;
    case SYZ_ARG_GROUP:
        arg->group.items = arena_new(a, struct syz_arg *, old->group.count);
        for (uint32_t i = 0; i < old->group.count; i++)
            arg->group.items[i] = copy_arg(a, old->group.items[i]);
        break;
    case SYZ_ARG_UNION: arg->choice.value = copy_arg(a, old->choice.value); break;
    }
    return arg;
}

static struct syz_step copy_step(struct arena *a, const struct syz_step *old)
{
    struct syz_step step = *old;

    step.args = arena_new(a, struct syz_arg *, old->call->arg_count);
    for (uint32_t i = 0; i < old->call->arg_count; i++)
        step.args[i] = copy_arg(a, old->args[i]);
    if (old->result != NULL)
        step.result = copy_arg(a, old->result);
    return step;
}

static bool double_some(struct syz_prog *p, struct rng *r)
{
    uint32_t asyncs = 0;

    for (uint32_t i = 0; i < p->count && p->count < SYZ_CALLS_MAX && asyncs < ASYNC_MAX; i++) {
        if (!rng_chance(r, 1, 3))
            continue;
        struct syz_step twin = copy_step(p->arena, &p->steps[i]);
        twin.props = (struct syz_props){.is_async = true};
        syz_prog_insert(p, i, twin); /* before it: the call itself is waited for */
        asyncs++;
        i++;
    }
    return asyncs != 0;
}

/* ---- some calls not waited for ---- */

struct waiting {
    const struct syz_arg *wanted[SYZ_RESULTS_MAX]; /* before the next call that is waited for */
    uint32_t count;
    bool is_full, hit;
};

static bool note_wanted(void *ctx, const struct syz_visit *v)
{
    struct waiting *w = ctx;

    if (v->arg->kind != SYZ_ARG_RESULT || v->arg->result.from == NULL)
        return true;
    w->is_full = w->count == SYZ_RESULTS_MAX;
    if (!w->is_full)
        w->wanted[w->count++] = v->arg->result.from;
    return true;
}

static bool is_wanted(void *ctx, const struct syz_visit *v)
{
    struct waiting *w = ctx;

    for (uint32_t i = 0; i < w->count && !w->hit && v->arg->kind == SYZ_ARG_RESULT; i++)
        w->hit = w->wanted[i] == v->arg;
    return !w->hit;
}

static void choose_async(struct syz_prog *p, struct rng *r)
{
    struct waiting w = {.count = 0};
    uint32_t asyncs = 0;

    for (uint32_t i = p->count; i-- > 0;) {
        struct syz_step *step = &p->steps[i];
        w.hit = w.is_full;
        step_each(step, is_wanted, &w);
        step->props.is_async =
            i + 1 != p->count && !w.hit && asyncs < ASYNC_MAX && rng_chance(r, 2, 3);
        asyncs += step->props.is_async;
        if (!step->props.is_async)
            w.count = w.is_full = 0;
        step_each(step, note_wanted, &w);
    }
}

static void choose_rerun(struct syz_prog *p, struct rng *r)
{
    for (uint32_t i = 0; i + 1 < p->count; i++)
        if (p->steps[i].props.is_async && rng_chance(r, 1, 4)) {
            uint32_t times = rng_chance(r, 1, 2) ? RERUN_FEW : RERUN_MANY;
            p->steps[i].props.rerun = p->steps[i + 1].props.rerun = times;
            i++;
        }
}

void syz_collide(struct syz_prog *p, struct rng *r)
{
    if ((rng_chance(r, 1, 5) && append_itself(p)) || (rng_chance(r, 1, 4) && double_some(p, r))) {
        make_limit(p, SYZ_CALLS_MAX);
        if (p->count != 0)
            p->steps[p->count - 1].props.is_async = false;
        return;
    }
    choose_async(p, r);
    if (rng_chance(r, 1, 2))
        choose_rerun(p, r);
}
