/* minimise: the smallest program that still does what is wanted. Calls go first, all that follow,
 * then all that have nothing to do with the call of interest, then one by one; then what the calls
 * carry: properties, pointers, elements, bytes. What was refused once is not asked about again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum {
    ASKED_MAX = 1 << 14, /* candidates remembered, a power of two */
    FOLLOWING_MIN = 2,   /* fewer calls after it are dropped one by one anyway */
    UNRELATED_MIN = 3,
    ELEMENTS_MIN = 3,
    NAME_BYTES_SHORT = 8, /* of "./file0" and a zero */
};

struct minimiser {
    struct arena *a;
    struct syz_prog *best;
    uint32_t step; /* of interest, in best; UINT32_MAX: none */
    enum syz_minimise_mode mode;
    syz_keep_fn *keep;
    void *ctx;
    const bool *give_up;
    uint64_t *asked; /* hashes, 0: free */
    uint32_t asked_count;
};

static bool is_over(const struct minimiser *m)
{
    return m->give_up != NULL && *m->give_up;
}

static uint64_t hash_of(const struct buf *text, uint32_t step)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ step;

    for (size_t i = 0; i < text->size; i++)
        hash = (hash ^ text->data[i]) * UINT64_C(0x100000001b3);
    return hash == 0 ? 1 : hash;
}

/* True the first time; remembers. */
static bool is_news(struct minimiser *m, const struct syz_prog *p, uint32_t step)
{
    struct buf text;

    buf_init(&text, m->a);
    syz_prog_print(&text, p);
    uint64_t hash = hash_of(&text, step);
    uint32_t at = (uint32_t)(hash >> 32) & (ASKED_MAX - 1);
    while (m->asked[at] != 0 && m->asked[at] != hash)
        at = (at + 1) & (ASKED_MAX - 1);
    if (m->asked[at] == hash)
        return false;
    if (m->asked_count < ASKED_MAX / 2) {
        m->asked[at] = hash;
        m->asked_count++;
    }
    return true;
}

/* Makes the candidate the best one when it is wanted. What keep() allocates is left alone. */
static bool ask(struct minimiser *m, struct syz_prog *candidate, uint32_t step)
{
    if (is_over(m))
        return false;
    syz_prog_neutralise(candidate);
    struct arena_mark mark = arena_mark(m->a);
    bool is_new = is_news(m, candidate, step);
    arena_release(m->a, mark);
    if (!is_new || !m->keep(m->ctx, candidate, step))
        return false;
    m->best = candidate;
    m->step = step;
    return true;
}

/* ---- calls ---- */

static void drop_following(struct minimiser *m)
{
    if (m->step == UINT32_MAX || m->best->count - m->step - 1 < FOLLOWING_MIN)
        return;
    struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
    syz_prog_truncate(candidate, m->step + 1);
    ask(m, candidate, m->step);
}

/* Candidates without the calls that are not in the set. */
static bool ask_without(struct minimiser *m, const bool *stays)
{
    struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
    uint32_t step = m->step;

    for (uint32_t i = candidate->count; i-- > 0;)
        if (!stays[i]) {
            syz_prog_remove(candidate, i);
            step -= step != UINT32_MAX && i < step;
        }
    return ask(m, candidate, step);
}

/* Leaves the calls that make what the call of interest uses. Mostly that is all it needs, so one
 * question does instead of one for each call. */
static bool keep_needed(struct minimiser *m)
{
    bool needed[SYZ_CALLS_MAX];

    if (m->mode == SYZ_MINIMISE_CRASH || m->step == UINT32_MAX || m->best->count > SYZ_CALLS_MAX)
        return false;
    prog_needed(m->best, m->step, needed);
    bool is_all = true;
    for (uint32_t i = 0; i < m->best->count; i++)
        is_all = is_all && needed[i];
    return is_all || ask_without(m, needed);
}

/* Without any other call; what it used becomes the default. */
static void keep_one(struct minimiser *m)
{
    bool stays[SYZ_CALLS_MAX] = {false};

    stays[m->step] = true;
    if (m->best->count > 1)
        ask_without(m, stays);
}

static void drop_unrelated(struct minimiser *m)
{
    bool stays[SYZ_CALLS_MAX];
    uint32_t unrelated = 0;

    if (m->step == UINT32_MAX || m->best->count > SYZ_CALLS_MAX)
        return;
    prog_related(m->best, m->step, stays);
    for (uint32_t i = 0; i < m->best->count; i++)
        unrelated += !stays[i];
    if (unrelated >= UNRELATED_MIN)
        ask_without(m, stays);
}

