/*
 * types: value types, heap types, composite types, and the questions asked about them.
 * A value type is one word, compared by ==. Type indices inside it are those of its module.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_TYPES_H
#define SHIELD_WASM_TYPES_H

#include "base/base.h"

enum wm_kind {
    WM_KIND_BOT, /* type of an operand below unreachable code: matches anything. 0 on purpose */
#define VALUE(name, text, code, sig) WM_KIND_##name,
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    WM_KIND_REF,
    WM_KIND_COUNT
};

enum wm_heap_abs {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) WM_HEAP_##name,
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    WM_HEAP_BOT, /* bottom of every hierarchy: type of a reference below unreachable code */
    WM_HEAP_ABS_COUNT
};

/* A heap type: a type index (>= 0) or an abstract heap type (negative). */
struct wm_heap {
    int32_t code;
};
#define WM_HEAP(name) ((struct wm_heap){-1 - WM_HEAP_##name})
static inline struct wm_heap wm_heap_abs(enum wm_heap_abs abs)
{
    return (struct wm_heap){-1 - (int32_t)abs};
}
static inline struct wm_heap wm_heap_index(uint32_t type_index)
{
    return (struct wm_heap){(int32_t)type_index};
}
static inline bool wm_heap_is_index(struct wm_heap h)
{
    return h.code >= 0;
}
static inline enum wm_heap_abs wm_heap_as_abs(struct wm_heap h)
{
    return (enum wm_heap_abs)(-1 - h.code);
}

/* bits 0-7 kind, bit 8 nullable, bits 9-31 heap code (signed), both only for WM_KIND_REF */
struct wm_valtype {
    uint32_t bits;
};
_Static_assert(sizeof(struct wm_valtype) == 4, "one word");

#define WM_TYPE(name) ((struct wm_valtype){WM_KIND_##name})
static inline struct wm_valtype wm_ref(struct wm_heap heap, bool nullable)
{
    return (struct wm_valtype){WM_KIND_REF | (uint32_t)nullable << 8 | (uint32_t)heap.code << 9};
}
static inline enum wm_kind wm_kind(struct wm_valtype t)
{
    return (enum wm_kind)(t.bits & 0xff);
}
static inline bool wm_is_ref(struct wm_valtype t)
{
    return wm_kind(t) == WM_KIND_REF;
}
static inline bool wm_is_nullable(struct wm_valtype t)
{
    return (t.bits >> 8 & 1) != 0;
}
static inline struct wm_heap wm_heap_of(struct wm_valtype t)
{
    return (struct wm_heap){(int32_t)t.bits >> 9};
}
static inline bool wm_same(struct wm_valtype a, struct wm_valtype b)
{
    return a.bits == b.bits;
}
/* True when a local or table slot of this type has a default (zero or null) value. */
static inline bool wm_is_defaultable(struct wm_valtype t)
{
    return !wm_is_ref(t) || wm_is_nullable(t);
}

enum wm_composite { WM_FUNC_TYPE, WM_STRUCT_TYPE, WM_ARRAY_TYPE };

struct wm_field {
    struct wm_valtype type; /* may be the packed I8 or I16 */
    bool is_mutable;
};

/* One defined type. Arrays are in the arena of the module. */
struct wm_type {
    enum wm_composite composite;
    bool is_final;
    bool is_plain;        /* written without sub: the writer keeps the short form */
    uint32_t super_count; /* 0 or 1 in a valid module */
    uint32_t super;       /* type index when super_count > 0 */
    uint32_t group_first; /* recursion group: first type index, and number of types in it */
    uint32_t group_count;
    bool group_explicit;  /* written with rec */
    uint32_t depth;       /* subtyping depth, 0 without supertype; set by wm_types_canonicalize */
    uint32_t canon;       /* lowest type index that this one is equivalent to; set as depth is */
    uint32_t offset;      /* where it stands in the file; 0 when the module was not read */
    uint32_t param_count, result_count, field_count;
    struct wm_valtype *params, *results; /* WM_FUNC_TYPE */
    struct wm_field *fields;             /* WM_STRUCT_TYPE, and one for WM_ARRAY_TYPE */
};

struct wm_module;

/* Words of the text format: "i32", "func", "(ref null $t)". Written NUL-terminated, cut at size. */
const char *wm_kind_text(enum wm_kind kind);
const char *wm_heap_abs_text(enum wm_heap_abs abs);
void wm_valtype_text(struct wm_valtype t, char *out, size_t size);
enum { WM_TYPE_TEXT_MAX = 40 };

/* Subtyping inside one validated type section (uses canon and depth). */
bool wm_heap_matches(const struct wm_module *m, struct wm_heap sub, struct wm_heap super);
bool wm_matches(const struct wm_module *m, struct wm_valtype sub, struct wm_valtype super);
/* Topmost heap type of the hierarchy that h lives in. */
enum wm_heap_abs wm_heap_top(const struct wm_module *m, struct wm_heap h);
enum wm_heap_abs wm_heap_bottom(const struct wm_module *m, struct wm_heap h);

#endif /* SHIELD_WASM_TYPES_H */
