/*
 * passes: the middle of every compilation: what a function goes through between its maker (the
 * translator of WebAssembly, or a front end of its own) and codegen_function().
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_PASSES_H
#define SHIELD_COMPILE_PASSES_H

#include "shield/ir/ir.h"

struct passes_options {
    bool optimise;
    bool check; /* ir_check() in front of and behind each pass */
};

/* Run inside arena_guard() of f's arena. ST_UNSUPPORTED: see opt/wide.h. */
MUST_USE enum status passes_run(struct ir_func *f, const struct passes_options *options,
                                struct diag *dg);

#endif /* SHIELD_COMPILE_PASSES_H */
