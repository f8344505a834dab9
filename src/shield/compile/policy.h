/* policy: what the verifier is told about the world around the code of a module: the table of
 * offsets (layout.h) in its words, and who may write what.
 *
 *   - Cells of globals that hold references are read only: builtins write them.
 *   - Elements of tables of anything but functions are numbers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_COMPILE_POLICY_H
#define SHIELD_COMPILE_POLICY_H

#include "shield/compile/layout.h"
#include "shield/verify/sfi/sfi.h"
#include "shield/wasm/module.h"

/* The layout that a module of this kind has. */
struct layout_shape policy_shape(const struct wm_module *wm);

/* memory_plans: per memory, enum memory_plan that the code may rely on. Fills *out; its arrays are
 * in the arena. Run inside arena_guard() of it. */
void policy_make(const struct wm_module *wm, const struct layout *layout,
                 const uint8_t *memory_plans, struct arena *a, struct sfi_policy *out);

#endif /* SHIELD_COMPILE_POLICY_H */
