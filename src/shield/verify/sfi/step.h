/*
 * step: what one instruction does to a state, and whether the policy allows it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_STEP_H
#define SHIELD_VERIFY_SFI_STEP_H

#include "shield/verify/sfi/state.h"

/* The instructions of one function, as they follow each other from its first byte on, up to the
 * first bytes that are none. All arena. */
struct sfi_code {
    struct sfi_insn *insns;
    uint32_t *point_at;  /* per instruction: the number + 1 of the point there, or 0 */
    uint32_t *number_at; /* per byte of the function: the number + 1 of the instruction that begins
                            there, or 0 */
    uint32_t count, capacity, bytes_capacity;
};

enum { SFI_NOT_AGAIN = INT32_MAX };

/* One walk over one function. */
struct sfi_walk {
    const struct sfi_policy *policy;
    const struct sfi_image *image;
    uint32_t function;
    uint32_t start, end;         /* of the function, in the image */
    const struct sfi_code *code; /* of the function */
    struct sfi_state *state;
    struct sfi_worker *worker;
    uint32_t number, at;        /* of the instruction; its offset */
    const struct sfi_insn *ins; /* the instruction; NULL: none */
    uint32_t passed;            /* the last instruction that has been performed */
    uint32_t again;             /* the first point to be walked from again, or SFI_NOT_AGAIN */
    uint64_t steps;             /* instructions performed, again and again counted */
    struct diag *dg;
};

/* The state at the entry of a function: what its callers owe it. */
void sfi_enter(struct sfi_walk *walk);

/* Performs walk->ins. *falls: whether the next one may follow. */
MUST_USE enum status sfi_step(struct sfi_walk *walk, bool *falls);

/* check.c: control may pass to offset `target` of this function, with the present state. */
MUST_USE enum status sfi_arrive(struct sfi_walk *walk, uint32_t target);

/* A refusal at the present instruction: where, its bytes, and the message. */
enum status sfi_refuse(struct sfi_walk *walk, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- between the files of the step --------------------------------------------------------------
 */

/* access.c: the memory operand. */
struct sfi_place {
    struct sfi_value loaded; /* what reading it gives, as wide as the operand, zero-extended */
    bool is_frame;
    uint32_t position; /* in the frame: bytes from entry down to its first byte */
};
/* Whether the memory operand of the instruction may be accessed as it does. */
MUST_USE enum status sfi_access(struct sfi_walk *walk, struct sfi_place *out);
/* Bytes of the frame are written: slots hold v if it is one whole slot, else their bounds widen. */
void sfi_frame_write(struct sfi_state *st, uint32_t position, uint32_t width,
                     const struct sfi_value *v);
/* The address operand as a value (lea). */
struct sfi_value sfi_address(const struct sfi_walk *walk);
/* Whether [offset, offset + bytes) is read-only data. */
bool sfi_in_data(const struct sfi_image *image, uint64_t offset, uint64_t bytes);

/* control.c: everything that changes the program counter. */
MUST_USE enum status sfi_control(struct sfi_walk *walk, bool *falls);

/* step.c: whether that value may be written to one of these registers. */
enum { SFI_GUARDED = 1 << SFI_RSP | 1 << SFI_R14 | 1 << SFI_R15 };
MUST_USE enum status sfi_expect_writable(struct sfi_walk *walk, uint32_t reg,
                                         const struct sfi_value *v);

static inline enum status sfi_write_reg(struct sfi_walk *walk, uint32_t reg,
                                        const struct sfi_value *v)
{
    if ((1u << reg & SFI_GUARDED) != 0)
        TRY(sfi_expect_writable(walk, reg, v));
    sfi_set_reg(walk->state, reg, v);
    return ST_OK;
}

#endif /* SHIELD_VERIFY_SFI_STEP_H */
