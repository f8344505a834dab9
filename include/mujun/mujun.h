/*
 * mujun.h: the public C API of mujun, a WebAssembly runtime.
 *
 * The nouns, and who owns them:
 *
 *   engine     owned   features and numeric options; shared by all threads
 *   module     owned   validated code; shared by all threads, instantiated any number of times
 *   store      owned   a world of instances with its limits and fuel; one thread at a time
 *   linker     owned   names to things, for the imports of modules; belongs to one store
 *   wasi       owned   describes what a WASI program may see: arguments, directories, streams
 *   ref        owned   a reference to a host value or GC object, kept alive by the handle
 *   error      owned   why a call did not return MUJUN_OK: message, position, backtrace
 *   functype   lives as long as its engine; equal types are the same pointer
 *   instance, func, memory, table, global, tag   live as long as their store
 *
 * "Owned" means: free it with mujun_<noun>_free(), which accepts NULL. A function that makes
 * something writes its out parameter only when it returns MUJUN_OK. Every `struct mujun_error
 * **err` may be NULL; otherwise *err is set to NULL on MUJUN_OK and to an owned error on anything
 * else. An argument that is borrowed needs to live only during the call, unless something else is
 * said. Where NULL is not mentioned it is not allowed. Things of another store, functypes and
 * modules of another engine, and NULL for one of these nouns handed to a store or linker are
 * MUJUN_E_USAGE (a trap where a host function hands them over).
 *
 * No function prints, exits, changes the locale or touches the environment of the process. No guest
 * behaviour aborts the process: the guest's mistakes are MUJUN_E_TRAP, its budgets MUJUN_E_LIMIT,
 * MUJUN_E_FUEL and MUJUN_E_TIMEOUT. No signal handler is installed, and there is no state outside
 * of what these functions hand out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MUJUN_MUJUN_H
#define MUJUN_MUJUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version ---------------------------------------------------------------------------------
 * Before 1.0 a new minor version may change the interface; a new patch version does not. */
#define MUJUN_VERSION_MAJOR 0
#define MUJUN_VERSION_MINOR 1
#define MUJUN_VERSION_PATCH 0
#define MUJUN_VERSION_NUMBER                                                                       \
    (MUJUN_VERSION_MAJOR * 10000 + MUJUN_VERSION_MINOR * 100 + MUJUN_VERSION_PATCH)

/* Version of the library that runs, as a text ("0.1.0") and as MUJUN_VERSION_NUMBER. */
const char *mujun_version(void);
int mujun_version_number(void);

/* ---- how a call ends ------------------------------------------------------------------------- */

enum mujun_status {
    MUJUN_OK,
    MUJUN_E_USAGE,       /* an argument of this API is wrong; nothing was done */
    MUJUN_E_MALFORMED,   /* bytes or text that do not parse */
    MUJUN_E_INVALID,     /* parses, but breaks a validation rule */
    MUJUN_E_UNSUPPORTED, /* needs a feature that is off; the message names it */
    MUJUN_E_UNLINKABLE,  /* an import is missing or of another type */
    MUJUN_E_IO,          /* file, descriptor, environment */
    MUJUN_E_NO_MEMORY,   /* the host refused memory */
    MUJUN_E_LIMIT,       /* a limit was reached; the message names it */
    MUJUN_E_FUEL,        /* the fuel of the store is used up */
    MUJUN_E_TIMEOUT,     /* the deadline passed, or mujun_store_interrupt() was called */
    MUJUN_E_TRAP,        /* the guest did what WebAssembly forbids */
    MUJUN_E_EXCEPTION,   /* a guest exception left the outermost frame */
    MUJUN_E_EXIT         /* the guest asked to end; see mujun_error_exit_code() */
};

/* "malformed input" and so on. Static; never NULL, also for numbers that are no status. */
const char *mujun_status_text(enum mujun_status status);

enum mujun_trap_code {
    MUJUN_TRAP_UNREACHABLE,
    MUJUN_TRAP_DIVIDE_BY_ZERO,
    MUJUN_TRAP_INTEGER_OVERFLOW,
    MUJUN_TRAP_INVALID_CONVERSION,
    MUJUN_TRAP_MEMORY_BOUNDS,
    MUJUN_TRAP_TABLE_BOUNDS,
    MUJUN_TRAP_ARRAY_BOUNDS,
    MUJUN_TRAP_UNDEFINED_ELEMENT,
    MUJUN_TRAP_UNINITIALIZED,
    MUJUN_TRAP_SIGNATURE_MISMATCH,
    MUJUN_TRAP_STACK_EXHAUSTED,
    MUJUN_TRAP_NULL_REFERENCE,
    MUJUN_TRAP_NULL_FUNCTION,
    MUJUN_TRAP_NULL_STRUCTURE,
    MUJUN_TRAP_NULL_ARRAY,
    MUJUN_TRAP_NULL_I31,
    MUJUN_TRAP_NULL_EXCEPTION,
    MUJUN_TRAP_CAST_FAILURE,
    MUJUN_TRAP_UNALIGNED_ATOMIC,
    MUJUN_TRAP_NOT_SHARED,
    MUJUN_TRAP_UNKNOWN_IMPORT,
    MUJUN_TRAP_HOST,             /* raised by a host function */
    MUJUN_TRAP_DAMAGED_REFERENCE /* compiled code made up a reference; none of ours does */
};

