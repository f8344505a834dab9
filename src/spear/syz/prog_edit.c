/* prog_edit: copying and changing programs, and walking through them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

#include <string.h>

struct syz_prog *syz_prog_new(struct arena *a, const struct syz_target *t)
{
    struct syz_prog *p = arena_new(a, struct syz_prog, 1);

    p->target = t;
    p->arena = a;
    return p;
}

/* ---- walking ---- */

struct walk {
    syz_visit_fn *visit;
    void *ctx;
};

static bool walk_arg(const struct walk *w, struct syz_visit v);

static bool walk_items(const struct walk *w, const struct syz_visit *up, struct syz_arg *group)
{
    const struct syz_type *t = group->type;
    struct field_cursor at = {0};
    struct syz_visit v = {.parent = group, .base = up->base, .offset = up->offset};

    for (uint32_t i = 0; i < group->group.count; i++) {
        v.place = &group->group.items[i];
        if (t->kind == SYZ_STRUCT) {
            v.field = &t->group.fields[i];
            v.offset = up->offset + field_place(&at, t, i, *v.place);
        }
        if (!walk_arg(w, v))
            return false;
        if (t->kind == SYZ_ARRAY)
            v.offset += syz_arg_bytes(group->group.items[i]);
    }
    return true;
}

/* v has everything but arg, which visiting may replace. */
static bool walk_arg(const struct walk *w, struct syz_visit v)
{
    v.arg = *v.place;
    if (!w->visit(w->ctx, &v))
        return false;
    struct syz_arg *arg = *v.place;
    switch (arg->kind) {
    case SYZ_ARG_POINTER:
        return arg->pointer.to == NULL ||
               walk_arg(w,
                        (struct syz_visit){.place = &arg->pointer.to, .parent = arg, .base = arg});
    case SYZ_ARG_GROUP: return walk_items(w, &v, arg);
    case SYZ_ARG_UNION:
        v.place = &arg->choice.value;
        v.field = &arg->type->group.fields[arg->choice.option];
        v.parent = arg;
        return walk_arg(w, v);
    default: return true;
    }
}

bool syz_arg_visit(struct syz_arg **place, syz_visit_fn *visit, void *ctx)
{
    const struct walk w = {visit, ctx};

    return walk_arg(&w, (struct syz_visit){.place = place});
}

bool syz_step_visit(struct syz_step *step, syz_visit_fn *visit, void *ctx)
{
    const struct walk w = {visit, ctx};

    for (uint32_t i = 0; i < step->call->arg_count; i++)
        if (!walk_arg(&w,
                      (struct syz_visit){.place = &step->args[i], .field = &step->call->args[i]}))
            return false;
    return step->result == NULL || walk_arg(&w, (struct syz_visit){.place = &step->result});
}

/* Without offsets: mutation does little else than this. */
static bool each_arg(const struct walk *w, struct syz_arg **place, const struct syz_field *field,
                     struct syz_arg *parent, struct syz_arg *base)
{
    const struct syz_visit v = {*place, place, field, parent, base, 0};

    if (!w->visit(w->ctx, &v))
        return false;
    struct syz_arg *arg = *place;
    switch (arg->kind) {
    case SYZ_ARG_POINTER:
        return arg->pointer.to == NULL || each_arg(w, &arg->pointer.to, NULL, arg, arg);
    case SYZ_ARG_UNION:
        return each_arg(w, &arg->choice.value, &arg->type->group.fields[arg->choice.option], arg,
                        base);
    case SYZ_ARG_GROUP: {
        const struct syz_field *f = arg->type->kind == SYZ_STRUCT ? arg->type->group.fields : NULL;
        for (uint32_t i = 0; i < arg->group.count; i++)
            if (!each_arg(w, &arg->group.items[i], f == NULL ? NULL : f + i, arg, base))
                return false;
        return true;
    }
    default: return true;
    }
}

bool step_each(struct syz_step *step, syz_visit_fn *visit, void *ctx)
{
    const struct walk w = {visit, ctx};

    for (uint32_t i = 0; i < step->call->arg_count; i++)
        if (!each_arg(&w, &step->args[i], &step->call->args[i], NULL, NULL))
            return false;
    return step->result == NULL || each_arg(&w, &step->result, NULL, NULL, NULL);
}

struct nth {
    uint32_t left;
    struct syz_arg *arg;
};

static bool count_down(void *ctx, const struct syz_visit *v)
{
    struct nth *n = ctx;

    if (n->left-- != 0)
        return true;
    n->arg = v->arg;
    return false;
}

struct syz_arg *step_arg_at(struct syz_step *step, uint32_t n)
{
    struct nth nth = {.left = n};

    step_each(step, count_down, &nth);
    return nth.arg;
}

/* ---- copying ---- */

struct cloner {
    struct arena *arena;
    struct arg_map made;     /* RESULT arguments of the old program that are used, by number */
    struct syz_arg **copies; /* their copies, by the same number */
    struct syz_arg **users;
    uint32_t user_count, user_capacity;
};

