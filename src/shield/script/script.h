/*
 * script: runs test scripts of the specification (wast.h) on the runtime, and reports what each
 * command came to. Prints nothing.
 *
 * One store holds all instances of a script; "spectest" is there to import from. Refusals must be
 * of the kind that an assertion names (malformed, invalid, unlinkable); their wording is ours and
 * is not compared. Traps are compared with the wording of the specification.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_SCRIPT_SCRIPT_H
#define SHIELD_SCRIPT_SCRIPT_H

#include "shield/runtime/store.h"
#include "shield/wasm/wast.h"

struct script_options {
    struct wm_features features;
    const struct rt_tier *tier;
    const void *tier_options; /* see rt_config */
    struct rt_limits limits;
    uint64_t fuel; /* 0: not counted; else what the whole script may use */
    bool canonical_nan;
    /* Called with each line that spectest.print and its kin write; NULL: dropped. */
    void (*print)(void *ctx, const char *line);
    void *print_ctx;
};

struct script_outcome {
    enum wast_kind kind;
    uint32_t line, column;
    bool passed;
    const char *message; /* why not; NULL when passed */
};

struct script_report {
    struct script_outcome *outcomes; /* in the arena; in the order of the script */
    uint32_t count, capacity, passed, failed;
};

/* Runs a whole script. text is borrowed. The report is valid, as far as the script went, whatever
 * is returned; failed commands are no refusal. ST_MALFORMED: text that is no script, with line
 * and column. ST_LIMIT, ST_NO_MEMORY: the runner itself ran out. */
MUST_USE enum status script_run(struct str text, const struct script_options *options,
                                struct arena *arena, struct script_report *report, struct diag *dg);

#endif /* SHIELD_SCRIPT_SCRIPT_H */
