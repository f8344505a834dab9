/* worker: takes a piece of work, and runs inputs. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/engine/engine_int.h"

#include <string.h>
#include <time.h>

enum {
    BROKEN_RETRIES = 3,         /* of a run that the machine could not do */
    IDLE_NS = 50 * 1000 * 1000, /* when there is nothing to run at all */
};

/* The texts of the corpus stay while the worker is in its unit. */
static bool choose_text(void *ctx, struct rng *rng, struct str *text)
{
    struct engine *e = ctx;

    engine_lock(e);
    const bool found = corpus_choose(&e->corpus, rng, text);
    engine_unlock(e);
    return found;
}

struct worker *worker_new(struct engine *e, void *slot, uint32_t id)
{
    struct worker *w = mem_alloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->engine = e;
    w->slot = slot;
    w->id = id;
    arena_init(&w->arena, WORKER_ARENA_BYTES);
    w->maker =
        (struct maker){.arena = &w->arena, .rng = &w->rng, .choose = choose_text, .choose_ctx = e};
    engine_lock(e);
    rng_seed(&w->rng, e->options.seed + e->workers_born++ * UINT64_C(0x9e3779b97f4a7c15));
    corpus_reader_add(&e->corpus, &w->reader);
    engine_unlock(e);
    return w;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    engine_lock(w->engine);
    corpus_reader_remove(&w->engine->corpus, &w->reader);
    engine_unlock(w->engine);
    arena_free(&w->arena);
    mem_free(w);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- running --------------------------------------------------------------------------------- */
uint64_t part_bit(uint32_t part)
{
    return UINT64_C(1) << part;
}

const struct part_outcome *outcome_part(const struct outcome *out, uint32_t part)
{
    static const struct part_outcome none;

    if (part == PART_EXTRA)
        return &out->parts[out->part_count];
    return part < out->part_count ? &out->parts[part] : &none;
}

struct edge_list worker_signal(struct worker *w, const struct outcome *out, uint32_t part)
{
    const struct part_outcome *p = outcome_part(out, part);
    uint32_t *edges = arena_new(&w->arena, uint32_t, p->signal_count);

    if (p->signal_count != 0)
        memcpy(edges, p->signal, p->signal_count * sizeof(*edges));
    return (struct edge_list){edges, edges_sort(edges, p->signal_count)};
}

struct input *worker_parse(struct worker *w, struct str text, bool *is_off)
{
    const struct target *t = w->engine->options.target;
    struct diag dg = {0};

    *is_off = false;
    return t->parse(t->self, &w->maker, text, is_off, &dg);
}

static void count_run(struct engine *e, enum stat_id stat, const struct outcome *out)
{
    struct stats *s = &e->stats;
    uint32_t calls = 0;

    for (uint32_t i = 0; i < out->part_count; i++)
        calls += out->parts[i].flags & PART_EXECUTED;
    stat_add(s, STAT_exec_total, 1);
    stat_add(s, stat, 1);
    stat_add(s, STAT_calls_total, calls);
    stat_add(s, STAT_hung_total, out->end == RUN_HUNG);
    stat_add(s, STAT_guest_calls_ns, out->inside_ns);
    stat_add(s, STAT_guest_total_ns, out->elapsed_ns);
    stat_add(s, STAT_transport_ns, out->host_ns - MIN(out->elapsed_ns, out->host_ns));
}

bool worker_run(struct worker *w, const struct input *in, const struct run_plan *plan,
                struct outcome *out, uint32_t *fresh)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    const struct run_request request = {
        .flags = plan->flags, .full_signal = plan->full_signal, .what = stat_name(plan->stat)};

