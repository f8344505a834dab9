/*
 * store: engine, module, store, instance and what instances hold. The fields are open to the
 * tiers (interpreter, compiled code) and to host calls; everything is owned by its store and
 * freed with it, except modules, which are shared (refcounted).
 *
 * One store runs on one thread at a time. Only rt_store_interrupt() may come from elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_STORE_H
#define SHIELD_RUNTIME_STORE_H

#include "shield/runtime/registry.h"
#include "shield/runtime/value.h"
#include "shield/wasm/module.h"
#include "shield/wasm/names.h"

#include <pthread.h>
#include <stdatomic.h>

struct rt_store;
struct rt_instance;
struct rt_func;
struct rt_module;
struct rt_gc;
struct rt_trap;
struct rt_memory_slot;
struct rt_memory_image;

enum rt_trap_code {
#define TRAP(name, text) RT_TRAP_##name,
#include "shield/runtime/traps.def"
#undef TRAP
    RT_TRAP_COUNT
};

struct rt_limits {
#define LIMIT(name, value, option, what) uint64_t name;
#include "shield/runtime/limits.def"
#undef LIMIT
};
struct rt_limits rt_limits_default(void);

/* A tier executes functions. The engine has one; the runtime knows nothing else of it. Hooks may
 * be NULL. */
struct rt_tier {
    const char *name;
    const void *host_code; /* rt_func.code of host functions */
    const void *func_code; /* rt_func.code of functions of instances, until the tier changes it */
    /* Runs a function that has an instance. args and results are dense arrays in type order and
     * may be the same memory. Ends as rt_call() does. */
    enum status (*call)(struct rt_store *store, struct rt_func *fn, const union rt_value *args,
                        union rt_value *results);
    enum status (*store_init)(struct rt_store *store, struct diag *dg); /* sets tier_state */
    void (*store_free)(struct rt_store *store);
    /* A module may come inside something of the tier's own, an artefact: then *wasm (borrowed
     * from bytes) becomes the module in it. Else leaves *wasm alone. */
    enum status (*module_unpack)(const uint8_t *bytes, size_t size, struct str *wasm,
                                 struct diag *dg);
    /* Gets code ahead of time, if the tier does so: sets module->image. artefact: what the module
     * was unpacked from, size 0 when it was not. */
    enum status (*module_init)(struct rt_module *module, struct str artefact, struct diag *dg);
    void (*module_free)(struct rt_module *module); /* frees what code[] and image hold */
    /* The instance is whole but for its segments and start function. Sets context, code and
     * context of its functions, cells of its globals. */
    enum status (*instance_init)(struct rt_instance *instance, struct diag *dg);
    void (*instance_free)(struct rt_instance *instance); /* frees context */
    /* store->interrupted has been set: makes a run notice. Any thread, any signal handler. */
    void (*interrupt)(struct rt_store *store);
    /* Calls visit for every GC reference that the frames of this store hold. Words that name no
     * object are ignored, so slots that hold functions or are no longer read may be shown too. */
    void (*gc_roots)(struct rt_store *store, void (*visit)(void *ctx, uint64_t *ref), void *ctx);
};

struct rt_config {
    struct wm_features features;
    bool canonical_nan;         /* arithmetic NaNs become the canonical NaN */
    bool relaxed_deterministic; /* relaxed SIMD picks the specification's deterministic result */
    bool gc_stress;             /* for tests: collect before every allocation */
    uint64_t module_arena_bytes_max;
    const struct rt_tier *tier;
    const void *tier_options; /* what the tier wants to know; borrowed as long as the engine */
};

struct rt_engine {
    struct rt_config config;
    struct rt_registry *types;
    _Atomic uint32_t references;
};

MUST_USE struct rt_engine *rt_engine_new(const struct rt_config *config); /* NULL: no memory */
void rt_engine_free(struct rt_engine *engine);                            /* drops one reference */

/* A validated module, ready to be instantiated any number of times, on any thread. */
struct rt_module {
    struct rt_engine *engine;
    struct arena arena; /* holds wm's arrays */
    struct wm_module wm;
    uint8_t *bytes; /* owned copy of the binary */
    size_t byte_count;
    uint32_t *type_ids;    /* per module type: registry id */
    _Atomic(struct rt_memory_image *) memory_image; /* see memory_image.h; owned */
    _Atomic uint32_t instance_count;                /* made so far, for that */
    _Atomic(void *) other_image; /* as image, but counts fuel if that does not; made when needed */
    void *image; /* the tier's: code made ahead of time, shared by all instances; or NULL */
    _Atomic(void *) *code; /* per defined function: the tier's code, NULL until first needed */
    _Atomic(_Atomic(void *) *) metered_code; /* code[] of a variant that counts fuel; the tier's */
    pthread_mutex_t code_lock; /* taken by the tier while it fills code[] and code_arena */
    struct arena code_arena;
    _Atomic(struct wm_names *) names; /* read on first use, under code_lock */
    _Atomic(uint32_t *) export_order; /* exports by name, owned; made as names are */
    _Atomic uint32_t references;
};

