/* prog_needed: which calls have to do with each other: through results, and through names of files.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum { NAMES_MAX = 200 };

/* What the calls marked so far hold. */
struct links {
    const struct syz_arg *used[SYZ_RESULTS_MAX], *made[SYZ_RESULTS_MAX];
    struct str names[NAMES_MAX];
    uint32_t used_count, made_count, name_count;
    bool hit;
};

static bool is_among(const struct syz_arg *const *list, uint32_t count, const struct syz_arg *arg)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == arg)
            return true;
    return false;
}

static struct str name_of(const struct syz_arg *arg)
{
    struct str name = {0};

    if (arg->kind == SYZ_ARG_DATA && arg->data.bytes != NULL && arg->type->kind == SYZ_BUFFER &&
        arg->type->buffer.kind == SYZ_FILENAME)
        name = (struct str){(const char *)arg->data.bytes, arg->data.size};
    while (name.size != 0 && name.text[name.size - 1] == 0)
        name.size--;
    return name;
}

static bool note(void *ctx, const struct syz_visit *v)
{
    struct links *l = ctx;
    const struct syz_arg *arg = v->arg;
    struct str name = name_of(arg);

    if (arg->kind == SYZ_ARG_RESULT && arg->result.from != NULL && l->used_count < SYZ_RESULTS_MAX)
        l->used[l->used_count++] = arg->result.from;
    if (arg->kind == SYZ_ARG_RESULT && arg->dir != SYZ_IN && l->made_count < SYZ_RESULTS_MAX)
        l->made[l->made_count++] = arg;
    if (name.size != 0 && l->name_count < NAMES_MAX)
        l->names[l->name_count++] = name;
    return true;
}

static bool look_for_used(void *ctx, const struct syz_visit *v)
{
    struct links *l = ctx;

    if (v->arg->kind == SYZ_ARG_RESULT)
        l->hit = l->hit || is_among(l->used, l->used_count, v->arg);
    return !l->hit;
}

static bool look_for_any(void *ctx, const struct syz_visit *v)
{
    struct links *l = ctx;
    struct str name = name_of(v->arg);

    look_for_used(ctx, v);
    if (v->arg->kind == SYZ_ARG_RESULT && v->arg->result.from != NULL)
        l->hit = l->hit || is_among(l->made, l->made_count, v->arg->result.from) ||
                 is_among(l->used, l->used_count, v->arg->result.from);
    for (uint32_t i = 0; i < l->name_count && name.size != 0 && !l->hit; i++)
        l->hit = str_equal(l->names[i], name);
    return !l->hit;
}

static bool hits(struct syz_prog *p, uint32_t step, syz_visit_fn *look, struct links *l)
{
    l->hit = false;
    step_each(&p->steps[step], look, l);
    return l->hit;
}

void prog_needed(struct syz_prog *p, uint32_t step, bool needed[SYZ_CALLS_MAX])
{
    struct links l = {.used_count = 0};

    memset(needed, 0, SYZ_CALLS_MAX * sizeof(*needed));
    needed[step] = true;
    step_each(&p->steps[step], note, &l);
    for (uint32_t i = step; i-- > 0;) { /* results are used after they are made */
        needed[i] = hits(p, i, look_for_used, &l);
        if (needed[i])
            step_each(&p->steps[i], note, &l);
    }
}

void prog_related(struct syz_prog *p, uint32_t step, bool related[SYZ_CALLS_MAX])
{
    struct links l = {.used_count = 0};

    memset(related, 0, SYZ_CALLS_MAX * sizeof(*related));
    related[step] = true;
    step_each(&p->steps[step], note, &l);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < p->count; i++)
            if (!related[i] && hits(p, i, look_for_any, &l)) {
                related[i] = changed = true;
                step_each(&p->steps[i], note, &l);
            }
    }
}
