/*
 * validate_types: which types are the same, and which extend which. Two recursion groups are the
 * same when they are equal member by member, reading an index inside the group as its distance from
 * the group's start and any other index as the canonical one. Groups are found by hash, so time is
 * linear in the size of the section.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/validate_int.h"

#include <string.h>

#ifndef WM_TYPE_HASH
#define WM_TYPE_HASH(hash) (hash) /* a test makes all groups collide, to try the comparison */
#endif

struct canon_table {
    struct wm_module *m;
    uint32_t *slots; /* first type index + 1 of a group; 0: free. Open addressing */
    uint64_t *hashes;
    uint32_t mask;
    uint64_t seed;
};

/* ---- structure of a group, as words ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ word << 1;
}

/* A heap code that does not depend on where the group stands. */
static uint64_t neutral_index(const struct wm_module *m, const struct wm_type *t, uint32_t index)
{
    if (index >= t->group_first)
        return UINT64_C(1) << 40 | (index - t->group_first);
    return m->types[index].canon;
}

static uint64_t neutral_type(const struct wm_module *m, const struct wm_type *t,
                             struct wm_valtype v)
{
    if (!wm_is_ref(v) || !wm_heap_is_index(wm_heap_of(v)))
        return v.bits;
    return UINT64_C(1) << 42 | (uint64_t)wm_is_nullable(v) << 41 |
           neutral_index(m, t, (uint32_t)wm_heap_of(v).code);
}

static uint64_t neutral_super(const struct wm_module *m, const struct wm_type *t)
{
    return t->super_count == 0 ? UINT64_MAX : neutral_index(m, t, t->super);
}

static uint64_t shape_of(const struct wm_type *t)
{
    return (uint64_t)t->composite << 60 | (uint64_t)t->is_final << 59 |
           (uint64_t)t->param_count << 40 | (uint64_t)t->result_count << 20 | t->field_count;
}

static uint64_t hash_type(const struct wm_module *m, const struct wm_type *t, uint64_t hash)
{
    hash = mix(hash, shape_of(t));
    hash = mix(hash, neutral_super(m, t));
    for (uint32_t i = 0; i < t->param_count; i++)
        hash = mix(hash, neutral_type(m, t, t->params[i]));
    for (uint32_t i = 0; i < t->result_count; i++)
        hash = mix(hash, neutral_type(m, t, t->results[i]));
    for (uint32_t i = 0; i < t->field_count; i++)
        hash = mix(hash, neutral_type(m, t, t->fields[i].type) << 1 | t->fields[i].is_mutable);
    return hash;
}

static bool same_types(const struct wm_module *m, const struct wm_type *a,
                       const struct wm_valtype *a_list, const struct wm_type *b,
                       const struct wm_valtype *b_list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (neutral_type(m, a, a_list[i]) != neutral_type(m, b, b_list[i]))
            return false;
    return true;
}

static bool same_type(const struct wm_module *m, const struct wm_type *a, const struct wm_type *b)
{
    if (shape_of(a) != shape_of(b) || neutral_super(m, a) != neutral_super(m, b))
        return false;
    if (!same_types(m, a, a->params, b, b->params, a->param_count) ||
        !same_types(m, a, a->results, b, b->results, a->result_count))
        return false;
    for (uint32_t i = 0; i < a->field_count; i++)
        if (a->fields[i].is_mutable != b->fields[i].is_mutable ||
            neutral_type(m, a, a->fields[i].type) != neutral_type(m, b, b->fields[i].type))
            return false;
    return true;
}

static bool same_group(const struct wm_module *m, uint32_t first_a, uint32_t first_b)
{
    const struct wm_type *a = &m->types[first_a], *b = &m->types[first_b];

    if (a->group_count != b->group_count)
        return false;
    for (uint32_t i = 0; i < a->group_count; i++)
        if (!same_type(m, &a[i], &b[i]))
            return false;
    return true;
}

/* ---- finding the canonical group ---- */

static void canonicalize_group(struct canon_table *t, uint32_t first)
{
    struct wm_type *types = t->m->types;
    uint32_t count = types[first].group_count, same = first;
    uint64_t hash = mix(t->seed, count);

    for (uint32_t i = 0; i < count; i++)
        hash = hash_type(t->m, &types[first + i], hash);
    hash = WM_TYPE_HASH(hash);
    uint32_t slot = (uint32_t)(hash >> 32) & t->mask;
    while (t->slots[slot] != 0) {
        uint32_t other = t->slots[slot] - 1;
        if (t->hashes[slot] == hash && same_group(t->m, first, other)) {
            same = other;
            break;
        }
        slot = (slot + 1) & t->mask;
    }
    if (same == first) {
        t->slots[slot] = first + 1;
        t->hashes[slot] = hash;
    }
    for (uint32_t i = 0; i < count; i++)
        types[first + i].canon = same + i;
}

/* ---- what must hold of a type ---- */

static enum status bad_type(struct diag *dg, const char *text, uint32_t index, uint32_t known)
{
    return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET, "%s %u; %u are known here", text, index,
                     known);
}

