/* Sets of edges against a plain array, ascending arrays by rows, and the corpus on top of them:
 * odds, saturation, merging, the smallest set. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/corpus.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* ---- sets ------------------------------------------------------------------------------------ */
static void test_set_against_array(void)
{
    enum { EDGES = 20000, STEPS = 200000 };
    static int8_t model[EDGES + 1]; /* worth, -1: not there */
    static uint32_t listed[EDGES + 1];
    struct signal_set set = {0};
    struct rng r;
    uint32_t wrong = 0, count = 0;

    memset(model, -1, sizeof(model));
    rng_seed(&r, 7);
    for (uint32_t i = 0; i < STEPS; i++) {
        const uint32_t edge = (uint32_t)rng_below(&r, EDGES + 1);
        const uint8_t worth = (uint8_t)rng_below(&r, 4);
        const uint32_t scattered = edge * UINT32_C(2654435761); /* 0 stays 0 */
        if (rng_chance(&r, 1, 3)) {
            signal_remove(&set, scattered);
            model[edge] = -1;
            continue;
        }
        const enum signal_news want = edge == 0             ? SIGNAL_KNOWN
                                      : model[edge] < 0     ? SIGNAL_NEW
                                      : model[edge] < worth ? SIGNAL_BETTER
                                                            : SIGNAL_KNOWN;
        wrong += signal_look(&set, scattered, worth) != want;
        wrong += signal_add(&set, scattered, worth) != want;
        if (want != SIGNAL_KNOWN)
            model[edge] = (int8_t)worth;
    }
    for (uint32_t edge = 1; edge <= EDGES; edge++) {
        wrong += signal_worth(&set, edge * UINT32_C(2654435761)) != model[edge];
        count += model[edge] >= 0;
    }
    tap_ok(wrong == 0, "%u random steps: %u answers are wrong", STEPS, wrong);
    tap_ok(set.count == count && count > EDGES / 2, "%u edges, and so many are counted", count);
    signal_edges(&set, listed);
    tap_ok(edges_sort(listed, set.count) == count, "all of them are listed");
    tap_ok(((size_t)1 << set.log2) * 17 / 4 <= (size_t)count * 17, "at most 17 bytes for each");
    signal_free(&set);
}

static void test_arrays(void)
{
    static const struct {
        const char *name;
        uint32_t a[6], b[6], common[6], all[6]; /* up to the first 0 */
        bool is_within;                         /* a in b */
    } rows[] = {
        {"nothing",           {0},          {0},       {0},       {0},          true },
        {"apart",             {1, 3},       {2, 4},    {0},       {1, 2, 3, 4}, false},
        {"inside",            {2, 3},       {1, 2, 3}, {2, 3},    {1, 2, 3},    true },
        {"one more",          {1, 2, 3, 9}, {1, 2, 3}, {1, 2, 3}, {1, 2, 3, 9}, false},
        {"the same",          {5, 6},       {5, 6},    {5, 6},    {5, 6},       true },
        {"an empty one",      {0},          {7},       {0},       {7},          true },
        {"into an empty one", {7},          {0},       {0},       {7},          false},
    };

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint32_t a[6], all[12], counts[4] = {0};
        const uint32_t *const lists[4] = {rows[i].a, rows[i].b, rows[i].common, rows[i].all};
        for (uint32_t k = 0; k < 4; k++)
            while (counts[k] < 6 && lists[k][counts[k]] != 0)
                counts[k]++;
        memcpy(a, rows[i].a, sizeof(a));
        const uint32_t common = edges_common(a, counts[0], rows[i].b, counts[1]);
        const uint32_t sum = edges_union(rows[i].a, counts[0], rows[i].b, counts[1], all);
        tap_ok(common == counts[2] && memcmp(a, rows[i].common, common * 4) == 0 &&
                   sum == counts[3] && memcmp(all, rows[i].all, sum * 4) == 0 &&
                   edges_within(rows[i].a, counts[0], rows[i].b, counts[1]) == rows[i].is_within,
               "%s: %u common, %u together", rows[i].name, common, sum);
    }
    uint32_t mixed[] = {9, 0, 3, 9, 1, 0, 3};
    tap_ok(edges_sort(mixed, LENGTH_OF(mixed)) == 3 && mixed[0] == 1 && mixed[2] == 9,
           "sorted without repeats and zeros");
    tap_ok(edges_have(mixed, 3, 3) && !edges_have(mixed, 3, 4) && !edges_have(mixed, 0, 3), "have");
}

