/*
 * state: what is known at one point of one function: of each register, of each 8-byte slot of the
 * frame, of the flags, and how deep rsp is. The frame is counted from the return address down: slot
 * s is the bytes [entry - 8 * (s + 1), entry - 8 * s), where entry is rsp at entry.
 *
 *        entry ->  return address      never touched
 *                  slot 0              pushes
 *                  ...
 *          rsp ->  slot depth / 8 - 1  the last one that may be accessed
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_STATE_H
#define SHIELD_VERIFY_SFI_STATE_H

#include "shield/verify/sfi/decode.h"
#include "shield/verify/sfi/value.h"

/* What the flags are the result of. */
enum sfi_flags_kind {
    SFI_FLAGS_UNKNOWN,
    SFI_FLAGS_COMPARE, /* left - right, both zero-extended from width */
    SFI_FLAGS_SUM,     /* carry: left + right did not fit 64 bits. left_reg has the sum, right.low
                          is a bound that holds when there was no carry */
};
enum { SFI_NO_CONDITION = 16 };

struct sfi_flags {
    uint8_t kind;
    uint8_t width;
    uint8_t left_reg, right_reg; /* still holding what was compared, or SFI_NO_REG */
    uint8_t false_condition;     /* a jump on it was not taken since; or SFI_NO_CONDITION */
    struct sfi_value left, right;
};

static inline struct sfi_flags sfi_no_flags(void)
{
    return (struct sfi_flags){
        .left_reg = SFI_NO_REG, .right_reg = SFI_NO_REG, .false_condition = SFI_NO_CONDITION};
}

struct sfi_state {
    struct sfi_value regs[16]; /* that of rsp is not used */
    struct sfi_flags flags;
    uint32_t depth;    /* bytes from rsp to entry; a multiple of 8 */
    uint32_t touched;  /* the deepest byte known to have been accessed */
    bool has_volatile; /* maybe a slot holds what a call invalidates */
    bool has_records;  /* maybe a slot holds a function record, or what was read out of one */
    bool is_frame_changed; /* maybe some slot, plain numbers aside, says something else than: */
    uint32_t first_slot, slot_count; /* the list in sfi_worker.slots that it was loaded with */
    uint32_t epoch;    /* slots with another stamp hold any number */
    uint32_t *stamps;  /* arena: slot_capacity of them */
    struct sfi_value *slots;
    uint32_t *used; /* slots stamped in this epoch, each once */
    uint32_t used_count, slot_capacity;
    struct arena *arena;
};

void sfi_state_init(struct sfi_state *st, struct arena *a);
/* These registers; nothing is known of the flags, the stack is empty. */
void sfi_state_begin(struct sfi_state *st, const struct sfi_value regs[16]);
/* rsp goes down by bytes; the new slots hold any number. Depth is bounded by the caller. */
void sfi_state_grow(struct sfi_state *st, uint32_t bytes);

static inline struct sfi_value sfi_slot(const struct sfi_state *st, uint32_t slot)
{
    return st->stamps[slot] == st->epoch ? st->slots[slot] : sfi_any();
}

static inline void sfi_set_slot(struct sfi_state *st, uint32_t slot, const struct sfi_value *v)
{
    if (st->stamps[slot] != st->epoch) {
        if (sfi_is_any(v))
            return;
        st->stamps[slot] = st->epoch;
        st->used[st->used_count++] = slot;
    } else {
        st->is_frame_changed |= !sfi_is_plain(&st->slots[slot]);
    }
    st->is_frame_changed |= !sfi_is_plain(v);
    st->slots[slot] = *v;
}

/* Sets a register and forgets that flags were made from its old content. */
static inline void sfi_set_reg(struct sfi_state *st, uint32_t reg, const struct sfi_value *v)
{
    st->regs[reg] = *v;
    if (st->flags.left_reg == reg)
        st->flags.left_reg = SFI_NO_REG;
    if (st->flags.right_reg == reg)
        st->flags.right_reg = SFI_NO_REG;
}

/* No register, slot or flag speaks of that identity any more: it is about to be given anew. */
void sfi_forget_identity(struct sfi_state *st, uint32_t identity);

/* The unsigned and equality conditions; others say nothing here. */
enum sfi_condition {
    SFI_CC_B = 2,
    SFI_CC_AE = 3,
    SFI_CC_E = 4,
    SFI_CC_NE = 5,
    SFI_CC_BE = 6,
    SFI_CC_A = 7,
};

/* Whether sfi_refine() could add anything, for the condition or its opposite. Equality of numbers
 * adds nothing worth the time. */
static inline bool sfi_says_something(const struct sfi_flags *f, uint32_t condition)
{
    if (f->kind == SFI_FLAGS_UNKNOWN || condition < SFI_CC_B || condition > SFI_CC_A)
        return false;
    return (condition != SFI_CC_E && condition != SFI_CC_NE) || f->left.kind != SFI_NUMBER ||
           f->right.kind != SFI_NUMBER;
}

/* Adds what follows from the flags when the condition holds. */
void sfi_refine(struct sfi_state *st, uint32_t condition);
/* The value of the low bytes of a register under that condition. */
struct sfi_value sfi_refined(const struct sfi_state *st, uint32_t reg, uint32_t bytes,
                             uint32_t condition);

#endif /* SHIELD_VERIFY_SFI_STATE_H */
