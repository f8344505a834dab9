/*
 * pipeline: the one place that orders passes. Each function of a module goes through them alone,
 * on any of several threads; the result is the same for any number of them.
 *
 *   translate -> opt -> codegen -> link
 *
 * In checked builds ir_check runs behind each step that makes or changes IR.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_PIPELINE_H
#define SHIELD_COMPILE_PIPELINE_H

#include "shield/compile/image.h"
#include "shield/wasm/module.h"

enum {
    COMPILE_THREADS_MAX = 64,
    COMPILE_THREAD_CODE_BYTES = 64 << 10, /* of wasm code: a thread more for each so many */
};

enum pipeline_stage { PIPELINE_TRANSLATED, PIPELINE_OPTIMISED };
struct ir_func;
struct mir_func;
struct mir_allocation;

struct pipeline_options {
    bool optimise;       /* the middle end and the good register allocator */
    bool is_metered;     /* counts fuel */
    bool canonical_nan;
    bool check_regalloc; /* verify/ra judges every allocation; always in checked builds */
    uint32_t threads;    /* at most; 0: as many as the host has processors */
    uint32_t features;   /* enum codegen_feature: what code may use */
    /* For listings: called for each function after these stages, on the thread that compiles it.
     * NULL: nobody looks. */
    void (*watch)(void *ctx, enum pipeline_stage stage, const struct ir_func *f);
    void *watch_ctx;
    /* For tests: judges every allocation in place of verify/ra. NULL: verify/ra does. */
    enum status (*judge)(const struct mir_func *, const struct mir_allocation *, struct diag *);
};
struct pipeline_options pipeline_options_default(void); /* optimised, for this processor */

/* What went where, for --timing and tests. */
struct pipeline_stats {
    uint64_t translate_ns, opt_ns, codegen_ns, link_ns; /* summed over threads */
    size_t arena_bytes_max;                             /* of the greediest thread */
};

/* Compiles a validated module. digest: SHA-256 of its bytes, kept as identity. *out is owned, free
 * with image_release(). ST_UNSUPPORTED: the module needs what only the interpreter has, the message
 * says what. ST_LIMIT names the limit. stats may be NULL. */
MUST_USE enum status compile_module(const struct wm_module *wm, const uint8_t digest[32],
                                    const struct pipeline_options *options, struct image **out,
                                    struct pipeline_stats *stats, struct diag *dg);

#endif /* SHIELD_COMPILE_PIPELINE_H */
