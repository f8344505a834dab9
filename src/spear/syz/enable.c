/* enable: which calls can run on this machine. First, constants without a value: they make types
 * unusable, from the inside out. Then resources: calls that need none are enabled, then those that
 * need only what these make, until nothing changes any more.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

#include <string.h>

enum { DIRS = 3 };

/* ---- constants ---- */

static struct str missing_in(const struct syz_type *t)
{
    struct str found = t->missing;

    if (t->kind == SYZ_PTR)
        return t->ptr.to->missing;
    if (t->kind == SYZ_ARRAY)
        return t->array.of->missing.size != 0 ? t->array.of->missing : found;
    if (t->kind == SYZ_STRUCT)
        for (uint32_t i = 0; i < t->group.count && found.size == 0; i++)
            found = t->group.fields[i].type->missing;
    if (t->kind == SYZ_UNION && t->group.count != 0) {
        /* Options may go, but the last must stay: conditions fall back to it. */
        const struct syz_field *last = &t->group.fields[t->group.count - 1];
        bool any = last->type->missing.size == 0;
        for (uint32_t i = 0; i < t->group.count && last->condition == NULL; i++)
            any = any || (t->group.fields[i].type->missing.size == 0 &&
                          t->group.fields[i].condition == NULL);
        if (!any)
            found = last->type->missing;
        if (t->group.fields[0].type->missing.size != 0 && t->group.count == 2 &&
            t->group.base.size == 0)
            found = t->group.fields[0].type->missing; /* a hidden union is as its field */
    }
    return found;
}

static void drop_options(struct syz_type *t)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < t->group.count; i++)
        if (t->group.fields[i].type->missing.size == 0)
            t->group.fields[kept++] = t->group.fields[i];
    t->group.count = t->group.overlay = kept;
}

void comp_missing(struct compiler *c)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = c->type_count; i-- > 0;) {
            struct syz_type *t = c->types[i];
            if (t->missing.size == 0 && !(t->kind == SYZ_PTR && t->ptr.to == NULL) &&
                !(t->kind == SYZ_ARRAY && t->array.of == NULL)) {
                t->missing = missing_in(t);
                changed = changed || t->missing.size != 0;
            }
        }
    }
    for (uint32_t i = 0; i < c->type_count; i++)
        if (c->types[i]->kind == SYZ_UNION && c->types[i]->missing.size == 0)
            drop_options(c->types[i]);
    for (uint32_t i = 0; i < c->target->call_count; i++) {
        struct syz_call *call = &c->target->calls[i];
        struct str missing = call->result != NULL ? call->result->missing : (struct str){0};
        for (uint32_t k = 0; k < call->arg_count && missing.size == 0; k++)
            missing = call->args[k].type->missing;
        if (call->why == SYZ_ENABLED && missing.size != 0) {
            call->why = SYZ_OFF_CONST;
            call->missing = missing;
        }
    }
}

/* ---- resources ---- */

struct enabler {
    struct compiler *c;
    bool *leads;    /* per type: a resource can be reached */
    uint32_t *seen; /* per type and direction: the last walk that came by */
    uint32_t walk;
    bool *can;        /* per type and direction: everything it needs can be made */
    bool *makeable;   /* per resource */
    bool *granted;    /* per call: enabled so far */
    uint32_t *listed; /* per resource: the last walk that listed it */
    const struct syz_resource **found;
    uint32_t found_count;
    bool want_outputs;
};

static enum syz_dir dir_of(const struct syz_field *f, enum syz_dir around)
{
    return f->has_dir ? f->dir : around;
}

static bool leads_now(const struct enabler *e, const struct syz_type *t)
{
    switch (t->kind) {
    case SYZ_RESOURCE: return true;
    case SYZ_PTR: return e->leads[t->ptr.to->id];
    case SYZ_ARRAY: return e->leads[t->array.of->id];
    case SYZ_STRUCT:
    case SYZ_UNION:
        for (uint32_t i = 0; i < t->group.count; i++)
            if (e->leads[t->group.fields[i].type->id])
                return true;
        return false;
    default: return false;
    }
}

