/* symbols: from an address or function+offset of a kernel to file and line, with the functions
 * that were inlined there. Reads the DWARF of vmlinux through elfutils, which is loaded at the
 * first use. One thread at a time. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_SYMBOLS_H
#define SPEAR_KERNEL_SYMBOLS_H

#include "base/buf.h"

struct symbols;

enum { SYMBOL_FRAMES_MAX = 32 }; /* functions inlined into each other at one address */

/* vmlinux: with or without debug information; without it there are addresses, but no lines.
 * ST_UNSUPPORTED when elfutils (libdw.so.1) is not installed. */
MUST_USE enum status symbols_open(const char *vmlinux, struct symbols **out, struct diag *dg);
void symbols_close(struct symbols *s);

/* The address of function+offset. size tells functions of one name apart; 0: the first one. */
bool symbols_address(const struct symbols *s, struct str function, uint64_t offset, uint64_t size,
                     uint64_t *address);

struct symbol_frame {
    struct str function;
    struct str file; /* relative to the source tree where that can be told; empty: unknown */
    uint32_t line;
    bool is_inlined; /* into the next frame */
};
/* Innermost first; the count. Text lives as long as s. */
uint32_t symbols_frames(struct symbols *s, uint64_t address,
                        struct symbol_frame frames[SYMBOL_FRAMES_MAX]);

/* File and line alone, which is a hundred times faster. False: unknown. */
bool symbols_line(struct symbols *s, uint64_t address, struct str *file, uint32_t *line);

struct symbol_function {
    struct str name;
    uint64_t address, size;
};
/* The function that the address is in; NULL: none. */
const struct symbol_function *symbols_function(const struct symbols *s, uint64_t address);

#endif /* SPEAR_KERNEL_SYMBOLS_H */
