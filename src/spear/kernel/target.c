/* target: programs of system calls as inputs of the engine. An input's body is its parsed program,
 * in the maker's arena; the text is printed from it once it is final.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/target_int.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX = 1024 };

void kernel_say(struct kernel_target *k, const char *fmt, ...)
{
    char line[LINE_MAX];
    va_list ap;

    if (k->options.log == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    k->options.log(k->options.ctx, line);
}

/* ---- inputs and programs ---- */

static struct input *input_of(struct arena *a, struct syz_prog *p)
{
    struct buf text;
    struct input *in = arena_new(a, struct input, 1);

    if (p == NULL || p->count == 0)
        return NULL;
    buf_init(&text, a);
    syz_prog_print(&text, p);
    in->text = (struct str){(const char *)text.data, text.size};
    in->body = p;
    in->parts = p->count;
    return in;
}

/* The program of a text; NULL when nothing of it is left. */
static struct syz_prog *prog_of_text(struct kernel_target *k, struct arena *a, struct str text)
{
    struct syz_prog *p = NULL;
    struct diag dg = {0};

    if (syz_prog_parse(a, k->syz, text, SYZ_REPAIR, &p, &dg) != ST_OK || p->count == 0)
        return NULL;
    return p;
}

/* Inputs that come out of the corpus have a text only. */
static struct syz_prog *prog_of(struct kernel_target *k, struct arena *a, const struct input *in)
{
    return in->body != NULL ? in->body : prog_of_text(k, a, in->text);
}

/* ---- making ---- */

struct making {
    struct kernel_target *k;
    struct maker *m;
    struct choice_box *box;
    struct syz_random how;
};

static const struct syz_prog *choose_from_corpus(void *ctx, struct rng *r)
{
    struct making *making = ctx;
    struct str text;

    if (making->m->choose == NULL || !making->m->choose(making->m->choose_ctx, r, &text))
        return NULL;
    return prog_of_text(making->k, making->m->arena, text);
}

static void making_begin(struct making *making, struct kernel_target *k, struct maker *m)
{
    *making = (struct making){.k = k, .m = m, .box = kernel_choice_take(k)};
    making->how = (struct syz_random){
        .rng = m->rng,
        .choice = making->box->choice,
        .corpus = choose_from_corpus,
        .corpus_ctx = making,
        .no_mutate = k->no_mutate,
        .is_blind = k->options.is_blind,
    };
}

/* What is made is made inside a guard of its own, so that an arena that runs full does not keep
 * the choice table. */
struct make_job {
    struct making making;
    struct str base; /* empty: generate */
    struct input *made;
};

static enum status make_guarded(void *ctx, struct diag *dg)
{
    struct make_job *job = ctx;
    struct arena *a = job->making.m->arena;
    struct syz_prog *p = NULL;

    (void)dg;
    if (job->base.size == 0) {
        p = syz_generate(a, &job->making.how, SYZ_CALLS_USUAL);
    } else {
        p = prog_of_text(job->making.k, a, job->base);
        if (p != NULL)
            syz_mutate(p, &job->making.how, SYZ_CALLS_USUAL);
    }
    if (p != NULL)
        kernel_avoid_strip(job->making.k, p, job->making.m->rng);
    job->made = input_of(a, p);
    return ST_OK;
}

static struct input *make(struct kernel_target *k, struct maker *m, struct str base)
{
    struct make_job job = {.base = base};
    struct diag dg = {0};

    making_begin(&job.making, k, m);
    enum status st = arena_guard(m->arena, make_guarded, &job, &dg);
    kernel_choice_give(k, job.making.box);
    return st == ST_OK ? job.made : NULL;
}

static struct input *target_generate(void *self, struct maker *m)
{
    return make(self, m, (struct str){0});
}

static struct input *target_mutate(void *self, struct maker *m, struct str base)
{
    return make(self, m, base);
}

static struct input *target_collide(void *self, struct maker *m, const struct input *base)
{
    struct syz_prog *p = prog_of(self, m->arena, base);

    if (p == NULL)
        return NULL;
    p = syz_prog_clone(m->arena, p);
    syz_collide(p, m->rng);
    struct input *in = input_of(m->arena, p);
    return in == NULL || str_equal(in->text, base->text) ? NULL : in;
}

static struct input *target_with_fault(void *self, struct maker *m, const struct input *base,
                                       uint32_t part, uint32_t nth)
{
    struct syz_prog *p = prog_of(self, m->arena, base);

    if (p == NULL || part >= p->count)
        return NULL;
    p = syz_prog_clone(m->arena, p);
    p->steps[part].props.fail_nth = nth;
    return input_of(m->arena, p);
}

