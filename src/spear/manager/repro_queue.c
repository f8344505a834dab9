/* repro_queue: one row per title. When it is full the oldest row that is neither waiting nor
 * running goes. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/repro_queue.h"

#include "base/mem.h"
#include "spear/engine/crashes.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DONE_TRIES = 2 }; /* for C source */

struct item {
    struct repro_row row;
    char *log; /* owned; only while WAITING or RUNNING */
    size_t log_size;
    uint64_t offers; /* times that it was seen by this run */
};

struct repro_queue {
    pthread_mutex_t lock;
    uint32_t count;
    struct item items[REPRO_QUEUE_MAX];
};

const char *repro_state_text(enum repro_state state)
{
    switch (state) {
    case REPRO_WAITING: return "waiting";
    case REPRO_RUNNING: return "running";
    case REPRO_DONE: return "done";
    case REPRO_FAILED: return "failed";
    case REPRO_SKIPPED: return "skipped";
    }
    return "unknown";
}

enum status repro_queue_open(struct repro_queue **out, struct diag *dg)
{
    struct repro_queue *q = mem_alloc(1, sizeof(*q));

    if (q == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a queue of %d crashes",
                         REPRO_QUEUE_MAX);
    pthread_mutex_init(&q->lock, NULL);
    *out = q;
    return ST_OK;
}

void repro_queue_close(struct repro_queue *q)
{
    if (q == NULL)
        return;
    for (uint32_t i = 0; i < q->count; i++)
        mem_free(q->items[i].log);
    pthread_mutex_destroy(&q->lock);
    mem_free(q);
}

static struct item *find(struct repro_queue *q, struct str title)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (strlen(q->items[i].row.title) == MIN(title.size, (size_t)REPRO_TITLE_MAX - 1) &&
            memcmp(q->items[i].row.title, title.text, strlen(q->items[i].row.title)) == 0)
            return &q->items[i];
    return NULL;
}

static void drop_log(struct item *item)
{
    mem_free(item->log);
    item->log = NULL;
    item->log_size = 0;
}

static void set_state(struct item *item, enum repro_state state, const char *reason)
{
    item->row.state = state;
    item->row.since_s = (uint64_t)time(NULL);
    snprintf(item->row.reason, sizeof(item->row.reason), "%s", reason);
    if (state != REPRO_WAITING && state != REPRO_RUNNING)
        drop_log(item);
}

/* A row for a new title; NULL when all rows are in use. */
static struct item *add(struct repro_queue *q, struct str title)
{
    if (q->count == REPRO_QUEUE_MAX) {
        uint32_t i = 0;
        while (i < q->count &&
               (q->items[i].row.state == REPRO_WAITING || q->items[i].row.state == REPRO_RUNNING))
            i++;
        if (i == q->count)
            return NULL;
        drop_log(&q->items[i]);
        memmove(&q->items[i], &q->items[i + 1], (q->count - i - 1) * sizeof(q->items[0]));
        q->count--;
    }
    struct item *item = &q->items[q->count++];
    memset(item, 0, sizeof(*item));
    memcpy(item->row.title, title.text, MIN(title.size, (size_t)REPRO_TITLE_MAX - 1));
    return item;
}

/* NULL: nothing speaks against it. */
static const char *reason_against(const struct repro_offer *offer, char text[REPRO_REASON_MAX])
{
    if (offer->is_off)
        return "the configuration says reproduce: false";
    if (offer->has_c_repro)
        return "it has a C reproducer";
    if (offer->suppressed != NULL)
        snprintf(text, REPRO_REASON_MAX, "suppressed: %s", offer->suppressed);
    else if (offer->corrupted != NULL)
        snprintf(text, REPRO_REASON_MAX, "its report cannot be trusted: %s", offer->corrupted);
    else if (offer->attempts >= CRASH_REPRO_TRIES_MAX)
        snprintf(text, REPRO_REASON_MAX, "tried %u times", offer->attempts);
    else
        return NULL;
    return text;
}

