/* signal: see signal.h. Linear probing at three quarters full at most.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/signal.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LOG2_FIRST = 12 };

void signal_free(struct signal_set *s)
{
    mem_free(s->edges);
    mem_free(s->worths);
    *s = (struct signal_set){0};
}

/* Where the edge stands, or the empty place where it would. The set has places. */
static uint32_t place_of(const struct signal_set *s, uint32_t edge)
{
    const uint32_t mask = (UINT32_C(1) << s->log2) - 1;
    uint32_t at = edge * UINT32_C(0x9e3779b1) >> (32 - s->log2);

    while (s->edges[at] != 0 && s->edges[at] != edge)
        at = (at + 1) & mask;
    return at;
}

static uint8_t worth_at(const struct signal_set *s, uint32_t at)
{
    return s->worths[at / 4] >> at % 4 * 2 & 3;
}

static void set_worth(struct signal_set *s, uint32_t at, uint8_t worth)
{
    const unsigned shift = at % 4 * 2;
    s->worths[at / 4] = (uint8_t)((s->worths[at / 4] & ~(3u << shift)) | (worth & 3u) << shift);
}

static bool grow(struct signal_set *s)
{
    struct signal_set bigger = {.log2 = s->log2 == 0 ? LOG2_FIRST : s->log2 + 1};
    const size_t places = (size_t)1 << bigger.log2, old_places = (size_t)1 << s->log2;

    bigger.edges = mem_alloc(places, sizeof(*bigger.edges));
    bigger.worths = mem_alloc(places / 4, 1);
    if (bigger.edges == NULL || bigger.worths == NULL) {
        signal_free(&bigger);
        return false;
    }
    for (size_t i = 0; s->log2 != 0 && i < old_places; i++)
        if (s->edges[i] != 0) {
            const uint32_t at = place_of(&bigger, s->edges[i]);
            bigger.edges[at] = s->edges[i];
            set_worth(&bigger, at, worth_at(s, (uint32_t)i));
        }
    bigger.count = s->count;
    signal_free(s);
    *s = bigger;
    return true;
}

/* False when there is no room for one more. */
static bool make_room(struct signal_set *s)
{
    const uint64_t places = s->log2 == 0 ? 0 : UINT64_C(1) << s->log2;

    if ((uint64_t)s->count * 4 < places * 3)
        return true;
    if (s->count < SIGNAL_EDGES_MAX && grow(s))
        return true;
    return (uint64_t)s->count * 16 < places * 15; /* slower, but better than forgetting */
}

enum signal_news signal_look(const struct signal_set *s, uint32_t edge, uint8_t worth)
{
    const int known = edge == 0 ? INT_MAX : signal_worth(s, edge);
    return known < 0 ? SIGNAL_NEW : known < worth ? SIGNAL_BETTER : SIGNAL_KNOWN;
}

enum signal_news signal_add(struct signal_set *s, uint32_t edge, uint8_t worth)
{
    const enum signal_news news = signal_look(s, edge, worth);

    if (news == SIGNAL_KNOWN || (news == SIGNAL_NEW && !make_room(s)))
        return SIGNAL_KNOWN;
    const uint32_t at = place_of(s, edge);
    if (news == SIGNAL_NEW)
        s->count++;
    s->edges[at] = edge;
    set_worth(s, at, worth);
    return news;
}

void signal_remove(struct signal_set *s, uint32_t edge)
{
    if (edge == 0 || signal_worth(s, edge) < 0)
        return;
    const uint32_t mask = (UINT32_C(1) << s->log2) - 1;
    uint32_t hole = place_of(s, edge);

    /* Those behind that would have stood here, or earlier, close the hole. */
    for (uint32_t at = (hole + 1) & mask; s->edges[at] != 0; at = (at + 1) & mask) {
        const uint32_t home = s->edges[at] * UINT32_C(0x9e3779b1) >> (32 - s->log2);
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        s->edges[hole] = s->edges[at];
        set_worth(s, hole, worth_at(s, at));
        hole = at;
    }
    s->edges[hole] = 0;
    s->count--;
}

int signal_worth(const struct signal_set *s, uint32_t edge)
{
    if (s->log2 == 0)
        return -1;
    const uint32_t at = place_of(s, edge);
    return s->edges[at] == 0 ? -1 : worth_at(s, at);
}

void signal_edges(const struct signal_set *s, uint32_t *out)
{
    const size_t places = s->log2 == 0 ? 0 : (size_t)1 << s->log2;
    for (size_t i = 0; i < places; i++)
        if (s->edges[i] != 0)
            *out++ = s->edges[i];
}

/* ---- ascending arrays ------------------------------------------------------------------------ */
static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t edges_sort(uint32_t *edges, uint32_t count)
{
    uint32_t kept = 0;

    if (count > 1)
        qsort(edges, count, sizeof(*edges), by_value);
    for (uint32_t i = 0; i < count; i++)
        if (edges[i] != 0 && (kept == 0 || edges[kept - 1] != edges[i]))
            edges[kept++] = edges[i];
    return kept;
}

bool edges_have(const uint32_t *edges, uint32_t count, uint32_t edge)
{
    return count != 0 && bsearch(&edge, edges, count, sizeof(*edges), by_value) != NULL;
}

uint32_t edges_common(uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0, j = 0; i < a_count && j < b_count;)
        if (a[i] < b[j])
            i++;
        else if (a[i] > b[j])
            j++;
        else {
            a[kept++] = a[i++];
            j++;
        }
    return kept;
}

bool edges_within(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count)
{
    uint32_t j = 0;

    for (uint32_t i = 0; i < a_count; i++) {
        while (j < b_count && b[j] < a[i])
            j++;
        if (j == b_count || b[j] != a[i])
            return false;
    }
    return true;
}

uint32_t edges_union(const uint32_t *a, uint32_t a_count, const uint32_t *b, uint32_t b_count,
                     uint32_t *out)
{
    uint32_t i = 0, j = 0, count = 0;

    while (i < a_count || j < b_count)
        if (j == b_count || (i < a_count && a[i] < b[j]))
            out[count++] = a[i++];
        else if (i == a_count || b[j] < a[i])
            out[count++] = b[j++];
        else {
            out[count++] = a[i++];
            j++;
        }
    return count;
}
