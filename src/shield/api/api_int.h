/*
 * api_int: what the files of the public API share: the structs behind the opaque names of mujun.h,
 * and the ways from a status to an error and from a value to a value.
 *
 * Things of a store are the runtime's own structs under the public names: a `struct mujun_func *`
 * is a `struct rt_func *`, and so on. Only nouns with state of their own have a struct here.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_API_API_INT_H
#define SHIELD_API_API_INT_H

#include "mujun/mujun.h"

#include "shield/native/native.h"
#include "shield/runtime/gc.h"
#include "shield/runtime/limits.h"
#include "shield/runtime/store.h"
#include "shield/runtime/trap.h"

struct mujun_config {
    struct rt_config rt;
    struct rt_limits limits;
    bool is_fuel_on;
    struct native_options native; /* cache_folder owned */
};

struct api_watchdog; /* opaque: watchdog.c */

struct mujun_engine {
    struct rt_engine *rt;
    struct rt_limits limits; /* of new stores */
    bool is_fuel_on;
    struct native_options native; /* of the tier; cache_folder owned */
    struct api_watchdog *watchdog;
    _Atomic uint32_t references; /* the embedder's, and one per store */
};
void api_engine_release(struct mujun_engine *engine);

struct api_wasi; /* opaque: wasi.c */

struct mujun_store {
    struct rt_store *rt;
    struct mujun_engine *engine; /* a reference is held */
    void *data;                  /* the embedder's */
    struct api_wasi *wasi;       /* newest first; freed after rt */
    /* The watchdog's, under its lock. */
    struct mujun_store *next, *prev;
    uint64_t deadline_ns; /* of CLOCK_MONOTONIC; 0: none, not in the list */
};

struct mujun_ref {
    struct mujun_store *store;
    uint32_t handle; /* of rt_handle_new() */
};

struct mujun_caller {
    struct rt_caller *rt;
    enum status ending; /* what a mujun_caller_ function has prepared; ST_OK: nothing */
};

/* ---- names for the runtime's structs ---- */

#define API_VIEW(name, from, to)                                                                   \
    static inline to *name(const from *x)                                                          \
    {                                                                                              \
        return (to *)(uintptr_t)x;                                                                 \
    }
API_VIEW(rt_module_of, struct mujun_module, struct rt_module)
API_VIEW(rt_instance_of, struct mujun_instance, struct rt_instance)
API_VIEW(rt_func_of, struct mujun_func, struct rt_func)
API_VIEW(rt_memory_of, struct mujun_memory, struct rt_memory)
API_VIEW(rt_table_of, struct mujun_table, struct rt_table)
API_VIEW(rt_global_of, struct mujun_global, struct rt_global)
API_VIEW(rt_tag_of, struct mujun_tag, struct rt_tag)
API_VIEW(rt_type_of, struct mujun_functype, const struct rt_type)
API_VIEW(api_module_of, struct rt_module, struct mujun_module)
API_VIEW(api_instance_of, struct rt_instance, struct mujun_instance)
API_VIEW(api_func_of, struct rt_func, struct mujun_func)
API_VIEW(api_memory_of, struct rt_memory, struct mujun_memory)
API_VIEW(api_table_of, struct rt_table, struct mujun_table)
API_VIEW(api_global_of, struct rt_global, struct mujun_global)
API_VIEW(api_tag_of, struct rt_tag, struct mujun_tag)
API_VIEW(api_functype_of, struct rt_type, const struct mujun_functype)

static inline struct mujun_store *api_store_of(const struct rt_store *s)
{
    return s->host_data;
}
struct rt_extern api_extern_in(const struct mujun_extern *e);
struct mujun_extern api_extern_out(const struct rt_extern *e);
/* ST_USAGE unless it is of a known kind, not NULL, and of this store (or a shared memory). */
MUST_USE enum status api_extern_check(const struct mujun_store *s, const struct rt_extern *e,
                                      struct diag *dg);
/* MUJUN_E_USAGE for a module that is NULL or of another engine, an instance that is NULL or of
 * another store. */
enum mujun_status api_module_check(const struct mujun_store *s, const struct rt_module *m,
                                   struct mujun_error **err);
enum mujun_status api_instance_check(const struct mujun_store *s,
                                     const struct mujun_instance *instance,
                                     struct mujun_error **err);
/* The one that an index space of the instance holds. */
struct rt_extern api_instance_item(const struct rt_instance *i, enum wm_extern_kind kind,
                                   uint32_t index);

/* ---- errors (error.c) ---- */