static bool offer_locked(struct repro_queue *q, const struct repro_offer *offer)
{
    char text[REPRO_REASON_MAX];
    struct item *item = find(q, offer->title);

    if (item == NULL)
        item = add(q, offer->title);
    if (item == NULL)
        return false;
    item->offers++;
    if (item->row.state == REPRO_RUNNING || (item->row.state == REPRO_WAITING && item->log != NULL))
        return item->row.state == REPRO_WAITING;
    if (item->row.state == REPRO_DONE && (offer->has_c_repro || item->row.attempts >= DONE_TRIES))
        return false; /* the same a third time would end the same */
    item->row.attempts = MAX(item->row.attempts, offer->attempts);
    const char *why = reason_against(offer, text);
    if (why == NULL) {
        item->log = mem_alloc(offer->log.size + 1, 1);
        why = item->log == NULL ? "no memory to keep its log" : NULL;
    }
    if (why != NULL) {
        set_state(item, REPRO_SKIPPED, why);
        return false;
    }
    if (offer->log.size != 0)
        memcpy(item->log, offer->log.text, offer->log.size);
    item->log_size = offer->log.size;
    set_state(item, REPRO_WAITING, "");
    return true;
}

bool repro_queue_offer(struct repro_queue *q, const struct repro_offer *offer)
{
    pthread_mutex_lock(&q->lock);
    bool waits = offer_locked(q, offer);
    pthread_mutex_unlock(&q->lock);
    return waits;
}

/* What comes most often stands most in the way of everything else. */
static struct item *most_seen(struct repro_queue *q)
{
    struct item *best = NULL;

    for (uint32_t i = 0; i < q->count; i++)
        if (q->items[i].row.state == REPRO_WAITING && q->items[i].log != NULL &&
            (best == NULL || q->items[i].offers > best->offers))
            best = &q->items[i];
    return best;
}

bool repro_queue_take(struct repro_queue *q, struct arena *a, struct str *title, struct str *log)
{
    char name[REPRO_TITLE_MAX];
    char *text = NULL;
    size_t size = 0;

    pthread_mutex_lock(&q->lock);
    struct item *item = most_seen(q);
    if (item != NULL) {
        text = item->log; /* ours now: an arena may unwind, so nothing is copied under the lock */
        size = item->log_size;
        item->log = NULL;
        item->row.attempts++;
        memcpy(name, item->row.title, sizeof(name));
        set_state(item, REPRO_RUNNING, "");
    }
    pthread_mutex_unlock(&q->lock);
    if (text == NULL)
        return false;
    *title = (struct str){arena_copy_text(a, name, strlen(name)), strlen(name)};
    *log = (struct str){arena_copy_text(a, text, size), size};
    mem_free(text);
    return true;
}

void repro_queue_finish(struct repro_queue *q, struct str title, enum repro_state state,
                        const char *reason)
{
    pthread_mutex_lock(&q->lock);
    struct item *item = find(q, title);
    if (item != NULL)
        set_state(item, state, reason);
    pthread_mutex_unlock(&q->lock);
}

void repro_queue_progress(struct repro_queue *q, struct str title, const char *text)
{
    pthread_mutex_lock(&q->lock);
    struct item *item = find(q, title);
    if (item != NULL && item->row.state == REPRO_RUNNING)
        snprintf(item->row.reason, sizeof(item->row.reason), "%s", text);
    pthread_mutex_unlock(&q->lock);
}

void repro_queue_counts(struct repro_queue *q, uint32_t *waiting, uint32_t *running)
{
    *waiting = *running = 0;
    pthread_mutex_lock(&q->lock);
    for (uint32_t i = 0; i < q->count; i++) {
        *waiting += q->items[i].row.state == REPRO_WAITING;
        *running += q->items[i].row.state == REPRO_RUNNING;
    }
    pthread_mutex_unlock(&q->lock);
}

struct repro_row *repro_queue_rows(struct repro_queue *q, struct arena *a, uint32_t *count)
{
    struct repro_row *rows = arena_new(a, struct repro_row, REPRO_QUEUE_MAX);

    pthread_mutex_lock(&q->lock);
    for (uint32_t i = 0; i < q->count; i++)
        rows[i] = q->items[i].row;
    *count = q->count;
    pthread_mutex_unlock(&q->lock);
    return rows;
}
