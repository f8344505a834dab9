/*
 * write: module to the binary format. The result is canonical: a function of what the module
 * means, not of how it was once encoded. That is
 *   - every integer in its shortest LEB128 form, every type in its shortest form;
 *   - no section without content; a data count section exactly when an instruction names a data
 *     segment;
 *   - element and data segments with the smallest flags that can say them;
 *   - memory index in a memory immediate only when it is not 0;
 *   - locals in the longest possible runs of one type, no empty run;
 *   - recursion groups and "sub" as the module says (group_explicit, is_plain);
 *   - custom sections as they are, behind the section they followed.
 * encoding.h keeps what this drops.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_WRITE_H
#define SHIELD_WASM_WRITE_H

#include "shield/wasm/module.h"

/* Appends the module to out. Needs arena_guard() of out->arena. Function bodies are decoded and
 * encoded again, so m must have been read or made by our readers; ST_MALFORMED otherwise. */
MUST_USE enum status wm_write_module(const struct wm_module *m, struct buf *out, struct diag *dg);

#endif /* SHIELD_WASM_WRITE_H */
