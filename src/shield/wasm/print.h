/*
 * print: module to the text format. Besides what the specification defines the text may contain
 *   (@custom "name" (after section) "content"...)   for each custom section,
 *   (@name "name")       where an identifier had to differ from the name it stands for,
 *   (@mujun.names (after section))                  where the name section stands that the
 *                        identifiers say; without it, it is the last section,
 *   (@mujun.encoding "base64"...)                   only in exact text, see encoding.h.
 * Other tools read the text as well: they step over annotations that they do not know.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_PRINT_H
#define SHIELD_WASM_PRINT_H

#include "shield/wasm/module.h"

enum { WM_PRINT_FLUSH_BYTES = 1 << 20 };

struct wm_print_options {
    bool folded; /* S-expressions nested by operands, else one instruction a line */
    bool exact;  /* parse of the text gives the same bytes: adds annotations where needed */
    /* Called between two fields whenever out holds WM_PRINT_FLUSH_BYTES or more: takes the text
     * away (and sets out->size to 0), so that it is never in memory as a whole. The last part stays
     * in out. NULL: all of it stays. Any status but ST_OK ends the printing. */
    enum status (*flush)(void *ctx, struct buf *out, struct diag *dg);
    void *flush_ctx;
    /* Called in front of each instruction that stands on a line of its own, and of each function
     * that is defined (offset WM_PRINT_FUNC + its index): what is at this position of out. NULL:
     * nobody wants to know. For flat text only. */
    void (*mark)(void *ctx, uint64_t offset, size_t position);
    void *mark_ctx;
};
#define WM_PRINT_FUNC (UINT64_C(1) << 63)

/* Appends text that wm_wat_parse() reads back to the same module. Needs arena_guard(). */
MUST_USE enum status wm_print_module(const struct wm_module *m, const struct wm_print_options *o,
                                     struct buf *out, struct diag *dg);

#endif /* SHIELD_WASM_PRINT_H */
