/*
 * native: the tier that runs compiled code. Modules are compiled when they are made, and once more
 * when a store first uses them that counts fuel (or, with count_fuel, one that does not); what the
 * compiler does not take (translate_supported) runs on the interpreter, and calls go both ways.
 * When a store changes its mind about counting, the interpreter runs the instances it has.
 *
 *   - A tail call from one tier into the other takes stack, like any call.
 *   - Runs nest at most NATIVE_DEPTH_MAX deep across tiers; then STACK_EXHAUSTED.
 *   - A reference that comes out of compiled code is judged before C follows it; one that names
 *     nothing is the trap "damaged reference", which no correct code can reach.
 *
 * Takes the signals SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGURG when a store first runs, and passes
 * on what is not its own. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_NATIVE_H
#define SHIELD_NATIVE_NATIVE_H

#include "shield/runtime/store.h"

enum native_profile { NATIVE_PROFILE_NONE, NATIVE_PROFILE_PERFMAP, NATIVE_PROFILE_JITDUMP };

/* rt_config.tier_options of this tier; NULL: opt_level 2, everything else 0. */
struct native_options {
    uint32_t opt_level;  /* 0: quickly compiled; 2: fast */
    uint32_t threads;    /* of the compiler, at most; 0: one per processor */
    bool must_compile;   /* refuse modules that only the interpreter can run */
    bool interpret;      /* compile nothing */
    bool only_make;      /* code is for artefacts: never executable here, and so not verified */
    bool count_fuel;     /* most stores will: compile code that counts first */
    bool check_regalloc; /* judge every register allocation also in release builds */
    enum native_profile profile; /* for perf, see profile.h */
    const char *cache_folder; /* of compiled code, see cache.h; NULL: none. Borrowed */
};

/* A compiled module and its code as a file (compile/artefact.h), made inside arena_guard() of `a`;
 * valid as long as both. ST_USAGE: the module is not compiled. */
struct artefact_file;
MUST_USE enum status native_module_artefact(struct rt_module *m, struct arena *a,
                                            struct artefact_file *out, struct diag *dg);

/* The tier of compiled code; NULL on processors that there is no compiler for. */
const struct rt_tier *native_tier(void);

#endif /* SHIELD_NATIVE_NATIVE_H */