/* The specification's words ("integer divide by zero"). Static; never NULL. */
const char *mujun_trap_text(enum mujun_trap_code code);

struct mujun_engine;
struct mujun_module;
struct mujun_store;
struct mujun_linker;
struct mujun_wasi;
struct mujun_ref;
struct mujun_error;
struct mujun_functype;
struct mujun_instance;
struct mujun_func;
struct mujun_memory;
struct mujun_table;
struct mujun_global;
struct mujun_tag;
struct mujun_caller;

/* Text of known size, not NUL-terminated; may hold any UTF-8, NUL included. */
struct mujun_name {
    const char *text;
    size_t size; /* bytes */
};

#define MUJUN_NO_OFFSET UINT64_MAX

/* Everything below reads an error; err is borrowed and not NULL. An error is immutable: it may be
 * read from any thread. One made by running code borrows from its store until freed. */
void mujun_error_free(struct mujun_error *err);
enum mujun_status mujun_error_status(const struct mujun_error *err);
/* One line without a position: "malformed input: section 3 claims 255 bytes, 2 remain". Borrowed
 * from err, NUL-terminated, at most 600 bytes. */
const char *mujun_error_message(const struct mujun_error *err);
/* Byte offset in the binary that was refused, or MUJUN_NO_OFFSET. */
uint64_t mujun_error_offset(const struct mujun_error *err);
/* Position in the text that was refused, counted from 1; 0 when there is none. */
uint32_t mujun_error_line(const struct mujun_error *err);
uint32_t mujun_error_column(const struct mujun_error *err);
/* The exit code that `mujun run` would end with: for MUJUN_E_EXIT the guest's own. */
int mujun_error_exit_code(const struct mujun_error *err);
/* Only meaningful for MUJUN_E_TRAP; MUJUN_TRAP_HOST for every other status. */
enum mujun_trap_code mujun_error_trap_code(const struct mujun_error *err);

/* One WebAssembly function that was running, as the trap found it. */
struct mujun_frame {
    struct mujun_name name; /* from the name section; size 0: none. Borrowed from err */
    uint32_t func_index;    /* in the function index space of its module */
    uint32_t offset;        /* of the instruction, in bytes from the start of the binary */
};

/* Frames of a trap, innermost first; 0 for every other status. At most 64 are kept. */
uint32_t mujun_error_frame_count(const struct mujun_error *err);
/* How many more frames there were. */
uint32_t mujun_error_frames_left_out(const struct mujun_error *err);
/* Writes frame number index; false (and nothing written) when there is none. */
bool mujun_error_frame(const struct mujun_error *err, uint32_t index, struct mujun_frame *out);

/*
 * Writes the error as a person wants it: position, message, and a line per frame. Functions without
 * a name are called by an export; equal frames in a row, as a recursion leaves them, are one line.
 *   name   what was refused ("app.wasm"), or NULL
 *   out    size bytes, always NUL-terminated when size > 0, cut when too small
 * Returns the number of bytes the whole text has, without the NUL (as snprintf does).
 */
size_t mujun_error_format(const struct mujun_error *err, const char *name, char *out, size_t size);

/* The exception of MUJUN_E_EXCEPTION as an owned reference; NULL for every other status, and when
 * there was no memory to keep it. */
struct mujun_ref *mujun_error_exception(const struct mujun_error *err);

/* ---- engine ---------------------------------------------------------------------------------- */

/*
 * Options of an engine, filled in before mujun_engine_new(). Owned; one thread at a time.
 *
 * Defaults: the features of WebAssembly 3.0, NaN bits as the hardware makes them, fuel off, limits
 * as mujun_limit_at() lists them.
 */
struct mujun_config;
struct mujun_config *mujun_config_new(void); /* NULL: no memory */
void mujun_config_free(struct mujun_config *config);

/* Switches a feature by its name ("threads", "memory64"; mujun_feature_at() lists them).
 * MUJUN_E_USAGE for a name that is none, or for switching off "mvp". */
enum mujun_status mujun_config_set_feature(struct mujun_config *config, const char *name, bool on,
                                           struct mujun_error **err);
/* Every NaN that arithmetic makes is the canonical one. */
void mujun_config_set_canonical_nan(struct mujun_config *config, bool on);
/* Relaxed SIMD picks the specification's deterministic result. */
void mujun_config_set_deterministic_relaxed_simd(struct mujun_config *config, bool on);
/* New stores meter from the start, with 0 units; see mujun_store_set_fuel(). */
void mujun_config_set_fuel(struct mujun_config *config, bool on);
/* Bytes that reading one module may take besides its binary. 0: the default. */
void mujun_config_set_module_memory(struct mujun_config *config, uint64_t bytes);
/* What runs modules. AUTO: machine code, made when the module is, wherever there is a compiler for
 * this processor and for all that the module uses; else the interpreter. COMPILED: modules that
 * cannot be compiled are refused. Both count fuel alike. */
