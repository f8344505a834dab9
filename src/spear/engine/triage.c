/* triage: from an input that showed something new to an input that is kept: run it again to see
 * what of the new signal is stable, make it small as long as that stays, keep it. (Facts 4.3.)
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/engine/engine_int.h"

#include <string.h>

/* A run could not be done: false to try the job once more, true to give it up. */
static bool try_again(struct worker *w, struct job *job)
{
    if (++job->deaths < DEATHS_MAX)
        return false;
    news_lost(w->engine, job);
    return true;
}

/* ---- candidates ------------------------------------------------------------------------------ */
/* Without feedback every input that comes from outside is worth keeping, as it is. */
static bool keep_blindly(struct worker *w, const struct input *in, const struct outcome *out)
{
    const struct job_part whole = {.part = PART_EXTRA};

    worker_keep(w, in, &whole, CANDIDATE_MINIMISED | CANDIDATE_SMASHED, out->elapsed_ns);
    return true;
}

bool work_candidate(struct worker *w, struct job *job)
{
    const struct run_plan plan = {.stat = STAT_exec_candidate, .flags = RUN_SIGNAL, .seek = true};
    struct outcome out;
    uint32_t fresh = 0;
    bool is_off;
    struct input *in = worker_parse(w, job->text, &is_off);

    if (in == NULL) {
        saving_hold(w->engine, job->text);
        return true;
    }
    if (w->engine->options.level == LEVEL_RANDOM)
        return true;
    if (!worker_run(w, in, &plan, &out, &fresh))
        return try_again(w, job);
    if (out.end == RUN_HUNG)
        return true;
    if (w->engine->options.level != LEVEL_GUIDED)
        return keep_blindly(w, in, &out);
    if (fresh != 0)
        return true; /* its triage waits */
    /* Seeds are many and often alike; what was in the corpus had something once. */
    return job->flags & CANDIDATE_SEED || ++job->attempts >= CANDIDATE_RUNS_MAX;
}

/* ---- which signal is stable ------------------------------------------------------------------ */
/* What the runs have shown of one part so far; everything in the worker's arena. */
struct evidence {
    struct edge_list seen[TRIAGE_NEED]; /* [k]: in more than k runs */
    struct edge_list always;            /* in every run */
    struct edge_list cover;
    uint32_t need; /* runs that stable signal was in */
    uint8_t worth;
    bool is_judged;
};

/* The common ones of two lists, as a new one. */
static struct edge_list common(struct worker *w, struct edge_list a, struct edge_list b)
{
    struct edge_list both = {arena_new(&w->arena, uint32_t, a.count), a.count};

    if (a.count != 0)
        memcpy(both.edges, a.edges, a.count * sizeof(*a.edges));
    both.count = edges_common(both.edges, both.count, b.edges, b.count);
    return both;
}

static struct edge_list together(struct worker *w, struct edge_list a, struct edge_list b)
{
    struct edge_list all = {arena_new(&w->arena, uint32_t, (size_t)a.count + b.count), 0};

    all.count = edges_union(a.edges, a.count, b.edges, b.count, all.edges);
    return all;
}

static void add_evidence(struct worker *w, struct evidence *ev, const struct input *in,
                         const struct outcome *out, uint32_t part, uint32_t run)
{
    const struct target *t = w->engine->options.target;
    const struct part_outcome *p = outcome_part(out, part);
    const struct edge_list signal = worker_signal(w, out, part);

    for (uint32_t k = TRIAGE_NEED - 1; k > 0; k--)
        ev->seen[k] = together(w, ev->seen[k], common(w, ev->seen[k - 1], signal));
    ev->seen[0] = together(w, ev->seen[0], signal);
    ev->always = run == 0 ? signal : common(w, ev->always, signal);
    if (p->cover_count != 0) {
        struct edge_list cover = {arena_new(&w->arena, uint32_t, p->cover_count), 0};
        memcpy(cover.edges, p->cover, p->cover_count * sizeof(*p->cover));
        cover.count = edges_sort(cover.edges, p->cover_count);
        ev->cover = together(w, ev->cover, cover);
    }
    if (part != PART_EXTRA && p->flags & PART_EXECUTED)
        ev->worth = t->worth(t->self, in, part, p->error);
}

/* How a part stands after some of its runs. */
enum verdict { VERDICT_OPEN, VERDICT_STABLE, VERDICT_FLAKY };

