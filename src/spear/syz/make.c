/* make: arguments out of their types, calls out of their arguments, programs out of calls.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

/* ---- what the calls so far offer ---- */

static bool note_arg(void *ctx, const struct syz_visit *v)
{
    struct syz_maker *m = ctx;
    struct syz_arg *arg = v->arg;

    syz_memory_reserve_arg(m->memory, arg);
    if (arg->kind == SYZ_ARG_RESULT && arg->dir != SYZ_IN) {
        ARENA_PUSH(m->a, m->results, m->result_count, m->result_capacity,
                   ((struct make_result){arg, arg->type->resource}));
    } else if (arg->kind == SYZ_ARG_DATA && arg->dir != SYZ_OUT && arg->type->kind == SYZ_BUFFER) {
        struct str text = {(const char *)arg->data.bytes, arg->data.size};
        if (arg->type->buffer.kind == SYZ_FILENAME)
            make_remember(&m->files, text);
        else if (arg->type->buffer.kind == SYZ_STRING)
            make_remember(&m->strings, text);
    }
    return true;
}

static void note_step(struct syz_maker *m, struct syz_step *step)
{
    step_each(step, note_arg, m);
}

void make_reopen(struct syz_maker *m, uint32_t at)
{
    m->at = at;
    m->result_count = m->files.count = m->strings.count = 0;
    m->open_count = m->arg_count = m->resource_nest = 0;
    syz_memory_clear(m->memory);
    for (uint32_t i = 0; i < at; i++)
        note_step(m, &m->p->steps[i]);
    /* What later calls point to is not to be overlapped by chance either. */
    for (uint32_t i = at; i < m->p->count; i++)
        syz_memory_reserve_step(m->memory, &m->p->steps[i]);
}

void make_open(struct syz_maker *m, struct syz_prog *p, const struct syz_random *how, uint32_t at)
{
    *m =
        (struct syz_maker){.a = p->arena, .rng = how->rng, .how = how, .target = p->target, .p = p};
    m->memory = arena_new(p->arena, struct syz_memory, 1);
    make_reopen(m, at);
}

void make_emit(struct syz_maker *m, struct syz_step step)
{
    syz_prog_insert(m->p, m->at, step);
    note_step(m, &m->p->steps[m->at++]);
}

bool make_may_add_calls(const struct syz_maker *m)
{
    /* One place is kept for the call that is being made. */
    return m->p->count + m->resource_nest + 1 < SYZ_CALLS_MAX;
}

/* ---- what can be encoded ---- */

struct size {
    uint64_t bytes;
    uint32_t uses; /* of results; each needs at most one to be kept */
};

static bool add_size(void *ctx, const struct syz_visit *v)
{
    struct size *s = ctx;

    s->bytes += MAKE_ARG_BYTES;
    if (v->arg->kind == SYZ_ARG_DATA && v->arg->data.bytes != NULL)
        s->bytes += v->arg->data.size;
    s->uses += v->arg->kind == SYZ_ARG_RESULT && v->arg->result.from != NULL;
    return true;
}

void make_limit(struct syz_prog *p, uint32_t calls_max)
{
    struct size size = {0};
    uint32_t fitting = 0;

    for (; fitting < MIN(p->count, calls_max); fitting++) {
        step_each(&p->steps[fitting], add_size, &size);
        if (size.bytes > SYZ_STREAM_BYTES_MAX || size.uses > SYZ_RESULTS_MAX)
            break;
    }
    syz_prog_truncate(p, MAX(fitting, MIN(p->count, 1u)));
}

/* ---- arguments ---- */

static uint32_t times_open(const struct syz_maker *m, const struct syz_type *type)
{
    uint32_t times = 0;

    for (uint32_t i = 0; i < m->open_count; i++)
        times += m->open[i] == type;
    return times;
}

static struct syz_arg *number(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);

    switch (type->kind) {
    case SYZ_INT: arg->value = make_ranged(m->rng, type); break;
    case SYZ_CONST: arg->value = type->constant.value; break;
    case SYZ_FLAGS:
        arg->value = make_truncate(make_flags(m->rng, type->flags, 0), make_bits(type));
        break;
    case SYZ_PROC: arg->value = rng_below(m->rng, type->proc.per_proc); break;
    default: break; /* lengths and checksums are known later */
    }
    return arg;
}