enum mujun_tier { MUJUN_TIER_AUTO, MUJUN_TIER_COMPILED, MUJUN_TIER_INTERPRETER };
void mujun_config_set_tier(struct mujun_config *config, enum mujun_tier tier);
/* 0: compile quickly; 1 and more (the default): make fast code. */
void mujun_config_set_optimisation(struct mujun_config *config, uint32_t level);
/* Threads that compile one module, at most. 0, the default: one per processor. */
void mujun_config_set_compile_threads(struct mujun_config *config, uint32_t threads);
/* Every register allocation is proven while compiling, which takes longer. */
void mujun_config_set_check_regalloc(struct mujun_config *config, bool on);
/* Tells perf where compiled functions are. PERFMAP: /tmp/perf-PID.map, for perf report. JITDUMP:
 * jit-PID.dump in the current folder, for perf inject --jit, then perf annotate. */
enum mujun_profile { MUJUN_PROFILE_NONE, MUJUN_PROFILE_PERFMAP, MUJUN_PROFILE_JITDUMP };
void mujun_config_set_profile(struct mujun_config *config, enum mujun_profile profile);
/* A folder, made when needed, where machine code is kept between runs; NULL, the default: none.
 * What is found there is not trusted. MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_config_set_cache(struct mujun_config *config, const char *folder,
                                         struct mujun_error **err);
/* Sets what new stores start with. MUJUN_E_USAGE for a name that is no limit. */
enum mujun_status mujun_config_set_limit(struct mujun_config *config, const char *name,
                                         uint64_t value, struct mujun_error **err);

struct mujun_feature_info {
    const char *name, *what; /* static */
    bool is_default;
};
/* Row number index of the features; false when there is none. */
bool mujun_feature_at(uint32_t index, struct mujun_feature_info *out);

struct mujun_limit_info {
    const char *name, *what; /* static; what starts with the unit */
    uint64_t value;          /* default */
};
/* Row number index of a store's limits (memory_bytes, table_elements, stack_bytes, call_depth,
 * instances, gc_heap_bytes...); false when there is none. */
bool mujun_limit_at(uint32_t index, struct mujun_limit_info *out);

/* config is borrowed; NULL: all defaults. MUJUN_E_NO_MEMORY. An engine may be used by any number of
 * threads at once; it stays alive until its modules and stores are freed too. */
enum mujun_status mujun_engine_new(const struct mujun_config *config, struct mujun_engine **out,
                                   struct mujun_error **err);
void mujun_engine_free(struct mujun_engine *engine);

/* ---- types and values ------------------------------------------------------------------------ */

/* What a value is. Every reference type falls into one of four kinds by its hierarchy. */
enum mujun_kind {
    MUJUN_I32,
    MUJUN_I64,
    MUJUN_F32,
    MUJUN_F64,
    MUJUN_V128,
    MUJUN_FUNCREF,   /* value.func */
    MUJUN_EXTERNREF, /* value.ref */
    MUJUN_ANYREF,    /* value.ref: structs, arrays, i31 */
    MUJUN_EXNREF     /* value.ref: exceptions */
};

/*
 * A value without its kind, which the type of its function, global or table tells. 16 bytes.
 * In func and ref, NULL is the null reference. A ref that this library writes is owned by whoever
 * it is written for; a ref that is handed in is borrowed. Host functions differ: see
 * mujun_callback.
 */
union mujun_value {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    uint8_t v128[16]; /* lane 0 first, little-endian */
    struct mujun_func *func;
    struct mujun_ref *ref;
};

/*
 * The type of functions (and of tags, whose types have no results).
 *
 * mujun_functype_new() takes kinds; a reference becomes the nullable top type of its hierarchy.
 * mujun_functype_parse() takes words, as in "i32 i64 -> f64", "-> i32" or "": i32 i64 f32 f64 v128
 * and the short names of reference types (funcref externref anyref eqref i31ref structref arrayref
 * exnref nullref nullfuncref nullexternref nullexnref).
 *
 *   out   lives as long as engine; two types are equal exactly when their pointers are
 *
 * MUJUN_E_USAGE for a kind or word that is none (the message names it) or more than 1000 parameters
 * or results; MUJUN_E_NO_MEMORY. Thread-safe.
 */
enum mujun_status mujun_functype_new(struct mujun_engine *engine, const enum mujun_kind *params,
                                     size_t param_count, const enum mujun_kind *results,
                                     size_t result_count, const struct mujun_functype **out,
                                     struct mujun_error **err);
enum mujun_status mujun_functype_parse(struct mujun_engine *engine, const char *text,
                                       const struct mujun_functype **out, struct mujun_error **err);
uint32_t mujun_functype_param_count(const struct mujun_functype *type);
uint32_t mujun_functype_result_count(const struct mujun_functype *type);
/* index must be below the count. */
enum mujun_kind mujun_functype_param(const struct mujun_functype *type, uint32_t index);
enum mujun_kind mujun_functype_result(const struct mujun_functype *type, uint32_t index);
/* Writes the exact type ("i32 (ref null 7) -> i64"; numbers name types of the engine). As snprintf:
 * cut at size, returns the whole length. */
size_t mujun_functype_text(const struct mujun_functype *type, char *out, size_t size);

