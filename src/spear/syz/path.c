/* path: following field:field:field from where it stands. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

static struct path_frame frame_of_step(const struct syz_step *step)
{
    return (struct path_frame){
        .fields = step->call->args, .items = step->args, .count = step->call->arg_count};
}

struct path_frame frame_inside(const struct path_frame *up, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    struct path_frame f = {.up = up, .group = arg, .type = t};

    if (t->kind == SYZ_UNION) {
        f.fields = &t->group.fields[arg->choice.option];
        f.items = &arg->choice.value;
        f.count = 1;
    } else {
        f.fields = t->group.fields;
        f.items = arg->group.items;
        f.count = arg->group.count;
    }
    return f;
}

struct syz_arg *arg_inside(struct syz_arg *arg)
{
    while (arg != NULL) {
        if (arg->type->kind == SYZ_PTR)
            arg = arg->pointer.to;
        else if (!is_hidden_union(arg->type))
            break;
        else if (arg->choice.value->type->kind == SYZ_VOID)
            return NULL;
        else
            arg = arg->choice.value;
    }
    return arg;
}

/* Whether the frame has a field of this name; out->arg is NULL when it is an option not chosen. */
static bool find_field(const struct path_frame *f, struct str name, struct path_target *out)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (str_equal(f->fields[i].name, name)) {
            *out = (struct path_target){f->items[i], &f->fields[i], f->group, i};
            return true;
        }
    if (f->type == NULL || f->type->kind != SYZ_UNION)
        return false;
    for (uint32_t i = 0; i < f->type->group.count; i++)
        if (str_equal(f->type->group.fields[i].name, name)) {
            *out = (struct path_target){NULL, &f->type->group.fields[i], f->group, i};
            return true;
        }
    return false;
}

static bool follow(struct path_frame at, const struct syz_path *path, uint32_t i,
                   struct path_target *out)
{
    *out = (struct path_target){.arg = at.group};
    for (; i < path->count; i++) {
        if (!find_field(&at, path->parts[i], out))
            return false;
        struct syz_arg *inside = arg_inside(out->arg);
        if (i + 1 == path->count)
            break;
        if (inside == NULL ||
            (inside->type->kind != SYZ_STRUCT && inside->type->kind != SYZ_UNION)) {
            *out = (struct path_target){0};
            return false;
        }
        at = frame_inside(NULL, inside);
    }
    return out->arg != NULL;
}

bool path_follow(const struct path_frame *from, const struct syz_path *path,
                 struct path_target *out)
{
    const struct str first = path->parts[0];
    const struct path_frame *f = from;

    *out = (struct path_target){0};
    if (str_equal(first, STR("syscall"))) {
        while (f->up != NULL)
            f = f->up;
        return follow(*f, path, 1, out);
    }
    if (str_equal(first, STR("parent"))) {
        uint32_t i = 1;
        for (; i < path->count && str_equal(path->parts[i], STR("parent")); i++) {
            if (f->up == NULL)
                return false;
            f = f->up;
        }
        return follow(*f, path, i, out);
    }
    if (find_field(f, first, out))
        return follow(*f, path, 0, out);
    for (; f != NULL; f = f->up)
        if (f->type != NULL && str_equal(f->type->group.base, first))
            return follow(*f, path, 1, out);
    return false;
}

/* ---- every argument with its frame ---- */

struct frames_walk {
    void (*visit)(void *ctx, const struct path_frame *frame, const struct syz_field *field,
                  struct syz_arg **place);
    void *ctx;
};

static void visit_in_frame(const struct frames_walk *w, const struct path_frame *frame,
                           const struct syz_field *field, struct syz_arg **place);

static void visit_items(const struct frames_walk *w, const struct path_frame *frame)
{
    for (uint32_t i = 0; i < frame->count; i++)
        visit_in_frame(w, frame, &frame->fields[i], &frame->items[i]);
}

static void visit_in_frame(const struct frames_walk *w, const struct path_frame *frame,
                           const struct syz_field *field, struct syz_arg **place)
{
    w->visit(w->ctx, frame, field, place);
    struct syz_arg *arg = *place;
    if (arg->kind == SYZ_ARG_POINTER && arg->pointer.to != NULL) {
        visit_in_frame(w, frame, NULL, &arg->pointer.to);
    } else if (arg->type->kind == SYZ_ARRAY) {
        for (uint32_t i = 0; i < arg->group.count; i++)
            visit_in_frame(w, frame, NULL, &arg->group.items[i]);
    } else if (is_hidden_union(arg->type)) {
        visit_in_frame(w, frame, &arg->type->group.fields[arg->choice.option], &arg->choice.value);
    } else if (arg->type->kind == SYZ_STRUCT || arg->type->kind == SYZ_UNION) {
        const struct path_frame inside = frame_inside(frame, arg);
        visit_items(w, &inside);
    }
}

void frames_visit(struct syz_step *step,
                  void (*visit)(void *ctx, const struct path_frame *frame,
                                const struct syz_field *field, struct syz_arg **place),
                  void *ctx)
{
    const struct frames_walk w = {visit, ctx};
    const struct path_frame frame = frame_of_step(step);

    visit_items(&w, &frame);
}
