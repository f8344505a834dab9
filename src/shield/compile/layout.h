/*
 * layout: where everything is in the context of an instance (what r15 points to) and in the
 * records it
 * points to. The one source for compiler, runtime and the verifier's policy.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_LAYOUT_H
#define SHIELD_COMPILE_LAYOUT_H

#include "base/base.h"

enum builtin {
#define BUILTIN(name, signature, flags, what) BUILTIN_##name,
#include "shield/compile/builtins.def"
#undef BUILTIN
    BUILTIN_COUNT
};

/* Byte offsets of the fixed fields. */
enum context_field {
#define CONTEXT(name, what) CONTEXT_INDEX_##name,
#include "shield/compile/layout.def"
#undef CONTEXT
    CONTEXT_FIELD_COUNT
};
#define CONTEXT_OFFSET(name) ((uint32_t)CONTEXT_INDEX_##name * 8)

/* Records that the context points to. The runtime's structs begin with these fields (asserted
 * where they are defined). */
enum {
    RECORD_MEMORY_BASE = 0,   /* u8 * */
    RECORD_MEMORY_SIZE = 8,   /* u64, bytes */
    RECORD_TABLE_ELEMENTS = 0, /* u64 *: references */
    RECORD_TABLE_SIZE = 8,    /* u64, elements */
    RECORD_FUNC_CODE = 0,     /* entry of the function in generated code, or a thunk */
    RECORD_FUNC_CONTEXT = 8,  /* what r15 must be there */
    RECORD_FUNC_TYPE = 16,    /* u32: the engine's type id */
    IMPORT_CODE = 0,          /* an import entry of the context: copies of the record's fields */
    IMPORT_CONTEXT = 8,
    IMPORT_RECORD = 16,       /* the function record */
    IMPORT_BYTES = 24,
    GLOBAL_BYTES = 16,        /* a global cell, 16-aligned */
    OVERFLOW_SLOT_BYTES = 16,
    OVERFLOW_SLOTS = 1024,    /* of arguments and results without a register */
    STACK_GUARD_BYTES = 1 << 20, /* nothing is accessible below the guest stack for so long */
    FRAME_PROBE_BYTES = 1 << 15, /* larger frames touch every page of theirs, top first */
    FRAME_BYTES_MAX = 1 << 20,   /* larger frames are refused */
};

/* What the layout of a module depends on. */
struct layout_shape {
    uint32_t memory_count, table_count, type_count;
    uint32_t func_count, imported_func_count;
    uint32_t global_count, imported_global_count;
};

/* Byte offsets in the context. */
struct layout {
    struct layout_shape shape;
    uint32_t builtins; /* BUILTIN_COUNT code pointers */
    uint32_t memories; /* per memory: pointer to its record */
    uint32_t tables;   /* per table: pointer to its record */
    uint32_t imports;  /* per imported function: an import entry */
    uint32_t funcs;    /* per function: pointer to its record, the value of ref.func */
    uint32_t types;    /* per type: u32 type id */
    uint32_t global_pointers; /* per imported global: pointer to its cell */
    uint32_t globals;  /* per defined global: its cell */
    uint32_t bytes;    /* whole size, a multiple of 16 */
};

/* ST_LIMIT when the context would exceed CONTEXT_BYTES_MAX. */
enum { CONTEXT_BYTES_MAX = 1 << 28 };
MUST_USE enum status layout_compute(const struct layout_shape *shape, struct layout *out);

static inline uint32_t layout_builtin(const struct layout *l, enum builtin b)
{
    return l->builtins + (uint32_t)b * 8;
}
static inline uint32_t layout_memory(const struct layout *l, uint32_t memory)
{
    return l->memories + memory * 8;
}
static inline uint32_t layout_table(const struct layout *l, uint32_t table)
{
    return l->tables + table * 8;
}
static inline uint32_t layout_import(const struct layout *l, uint32_t func)
{
    return l->imports + func * IMPORT_BYTES;
}
static inline uint32_t layout_func(const struct layout *l, uint32_t func)
{
    return l->funcs + func * 8;
}
static inline uint32_t layout_type(const struct layout *l, uint32_t type)
{
    return l->types + type * 4;
}
/* global counts imported ones first, as in the module. */
static inline uint32_t layout_global_pointer(const struct layout *l, uint32_t global)
{
    return l->global_pointers + global * 8;
}
static inline uint32_t layout_global(const struct layout *l, uint32_t global)
{
    return l->globals + (global - l->shape.imported_global_count) * GLOBAL_BYTES;
}

#endif /* SHIELD_COMPILE_LAYOUT_H */
