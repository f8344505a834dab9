/* corpus: see corpus.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/corpus.h"

#include "base/mem.h"

#include <nettle/sha1.h>
#include <stdlib.h>
#include <string.h>

enum {
    CAPACITY_FIRST = 64,
    /* A part that has this many inputs needs cover to show for them (facts 1.1). */
    SATURATED_INPUTS = 3000,
    SATURATED_INPUTS_THIN = 1000, /* with less than ... places for each */
    SATURATED_COVER = 10,
    SATURATED_INPUTS_BARE = 300, /* without any cover */
    WEIGHT_UNIT = 64,
    SLOW_MAX = 8, /* times the usual: slower ones are not punished further */
};

_Static_assert(CORPUS_HASH_BYTES == SHA1_DIGEST_SIZE, "the hash is a SHA-1");

void corpus_hash(struct str text, uint8_t hash[CORPUS_HASH_BYTES])
{
    struct sha1_ctx state;

    sha1_init(&state);
    if (text.size != 0)
        sha1_update(&state, text.size, (const uint8_t *)text.text);
    sha1_digest(&state, CORPUS_HASH_BYTES, hash);
}

void corpus_free(struct corpus *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        mem_free(c->items[i]);
    while (c->retired != NULL) {
        struct corpus_item *next = c->retired->next_retired;
        mem_free(c->retired);
        c->retired = next;
    }
    mem_free(c->items);
    mem_free(c->sums);
    mem_free(c->places);
    mem_free(c->parts);
    signal_free(&c->signal);
    signal_free(&c->cover);
    *c = (struct corpus){0};
}

/* ---- by hash --------------------------------------------------------------------------------- */
static uint32_t first_place(const struct corpus *c, const uint8_t *hash)
{
    uint32_t word;
    memcpy(&word, hash, sizeof(word));
    return word >> (32 - c->places_log2);
}

/* The place of the hash, or the empty one where it would stand. */
static uint32_t place_of(const struct corpus *c, const uint8_t *hash)
{
    const uint32_t mask = (UINT32_C(1) << c->places_log2) - 1;
    uint32_t at = first_place(c, hash);

    while (c->places[at] != 0 &&
           memcmp(c->items[c->places[at] - 1]->hash, hash, CORPUS_HASH_BYTES) != 0)
        at = (at + 1) & mask;
    return at;
}

static void fill_places(struct corpus *c)
{
    memset(c->places, 0, sizeof(*c->places) << c->places_log2);
    for (uint32_t i = 0; i < c->count; i++)
        c->places[place_of(c, c->items[i]->hash)] = i + 1;
}

const struct corpus_item *corpus_find(const struct corpus *c, const uint8_t *hash)
{
    if (c->count == 0)
        return NULL;
    const uint32_t index = c->places[place_of(c, hash)];
    return index == 0 ? NULL : c->items[index - 1];
}

/* ---- choosing -------------------------------------------------------------------------------- */
static void sums_add(struct corpus *c, uint32_t index, int64_t weight)
{
    for (uint32_t i = index + 1; i <= c->capacity; i += i & -i)
        c->sums[i] += (uint64_t)weight;
}

static void fill_sums(struct corpus *c)
{
    memset(c->sums, 0, sizeof(*c->sums) * ((size_t)c->capacity + 1));
    for (uint32_t i = 0; i < c->count; i++)
        sums_add(c, i, c->items[i]->weight);
}

bool corpus_choose(const struct corpus *c, struct rng *rng, struct str *text)
{
    if (c->count == 0)
        return false;
    /* The capacity is a power of two, so its sum is that of everything. */
    uint64_t left = rng_below(rng, c->sums[c->capacity]);
    uint32_t at = 0;
    for (uint32_t step = c->capacity; step != 0; step /= 2)
        if (at + step <= c->capacity && c->sums[at + step] <= left) {
            at += step;
            left -= c->sums[at];
        }
    *text = corpus_text(c->items[at]);
    return true;
}

/* Signal, divided by how much slower than usual the input is, softened so that the usual halves. */
static uint32_t weight_of(const struct corpus *c, uint32_t signal_count, uint64_t elapsed_ns)
{
    const uint64_t usual = c->count == 0 ? 0 : c->elapsed_sum_ns / c->count;
    const uint64_t slow = usual == 0 ? WEIGHT_UNIT : elapsed_ns / (usual / WEIGHT_UNIT + 1);
    const uint64_t weight = (uint64_t)signal_count * WEIGHT_UNIT * 2 /
                            (WEIGHT_UNIT + MIN(slow, (uint64_t)WEIGHT_UNIT * SLOW_MAX));
    return (uint32_t)MAX(weight, (uint64_t)1);
}

