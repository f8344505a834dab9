/* limits: names and values of the limits on a module. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_LIMITS_H
#define SHIELD_WASM_LIMITS_H

enum wm_limit {
#define LIMIT(name, value, what) WM_MAX_##name = value,
#include "shield/wasm/limits.def"
#undef LIMIT
};

#endif /* SHIELD_WASM_LIMITS_H */
