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
    rng_seed(&w->rng, e->options.seed + id * UINT64_C(0x9e3779b97f4a7c15));
    arena_init(&w->arena, WORKER_ARENA_BYTES);
    w->maker =
        (struct maker){.arena = &w->arena, .rng = &w->rng, .choose = choose_text, .choose_ctx = e};
    engine_lock(e);
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

/* What is new of one run: room for all of its edges, part after part. */
struct news {
    uint32_t *edges;
    uint32_t counts[TARGET_PARTS_MAX]; /* by part; [PART_EXTRA] */
    uint8_t worths[TARGET_PARTS_MAX];
    uint32_t total, unknown; /* unknown: of them, not even seen for less */
};

/* Notes one part's signal as seen. A part that is saturated brings no work. */
static void note_part(struct engine *e, struct news *news, const struct part_outcome *p,
                      uint32_t part)
{
    for (uint32_t i = 0; i < p->signal_count; i++) {
        const enum signal_news what = signal_add(&e->seen, p->signal[i], news->worths[part]);
        if (what == SIGNAL_KNOWN)
            continue;
        news->unknown += what == SIGNAL_NEW;
        news->counts[part]++;
        news->edges[news->total++] = p->signal[i];
    }
}

static void note_signal(struct worker *w, const struct input *in, const struct outcome *out,
                        struct news *news)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    size_t room = 0;

    for (uint32_t i = 0; i <= out->part_count; i++)
        room += out->parts[i].signal_count;
    *news = (struct news){.edges = arena_new(&w->arena, uint32_t, room)};
    if (room == 0)
        return;
    for (uint32_t i = 0; i < out->part_count; i++)
        if (out->parts[i].signal_count != 0)
            news->worths[i] = t->worth(t->self, in, i, out->parts[i].error);
    engine_lock(e);
    for (uint32_t i = 0; i < out->part_count; i++)
        note_part(e, news, &out->parts[i], i);
    note_part(e, news, &out->parts[out->part_count], PART_EXTRA);
    stat_set(&e->stats, STAT_signal, e->seen.count);
    engine_unlock(e);
    /* Machines need not report them again: triage and minimising ask for the full signal. */
    if (news->unknown != 0)
        t->know(t->self, news->edges, news->total);
}

/* Inputs of this part are not wanted any more, whatever they bring. */
static bool is_saturated(struct worker *w, const struct input *in, uint32_t part)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    const char *name = t->part_name(t->self, in, part == PART_EXTRA ? UINT32_MAX : part);

    engine_lock(e);
    const bool is = corpus_is_saturated(&e->corpus, name == NULL ? "" : name);
    engine_unlock(e);
    return is;
}

/* A triage job for the parts that brought something. NULL: there is none, or no memory. */
static struct job *job_of_news(struct worker *w, const struct input *in, const struct news *news,
                               uint32_t flags)
{
    bool is_wanted[TARGET_PARTS_MAX] = {false};
    uint32_t count = 0, at = 0;
    bool ok = true;

    for (uint32_t i = 0; i < TARGET_PARTS_MAX; i++) {
        is_wanted[i] = news->counts[i] != 0 && !is_saturated(w, in, i);
        count += is_wanted[i];
    }
    struct job *job = count == 0 ? NULL : job_new(JOB_TRIAGE, in->text, count);
    if (job == NULL)
        return NULL;
    job->flags = flags;
    job->part_count = 0;
    for (uint32_t i = 0; i < TARGET_PARTS_MAX; at += news->counts[i++]) {
        if (!is_wanted[i])
            continue;
        struct job_part *part = &job->parts[job->part_count++];
        part->part = i;
        part->worth = news->worths[i];
        ok &= edge_list_copy(&part->fresh, news->edges + at, news->counts[i]);
        part->fresh.count = edges_sort(part->fresh.edges, part->fresh.count);
    }
    if (ok)
        return job;
    job_free(job);
    engine_log(w->engine, "no memory for triage: an input with new signal is lost");
    return NULL;
}

bool worker_run(struct worker *w, const struct input *in, const struct run_plan *plan,
                struct outcome *out, uint32_t *fresh)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    const struct run_request request = {
        .flags = plan->flags, .full_signal = plan->full_signal, .what = stat_name(plan->stat)};
    struct news news;

    for (uint32_t i = 0; i < BROKEN_RETRIES; i++) {
        memset(out, 0, sizeof(*out));
        t->run(t->self, w->slot, &w->maker, in, &request, out);
        if (out->end != RUN_BROKEN)
            break;
        stat_add(&e->stats, STAT_broken_total, 1);
    }
    if (out->end == RUN_BROKEN)
        return false;
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
    note_signal(w, in, out, &news);
    if (fresh != NULL)
        *fresh = news.total;
    if (plan->seek && e->options.level == LEVEL_GUIDED) {
        struct job *job = job_of_news(
            w, in, &news, w->job != NULL && w->job->kind == JOB_CANDIDATE ? w->job->flags : 0);
        if (job != NULL)
            engine_push(e, engine_home(job), job);
    }
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
}

void work_fuzz(struct worker *w)
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
    static const enum queue_id turns[][3] = {
        {QUEUE_HINTS,  QUEUE_FAULTS, QUEUE_SMASH },
        {QUEUE_HINTS,  QUEUE_SMASH,  QUEUE_FAULTS},
        {QUEUE_FAULTS, QUEUE_HINTS,  QUEUE_SMASH },
        {QUEUE_SMASH,  QUEUE_HINTS,  QUEUE_FAULTS},
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

    w->is_dead = false;
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
    return !w->is_dead;
}