    for (uint32_t i = 0; i < BROKEN_RETRIES; i++) {
        memset(out, 0, sizeof(*out));
        const uint64_t start_ns = now_ns();
        t->run(t->self, w->slot, &w->maker, in, &request, out);
        w->run_ns += now_ns() - start_ns;
        if (out->end != RUN_BROKEN)
            break;
        stat_add(&e->stats, STAT_broken_total, 1);
    }
    w->has_failed = out->end == RUN_BROKEN || out->end == RUN_DEAD;
    if (out->end == RUN_BROKEN)
        return false;
    out->part_count = MIN(out->part_count, (uint32_t)PART_EXTRA);
    count_run(e, plan->stat, out);
    if (out->end == RUN_DEAD) {
        w->is_dead = true;
        return false;
    }
    if (fresh != NULL)
        *fresh = 0;
    /* What did not end in time is not to be kept, so that its signal stays unseen. */
    if (out->end == RUN_HUNG || (plan->flags & RUN_SIGNAL) == 0)
        return true;
    const uint32_t news = news_take(w, in, out, plan->seek);
    if (fresh != NULL)
        *fresh = news;
    return true;
}

/* ---- fuzzing --------------------------------------------------------------------------------- */
static struct input *make_input(struct worker *w, enum stat_id *stat)
{
    enum { GENERATE_OF = 20, GENERATE_OF_BLIND = 2 }; /* one of so many is generated */
    const struct engine_options *o = &w->engine->options;
    const struct target *t = o->target;
    const bool is_blind = o->level < LEVEL_GUIDED || !o->has_signal_feedback;
    struct str base;
    bool generates = rng_chance(&w->rng, 1, is_blind ? GENERATE_OF_BLIND : GENERATE_OF);

    generates = o->level == LEVEL_RANDOM || (o->level != LEVEL_CAPTURED && generates);
    if (!generates && choose_text(w->engine, &w->rng, &base)) {
        *stat = STAT_exec_fuzz;
        return t->mutate(t->self, &w->maker, base);
    }
    *stat = STAT_exec_generate;
    return o->level == LEVEL_CAPTURED ? NULL : t->generate(t->self, &w->maker);
}

static void rest(struct worker *w)
{
    struct engine *e = w->engine;
    const struct timespec pause = {.tv_nsec = IDLE_NS};

    engine_lock(e);
    const bool was_logged = e->idle_logged;
    e->idle_logged = true;
    engine_unlock(e);
    if (!was_logged)
        engine_log(e,
                   e->options.level == LEVEL_CAPTURED
                       ? "there is nothing to mutate: this level needs seeds"
                       : "target %s makes no inputs: is everything switched off?",
                   e->options.target->name);
    nanosleep(&pause, NULL);
    w->run_ns += IDLE_NS; /* resting is not work */
}

static void work_fuzz(struct worker *w)
{
    enum { COLLIDE_OF = 3 };
    const struct target *t = w->engine->options.target;
    struct run_plan plan = {.flags = RUN_SIGNAL, .seek = true};
    struct outcome out;
    struct input *in = make_input(w, &plan.stat);

    if (in == NULL) {
        rest(w);
        return;
    }
    if (w->engine->options.collide && t->collide != NULL && rng_chance(&w->rng, 1, COLLIDE_OF)) {
        struct input *beside = t->collide(t->self, &w->maker, in);
        if (beside != NULL) {
            in = beside;
            plan = (struct run_plan){.stat = STAT_exec_collide};
        }
    }
    worker_run(w, in, &plan, &out, NULL);
}

/* ---- a unit of work -------------------------------------------------------------------------- */
/* The next piece of deeper work. Hints find what chance does not, so they go first; but every few
 * turns the others do, so that an input with many comparisons does not hold them up. */
static struct job *take_deep_job(struct worker *w)
{
    static const enum queue_id turns[][4] = {
        {QUEUE_HINTS,      QUEUE_FAULTS, QUEUE_HINTS_REST, QUEUE_SMASH     },
        {QUEUE_HINTS,      QUEUE_SMASH,  QUEUE_FAULTS,     QUEUE_HINTS_REST},
        {QUEUE_FAULTS,     QUEUE_HINTS,  QUEUE_HINTS_REST, QUEUE_SMASH     },
        {QUEUE_HINTS_REST, QUEUE_SMASH,  QUEUE_HINTS,      QUEUE_FAULTS    },
    };
    const enum queue_id *turn = turns[w->deep_turns++ % LENGTH_OF(turns)];
    struct job *job = NULL;