enum mujun_extern_kind {
    MUJUN_EXTERN_FUNC,
    MUJUN_EXTERN_TABLE,
    MUJUN_EXTERN_MEMORY,
    MUJUN_EXTERN_GLOBAL,
    MUJUN_EXTERN_TAG
};

/* The type of something that can be imported and exported. Fields that its kind does not use are 0.
 * */
struct mujun_externtype {
    enum mujun_extern_kind kind;
    const struct mujun_functype *func; /* FUNC, TAG */
    enum mujun_kind content;           /* TABLE: elements; GLOBAL: value */
    bool is_mutable;                   /* GLOBAL */
    bool is_nullable;                  /* TABLE, GLOBAL that hold references */
    bool is_64;                        /* TABLE, MEMORY: addressed by i64 */
    bool is_shared;                    /* MEMORY */
    bool has_max;                      /* TABLE, MEMORY */
    bool has_byte_pages;               /* MEMORY: pages of 1 byte instead of 65,536 */
    uint64_t min, max;                 /* TABLE: elements; MEMORY: pages */
};

/* One of the things that can be imported and exported. Borrowed from its store. */
struct mujun_extern {
    enum mujun_extern_kind kind;
    union {
        struct mujun_func *func;
        struct mujun_table *table;
        struct mujun_memory *memory;
        struct mujun_global *global;
        struct mujun_tag *tag;
    } of;
};

/* ---- module ---------------------------------------------------------------------------------- */

/*
 * Reads and validates a module in the binary format; bytes are copied.
 *
 * MUJUN_E_MALFORMED, MUJUN_E_INVALID or MUJUN_E_UNSUPPORTED with the byte offset; MUJUN_E_LIMIT
 * with its name; MUJUN_E_NO_MEMORY. Thread-safe. Time is linear in size.
 */
enum mujun_status mujun_module_new(struct mujun_engine *engine, const uint8_t *bytes, size_t size,
                                   struct mujun_module **out, struct mujun_error **err);
/* The same for the text format, "(module ...)" or bare fields; errors carry line and column. Names
 * are kept, so backtraces show them. */
enum mujun_status mujun_module_new_text(struct mujun_engine *engine, const char *text, size_t size,
                                        struct mujun_module **out, struct mujun_error **err);
/* Would mujun_module_new() accept this? Keeps nothing. */
enum mujun_status mujun_module_validate(struct mujun_engine *engine, const uint8_t *bytes,
                                        size_t size, struct mujun_error **err);
/* Translates the text format into the binary one without validating it. *out is owned, free with
 * mujun_bytes_free(). Errors as mujun_module_new_text(), without MUJUN_E_INVALID. */
enum mujun_status mujun_text_to_binary(struct mujun_engine *engine, const char *text, size_t size,
                                       uint8_t **out, size_t *out_size, struct mujun_error **err);
void mujun_bytes_free(uint8_t *bytes);
void mujun_module_free(struct mujun_module *module);

/* The binary that the module was made from; borrowed. */
const uint8_t *mujun_module_bytes(const struct mujun_module *module, size_t *size);

struct mujun_import {
    struct mujun_name module, name; /* borrowed from the module */
    struct mujun_externtype type;
};
struct mujun_export {
    struct mujun_name name; /* borrowed from the module */
    struct mujun_externtype type;
};
uint32_t mujun_module_import_count(const struct mujun_module *module);
uint32_t mujun_module_export_count(const struct mujun_module *module);
/* In the order of the module; false (and nothing written) when there is none. O(1). */
bool mujun_module_import(const struct mujun_module *module, uint32_t index,
                         struct mujun_import *out);
bool mujun_module_export(const struct mujun_module *module, uint32_t index,
                         struct mujun_export *out);

/* ---- store ----------------------------------------------------------------------------------- */

struct mujun_limit {
    const char *name; /* as in mujun_limit_at() */
    uint64_t value;
};

/*
 * A store holds instances and all they can reach. Nothing of one store may be used in another,
 * except shared memories. Everything in it is used by one thread at a time; only
 * mujun_store_interrupt() may come from any thread.
 *
 *   limits   limit_count rows that replace the engine's defaults; may be NULL when the count is 0
 *
 * MUJUN_E_USAGE for an unknown name; MUJUN_E_NO_MEMORY. Freeing runs the release functions of host
 * values and host functions; it must not happen while a guest of this store runs, and refs and
 * errors of the store are freed before it.
 */
enum mujun_status mujun_store_new(struct mujun_engine *engine, const struct mujun_limit *limits,
                                  size_t limit_count, struct mujun_store **out,
                                  struct mujun_error **err);
void mujun_store_free(struct mujun_store *store);
struct mujun_engine *mujun_store_engine(const struct mujun_store *store); /* borrowed */

/* A pointer of the embedder's own; the library only keeps it. NULL at first. */
void mujun_store_set_data(struct mujun_store *store, void *data);
void *mujun_store_data(const struct mujun_store *store);