/* ---- hints ---- */

struct hints_job {
    struct arena *arena;
    bool (*each)(void *ctx, struct input *mutant);
    void *ctx;
};

static bool each_hint(void *ctx, struct syz_prog *mutant)
{
    struct hints_job *job = ctx;
    struct input *in = input_of(job->arena, mutant);

    return in == NULL || job->each(job->ctx, in);
}

static void target_hints(void *self, struct maker *m, const struct input *base, uint32_t part,
                         const struct comparison *comparisons, uint32_t count,
                         bool (*each)(void *ctx, struct input *mutant), void *ctx)
{
    struct hints_job job = {m->arena, each, ctx};
    struct syz_prog *p = prog_of(self, m->arena, base);
    struct syz_comparison *list = arena_new(m->arena, struct syz_comparison, count);

    if (p == NULL || part >= p->count)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const struct comparison *c = &comparisons[i];
        list[i] = (struct syz_comparison){c->pc, c->left, c->right, c->bytes, c->is_const};
    }
    syz_hints(m->arena, p, part, list, count, each_hint, &job);
}

/* ---- minimising ---- */

struct minimise_job {
    struct arena *arena;
    keep_fn *keep;
    void *ctx;
};

static bool keep_program(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    struct minimise_job *job = ctx;
    /* The engine reads the body and never changes it. */
    struct input *in = input_of(job->arena, syz_prog_clone(job->arena, candidate));

    return in != NULL && job->keep(job->ctx, in, step);
}

static struct input *target_minimise(void *self, struct maker *m, const struct input *base,
                                     uint32_t *part, enum minimise_mode mode, keep_fn *keep,
                                     void *ctx, const bool *give_up)
{
    static const enum syz_minimise_mode modes[] = {
        [MINIMISE_CORPUS] = SYZ_MINIMISE_CORPUS,
        [MINIMISE_CALLS] = SYZ_MINIMISE_CALLS,
        [MINIMISE_CRASH] = SYZ_MINIMISE_CRASH,
    };
    struct minimise_job job = {m->arena, keep, ctx};
    struct syz_prog *p = prog_of(self, m->arena, base);

    if (p == NULL)
        return NULL;
    return input_of(m->arena,
                    syz_minimise(m->arena, p, part, modes[mode], keep_program, &job, give_up));
}

/* ---- reading ---- */

static void drop_disabled(const struct kernel_target *k, struct syz_prog *p)
{
    for (uint32_t i = p->count; i-- > 0;)
        if (!k->enabled[p->steps[i].call->id])
            syz_prog_remove(p, i);
}

static struct input *target_parse(void *self, struct maker *m, struct str text, bool *is_off,
                                  struct diag *dg)
{
    struct kernel_target *k = self;
    struct syz_prog *p = NULL;

    *is_off = false;
    if (syz_prog_parse(m->arena, k->syz, text, SYZ_REPAIR, &p, dg) != ST_OK)
        return NULL;
    uint32_t count = p->count;
    drop_disabled(k, p);
    if (p->count == 0) {
        *is_off = count != 0;
        diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                  count == 0 ? "no call in it is described" : "its calls are all switched off");
        return NULL;
    }
    for (uint32_t i = 0; i < p->count; i++)
        syz_step_assign_sizes(p, &p->steps[i]);
    syz_prog_neutralise(p);
    return input_of(m->arena, p);
}

static uint8_t target_worth(void *self, const struct input *in, uint32_t part, int32_t error)
{
    const struct syz_prog *p = in->body;

    (void)self;
    if (p == NULL || part >= p->count)
        return 0; /* what happens elsewhere */
    return (uint8_t)((error == 0 ? 2 : 0) | (syz_step_has_any(&p->steps[part]) ? 0 : 1));
}

static const char *target_part_name(void *self, const struct input *in, uint32_t part)
{
    const struct kernel_target *k = self;
    const struct syz_prog *p = in->body;

    if (p == NULL || part >= p->count)
        return "extra";
    return k->names[p->steps[part].call->id];
}

static void target_learn(void *self, const struct str *corpus, size_t count)
{
    struct kernel_target *k = self;
    struct diag dg = {0};

    if (kernel_choice_build(k, corpus, count, &dg) != ST_OK)
        kernel_say(k, "the table of calls stays as it is: %s", dg.text);
}

/* ---- opening ---- */

