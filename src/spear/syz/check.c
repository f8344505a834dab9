/* check: that every path of a len, csum or condition leads to a field. A path may name a type
 * around its own, so structs are looked at once per way that leads to them from a call, unless all
 * their paths stay inside. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

enum { CHECK_DEPTH_MAX = 256 };

struct checker {
    struct compiler *c;
    const struct syz_call *call;
    const struct syz_type *around[CHECK_DEPTH_MAX]; /* structs and unions, innermost last */
    uint32_t depth;
    bool *leaves;   /* per type: a path in it or below may leave it */
    uint32_t *seen; /* per type: the last call, + 1, that it was looked at from */
};

static const struct syz_field *field_in(const struct syz_field *fields, uint32_t count,
                                        struct str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(fields[i].name, name))
            return &fields[i];
    return NULL;
}

/* Through pointers, and through the union that hides a conditional field. */
static const struct syz_type *inside(const struct syz_type *t)
{
    for (;;) {
        if (t->kind == SYZ_PTR)
            t = t->ptr.to;
        else if (t->kind == SYZ_UNION && t->group.base.size == 0)
            t = t->group.fields[0].type;
        else
            return t;
    }
}

static bool is_up(struct str part)
{
    return str_equal(part, STR("parent")) || str_equal(part, STR("syscall"));
}

/* Follows what is left of a path from a struct, or from the call's arguments when at is NULL. */
static bool follow(const struct checker *k, const struct syz_type *at, const struct syz_path *path,
                   uint32_t i, bool *conditional)
{
    for (; i < path->count; i++) {
        if (at != NULL && at->kind != SYZ_STRUCT && at->kind != SYZ_UNION)
            return false;
        const struct syz_field *f =
            at == NULL ? field_in(k->call->args, k->call->arg_count, path->parts[i])
                       : field_in(at->group.fields, at->group.count, path->parts[i]);
        if (f == NULL)
            return false;
        *conditional = f->condition != NULL;
        at = inside(f->type);
    }
    return true;
}

static bool resolves(const struct checker *k, const struct syz_path *path, bool *conditional)
{
    uint32_t level = k->depth;
    uint32_t i = 0;

    *conditional = false;
    if (str_equal(path->parts[0], STR("syscall")))
        return follow(k, NULL, path, 1, conditional);
    if (str_equal(path->parts[0], STR("parent"))) {
        for (i = 1; i < path->count && is_up(path->parts[i]); i++) {
            if (level == 0)
                return false;
            level--;
        }
        return follow(k, level == 0 ? NULL : k->around[level - 1], path, i, conditional);
    }
    const struct syz_type *here = level == 0 ? NULL : k->around[level - 1];
    if (follow(k, here, &(struct syz_path){path->parts, 1}, 0, conditional))
        return follow(k, here, path, 0, conditional);
    while (level-- > 0)
        if (str_equal(k->around[level]->group.base, path->parts[0]))
            return follow(k, k->around[level], path, 1, conditional);
    return false;
}

static void check_path(struct checker *k, const struct syz_path *path, struct syz_pos pos,
                       bool in_condition)
{
    bool conditional = false;
    struct buf text;

    if (resolves(k, path, &conditional) && !(in_condition && conditional))
        return;
    buf_init(&text, k->c->a);
    for (uint32_t i = 0; i < path->count; i++)
        buf_printf(&text, "%s%.*s", i == 0 ? "" : ":", STR_ARG(path->parts[i]));
    syz_error(k->c->errors, pos, "expected %s, found %.*s (reached from %.*s)",
              in_condition && conditional ? "a field that is always there" : "the path of a field",
              (int)text.size, (const char *)text.data, STR_ARG(k->call->name));
}

static void check_condition(struct checker *k, const struct syz_expr *e, struct syz_pos pos)
{
    if (e->op == SYZ_EXPR_VALUE) {
        check_path(k, &e->path, pos, true);
    } else if (e->op != SYZ_EXPR_INT) {
        check_condition(k, e->left, pos);
        check_condition(k, e->right, pos);
    }
}

