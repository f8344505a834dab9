/* toy: a target for tests of the engine: programs of a few calls with two numbers each, run by a
 * small interpreter with edges, comparisons with magic numbers, flaky edges, failing allocations,
 * a race, and planted crashes. Text, a line per call: LETTER a b, then `!` (beside the next call)
 * and `@n` (its nth allocation fails).
 *
 *   o  open: makes the handle that the others need; the handle is 0x5a5a0000 + the low byte of a
 *   w  write: a little of everything: 64 edges by the low bits of a
 *   m  magic: a is compared with a 32-bit constant, then b with a 16-bit one
 *   k  key: a is compared with the handle, which is no constant
 *   f  flaky: an edge that shows once in ten runs
 *   n  new: three allocations; CRASH_FAULT when the third fails
 *   c  close: CRASH_DEEP after both magics and a write; h below
 *   h  hang: never ends when b is one bit short of all ones
 * Any w beside another call crashes with CRASH_RACE. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TOY_H
#define TESTS_UNIT_TOY_H

#include "spear/engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { TOY_CALLS_MAX = 10, TOY_OPS = 8 };
static const char toy_ops[TOY_OPS + 1] = "owmkfnch";

enum toy_find { TOY_MAGIC_1, TOY_MAGIC_2, TOY_KEY, CRASH_DEEP, CRASH_FAULT, CRASH_RACE, TOY_FINDS };

struct toy_call {
    uint32_t a, b, fail_nth;
    char op;
    bool is_async;
};

struct toy_prog {
    struct toy_call calls[TOY_CALLS_MAX];
    uint32_t count;
};

struct toy {
    pthread_mutex_t lock;
    uint32_t known[4096]; /* what machines need not report */
    uint32_t known_count, learned;
    _Atomic uint64_t runs, found[TOY_FINDS]; /* found: the run of the first time, 0: not yet */
    uint32_t deaths_of;                      /* one of so many runs kills the machine; 0: none */
    uint32_t broken_of;
};

struct toy_slot { /* a machine */
    struct rng rng;
};

/* ---- text ------------------------------------------------------------------------------------ */
static struct input *toy_input(struct maker *m, const struct toy_prog *p)
{
    struct input *in = arena_new(m->arena, struct input, 1);
    struct toy_prog *body = arena_new(m->arena, struct toy_prog, 1);
    struct buf text;

    *body = *p;
    buf_init(&text, m->arena);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct toy_call *c = &p->calls[i];
        buf_printf(&text, "%c %#x %#x", c->op, c->a, c->b);
        if (c->is_async)
            buf_text(&text, " !");
        if (c->fail_nth != 0)
            buf_printf(&text, " @%u", c->fail_nth);
        buf_byte(&text, '\n');
    }
    *in = (struct input){
        {(char *)text.data, text.size},
        body, p->count
    };
    return p->count == 0 ? NULL : in;
}

static struct input *toy_parse(void *self, struct maker *m, struct str text, bool *is_off,
                               struct diag *dg)
{
    struct toy_prog p = {0};
    const char *line = arena_copy_text(m->arena, text.text, text.size);

    (void)self;
    while (*line != '\0' && p.count < TOY_CALLS_MAX) {
        struct toy_call *c = &p.calls[p.count];
        char rest[32] = "";
        if (sscanf(line, "%c %x %x%31[^\n]", &c->op, &c->a, &c->b, rest) >= 3 &&
            strchr(toy_ops, c->op) != NULL) {
            const char *fault = strchr(rest, '@');
            c->is_async = strchr(rest, '!') != NULL;
            if (fault != NULL)
                sscanf(fault, "@%u", &c->fail_nth);
            p.count++;
        }
        line = strchr(line, '\n') == NULL ? "" : strchr(line, '\n') + 1;
    }
    if (p.count == 0)
        diag_fail(dg, ST_MALFORMED, 0, "no call that I know");
    *is_off = p.count == 1 && p.calls[0].op == 'h' && p.calls[0].a == 0x0ff;
    return *is_off ? NULL : toy_input(m, &p);
}

static struct toy_prog toy_body(struct maker *m, const struct input *in)
{
    bool is_off;
    if (in->body == NULL)
        in = toy_parse(NULL, m, in->text, &is_off, NULL);
    return *(const struct toy_prog *)in->body;
}

