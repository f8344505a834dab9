/* read_int: private to read*.c and ins_read.c. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_READ_INT_H
#define SHIELD_WASM_READ_INT_H

#include "shield/wasm/read.h"

/* A module while it is being read. Arrays of m grow in its arena; capacity is here. */
struct module_reader {
    struct wm_reader r; /* over the whole module; r.end is narrowed to the section being read */
    struct wm_module *m;
    struct arena *arena;
    uint32_t type_capacity;
    uint32_t extern_capacity[WM_EXTERN_KIND_COUNT]; /* of funcs, tables, memories, globals, tags */
    uint32_t custom_capacity;
    uint32_t declared_funcs; /* by the function section, to be met by the code section */
    uint32_t declared_datas; /* by the data count section */
};

static inline uint64_t reader_offset(const struct wm_reader *r)
{
    return r->offset + r->pos;
}
static inline size_t reader_left(const struct wm_reader *r)
{
    return r->end - r->pos;
}

/* Reads how many items follow. Refuses a count that the remaining bytes cannot hold at min_bytes
 * per item, or over the limit; so an array of count items is in proportion to the input. */
MUST_USE enum status read_count(struct wm_reader *r, uint32_t *out, size_t min_bytes,
                                uint32_t limit, const char *what, struct diag *dg);

/* Moves over an expression up to its end; *out is what stood there, the end included. */
MUST_USE enum status read_expr(struct wm_reader *r, struct wm_bytes *out, struct diag *dg);

/* size bytes at the position. */
MUST_USE enum status read_bytes(struct wm_reader *r, uint32_t size, struct wm_bytes *out,
                                const char *what, struct diag *dg);

/* Parts of sections, each with its own file. */
MUST_USE enum status read_type_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_import_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_func_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_table_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_memory_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_global_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_export_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_start_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_elem_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_code_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_data_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_data_count_section(struct module_reader *mr, struct diag *dg);
MUST_USE enum status read_tag_section(struct module_reader *mr, struct diag *dg);

#endif /* SHIELD_WASM_READ_INT_H */
