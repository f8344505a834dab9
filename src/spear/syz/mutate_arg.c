/* mutate_arg: changes to one argument. Arguments that decide more are chosen more often: a table
 * of priorities by type, in the manner of a lottery. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum {
    PRIO_NEVER = 0,
    PRIO_LEN = 1,
    PRIO_PTR = 3,
    PRIO_RANGE_MIN = 4, /* of few values; one more for every three */
    PRIO_RANGE_MAX = 9,
    PRIO_LINK = 5, /* resources, areas of memory, numbers per process */
    PRIO_BUFFER = 8,
    PRIO_HIGH = 10,
    FEW_VALUES = 15,
    MANY_VALUES = 256,
};

/* ---- priorities ---- */

static uint32_t prio_of_count(uint64_t values, uint32_t plain)
{
    if (values <= FEW_VALUES)
        return MIN((uint32_t)values / 3 + PRIO_RANGE_MIN, (uint32_t)PRIO_RANGE_MAX);
    return values <= MANY_VALUES ? PRIO_HIGH : plain;
}

static uint32_t prio_of_int(const struct syz_type *t)
{
    uint32_t bits = make_bits(t), plain = 1;

    for (uint32_t b = bits; b > 1; b /= 2)
        plain++;
    if (!t->integer.has_range)
        return plain;
    uint64_t steps = (t->integer.max - t->integer.min) / MAX(t->integer.multiple, UINT64_C(1));
    if (steps == 0)
        return PRIO_NEVER;
    return prio_of_count(steps == UINT64_MAX ? steps : steps + 1, plain);
}

static uint32_t prio_of_buffer(const struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;

    if (arg->dir == SYZ_OUT)
        return t->is_varlen ? PRIO_BUFFER : PRIO_NEVER;
    switch (t->buffer.kind) {
    case SYZ_STRING: return t->buffer.value_count == 1 ? PRIO_NEVER : PRIO_BUFFER;
    case SYZ_GLOB: return PRIO_NEVER;
    case SYZ_IMAGE: return PRIO_HIGH;
    default: return PRIO_BUFFER;
    }
}

static bool is_moment(const struct syz_type *t)
{
    return str_equal(t->group.base, STR("timespec")) || str_equal(t->group.base, STR("timeval"));
}

static uint32_t prio_of(const struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;

    if (arg->dir == SYZ_OUT && t->kind <= SYZ_RESOURCE)
        return PRIO_NEVER;
    switch (t->kind) {
    case SYZ_INT: return prio_of_int(t);
    case SYZ_FLAGS: return prio_of_count(t->flags->count, PRIO_HIGH) + t->flags->is_mask;
    case SYZ_LEN: return PRIO_LEN;
    case SYZ_PROC: return t->proc.per_proc > 1 ? PRIO_LINK : PRIO_NEVER;
    case SYZ_RESOURCE:
    case SYZ_VMA: return PRIO_LINK;
    case SYZ_PTR: return PRIO_PTR;
    case SYZ_BUFFER: return prio_of_buffer(arg);
    case SYZ_ARRAY: return is_fixed_group(t) ? PRIO_NEVER : PRIO_HIGH;
    case SYZ_STRUCT: return is_moment(t) ? PRIO_HIGH : PRIO_NEVER;
    case SYZ_UNION: return is_hidden_union(t) || t->group.count < 2 ? PRIO_NEVER : PRIO_HIGH;
    default: return PRIO_NEVER; /* constants, checksums, nothing */
    }
}

static bool add_prio(void *ctx, const struct syz_visit *v)
{
    *(uint64_t *)ctx += prio_of(v->arg);
    return true;
}

uint64_t mutate_weight(struct syz_step *step)
{
    uint64_t weight = 0;

    step_each(step, add_prio, &weight);
    return weight;
}

struct pick {
    uint64_t at; /* lots still to pass */
    struct syz_arg **place;
    const struct syz_arg *parent;
};

