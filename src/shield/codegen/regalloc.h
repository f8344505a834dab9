/* regalloc: places for the virtual registers of a function. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_CODEGEN_REGALLOC_H
#define SHIELD_CODEGEN_REGALLOC_H

#include "shield/codegen/mir.h"

enum { REGALLOC_VREGS_MAX = 1 << 24, REGALLOC_INSTS_MAX = 1 << 26 };

enum regalloc_mode {
    REGALLOC_FAST, /* one pass, for -O0 */
    REGALLOC_GOOD, /* live ranges are split where that pays */
};

/* What an allocation did, for tests and benchmarks. */
struct regalloc_stats {
    bool is_fallback; /* REGALLOC_GOOD found too much alive at once, and left it to the fast one */
    uint32_t moves;   /* register to register edits */
    uint32_t spills;  /* register to slot */
    uint32_t reloads; /* slot to register */
    uint32_t remats;  /* made again */
    uint64_t steps;   /* units of bounded work: grows with time, the same on every machine */
    double cost; /* of the edits, each times how often its block runs, by the odds of branches */
};

/* The result lives in f's arena; run inside arena_guard() of it. stats may be NULL. ST_LIMIT: more
 * than REGALLOC_VREGS_MAX values or REGALLOC_INSTS_MAX instructions. */
MUST_USE enum status regalloc(const struct mir_func *f, enum regalloc_mode mode,
                              struct mir_allocation *out, struct regalloc_stats *stats,
                              struct diag *dg);

#endif /* SHIELD_CODEGEN_REGALLOC_H */
