/* engine: opening and closing, candidates, and looking in. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/engine.h"

#include "base/mem.h"
#include "spear/engine/engine_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void engine_lock(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
}

void engine_unlock(struct engine *e)
{
    pthread_mutex_unlock(&e->lock);
}

void engine_log(struct engine *e, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list ap;

    if (e->options.log == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    e->options.log(e->options.ctx, line);
}

struct stats *engine_stats(struct engine *e)
{
    return &e->stats;
}

enum status engine_open(const struct engine_options *options, struct engine **out, struct diag *dg)
{
    struct engine *e = mem_alloc(1, sizeof(*e));

    if (e == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the engine");
    e->options = *options;
    e->corpus.inputs_max = options->corpus_max;
    if (pthread_mutex_init(&e->lock, NULL) != 0 || pthread_mutex_init(&e->keep_lock, NULL) != 0) {
        mem_free(e);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no lock for the engine");
    }
    enum status st = saving_open(e, dg);
    if (st == ST_OK)
        *out = e;
    else
        engine_close(e);
    return st;
}

void engine_close(struct engine *e)
{
    if (e == NULL)
        return;
    saving_close(e);
    for (uint32_t i = 0; i < QUEUE_COUNT; i++)
        queue_free(&e->queues[i]);
    corpus_free(&e->corpus);
    signal_free(&e->seen);
    signal_free(&e->lost);
    mem_free(e->pcs.places);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->keep_lock);
    mem_free(e);
}

void engine_set_features(struct engine *e, bool has_signal_feedback, bool hints, bool faults)
{
    engine_lock(e);
    e->options.has_signal_feedback = has_signal_feedback;
    e->options.hints = hints;
    e->options.faults = faults;
    engine_unlock(e);
}

/* ---- queues ---------------------------------------------------------------------------------- */
enum queue_id engine_home(const struct job *job)
{
    switch (job->kind) {
    case JOB_CANDIDATE: return QUEUE_CANDIDATES;
    case JOB_TRIAGE: return job->flags & JOB_FROM_OUTSIDE ? QUEUE_TRIAGE_OUTSIDE : QUEUE_TRIAGE;
    case JOB_MINIMISE: return QUEUE_MINIMISE;
    case JOB_HINTS: return job->flags & JOB_REST ? QUEUE_HINTS_REST : QUEUE_HINTS;
    case JOB_FAULTS: return QUEUE_FAULTS;
    case JOB_SMASH: break;
    }
    return QUEUE_SMASH;
}

void engine_publish(struct engine *e)
{
    const struct job_queue *q = e->queues;

    stat_set(&e->stats, STAT_corpus, e->corpus.count);
    stat_set(&e->stats, STAT_signal, e->seen.count);
    stat_set(&e->stats, STAT_cover, e->corpus.cover.count);
    stat_set(&e->stats, STAT_candidates, q[QUEUE_CANDIDATES].count);
    stat_set(&e->stats, STAT_triage_queue,
             q[QUEUE_TRIAGE].count + q[QUEUE_TRIAGE_OUTSIDE].count + q[QUEUE_MINIMISE].count);
    stat_set(&e->stats, STAT_smash_queue,
             q[QUEUE_HINTS].count + q[QUEUE_HINTS_REST].count + q[QUEUE_SMASH].count +
                 q[QUEUE_FAULTS].count);
}

void engine_push(struct engine *e, enum queue_id queue, struct job *job)
{
    engine_lock(e);
    queue_push(&e->queues[queue], job);
    engine_publish(e);
    engine_unlock(e);
}

void engine_add_candidate(struct engine *e, struct str text, uint32_t flags)
{
    struct job *job = job_new(JOB_CANDIDATE, text, 0);

    if (job == NULL) {
        engine_log(e, "no memory for a candidate of %zu bytes: it is left out", text.size);
        return;
    }
    job->flags = flags | JOB_FROM_OUTSIDE;
    engine_push(e, QUEUE_CANDIDATES, job);
}