static bool pass(void *ctx, const struct syz_visit *v)
{
    struct pick *p = ctx;
    uint32_t prio = prio_of(v->arg);

    if (p->at >= prio) {
        p->at -= prio;
        return true;
    }
    p->place = v->place;
    p->parent = v->parent;
    return false;
}

/* ---- numbers ---- */

static uint64_t nudged(struct rng *r, uint64_t v, uint32_t bits)
{
    switch (rng_below(r, 3)) {
    case 0: v += 1 + rng_below(r, 4); break;
    case 1: v -= 1 + rng_below(r, 4); break;
    default: v ^= UINT64_C(1) << rng_below(r, bits); break;
    }
    return make_truncate(v, bits);
}

/* Values that overflow when multiplied by the size of an element, or nearly so. */
static uint64_t near_overflow(struct rng *r, uint32_t bits)
{
    uint64_t element = UINT64_C(1) << rng_below(r, 8);
    uint32_t width = 8u << rng_below(r, 4);
    uint64_t most = make_truncate(UINT64_MAX, MIN(width, bits)) / element;

    return most + 2 - rng_below(r, 5);
}

static uint64_t mutated_len(struct rng *r, const struct syz_arg *arg)
{
    uint32_t bits = make_bits(arg->type);

    if (rng_chance(r, 1, 100))
        return make_truncate(rng_next(r), bits);
    if (rng_chance(r, 1, 2))
        return nudged(r, arg->value, bits);
    return make_truncate(near_overflow(r, bits), bits);
}

static bool mutate_number(struct syz_maker *m, struct syz_arg *arg)
{
    uint64_t old = arg->value;
    uint32_t bits = make_bits(arg->type);

    switch (arg->type->kind) {
    case SYZ_INT:
        arg->value = rng_chance(m->rng, 1, 2) ? make_ranged(m->rng, arg->type)
                                              : nudged(m->rng, arg->value, bits);
        break;
    case SYZ_FLAGS:
        arg->value = make_truncate(make_flags(m->rng, arg->type->flags, arg->value), bits);
        break;
    case SYZ_LEN: arg->value = mutated_len(m->rng, arg); break;
    case SYZ_PROC: arg->value = rng_below(m->rng, arg->type->proc.per_proc); break;
    default: return false;
    }
    return arg->value != old;
}

/* ---- bytes ---- */

static bool mutate_out(struct syz_maker *m, struct syz_arg *arg)
{
    uint64_t old = arg->data.size;

    make_buffer(m, arg);
    return arg->data.size != old;
}

static bool mutate_buffer(struct syz_maker *m, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    struct buf data;

    if (arg->dir == SYZ_OUT)
        return mutate_out(m, arg);
    if (t->buffer.kind == SYZ_IMAGE)
        return mutate_image(m, arg);
    bool is_new =
        t->buffer.kind == SYZ_FILENAME ||
        (t->buffer.kind == SYZ_STRING && rng_chance(m->rng, t->buffer.value_count ? 9 : 5, 10));
    if (is_new) {
        make_buffer(m, arg);
        return true;
    }
    buf_init(&data, m->a);
    buf_bytes(&data, arg->data.bytes, arg->data.size);
    if (t->buffer.kind == SYZ_TEXT)
        make_text_mutate(m->rng, make_text_kind(m->target, t->buffer.text), &data);
    else
        mutate_data(m->rng, &data, t->buffer.min,
                    t->buffer.max == 0 ? SYZ_BLOB_BYTES_MAX : t->buffer.max);
    arg->data.bytes = data.data != NULL ? data.data : arena_new(m->a, uint8_t, 1);
    arg->data.size = data.size;
    return true;
}

/* ---- what holds others ---- */

