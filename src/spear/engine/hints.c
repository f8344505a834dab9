/* hints: values that the code under test compares with, put into the input in place of those it
 * compares. (Facts 4.6.) SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/engine/engine_int.h"

#include <stdlib.h>
#include <string.h>

/* ---- a place's comparisons are used so often and no more ------------------------------------- */
static struct pc_count *pc_place(const struct pc_counts *t, uint64_t pc)
{
    const uint32_t mask = (UINT32_C(1) << t->log2) - 1;
    uint32_t at = (uint32_t)(pc * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

    while (t->places[at].pc != 0 && t->places[at].pc != pc)
        at = (at + 1) & mask;
    return &t->places[at];
}

static bool pc_room(struct pc_counts *t)
{
    enum { LOG2_FIRST = 8, LOG2_MAX = 22 };
    const struct pc_counts old = *t;

    if (t->log2 != 0 && t->count * 2 < UINT32_C(1) << t->log2)
        return true;
    if (t->log2 == LOG2_MAX)
        return false;
    t->log2 = t->log2 == 0 ? LOG2_FIRST : t->log2 + 1;
    t->places = mem_alloc((size_t)1 << t->log2, sizeof(*t->places));
    if (t->places == NULL) {
        *t = old;
        return false;
    }
    for (uint32_t i = 0; old.log2 != 0 && i < UINT32_C(1) << old.log2; i++)
        if (old.places[i].pc != 0)
            *pc_place(t, old.places[i].pc) = old.places[i];
    mem_free(old.places);
    return true;
}

/* True when the place may be used once more; counts it. */
static bool pc_use(struct pc_counts *t, uint64_t pc)
{
    if (!pc_room(t))
        return true; /* without a count there is no limit */
    struct pc_count *place = pc_place(t, pc);
    if (place->pc == 0) {
        place->pc = pc;
        t->count++;
    }
    return place->used++ < PC_HINTS_MAX;
}

/* ---- which comparisons are there every time -------------------------------------------------- */
static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_all(const void *x, const void *y)
{
    const struct comparison *a = x, *b = y;
    int order = compare_numbers(a->pc, b->pc);

    order = order != 0 ? order : compare_numbers(a->left, b->left);
    order = order != 0 ? order : compare_numbers(a->right, b->right);
    order = order != 0 ? order : compare_numbers(a->bytes, b->bytes);
    return order != 0 ? order : compare_numbers(a->is_const, b->is_const);
}

struct comparisons {
    struct comparison *at;
    uint32_t count;
};

/* The comparisons of a part in order and without repeats, in the arena. */
static struct comparisons sorted(struct worker *w, const struct part_outcome *p)
{
    struct comparisons s = {arena_new(&w->arena, struct comparison, p->comparison_count), 0};

    for (uint32_t i = 0; i < p->comparison_count; i++)
        s.at[i] = p->comparisons[i];
    if (p->comparison_count > 1)
        qsort(s.at, p->comparison_count, sizeof(*s.at), by_all);
    for (uint32_t i = 0; i < p->comparison_count; i++)
        if (s.count == 0 || by_all(&s.at[s.count - 1], &s.at[i]) != 0)
            s.at[s.count++] = s.at[i];
    return s;
}

static void keep_common(struct comparisons *a, const struct comparisons *b)
{
    uint32_t kept = 0;

    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        const int order = by_all(&a->at[i], &b->at[j]);
        if (order == 0)
            a->at[kept++] = a->at[i];
        i += order <= 0;
        j += order >= 0;
    }
    a->count = kept;
}

/* What is most telling first: constants of the code under test, and wide ones before narrow. */
static int by_promise(const void *x, const void *y)
{
    const struct comparison *a = x, *b = y;

    if (a->is_const != b->is_const)
        return a->is_const ? -1 : 1;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return by_all(x, y);
}

static bool count_one(void *ctx, struct input *mutant)
{
    uint32_t *count = ctx;

    (void)mutant;
    return ++*count <= HINTS_FEW;
}

/* How many mutants they make; more than HINTS_FEW is not counted. */
static uint32_t count_mutants(struct worker *w, const struct job *job, const struct input *in,
                              const struct comparisons *all)
{
    const struct target *t = w->engine->options.target;
    uint32_t count = 0;

    if (all->count != 0)
        t->hints(t->self, &w->maker, in, job->parts[0].part, all->at, all->count, count_one,
                 &count);
    return count;
}