/* Reads and validates; copies bytes. *out is owned, free with rt_module_free(). */
MUST_USE enum status rt_module_new(struct rt_engine *engine, const uint8_t *bytes, size_t size,
                                   struct rt_module **out, struct diag *dg);
void rt_module_free(struct rt_module *m); /* drops one reference */
/* What the name section calls a function; size 0: nothing. Borrowed from the module. */
struct str rt_module_func_name(struct rt_module *m, uint32_t func_index);
/* For messages: that name, else the first export of the function. O(exports). */
struct str rt_module_func_label(struct rt_module *m, uint32_t func_index);

struct rt_memory { /* compiled code knows the first two */
    uint8_t *base;
    _Atomic uint64_t size_bytes; /* always a multiple of the page size */
    uint64_t max_pages;          /* declared maximum, or what the address type allows */
    uint64_t reserved_bytes;     /* growth up to here never moves base */
    uint64_t guard_bytes;        /* behind those, never accessible */
    struct rt_store *store;      /* NULL when shared: it may live in several stores */
    struct rt_budget *budget;    /* shared: of the store that made it */
    _Atomic uint32_t references; /* stores that hold it */
    pthread_mutex_t grow_lock;
    struct rt_memory_slot *slot; /* owned: where it lives; NULL: a mapping of its own */
    uint8_t page_log2;
    bool is_64, is_shared, has_max;
};

/* Bytes of linear memory that may still be taken. Refcounted, because a shared memory is charged
 * to the store that made it and may outlive that. */
struct rt_budget {
    _Atomic uint64_t used_bytes;
    uint64_t limit_bytes;
    _Atomic uint32_t references;
};

struct rt_table { /* compiled code knows the first two */
    uint64_t *elements; /* references, encoded as in value.h */
    uint64_t size, capacity, max;
    struct wm_valtype type; /* registry ids */
    struct rt_store *store;
    bool is_64, has_max;
};

struct rt_global {
    union rt_value *cell; /* where the value is: home, or the context of a compiled instance */
    union rt_value home;
    struct rt_store *store;
    struct wm_valtype type; /* registry ids */
    bool is_mutable;
};

struct rt_tag { /* identity is the address of this struct */
    struct rt_store *store;
    uint32_t type_id;
};

/* What a host function learns of its caller. */
struct rt_caller {
    struct rt_store *store;
    struct rt_instance *instance; /* that called; NULL when the host called directly */
};

/*
 * A host function. args and results do not overlap; of each value in args only the bits of its type
 * mean something. References in args stay alive while it runs if a guest has called it; what it
 * allocates itself it roots (gc.h). results counts only when ST_OK is returned. Other endings:
 *   ST_TRAP       after rt_trap_raise()
 *   ST_EXCEPTION  with store->exception set
 *   ST_EXIT       with store->exit_code set
 *   ST_FUEL, ST_TIMEOUT, ST_LIMIT, ST_NO_MEMORY  passed on from rt_call() or own, with store->diag
 */
typedef enum status (*rt_host_fn)(void *env, struct rt_caller *caller, const union rt_value *args,
                                  union rt_value *results);

struct rt_func { /* compiled code knows the first three */
    const void *code; /* of the tier: what compiled code calls */
    void *context;    /* of the tier: what code expects */
    uint32_t type_id;
    uint32_t index; /* in the function index space of instance */
    struct rt_instance *instance; /* that defines it; NULL: a host function */
    struct rt_store *store;
    const void *plan; /* of the tier: how arguments are passed; NULL until first needed */
    rt_host_fn host;
    void *host_env; /* borrowed; host_free is called with it when the store ends */
    void (*host_free)(void *env);
};

struct rt_elem {
    uint64_t *items; /* references */
    uint32_t count;  /* 0 when dropped */
};

struct rt_data {
    const uint8_t *bytes;
    uint64_t size; /* 0 when dropped */
};

struct rt_instance {
    struct rt_store *store;
    struct rt_module *module; /* shared */
    struct rt_func **funcs;   /* imports first, as in the module's index spaces */
    struct rt_table **tables;
    struct rt_memory **memories;
    struct rt_global **globals;
    union rt_value **cells; /* of globals, by the same index */
    struct rt_tag **tags;
    struct rt_elem *elems;
    struct rt_data *datas;
    bool has_image;           /* memory 0 began with its active data segments in it */
    struct rt_instance *next; /* in the store's list */
    void *context;            /* of the tier: not NULL when its code is compiled */
    bool is_metered;          /* that code counts fuel */
    void *host_data;          /* for embedders */
};

/* Where the functions of a store are; see func_index.c. */
struct rt_func_index {
    struct rt_func_block {
        uintptr_t begin, end;
    } *blocks; /* owned, sorted */
    uint32_t count, capacity;
};

