/* signal: a set of edges, each with its worth (0..3, see target.h). Open addressing: four bytes per
 * place and two bits beside it, so that a million edges take about 9 MiB at most. Not locked:
 * whoever shares a set locks it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_SIGNAL_H
#define SPEAR_ENGINE_SIGNAL_H

#include "base/base.h"

enum { SIGNAL_EDGES_MAX = 64 << 20 };

struct signal_set {
    uint32_t *edges; /* 0: an empty place */
    uint8_t *worths; /* four to a byte */
    uint32_t count;
    uint32_t log2; /* of places; 0: nothing allocated yet */
};

/* Zeroed is empty. */
void signal_free(struct signal_set *s);

enum signal_news {
    SIGNAL_KNOWN,  /* with this worth or a better one; or the set is full and cannot grow */
    SIGNAL_BETTER, /* known, but for less */
    SIGNAL_NEW,
};
/* What adding would say. 0 is no edge: always known, never there. */
enum signal_news signal_look(const struct signal_set *s, uint32_t edge, uint8_t worth);
enum signal_news signal_add(struct signal_set *s, uint32_t edge, uint8_t worth);
void signal_remove(struct signal_set *s, uint32_t edge); /* what is not there is fine */
/* -1: not there. */
int signal_worth(const struct signal_set *s, uint32_t edge);
/* Writes all edges, in no order; out has room for s->count. */
void signal_edges(const struct signal_set *s, uint32_t *out);

/* ---- ascending arrays without repeats -------------------------------------------------------- */
/* Sorts in place and drops repeats and zeros; returns the new count. */
uint32_t edges_sort(uint32_t *edges, uint32_t count);
bool edges_have(const uint32_t *edges, uint32_t count, uint32_t edge);
/* The common ones, written over a; returns their count. */
uint32_t edges_common(uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count);
/* Every one of a is in b. */
bool edges_within(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count);
/* Both together; out has room for a_count + b_count and is neither. */
uint32_t edges_union(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count,
                     uint32_t *out);

#endif /* SPEAR_ENGINE_SIGNAL_H */