static void say_errors(struct kernel_target *k)
{
    for (uint32_t i = 0; i < k->errors.count; i++) {
        const struct syz_error *e = &k->errors.items[i];
        struct str path = syz_path_of(&k->sources, e->pos.file);
        kernel_say(k, "%.*s:%u:%u: %s", STR_ARG(path), e->pos.line, e->pos.column, e->text);
    }
}

static enum status compile(struct kernel_target *k, struct diag *dg)
{
    const struct syz_arch *arch =
        syz_arch_find(k->options.arch != NULL ? k->options.arch : "amd64");
    const struct kernel_words *words = &k->options.descriptions;

    if (arch == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "there is no machine called %s",
                         k->options.arch);
    for (uint32_t i = 0; i < words->count; i++)
        TRY(syz_load(words->items[i], &k->sources, &k->arena, dg));
    if (words->count == 0) {
        const char *path = NULL;
        TRY(syz_descriptions_default(&k->arena, &path, dg));
        TRY(syz_load(path, &k->sources, &k->arena, dg));
    }
    k->errors.arena = &k->arena;
    enum status st = syz_compile(&k->sources, arch, &k->arena, &k->errors, &k->syz, dg);
    if (st != ST_OK && k->errors.total != 0) {
        const struct syz_error *e = &k->errors.items[0];
        struct str path = syz_path_of(&k->sources, e->pos.file);
        say_errors(k);
        return diag_fail(dg, st, DIAG_NO_OFFSET, "%.*s:%u:%u: %s (%u errors; see mujun desc check)",
                         STR_ARG(path), e->pos.line, e->pos.column, e->text, k->errors.total);
    }
    return st;
}

static enum status open_guarded(void *ctx, struct diag *dg)
{
    struct kernel_target *k = ctx;

    TRY(compile(k, dg));
    k->names = arena_new(&k->arena, const char *, k->syz->call_count);
    for (uint32_t i = 0; i < k->syz->call_count; i++)
        k->names[i] =
            arena_copy_text(&k->arena, k->syz->calls[i].name.text, k->syz->calls[i].name.size);
    return kernel_calls_choose(k, dg);
}

static const struct target functions = {
    .name = "linux",
    .generate = target_generate,
    .mutate = target_mutate,
    .collide = target_collide,
    .with_fault = target_with_fault,
    .hints = target_hints,
    .minimise = target_minimise,
    .parse = target_parse,
    .worth = target_worth,
    .learn = target_learn,
    .part_name = target_part_name,
    .run = kernel_run,
    .know = kernel_know,
};

enum status kernel_open(const struct kernel_options *options, struct kernel_target **out,
                        struct diag *dg)
{
    struct kernel_target *k = mem_alloc(1, sizeof(*k));

    if (k == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a target of %zu bytes", sizeof(*k));
    k->options = *options;
    k->target = functions;
    k->target.self = k;
    pthread_mutex_init(&k->lock, NULL);
    pthread_mutex_init(&k->symbols_lock, NULL);
    arena_init(&k->arena, KERNEL_ARENA_BYTES);
    enum status st = arena_guard(&k->arena, open_guarded, k, dg);
    if (st == ST_OK)
        st = kernel_choice_build(k, NULL, 0, dg);
    if (st == ST_OK && options->vm != NULL) {
        struct vm_options vm = *options->vm;
        vm.is_crash = kernel_is_crash;
        vm.ctx = k;
        vm.log = NULL;
        st = vm_pool_open(&vm, &k->pool, dg);
    }
    kernel_machine_kind(k);
    if (st != ST_OK) {
        kernel_close(k);
        return st;
    }
    *out = k;
    return ST_OK;
}

void kernel_close(struct kernel_target *k)
{
    if (k == NULL)
        return;
    if (k->pool != NULL)
        vm_pool_close(k->pool);
    if (k->box != NULL)
        kernel_choice_give(k, k->box);
    if (k->symbols != NULL)
        symbols_close(k->symbols);
    pthread_mutex_destroy(&k->symbols_lock);
    pthread_mutex_destroy(&k->lock);
    arena_free(&k->arena);
    mem_free(k);
}

const struct target *kernel_as_target(const struct kernel_target *k)
{
    return &k->target;
}

const struct machine_kind *kernel_machines(const struct kernel_target *k)
{
    return &k->kind;
}

const struct syz_target *kernel_descriptions(const struct kernel_target *k)
{
    return k->syz;
}

struct vm_pool *kernel_pool(const struct kernel_target *k)
{
    return k->pool;
}

const char *kernel_why_off(const struct kernel_target *k, uint32_t call_id)
{
    return k->why_off[call_id];
}
