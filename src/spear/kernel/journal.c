/* journal: a ring of texts per slot, under one lock: a program takes a millisecond, an entry a
 * microsecond. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/journal.h"

#include "base/duration.h"
#include "base/mem.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct entry {
    uint64_t id, start_ms;
    char *text; /* owned; room for capacity bytes, kept for the next one */
    uint32_t size, capacity;
    bool is_running;
};

struct ring {
    struct entry entries[JOURNAL_KEPT];
    uint64_t count; /* ever; the newest is at (count - 1) % JOURNAL_KEPT */
};

struct journal {
    pthread_mutex_t lock;
    uint32_t slots;
    struct ring rings[];
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct journal *journal_new(uint32_t slots)
{
    struct journal *j = mem_alloc(1, sizeof(*j) + slots * sizeof(struct ring));

    if (j == NULL)
        return NULL;
    j->slots = slots;
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

void journal_free(struct journal *j)
{
    if (j == NULL)
        return;
    for (uint32_t s = 0; s < j->slots; s++)
        for (uint32_t i = 0; i < JOURNAL_KEPT; i++)
            mem_free(j->rings[s].entries[i].text);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}

/* Without memory for it the entry has no text: the log then shows the id alone. */
static void keep_text(struct entry *e, struct str text)
{
    uint32_t size = (uint32_t)MIN(text.size, (size_t)JOURNAL_TEXT_MAX);

    if (size > e->capacity) {
        char *room = mem_resize(e->text, size, 1);
        if (room == NULL)
            size = 0;
        else {
            e->text = room;
            e->capacity = size;
        }
    }
    if (size != 0)
        memcpy(e->text, text.text, size);
    e->size = size;
}

void journal_begin(struct journal *j, uint32_t slot, uint64_t id, struct str text)
{
    pthread_mutex_lock(&j->lock);
    struct ring *r = &j->rings[slot];
    struct entry *e = &r->entries[r->count++ % JOURNAL_KEPT];
    e->id = id;
    e->start_ms = now_ms();
    e->is_running = true;
    keep_text(e, text);
    pthread_mutex_unlock(&j->lock);
}

void journal_end(struct journal *j, uint32_t slot, uint64_t id)
{
    pthread_mutex_lock(&j->lock);
    struct ring *r = &j->rings[slot];
    struct entry *e = r->count == 0 ? NULL : &r->entries[(r->count - 1) % JOURNAL_KEPT];
    if (e != NULL && e->id == id)
        e->is_running = false;
    pthread_mutex_unlock(&j->lock);
}

struct shown {
    const struct entry *entry;
    uint32_t slot;
};

static int by_start(const void *a, const void *b)
{
    const struct entry *x = ((const struct shown *)a)->entry;
    const struct entry *y = ((const struct shown *)b)->entry;

    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The lock is held, so nothing here may allocate: out has been given room for everything. */
static void print_entry(struct buf *out, const struct shown *s, uint64_t now)
{
    char age[DURATION_TEXT_BYTES], head[128];
    const struct entry *e = s->entry;

    duration_text(now > e->start_ms ? now - e->start_ms : 0, age, sizeof(age));
    snprintf(head, sizeof(head), "%s ago: executing program %" PRIu32 " (id=%" PRIu64 "%s):\n", age,
             s->slot, e->id, e->is_running ? ", still running" : "");
    buf_text(out, head);
    buf_bytes(out, e->text, e->size);
    if (e->size == 0 || e->text[e->size - 1] != '\n')
        buf_byte(out, '\n');
    buf_byte(out, '\n');
}

enum { ENTRY_HEAD_MAX = 128, ENTRIES_MAX = 32 * (JOURNAL_SHOWN + 1) };

static uint32_t choose(const struct journal *j, uint64_t named_id, struct shown *shown)
{
    uint32_t count = 0;

    for (uint32_t s = 0; s < j->slots; s++) {
        const struct ring *r = &j->rings[s];
        uint64_t kept = MIN(r->count, (uint64_t)JOURNAL_KEPT);
        for (uint64_t back = 1; back <= kept && count < ENTRIES_MAX; back++) {
            const struct entry *e = &r->entries[(r->count - back) % JOURNAL_KEPT];
            if (back <= JOURNAL_SHOWN || (named_id != 0 && e->id == named_id))
                shown[count++] = (struct shown){e, s};
        }
    }
    return count;
}

void journal_print(struct journal *j, uint64_t named_id, struct buf *out)
{
    struct shown shown[ENTRIES_MAX];
    size_t need = 0;

    /* An arena that runs full unwinds, which must not happen with the lock held. */
    pthread_mutex_lock(&j->lock);
    uint32_t count = choose(j, named_id, shown);
    for (uint32_t i = 0; i < count; i++)
        need += shown[i].entry->size + ENTRY_HEAD_MAX;
    pthread_mutex_unlock(&j->lock);
    buf_reserve(out, need + ENTRIES_MAX * ENTRY_HEAD_MAX);
    const size_t end = out->capacity;

    pthread_mutex_lock(&j->lock);
    count = choose(j, named_id, shown);
    if (count != 0)
        qsort(shown, count, sizeof(shown[0]), by_start);
    uint64_t now = now_ms();
    for (uint32_t i = 0; i < count; i++)
        if (shown[i].entry->size + ENTRY_HEAD_MAX <= end - out->size) /* it may have grown since */
            print_entry(out, &shown[i], now);
    pthread_mutex_unlock(&j->lock);
}
