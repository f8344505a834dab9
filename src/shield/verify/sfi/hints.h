/*
 * hints: what the inference hands to the check: for each branch target of a function, in order of
 * offset, the facts that hold there. What no fact speaks of is any number.
 *
 * Also the worker, which owns what inference and check reuse from function to function.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_HINTS_H
#define SHIELD_VERIFY_SFI_HINTS_H

#include "shield/verify/sfi/step.h"

enum { SFI_LOCATION_SLOT = 16 }; /* registers are locations 0 to 15, slot s is 16 + s */

struct sfi_fact {
    uint32_t location;
    struct sfi_value value;
};

struct sfi_hint {
    uint32_t offset; /* in the image, of the branch target */
    uint32_t first_fact, fact_count;
    uint32_t depth, touched; /* of the stack */
};

struct sfi_hints {
    const struct sfi_hint *hints; /* ascending */
    const struct sfi_fact *facts;
    uint32_t count, fact_count;
};

/* Whether a fact names what there is; hints are not trusted. */
static inline bool sfi_fact_is_sound(const struct sfi_fact *fact, uint32_t depth)
{
    return fact->location < SFI_LOCATION_SLOT + depth / 8 && fact->location != SFI_RSP &&
           fact->value.kind < SFI_KIND_COUNT;
}

struct sfi_record; /* of infer.c */

struct sfi_worker {
    struct arena *arena;
    struct sfi_state state;
    struct sfi_code code;
    /* check: for each 32 bytes of the function, the first hint there or behind */
    uint32_t *buckets;
    uint32_t bucket_capacity;
    /* infer */
    struct sfi_hints hints;
    struct sfi_hint *hint_list;
    uint32_t hint_capacity;
    struct sfi_record *records;
    uint32_t record_count, record_capacity;
    struct sfi_fact *facts;
    uint32_t fact_count, fact_capacity;
    uint32_t function_start; /* of the function that the records belong to */
    uint32_t *record_at;     /* per byte of the function: record + 1 of the target there, or 0 */
    uint32_t record_at_capacity;
};

/* sfi_infer and sfi_check for a function whose instructions w->code has. */
MUST_USE enum status sfi_infer_code(struct sfi_worker *w, const struct sfi_policy *policy,
                                    const struct sfi_image *image, uint32_t function,
                                    const struct sfi_hints **out, struct diag *dg);
MUST_USE enum status sfi_check_code(struct sfi_worker *w, const struct sfi_policy *policy,
                                    const struct sfi_image *image, uint32_t function,
                                    const struct sfi_hints *hints, struct diag *dg);

#endif /* SHIELD_VERIFY_SFI_HINTS_H */