uint64_t make_place(struct syz_maker *m, const struct syz_arg *to)
{
    return syz_memory_take(m->memory, syz_arg_bytes(to), to->type->align);
}

uint64_t make_special(struct syz_maker *m)
{
    uint32_t count = 0;
    const uint64_t *pool = syz_specials(m->target, &count);

    return pool[rng_below(m->rng, count)];
}

static struct syz_arg *special_pointer(struct syz_maker *m, const struct syz_type *type,
                                       enum syz_dir dir, uint64_t address)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);

    arg->pointer.is_special = true;
    arg->pointer.address = address;
    return arg;
}

static struct syz_arg *pointer(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    bool is_deep = times_open(m, type->ptr.to) >= MAKE_PTR_NEST_MAX ||
                   m->open_count + 1 >= MAKE_NEST_MAX || m->arg_count >= MAKE_ARGS_MAX;

    if (is_deep)
        return special_pointer(m, type, dir, 0);
    if (rng_chance(m->rng, 1, 1000))
        return special_pointer(m, type, dir, make_special(m));
    struct syz_arg *arg = arg_new(m->a, type, dir);
    arg->pointer.to = make_arg(m, type->ptr.to, type->ptr.dir);
    arg->pointer.address = make_place(m, arg->pointer.to);
    return arg;
}

static struct syz_arg *vma(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);
    uint64_t pages = 1 + make_array_count(m->rng);

    if (type->vma.max != 0)
        pages = rng_between(m->rng, type->vma.min, type->vma.max);
    pages = MIN(MAX(pages, UINT64_C(1)), (uint64_t)SYZ_DATA_BYTES / SYZ_PAGE_BYTES);
    arg->pointer.address = syz_memory_take_pages(m->memory, m->rng, pages);
    arg->pointer.vma_bytes = pages * SYZ_PAGE_BYTES;
    return arg;
}

static struct syz_arg *array(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);
    uint64_t min = type->array.has_range ? type->array.min : 0;
    uint64_t max = type->array.has_range ? type->array.max : MAKE_ARRAY_MAX;
    uint64_t count = make_array_count(m->rng);

    if (type->array.has_range)
        count = max - min <= MAKE_ARRAY_MAX ? rng_between(m->rng, min, max) : min + count;
    if (times_open(m, type->array.of) >= MAKE_ARRAY_NEST_MAX || m->arg_count >= MAKE_ARGS_MAX)
        count = min;
    arg->group.items = arena_new(m->a, struct syz_arg *, count);
    arg->group.count = (uint32_t)count;
    for (uint64_t i = 0; i < count; i++)
        arg->group.items[i] = make_arg(m, type->array.of, dir);
    return arg;
}

/* A moment: now, soon, long ago. The second field of these structs counts parts of a second. */
static void set_moment(struct syz_maker *m, struct syz_arg *arg)
{
    static const uint64_t parts[] = {0, 1, 10000, 10000000, 30000000, 60000000, 1000000000};
    struct syz_arg *whole = arg->group.items[0], *part = arg->group.items[1];

    if (whole->kind != SYZ_ARG_RESULT || part->kind != SYZ_ARG_RESULT || whole->dir != SYZ_IN ||
        part->dir != SYZ_IN)
        return;
    if (whole->result.from != NULL || part->result.from != NULL) {
        if (part->result.from != NULL)
            part->result.add = parts[rng_below(m->rng, LENGTH_OF(parts))];
        return; /* what the clock said, and a little */
    }
    whole->result.value = 0;
    part->result.value = parts[rng_below(m->rng, LENGTH_OF(parts))];
}

static struct syz_arg *structure(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);
    uint32_t count = type->group.count;

    arg->group.items = arena_new(m->a, struct syz_arg *, count);
    arg->group.count = count;
    for (uint32_t i = 0; i < count; i++) {
        const struct syz_type *of = type->group.fields[i].type;
        arg->group.items[i] = make_arg(m, of, field_dir(type, i, dir));
    }
    if (count == 2 && (str_equal(type->group.base, STR("timespec")) ||
                       str_equal(type->group.base, STR("timeval"))))
        set_moment(m, arg);
    return arg;
}

