/* names: the "name" custom section, read and made. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_NAMES_H
#define SHIELD_WASM_NAMES_H

#include "shield/wasm/module.h"

/* Sub-sections that map one index to a name, by their id. */
enum wm_name_space {
    WM_NAME_MODULE = 0, WM_NAME_FUNC = 1, WM_NAME_LOCAL = 2, WM_NAME_LABEL = 3, WM_NAME_TYPE = 4,
    WM_NAME_TABLE = 5, WM_NAME_MEMORY = 6, WM_NAME_GLOBAL = 7, WM_NAME_ELEM = 8, WM_NAME_DATA = 9,
    WM_NAME_FIELD = 10, WM_NAME_TAG = 11, WM_NAME_SPACE_COUNT
};

/* True for LOCAL, LABEL (outer: function) and FIELD (outer: type). Labels are counted by the
 * block instructions of a function in the order of their opcodes, the first one is 0. */
static inline bool wm_name_space_is_inner(enum wm_name_space space)
{
    return space == WM_NAME_LOCAL || space == WM_NAME_LABEL || space == WM_NAME_FIELD;
}

/* Opaque index over the section; built once, looked up in O(log n). A damaged name section is
 * not an error: what can be read is kept; of two names for one index the first counts. Never
 * NULL. Names are borrowed from the module. In the arena (needs arena_guard()). */
struct wm_names;
struct wm_names *wm_names_read(const struct wm_module *m, struct arena *arena);
/* size 0 when there is no name. WM_NAME_MODULE ignores index. */
struct str wm_name_of(const struct wm_names *names, enum wm_name_space space, uint32_t index);
/* For LOCAL, LABEL (outer: function) and FIELD (outer: type). */
struct str wm_name_of_inner(const struct wm_names *names, enum wm_name_space space, uint32_t outer,
                            uint32_t inner);

/* Builder: takes names in any order and writes the content of the section (what stands behind
 * the section's own name "name"): sub-sections by id, indices ascending, one name per index (the
 * first one added). Names are borrowed until written. Needs arena_guard() of arena. */
struct wm_names_builder; /* opaque, in the arena */
struct wm_names_builder *wm_names_builder_new(struct arena *arena);
/* WM_NAME_MODULE ignores index. Not for the inner spaces. */
void wm_names_add(struct wm_names_builder *b, enum wm_name_space space, uint32_t index,
                  struct str name);
/* For LOCAL, LABEL and FIELD. */
void wm_names_add_inner(struct wm_names_builder *b, enum wm_name_space space, uint32_t outer,
                        uint32_t inner, struct str name);
bool wm_names_is_empty(const struct wm_names_builder *b);
void wm_names_write(struct wm_names_builder *b, struct buf *out);

#endif /* SHIELD_WASM_NAMES_H */
