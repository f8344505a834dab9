/* saving: what of the corpus is on disk, and how it comes back. SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/engine/corpus_db.h"
#include "spear/engine/db_format.h"
#include "spear/engine/engine_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* So many of the inputs that come back are minimised or smashed again (facts 1.6). */
    AGAIN_MINIMISE_MAX = 50,
    AGAIN_MINIMISE_OF = 100, /* one of so many, of the longest tenth */
    AGAIN_SMASH_MAX = 25,
    AGAIN_SMASH_OF = 200,
    LONG_OF = 10,
};

static void pass_line(void *ctx, const char *line)
{
    engine_log(ctx, "%s", line);
}

enum status saving_open(struct engine *e, struct diag *dg)
{
    char path[FILE_PATH_MAX];
    const struct corpus_db_options options = {.path = path, .log = pass_line, .ctx = e};

    if (e->options.work_dir == NULL)
        return ST_OK;
    TRY(file_make_dirs(e->options.work_dir, dg));
    if (snprintf(path, sizeof(path), "%s/corpus.db", e->options.work_dir) >= (int)sizeof(path))
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "the path of the work directory is longer than %d bytes", FILE_PATH_MAX);
    return corpus_db_open(&options, &e->db, dg);
}

/* ---- loading --------------------------------------------------------------------------------- */
struct loading {
    struct job **jobs;
    size_t count, capacity, lost;
};

static void load_one(void *ctx, struct str text)
{
    struct loading *l = ctx;
    struct job *job = NULL;

    if (l->count < l->capacity)
        job = job_new(JOB_CANDIDATE, text, 0);
    if (job == NULL)
        l->lost++;
    else
        l->jobs[l->count++] = job;
}

static int by_size(const void *a, const void *b)
{
    const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

    if (x->text.size != y->text.size)
        return x->text.size < y->text.size ? -1 : 1;
    return memcmp(x->text.text, y->text.text, x->text.size);
}

/* What the rules of today would do differently is found by doing it again for a few. */
static void choose_again(struct engine *e, const struct loading *l)
{
    const size_t first_long = l->count - l->count / LONG_OF;
    const size_t minimise = MIN(l->count / AGAIN_MINIMISE_OF, (size_t)AGAIN_MINIMISE_MAX);
    const size_t smash = MIN(l->count / AGAIN_SMASH_OF, (size_t)AGAIN_SMASH_MAX);
    struct rng rng;

    rng_seed(&rng, e->options.seed);
    for (size_t i = 0; i < minimise; i++)
        l->jobs[rng_between(&rng, first_long, l->count - 1)]->flags &=
            ~(uint32_t)CANDIDATE_MINIMISED;
    for (size_t i = 0; i < smash; i++)
        l->jobs[rng_below(&rng, l->count)]->flags &= ~(uint32_t)CANDIDATE_SMASHED;
}

enum status engine_load_corpus(struct engine *e, size_t *count, struct diag *dg)
{
    struct loading l = {0};
    uint32_t flags = JOB_FROM_OUTSIDE;

