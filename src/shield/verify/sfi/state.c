/* state: see state.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/state.h"

#include <assert.h>

enum { SLOTS_FIRST = 64 };

static void slots_reserve(struct sfi_state *st, uint32_t slots)
{
    uint32_t capacity = MAX(st->slot_capacity, SLOTS_FIRST);
    while (capacity < slots)
        capacity *= 2;
    if (capacity == st->slot_capacity)
        return;
    uint32_t old = st->slot_capacity;
    st->stamps = arena_grow(st->arena, st->stamps, old, capacity, sizeof(*st->stamps));
    st->slots = arena_grow(st->arena, st->slots, old, capacity, sizeof(*st->slots));
    st->used = arena_grow(st->arena, st->used, old, capacity, sizeof(*st->used));
    st->slot_capacity = capacity;
}

void sfi_state_init(struct sfi_state *st, struct arena *a)
{
    *st = (struct sfi_state){.arena = a};
    slots_reserve(st, SLOTS_FIRST);
}

void sfi_state_begin(struct sfi_state *st, const struct sfi_value regs[16])
{
    memcpy(st->regs, regs, sizeof(st->regs));
    st->flags = sfi_no_flags();
    st->depth = st->touched = 0;
    st->has_volatile = st->has_records = st->is_frame_changed = false;
    st->first_slot = st->slot_count = 0;
    st->used_count = 0;
    if (++st->epoch == 0) { /* the stamps of old epochs must not come to life again */
        memset(st->stamps, 0, st->slot_capacity * sizeof(*st->stamps));
        st->epoch = 1;
    }
}

void sfi_state_grow(struct sfi_state *st, uint32_t bytes)
{
    uint32_t first = st->depth / 8, end = (st->depth + bytes) / 8;
    assert(st->depth % 8 == 0 && bytes % 8 == 0 && "slots are whole");
    slots_reserve(st, end);
    for (uint32_t s = first; s < end && st->used_count != 0; s++)
        st->slots[s] = sfi_any(); /* of a deeper frame that was given up; else no stamp is ours */
    st->depth += bytes;
}

static bool is_of(const struct sfi_value *v, uint32_t identity)
{
    return sfi_has_identity(v) && v->low == identity;
}

void sfi_forget_identity(struct sfi_state *st, uint32_t identity)
{
    struct sfi_flags *f = &st->flags;
    const struct sfi_value any = sfi_any();

    for (uint32_t r = 0; r < 16; r++)
        if (is_of(&st->regs[r], identity))
            st->regs[r] = any;
    for (uint32_t i = 0; st->has_records && i < st->used_count; i++)
        if (is_of(&st->slots[st->used[i]], identity))
            sfi_set_slot(st, st->used[i], &any);
    if (is_of(&f->left, identity) || is_of(&f->right, identity))
        f->kind = SFI_FLAGS_UNKNOWN;
}

/* ---- conditions ---------------------------------------------------------------------------- */

/* a ? b, seen from b. */
static uint32_t swapped(uint32_t condition)
{
    switch (condition) {
    case SFI_CC_B: return SFI_CC_A;
    case SFI_CC_A: return SFI_CC_B;
    case SFI_CC_AE: return SFI_CC_BE;
    case SFI_CC_BE: return SFI_CC_AE;
    default: return condition;
    }
}