static void find_leads(struct enabler *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = e->c->type_count; i-- > 0;)
            if (!e->leads[i] && leads_now(e, e->c->types[i]))
                e->leads[i] = changed = true;
    }
}

/* Lists the resources that t takes (or gives, with want_outputs) in this direction. Depth: once
 * per type and direction, so as deep as the types are. */
static void collect(struct enabler *e, const struct syz_type *t, enum syz_dir dir)
{
    uint32_t *seen = &e->seen[t->id * DIRS + dir];

    if (!e->leads[t->id] || *seen == e->walk)
        return;
    *seen = e->walk;
    if (t->kind == SYZ_RESOURCE) {
        bool counts = e->want_outputs ? dir != SYZ_IN : dir != SYZ_OUT;
        if (counts && e->listed[t->resource->id] != e->walk) {
            e->listed[t->resource->id] = e->walk;
            e->found[e->found_count++] = t->resource;
        }
    } else if (t->kind == SYZ_PTR) {
        collect(e, t->ptr.to, t->ptr.dir);
    } else if (t->kind == SYZ_ARRAY) {
        collect(e, t->array.of, dir);
    } else {
        for (uint32_t i = 0; i < t->group.count; i++)
            collect(e, t->group.fields[i].type, dir_of(&t->group.fields[i], dir));
    }
}

static void list_resources(struct enabler *e, struct syz_call *call, bool outputs)
{
    e->walk++;
    e->found_count = 0;
    e->want_outputs = outputs;
    if (call->result != NULL && outputs)
        collect(e, call->result, SYZ_OUT);
    for (uint32_t i = 0; i < call->arg_count; i++)
        collect(e, call->args[i].type, dir_of(&call->args[i], SYZ_IN));
    const struct syz_resource **list =
        arena_new(e->c->a, const struct syz_resource *, e->found_count);
    if (e->found_count != 0)
        memcpy(list, e->found, e->found_count * sizeof(*list));
    *(outputs ? &call->outputs : &call->inputs) = list;
    *(outputs ? &call->output_count : &call->input_count) = e->found_count;
}

/* What stops t in this direction: itself, or the part of it that cannot be made. NULL: nothing. */
static const struct syz_type *stopper(const struct enabler *e, const struct syz_type *t,
                                      enum syz_dir dir, enum syz_dir *inner)
{
    const struct syz_type *last = NULL;

    *inner = dir;
    if (!e->leads[t->id] || t->is_optional)
        return NULL;
    switch (t->kind) {
    case SYZ_RESOURCE: return dir == SYZ_OUT || e->makeable[t->resource->id] ? NULL : t;
    case SYZ_PTR:
        *inner = t->ptr.dir;
        return e->can[t->ptr.to->id * DIRS + *inner] ? NULL : t->ptr.to;
    case SYZ_ARRAY:
        return t->array.min == 0 || e->can[t->array.of->id * DIRS + dir] ? NULL : t->array.of;
    case SYZ_STRUCT:
    case SYZ_UNION:
        for (uint32_t i = 0; i < t->group.count; i++) {
            const struct syz_field *f = &t->group.fields[i];
            enum syz_dir d = dir_of(f, dir);
            bool ok = e->can[f->type->id * DIRS + d];
            if (ok && t->kind == SYZ_UNION)
                return NULL;
            if (ok || last != NULL)
                continue;
            last = f->type;
            *inner = d;
        }
        return last;
    default: return NULL;
    }
}

static void find_can(struct enabler *e)
{
    enum syz_dir inner = SYZ_IN;

    for (uint32_t i = 0; i < e->c->type_count * DIRS; i++)
        e->can[i] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = e->c->type_count * DIRS; i-- > 0;) {
            if (!e->leads[i / DIRS] || !e->can[i])
                continue;
            if (stopper(e, e->c->types[i / DIRS], (enum syz_dir)(i % DIRS), &inner) != NULL) {
                e->can[i] = false;
                changed = true;
            }
        }
    }
}

