/* wat: text format to module. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_WAT_H
#define SHIELD_WASM_WAT_H

#include "shield/wasm/module.h"

struct wm_wat_options {
    struct wm_features features;
    bool write_names; /* identifiers become a name section; without it, (@mujun.encoding), which
                         stands for all bytes of a module, is not applied */
};

/* Finds the line and column of what a reader or validator refuses in a module that was text.
 * Opaque, in the arena. It keeps only the text, which must outlive it, and parses that again when
 * asked: modules that are not refused cost nothing. */
struct wm_source_map;

/* Parses one module: "(module ...)" or bare fields, also "(module binary ...)" and "(module quote
 * ...)". text is borrowed. *bytes (the module in binary format, in the arena) and *map (may be
 * NULL) are written only on OK. The caller reads *bytes with wm_read_module() and validates that,
 * so text and binary take one road; features that are off are refused there, except annotations.
 * MALFORMED with line and column; LIMIT; NO_MEMORY. Linear in the text; nesting costs no host
 * stack. Guarded inside. */
MUST_USE enum status wm_wat_parse(struct str text, const struct wm_wat_options *options,
                                  struct arena *arena, struct str *bytes,
                                  struct wm_source_map **map, struct diag *dg);

/* Turns the byte offset of a refusal into line and column of the text, where it can. */
void wm_source_map_diag(const struct wm_source_map *map, struct diag *dg);

#endif /* SHIELD_WASM_WAT_H */
