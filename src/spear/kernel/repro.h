/* repro: from the log of a crash to the smallest program that causes it, and to a C file that does
 * so alone. Every attempt runs in a fresh machine, so a verdict never depends on what ran before.
 * How long an attempt may take is learnt from the crashes of this very bug: what crashes in the
 * first run need not be waited for half a minute. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_REPRO_H
#define SPEAR_KERNEL_REPRO_H

#include "spear/engine/crashes.h"
#include "spear/kernel/repro_settings.h"
#include "spear/syz/prog.h"
#include "spear/vm/vm.h"

/* Everything is borrowed. */
struct repro_options {
    const struct syz_target *target;
    struct vm_pool *pool;
    uint32_t machine_index; /* free for the machines of this reproduction */
    struct str title;       /* the crash to reproduce; empty: the first that comes */
    struct str log;         /* programs and console; see crash_log.h */
    struct repro_settings settings; /* with which the programs of the log ran */
    const char *compiler;   /* NULL: cc; when it is missing there is no C source */
    bool no_c;              /* do not try for C source */
    const bool *stop;       /* set by another thread: end soon, with what there is */
    void (*log_line)(void *ctx, const char *line); /* what is tried and how it went */
    void (*ran)(void *ctx, uint32_t programs);     /* for statistics */
    void *ctx;
};

struct repro_result {
    bool has_prog, has_c;
    struct str title;         /* of the crash */
    struct crash_repro files; /* for crash_save_repro() */
    struct repro_settings settings;
    uint32_t calls;         /* of the program */
    uint32_t programs_run, machines_started;
    uint32_t reliable, runs; /* so many of so many final runs crashed with the title */
    double seconds;
    struct str attempt_log; /* all lines, for crash_save_attempt() when nothing was found */
    struct str why_no_c;    /* empty when has_c */
};

/* Blocks for seconds to minutes. ST_OK also when nothing was found: see has_prog. Everything in
 * *out is owned by the arena; runs arena_guard() itself. */
MUST_USE enum status repro_run(const struct repro_options *options, struct repro_result *out,
                               struct arena *a, struct diag *dg);

/* Seconds that one attempt may take: a program, all programs of a log, a hang. */
enum { REPRO_TIMEOUTS = 3 };
void repro_timeouts(uint32_t seconds[REPRO_TIMEOUTS]);

#endif /* SPEAR_KERNEL_REPRO_H */