/*
 * Fuel is a number of WebAssembly instructions, counted exactly (nop and the words that only give
 * structure are free: block, loop, else, end, try_table and the legacy try, catch, delegate). A run
 * that would need one more ends with MUJUN_E_FUEL, before that instruction, and memory stays as the
 * guest left it.
 *
 *   set   switches metering on with this many units; UINT64_MAX switches it off
 *   add   saturates below UINT64_MAX; does nothing while metering is off
 *   get   what is left; UINT64_MAX while metering is off
 *
 * From inside a host function, metering is switched on or off for the next outermost call only.
 * Cost of metering: one comparison per basic block.
 */
void mujun_store_set_fuel(struct mujun_store *store, uint64_t units);
void mujun_store_add_fuel(struct mujun_store *store, uint64_t units);
uint64_t mujun_store_fuel(const struct mujun_store *store);

/*
 * Once so many nanoseconds from now have passed, the guest that runs then (or the next one, when
 * none does) ends with MUJUN_E_TIMEOUT. 0 takes the deadline back; every call also forgets
 * deadlines and interrupts from before. Time spent inside a host function counts, but is not cut
 * short. The first deadline of an engine starts one thread, which ends with the engine.
 *
 * MUJUN_E_NO_MEMORY when that thread cannot be started.
 */
enum mujun_status mujun_store_set_timeout(struct mujun_store *store, uint64_t nanoseconds,
                                          struct mujun_error **err);
/* Ends the guest that runs now, or the next one, with MUJUN_E_TIMEOUT. Any thread, also from a
 * signal handler. */
void mujun_store_interrupt(struct mujun_store *store);

/* Frees what no root reaches any more; happens by itself when the GC heap is full. */
void mujun_store_collect(struct mujun_store *store);

/* ---- linker and instance --------------------------------------------------------------------- */

/* MUJUN_E_NO_MEMORY. The linker is freed before its store; instances do not need it afterwards. */
enum mujun_status mujun_linker_new(struct mujun_store *store, struct mujun_linker **out,
                                   struct mujun_error **err);
void mujun_linker_free(struct mujun_linker *linker);

/* What to do with an import that nothing was defined for. Functions become stubs; memories, tables
 * and globals are made new with their least size and zero content, tags are made new. */
enum mujun_unknown_imports {
    MUJUN_UNKNOWN_REFUSE, /* MUJUN_E_UNLINKABLE; the default */
    MUJUN_UNKNOWN_TRAP,   /* calling the stub traps with MUJUN_TRAP_UNKNOWN_IMPORT and its name */
    MUJUN_UNKNOWN_ZERO    /* calling the stub returns zeros and null references */
};
void mujun_linker_set_unknown_imports(struct mujun_linker *linker,
                                      enum mujun_unknown_imports policy);
/* Lets a later definition replace an earlier one of the same name. Off at first. */
void mujun_linker_allow_shadowing(struct mujun_linker *linker, bool on);

/*
 * A host function. Called on the thread that called the guest.
 *
 *   env      as given when the function was defined
 *   caller   for mujun_caller_ functions; only valid during the call
 *   args     one per parameter; a ref in it is borrowed for the call (mujun_ref_clone() keeps it)
 *   results  one per result, zero at first; read only when MUJUN_OK is returned. A ref in it is
 *            taken over by the library, also one that came in args: clone that one
 *
 * Returns MUJUN_OK, or what mujun_caller_trap(), mujun_caller_exit(), mujun_caller_throw() or
 * mujun_caller_fail() returned. Any other status becomes a trap with the code MUJUN_TRAP_HOST.
 * It must not longjmp or throw C++ exceptions across the library.
 */
typedef enum mujun_status (*mujun_callback)(void *env, struct mujun_caller *caller,
                                            const union mujun_value *args,
                                            union mujun_value *results);

/* Defines a name, two-level as imports have it. Names are copied. MUJUN_E_USAGE when the name is
 * taken (and shadowing off) or value belongs to another store; MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_linker_define(struct mujun_linker *linker, const char *module,
                                      const char *name, const struct mujun_extern *value,
                                      struct mujun_error **err);
/*
 * Defines a host function.
 *   signature  as for mujun_functype_parse()
 *   env        handed to callback; env_free(env), unless NULL, runs when the store ends, or at once
 *              when MUJUN_OK is not returned
 */
enum mujun_status mujun_linker_define_func(struct mujun_linker *linker, const char *module,
                                           const char *name, const char *signature,
                                           mujun_callback callback, void *env,
                                           void (*env_free)(void *env), struct mujun_error **err);
/* Defines every export of instance under the name module. */
enum mujun_status mujun_linker_define_instance(struct mujun_linker *linker, const char *module,
                                               const struct mujun_instance *instance,
                                               struct mujun_error **err);

/*
 * Links, initialises and runs the start function of the module.
 *
 * MUJUN_E_UNLINKABLE names the import, what was expected and what was found; the statuses of
 * mujun_call() when a segment or the start function ends it early (what it changed in imported
 * memories and tables then stays, as the specification says); MUJUN_E_LIMIT, MUJUN_E_NO_MEMORY.
 * The module may be freed while the instance lives. Time: linear in the size of the segments; code
 * is translated when it is first called.
 */
enum mujun_status mujun_linker_instantiate(struct mujun_linker *linker, struct mujun_module *module,
                                           struct mujun_instance **out, struct mujun_error **err);
