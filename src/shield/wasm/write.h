/* write: module to the binary format, canonical: shortest integers, shortest forms.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_WRITE_H
#define SHIELD_WASM_WRITE_H

#include "shield/wasm/module.h"

/* Appends the module to out. Needs arena_guard() of out->arena. Function bodies are decoded and
 * encoded again, so m must have been read or made by our readers; ST_MALFORMED otherwise. */
MUST_USE enum status wm_write_module(const struct wm_module *m, struct buf *out, struct diag *dg);

#endif /* SHIELD_WASM_WRITE_H */