struct rt_store {
    struct rt_engine *engine;
    struct rt_limits limits;
    bool fuel_on;
    uint64_t fuel;                /* instructions left; exact */
    _Atomic uint32_t interrupted; /* nonzero: the next check ends the run with ST_TIMEOUT */
    struct rt_gc *gc;
    void *tier_state;
    void *native_state; /* of compiled code; beside tier_state, which is the interpreter's */
    void *host_context; /* of the tier: rt_func.context of host functions */
    uint32_t host_depth; /* rt_call() inside rt_call() */
    /* How the last unsuccessful run ended; read with the rt_store_take_ functions. */
    struct rt_trap *trap;
    uint64_t exception; /* exnref of ST_EXCEPTION; a GC root */
    int exit_code;      /* of ST_EXIT */
    struct diag diag;   /* of ST_LIMIT, ST_FUEL, ST_TIMEOUT, ST_NO_MEMORY */
    /* Totals that limits are compared with. */
    struct rt_budget *memory_budget; /* shared */
    uint64_t table_elements, instance_count;
    struct rt_instance *instances;
    struct rt_func_index func_index;
    struct rt_owned *owned; /* everything to free, newest first; see own.h */
    void *host_data;        /* for embedders */
};

MUST_USE enum status rt_store_new(struct rt_engine *engine, const struct rt_limits *limits,
                                  struct rt_store **out, struct diag *dg);
void rt_store_free(struct rt_store *store);
void rt_store_interrupt(struct rt_store *store); /* any thread, also from a signal handler */

/* Objects made by the host; owned by the store. */
/* env stays the caller's when this fails. */
MUST_USE enum status rt_func_new(struct rt_store *s, uint32_t type_id, rt_host_fn host, void *env,
                                 void (*env_free)(void *), struct rt_func **out, struct diag *dg);
MUST_USE enum status rt_memory_new(struct rt_store *s, const struct wm_memory *type,
                                   struct rt_memory **out, struct diag *dg);
MUST_USE enum status rt_table_new(struct rt_store *s, const struct wm_limits *limits,
                                  struct wm_valtype type, uint64_t init, struct rt_table **out,
                                  struct diag *dg);
MUST_USE enum status rt_global_new(struct rt_store *s, struct wm_valtype type, bool is_mutable,
                                   union rt_value value, struct rt_global **out, struct diag *dg);
MUST_USE enum status rt_tag_new(struct rt_store *s, uint32_t type_id, struct rt_tag **out,
                                struct diag *dg);

/* Makes a shared memory of another store usable in this one too. Instantiation does this for
 * imports by itself. The other store must not be freed meanwhile. */
MUST_USE enum status rt_memory_adopt(struct rt_store *s, struct rt_memory *m, struct diag *dg);

/* Old size in pages, or UINT64_MAX when refused (by type, limit or host). */
uint64_t rt_memory_grow(struct rt_memory *m, uint64_t delta_pages);
static inline uint64_t rt_memory_pages(struct rt_memory *m)
{
    return atomic_load_explicit(&m->size_bytes, memory_order_acquire) >> m->page_log2;
}
/* Old size, or UINT64_MAX when refused. */
uint64_t rt_table_grow(struct rt_table *t, uint64_t delta, uint64_t init);

/* Something that can be imported and exported. */
struct rt_extern {
    enum wm_extern_kind kind;
    union {
        struct rt_func *func;
        struct rt_table *table;
        struct rt_memory *memory;
        struct rt_global *global;
        struct rt_tag *tag;
    };
};

/* Links, initialises and runs the start function. imports: one per import of the module, in
 * order; each is checked against its type (ST_UNLINKABLE names module, name, expected, found).
 * ST_USAGE: the module is of another engine, or an import of another store (and no shared memory).
 * The instance is owned by the store, also when a segment or the start function ends it early
 * (ST_TRAP...): as the specification says, its effects then stay. */
MUST_USE enum status rt_instance_new(struct rt_store *s, struct rt_module *m,
                                     const struct rt_extern *imports, uint32_t import_count,
                                     struct rt_instance **out, struct diag *dg);
/* Looks up an export by name. */
bool rt_instance_export(struct rt_instance *i, struct str name, struct rt_extern *out);

/* Is it the address of a function of this store? For references that machine code has given. */
bool rt_store_has_func(struct rt_store *s, const struct rt_func *fn);

/* Calls a host function on behalf of `caller` (NULL: no instance). For tiers. Ends as rt_call(). */
MUST_USE static inline enum status rt_call_host(struct rt_store *s, struct rt_instance *caller,
                                                struct rt_func *fn, const union rt_value *args,
                                                union rt_value *results)
{
    struct rt_caller who = {.store = s, .instance = caller};
    return fn->host(fn->host_env, &who, args, results);
}

/* Calls any function: args and results are dense arrays in type order, types are the caller's
 * promise. References in args need not be rooted; those in results are not. Returns ST_OK,
 * ST_TRAP, ST_EXCEPTION, ST_EXIT, ST_FUEL, ST_TIMEOUT, ST_LIMIT or ST_NO_MEMORY; what happened is
 * in the store. */
MUST_USE enum status rt_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                             union rt_value *results);

#endif /* SHIELD_RUNTIME_STORE_H */
