/*
 * disassemble: machine code as text, through Capstone when that library is there; without it,
 * bytes in hexadecimal, cut into instructions by the verifier's own decoder.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_DISASSEMBLE_H
#define CLI_DISASSEMBLE_H

#include "base/diag.h"

struct disassembler; /* owned; opaque */

struct disassembled {
    uint32_t size; /* bytes; 1 for a byte that begins no instruction */
    char text[192];
};

/* *out is owned. Never fails for want of the library: disassembler_has_names() tells. */
MUST_USE enum status disassembler_new(struct disassembler **out, struct diag *dg);
void disassembler_free(struct disassembler *d);
bool disassembler_has_names(const struct disassembler *d);
/* The instruction at code, which would run at address. size > 0. */
void disassemble(struct disassembler *d, const uint8_t *code, size_t size, uint64_t address,
                 struct disassembled *out);

#endif /* CLI_DISASSEMBLE_H */