/* A crash has no call of interest, and every question costs a machine. The shortest start of the
 * program that still crashes ends in the guilty call: then it is known. */
static void find_guilty(struct minimiser *m)
{
    uint32_t least = 1;

    while (least < m->best->count && !is_over(m)) {
        const uint32_t middle = (least + m->best->count) / 2;
        struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
        syz_prog_truncate(candidate, middle);
        if (!ask(m, candidate, UINT32_MAX))
            least = middle + 1;
    }
    m->step = m->best->count - 1;
}

static void drop_one_by_one(struct minimiser *m)
{
    for (uint32_t i = m->best->count; i-- > 0 && !is_over(m);) {
        if (i == m->step || m->best->count == 1)
            continue;
        struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
        syz_prog_remove(candidate, i);
        ask(m, candidate, m->step != UINT32_MAX && i < m->step ? m->step - 1 : m->step);
    }
}

/* ---- properties ---- */

static bool has_props(const struct syz_props *props)
{
    return props->fail_nth != 0 || props->rerun != 0 || props->is_async;
}

static void reset_all_props(struct minimiser *m)
{
    bool any = false;

    for (uint32_t i = 0; i < m->best->count; i++)
        any = any || has_props(&m->best->steps[i].props);
    if (!any)
        return;
    struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
    for (uint32_t i = 0; i < candidate->count; i++)
        candidate->steps[i].props = (struct syz_props){0};
    ask(m, candidate, m->step);
}

static void reset_props(struct minimiser *m, uint32_t i)
{
    for (uint32_t which = 0; which < 3; which++) {
        struct syz_props props = m->best->steps[i].props;
        if (which == 0)
            props.fail_nth = 0;
        else if (which == 1)
            props.is_async = false;
        else
            props.rerun = 0;
        if (memcmp(&props, &m->best->steps[i].props, sizeof(props)) == 0)
            continue;
        struct syz_prog *candidate = syz_prog_clone(m->a, m->best);
        candidate->steps[i].props = props;
        ask(m, candidate, m->step);
    }
}

/* ---- arguments ---- */

/* A copy of the best program, and in it the argument to change. */
struct attempt {
    struct syz_prog *p;
    struct syz_arg *arg;
    uint32_t step;
};

static struct attempt attempt(struct minimiser *m, uint32_t step, uint32_t n)
{
    struct syz_prog *copy = syz_prog_clone(m->a, m->best);

    return (struct attempt){copy, step_arg_at(&copy->steps[step], n), step};
}

static bool ask_about(struct minimiser *m, const struct attempt *t)
{
    syz_step_patch_conditions(t->p, &t->p->steps[t->step], NULL);
    syz_step_assign_sizes(t->p, &t->p->steps[t->step]);
    return ask(m, t->p, m->step);
}

static void try_null(struct minimiser *m, uint32_t step, uint32_t n)
{
    struct attempt t = attempt(m, step, n);

    syz_prog_forget(t.p, t.arg->pointer.to);
    t.arg->pointer.to = NULL;
    t.arg->pointer.address = 0;
    t.arg->pointer.is_special = true;
    ask_about(m, &t);
}

static void drop_element(struct attempt *t, uint32_t at)
{
    struct syz_arg *array = t->arg;

    syz_prog_forget(t->p, array->group.items[at]);
    array->group.count--;
    memmove(array->group.items + at, array->group.items + at + 1,
            (array->group.count - at) * sizeof(*array->group.items));
}

static void try_fewer_elements(struct minimiser *m, uint32_t step, uint32_t n)
{
    const struct syz_arg *array = step_arg_at(&m->best->steps[step], n);
    const struct syz_type *type = array->type;
    uint64_t min = type->array.has_range ? type->array.min : 0;

    if (array->group.count >= ELEMENTS_MIN && array->group.count > min) {
        struct attempt t = attempt(m, step, n);
        while (t.arg->group.count > min)
            drop_element(&t, t.arg->group.count - 1);
        if (ask_about(m, &t))
            return;
    }
    if (m->mode == SYZ_MINIMISE_CRASH)
        return; /* every question costs a machine much time */
    for (uint32_t i = array->group.count; i-- > 0 && !is_over(m);) {
        if (step_arg_at(&m->best->steps[step], n)->group.count <= min)
            return;
        struct attempt t = attempt(m, step, n);
        drop_element(&t, i);
        ask_about(m, &t);
    }
}