static void check_type(struct checker *k, const struct syz_type *t, struct syz_pos pos);

static void check_group(struct checker *k, const struct syz_type *t)
{
    bool hidden = t->group.base.size == 0;

    if (k->seen[t->id] == k->call->id + 1 || (k->seen[t->id] != 0 && !k->leaves[t->id]))
        return;
    k->seen[t->id] = k->call->id + 1;
    if (k->depth >= CHECK_DEPTH_MAX) {
        syz_error(k->c->errors, t->pos,
                  "expected at most %d structs on the way from %.*s, found "
                  "more",
                  CHECK_DEPTH_MAX, STR_ARG(k->call->name));
        return;
    }
    if (!hidden)
        k->around[k->depth++] = t;
    for (uint32_t i = 0; i < t->group.count; i++) {
        const struct syz_field *f = &t->group.fields[i];
        if (f->condition != NULL)
            check_condition(k, f->condition, f->pos);
        check_type(k, f->type, f->pos);
    }
    k->depth -= !hidden;
}

static void check_type(struct checker *k, const struct syz_type *t, struct syz_pos pos)
{
    while (t->kind == SYZ_PTR || t->kind == SYZ_ARRAY)
        t = t->kind == SYZ_PTR ? t->ptr.to : t->array.of;
    if (t->kind == SYZ_LEN)
        check_path(k, &t->len.path, pos, false);
    else if (t->kind == SYZ_CSUM)
        check_path(k, &t->csum.path, pos, false);
    else if (t->kind == SYZ_STRUCT || t->kind == SYZ_UNION)
        check_group(k, t);
}

/* ---- which structs have paths that leave them ---- */

static bool path_leaves(const struct syz_type *group, const struct syz_path *path)
{
    if (str_equal(path->parts[0], STR("parent")))
        return path->count > 1 && is_up(path->parts[1]);
    return field_in(group->group.fields, group->group.count, path->parts[0]) == NULL;
}

static bool condition_leaves(const struct syz_type *group, const struct syz_expr *e)
{
    if (e == NULL || e->op == SYZ_EXPR_INT)
        return false;
    if (e->op == SYZ_EXPR_VALUE)
        return path_leaves(group, &e->path);
    return condition_leaves(group, e->left) || condition_leaves(group, e->right);
}

static bool group_leaves(const struct checker *k, const struct syz_type *group)
{
    for (uint32_t i = 0; i < group->group.count; i++) {
        const struct syz_type *t = group->group.fields[i].type;
        if (condition_leaves(group, group->group.fields[i].condition))
            return true;
        while (t->kind == SYZ_PTR || t->kind == SYZ_ARRAY)
            t = t->kind == SYZ_PTR ? t->ptr.to : t->array.of;
        if ((t->kind == SYZ_LEN && path_leaves(group, &t->len.path)) ||
            (t->kind == SYZ_CSUM && path_leaves(group, &t->csum.path)) || k->leaves[t->id])
            return true;
    }
    return false;
}

void comp_check_paths(struct compiler *c)
{
    struct checker *k = arena_new(c->a, struct checker, 1);

    k->c = c;
    k->leaves = arena_new(c->a, bool, c->type_count);
    k->seen = arena_new(c->a, uint32_t, c->type_count);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = c->type_count; i-- > 0;) {
            const struct syz_type *t = c->types[i];
            if (!k->leaves[i] && (t->kind == SYZ_STRUCT || t->kind == SYZ_UNION) &&
                group_leaves(k, t))
                k->leaves[i] = changed = true;
        }
    }
    for (uint32_t i = 0; i < c->target->call_count; i++) {
        k->call = &c->target->calls[i];
        k->depth = 0;
        for (uint32_t j = 0; j < k->call->arg_count; j++)
            check_type(k, k->call->args[j].type, k->call->args[j].pos);
    }
}
