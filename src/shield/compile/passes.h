/*
 * passes: the one place that says which passes a function goes through, from IR to machine code,
 * whoever made it: the translator of WebAssembly, or a front end of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_PASSES_H
#define SHIELD_COMPILE_PASSES_H

#include "shield/codegen/codegen.h"

struct passes_options {
    bool optimise; /* the middle end; codegen.optimise is about what follows */
    bool check;    /* ir_check() in front of and behind each pass */
    struct codegen_options codegen;
};

struct passes_times { /* nanoseconds, added up */
    uint64_t opt_ns, codegen_ns;
};

/* times may be NULL. The result lives in f's arena; run inside arena_guard() of it. */
MUST_USE enum status passes_run(struct ir_func *f, const struct passes_options *options,
                                struct codegen_code *out, struct passes_times *times,
                                struct diag *dg);

#endif /* SHIELD_COMPILE_PASSES_H */