/* The hidden union of a conditional field holds the field: whether it stays is decided when its
 * conditions are looked at, which is after all of the call has been made. */
static struct syz_arg *option(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arg_new(m->a, type, dir);
    uint32_t chosen = is_hidden_union(type) ? 0 : (uint32_t)rng_below(m->rng, type->group.count);

    arg->choice.option = chosen;
    arg->choice.value = make_arg(m, type->group.fields[chosen].type, field_dir(type, chosen, dir));
    return arg;
}

static struct syz_arg *of_kind(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    switch (type->kind) {
    case SYZ_INT:
    case SYZ_CONST:
    case SYZ_FLAGS:
    case SYZ_LEN:
    case SYZ_PROC:
    case SYZ_CSUM: return number(m, type, dir);
    case SYZ_RESOURCE: return make_resource(m, type, dir);
    case SYZ_VMA: return vma(m, type, dir);
    case SYZ_PTR: return pointer(m, type, dir);
    case SYZ_BUFFER: {
        struct syz_arg *arg = arg_new(m->a, type, dir);
        make_buffer(m, arg);
        return arg;
    }
    case SYZ_ARRAY: return array(m, type, dir);
    case SYZ_STRUCT: return structure(m, type, dir);
    case SYZ_UNION: return option(m, type, dir);
    case SYZ_VOID: break;
    }
    return syz_arg_default(m->a, type, dir);
}

struct syz_arg *make_arg(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    m->arg_count++;
    if (m->how->is_blind)
        return make_blind(m, type, dir);
    if (m->open_count >= MAKE_NEST_MAX)
        return syz_arg_default(m->a, type, dir);
    bool is_given = type->kind <= SYZ_VMA; /* the kernel writes over what was there */
    if (dir == SYZ_OUT && is_given)
        return syz_arg_default(m->a, type, dir);
    if (type->is_optional && rng_chance(m->rng, 1, 5))
        return syz_arg_default(m->a, type, dir);
    bool opens = type->kind == SYZ_STRUCT || type->kind == SYZ_UNION;
    if (opens)
        m->open[m->open_count++] = type;
    struct syz_arg *arg = of_kind(m, type, dir);
    if (opens)
        m->open_count--;
    return arg;
}

/* ---- calls ---- */

uint32_t make_call(struct syz_maker *m, const struct syz_call *call)
{
    struct syz_step step = {.call = call,
                            .args = arena_new(m->a, struct syz_arg *, call->arg_count)};
    uint32_t outer_count = m->arg_count, outer_open = m->open_count;

    m->arg_count = 0;
    for (uint32_t i = 0; i < call->arg_count; i++)
        step.args[i] =
            make_arg(m, call->args[i].type, call->args[i].has_dir ? call->args[i].dir : SYZ_IN);
    if (call->result != NULL)
        step.result = syz_arg_default(m->a, call->result, SYZ_OUT);
    m->arg_count = outer_count;
    m->open_count = outer_open;
    syz_step_patch_conditions(m->p, &step, m->rng);
    syz_step_assign_sizes(m->p, &step);
    make_emit(m, step);
    return m->at - 1;
}

static const struct syz_call *next_call(struct syz_maker *m)
{
    const struct syz_call *before = NULL;

    if (m->at != 0 && !m->how->is_blind)
        before = m->p->steps[rng_below(m->rng, m->at)].call;
    return syz_choose_call(m->how->choice, m->rng, before);
}

struct syz_prog *syz_generate(struct arena *a, const struct syz_random *how, uint32_t calls)
{
    struct syz_prog *p = syz_prog_new(a, syz_choice_target(how->choice));
    struct syz_maker m;

    calls = MIN(MAX(calls, 1u), (uint32_t)SYZ_CALLS_MAX);
    make_open(&m, p, how, 0);
    while (p->count < calls) {
        const struct syz_call *call = next_call(&m);
        if (call == NULL)
            break; /* nothing is enabled */
        make_call(&m, call);
    }
    make_limit(p, calls);
    syz_prog_neutralise(p);
    return p;
}
