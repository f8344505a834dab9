/* condition: fields and options that are there only when others have certain values.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

enum { PATCH_ROUNDS_MAX = 8 }; /* one condition may look at what another has brought in */

/* A number and the bits of it that mean something. */
struct operand {
    uint64_t value, mask;
    bool is_known; /* false: the field is not there */
};

static struct operand value_of(const struct path_frame *frame, const struct syz_path *path)
{
    struct path_target target;
    struct operand o = {0};

    if (!path_follow(frame, path, &target))
        return o;
    const struct syz_arg *arg = arg_inside(target.arg);
    if (arg == NULL || (arg->kind != SYZ_ARG_CONST && arg->kind != SYZ_ARG_RESULT))
        return o;
    const struct syz_scalar *s = &arg->type->scalar;
    unsigned bits = s->bits != 0 ? s->bits : 8u * s->base_bytes;
    o.mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    o.value = (arg->kind == SYZ_ARG_CONST ? arg->value : arg->result.value) & o.mask;
    o.is_known = true;
    return o;
}

static struct operand evaluate(const struct path_frame *frame, const struct syz_expr *e)
{
    if (e->op == SYZ_EXPR_INT)
        return (struct operand){e->value, UINT64_MAX, true};
    if (e->op == SYZ_EXPR_VALUE)
        return value_of(frame, &e->path);
    struct operand a = evaluate(frame, e->left), b = evaluate(frame, e->right);
    struct operand o = {.mask = UINT64_MAX, .is_known = a.is_known && b.is_known};
    uint64_t mask = a.mask & b.mask;
    switch (e->op) {
    case SYZ_EXPR_OR:
        o.is_known = a.is_known || b.is_known;
        o.value = (a.is_known && a.value != 0) || (b.is_known && b.value != 0);
        break;
    case SYZ_EXPR_EQ: o.value = ((a.value ^ b.value) & mask) == 0; break;
    case SYZ_EXPR_NE: o.value = ((a.value ^ b.value) & mask) != 0; break;
    case SYZ_EXPR_AND: o.value = a.value & b.value; break;
    default: break;
    }
    return o;
}

bool condition_holds(const struct path_frame *frame, const struct syz_expr *e)
{
    if (e == NULL)
        return true;
    struct operand o = evaluate(frame, e);
    return o.is_known && o.value != 0;
}

struct patch {
    struct syz_prog *p;
    struct rng *rng; /* NULL: the first option that may be */
    bool changed;
};

static void choose(struct patch *patch, struct syz_arg *u, uint32_t option)
{
    if (u->choice.option == option)
        return;
    syz_prog_forget(patch->p, u->choice.value);
    u->choice.option = option;
    u->choice.value = syz_arg_default(patch->p->arena, u->type->group.fields[option].type,
                                      field_dir(u->type, option, u->dir));
    patch->changed = true;
}

static void patch_union(struct patch *patch, const struct path_frame *frame, struct syz_arg *u)
{
    const struct path_frame inside = frame_inside(frame, u);
    const struct syz_type *t = u->type;
    uint32_t may = 0, chosen = t->group.count - 1;

    if (condition_holds(&inside, t->group.fields[u->choice.option].condition))
        return;
    for (uint32_t i = 0; i < t->group.count; i++) {
        if (!condition_holds(&inside, t->group.fields[i].condition))
            continue;
        may++;
        if (may == 1 || (patch->rng != NULL && rng_below(patch->rng, may) == 0))
            chosen = i;
    }
    choose(patch, u, chosen);
}

static void patch_arg(void *ctx, const struct path_frame *frame, const struct syz_field *field,
                      struct syz_arg **place)
{
    struct syz_arg *arg = *place;

    if (arg->kind != SYZ_ARG_UNION)
        return;
    if (!is_hidden_union(arg->type))
        patch_union(ctx, frame, arg);
    else if (field != NULL && field->condition != NULL)
        choose(ctx, arg,
               arg->type->group.count == 2 && condition_holds(frame, field->condition)
                   ? 0
                   : arg->type->group.count - 1);
}

void syz_step_patch_conditions(struct syz_prog *p, struct syz_step *step, struct rng *r)
{
    struct patch patch = {.p = p, .rng = r, .changed = true};

    for (uint32_t i = 0; i < PATCH_ROUNDS_MAX && patch.changed; i++) {
        patch.changed = false;
        frames_visit(step, patch_arg, &patch);
    }
}
