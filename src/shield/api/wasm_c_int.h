/*
 * wasm_c_int: what the files behind the standard wasm.h share. That interface is a second face of
 * the same runtime: types here are plain values without an engine, and every reference is one
 * struct, so that its many views (func as extern as ref) are casts.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_API_WASM_C_INT_H
#define SHIELD_API_WASM_C_INT_H

#include "shield/api/api_int.h"
#include "wasm.h"

struct wasm_config_t {
    struct mujun_config *config;
};

struct wasm_engine_t {
    struct mujun_engine *engine;
};

struct wasm_host_info; /* opaque: wasm_c_ref.c */

struct wasm_store_t {
    struct mujun_store *store;
    uint32_t references;           /* the embedder's, and one per counted handle */
    struct wasm_host_info **infos; /* hash table, chained */
    uint32_t info_count, bucket_count;
};
void capi_store_retain(struct wasm_store_t *s);
void capi_store_release(struct wasm_store_t *s);
/* Runs every finalizer and drops what the table keeps alive. */
void capi_infos_free(struct wasm_store_t *s);

/* ---- references ---- */

enum capi_kind {
    CAPI_FUNC,
    CAPI_GLOBAL,
    CAPI_TABLE,
    CAPI_MEMORY,
    CAPI_TAG, /* up to here in the order of wasm_externkind_enum */
    CAPI_INSTANCE,
    CAPI_MODULE,  /* the handle holds a reference to the rt_module */
    CAPI_TRAP,    /* ... to the capi_trap */
    CAPI_FOREIGN, /* ... to an object of the GC heap, whose data is a capi_box */
    CAPI_OBJECT   /* ... to any other object of the GC heap, or an i31 */
};

/* Behind wasm_ref_t, wasm_func_t, wasm_extern_t, wasm_module_t and all the others. */
struct wasm_ref_t {
    enum capi_kind kind;
    bool is_counted;            /* keeps the store alive */
    uint32_t handle;            /* FOREIGN, OBJECT: of rt_handle_new() */
    struct wasm_store_t *store; /* borrowed unless is_counted */
    void *object; /* what it means: runtime struct, trap, box; OBJECT: the reference as a number */
};

/* What a host value of the GC heap stands for: a reference that a guest holds as externref. */
struct capi_box {
    enum capi_kind kind;
    void *object; /* FOREIGN: the box itself */
};

#define CAPI_VIEW(name)                                                                            \
    static inline struct wasm_ref_t *capi_of_##name(const wasm_##name##_t *x)                      \
    {                                                                                              \
        return (struct wasm_ref_t *)(uintptr_t)x;                                                  \
    }                                                                                              \
    static inline wasm_##name##_t *capi_as_##name(const struct wasm_ref_t *x)                      \
    {                                                                                              \
        return (wasm_##name##_t *)(uintptr_t)x;                                                    \
    }
CAPI_VIEW(func)
CAPI_VIEW(global)
CAPI_VIEW(table)
CAPI_VIEW(memory)
CAPI_VIEW(tag)
CAPI_VIEW(extern)
CAPI_VIEW(instance)
CAPI_VIEW(module)
CAPI_VIEW(trap)
CAPI_VIEW(foreign)

static inline struct rt_store *capi_rt(const struct wasm_ref_t *r)
{
    return r->store->store->rt;
}

/* A counted handle for an object that lives in the store; NULL: no memory. For MODULE and TRAP it
 * takes a reference of its own. */
struct wasm_ref_t *capi_ref_new(struct wasm_store_t *s, enum capi_kind kind, void *object);
/* A counted handle for a word of the runtime, given its hierarchy. *out is NULL for null; false: no
 * memory. */
MUST_USE bool capi_ref_from_raw(struct wasm_store_t *s, enum mujun_kind kind, uint64_t raw,
                                struct wasm_ref_t **out);
/* The word for a reference (NULL: null) where a value of this type is expected; false, with a
 * message, when it does not fit. */
MUST_USE bool capi_ref_to_raw(struct wasm_store_t *s, const struct wasm_ref_t *ref,
                              struct wm_valtype type, uint64_t *raw, struct diag *dg);

/* ---- values and types ---- */

wasm_valkind_t capi_kind_of(const struct rt_registry *r, struct wm_valtype t);
bool capi_valtype(wasm_valkind_t kind, struct wm_valtype *out);
MUST_USE bool capi_val_in(struct wasm_store_t *s, struct wm_valtype type, const wasm_val_t *val,
                          union rt_value *out, struct diag *dg);
MUST_USE bool capi_val_out(struct wasm_store_t *s, struct wm_valtype type,
                           const union rt_value *value, wasm_val_t *out);

/* New type objects from the runtime's; NULL: no memory. */
wasm_functype_t *capi_functype_of(const struct rt_type *t);
wasm_externtype_t *capi_externtype_of(const struct mujun_externtype *t);
/* Registers a function type; false: no memory. */
MUST_USE bool capi_functype_id(struct wasm_store_t *s, const wasm_functype_t *t, uint32_t *id);

/* ---- traps ---- */

struct capi_trap; /* opaque, refcounted: wasm_c_trap.c */
void capi_trap_retain(struct capi_trap *t);
void capi_trap_release(struct capi_trap *t);
/* How a run of the store ended, or what was refused; NULL: no memory for it. */
wasm_trap_t *capi_trap_ended(struct wasm_store_t *s, enum status st, const struct diag *dg);
/* A trap with our own message. */
wasm_trap_t *capi_trap_text(struct wasm_store_t *s, const char *text);
/* Ends the run of a host function as the trap says; takes the trap over. */
enum status capi_trap_raise(struct rt_store *s, wasm_trap_t *trap);

#endif /* SHIELD_API_WASM_C_INT_H */