/* Those whose place may still be used. */
static void limit_places(struct engine *e, struct comparisons *all)
{
    uint32_t kept = 0;
    bool may_use = false;

    engine_lock(e);
    for (uint32_t i = 0; i < all->count; i++) {
        if (i == 0 || all->at[i].pc != all->at[i - 1].pc)
            may_use = pc_use(&e->pcs, all->at[i].pc);
        if (may_use)
            all->at[kept++] = all->at[i];
    }
    engine_unlock(e);
    all->count = kept;
}

/* Runs the input and puts its comparisons into the job. A third of them differ from run to run:
 * when they make more than a few mutants, it pays to run it again and take the common ones. False
 * when there are none, or the machine has died. */
static bool trace(struct worker *w, struct job *job, const struct input *in)
{
    const struct run_plan plan = {.stat = STAT_exec_seeds, .flags = RUN_COMPARISONS};
    struct comparisons all = {0};

    for (uint32_t i = 0; i < HINTS_TRACES; i++) {
        struct outcome out;
        if (!worker_run(w, in, &plan, &out, NULL))
            return false;
        const struct comparisons run = sorted(w, outcome_part(&out, job->parts[0].part));
        if (i == 0)
            all = run;
        else
            keep_common(&all, &run);
        const uint32_t mutants = count_mutants(w, job, in, &all);
        if (mutants == 0)
            return false;
        if (mutants <= HINTS_FEW)
            break;
    }
    limit_places(w->engine, &all);
    if (all.count == 0)
        return false;
    qsort(all.at, all.count, sizeof(*all.at), by_promise);
    job->comparisons = mem_alloc(all.count, sizeof(*all.at));
    if (job->comparisons == NULL)
        return false;
    memcpy(job->comparisons, all.at, all.count * sizeof(*all.at));
    job->comparison_count = all.count;
    while (job->const_count < all.count && all.at[job->const_count].is_const)
        job->const_count++;
    job->flags |= JOB_TRACED;
    return true;
}

/* ---- trying ---------------------------------------------------------------------------------- */
struct trying {
    struct worker *worker;
    struct job *job;
    uint32_t skip; /* mutants that earlier units have run */
    uint32_t left; /* mutants of this unit */
};

static bool try_one(void *ctx, struct input *mutant)
{
    const struct run_plan plan = {.stat = STAT_exec_hints, .flags = RUN_SIGNAL, .seek = true};
    struct trying *t = ctx;
    struct worker *w = t->worker;
    struct outcome out;

    if (t->skip > 0) {
        t->skip--;
        return true;
    }
    if (t->left == 0)
        return false;
    t->left--;
    t->job->done++;
    worker_run(w, mutant, &plan, &out, NULL);
    /* The machine may have died of a neighbour: once, the mutant gets another chance. */
    if (w->has_failed && ++t->job->deaths < DEATHS_MAX)
        t->job->done--;
    return !w->has_failed;
}

bool work_hints(struct worker *w, struct job *job)
{
    const struct target *t = w->engine->options.target;
    const uint32_t part = job->parts[0].part;
    bool is_off;
    struct input *in = worker_parse(w, job->text, &is_off);

    if (in == NULL || t->hints == NULL || part >= in->parts)
        return true;
    if ((job->flags & JOB_TRACED) == 0 && !trace(w, job, in))
        return !w->has_failed || ++job->deaths >= DEATHS_MAX;
    const bool is_rest = job->flags & JOB_REST;
    const struct comparison *from = job->comparisons + (is_rest ? job->const_count : 0);
    const uint32_t count = is_rest ? job->comparison_count - job->const_count : job->const_count;
    struct trying trying = {.worker = w, .job = job, .skip = job->done, .left = HINTS_UNIT};
    if (count != 0)
        t->hints(t->self, &w->maker, in, part, from, count, try_one, &trying);
    /* What is left of the unit says that the mutants have come to their end. */
    if (w->has_failed || (trying.left == 0 && job->done < HINTS_MAX))
        return false;
    job->flags |= JOB_REST;
    job->done = 0;
    return is_rest;
}