/* Each sets *err (unless err is NULL) and returns st. A refusal of the API's own words: */
enum mujun_status api_fail(struct mujun_error **err, enum status st, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* A refusal that something below has written; dg->status may be unset. */
enum mujun_status api_refuse(struct mujun_error **err, enum status st, const struct diag *dg);
/* How a run of the store ended, or (dg not NULL) what kept it from starting. Takes the pending trap
 * and exception out of the store. ST_OK sets *err to NULL. */
enum mujun_status api_ended(struct mujun_error **err, enum status st, struct mujun_store *store,
                            const struct diag *dg);
static inline enum mujun_status api_ok(struct mujun_error **err)
{
    if (err != NULL)
        *err = NULL;
    return MUJUN_OK;
}
/* Moves what err says into the store, as if the run had ended so just now, and frees err. Statuses
 * that no run ends with become a trap. */
enum status api_error_raise(struct rt_store *s, struct mujun_error *err);
/* The trap of MUJUN_E_TRAP; NULL for every other status. */
const struct rt_trap *api_error_trap(const struct mujun_error *err);

/* ---- types and values (types.c, value.c) ---- */

enum mujun_kind api_kind_of(const struct rt_registry *r, struct wm_valtype t);
/* The nullable top type of a kind; false when kind is none. */
bool api_valtype_of_kind(enum mujun_kind kind, struct wm_valtype *out);
/* No references among a function's values: they have the same bytes on both sides. */
static inline bool api_is_plain(const struct rt_type *t)
{
    for (uint32_t i = 0; i < t->param_count; i++)
        if (wm_is_ref(t->params[i]))
            return false;
    for (uint32_t i = 0; i < t->result_count; i++)
        if (wm_is_ref(t->results[i]))
            return false;
    return true;
}
/* Fills what a table, memory or global of a running store is. */
void api_table_type(const struct rt_table *t, struct mujun_externtype *out);
void api_memory_type(const struct rt_memory *m, struct mujun_externtype *out);

/* In: what is borrowed from the embedder, checked against type. Out: *out owns its reference. */
MUST_USE enum status api_value_in(struct mujun_store *s, struct wm_valtype type,
                                  const union mujun_value *value, union rt_value *out,
                                  struct diag *dg);
MUST_USE enum status api_value_out(struct mujun_store *s, struct wm_valtype type,
                                   const union rt_value *value, union mujun_value *out);
/* The same for count values; on failure api_values_out() leaves nothing to free. */
MUST_USE enum status api_values_in(struct mujun_store *s, const struct wm_valtype *types,
                                   uint32_t count, const union mujun_value *values,
                                   union rt_value *out, struct diag *dg);
MUST_USE enum status api_values_out(struct mujun_store *s, const struct wm_valtype *types,
                                    uint32_t count, const union rt_value *values,
                                    union mujun_value *out);
/* Frees the references among them. */
void api_values_free(const struct rt_registry *r, const struct wm_valtype *types, uint32_t count,
                     const union mujun_value *values);
/* The runtime's word for a reference; NULL gives null. */
uint64_t api_ref_raw(const struct mujun_ref *ref);
MUST_USE enum status api_ref_new(struct mujun_store *s, uint64_t raw, struct mujun_ref **out);

/* Room for the values of one call: on the stack when they are few. */
enum { API_VALUES_INLINE = 16 };
struct api_values {
    union rt_value *items, inlined[API_VALUES_INLINE];
};
MUST_USE bool api_values_room(struct api_values *v, uint32_t count);
void api_values_done(struct api_values *v);

/* ---- functions (host.c) ---- */

/* A host function of the public API. env_free is called also when this fails. */
MUST_USE enum status api_host_func_new(struct mujun_store *s, uint32_t type_id,
                                       mujun_callback callback, void *env,
                                       void (*env_free)(void *env), struct rt_func **out,
                                       struct diag *dg);
/* A host function that could not be handed out after all: env_free is called now, not at the end of
 * the store. Nobody may call it any more. */
void api_host_func_drop(struct rt_func *fn);
/* Parses a signature; for mujun_functype_parse() and mujun_linker_define_func(). */
MUST_USE enum status api_functype_parse(struct rt_registry *r, const char *text, uint32_t *id,
                                        struct diag *dg);

/* ---- linking (linker.c, stub.c) ---- */

void api_linker_set_wasi(struct mujun_linker *linker, struct api_wasi *state);
struct mujun_store *api_linker_store(const struct mujun_linker *linker);
/* What stands in for an import of m that nothing is defined for. is_zero: functions return zeros
 * where their types have them, otherwise they trap. */
MUST_USE enum status api_stub_new(struct mujun_store *s, struct rt_module *m,
                                  const struct wm_import *i, bool is_zero, struct rt_extern *out,
                                  struct diag *dg);
const char *api_extern_kind_text(enum wm_extern_kind kind);

/* ---- WASI (wasi.c) ---- */

/* The host function of an import; *out is NULL when it is none of WASI's. */
MUST_USE enum status api_wasi_func(struct mujun_store *s, struct api_wasi *state, struct str module,
                                   struct str name, struct rt_func **out, struct diag *dg);
/* After rt_store_free(). */
void api_wasi_free_all(struct mujun_store *s);

/* ---- watchdog (watchdog.c) ---- */

MUST_USE struct api_watchdog *api_watchdog_new(void); /* NULL: no memory */
void api_watchdog_free(struct api_watchdog *w);
/* deadline_ns 0: takes it back. ST_NO_MEMORY when the thread cannot be started. */
MUST_USE enum status api_watchdog_set(struct api_watchdog *w, struct mujun_store *s,
                                      uint64_t deadline_ns);

#endif /* SHIELD_API_API_INT_H */
