/* names: the "name" custom section. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_NAMES_H
#define SHIELD_WASM_NAMES_H

#include "shield/wasm/module.h"

/* Sub-sections that map one index to a name, by their id. */
enum wm_name_space {
    WM_NAME_MODULE = 0, WM_NAME_FUNC = 1, WM_NAME_LOCAL = 2, WM_NAME_LABEL = 3, WM_NAME_TYPE = 4,
    WM_NAME_TABLE = 5, WM_NAME_MEMORY = 6, WM_NAME_GLOBAL = 7, WM_NAME_ELEM = 8, WM_NAME_DATA = 9,
    WM_NAME_FIELD = 10, WM_NAME_TAG = 11, WM_NAME_SPACE_COUNT
};

/* Opaque index over the section; built once, looked up in O(log n). A damaged name section is
 * not an error: what can be read is kept. Never NULL. In the arena (needs arena_guard()). */
struct wm_names;
struct wm_names *wm_names_read(const struct wm_module *m, struct arena *arena);
/* size 0 when there is no name. WM_NAME_MODULE ignores index. */
struct str wm_name_of(const struct wm_names *names, enum wm_name_space space, uint32_t index);
/* For LOCAL, LABEL (outer: function) and FIELD (outer: type). */
struct str wm_name_of_inner(const struct wm_names *names, enum wm_name_space space, uint32_t outer,
                            uint32_t inner);

#endif /* SHIELD_WASM_NAMES_H */