static void *copy_bytes(struct arena *a, const void *bytes, size_t size)
{
    void *copy = arena_alloc(a, size, 1);

    if (size != 0)
        memcpy(copy, bytes, size);
    return copy;
}

static struct syz_arg *clone_arg(struct cloner *c, const struct syz_arg *old)
{
    struct syz_arg *arg = copy_bytes(c->arena, old, sizeof(*old));

    switch (arg->kind) {
    case SYZ_ARG_CONST: break;
    case SYZ_ARG_POINTER:
        if (arg->pointer.to != NULL)
            arg->pointer.to = clone_arg(c, arg->pointer.to);
        break;
    case SYZ_ARG_DATA:
        if (arg->data.bytes != NULL)
            arg->data.bytes = copy_bytes(c->arena, arg->data.bytes, arg->data.size);
        break;
    case SYZ_ARG_GROUP:
        arg->group.items = arena_new(c->arena, struct syz_arg *, arg->group.count);
        for (uint32_t i = 0; i < arg->group.count; i++)
            arg->group.items[i] = clone_arg(c, old->group.items[i]);
        break;
    case SYZ_ARG_UNION: arg->choice.value = clone_arg(c, arg->choice.value); break;
    case SYZ_ARG_RESULT: {
        uint32_t number = arg_map_get(&c->made, old);
        if (number != ARG_NONE)
            c->copies[number] = arg;
        if (arg->result.from != NULL)
            ARENA_PUSH(c->arena, c->users, c->user_count, c->user_capacity, arg);
        break;
    }
    }
    return arg;
}

/* Uses of one another get numbers of their own. */
static void number_results(struct cloner *c)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < c->made.capacity; i++)
        if (c->made.keys[i] != NULL)
            c->made.values[i] = next++;
    c->copies = arena_new(c->arena, struct syz_arg *, next);
}

struct syz_prog *syz_prog_clone(struct arena *a, const struct syz_prog *p)
{
    struct syz_prog *copy = syz_prog_new(a, p->target);
    struct cloner c = {.arena = a, .made = {.arena = a}};

    prog_used_results(p, &c.made);
    number_results(&c);
    copy->count = copy->capacity = p->count;
    copy->steps = arena_new(a, struct syz_step, p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        struct syz_step *to = &copy->steps[i];
        const struct syz_step *from = &p->steps[i];
        *to = *from;
        to->args = arena_new(a, struct syz_arg *, from->call->arg_count);
        for (uint32_t k = 0; k < from->call->arg_count; k++)
            to->args[k] = clone_arg(&c, from->args[k]);
        if (from->result != NULL)
            to->result = clone_arg(&c, from->result);
    }
    for (uint32_t i = 0; i < c.user_count; i++) {
        struct syz_arg *user = c.users[i];
        user->result.from = c.copies[arg_map_get(&c.made, user->result.from)];
        if (user->result.from == NULL) /* its maker is not part of the program */
            result_reset(user);
    }
    return copy;
}

/* ---- changing ---- */

void syz_prog_insert(struct syz_prog *p, uint32_t at, struct syz_step step)
{
    ARENA_PUSH(p->arena, p->steps, p->count, p->capacity, step);
    memmove(p->steps + at + 1, p->steps + at, (p->count - 1 - at) * sizeof(step));
    p->steps[at] = step;
}

struct forgetting {
    struct syz_arg **gone;
    uint32_t count, capacity;
    struct arena *arena;
};

static bool note_result(void *ctx, const struct syz_visit *v)
{
    struct forgetting *f = ctx;

    if (v->arg->kind == SYZ_ARG_RESULT)
        ARENA_PUSH(f->arena, f->gone, f->count, f->capacity, v->arg);
    return true;
}

static bool reset_user(void *ctx, const struct syz_visit *v)
{
    const struct forgetting *f = ctx;

    if (v->arg->kind != SYZ_ARG_RESULT || v->arg->result.from == NULL)
        return true;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->gone[i] == v->arg->result.from) {
            result_reset(v->arg);
            break;
        }
    return true;
}

static void reset_users(struct syz_prog *p, struct forgetting *f)
{
    for (uint32_t i = 0; i < p->count && f->count != 0; i++)
        step_each(&p->steps[i], reset_user, f);
}

void syz_prog_forget(struct syz_prog *p, struct syz_arg *old)
{
    struct forgetting f = {.arena = p->arena};

    syz_arg_visit(&old, note_result, &f);
    reset_users(p, &f);
}

void syz_prog_remove(struct syz_prog *p, uint32_t at)
{
    struct forgetting f = {.arena = p->arena};

    step_each(&p->steps[at], note_result, &f);
    p->count--;
    memmove(p->steps + at, p->steps + at + 1, (p->count - at) * sizeof(*p->steps));
    reset_users(p, &f);
}

void syz_prog_truncate(struct syz_prog *p, uint32_t count)
{
    struct forgetting f = {.arena = p->arena};

    if (count >= p->count)
        return;
    for (uint32_t i = count; i < p->count; i++)
        step_each(&p->steps[i], note_result, &f);
    p->count = count;
    reset_users(p, &f);
}
