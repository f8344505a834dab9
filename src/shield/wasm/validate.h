/* validate: decides whether a module that has been read is valid. Must hold before anything is
 * instantiated. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_VALIDATE_H
#define SHIELD_WASM_VALIDATE_H

#include "shield/wasm/module.h"

/* Sets canon and depth of the types as it goes. scratch holds the working stacks and is left as
 * found. Time is linear in the size of the module. */
MUST_USE enum status wm_validate(struct wm_module *m, struct arena *scratch, struct diag *dg);

/* Only the type section: supertypes exist, match and are not final; fills canon and depth. */
MUST_USE enum status wm_types_canonicalize(struct wm_module *m, struct arena *scratch,
                                           struct diag *dg);

#endif /* SHIELD_WASM_VALIDATE_H */
