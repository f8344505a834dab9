/* inspect_internal: the scan for features, between the files of inspect.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_INSPECT_INTERNAL_H
#define SHIELD_WASM_INSPECT_INTERNAL_H

#include "shield/wasm/inspect.h"

/* Counts uses and instructions. */
MUST_USE enum status inspect_features(const struct wm_module *m, struct wm_inspection *out,
                                      struct diag *dg);

#endif /* SHIELD_WASM_INSPECT_INTERNAL_H */