/* The rules of one job. Most signal either shows every time or hardly ever: both are told apart by
 * the first runs, and only what is in between takes all of them. */
struct rules {
    uint32_t need, runs_max; /* stable: in `need` of so many runs */
    uint32_t none_max;       /* flaky: in none of so many first runs */
};

static struct rules rules_of(const struct job *job)
{
    if (job->flags & JOB_FROM_OUTSIDE)
        return (struct rules){TRIAGE_NEED_OUTSIDE, TRIAGE_RUNS_MAX_OUTSIDE, TRIAGE_NONE_OUTSIDE};
    return (struct rules){TRIAGE_NEED, TRIAGE_RUNS_MAX, TRIAGE_NONE};
}

static enum verdict judge(struct worker *w, const struct job_part *part, struct evidence *ev,
                          const struct rules *rules, uint32_t runs)
{
    uint32_t best = 0;

    for (uint32_t k = 0; k < rules->need; k++)
        if (common(w, part->fresh, ev->seen[k]).count != 0)
            best = k + 1;
    ev->need = rules->need;
    if (best == rules->need)
        return VERDICT_STABLE;
    if (runs == TRIAGE_SURE &&
        edges_within(part->fresh.edges, part->fresh.count, ev->always.edges, ev->always.count)) {
        ev->need = TRIAGE_SURE;
        return VERDICT_STABLE; /* all of it, each time */
    }
    if ((best == 0 && runs >= rules->none_max) || best + (rules->runs_max - runs) < rules->need)
        return VERDICT_FLAKY;
    return VERDICT_OPEN;
}

/* Runs the input until each part of interest is judged. False when the machine has died, or the
 * input does not run any more. *runs: how many it took. */
static bool gather(struct worker *w, struct job *job, const struct input *in, struct evidence *ev,
                   uint32_t *runs)
{
    const bool outside = job->flags & JOB_FROM_OUTSIDE;
    const struct rules rules = rules_of(job);
    struct run_plan plan = {.stat = STAT_exec_triage, .flags = RUN_SIGNAL | RUN_COVER};
    uint64_t elapsed_ns = 0;

    for (uint32_t i = 0; i < job->part_count; i++)
        plan.full_signal |= part_bit(job->parts[i].part);
    for (*runs = 0; *runs < rules.runs_max;) {
        struct outcome out;
        uint32_t fresh = 0, open = 0;
        if (!worker_run(w, in, &plan, &out, &fresh))
            return false;
        elapsed_ns += out.elapsed_ns;
        for (uint32_t i = 0; i < job->part_count; i++)
            add_evidence(w, &ev[i], in, &out, job->parts[i].part, *runs);
        ++*runs;
        plan.flags = RUN_SIGNAL; /* cover is the largest part of an answer: once is enough */
        for (uint32_t i = 0; i < job->part_count; i++)
            if (!ev[i].is_judged)
                ev[i].is_judged = judge(w, &job->parts[i], &ev[i], &rules, *runs) != VERDICT_OPEN;
        for (uint32_t i = 0; i < job->part_count; i++)
            open += !ev[i].is_judged;
        /* What comes from the corpus may go on to show its flaky signal, once and for all. */
        if (open == 0 && (!outside || fresh == 0))
            break;
    }
    job->elapsed_ns = elapsed_ns / *runs;
    return true;
}

/* Passes a part on to be minimised, or keeps it at once. */
static void pass_on(struct worker *w, const struct job *job, const struct input *in,
                    const struct job_part *stable, bool is_reliable)
{
    if (job->flags & CANDIDATE_MINIMISED) {
        worker_keep(w, in, stable, job->flags, job->elapsed_ns);
        return;
    }
    struct job *next = job_new(JOB_MINIMISE, in->text, 1);
    if (next == NULL ||
        !edge_list_copy(&next->parts[0].fresh, stable->fresh.edges, stable->fresh.count) ||
        !edge_list_copy(&next->parts[0].stable, stable->stable.edges, stable->stable.count) ||
        !edge_list_copy(&next->parts[0].cover, stable->cover.edges, stable->cover.count)) {
        job_free(next);
        engine_log(w->engine, "no memory for minimising: an input with new signal is lost");
        return;
    }
    next->flags = job->flags | (is_reliable ? JOB_RELIABLE : 0);
    next->elapsed_ns = job->elapsed_ns;
    next->parts[0].part = stable->part;
    next->parts[0].worth = stable->worth;
    engine_push(w->engine, QUEUE_MINIMISE, next);
}

