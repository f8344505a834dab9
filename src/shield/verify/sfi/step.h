/*
 * step: what one instruction does to a state, and whether the policy allows it. The one transfer
 * function, used by the inference (not trusted) and by the check (trusted).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_STEP_H
#define SHIELD_VERIFY_SFI_STEP_H

#include "shield/verify/sfi/state.h"

/* The instructions of one function, as they follow each other from its first byte on, up to the
 * first bytes that are none. */
struct sfi_code {
    struct sfi_insn *insns; /* arena */
    uint32_t *number_at; /* arena; per byte of the function: the number + 1 of the instruction that
                            begins there, or 0 */
    uint32_t count, capacity, size_bytes, bytes_capacity;
};
void sfi_code_read(struct sfi_code *code, const struct sfi_image *image, uint32_t function,
                   struct arena *a);

/* One walk over one function. */
struct sfi_walk {
    const struct sfi_policy *policy;
    const struct sfi_image *image;
    uint32_t function;
    uint32_t start, end;         /* of the function, in the image */
    const struct sfi_code *code; /* of the function */
    struct sfi_state *state;
    uint32_t at;                /* offset of the instruction */
    const struct sfi_insn *ins; /* the instruction; NULL: none */
    /* Control may pass to offset `target` of this function with the present state. Judges or
     * records that; returns ST_OK or refuses. */
    enum status (*branch)(struct sfi_walk *walk, uint32_t target);
    void *owner;
    struct diag *dg;
};

/* The state at the entry of a function: what its callers owe it. */
void sfi_enter(struct sfi_walk *walk);

/* Performs the instruction at walk->at. *falls: whether the next one may follow. */
MUST_USE enum status sfi_step(struct sfi_walk *walk, bool *falls);

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

/* step.c */
MUST_USE enum status sfi_write_reg(struct sfi_walk *walk, uint32_t reg, const struct sfi_value *v);

#endif /* SHIELD_VERIFY_SFI_STEP_H */