    *count = 0;
    if (e->db == NULL)
        return ST_OK;
    if (corpus_db_user_version(e->db) >= DB_USER_VERSION)
        flags |= CANDIDATE_MINIMISED | CANDIDATE_SMASHED;
    l.capacity = corpus_db_count(e->db);
    l.jobs = mem_alloc(l.capacity + 1, sizeof(struct job *));
    if (l.jobs == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for %zu inputs", l.capacity);
    enum status st = corpus_db_each(e->db, load_one, &l, dg);
    if (l.lost != 0)
        engine_log(e, "%zu inputs of corpus.db are left out: no memory", l.lost);
    qsort(l.jobs, l.count, sizeof(struct job *), by_size);
    for (size_t i = 0; i < l.count; i++)
        l.jobs[i]->flags = flags;
    choose_again(e, &l);
    engine_lock(e);
    for (size_t i = 0; i < l.count; i++)
        queue_push(&e->queues[QUEUE_CANDIDATES], l.jobs[i]);
    engine_publish(e);
    engine_unlock(e);
    *count = l.count;
    mem_free(l.jobs);
    return st;
}

void saving_hold(struct engine *e, struct str text)
{
    uint8_t hash[CORPUS_HASH_BYTES];

    if (e->db == NULL)
        return;
    corpus_hash(text, hash);
    corpus_db_hold(e->db, hash);
}

/* ---- saving ---------------------------------------------------------------------------------- */
/* Writes what could not be written before; with keep_lock, so that no input goes meanwhile. */
static void save_the_unsaved(struct engine *e)
{
    struct corpus_item **items = NULL;
    struct diag dg = {0};
    enum status st = ST_OK;
    uint32_t saved = 0;

    engine_lock(e);
    const uint32_t count = e->corpus.count;
    items = mem_alloc((size_t)count + 1, sizeof(struct corpus_item *));
    if (items != NULL && count != 0)
        memcpy(items, e->corpus.items, count * sizeof(struct corpus_item *));
    engine_unlock(e);
    for (uint32_t i = 0; items != NULL && st == ST_OK && i < count; i++)
        if (!corpus_db_has(e->db, items[i]->hash)) {
            st = corpus_db_put(e->db, corpus_text(items[i]), &dg);
            saved += st == ST_OK;
        }
    e->has_unsaved = items == NULL || st != ST_OK;
    if (saved != 0)
        engine_log(e, "corpus.db can be written again: %u inputs were still to be saved", saved);
    mem_free(items);
}

void saving_close(struct engine *e)
{
    if (e->db != NULL && e->has_unsaved)
        save_the_unsaved(e);
    if (e->has_unsaved)
        engine_log(e, "some inputs of this run could not be written to corpus.db, and are lost");
    corpus_db_close(e->db);
    e->db = NULL;
}

static void save(struct engine *e, struct str text)
{
    struct diag dg = {0};

    if (corpus_db_put(e->db, text, &dg) != ST_OK) {
        if (!e->has_unsaved)
            engine_log(e, "%s; new inputs stay in memory until it can be written", dg.text);
        e->has_unsaved = true;
    } else if (e->has_unsaved) {
        save_the_unsaved(e);
    }
}

enum corpus_result saving_add(struct engine *e, const struct corpus_entry *entry)
{
    pthread_mutex_lock(&e->keep_lock);
    engine_lock(e);
    const bool is_wanted = corpus_has_room(&e->corpus, entry);
    engine_unlock(e);
    if (is_wanted && e->db != NULL)
        save(e, entry->text);
    engine_lock(e);
    const enum corpus_result result = corpus_add(&e->corpus, entry);
    engine_unlock(e);
    pthread_mutex_unlock(&e->keep_lock);
    return result;
}

/* ---- minimising ------------------------------------------------------------------------------ */
static bool is_in_corpus(void *ctx, const uint8_t *hash)
{
    const struct engine *e = ctx;
    return corpus_find(&e->corpus, hash) != NULL;
}

void engine_minimise_corpus(struct engine *e)
{
    const bool is_triaged = engine_is_triaged(e);
    struct diag dg = {0};

    if (e->options.level != LEVEL_GUIDED || !e->options.has_signal_feedback)
        return; /* the signal does not say what an input is worth */
    pthread_mutex_lock(&e->keep_lock);
    engine_lock(e);
    corpus_minimise(&e->corpus);
    engine_publish(e);
    engine_unlock(e);
    /* The corpus changes only under keep_lock; before all of the file has been seen to, what is not
     * in the corpus may still come. */
    if (e->db != NULL && is_triaged && !e->has_unsaved &&
        (corpus_db_sweep(e->db, is_in_corpus, e, &dg) != ST_OK ||
         corpus_db_set_user_version(e->db, DB_USER_VERSION, &dg) != ST_OK))
        engine_log(e, "corpus.db stays as it is: %s", dg.text);
    pthread_mutex_unlock(&e->keep_lock);
}