/* ---- making ---------------------------------------------------------------------------------- */
static struct toy_call toy_random_call(struct rng *r)
{
    struct toy_call c = {.op = toy_ops[rng_below(r, TOY_OPS)]};
    c.a = (uint32_t)(rng_chance(r, 1, 2) ? rng_below(r, 256) : rng_next(r));
    c.b = (uint32_t)(rng_chance(r, 1, 2) ? rng_below(r, 256) : rng_next(r));
    return c;
}

static void toy_insert(struct toy_prog *p, uint32_t at, struct toy_call call)
{
    if (p->count == TOY_CALLS_MAX)
        return;
    memmove(p->calls + at + 1, p->calls + at, (p->count - at) * sizeof(call));
    p->calls[at] = call;
    p->count++;
}

static void toy_remove(struct toy_prog *p, uint32_t at)
{
    p->count--;
    memmove(p->calls + at, p->calls + at + 1, (p->count - at) * sizeof(*p->calls));
}

static struct input *toy_generate(void *self, struct maker *m)
{
    struct toy_prog p = {0};
    const uint32_t count = 1 + (uint32_t)rng_below(m->rng, TOY_CALLS_MAX);

    (void)self;
    while (p.count < count)
        p.calls[p.count++] = toy_random_call(m->rng);
    return toy_input(m, &p);
}

/* Puts a whole program of the corpus somewhere. */
static void toy_splice(struct maker *m, struct toy_prog *p)
{
    struct input other = {0};
    uint32_t at = (uint32_t)rng_below(m->rng, p->count + 1);

    if (!m->choose(m->choose_ctx, m->rng, &other.text))
        return;
    const struct toy_prog more = toy_body(m, &other);
    for (uint32_t i = 0; i < more.count; i++)
        toy_insert(p, at++, more.calls[i]);
}

static struct input *toy_mutate(void *self, struct maker *m, struct str base)
{
    const struct input in = {.text = base};
    struct toy_prog p = toy_body(m, &in);

    (void)self;
    do {
        struct toy_call *c = &p.calls[rng_below(m->rng, p.count)];
        switch (rng_below(m->rng, 6)) {
        case 4:
        case 5: toy_splice(m, &p); break;
        case 0:
            toy_insert(&p, (uint32_t)rng_below(m->rng, p.count + 1), toy_random_call(m->rng));
            break;
        case 1:
            if (p.count > 1)
                toy_remove(&p, (uint32_t)rng_below(m->rng, p.count));
            break;
        case 2: c->a ^= 1u << rng_below(m->rng, 32); break;
        default: c->b = (uint32_t)rng_next(m->rng); break;
        }
    } while (!rng_chance(m->rng, 1, 3));
    return toy_input(m, &p);
}

static struct input *toy_collide(void *self, struct maker *m, const struct input *base)
{
    struct toy_prog p = toy_body(m, base);

    (void)self;
    for (uint32_t i = 0; i + 1 < p.count; i++)
        p.calls[i].is_async = rng_chance(m->rng, 2, 3);
    return p.count < 2 ? NULL : toy_input(m, &p);
}

static struct input *toy_with_fault(void *self, struct maker *m, const struct input *base,
                                    uint32_t part, uint32_t nth)
{
    struct toy_prog p = toy_body(m, base);

    (void)self;
    p.calls[part].fail_nth = nth;
    return toy_input(m, &p);
}

static bool toy_try(struct maker *m, const struct toy_prog *p, uint32_t part, bool second,
                    uint32_t was, uint32_t is, uint8_t bytes,
                    bool (*each)(void *ctx, struct input *mutant), void *ctx)
{
    const uint32_t mask = bytes == 4 ? UINT32_MAX : (1u << bytes * 8) - 1;
    struct toy_prog mutant = *p;
    uint32_t *number = second ? &mutant.calls[part].b : &mutant.calls[part].a;

    if ((*number & mask) != (was & mask) || was == is)
        return true;
    *number = (*number & ~mask) | (is & mask);
    return each(ctx, toy_input(m, &mutant));
}

static void toy_hints(void *self, struct maker *m, const struct input *base, uint32_t part,
                      const struct comparison *comparisons, uint32_t count,
                      bool (*each)(void *ctx, struct input *mutant), void *ctx)
{
    const struct toy_prog p = toy_body(m, base);

    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        const struct comparison *c = &comparisons[i];
        const uint32_t left = (uint32_t)c->left, right = (uint32_t)c->right;
        for (uint32_t second = 0; second < 2; second++)
            if (!toy_try(m, &p, part, second, right, left, c->bytes, each, ctx) ||
                (!c->is_const && !toy_try(m, &p, part, second, left, right, c->bytes, each, ctx)))
                return;
    }
}