/* A number v, when `v condition bound` holds for its low width bytes. */
static struct sfi_value bounded(struct sfi_value v, const struct sfi_value *bound, uint32_t width,
                                uint32_t condition)
{
    bool is_below = condition == SFI_CC_B || condition == SFI_CC_BE || condition == SFI_CC_E;
    bool is_above = condition == SFI_CC_A || condition == SFI_CC_AE || condition == SFI_CC_E;

    if (v.kind != SFI_NUMBER || !(width == 8 || (width == 4 && sfi_is_u32(&v))))
        return v;
    if (bound->kind == SFI_NUMBER) {
        uint64_t high = bound->high - (condition == SFI_CC_B && bound->high != 0);
        uint32_t low = bound->low + (condition == SFI_CC_A && bound->low != UINT32_MAX);
        if (is_below && high < v.high)
            v.high = high;
        if (is_above && low > v.low)
            v.low = low;
    } else if (bound->low <= UINT16_MAX && width == 8) {
        bool is_end = bound->kind == SFI_MEMORY_SIZE && is_below;
        bool is_index = bound->kind == SFI_TABLE_SIZE && condition == SFI_CC_B;
        if (is_end || is_index) {
            v.flags = is_end ? SFI_IS_END : SFI_IS_INDEX;
            v.tag = (uint16_t)bound->low;
        }
    }
    return v;
}

/* v, the content of reg or of its low bytes, when the condition holds. */
static struct sfi_value conditioned(const struct sfi_flags *f, uint32_t reg, struct sfi_value v,
                                    uint32_t condition)
{
    if (f->kind == SFI_FLAGS_COMPARE) {
        if (reg == f->left_reg)
            v = bounded(v, &f->right, f->width, condition);
        if (reg == f->right_reg)
            v = bounded(v, &f->left, f->width, swapped(condition));
    } else if (f->kind == SFI_FLAGS_SUM && reg == f->left_reg && condition == SFI_CC_AE &&
               v.kind == SFI_NUMBER) {
        v.low = MAX(v.low, f->right.low);
    }
    return v;
}

struct sfi_value sfi_refined(const struct sfi_state *st, uint32_t reg, uint32_t bytes,
                             uint32_t condition)
{
    struct sfi_value v = conditioned(&st->flags, reg, st->regs[reg], condition);
    v = sfi_truncate(&v, bytes);
    /* What was compared may be just these bytes of a register with more. */
    if (bytes == 4 && st->flags.kind == SFI_FLAGS_COMPARE && st->flags.width == 4)
        v = conditioned(&st->flags, reg, v, condition);
    return v;
}

static void refine_records(struct sfi_state *st, uint32_t identity, uint8_t flag)
{
    for (uint32_t r = 0; r < 16; r++)
        if (sfi_is(&st->regs[r], SFI_FUNC, identity))
            st->regs[r].flags |= flag;
}

/* Null, type and context of function records: all registers with that identity hold the same. */
static void refine_identity(struct sfi_state *st, const struct sfi_value *v,
                            const struct sfi_value *other, uint32_t condition)
{
    uint32_t width = st->flags.width;
    if (v->kind == SFI_FUNC && width == 8 && condition == SFI_CC_NE && other->kind == SFI_NUMBER &&
        other->high == 0)
        refine_records(st, v->low, SFI_IS_THERE);
    if (v->kind == SFI_FUNC_TYPE && width == 4 && condition == SFI_CC_E &&
        other->kind == SFI_TYPE_ID)
        refine_records(st, v->low, SFI_IS_SIGNED);
    if (v->kind == SFI_FUNC_CONTEXT && width == 8 && condition == SFI_CC_E &&
        other->kind == SFI_CONTEXT)
        refine_records(st, v->low, SFI_IS_SAME);
}

void sfi_refine(struct sfi_state *st, uint32_t condition)
{
    const struct sfi_flags *f = &st->flags;

    if (f->kind == SFI_FLAGS_UNKNOWN)
        return;
    struct sfi_value left = sfi_any();
    if (f->left_reg != SFI_NO_REG)
        left = sfi_refined(st, f->left_reg, 8, condition);
    if (f->right_reg != SFI_NO_REG)
        st->regs[f->right_reg] = sfi_refined(st, f->right_reg, 8, condition);
    if (f->left_reg != SFI_NO_REG && f->left_reg != f->right_reg)
        st->regs[f->left_reg] = left;
    if (f->kind == SFI_FLAGS_COMPARE) {
        refine_identity(st, &f->left, &f->right, condition);
        refine_identity(st, &f->right, &f->left, condition);
    }
}
