/*
 * hints: what the inference hands to the check: for each branch target of a function, in order of
 * offset, the facts that hold there. What no fact speaks of is any number.
 *
 * A fact is one word, or three:
 *    63        32 31     29 28   27 25 24   20 19        0
 *   +------------+---------+------+-----+------+----------+
 *   |    low     |    0    | long | flags| kind | location |   then, if long: high; tag
 *   +------------+---------+------+-----+------+----------+
 * A short number has the high bound UINT32_MAX, a short other kind has high 0; both have tag 0.
 * Locations 0 to 15 are registers, 16 + s is slot s.
 *
 * Also the worker, which owns what inference and check reuse from function to function.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_HINTS_H
#define SHIELD_VERIFY_SFI_HINTS_H

#include "shield/verify/sfi/state.h"

enum { SFI_LOCATION_SLOT = 16, SFI_LOCATION_BITS = 20 };
_Static_assert(SFI_FRAME_BYTES_MAX / 8 + SFI_LOCATION_SLOT < 1 << SFI_LOCATION_BITS, "they fit");
_Static_assert(SFI_KIND_COUNT <= 32, "five bits");

struct sfi_hint {
    uint32_t offset;         /* in the image, of the branch target */
    uint32_t first_word;     /* its facts: up to the first word of the next hint */
    uint32_t depth, touched; /* of the stack */
};

struct sfi_hints {
    struct sfi_hint *hints; /* ascending; one more than count, whose first_word is the end */
    uint32_t count;
    uint64_t *words;
    uint32_t word_count;
};

struct sfi_fact {
    uint32_t location;
    struct sfi_value value;
};

/* The fact at *word, which is moved on. False when the words end within it, or when there is no
 * such location or kind: hints are not trusted. */
static inline bool sfi_fact_read(const uint64_t *words, uint32_t *word, uint32_t end,
                                 struct sfi_fact *out)
{
    uint64_t w = words[(*word)++];
    out->location = (uint32_t)w & ((1u << SFI_LOCATION_BITS) - 1);
    out->value = (struct sfi_value){.kind = (w >> 20) & 31, .flags = (w >> 25) & 7};
    out->value.low = (uint32_t)(w >> 32);
    out->value.high = out->value.kind == SFI_NUMBER ? UINT32_MAX : 0;
    if ((w >> 28 & 1) != 0) {
        if (end - *word < 2)
            return false;
        out->value.high = words[(*word)++];
        out->value.tag = (uint16_t)words[(*word)++];
    }
    return out->value.kind < SFI_KIND_COUNT && out->location != SFI_RSP;
}

struct sfi_record; /* of infer.c */

struct sfi_worker {
    struct arena *arena;
    struct sfi_state state;
    /* check: for each 32 bytes of the function, the first hint there or behind */
    uint32_t *buckets;
    uint32_t bucket_capacity;
    /* infer */
    struct sfi_hints hints;
    uint32_t hint_capacity, word_capacity;
    struct sfi_record *records;
    uint32_t record_count, record_capacity;
    struct sfi_fact *facts;
    uint32_t fact_count, fact_capacity;
    uint32_t function_start; /* of the function that the records belong to */
    uint32_t *record_at;     /* per byte of the function: record + 1 of the target there, or 0 */
    uint32_t record_at_capacity;
};

#endif /* SHIELD_VERIFY_SFI_HINTS_H */