static struct input *toy_minimise(void *self, struct maker *m, const struct input *base,
                                  uint32_t *part, enum minimise_mode mode, keep_fn *keep, void *ctx,
                                  const bool *give_up)
{
    struct toy_prog p = toy_body(m, base);
    struct input *best = toy_input(m, &p);
    const uint32_t goal = *part;

    (void)self;
    (void)mode;
    for (uint32_t i = p.count; i-- > 0 && !*give_up;) {
        struct toy_prog less = p;
        const uint32_t now = *part == UINT32_MAX || i > *part ? *part : *part - 1;
        if (i == *part && goal != UINT32_MAX)
            continue;
        toy_remove(&less, i);
        struct input *in = toy_input(m, &less);
        if (in == NULL || !keep(ctx, in, now))
            continue;
        p = less;
        *part = now;
        best = in;
    }
    return best;
}

static uint8_t toy_worth(void *self, const struct input *in, uint32_t part, int32_t error)
{
    (void)self;
    (void)in;
    (void)part;
    return (uint8_t)(error == 0 ? 3 : 1);
}

static void toy_learn(void *self, const struct str *corpus, size_t count)
{
    struct toy *toy = self;
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += corpus[i].size;
    pthread_mutex_lock(&toy->lock);
    toy->learned += bytes != 0;
    pthread_mutex_unlock(&toy->lock);
}

static const char *toy_part_name(void *self, const struct input *in, uint32_t part)
{
    static const char *const names[TOY_OPS] = {"open",  "write", "magic", "key",
                                               "flaky", "new",   "close", "hang"};
    const struct toy_prog *p = in->body;

    (void)self;
    return part >= p->count ? "extra" : names[strchr(toy_ops, p->calls[part].op) - toy_ops];
}

/* ---- running --------------------------------------------------------------------------------- */
struct toy_run {
    struct toy *toy;
    struct toy_slot *slot;
    struct maker *maker;
    const struct run_request *request;
    struct part_outcome *part;
    uint64_t index;
    uint32_t full;
    uint32_t handle;
    bool was_written, magic_1, magic_2, is_dead, is_hung, beside;
};

enum { TOY_SIGNAL_MAX = 24, TOY_COMPARISONS_MAX = 8 };

static void toy_edge(struct toy_run *r, uint32_t edge)
{
    struct part_outcome *p = r->part;
    bool is_known = false;

    for (uint32_t i = 0; i < r->toy->known_count && !r->full; i++)
        is_known |= r->toy->known[i] == edge;
    if (!is_known && r->request->flags & RUN_SIGNAL && p->signal_count < TOY_SIGNAL_MAX)
        ((uint32_t *)(uintptr_t)p->signal)[p->signal_count++] = edge;
    if (r->request->flags & RUN_COVER && p->cover_count < TOY_SIGNAL_MAX)
        ((uint32_t *)(uintptr_t)p->cover)[p->cover_count++] = edge * 2;
}

static bool toy_compare(struct toy_run *r, uint64_t pc, uint32_t left, uint32_t right,
                        uint8_t bytes, bool is_const)
{
    struct part_outcome *p = r->part;

    if (r->request->flags & RUN_COMPARISONS && p->comparison_count < TOY_COMPARISONS_MAX)
        ((struct comparison *)(uintptr_t)p->comparisons)[p->comparison_count++] =
            (struct comparison){pc, left, right, bytes, is_const};
    return left == right;
}

static void toy_found(struct toy_run *r, enum toy_find find)
{
    uint64_t none = 0;

    atomic_compare_exchange_strong(&r->toy->found[find], &none, r->index);
    r->is_dead |= find >= CRASH_DEEP;
}

static void toy_magic(struct toy_run *r, const struct toy_call *c)
{
    if (!toy_compare(r, 0x1000, 0xdeadbeef, c->a, 4, true))
        return;
    toy_edge(r, 31);
    toy_found(r, TOY_MAGIC_1);
    r->magic_1 = true;
    if (!toy_compare(r, 0x2000, 0x1234, c->b & 0xffff, 2, true))
        return;
    toy_edge(r, 32);
    toy_found(r, TOY_MAGIC_2);
    r->magic_2 = true;
}

static void toy_new(struct toy_run *r, const struct toy_call *c)
{
    toy_edge(r, 60);
    if (c->fail_nth == 0 || c->fail_nth > 3)
        return;
    r->part->flags |= PART_FAULT;
    r->part->error = 12;
    toy_edge(r, 60 + c->fail_nth);
    if (c->fail_nth == 3)
        toy_found(r, CRASH_FAULT);
}

