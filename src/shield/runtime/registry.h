/*
 * registry: the types of all modules of one engine, canonical: two types are equivalent if and only
 * if they have the same id, so a signature check is one comparison and a cast is one look at a
 * display of supertypes. Thread-safe; ids stay valid as long as the engine.
 * In the wm_valtype of a registered type, heap codes >= 0 are registry ids, not module indices.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_REGISTRY_H
#define SHIELD_RUNTIME_REGISTRY_H

#include "shield/wasm/module.h"

struct rt_registry;

/* Where the fields of a struct, or the elements of an array, are inside the object. */
struct rt_field_layout {
    uint32_t offset;   /* bytes from the start of the payload; 0 for array elements */
    uint8_t size_log2; /* 0-4 */
    bool is_gc_ref;    /* to be traced: a reference outside the func hierarchy */
    bool is_mutable;
    struct wm_valtype type; /* storage type */
};

struct rt_type {
    uint32_t id;
    const struct rt_registry *registry; /* that holds it */
    enum wm_composite composite;
    bool is_final;
    uint32_t depth;
    const uint32_t *display;                         /* depth + 1 ids, from the root to this type */
    uint32_t param_count, result_count, field_count; /* field_count is 1 for arrays */
    const struct wm_valtype *params, *results;
    const struct rt_field_layout *fields;
    uint32_t payload_bytes; /* of a struct */
};

MUST_USE struct rt_registry *rt_registry_new(void);
void rt_registry_free(struct rt_registry *r);

/* Registers all types of a validated module; ids receives type_count registry ids. */
MUST_USE enum status rt_registry_add(struct rt_registry *r, const struct wm_module *m,
                                     uint32_t *ids, struct diag *dg);
/* Registers a function type made by a host. Types may name registry ids as heap codes. */
MUST_USE enum status rt_registry_add_func(struct rt_registry *r, const struct wm_valtype *params,
                                          uint32_t param_count, const struct wm_valtype *results,
                                          uint32_t result_count, uint32_t *id, struct diag *dg);
const struct rt_type *rt_registry_type(const struct rt_registry *r, uint32_t id);
/* Translates a module's value type (module type indices) to registry ids. */
struct wm_valtype rt_valtype_global(const uint32_t *type_ids, struct wm_valtype t);

bool rt_id_matches(const struct rt_registry *r, uint32_t sub, uint32_t super);
bool rt_heap_matches(const struct rt_registry *r, struct wm_heap sub, struct wm_heap super);
bool rt_valtype_matches(const struct rt_registry *r, struct wm_valtype sub,
                        struct wm_valtype super);
/* Topmost heap type of the hierarchy that heap lives in. */
enum wm_heap_abs rt_heap_top(const struct rt_registry *r, struct wm_heap heap);
/* Is a value of this type a reference the GC must follow: one outside the func hierarchy? */
bool rt_is_gc_ref(const struct rt_registry *r, struct wm_valtype t);

#endif /* SHIELD_RUNTIME_REGISTRY_H */