/* ---- looking in ------------------------------------------------------------------------------ */
/* The lock is not part of what a reader of a const engine sees. */
static void lock_const(const struct engine *e)
{
    engine_lock((struct engine *)(uintptr_t)e);
}

static void unlock_const(const struct engine *e)
{
    engine_unlock((struct engine *)(uintptr_t)e);
}

size_t engine_candidates(const struct engine *e)
{
    lock_const(e);
    const size_t count = e->queues[QUEUE_CANDIDATES].count;
    unlock_const(e);
    return count;
}

bool engine_is_triaged(const struct engine *e)
{
    lock_const(e);
    bool is_triaged = e->queues[QUEUE_CANDIDATES].count == 0 &&
                      e->queues[QUEUE_TRIAGE_OUTSIDE].count == 0 && e->outside_running == 0;
    for (const struct job *job = e->queues[QUEUE_MINIMISE].first; job != NULL; job = job->next)
        is_triaged &= (job->flags & JOB_FROM_OUTSIDE) == 0;
    unlock_const(e);
    return is_triaged;
}

size_t engine_corpus_count(const struct engine *e)
{
    lock_const(e);
    const size_t count = e->corpus.count;
    unlock_const(e);
    return count;
}

size_t engine_cover_count(const struct engine *e)
{
    lock_const(e);
    const size_t count = e->corpus.cover.count != 0 ? e->corpus.cover.count : e->seen.count;
    unlock_const(e);
    return count;
}

static bool is_of_part(const struct corpus_item *item, const char *part)
{
    return part == NULL || strcmp(item->part, part) == 0;
}

/* Inputs and bytes of text of a part; with the lock. */
static void measure_corpus(const struct engine *e, const char *part, size_t *count, size_t *bytes)
{
    *count = *bytes = 0;
    for (uint32_t i = 0; i < e->corpus.count; i++)
        if (is_of_part(e->corpus.items[i], part)) {
            ++*count;
            *bytes += e->corpus.items[i]->text_size;
        }
}

static void copy_corpus(const struct engine *e, const char *part, struct corpus_row *rows,
                        char *texts)
{
    for (uint32_t i = 0; i < e->corpus.count; i++) {
        const struct corpus_item *item = e->corpus.items[i];
        if (!is_of_part(item, part))
            continue;
        const struct str text = corpus_text(item);
        memcpy(texts, text.text, text.size);
        *rows = (struct corpus_row){
            .text = {texts, text.size},
            .part = item->part,
            .signal = item->signal_count,
            .cover = item->cover_count
        };
        memcpy(rows->hash, item->hash, sizeof(rows->hash));
        texts += text.size;
        rows++;
    }
}

struct corpus_row *engine_corpus(struct engine *e, struct arena *a, const char *part, size_t *count)
{
    size_t bytes = 0, room = 0, room_bytes = 0;
    struct corpus_row *rows = NULL;
    char *texts = NULL;

    /* The arena may unwind, so it allocates without the lock; until what is there fits. */
    for (;;) {
        engine_lock(e);
        measure_corpus(e, part, count, &bytes);
        if (rows != NULL && *count <= room && bytes <= room_bytes) {
            copy_corpus(e, part, rows, texts);
            engine_unlock(e);
            return rows;
        }
        engine_unlock(e);
        room = *count + *count / 16 + 1;
        room_bytes = bytes + bytes / 16 + 1;
        rows = arena_new(a, struct corpus_row, room);
        texts = arena_new(a, char, room_bytes);
    }
}

uint32_t *engine_cover(struct engine *e, struct arena *a, size_t *count)
{
    uint32_t *edges = NULL;
    size_t room = 0;

    for (;;) {
        engine_lock(e);
        *count = e->corpus.cover.count;
        if (edges != NULL && *count <= room) {
            signal_edges(&e->corpus.cover, edges);
            engine_unlock(e);
            *count = edges_sort(edges, (uint32_t)*count);
            return edges;
        }
        engine_unlock(e);
        room = *count + *count / 16 + 1;
        edges = arena_new(a, uint32_t, room);
    }
}
