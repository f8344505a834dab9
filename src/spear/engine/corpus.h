/* corpus: the inputs that are kept, each with its signal and cover, in one block of memory. An item
 * never changes once it is in: readers that have announced themselves (corpus_reader) may use its
 * text without the lock, and what is replaced or removed is freed when the last of them has left.
 * All functions need the owner's lock. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_CORPUS_H
#define SPEAR_ENGINE_CORPUS_H

#include "base/buf.h"
#include "base/rng.h"
#include "spear/engine/signal.h"

enum { CORPUS_HASH_BYTES = 20, CORPUS_INPUTS_MAX = 1000000 };

/* An input as it is offered; everything is borrowed. */
struct corpus_entry {
    struct str text;
    const char *part;       /* name, outlives the corpus */
    const uint32_t *signal; /* ascending */
    const uint32_t *cover;  /* ascending */
    uint32_t signal_count, cover_count;
    uint64_t elapsed_ns; /* of one run */
    uint8_t worth;       /* of the signal, 0..3 */
};

struct corpus_item {
    uint8_t hash[CORPUS_HASH_BYTES]; /* SHA-1 of the text */
    uint8_t worth;
    const char *part;
    uint32_t weight; /* odds of being chosen */
    uint32_t text_size, signal_count, cover_count;
    uint64_t elapsed_ns;
    struct corpus_item *next_retired;
    uint64_t retired_at; /* epoch */
    uint32_t edges[];    /* signal, cover, and the bytes of the text */
};

static inline const uint32_t *corpus_signal(const struct corpus_item *item)
{
    return item->edges;
}
static inline const uint32_t *corpus_cover(const struct corpus_item *item)
{
    return item->edges + item->signal_count;
}
static inline struct str corpus_text(const struct corpus_item *item)
{
    const uint32_t *end = item->edges + item->signal_count + item->cover_count;
    return (struct str){(const char *)end, item->text_size};
}

/* A thread that may hold texts. Zeroed; in the list while it lives. */
struct corpus_reader {
    struct corpus_reader *next;
    uint64_t since; /* epoch in which it began to read; 0: it holds nothing */
};

struct corpus_part {
    const char *name;
    uint32_t inputs; /* that it brought in */
    uint32_t cover;  /* places that no other input had covered before them */
};

struct corpus {
    struct corpus_item **items;
    uint64_t *sums;   /* Fenwick tree over the weights, [1..count] */
    uint32_t *places; /* by hash: index + 1; 0 empty */
    uint32_t count, capacity, places_log2;
    uint32_t inputs_max; /* 0: CORPUS_INPUTS_MAX */
    struct signal_set signal, cover;
    struct corpus_part *parts; /* by name, ascending */
    uint32_t part_count, part_capacity;
    uint64_t elapsed_sum_ns; /* of all items, for what is usual */
    struct corpus_reader *readers;
    struct corpus_item *retired;
    uint64_t epoch;
};

void corpus_free(struct corpus *c);

enum corpus_result {
    CORPUS_ADDED,
    CORPUS_MERGED, /* the same text was there: signal and cover were added to it */
    CORPUS_FULL,   /* of inputs, or of inputs of this part */
    CORPUS_NO_MEMORY,
};
enum corpus_result corpus_add(struct corpus *c, const struct corpus_entry *entry);
/* Adding it would not say CORPUS_FULL. */
bool corpus_has_room(const struct corpus *c, const struct corpus_entry *entry);
/* NULL: not there. */
const struct corpus_item *corpus_find(const struct corpus *c, const uint8_t *hash);
/* False when the corpus is empty. Odds grow with signal and shrink with the time a run takes. */
bool corpus_choose(const struct corpus *c, struct rng *rng, struct str *text);
/* The part has brought in so many inputs, for so little cover, that more are not wanted. */
bool corpus_is_saturated(const struct corpus *c, const char *part);
/* Keeps the inputs that have all the signal: for each edge the one in which it is worth most, and
 * of those the shortest. */
void corpus_minimise(struct corpus *c);

void corpus_reader_add(struct corpus *c, struct corpus_reader *r);
void corpus_reader_remove(struct corpus *c, struct corpus_reader *r);
void corpus_reader_enter(struct corpus *c, struct corpus_reader *r);
/* Frees what nobody can hold any more. */
void corpus_reader_leave(struct corpus *c, struct corpus_reader *r);

void corpus_hash(struct str text, uint8_t hash[CORPUS_HASH_BYTES]);

#endif /* SPEAR_ENGINE_CORPUS_H */