    for (uint32_t i = 0; job == NULL && i < LENGTH_OF(turns[0]); i++)
        job = queue_pop(&w->engine->queues[turn[i]]);
    return job;
}

/* The next job by the order of the queues; NULL: fuzz. */
static struct job *take_job(struct worker *w)
{
    struct engine *e = w->engine;
    struct job *job = NULL;

    engine_lock(e);
    /* What the corpus of the start brings is seen to first. After that hints do not wait until all
     * shallow signal is sorted: what is behind a comparison may be worth more. */
    if (e->queues[QUEUE_CANDIDATES].count == 0 && ++w->turns % TRIAGE_OF == 0)
        job = queue_pop(&e->queues[QUEUE_HINTS]);
    for (uint32_t q = 0; job == NULL && q < QUEUE_HINTS; q++)
        job = queue_pop(&e->queues[q]);
    if (job == NULL && ++w->polls % DEEP_OF != 0)
        job = take_deep_job(w);
    if (job != NULL && job->flags & JOB_FROM_OUTSIDE)
        e->outside_running++;
    engine_publish(e);
    engine_unlock(e);
    return job;
}

/* Frees the job, or puts it back where it came from when it is not done. */
static void end_job(struct worker *w, struct job *job, bool is_done)
{
    struct engine *e = w->engine;

    engine_lock(e);
    if (job->flags & JOB_FROM_OUTSIDE)
        e->outside_running--;
    if (!is_done)
        queue_push(&e->queues[engine_home(job)], job);
    engine_publish(e);
    engine_unlock(e);
    if (is_done)
        job_free(job);
}

/* What a unit leaves behind, read after a possible unwinding. */
struct unit {
    struct worker *worker;
    bool is_done;
};

static enum status run_unit(void *ctx, struct diag *dg)
{
    struct unit *unit = ctx;
    struct worker *w = unit->worker;
    struct job *job = w->job;

    (void)dg;
    if (job == NULL) {
        work_fuzz(w);
        return ST_OK;
    }
    switch (job->kind) {
    case JOB_CANDIDATE: unit->is_done = work_candidate(w, job); break;
    case JOB_TRIAGE: unit->is_done = work_triage(w, job); break;
    case JOB_MINIMISE: unit->is_done = work_minimise(w, job); break;
    case JOB_HINTS: unit->is_done = work_hints(w, job); break;
    case JOB_FAULTS: unit->is_done = work_faults(w, job); break;
    case JOB_SMASH: unit->is_done = work_smash(w, job); break;
    }
    return ST_OK;
}

bool worker_step(struct worker *w)
{
    struct engine *e = w->engine;
    struct unit unit = {.worker = w};
    struct diag dg = {0};
    const uint64_t start_ns = now_ns();

    w->is_dead = w->has_failed = false;
    w->run_ns = 0;
    w->job = take_job(w);
    engine_lock(e);
    corpus_reader_enter(&e->corpus, &w->reader);
    engine_unlock(e);
    const struct arena_mark mark = arena_mark(&w->arena);
    if (arena_guard(&w->arena, run_unit, &unit, &dg) != ST_OK) {
        engine_log(e, "a piece of work was given up: %s", dg.text);
        unit.is_done = true;
    }
    arena_release(&w->arena, mark);
    engine_lock(e);
    corpus_reader_leave(&e->corpus, &w->reader);
    engine_unlock(e);
    if (w->job != NULL)
        end_job(w, w->job, unit.is_done);
    w->job = NULL;
    stat_add(&e->stats, STAT_host_ns, now_ns() - start_ns - w->run_ns);
    return !w->is_dead;
}
