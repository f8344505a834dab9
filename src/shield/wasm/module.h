/*
 * module: what a WebAssembly module says, whoever said it. The binary reader and the text reader
 * make it, the writer and the printer show it, the validator judges it, the runtime runs it.
 * Everything lives in one arena; function bodies, constant expressions and segment contents stay
 * encoded bytes (borrowed from the input, or in the arena).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_MODULE_H
#define SHIELD_WASM_MODULE_H

#include "base/arena.h"
#include "base/buf.h"
#include "shield/wasm/features.h"
#include "shield/wasm/ins.h"
#include "shield/wasm/limits.h"
#include "shield/wasm/types.h"

/* Section ids of the binary format. In a file they stand in the order of the table in read.c. */
enum wm_section_id {
    WM_SECTION_CUSTOM,
    WM_SECTION_TYPE,
    WM_SECTION_IMPORT,
    WM_SECTION_FUNC,
    WM_SECTION_TABLE,
    WM_SECTION_MEMORY,
    WM_SECTION_GLOBAL,
    WM_SECTION_EXPORT,
    WM_SECTION_START,
    WM_SECTION_ELEM,
    WM_SECTION_CODE,
    WM_SECTION_DATA,
    WM_SECTION_DATA_COUNT, /* stands between ELEM and CODE */
    WM_SECTION_TAG,        /* stands between MEMORY and GLOBAL */
    WM_SECTION_COUNT
};

enum wm_extern_kind { WM_EXTERN_FUNC, WM_EXTERN_TABLE, WM_EXTERN_MEMORY, WM_EXTERN_GLOBAL,
                      WM_EXTERN_TAG, WM_EXTERN_KIND_COUNT };

enum { WM_NO_INDEX = UINT32_MAX >> 1 }; /* "none" where an index is optional */

struct wm_limits {
    uint64_t min, max; /* pages or elements */
    bool has_max;
    bool is_64; /* addressed by i64 */
};

/* In what follows, offset is where the item stands in the file (an imported one: its import), for
 * messages; 0 when the module was not read. */
struct wm_func {
    uint32_t type_index;
    uint32_t code; /* index into codes, WM_NO_INDEX when imported */
    uint32_t offset;
};

struct wm_table {
    struct wm_limits limits;
    struct wm_valtype type; /* a reference type */
    struct wm_bytes init;   /* constant expression; size 0 when absent (elements start null) */
    uint32_t offset;
};

struct wm_memory {
    struct wm_limits limits;
    bool is_shared;
    bool has_page_size;    /* written explicitly */
    uint8_t page_log2;     /* 16 unless custom-page-sizes says 0 */
    uint32_t offset;
};

struct wm_global {
    struct wm_valtype type;
    bool is_mutable;
    struct wm_bytes init; /* constant expression; size 0 when imported */
    uint32_t offset;
};

struct wm_tag {
    uint32_t type_index;
    uint32_t offset;
};

struct wm_import {
    struct str module, name;
    enum wm_extern_kind kind;
    uint32_t index; /* in the index space of its kind: imports come first there */
    uint32_t offset;
};

struct wm_export {
    struct str name;
    enum wm_extern_kind kind;
    uint32_t index;
    uint32_t offset;
};

enum wm_segment_mode { WM_SEGMENT_ACTIVE, WM_SEGMENT_PASSIVE, WM_SEGMENT_DECLARATIVE };

struct wm_elem {
    enum wm_segment_mode mode;
    uint32_t table;        /* active */
    bool is_exprs;         /* items are constant expressions, else LEB128 function indices */
    struct wm_valtype type;
    uint32_t count;
    struct wm_bytes offset; /* constant expression, active */
    struct wm_bytes items;
    uint32_t start; /* what offset is elsewhere */
};

struct wm_data {
    enum wm_segment_mode mode;
    uint32_t memory;
    struct wm_bytes offset;
    struct wm_bytes content;
    uint32_t start; /* what offset is elsewhere */
};

/* Locals and body of a defined function, as in the code section, without the size in front. */
struct wm_code {
    struct wm_bytes body;
};

struct wm_custom {
    struct str name;
    struct wm_bytes content;  /* behind the name */
    enum wm_section_id after; /* the last other section before it; WM_SECTION_CUSTOM: none */
};

struct wm_module {
    struct arena *arena; /* borrowed: holds everything below */
    struct wm_features features; /* those it was read with */
    struct wm_type *types;
    struct wm_import *imports;
    struct wm_func *funcs;
    struct wm_table *tables;
    struct wm_memory *memories;
    struct wm_global *globals;
    struct wm_tag *tags;
    struct wm_export *exports;
    struct wm_elem *elems;
    struct wm_data *datas;
    struct wm_code *codes;
    struct wm_custom *customs;
    uint32_t type_count, import_count, func_count, table_count, memory_count, global_count,
        tag_count, export_count, elem_count, data_count, code_count, custom_count;
    uint32_t func_imports, table_imports, memory_imports, global_imports, tag_imports;
    uint32_t start; /* function index or WM_NO_INDEX */
    bool has_data_count;
    struct wm_bytes sections[WM_SECTION_COUNT]; /* where each stood; size 0 when absent */
    struct wm_bytes whole; /* the bytes it was read from; size 0 when made otherwise */
};

#endif /* SHIELD_WASM_MODULE_H */