/* The same with imports given by position, one per import of the module. MUJUN_E_USAGE when the
 * count differs. */
enum mujun_status mujun_instance_new(struct mujun_store *store, struct mujun_module *module,
                                     const struct mujun_extern *imports, size_t import_count,
                                     struct mujun_instance **out, struct mujun_error **err);

/* Finds an export; false (and nothing written) when there is none of this name. */
bool mujun_instance_export(const struct mujun_instance *instance, const char *name,
                           struct mujun_extern *out);
/* Export number index, in the order of mujun_module_export(). */
bool mujun_instance_export_at(const struct mujun_instance *instance, uint32_t index,
                              struct mujun_extern *out);
/* Shorter: NULL when there is no export of this name and kind. */
struct mujun_func *mujun_instance_func(const struct mujun_instance *instance, const char *name);
struct mujun_memory *mujun_instance_memory(const struct mujun_instance *instance, const char *name);

/*
 * Runs a WASI program: calls its export _start.
 *   exit_code  out: what the guest gave to proc_exit, or 0 when it just returned
 * MUJUN_E_USAGE when there is no _start of type "->"; otherwise as mujun_call(), but an exit is
 * MUJUN_OK here.
 */
enum mujun_status mujun_instance_run(struct mujun_store *store, struct mujun_instance *instance,
                                     int *exit_code, struct mujun_error **err);
/* Makes a WASI reactor ready: calls its export _initialize, when it has one. As mujun_call(). */
enum mujun_status mujun_instance_initialize(struct mujun_store *store,
                                            struct mujun_instance *instance,
                                            struct mujun_error **err);

/* ---- functions ------------------------------------------------------------------------------- */

/* A host function as a value. env and env_free as for mujun_linker_define_func().
 * type must be of the store's engine. MUJUN_E_USAGE, MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_func_new(struct mujun_store *store, const struct mujun_functype *type,
                                 mujun_callback callback, void *env, void (*env_free)(void *env),
                                 struct mujun_func **out, struct mujun_error **err);
const struct mujun_functype *mujun_func_type(const struct mujun_store *store,
                                             const struct mujun_func *func);

/*
 * Calls a function and waits for it to return, trap, or use up a budget.
 *
 *   func     of this store
 *   args     arg_count values, one per parameter; refs are borrowed
 *   results  result_count values, one per result; written only when MUJUN_OK is returned, and then
 *            the refs in it are owned by the caller
 *
 * Returns MUJUN_OK, or MUJUN_E_USAGE (wrong counts, a reference of another store or of another
 * type; nothing ran), MUJUN_E_TRAP, MUJUN_E_EXCEPTION, MUJUN_E_EXIT, MUJUN_E_FUEL, MUJUN_E_TIMEOUT,
 * MUJUN_E_LIMIT (stack, memory of the GC heap) or MUJUN_E_NO_MEMORY. After any of them the store
 * can be used on.
 *
 * A host function may call back into the guest, nested up to the limit host_depth. The C stack does
 * not grow with the guest's depth. Cost: about 20 ns over the guest's own, and 10 ns for each call
 * of a host function; several times that when references are among the values.
 */
enum mujun_status mujun_call(struct mujun_store *store, struct mujun_func *func,
                             const union mujun_value *args, size_t arg_count,
                             union mujun_value *results, size_t result_count,
                             struct mujun_error **err);

/* For host functions: who calls. instance is NULL when the host called the function directly. */
struct mujun_store *mujun_caller_store(const struct mujun_caller *caller);
struct mujun_instance *mujun_caller_instance(const struct mujun_caller *caller);
/* The caller's exported memory called "memory" (what toolchains emit), or NULL. */
struct mujun_memory *mujun_caller_memory(const struct mujun_caller *caller);

/* The four ways for a host function not to return; each returns the status to return.
 *   trap   message is copied, cut at 255 bytes; NULL: the words of the code
 *   exit   the run ends with MUJUN_E_EXIT and this code
 *   throw  tag and args as declared by its type; MUJUN_E_USAGE becomes a trap
 *   fail   passes on what a nested mujun_call() ended with; takes err over */
enum mujun_status mujun_caller_trap(struct mujun_caller *caller, enum mujun_trap_code code,
                                    const char *message);
enum mujun_status mujun_caller_exit(struct mujun_caller *caller, int exit_code);
enum mujun_status mujun_caller_throw(struct mujun_caller *caller, struct mujun_tag *tag,
                                     const union mujun_value *args, size_t arg_count);
enum mujun_status mujun_caller_fail(struct mujun_caller *caller, struct mujun_error *err);

/* ---- memories, tables, globals, tags --------------------------------------------------------- */

/* type.kind must be MUJUN_EXTERN_MEMORY. MUJUN_E_USAGE for sizes the specification forbids,
 * MUJUN_E_LIMIT (memory_bytes), MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_memory_new(struct mujun_store *store, const struct mujun_externtype *type,
                                   struct mujun_memory **out, struct mujun_error **err);
void mujun_memory_type(const struct mujun_memory *memory, struct mujun_externtype *out);
/* First byte. Growing a 32-bit memory never moves it; growing a 64-bit one may. Bytes from
 * mujun_memory_size() on must not be touched. */
