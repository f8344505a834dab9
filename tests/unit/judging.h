/* judging: runs reader and validator over a module of a test row, with the fast path and without;
 * both must say the same. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_JUDGING_H
#define TESTS_UNIT_JUDGING_H

#include "hex.h"
#include "tap.h"

#include "shield/wasm/read.h"
#include "shield/wasm/validate_int.h"

enum { JUDGING_ARENA_BYTES = 256 << 20 };

/* All features but those named, with blanks between; NULL: all. */
static inline struct wm_features features_without(const char *off)
{
    struct wm_features set = wm_features_all();
    char word[64];

    while (off != NULL && *off != '\0') {
        size_t length = strcspn(off, " ");
        memcpy(word, off, length);
        word[length] = '\0';
        wm_feature_set(&set, wm_feature_find(word), false);
        off += length + (off[length] == ' ');
    }
    return set;
}

/* Reads with all features, validates with those given. The bytes may be freed afterwards. */
static inline enum status judge_once(const uint8_t *bytes, size_t size, struct wm_features features,
                                     bool is_plain, struct diag *dg)
{
    struct arena a, scratch;
    struct wm_module m;

    *dg = (struct diag){0};
    arena_init(&a, JUDGING_ARENA_BYTES);
    arena_init(&scratch, JUDGING_ARENA_BYTES);
    enum status st = wm_read_module(bytes, size, wm_features_all(), &a, &m, dg);
    if (st == ST_OK) {
        m.features = features;
        st = wm_validate_plainly(&m, &scratch, is_plain, dg);
    }
    arena_free(&scratch);
    arena_free(&a);
    return st;
}

/* One test point: status, offset and words are as the row says, on both paths. */
static inline void expect_judgement(const char *name, const uint8_t *bytes, size_t size,
                                    const char *off, enum status want, uint64_t offset,
                                    const char *text)
{
    uint8_t *copy = exact_copy(bytes, size);
    struct wm_features features = features_without(off);
    struct diag fast, plain;
    enum status fast_status = judge_once(copy, size, features, false, &fast);
    enum status plain_status = judge_once(copy, size, features, true, &plain);
    bool same = fast_status == plain_status && fast.offset == plain.offset &&
                strcmp(fast.text, plain.text) == 0;
    bool right = fast_status == want && fast.offset == offset && strcmp(fast.text, text) == 0;

    tap_ok(same && right, "%s: %s at %llu: %s%s%s", name, status_text(fast_status),
           (unsigned long long)fast.offset, fast.text,
           same ? "" : "; without the fast path: ", same ? "" : plain.text);
    free(copy);
}

#endif /* TESTS_UNIT_JUDGING_H */
