/* news: what a run has shown that no run had before. It is noted as seen at once, so that it makes
 * work for one worker only; but machines are told to keep quiet about it when its triage has come
 * to an end. When triage is lost with the machines it ran in, the signal counts as unseen again,
 * once: the next input that shows it gets its chance. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/engine_int.h"

/* Room for all the edges of a run, part after part. */
struct news {
    uint32_t *edges;
    uint32_t counts[TARGET_PARTS_MAX];  /* by part; [PART_EXTRA] */
    uint32_t unknown[TARGET_PARTS_MAX]; /* of them, not even seen for less */
    uint8_t worths[TARGET_PARTS_MAX];
    bool is_wanted[TARGET_PARTS_MAX]; /* goes to triage */
    uint32_t total;
};

static void note_part(struct engine *e, struct news *news, const struct part_outcome *p,
                      uint32_t part)
{
    for (uint32_t i = 0; i < p->signal_count; i++) {
        const enum signal_news what = signal_add(&e->seen, p->signal[i], news->worths[part]);
        if (what == SIGNAL_KNOWN)
            continue;
        news->unknown[part] += what == SIGNAL_NEW;
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
}

/* Inputs of a saturated part are not wanted any more, whatever they bring. */
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

/* A triage job for the parts that are wanted. NULL: no memory. */
static struct job *make_job(struct worker *w, const struct input *in, const struct news *news,
                            uint32_t wanted)
{
    struct job *job = job_new(JOB_TRIAGE, in->text, wanted);
    uint32_t at = 0;
    bool ok = job != NULL;

    if (job != NULL)
        job->part_count = 0;
    for (uint32_t i = 0; ok && i < TARGET_PARTS_MAX; at += news->counts[i++]) {
        if (!news->is_wanted[i])
            continue;
        struct job_part *part = &job->parts[job->part_count++];
        part->part = i;
        part->worth = news->worths[i];
        ok = edge_list_copy(&part->fresh, news->edges + at, news->counts[i]);
        part->fresh.count = edges_sort(part->fresh.edges, part->fresh.count);
    }
    if (!ok) {
        job_free(job);
        engine_log(w->engine, "no memory for triage: an input with new signal is lost");
        return NULL;
    }
    if (w->job != NULL && w->job->kind == JOB_CANDIDATE)
        job->flags = w->job->flags;
    return job;
}

uint32_t news_take(struct worker *w, const struct input *in, const struct outcome *out, bool seek)
{
    struct engine *e = w->engine;
    const struct target *t = e->options.target;
    struct job *job = NULL;
    struct news news;
    uint32_t wanted = 0, at = 0;

    note_signal(w, in, out, &news);
    for (uint32_t i = 0; seek && e->options.level == LEVEL_GUIDED && i < TARGET_PARTS_MAX; i++) {
        news.is_wanted[i] = news.unknown[i] != 0 && !is_saturated(w, in, i);
        wanted += news.is_wanted[i];
    }
    if (wanted != 0)
        job = make_job(w, in, &news, wanted);
    for (uint32_t i = 0; i < TARGET_PARTS_MAX; at += news.counts[i++])
        if (news.counts[i] != 0 && (job == NULL || !news.is_wanted[i]))
            t->know(t->self, news.edges + at, news.counts[i]);
    if (job != NULL)
        engine_push(e, engine_home(job), job);
    return news.total;
}

void news_settled(struct engine *e, const struct job *job)
{
    const struct target *t = e->options.target;

    for (uint32_t i = 0; i < job->part_count; i++)
        if (job->parts[i].fresh.count != 0)
            t->know(t->self, job->parts[i].fresh.edges, job->parts[i].fresh.count);
}

void news_lost(struct engine *e, const struct job *job)
{
    bool again = false;

    engine_lock(e);
    for (uint32_t i = 0; i < job->part_count; i++)
        for (uint32_t k = 0; k < job->parts[i].fresh.count; k++) {
            const uint32_t edge = job->parts[i].fresh.edges[k];
            if (signal_add(&e->lost, edge, 0) != SIGNAL_NEW)
                continue;
            signal_remove(&e->seen, edge);
            again = true;
        }
    engine_unlock(e);
    if (!again)
        news_settled(e, job);
}