uint8_t *mujun_memory_data(const struct mujun_memory *memory);
uint64_t mujun_memory_size(const struct mujun_memory *memory);  /* bytes */
uint64_t mujun_memory_pages(const struct mujun_memory *memory); /* of 65,536 bytes, or 1 */
/* Adds zeroed pages; old_pages (may be NULL) receives the size before. False when the memory's
 * maximum, a limit or the host refuses it; nothing changed then. */
bool mujun_memory_grow(struct mujun_memory *memory, uint64_t delta_pages, uint64_t *old_pages);
/* Copy size bytes out of and into the guest; false, and nothing copied, when a byte of
 * [offset, offset + size) is outside. */
bool mujun_memory_read(const struct mujun_memory *memory, uint64_t offset, void *to, size_t size);
bool mujun_memory_write(struct mujun_memory *memory, uint64_t offset, const void *from,
                        size_t size);

/* type.kind must be MUJUN_EXTERN_TABLE; its elements are type.min copies of init, whose func or ref
 * is read as type.content says. MUJUN_E_USAGE, MUJUN_E_LIMIT (table_elements), MUJUN_E_NO_MEMORY.
 * */
enum mujun_status mujun_table_new(struct mujun_store *store, const struct mujun_externtype *type,
                                  union mujun_value init, struct mujun_table **out,
                                  struct mujun_error **err);
void mujun_table_type(const struct mujun_table *table, struct mujun_externtype *out);
uint64_t mujun_table_size(const struct mujun_table *table); /* elements */
/* MUJUN_E_USAGE when index is outside or value of another type; MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_table_get(const struct mujun_table *table, uint64_t index,
                                  union mujun_value *out, struct mujun_error **err);
enum mujun_status mujun_table_set(struct mujun_table *table, uint64_t index,
                                  union mujun_value value, struct mujun_error **err);
/* As mujun_memory_grow(); also false when init is of another type. */
bool mujun_table_grow(struct mujun_table *table, uint64_t delta, union mujun_value init,
                      uint64_t *old_size);

/* type.kind must be MUJUN_EXTERN_GLOBAL. MUJUN_E_USAGE when value is of another type. */
enum mujun_status mujun_global_new(struct mujun_store *store, const struct mujun_externtype *type,
                                   union mujun_value value, struct mujun_global **out,
                                   struct mujun_error **err);
void mujun_global_type(const struct mujun_store *store, const struct mujun_global *global,
                       struct mujun_externtype *out);
/* MUJUN_E_NO_MEMORY (only for references). */
enum mujun_status mujun_global_get(struct mujun_store *store, const struct mujun_global *global,
                                   union mujun_value *out, struct mujun_error **err);
/* MUJUN_E_USAGE when the global is immutable or value of another type. */
enum mujun_status mujun_global_set(struct mujun_store *store, struct mujun_global *global,
                                   union mujun_value value, struct mujun_error **err);

/* A tag for exceptions whose payload has the parameters of type. MUJUN_E_USAGE when type has
 * results. */
enum mujun_status mujun_tag_new(struct mujun_store *store, const struct mujun_functype *type,
                                struct mujun_tag **out, struct mujun_error **err);
const struct mujun_functype *mujun_tag_type(const struct mujun_store *store,
                                            const struct mujun_tag *tag);

/* ---- references ------------------------------------------------------------------------------ */

enum mujun_ref_kind {
    MUJUN_REF_HOST, /* made by mujun_externref_new() */
    MUJUN_REF_I31,
    MUJUN_REF_STRUCT,
    MUJUN_REF_ARRAY,
    MUJUN_REF_EXCEPTION
};

/* A host value as externref. release(data), unless NULL, runs once no guest and no handle reaches
 * the value any more, at the latest when the store ends; also when MUJUN_OK is not returned.
 * MUJUN_E_LIMIT (gc_heap_bytes), MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_externref_new(struct mujun_store *store, void *data,
                                      void (*release)(void *data), struct mujun_ref **out,
                                      struct mujun_error **err);
/* NULL when ref is not a MUJUN_REF_HOST. */
void *mujun_externref_data(const struct mujun_ref *ref);
/* value is cut to 31 bits. MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_i31_new(struct mujun_store *store, int32_t value, struct mujun_ref **out,
                                struct mujun_error **err);
/* Sign-extended; 0 when ref is not a MUJUN_REF_I31. */
int32_t mujun_i31_value(const struct mujun_ref *ref);

enum mujun_ref_kind mujun_ref_kind(const struct mujun_ref *ref);
/* Do both refer to the same object? NULL equals only NULL. */
bool mujun_ref_equal(const struct mujun_ref *a, const struct mujun_ref *b);
/* A second handle to the same object; NULL: no memory, or ref was NULL. */
struct mujun_ref *mujun_ref_clone(const struct mujun_ref *ref);
void mujun_ref_free(struct mujun_ref *ref);

/* Fields of a struct, elements of an array, payload of an exception; 0 for the others. */
uint32_t mujun_ref_length(const struct mujun_ref *ref);
/* Reads one of them; kind (may be NULL) receives what it is. Packed fields are zero-extended i32.
 * MUJUN_E_USAGE when index is outside. */
