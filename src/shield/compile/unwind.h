/*
 * unwind: the table that debuggers and profilers walk our frames with (the .eh_frame section of an
 * ELF file). Frames are regular: endbr64, pushes of callee-saved registers in order of number, one
 * subtraction from rsp; so a few facts give the table of a function.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_UNWIND_H
#define SHIELD_COMPILE_UNWIND_H

#include "base/buf.h"

struct unwind_frame {
    uint32_t code_bytes;
    uint32_t prologue_bytes;
    uint32_t frame_bytes; /* subtracted from rsp behind the pushes */
    uint32_t saved;       /* registers pushed, a bit per hardware number */
};

/* Begins the table; everything follows in the same buffer. */
void unwind_begin(struct buf *table);
/* Appends a function. Returns the offset of the 4 bytes that must hold the distance from themselves
 * to the function's first byte; they hold 0. */
size_t unwind_add(struct buf *table, const struct unwind_frame *frame);
void unwind_end(struct buf *table);

#endif /* SHIELD_COMPILE_UNWIND_H */