/* ---- the corpus ------------------------------------------------------------------------------ */
static enum corpus_result add(struct corpus *c, const char *text, uint32_t first, uint32_t count,
                              uint8_t worth, uint64_t elapsed_ns)
{
    uint32_t edges[64];

    for (uint32_t i = 0; i < count; i++)
        edges[i] = first + i;
    const struct corpus_entry entry = {.text = str_of(text),
                                       .part = "call",
                                       .signal = edges,
                                       .signal_count = count,
                                       .cover = edges,
                                       .cover_count = count,
                                       .elapsed_ns = elapsed_ns,
                                       .worth = worth};
    return corpus_add(c, &entry);
}

static void test_choosing(void)
{
    enum { DRAWS = 30000 };
    struct corpus c = {0};
    struct str text;
    struct rng r;
    uint32_t chosen[3] = {0};

    rng_seed(&r, 3);
    tap_ok(!corpus_choose(&c, &r, &text), "an empty corpus has nothing to choose");
    add(&c, "0", 1, 10, 3, 1000000);
    add(&c, "1", 101, 40, 3, 1000000);
    add(&c, "2", 201, 40, 3, 20000000); /* as much signal, much slower */
    for (uint32_t i = 0; i < DRAWS; i++)
        if (corpus_choose(&c, &r, &text))
            chosen[text.text[0] - '0']++;
    tap_ok(chosen[0] + chosen[1] + chosen[2] == DRAWS, "every draw chooses");
    tap_ok(chosen[1] > chosen[0] * 3 && chosen[1] < chosen[0] * 5, "four times the signal: %u, %u",
           chosen[0], chosen[1]);
    tap_ok(chosen[2] * 2 < chosen[1] && chosen[2] > 0, "slow ones are rarer, not gone: %u",
           chosen[2]);
    corpus_free(&c);
}

static void test_merging(void)
{
    uint8_t hash[CORPUS_HASH_BYTES];
    struct corpus c = {0};

    tap_ok(add(&c, "a", 1, 5, 3, 10) == CORPUS_ADDED, "added");
    tap_ok(add(&c, "a", 4, 5, 1, 10) == CORPUS_MERGED && c.count == 1, "the same text is merged");
    corpus_hash(STR("a"), hash);
    const struct corpus_item *item = corpus_find(&c, hash);
    tap_ok(item != NULL && item->signal_count == 8 && item->cover_count == 8 && item->worth == 1 &&
               str_equal(corpus_text(item), STR("a")),
           "with the signal of both, worth the lesser");
    corpus_hash(STR("b"), hash);
    tap_ok(corpus_find(&c, hash) == NULL, "what is not there is not found");
    corpus_free(&c);
}

static void test_smallest(void)
{
    uint8_t hash[CORPUS_HASH_BYTES];
    struct corpus_reader reader = {0};
    struct corpus c = {0};
    struct str text;
    struct rng r;

    rng_seed(&r, 1);
    add(&c, "worthless and short", 1, 20, 1, 10);
    add(&c, "worth more, but it is a long text", 1, 20, 3, 10);
    add(&c, "worth more", 1, 20, 3, 10);
    add(&c, "something else", 50, 3, 1, 10);
    corpus_reader_add(&c, &reader);
    corpus_reader_enter(&c, &reader);
    corpus_choose(&c, &r, &text);
    corpus_minimise(&c);
    tap_ok(c.count == 2, "two of four have all the signal: %u", c.count);
    corpus_hash(STR("worth more"), hash);
    tap_ok(corpus_find(&c, hash) != NULL, "the short one of those that are worth more stays");
    tap_ok(c.retired != NULL && text.size != 0 && text.text[text.size - 1] != '\0',
           "texts in use stay readable");
    corpus_reader_leave(&c, &reader);
    tap_ok(c.retired == NULL, "and are freed when the last reader leaves");
    corpus_reader_remove(&c, &reader);
    for (uint32_t i = 0; i < 300; i++)
        if (corpus_choose(&c, &r, &text) && text.size == 0)
            tap_ok(false, "a choice without a text");
    corpus_free(&c);
}

static void test_saturation(void)
{
    struct corpus c = {0};
    char text[32];
    uint32_t added = 0;

    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "%u", i);
        added += add(&c, text, 1 + i, 1, 3, 10) == CORPUS_ADDED; /* one new place each */
    }
    tap_ok(added == 1000, "thin inputs of one part stop at a thousand: %u", added);
    tap_ok(corpus_is_saturated(&c, "call") && !corpus_is_saturated(&c, "other"), "it says so");
    c.inputs_max = 1000;
    const struct corpus_entry other = {.text = STR("x"), .part = "other"};
    tap_ok(corpus_add(&c, &other) == CORPUS_FULL, "a limit of inputs holds for all");
    corpus_free(&c);
}

int main(void)
{
    test_set_against_array();
    test_arrays();
    test_choosing();
    test_merging();
    test_smallest();
    test_saturation();
    return tap_done();
}
