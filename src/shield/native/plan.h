/*
 * plan: where the values of a signature are when a call crosses the border between guest and C;
 * worked out once per signature and store. Most signatures are plain: integers that all find a
 * register, or floats and vectors that do. Such values lie in struct native_regs as an array.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_PLAN_H
#define SHIELD_NATIVE_PLAN_H

#include "shield/native/state.h"

enum native_kind { NATIVE_I32, NATIVE_I64, NATIVE_F32, NATIVE_F64, NATIVE_V128, NATIVE_REF };
struct native_place {
    uint16_t at;  /* byte offset in struct native_regs, or slot of the overflow buffer */
    uint8_t kind; /* enum native_kind */
    bool overflows;
};
/* One direction: the parameters, or the results. */
struct native_side {
    bool is_plain;
    uint16_t at; /* plain: byte offset of the first in struct native_regs; the others follow */
    uint32_t count;
    uint8_t bytes[NATIVE_VECTORS]; /* plain: of each, 4, 8 or 16 */
    const struct wm_valtype *types;
    const struct native_place *places;
};
struct native_plan {
    bool has_vectors;     /* among the parameters */
    bool is_plain;        /* both sides */
    uint32_t array_bytes; /* of parameters and results as union rt_value */
    struct native_side params, results;
    struct native_place places[]; /* of parameters, then of results */
};
_Static_assert(offsetof(struct native_plan, has_vectors) == PLAN_HAS_VECTORS, "entry.S knows");

/* The plan of a function's type, made when first asked for; NULL: no memory. Owned by the state. */
const struct native_plan *native_plan_make(struct native_state *n, struct rt_func *fn);
static inline const struct native_plan *native_plan_of(struct native_state *n, struct rt_func *fn)
{
    return LIKELY(fn->plan != NULL) ? fn->plan : native_plan_make(n, fn);
}
void native_plans_free(struct native_state *n);

void native_put_slowly(struct native_state *n, const struct native_side *side,
                       struct native_regs *regs, const union rt_value *values);
MUST_USE enum status native_get_slowly(struct native_state *n, const struct native_side *side,
                                       const struct native_regs *regs, union rt_value *values);

/* The values of a plain side where they are. */
static inline union rt_value *native_plain(const struct native_side *side,
                                           struct native_regs *regs)
{
    return (union rt_value *)(void *)((uint8_t *)regs + side->at);
}

/* Reads each value as wide as it has just been written: the processor hands that over at once, but
 * waits for the cache when more is read than one store wrote. */
static inline void native_copy_plain(const struct native_side *side, const union rt_value *from,
                                     union rt_value *to)
{
    for (uint32_t i = 0; i < side->count; i++) {
        const uint8_t bytes = side->bytes[i];
        to[i].u64[0] = bytes == 4 ? from[i].i32 : from[i].i64;
        to[i].u64[1] = 0;
        if (UNLIKELY(bytes == 16))
            to[i].u64[1] = from[i].u64[1];
    }
}

/* From an array to registers and overflow buffer. */
static inline void native_put(struct native_state *n, const struct native_side *side,
                              struct native_regs *regs, const union rt_value *values)
{
    if (LIKELY(side->is_plain))
        native_copy_plain(side, values, native_plain(side, regs));
    else
        native_put_slowly(n, side, regs, values);
}

/* And back. Judges references: ST_TRAP when one is damaged. */
MUST_USE static inline enum status native_get(struct native_state *n,
                                              const struct native_side *side,
                                              struct native_regs *regs, union rt_value *values)
{
    if (UNLIKELY(!side->is_plain))
        return native_get_slowly(n, side, regs, values);
    native_copy_plain(side, native_plain(side, regs), values);
    return ST_OK;
}

/* Raises DAMAGED_REFERENCE unless ref is a value of this type in this store. */
MUST_USE enum status native_judge_ref(struct rt_store *s, struct wm_valtype type, uint64_t ref);

#endif /* SHIELD_NATIVE_PLAN_H */