/* One call; its error, 0 for success. */
static int32_t toy_call_run(struct toy_run *r, const struct toy_call *c)
{
    const bool was_beside = r->beside;

    r->beside = c->is_async;
    if (c->op == 'o') {
        toy_edge(r, 10);
        r->handle = 0x5a5a0000 + (c->a & 0xff);
        return 0;
    }
    if (c->op == 'f') {
        toy_edge(r, 50);
        if (rng_chance(&r->slot->rng, 1, 10))
            toy_edge(r, 51);
        return 0;
    }
    if (c->op == 'n') {
        toy_new(r, c);
        return r->part->error;
    }
    if (c->op == 'h') {
        toy_edge(r, 80);
        r->is_hung = c->b == 0x7fffffff;
        return 0;
    }
    if (r->handle == 0) {
        toy_edge(r, 1 + (uint32_t)(strchr(toy_ops, c->op) - toy_ops));
        return 9;
    }
    switch (c->op) {
    case 'w':
        toy_edge(r, 100 + (c->a & 63));
        r->was_written = true;
        if (was_beside)
            toy_found(r, CRASH_RACE);
        break;
    case 'm':
        toy_edge(r, 30);
        toy_magic(r, c);
        break;
    case 'k':
        toy_edge(r, 40);
        if (toy_compare(r, 0x3000, r->handle, c->a, 4, false)) {
            toy_edge(r, 41);
            toy_found(r, TOY_KEY);
        }
        break;
    default:
        toy_edge(r, 70);
        r->handle = 0;
        if (r->magic_1 && r->magic_2 && r->was_written)
            toy_found(r, CRASH_DEEP);
    }
    return 0;
}

static void toy_run_input(void *self, void *slot, struct maker *m, const struct input *in,
                          const struct run_request *request, struct outcome *out)
{
    struct toy *toy = self;
    const struct toy_prog p = toy_body(m, in);
    struct toy_run r = {.toy = toy, .slot = slot, .maker = m, .request = request};

    r.index = atomic_fetch_add(&toy->runs, 1) + 1;
    out->part_count = p.count;
    if (toy->deaths_of != 0 && rng_chance(&r.slot->rng, 1, toy->deaths_of)) {
        out->end = RUN_DEAD;
        return;
    }
    if (toy->broken_of != 0 && rng_chance(&r.slot->rng, 1, toy->broken_of)) {
        out->end = RUN_BROKEN;
        return;
    }
    pthread_mutex_lock(&toy->lock);
    for (uint32_t i = 0; i < p.count && !r.is_dead && !r.is_hung; i++) {
        r.part = &out->parts[i];
        r.full = request->full_signal >> i & 1;
        r.part->signal = arena_new(m->arena, uint32_t, TOY_SIGNAL_MAX);
        r.part->cover = arena_new(m->arena, uint32_t, TOY_SIGNAL_MAX);
        r.part->comparisons = arena_new(m->arena, struct comparison, TOY_COMPARISONS_MAX);
        r.part->error = toy_call_run(&r, &p.calls[i]);
        r.part->flags |= PART_EXECUTED | PART_FINISHED;
    }
    pthread_mutex_unlock(&toy->lock);
    out->elapsed_ns = 1000 + (uint64_t)p.count * 1000;
    out->host_ns = out->elapsed_ns + 500;
    out->end = r.is_dead ? RUN_DEAD : r.is_hung ? RUN_HUNG : RUN_DONE;
}

static void toy_know(void *self, const uint32_t *edges, size_t count)
{
    struct toy *toy = self;

    pthread_mutex_lock(&toy->lock);
    for (size_t i = 0; i < count && toy->known_count < sizeof(toy->known) / 4; i++)
        toy->known[toy->known_count++] = edges[i];
    pthread_mutex_unlock(&toy->lock);
}

static struct target toy_target(struct toy *toy)
{
    return (struct target){.name = "toy",
                           .self = toy,
                           .generate = toy_generate,
                           .mutate = toy_mutate,
                           .collide = toy_collide,
                           .with_fault = toy_with_fault,
                           .hints = toy_hints,
                           .minimise = toy_minimise,
                           .parse = toy_parse,
                           .worth = toy_worth,
                           .learn = toy_learn,
                           .part_name = toy_part_name,
                           .run = toy_run_input,
                           .know = toy_know};
}

#endif /* TESTS_UNIT_TOY_H */