static enum status check_known(struct wm_valtype v, uint32_t known, struct diag *dg)
{
    if (!wm_is_ref(v) || !wm_heap_is_index(wm_heap_of(v)) || (uint32_t)wm_heap_of(v).code < known)
        return ST_OK;
    return bad_type(dg, "unknown type", (uint32_t)wm_heap_of(v).code, known);
}

/* Indices point into the group or before it; a supertype stands before its subtypes. */
static enum status check_indices(const struct wm_module *m, uint32_t index, struct diag *dg)
{
    const struct wm_type *t = &m->types[index];
    uint32_t known = t->group_first + t->group_count;

    if (t->super_count != 0 && t->super >= index)
        return bad_type(dg, "sub type of unknown type", t->super, index);
    for (uint32_t i = 0; i < t->param_count; i++)
        TRY(check_known(t->params[i], known, dg));
    for (uint32_t i = 0; i < t->result_count; i++)
        TRY(check_known(t->results[i], known, dg));
    for (uint32_t i = 0; i < t->field_count; i++)
        TRY(check_known(t->fields[i].type, known, dg));
    return ST_OK;
}

static bool lists_match(const struct wm_module *m, const struct wm_valtype *sub,
                        const struct wm_valtype *super, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!wm_matches(m, sub[i], super[i]))
            return false;
    return true;
}

static bool field_matches(const struct wm_module *m, const struct wm_field *sub,
                          const struct wm_field *super)
{
    if (sub->is_mutable != super->is_mutable || !wm_matches(m, sub->type, super->type))
        return false;
    return !sub->is_mutable || wm_matches(m, super->type, sub->type);
}

static bool composite_matches(const struct wm_module *m, const struct wm_type *sub,
                              const struct wm_type *super)
{
    if (sub->composite != super->composite || sub->param_count != super->param_count ||
        sub->result_count != super->result_count || sub->field_count < super->field_count)
        return false;
    for (uint32_t i = 0; i < super->field_count; i++)
        if (!field_matches(m, &sub->fields[i], &super->fields[i]))
            return false;
    return lists_match(m, super->params, sub->params, sub->param_count) &&
           lists_match(m, sub->results, super->results, sub->result_count);
}

static enum status set_depth(struct wm_module *m, uint32_t index, struct diag *dg)
{
    struct wm_type *t = &m->types[index];

    t->depth = t->super_count == 0 ? 0 : m->types[t->super].depth + 1;
    if (t->depth > WM_MAX_SUPER_DEPTH)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "subtyping depth %u; at most %d is allowed",
                         t->depth, WM_MAX_SUPER_DEPTH);
    return ST_OK;
}

static enum status check_super(const struct wm_module *m, uint32_t index, struct diag *dg)
{
    const struct wm_type *t = &m->types[index];

    if (t->super_count == 0)
        return ST_OK;
    const struct wm_type *super = &m->types[t->super];
    if (super->is_final)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "sub type: expected a supertype that is not final, found type %u",
                         t->super);
    if (!composite_matches(m, t, super))
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "sub type: its definition does not match that of its supertype %u",
                         t->super);
    return ST_OK;
}

/* Adds which type it was, and where it stands. */
static enum status in_type(const struct wm_module *m, enum status st, uint32_t index,
                           struct diag *dg)
{
    if (st != ST_OK && dg != NULL && m->types[index].offset != 0)
        dg->offset = m->types[index].offset;
    return diag_in(dg, st, "type %u", index);
}

/* Each step needs what the one before it found out about the whole group. */
static enum status check_group(struct canon_table *t, uint32_t first, struct diag *dg)
{
    struct wm_module *m = t->m;
    uint32_t end = first + m->types[first].group_count;

    for (uint32_t i = first; i < end; i++)
        TRY(in_type(m, check_indices(m, i, dg), i, dg));
    canonicalize_group(t, first);
    for (uint32_t i = first; i < end; i++)
        TRY(in_type(m, set_depth(m, i, dg), i, dg));
    for (uint32_t i = first; i < end; i++)
        TRY(in_type(m, check_super(m, i, dg), i, dg));
    return ST_OK;
}

struct canon_job {
    struct wm_module *m;
    struct arena *scratch;
};

static enum status canonicalize(void *ctx, struct diag *dg)
{
    struct canon_job *job = ctx;
    struct wm_module *m = job->m;
    uint32_t size = 16;

    while (size < m->type_count * 2)
        size *= 2;
    struct canon_table t = {
        .m = m,
        .slots = arena_new(job->scratch, uint32_t, size),
        .hashes = arena_new(job->scratch, uint64_t, size),
        .mask = size - 1,
        .seed = (uintptr_t)&t, /* where the stack lies cannot be known when a module is made */
    };
    for (uint32_t i = 0; i < m->type_count; i += m->types[i].group_count)
        TRY(check_group(&t, i, dg));
    return ST_OK;
}

enum status wm_types_canonicalize(struct wm_module *m, struct arena *scratch, struct diag *dg)
{
    struct arena_mark mark = arena_mark(scratch);
    struct canon_job job = {m, scratch};
    enum status st = arena_guard(scratch, canonicalize, &job, dg);

    arena_release(scratch, mark);
    if (st != ST_OK && dg != NULL && dg->offset == DIAG_NO_OFFSET && dg->line == 0)
        dg->offset = m->sections[WM_SECTION_TYPE].offset;
    return st;
}
