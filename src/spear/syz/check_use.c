/* check_use: a resource that no call makes can never be passed, and one that no call takes is made
 * for nothing: either is a slip of its author. All calls count, those too that are disabled or for
 * other machines: what is off here may be on there. So this looks at types as they are written,
 * before options without constants are dropped.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

enum { DIRS = 3 };

struct use {
    struct compiler *c;
    bool *seen;        /* per type and direction */
    bool *made, *used; /* per resource */
};

/* Depth: each type once per direction, so as deep as the types are. */
static void walk(struct use *u, const struct syz_type *t, enum syz_dir dir)
{
    bool *seen = &u->seen[t->id * DIRS + dir];

    if (*seen)
        return;
    *seen = true;
    switch (t->kind) {
    case SYZ_RESOURCE:
        u->made[t->resource->id] = u->made[t->resource->id] || dir != SYZ_IN;
        u->used[t->resource->id] = u->used[t->resource->id] || dir != SYZ_OUT;
        break;
    case SYZ_PTR: walk(u, t->ptr.to, t->ptr.dir); break;
    case SYZ_ARRAY: walk(u, t->array.of, dir); break;
    case SYZ_STRUCT:
    case SYZ_UNION:
        for (uint32_t i = 0; i < t->group.count; i++) {
            const struct syz_field *f = &t->group.fields[i];
            walk(u, f->type, f->has_dir ? f->dir : dir);
        }
        break;
    default: break;
    }
}

/* A child serves for its parents, both made and taken. */
static void spread(const struct compiler *c, bool *marks)
{
    for (uint32_t i = 0; i < c->resource_count; i++)
        for (const struct syz_resource *r = c->resources[i]; marks[i] && r != NULL; r = r->parent)
            marks[r->id] = true;
}

void comp_check_use(struct compiler *c)
{
    struct use u = {c, arena_new(c->a, bool, (size_t)c->type_count *DIRS),
                    arena_new(c->a, bool, c->resource_count),
                    arena_new(c->a, bool, c->resource_count)};

    for (uint32_t i = 0; i < c->target->call_count; i++) {
        const struct syz_call *call = &c->target->calls[i];
        if (call->result != NULL)
            walk(&u, call->result, SYZ_OUT);
        for (uint32_t k = 0; k < call->arg_count; k++)
            walk(&u, call->args[k].type, call->args[k].has_dir ? call->args[k].dir : SYZ_IN);
    }
    spread(c, u.made);
    spread(c, u.used);
    for (uint32_t i = 0; i < c->resource_count; i++) {
        const struct syz_resource *r = c->resources[i];
        if (!u.made[i])
            syz_error(c->errors, r->pos,
                      "expected a call that makes %.*s (as its result, or behind a pointer that is "
                      "out), found none: describe one, or use %.*s instead",
                      STR_ARG(r->name), r->parent != NULL ? (int)r->parent->name.size : 9,
                      r->parent != NULL ? r->parent->name.text : "a number");
        else if (!u.used[i])
            syz_error(
                c->errors, r->pos,
                "expected a call that takes %.*s, found none: describe one, or have %.*s made "
                "instead",
                STR_ARG(r->name), r->parent != NULL ? (int)r->parent->name.size : 7,
                r->parent != NULL ? r->parent->name.text : "nothing");
    }
}
