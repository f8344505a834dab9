/* wat_words: a hash table over the words of the .def tables, and guesses for misspelt ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_words.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { WORD_SLOTS = 2048, WORD_SIZE_MAX = 48, SUGGEST_DISTANCE_MAX = 2 };
_Static_assert(WAT_WORD_COUNT * 2 < WORD_SLOTS, "at most half full, so probing stays short");

static const char *const word_text[WAT_WORD_COUNT] = {
#define OP(name, text, prefix, code, imm, sig, width, feature) [WM_OP_##name] = text,
#include "shield/wasm/opcodes.def"
#undef OP
#define VALUE(name, text, code, sig)                     [WAT_VALUE_##name] = text,
#define HEAP(name, text, short_text, code, top, feature) [WAT_HEAP_##name] = text,
#include "shield/wasm/types.def"
#undef HEAP
#undef VALUE
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) [WAT_SHORT_##name] = short_text,
#include "shield/wasm/types.def"
#undef HEAP
#undef VALUE
#define WORD(name, text) [WAT_##name] = text,
#include "shield/wasm/wat_words.def"
#undef WORD
};

/* Written once by build_table(), read-only afterwards. */
static uint16_t word_slots[WORD_SLOTS]; /* word + 1, 0 is free */
static uint8_t word_size[WAT_WORD_COUNT];
static pthread_once_t word_once = PTHREAD_ONCE_INIT;

static uint32_t word_hash(const char *text, size_t size)
{
    uint32_t hash = (uint32_t)size;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 0x9e3779b1u;
    return hash >> 16 ^ hash;
}

static void build_table(void)
{
    for (uint32_t w = 0; w < WAT_WORD_COUNT; w++) {
        size_t size = strlen(word_text[w]);
        assert(size > 0 && size < WORD_SIZE_MAX && "a row without text");
        word_size[w] = (uint8_t)size;
        uint32_t slot = word_hash(word_text[w], size) % WORD_SLOTS;
        while (word_slots[slot] != 0 && strcmp(word_text[word_slots[slot] - 1], word_text[w]) != 0)
            slot = (slot + 1) % WORD_SLOTS;
        if (word_slots[slot] == 0)
            word_slots[slot] = (uint16_t)(w + 1);
        else
            assert(w < WM_OP_COUNT && "only operators may share a spelling");
    }
}

enum wat_word wat_word_find(const char *text, size_t size)
{
    if (size >= WORD_SIZE_MAX)
        return WAT_WORD_NONE;
    pthread_once(&word_once, build_table);
    uint32_t slot = word_hash(text, size) % WORD_SLOTS;
    for (; word_slots[slot] != 0; slot = (slot + 1) % WORD_SLOTS) {
        uint32_t w = word_slots[slot] - 1u;
        if (word_size[w] == size && memcmp(word_text[w], text, size) == 0)
            return (enum wat_word)w;
    }
    return WAT_WORD_NONE;
}

const char *wat_word_text(enum wat_word word)
{
    return word < WAT_WORD_COUNT ? word_text[word] : "?";
}

/* Number of letters to insert, drop or change; both texts are shorter than WORD_SIZE_MAX. */
static uint32_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    uint32_t row[WORD_SIZE_MAX + 1];

    for (uint32_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a_size; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b_size; j++) {
            uint32_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

const char *wat_word_suggest(struct str written, enum wat_word first, enum wat_word end)
{
    const char *best = NULL;
    uint32_t best_distance = (uint32_t)MIN(written.size / 2, (size_t)SUGGEST_DISTANCE_MAX) + 1;

    if (written.size >= WORD_SIZE_MAX)
        return NULL;
    for (uint32_t w = first; w < end; w++) {
        uint32_t distance =
            edit_distance(written.text, written.size, word_text[w], strlen(word_text[w]));
        if (distance < best_distance) {
            best = word_text[w];
            best_distance = distance;
        }
    }
    return best;
}
