/* make_resource: where a resource comes from: a call before, a call made for it, the beginning of a
 * program that has one, or a special value. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

enum { CONSTRUCTOR_TRIES = 4, CHOICE_TRIES = 16 };

/* syz_resource_is_a(), quick where most are not: this is asked of every result for every use. */
static inline bool serves(const struct syz_resource *have, const struct syz_resource *want)
{
    return have == want || (have->depth > want->depth && syz_resource_is_a(have, want));
}

/* A result of at least the kind asked for among those from first on; later ones are as likely as
 * early ones. */
static struct syz_arg *existing(struct syz_maker *m, const struct syz_resource *want,
                                uint32_t first)
{
    const bool any_kind = rng_chance(m->rng, 1, 1000);
    uint32_t fitting = 0;

    for (uint32_t i = first; i < m->result_count; i++)
        fitting += any_kind || serves(m->results[i].kind, want);
    if (fitting == 0)
        return NULL;
    uint32_t skip = (uint32_t)rng_below(m->rng, fitting), i = first;
    for (;; i++)
        if ((any_kind || serves(m->results[i].kind, want)) && skip-- == 0)
            return m->results[i].arg;
}

static bool makes_exactly(const struct syz_call *call, const struct syz_resource *want)
{
    for (uint32_t i = 0; i < call->output_count; i++)
        if (call->outputs[i] == want)
            return true;
    return false;
}

/* One that makes just this kind is twice as likely as any other. */
static const struct syz_call *constructor(struct syz_maker *m, const struct syz_resource *want)
{
    bool exact = rng_chance(m->rng, 2, 3);

    if (rng_chance(m->rng, 1, 1000) && m->target->resource_count != 0)
        want = m->target->resources[rng_below(m->rng, m->target->resource_count)];
    for (uint32_t i = 0; i < CHOICE_TRIES && want->constructor_count != 0; i++) {
        uint32_t id = want->constructors[rng_below(m->rng, want->constructor_count)];
        const struct syz_call *call = &m->target->calls[id];
        if (syz_choice_is_enabled(m->how->choice, call) &&
            (!exact || i * 2 >= CHOICE_TRIES || makes_exactly(call, want)))
            return call;
    }
    return NULL;
}

static struct syz_arg *construct(struct syz_maker *m, const struct syz_resource *want)
{
    struct syz_arg *found = NULL;

    for (uint32_t i = 0; i < CONSTRUCTOR_TRIES && found == NULL && make_may_add_calls(m); i++) {
        const struct syz_call *call = constructor(m, want);
        if (call == NULL)
            return NULL;
        uint32_t first = m->result_count;
        m->resource_nest++;
        make_call(m, call);
        m->resource_nest--;
        found = existing(m, want, first);
    }
    return found;
}

/* ---- borrowing ---- */

struct find {
    const struct syz_resource *want;
    struct rng *rng;
    struct syz_arg *found;
    uint32_t step, found_step, seen;
};

static bool find_maker(void *ctx, const struct syz_visit *v)
{
    struct find *f = ctx;

    if (v->arg->kind == SYZ_ARG_RESULT && v->arg->dir != SYZ_IN &&
        serves(v->arg->type->resource, f->want) && rng_below(f->rng, ++f->seen) == 0) {
        f->found = v->arg;
        f->found_step = f->step;
    }
    return true;
}

/* Copies the calls of a corpus program that lead to the resource, and no others. */
static struct syz_arg *borrow(struct syz_maker *m, const struct syz_resource *want)
{
    const struct syz_prog *from =
        m->how->corpus == NULL ? NULL : m->how->corpus(m->how->corpus_ctx, m->rng);
    bool needed[SYZ_CALLS_MAX];
    uint32_t count = 0;

    if (from == NULL || from->count > SYZ_CALLS_MAX)
        return NULL;
    struct syz_prog *copy = syz_prog_clone(m->a, from);
    struct find f = {.want = want, .rng = m->rng};
    for (; f.step < copy->count; f.step++)
        step_each(&copy->steps[f.step], find_maker, &f);
    if (f.found == NULL)
        return NULL;
    syz_prog_truncate(copy, f.found_step + 1);
    prog_needed(copy, f.found_step, needed);
    for (uint32_t i = 0; i < copy->count; i++)
        count += needed[i];
    if (m->p->count + m->resource_nest + 1 + count > SYZ_CALLS_MAX)
        return NULL;
    for (uint32_t i = copy->count; i-- > 0;)
        if (!needed[i])
            syz_prog_remove(copy, i);
    for (uint32_t i = 0; i < copy->count; i++)
        make_emit(m, copy->steps[i]);
    return f.found;
}

/* ---- */

static struct syz_arg *find_or_make(struct syz_maker *m, const struct syz_resource *want)
{
    const bool nested = m->resource_nest != 0;
    struct syz_arg *found = NULL;

    if (rng_chance(m->rng, nested ? 95 : 80, 100))
        found = existing(m, want, 0);
    if (found != NULL || m->resource_nest >= MAKE_RESOURCE_NEST_MAX)
        return found;
    if (!nested && rng_chance(m->rng, 1, 4))
        found = borrow(m, want);
    if (found == NULL && rng_chance(m->rng, 4, 5))
        found = construct(m, want);
    if (found == NULL && rng_chance(m->rng, 9, 10))
        found = existing(m, want, 0);
    return found;
}

struct syz_arg *make_resource(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    const struct syz_resource *want = type->resource;
    struct syz_arg *arg = arg_new(m->a, type, dir);

    result_reset(arg);
    arg->result.from = find_or_make(m, want);
    if (arg->result.from == NULL && want->value_count != 0)
        arg->result.value = want->values[rng_below(m->rng, want->value_count)];
    return arg;
}