/* Takes elements from anywhere, puts new ones at the end. */
static bool mutate_array(struct syz_maker *m, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    uint64_t min = t->array.has_range ? t->array.min : 0;
    uint64_t max = t->array.has_range ? t->array.max : MAKE_ARRAY_MAX;
    uint64_t old = arg->group.count, count = min + make_array_count(m->rng);

    count = MIN(count, max);
    if (count == old)
        count =
            old < max && (old == min || rng_chance(m->rng, 1, 2)) ? old + 1 : MAX(old, min + 1) - 1;
    if (count == old)
        return false;
    if (count > old)
        arg->group.items =
            arena_grow(m->a, arg->group.items, old, count, sizeof(*arg->group.items));
    for (uint64_t i = old; i < count; i++) {
        arg->group.items[i] = make_arg(m, t->array.of, arg->dir);
        arg->group.count++;
    }
    while (arg->group.count > count) {
        uint64_t at = rng_below(m->rng, arg->group.count);
        syz_prog_forget(m->p, arg->group.items[at]);
        arg->group.count--;
        memmove(arg->group.items + at, arg->group.items + at + 1,
                (arg->group.count - at) * sizeof(*arg->group.items));
    }
    return true;
}

static bool mutate_union(struct syz_maker *m, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    uint32_t chosen = (uint32_t)rng_below(m->rng, t->group.count - 1);

    chosen += chosen >= arg->choice.option;
    struct syz_arg *value =
        make_arg(m, t->group.fields[chosen].type, field_dir(t, chosen, arg->dir));
    syz_prog_forget(m->p, arg->choice.value);
    arg->choice.option = chosen;
    arg->choice.value = value;
    return true;
}

/* Moves what is pointed to, or makes it when there is nothing. */
static bool mutate_pointer(struct syz_maker *m, struct syz_arg **place)
{
    struct syz_arg *arg = *place;

    if (arg->pointer.to == NULL || rng_chance(m->rng, 1, 1000)) {
        struct syz_arg *made = make_arg(m, arg->type, arg->dir);
        syz_prog_forget(m->p, arg);
        *place = made;
        return true;
    }
    arg->pointer.address = make_place(m, arg->pointer.to);
    return true;
}

static bool replace(struct syz_maker *m, struct syz_arg **place)
{
    struct syz_arg *made = make_arg(m, (*place)->type, (*place)->dir);

    syz_prog_forget(m->p, *place);
    *place = made;
    return true;
}

static bool mutate_place(struct syz_maker *m, struct syz_arg **place)
{
    struct syz_arg *arg = *place;

    switch (arg->type->kind) {
    case SYZ_RESOURCE:
    case SYZ_VMA:
    case SYZ_STRUCT: return replace(m, place);
    case SYZ_PTR: return mutate_pointer(m, place);
    case SYZ_BUFFER: return mutate_buffer(m, arg);
    case SYZ_ARRAY: return mutate_array(m, arg);
    case SYZ_UNION: return mutate_union(m, arg);
    default: return mutate_number(m, arg);
    }
}

/* ---- */

bool mutate_step(struct syz_maker *m, uint32_t step)
{
    enum { TRIES_MAX = 10 };
    bool any = false;

    make_reopen(m, step);
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct pick pick = {0};
        uint64_t weight = mutate_weight(&m->p->steps[m->at]);
        if (weight == 0)
            return any;
        pick.at = rng_below(m->rng, weight);
        step_each(&m->p->steps[m->at], pass, &pick);
        m->arg_count = 0;
        bool is_len = (*pick.place)->type->kind == SYZ_LEN;
        bool changed = mutate_place(m, pick.place);
        /* Calls that were made for it stand before it now. */
        if (changed && !is_len) {
            syz_step_patch_conditions(m->p, &m->p->steps[m->at], m->rng);
            syz_step_assign_sizes(m->p, &m->p->steps[m->at]);
        }
        any = any || changed;
        if (changed && rng_chance(m->rng, 1, 3))
            break;
    }
    return any;
}
