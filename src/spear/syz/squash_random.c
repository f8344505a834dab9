/* squash_random: one pointer of a program, squashed. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/mutate.h"
#include "spear/syz/prog_int.h"
#include "spear/syz/squash.h"

struct candidates {
    const struct syz_prog *p;
    struct syz_step *step;
    struct rng *rng;
    struct syz_arg *chosen;
    uint32_t count;
};

static bool consider(void *ctx, const struct syz_visit *v)
{
    struct candidates *c = ctx;

    if (v->arg->kind == SYZ_ARG_POINTER && syz_can_squash(c->p, c->step, v->arg) &&
        rng_below(c->rng, ++c->count) == 0)
        c->chosen = v->arg;
    return true;
}

bool syz_squash_random(struct syz_prog *p, struct rng *r)
{
    struct candidates c = {.p = p, .rng = r};

    for (uint32_t i = 0; i < p->count; i++) {
        c.step = &p->steps[i];
        step_each(c.step, consider, &c);
    }
    if (c.chosen == NULL)
        return false;
    syz_squash(p, c.chosen);
    return true;
}

static bool is_any_union(void *ctx, const struct syz_visit *v)
{
    const struct syz_type *t = v->arg->type;

    *(bool *)ctx = t->kind == SYZ_UNION && str_equal(t->group.base, STR("ANYUNION"));
    return !*(bool *)ctx;
}

bool syz_step_has_any(const struct syz_step *step)
{
    bool found = false;
    struct syz_step copy = *step;

    step_each(&copy, is_any_union, &found);
    return found;
}