/* Cuts bytes off the end: half of them, a quarter, ... */
static void try_fewer_bytes(struct minimiser *m, uint32_t step, uint32_t n)
{
    const struct syz_arg *arg = step_arg_at(&m->best->steps[step], n);
    uint64_t min = arg->type->buffer.min, cut = arg->data.size - MIN(min, arg->data.size);

    while (cut != 0 && !is_over(m)) {
        uint64_t size = step_arg_at(&m->best->steps[step], n)->data.size;
        bool kept = false;
        if (size - MIN(size, cut) >= min && size >= cut) {
            struct attempt t = attempt(m, step, n);
            t.arg->data.size = size - cut;
            kept = ask_about(m, &t);
        }
        if (m->mode == SYZ_MINIMISE_CRASH)
            return;
        if (!kept)
            cut /= 2;
    }
}

static void try_short_name(struct minimiser *m, uint32_t step, uint32_t n)
{
    const struct syz_arg *arg = step_arg_at(&m->best->steps[step], n);
    uint64_t size = NAME_BYTES_SHORT - !arg->type->buffer.has_zero;

    if (arg->data.size <= size || arg->type->buffer.max != 0)
        return;
    struct attempt t = attempt(m, step, n);
    memcpy(t.arg->data.bytes, "./file0", NAME_BYTES_SHORT); /* its zero is cut off or counted */
    t.arg->data.size = size;
    ask_about(m, &t);
}

static void minimise_arg(struct minimiser *m, uint32_t step, uint32_t n, struct syz_arg *arg)
{
    switch (arg->kind) {
    case SYZ_ARG_POINTER:
        if (arg->pointer.to != NULL && arg->type->kind == SYZ_PTR)
            try_null(m, step, n);
        break;
    case SYZ_ARG_GROUP:
        if (arg->type->kind == SYZ_ARRAY && !is_fixed_group(arg->type))
            try_fewer_elements(m, step, n);
        break;
    case SYZ_ARG_DATA:
        if (arg->type->kind != SYZ_BUFFER || arg->dir == SYZ_OUT || !arg->type->is_varlen)
            break;
        if (arg->type->buffer.kind == SYZ_FILENAME)
            try_short_name(m, step, n);
        else if (arg->type->buffer.kind == SYZ_BLOB)
            try_fewer_bytes(m, step, n);
        break;
    default: break;
    }
}

/* A change affects nothing that was visited before, so one walk is enough. */
static void minimise_args(struct minimiser *m, uint32_t step)
{
    if (m->best->steps[step].call->attrs >> SYZ_ATTR_no_minimize & 1)
        return;
    for (uint32_t n = 0; !is_over(m); n++) {
        struct syz_arg *arg = step_arg_at(&m->best->steps[step], n);
        if (arg == NULL)
            return;
        minimise_arg(m, step, n, arg);
    }
}

/* ---- */

struct syz_prog *syz_minimise(struct arena *a, const struct syz_prog *p, uint32_t *step,
                              enum syz_minimise_mode mode, syz_keep_fn *keep, void *ctx,
                              const bool *give_up)
{
    struct minimiser m = {.a = a,
                          .best = syz_prog_clone(a, p),
                          .step = *step,
                          .mode = mode,
                          .keep = keep,
                          .ctx = ctx,
                          .give_up = give_up,
                          .asked = arena_new(a, uint64_t, ASKED_MAX)};

    is_news(&m, m.best, m.step); /* that it does what is wanted is known */
    if (m.step == UINT32_MAX && mode != SYZ_MINIMISE_CORPUS)
        find_guilty(&m);
    const bool is_bare = keep_needed(&m);
    if (!is_bare) {
        drop_following(&m);
        drop_unrelated(&m);
    }
    if (is_bare && mode == SYZ_MINIMISE_CALLS)
        keep_one(&m);
    else
        drop_one_by_one(&m);
    for (uint32_t i = 0; i < m.best->count && mode != SYZ_MINIMISE_CALLS; i++) {
        if (i == 0)
            reset_all_props(&m);
        minimise_args(&m, i);
    }
    for (uint32_t i = 0; i < m.best->count && mode != SYZ_MINIMISE_CALLS; i++)
        reset_props(&m, i);
    if (*step != UINT32_MAX)
        *step = m.step;
    return m.best;
}