/* ---- parts ----------------------------------------------------------------------------------- */
/* Index of the first part whose name is not below. */
static uint32_t part_index(const struct corpus *c, const char *name)
{
    uint32_t low = 0, high = c->part_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (strcmp(c->parts[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL when there is no memory for a new one. */
static struct corpus_part *part_of(struct corpus *c, const char *name)
{
    const uint32_t at = part_index(c, name);

    if (at < c->part_count && strcmp(c->parts[at].name, name) == 0)
        return &c->parts[at];
    if (c->part_count == c->part_capacity) {
        const uint32_t capacity = MAX(c->part_capacity * 2, (uint32_t)CAPACITY_FIRST);
        struct corpus_part *parts = mem_resize(c->parts, capacity, sizeof(*parts));
        if (parts == NULL)
            return NULL;
        c->parts = parts;
        c->part_capacity = capacity;
    }
    memmove(c->parts + at + 1, c->parts + at, (c->part_count - at) * sizeof(*c->parts));
    c->part_count++;
    c->parts[at] = (struct corpus_part){.name = name};
    return &c->parts[at];
}

bool corpus_is_saturated(const struct corpus *c, const char *name)
{
    const uint32_t at = part_index(c, name);

    if (at == c->part_count || strcmp(c->parts[at].name, name) != 0)
        return false;
    const struct corpus_part *part = &c->parts[at];
    return part->inputs >= SATURATED_INPUTS ||
           (part->inputs >= SATURATED_INPUTS_THIN &&
            part->cover / SATURATED_COVER < part->inputs) ||
           (part->inputs >= SATURATED_INPUTS_BARE && part->cover == 0);
}

/* ---- adding ---------------------------------------------------------------------------------- */
static struct corpus_item *item_new(const struct corpus_entry *e, const uint8_t *hash)
{
    const size_t edges = (size_t)e->signal_count + e->cover_count;
    struct corpus_item *item =
        mem_alloc(1, sizeof(*item) + edges * sizeof(*item->edges) + e->text.size + 1);

    if (item == NULL)
        return NULL;
    memcpy(item->hash, hash, CORPUS_HASH_BYTES);
    item->worth = e->worth;
    item->part = e->part;
    item->text_size = (uint32_t)e->text.size;
    item->signal_count = e->signal_count;
    item->cover_count = e->cover_count;
    item->elapsed_ns = e->elapsed_ns;
    if (e->signal_count != 0)
        memcpy(item->edges, e->signal, e->signal_count * sizeof(*item->edges));
    if (e->cover_count != 0)
        memcpy(item->edges + e->signal_count, e->cover, e->cover_count * sizeof(*item->edges));
    if (e->text.size != 0)
        memcpy(item->edges + edges, e->text.text, e->text.size);
    return item;
}

/* Capacity for one more; the index by hash is twice as large. */
static bool make_room(struct corpus *c)
{
    if (c->count < c->capacity)
        return true;
    const uint32_t capacity = MAX(c->capacity * 2, (uint32_t)CAPACITY_FIRST);
    struct corpus_item **items = mem_resize(c->items, capacity, sizeof(struct corpus_item *));
    if (items == NULL)
        return false;
    c->items = items;
    uint64_t *sums = mem_alloc((size_t)capacity + 1, sizeof(*sums));
    uint32_t *places = mem_alloc((size_t)capacity * 2, sizeof(*places));
    if (sums == NULL || places == NULL) {
        mem_free(sums);
        mem_free(places);
        return false;
    }
    mem_free(c->sums);
    mem_free(c->places);
    c->sums = sums;
    c->places = places;
    c->capacity = capacity;
    c->places_log2 = (uint32_t)__builtin_ctz(capacity) + 1;
    fill_sums(c);
    fill_places(c);
    return true;
}

static void retire(struct corpus *c, struct corpus_item *item)
{
    item->next_retired = c->retired;
    item->retired_at = c->epoch;
    c->retired = item;
}

/* The edges of an item count as covered from now on. */
static void note_edges(struct corpus *c, const struct corpus_item *item)
{
    struct corpus_part *part = part_of(c, item->part);

    for (uint32_t i = 0; i < item->signal_count; i++)
        signal_add(&c->signal, corpus_signal(item)[i], item->worth);
    for (uint32_t i = 0; i < item->cover_count; i++)
        if (signal_add(&c->cover, corpus_cover(item)[i], 0) == SIGNAL_NEW && part != NULL)
            part->cover++;
}

static enum corpus_result merge(struct corpus *c, uint32_t index, const struct corpus_entry *e)
{
    struct corpus_item *old = c->items[index];
    const size_t signal_max = (size_t)old->signal_count + e->signal_count;
    const size_t cover_max = (size_t)old->cover_count + e->cover_count;
    uint32_t *both = mem_alloc(signal_max + cover_max + 1, sizeof(*both));
    struct corpus_entry joint = *e;

    if (both == NULL)
        return CORPUS_NO_MEMORY;
    joint.part = old->part;
    joint.worth = MIN(old->worth, e->worth);
    joint.signal = both;
    joint.signal_count =
        edges_union(corpus_signal(old), old->signal_count, e->signal, e->signal_count, both);
    joint.cover = both + joint.signal_count;
    joint.cover_count = edges_union(corpus_cover(old), old->cover_count, e->cover, e->cover_count,
                                    both + joint.signal_count);
    struct corpus_item *item = item_new(&joint, old->hash);
    mem_free(both);
    if (item == NULL)
        return CORPUS_NO_MEMORY;
    c->elapsed_sum_ns += item->elapsed_ns - old->elapsed_ns;
    item->weight = weight_of(c, item->signal_count, item->elapsed_ns);
    sums_add(c, index, (int64_t)item->weight - (int64_t)old->weight);
    c->items[index] = item;
    note_edges(c, item);
    retire(c, old);
    return CORPUS_MERGED;
}

bool corpus_has_room(const struct corpus *c, const struct corpus_entry *e)
{
    const uint32_t inputs_max = c->inputs_max == 0 ? CORPUS_INPUTS_MAX : c->inputs_max;
    uint8_t hash[CORPUS_HASH_BYTES];

    corpus_hash(e->text, hash);
    return corpus_find(c, hash) != NULL ||
           (c->count < inputs_max && !corpus_is_saturated(c, e->part));
}

enum corpus_result corpus_add(struct corpus *c, const struct corpus_entry *e)
{
    uint8_t hash[CORPUS_HASH_BYTES];

    corpus_hash(e->text, hash);
    if (c->count != 0) {
        const uint32_t index = c->places[place_of(c, hash)];
        if (index != 0)
            return merge(c, index - 1, e);
    }
    if (!corpus_has_room(c, e))
        return CORPUS_FULL;
    struct corpus_part *part = part_of(c, e->part);
    struct corpus_item *item = item_new(e, hash);
    if (part == NULL || item == NULL || !make_room(c)) {
        mem_free(item);
        return CORPUS_NO_MEMORY;
    }
    part->inputs++;
    item->weight = weight_of(c, item->signal_count, item->elapsed_ns);
    c->elapsed_sum_ns += item->elapsed_ns;
    c->items[c->count] = item;
    c->places[place_of(c, hash)] = c->count + 1;
    sums_add(c, c->count, item->weight);
    c->count++;
    note_edges(c, item);
    return CORPUS_ADDED;
}

/* ---- minimising ------------------------------------------------------------------------------ */
static int by_worth(const void *a, const void *b)
{
    const struct corpus_item *x = *(struct corpus_item *const *)a;
    const struct corpus_item *y = *(struct corpus_item *const *)b;

    if (x->worth != y->worth)
        return x->worth > y->worth ? -1 : 1;
    if (x->text_size != y->text_size)
        return x->text_size < y->text_size ? -1 : 1;
    return memcmp(x->hash, y->hash, CORPUS_HASH_BYTES); /* the same order on every machine */
}

static bool brings_more(struct signal_set *covered, const struct corpus_item *item)
{
    bool more = item->signal_count == 0; /* kept for another reason than signal */

    for (uint32_t i = 0; i < item->signal_count; i++)
        more |= signal_add(covered, corpus_signal(item)[i], 0) == SIGNAL_NEW;
    return more;
}

void corpus_minimise(struct corpus *c)
{
    struct signal_set covered = {0};
    uint32_t kept = 0;

    if (c->count == 0)
        return;
    qsort(c->items, c->count, sizeof(struct corpus_item *), by_worth);
    for (uint32_t i = 0; i < c->count; i++) {
        struct corpus_item *item = c->items[i];
        if (brings_more(&covered, item)) {
            c->items[kept++] = item;
            continue;
        }
        struct corpus_part *part = part_of(c, item->part);
        if (part != NULL && part->inputs > 0)
            part->inputs--;
        c->elapsed_sum_ns -= item->elapsed_ns;
        retire(c, item);
    }
    c->count = kept;
    signal_free(&covered);
    fill_places(c);
    fill_sums(c);
}

/* ---- readers --------------------------------------------------------------------------------- */
void corpus_reader_add(struct corpus *c, struct corpus_reader *r)
{
    r->since = 0;
    r->next = c->readers;
    c->readers = r;
}

void corpus_reader_remove(struct corpus *c, struct corpus_reader *r)
{
    for (struct corpus_reader **at = &c->readers; *at != NULL; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            return;
        }
}

void corpus_reader_enter(struct corpus *c, struct corpus_reader *r)
{
    r->since = ++c->epoch;
}

void corpus_reader_leave(struct corpus *c, struct corpus_reader *r)
{
    uint64_t oldest = UINT64_MAX;

    r->since = 0;
    for (const struct corpus_reader *other = c->readers; other != NULL; other = other->next)
        if (other->since != 0)
            oldest = MIN(oldest, other->since);
    for (struct corpus_item **at = &c->retired; *at != NULL;) {
        struct corpus_item *item = *at;
        if (item->retired_at >= oldest) {
            at = &item->next_retired;
            continue;
        }
        *at = item->next_retired;
        mem_free(item);
    }
}
