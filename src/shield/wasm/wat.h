/* wat: text format to module. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_WAT_H
#define SHIELD_WASM_WAT_H

#include "shield/wasm/module.h"

struct wm_wat_options {
    struct wm_features features;
    bool write_names; /* identifiers become a name section; without it, (@mujun.encoding), which
                         stands for all bytes of a module, is not applied */
};

/* Where each instruction of the produced module came from, so that a refusal of the validator
 * can name line and column. Opaque; in the arena of the module. */
struct wm_source_map;

/* Parses one module: "(module ...)" or bare fields. text is borrowed; *out and *bytes (the same
 * module in binary format, in the arena) are written only on OK; map may be NULL. The caller reads
 * *bytes with wm_read_module() and validates that, so text and binary take one road. */
MUST_USE enum status wm_wat_parse(struct str text, const struct wm_wat_options *options,
                                  struct arena *arena, struct str *bytes,
                                  struct wm_source_map **map, struct diag *dg);

/* Turns the byte offset of a refusal into line and column of the text, where it can. */
void wm_source_map_diag(const struct wm_source_map *map, struct diag *dg);

#endif /* SHIELD_WASM_WAT_H */
