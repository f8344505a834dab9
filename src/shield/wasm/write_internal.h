/* write_internal: what the files of the writer share. Not for others.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_WRITE_INTERNAL_H
#define SHIELD_WASM_WRITE_INTERNAL_H

#include "shield/wasm/module.h"

/* Puts the size of out[start..] in front of it. */
void wm_write_sized(struct buf *out, size_t start);

/* Decodes code (a constant expression with its end, or the instructions of a body) and appends
 * it again. *uses_data, when not NULL, becomes true when an instruction names a data segment. */
MUST_USE enum status wm_write_instructions(const struct wm_module *m, struct wm_bytes code,
                                           struct buf *out, bool *uses_data, struct diag *dg);

/* Contents of the code, element and data sections. */
MUST_USE enum status wm_write_codes(const struct wm_module *m, struct buf *out, bool *uses_data,
                                    struct diag *dg);
MUST_USE enum status wm_write_elems(const struct wm_module *m, struct buf *out, struct diag *dg);
MUST_USE enum status wm_write_datas(const struct wm_module *m, struct buf *out, struct diag *dg);

#endif /* SHIELD_WASM_WRITE_INTERNAL_H */