bool work_triage(struct worker *w, struct job *job)
{
    struct evidence *ev = arena_new(&w->arena, struct evidence, job->part_count);
    uint32_t runs = 0;
    bool is_off;
    struct input *in = worker_parse(w, job->text, &is_off);

    if (in == NULL || !gather(w, job, in, ev, &runs)) {
        if (w->has_failed)
            return try_again(w, job);
        news_settled(w->engine, job);
        return true;
    }
    news_settled(w->engine, job);
    for (uint32_t i = 0; i < job->part_count; i++) {
        struct job_part stable = {
            .part = job->parts[i].part, .worth = ev[i].worth, .cover = ev[i].cover};
        stable.stable = ev[i].seen[ev[i].need - 1];
        stable.fresh = common(w, job->parts[i].fresh, stable.stable);
        if (stable.fresh.count != 0)
            pass_on(w, job, in, &stable,
                    edges_within(stable.fresh.edges, stable.fresh.count, ev[i].always.edges,
                                 ev[i].always.count));
    }
    return true;
}

/* ---- making small ---------------------------------------------------------------------------- */
struct shrinking {
    struct worker *worker;
    struct job_part *goal;
    uint64_t elapsed_ns; /* of the last input that would do */
    uint32_t attempts;   /* runs until an input is believed not to do */
    uint32_t runs_left;
    bool has_succeeded; /* the part of interest of the original did not fail */
    bool give_up;
};

/* One run of a smaller input: adds what its part shows to *all. False when there is nothing to
 * add, because it did not get there, or now fails where it succeeded. */
static bool look_again(struct shrinking *s, const struct input *candidate, uint32_t at,
                       struct edge_list *all)
{
    struct worker *w = s->worker;
    /* It is another input, and may show what no other has: without seeking that would be lost. */
    const struct run_plan plan = {
        .stat = STAT_exec_minimise, .flags = RUN_SIGNAL, .full_signal = part_bit(at), .seek = true};
    struct outcome out;

    if (s->runs_left == 0 || !worker_run(w, candidate, &plan, &out, NULL)) {
        s->give_up = true;
        return false;
    }
    s->runs_left--;
    const struct part_outcome *p = outcome_part(&out, at);
    if (out.end == RUN_HUNG || (p->flags & PART_EXECUTED) == 0 ||
        (s->has_succeeded && p->error != 0))
        return false;
    s->elapsed_ns = out.elapsed_ns;
    *all = together(w, *all, worker_signal(w, &out, at));
    return true;
}

/* Would this smaller input do? In some of a few runs it shows all that is wanted. */
static bool would_do(void *ctx, const struct input *candidate, uint32_t part)
{
    struct shrinking *s = ctx;
    struct job_part *goal = s->goal;
    const uint32_t at = goal->part == PART_EXTRA ? PART_EXTRA : part;
    const struct arena_mark mark = arena_mark(&s->worker->arena);
    struct edge_list all = {0}, last;
    bool would = false;

    for (uint32_t i = 0; i < s->attempts && !s->give_up && !would; i++)
        would = look_again(s, candidate, at, &all) &&
                edges_within(goal->fresh.edges, goal->fresh.count, all.edges, all.count);
    if (would && edge_list_copy(&last, all.edges, all.count)) {
        mem_free(goal->last.edges);
        goal->last = last;
    } else {
        would = false;
    }
    arena_release(&s->worker->arena, mark);
    return would;
}

/* Meanwhile another input may have brought the same signal. */
static bool is_still_new(struct engine *e, const struct job_part *part)
{
    bool is_new = false;

    engine_lock(e);
    for (uint32_t i = 0; i < part->fresh.count && !is_new; i++)
        is_new = signal_look(&e->corpus.signal, part->fresh.edges[i], part->worth) != SIGNAL_KNOWN;
    engine_unlock(e);
    return is_new;
}

/* When a run takes long, what minimising the insides of parts brings does not pay for it: on an
 * emulated machine it took nine of ten programs. */
static bool is_slow(struct engine *e)
{
    const uint64_t runs = stat_get(&e->stats, STAT_exec_total);
    const uint64_t ns =
        stat_get(&e->stats, STAT_guest_total_ns) + stat_get(&e->stats, STAT_transport_ns);

    return runs != 0 && ns / runs > SLOW_RUN_NS;
}

