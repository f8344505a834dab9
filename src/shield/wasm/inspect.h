/* inspect: what a module is made of, as data: sections, imports, exports, features, sizes. For
 * tools that show it; judges nothing. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_INSPECT_H
#define SHIELD_WASM_INSPECT_H

#include "shield/wasm/module.h"

struct wm_inspect_section {
    const char *kind; /* "type", "custom", ... */
    struct str name;  /* of a custom section, else size 0 */
    uint32_t offset;  /* of the section's id, in bytes */
    uint32_t size;    /* of the section with id and size, in bytes */
    uint32_t count;   /* entries; 0 for custom sections */
};

struct wm_inspect_extern {
    enum wm_extern_kind kind;
    uint32_t index;    /* in the space of its kind */
    struct str module; /* imports only */
    struct str name;
    struct str type; /* "(func (param i32) (result i64))", "(memory 1 2)" */
};

/* An entry of the producers section: "language" "C11" "", "processed-by" "clang" "14". */
struct wm_inspect_producer {
    struct str field, name, version;
};

struct wm_inspection {
    uint32_t size_bytes;
    struct wm_inspect_section *sections; /* in the order of the file */
    struct wm_inspect_extern *imports, *exports;
    struct wm_inspect_producer *producers;
    uint32_t section_count, import_count, export_count, producer_count;
    struct str module_name; /* of the name section, or size 0 */
    uint32_t named_funcs;   /* functions with a name */
    bool has_names;         /* there is a name section */
    uint64_t code_bytes, data_bytes;
    uint64_t instruction_count; /* in bodies */
    uint32_t largest_func;      /* function with the longest body, WM_NO_INDEX when there is none */
    uint32_t largest_bytes;
    /* How often the module uses something that a feature added: instructions, types, definitions.
     * 0 everywhere but MVP means that WebAssembly 1.0 runs it. */
    uint64_t uses[WM_FEATURE_COUNT];
};

/* m must have been read from bytes (m->whole). Everything is in the arena, names are borrowed from
 * the module. Bodies are decoded once: ST_MALFORMED with the place when one does not decode. Needs
 * arena_guard(). */
MUST_USE enum status wm_inspect(const struct wm_module *m, struct arena *arena,
                                struct wm_inspection *out, struct diag *dg);

/* The type alone, as in wm_inspect_extern. */
struct str wm_extern_type_text(const struct wm_module *m, enum wm_extern_kind kind, uint32_t index,
                               struct arena *arena);
/* "func", "table", "memory", "global", "tag" */
const char *wm_extern_kind_text(enum wm_extern_kind kind);

#endif /* SHIELD_WASM_INSPECT_H */
