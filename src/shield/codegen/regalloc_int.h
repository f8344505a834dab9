/*
 * regalloc_int: what the allocators share: the list of edits, the slots of the frame, and the order
 * of moves that happen at once. Private to regalloc*.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_REGALLOC_INT_H
#define SHIELD_CODEGEN_REGALLOC_INT_H

#include "shield/codegen/regalloc.h"

#define RA_GPR_MASK UINT32_C(0x0000ffff)
#define RA_XMM_MASK UINT32_C(0xffff0000)

static inline mir_preg_set ra_bit(uint32_t preg)
{
    return UINT32_C(1) << preg;
}

static inline mir_preg_set ra_class_mask(uint8_t class)
{
    return class == MIR_GPR ? RA_GPR_MASK : RA_XMM_MASK;
}

static inline bool ra_is_register(mir_place place)
{
    return place < MIR_PREG_COUNT;
}

static inline uint32_t ra_scratch(uint8_t class)
{
    return class == MIR_GPR ? (uint32_t)MIR_SCRATCH_GPR : (uint32_t)MIR_SCRATCH_XMM;
}

/* ---- slots: 8-byte units. Those of two units never share units with those of one, so two slots
 * are the same or apart. ---- */
struct ra_slot_list {
    mir_place *items;
    uint32_t count, capacity;
};
struct ra_slots {
    struct arena *arena;
    uint32_t unit_count;
    struct ra_slot_list free[2]; /* of one unit, of two */
};

static inline bool ra_is_wide(const struct mir_vreg_info *info)
{
    return info->class == MIR_XMM && info->width == MIR_W128;
}
mir_place ra_slot_new(struct ra_slots *s, bool wide); /* that nothing has used before */
mir_place ra_slot_take(struct ra_slots *s, bool wide);
void ra_slot_give(struct ra_slots *s, mir_place slot, bool wide);

/* ---- edits ---- */
struct ra_edits {
    const struct mir_func *f;
    struct mir_edit *items;
    uint32_t count, capacity;
    mir_preg_set written; /* registers that edits write */
    struct regalloc_stats *stats;
};

/* Appends a move of vreg's value; nothing when the places are equal. Memory to memory goes through
 * the scratch register of the class. */
void ra_edit_move(struct ra_edits *e, uint32_t point, mir_vreg vreg, mir_place from, mir_place to);
/* Appends a repetition of vreg's remat instruction; into memory through the scratch register. */
void ra_edit_remat(struct ra_edits *e, uint32_t point, mir_vreg vreg, mir_place to);

/* ---- moves that happen at once ---- */
#define RA_REMAT UINT32_MAX /* as `from`: make it again */
struct ra_move {
    mir_place from, to; /* every `to` once */
    mir_vreg vreg;
};
struct ra_resolver {
    struct arena *arena;
    struct ra_slots *slots; /* a cycle between slots takes one for a moment */
    uint32_t *writer;       /* per place: number + 1 of the move that writes it, 0 between calls */
    uint32_t *readers;      /* per place: moves that still read it, 0 between calls */
    uint32_t place_capacity;
    uint32_t *ready; /* moves whose target nobody reads any more */
    uint32_t ready_capacity;
};
/* Appends the moves at point in an order that has the effect of all at once. Changes moves[]. */
void ra_resolve(struct ra_resolver *r, struct ra_edits *e, uint32_t point, struct ra_move *moves,
                uint32_t count);

/* The registers that an allocation writes: places of defs, edits, clobbers. */
mir_preg_set ra_written(const struct mir_func *f, const struct mir_allocation *a);

enum status ra_fast(const struct mir_func *f, struct mir_allocation *out,
                    struct regalloc_stats *stats);

#endif /* SHIELD_CODEGEN_REGALLOC_INT_H */