bool work_minimise(struct worker *w, struct job *job)
{
    enum { WORTH_SUCCESS = 2 };
    const struct target *t = w->engine->options.target;
    struct job_part *part = &job->parts[0];
    struct shrinking s = {
        .worker = w,
        .goal = part,
        .attempts = job->flags & JOB_RELIABLE ? 1 : MINIMISE_ATTEMPTS,
        .runs_left = MINIMISE_RUNS_MAX,
        .has_succeeded = part->worth & WORTH_SUCCESS,
    };
    uint32_t at = part->part == PART_EXTRA ? UINT32_MAX : part->part;
    bool is_off;
    struct input *in = worker_parse(w, job->text, &is_off);

    if (in == NULL || !is_still_new(w->engine, part))
        return true;
    struct input *small = t->minimise(t->self, &w->maker, in, &at,
                                      is_slow(w->engine) ? MINIMISE_CALLS : MINIMISE_CORPUS,
                                      would_do, &s, &s.give_up);
    if (w->has_failed && ++job->deaths < DEATHS_MAX)
        return false;
    if (small == NULL || part->last.edges == NULL) {
        worker_keep(w, in, part, job->flags, job->elapsed_ns);
        return true;
    }
    struct job_part kept = *part;
    kept.part = part->part == PART_EXTRA ? PART_EXTRA : at;
    kept.stable = together(w, part->fresh, common(w, part->stable, part->last));
    worker_keep(w, small, &kept, job->flags, s.elapsed_ns);
    return true;
}

/* ---- keeping --------------------------------------------------------------------------------- */
static void push_deep(struct engine *e, enum job_kind kind, struct str text, uint32_t part,
                      uint8_t worth)
{
    struct job *job = job_new(kind, text, 1);

    if (job == NULL)
        return; /* the input is kept; it goes without deeper work */
    job->parts[0].part = part;
    job->parts[0].worth = worth;
    queue_push(&e->queues[engine_home(job)], job);
}

/* Tells the target which inputs there are, now and then. */
static void learn(struct worker *w)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    struct str *texts = NULL;
    size_t room = 0, count = 0;

    while (texts == NULL || count > room) {
        engine_lock(e);
        count = e->corpus.count;
        for (size_t i = 0; texts != NULL && count <= room && i < count; i++)
            texts[i] = corpus_text(e->corpus.items[i]);
        engine_unlock(e);
        if (texts == NULL || count > room) {
            room = count + count / 16 + 1;
            texts = arena_new(&w->arena, struct str, room);
            count = room + 1; /* look again */
        }
    }
    t->learn(t->self, texts, count);
}

static bool must_learn(struct engine *e)
{
    const uint32_t every = e->corpus.count < LEARN_EARLY ? LEARN_EVERY_EARLY : LEARN_EVERY;

    if (++e->kept_since_learn < every || e->is_learning || e->options.target->learn == NULL)
        return false;
    e->kept_since_learn = 0;
    e->is_learning = true;
    return true;
}

void worker_keep(struct worker *w, const struct input *in, const struct job_part *part,
                 uint32_t flags, uint64_t elapsed_ns)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    const char *name =
        t->part_name(t->self, in, part->part == PART_EXTRA ? UINT32_MAX : part->part);
    const struct corpus_entry entry = {
        .text = in->text,
        .part = name == NULL ? "" : name,
        .signal = part->stable.edges,
        .signal_count = part->stable.count,
        .cover = part->cover.edges,
        .cover_count = part->cover.count,
        .elapsed_ns = elapsed_ns,
        .worth = part->worth,
    };
    bool learns = false;

    const enum corpus_result result = saving_add(e, &entry);
    engine_lock(e);
    const bool is_deep = result == CORPUS_ADDED && (flags & CANDIDATE_SMASHED) == 0;
    if (is_deep) {
        if (e->options.hints && part->part != PART_EXTRA)
            push_deep(e, JOB_HINTS, in->text, part->part, part->worth);
        push_deep(e, JOB_SMASH, in->text, part->part, part->worth);
        if (e->options.faults && part->part != PART_EXTRA)
            push_deep(e, JOB_FAULTS, in->text, part->part, part->worth);
    }
    if (result == CORPUS_ADDED)
        learns = must_learn(e);
    engine_publish(e);
    engine_unlock(e);
    if (learns) {
        learn(w);
        engine_lock(e);
        e->is_learning = false;
        engine_unlock(e);
    }
}