enum mujun_status mujun_ref_get(const struct mujun_ref *ref, uint32_t index, union mujun_value *out,
                                enum mujun_kind *kind, struct mujun_error **err);
/* Writes a mutable field or element. MUJUN_E_USAGE when index is outside, it is immutable, or value
 * is of another type. */
enum mujun_status mujun_ref_set(struct mujun_ref *ref, uint32_t index, union mujun_value value,
                                struct mujun_error **err);
/* The tag of a MUJUN_REF_EXCEPTION, NULL for the others. */
struct mujun_tag *mujun_ref_tag(const struct mujun_ref *ref);

/* ---- WASI ------------------------------------------------------------------------------------ */

/*
 * What a WASI program may see. At first nothing: no arguments, no environment, no directories,
 * standard input at its end, output thrown away. A mujun_wasi is only a description: it is filled
 * by one thread, then mujun_linker_define_wasi() acts on it, any number of times. Texts are copied.
 */
struct mujun_wasi *mujun_wasi_new(void); /* NULL: no memory */
void mujun_wasi_free(struct mujun_wasi *wasi);

/* Appends arguments; the first of all is the program's name. MUJUN_E_LIMIT, MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_wasi_add_args(struct mujun_wasi *wasi, const char *const *args,
                                      size_t count, struct mujun_error **err);
/* The first value given for a name is what the guest's getenv() finds. MUJUN_E_USAGE when name is
 * empty or holds '='; MUJUN_E_LIMIT, MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_wasi_add_env(struct mujun_wasi *wasi, const char *name, const char *value,
                                     struct mujun_error **err);
/* Adds the environment of the process as it is now. */
enum mujun_status mujun_wasi_inherit_env(struct mujun_wasi *wasi, struct mujun_error **err);
/*
 * Lets the guest use a directory of the host, and what lies beneath it, under the name guest_path,
 * as its descriptors 3, 4... in order. No path and no link leads out of it. It is opened by
 * mujun_linker_define_wasi(), which says MUJUN_E_IO when it cannot be.
 *   is_read_only   no call that changes anything beneath it succeeds
 */
enum mujun_status mujun_wasi_add_dir(struct mujun_wasi *wasi, const char *host_path,
                                     const char *guest_path, bool is_read_only,
                                     struct mujun_error **err);
/* Hands in a listening or connected socket, as the descriptors after the directories. fd is
 * borrowed until the stores that use it are freed. MUJUN_E_USAGE, MUJUN_E_LIMIT, MUJUN_E_NO_MEMORY.
 * */
enum mujun_status mujun_wasi_add_socket(struct mujun_wasi *wasi, int fd, struct mujun_error **err);

/* The three standard streams of the process become the guest's. MUJUN_E_USAGE when one is closed.
 */
enum mujun_status mujun_wasi_inherit_stdio(struct mujun_wasi *wasi, struct mujun_error **err);
/* One stream of the guest (0, 1, 2) is a descriptor of the host, borrowed until the stores that use
 * it are freed. MUJUN_E_USAGE when fd is not open. */
enum mujun_status mujun_wasi_set_stdio(struct mujun_wasi *wasi, int guest_fd, int fd,
                                       struct mujun_error **err);
/* Standard input reads these bytes, copied. MUJUN_E_NO_MEMORY. */
enum mujun_status mujun_wasi_set_stdin_bytes(struct mujun_wasi *wasi, const void *bytes,
                                             size_t size, struct mujun_error **err);
/* Output of the guest (1 or 2) is kept for mujun_store_output(), up to max_bytes; writing more
 * fails for the guest with "no space left". MUJUN_E_USAGE. */
enum mujun_status mujun_wasi_capture(struct mujun_wasi *wasi, int guest_fd, size_t max_bytes,
                                     struct mujun_error **err);

/* For runs that can be repeated bit by bit. Every clock starts at start_ns and moves on by step_ns
 * whenever it is read; sleeping moves it without waiting. Random bytes come from the seed. */
void mujun_wasi_set_clock(struct mujun_wasi *wasi, uint64_t start_ns, uint64_t step_ns);
void mujun_wasi_set_random_seed(struct mujun_wasi *wasi, uint64_t seed);

/*
 * Lets the linker serve imports from "wasi_snapshot_preview1" and its predecessor "wasi_unstable"
 * that nothing else was defined for. The state behind them (descriptors, arguments) is made new and
 * belongs to the store; wasi may be freed. A second call replaces the first for later instances.
 * MUJUN_E_IO names a directory that cannot be opened; MUJUN_E_NO_MEMORY.
 */
enum mujun_status mujun_linker_define_wasi(struct mujun_linker *linker, struct mujun_wasi *wasi,
                                           struct mujun_error **err);
/* What guests have written so far to a captured stream (1 or 2), of the newest WASI state of this
 * store; size 0 when there is none. Borrowed until a guest of the store runs again. */
struct mujun_name mujun_store_output(const struct mujun_store *store, int guest_fd);

#ifdef __cplusplus
}
#endif

#endif /* MUJUN_MUJUN_H */
