/*
 * opt: the middle end: makes a function do the same with less. Knows neither WebAssembly nor the
 * processor; what is cheap on the processor decides only what is worth moving.
 *
 *   opt_params    parameters that are always one value become it
 *   thread.h      branches whose outcome depends on where control comes from are taken there
 *   opt_number    one walk over the dominator tree: constants, rules/opt, equal values, memory
 *   opt_bytes     numbers put together from bytes are loaded at once, or have their bytes swapped
 *   opt_clean     what control never reaches goes; blocks in a row become one
 *   opt_convert   small branches that only choose a value become SELECT
 *   opt_hoist     what is the same in each round of a loop is computed in front of it
 *   opt_dead      what nobody needs goes
 *   switch.h      choices with few outcomes become compares
 *
 * Every pass takes time linear in the function (hoist: times the depth of loops, which is bounded),
 * keeps it well formed (ir/check.h) and runs inside arena_guard() of its arena, where scratch
 * stays. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_OPT_H
#define SHIELD_OPT_OPT_H

#include "shield/ir/ir.h"

struct opt_stats { /* of one or more functions; counts only grow */
#define OPTSTAT(name, text) uint32_t name;
#include "shield/opt/stats.def"
#undef OPTSTAT
    uint32_t *fired; /* per rule of rules/opt, or NULL */
};

struct opt_options {
    bool check;              /* ir_check() after each pass */
    struct opt_stats *stats; /* borrowed; may be NULL */
};

void opt_params(struct ir_func *f, struct opt_stats *stats);
void opt_number(struct ir_func *f, struct opt_stats *stats);
void opt_clean(struct ir_func *f, struct opt_stats *stats);
void opt_bytes(struct ir_func *f, struct opt_stats *stats);
void opt_convert(struct ir_func *f, struct opt_stats *stats);
void opt_hoist(struct ir_func *f, struct opt_stats *stats);
void opt_dead(struct ir_func *f, struct opt_stats *stats);

/* All passes in their order. ST_INVALID: with options.check, a pass broke the function, and the
 * message names it. Run inside arena_guard() of f's arena. */
MUST_USE enum status opt_function(struct ir_func *f, const struct opt_options *options,
                                  struct diag *dg);

/* Rules of rules/opt, for statistics and tests. */
extern const uint32_t opt_rule_count;
extern const char *const opt_rule_names[];

#endif /* SHIELD_OPT_OPT_H */
