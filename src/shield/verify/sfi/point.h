/*
 * point: a place in a function that a branch goes to, with what is known there: the join of every
 * state that has come to it. Also the worker, which owns all that is reused from function to
 * function.
 *
 * What a point says only ever becomes weaker, so it describes whatever has been joined into it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_POINT_H
#define SHIELD_VERIFY_SFI_POINT_H

#include "shield/verify/sfi/step.h"

struct sfi_slot_fact {
    uint32_t slot;
    struct sfi_value value;
};

struct sfi_point {
    uint32_t number, offset; /* of its instruction; in the image */
    uint32_t depth, touched; /* of the stack */
    uint32_t first_slot, slot_count; /* in sfi_worker.slots; other slots hold any number */
    bool is_loop;    /* found by a branch back to here; a loop found otherwise only takes longer */
    bool is_reached; /* else nothing has come yet, and the rest means nothing */
    bool is_dirty;   /* to be walked from: says less than when it was, or never was */
    struct sfi_value regs[16];
};

struct sfi_worker {
    struct arena *arena;
    const struct sfi_policy *policy;
    const struct sfi_image *image;
    struct sfi_state state;
    struct sfi_code code;
    struct sfi_point *points; /* of the function, in no order */
    uint32_t point_count, point_capacity;
    struct sfi_slot_fact *slots;
    uint32_t slot_count, slot_capacity;
    bool is_patient; /* gives up at loops what they do change, and no more */
};

/* The point at an instruction; NULL: there is none. */
static inline struct sfi_point *sfi_point_at(struct sfi_worker *w, uint32_t number)
{
    uint32_t point = w->code.point_at[number];
    return point != 0 ? &w->points[point - 1] : NULL;
}

/* code.c: decodes the function into w->code. Each beginning of a loop becomes a point, not reached
 * yet. */
void sfi_code_read(struct sfi_worker *w, uint32_t function);

/* A new one there, not reached. Moves the others. */
struct sfi_point *sfi_point_new(struct sfi_worker *w, uint32_t number, uint32_t offset);

/* The present state comes to p. *changed: p says less than before, or is reached for the first
 * time. Refuses when rsp is not where it is on other ways. */
MUST_USE enum status sfi_point_join(struct sfi_walk *walk, struct sfi_point *p, bool *changed);

/* The present state is what p says, and nothing else is known. */
void sfi_point_load(struct sfi_worker *w, const struct sfi_point *p);

#endif /* SHIELD_VERIFY_SFI_POINT_H */