/* The resource at the end of the chain of stoppers. */
static const struct syz_resource *first_missing(const struct enabler *e, const struct syz_type *t,
                                                enum syz_dir dir)
{
    for (uint32_t steps = 0; steps < e->c->type_count * DIRS; steps++) {
        if (t->kind == SYZ_RESOURCE)
            return t->resource;
        t = stopper(e, t, dir, &dir);
        if (t == NULL)
            return NULL;
    }
    return NULL;
}

/* The first argument that stops the call, or NULL; *dir is its direction. */
static const struct syz_type *stopping_arg(const struct enabler *e, const struct syz_call *call,
                                           enum syz_dir *dir)
{
    for (uint32_t k = 0; k < call->arg_count; k++) {
        *dir = dir_of(&call->args[k], SYZ_IN);
        if (!e->can[call->args[k].type->id * DIRS + *dir])
            return call->args[k].type;
    }
    return NULL;
}

/* Grants every call that needs only what calls granted before make: so two calls that only feed
 * each other stay out. True when there was one. */
static bool grant_round(struct enabler *e)
{
    bool changed = false;
    enum syz_dir dir = SYZ_IN;

    find_can(e);
    for (uint32_t i = 0; i < e->c->target->call_count; i++) {
        const struct syz_call *call = &e->c->target->calls[i];
        if (call->why != SYZ_ENABLED || e->granted[i] || stopping_arg(e, call, &dir) != NULL)
            continue;
        e->granted[i] = changed = true;
        for (uint32_t k = 0; k < call->output_count; k++)
            for (const struct syz_resource *r = call->outputs[k]; r != NULL; r = r->parent)
                e->makeable[r->id] = true;
    }
    return changed;
}

static void disable_rest(struct enabler *e)
{
    enum syz_dir dir = SYZ_IN;

    for (uint32_t i = 0; i < e->c->target->call_count; i++) {
        struct syz_call *call = &e->c->target->calls[i];
        if (call->why != SYZ_ENABLED || e->granted[i])
            continue;
        const struct syz_type *t = stopping_arg(e, call, &dir);
        call->why = SYZ_OFF_RESOURCE;
        call->needs = t != NULL ? first_missing(e, t, dir) : NULL;
    }
}

static void list_constructors(struct enabler *e)
{
    struct syz_target *t = e->c->target;

    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < e->c->resource_count && pass == 1; i++) {
            struct syz_resource *r = e->c->resources[i];
            r->constructors = arena_new(e->c->a, uint32_t, r->constructor_count);
            r->constructor_count = 0;
        }
        for (uint32_t i = 0; i < t->call_count; i++) {
            if (t->calls[i].why != SYZ_ENABLED)
                continue;
            e->walk++;
            for (uint32_t k = 0; k < t->calls[i].output_count; k++)
                for (const struct syz_resource *at = t->calls[i].outputs[k]; at != NULL;
                     at = at->parent) {
                    struct syz_resource *r = e->c->resources[at->id];
                    if (e->listed[r->id] == e->walk)
                        continue;
                    e->listed[r->id] = e->walk;
                    if (pass == 1)
                        r->constructors[r->constructor_count] = i;
                    r->constructor_count++;
                }
        }
    }
}

void comp_enable(struct compiler *c)
{
    struct enabler e = {.c = c,
                        .leads = arena_new(c->a, bool, c->type_count),
                        .seen = arena_new(c->a, uint32_t, (size_t)c->type_count * DIRS),
                        .can = arena_new(c->a, bool, (size_t)c->type_count *DIRS),
                        .makeable = arena_new(c->a, bool, c->resource_count),
                        .granted = arena_new(c->a, bool, c->target->call_count),
                        .listed = arena_new(c->a, uint32_t, c->resource_count),
                        .found = arena_new(c->a, const struct syz_resource *, c->resource_count)};
    struct syz_target *t = c->target;

    find_leads(&e);
    for (uint32_t i = 0; i < t->call_count; i++) {
        list_resources(&e, &t->calls[i], false);
        list_resources(&e, &t->calls[i], true);
    }
    while (grant_round(&e))
        ;
    disable_rest(&e);
    list_constructors(&e);
    for (uint32_t i = 0; i < t->call_count; i++)
        t->enabled_count += t->calls[i].why == SYZ_ENABLED;
}
