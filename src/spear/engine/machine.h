/* machine: what the manager needs to know of the places where inputs run: a virtual machine, or
 * a child process. Beside target.h, which says what is run there. A machine may die at any time;
 * whoever owns it asks why, stops it, starts another.
 *
 *   start -> check (the first one) -> workers run in its slots -> dead or closed -> report -> stop
 *
 * Threads: start, report, leaks and stop by the thread that owns the machine; close, is_alive and
 * uptime_ms by any. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_MACHINE_H
#define SPEAR_ENGINE_MACHINE_H

#include "base/buf.h"

/* Why a machine has died, for people. */
struct machine_report {
    struct str title;       /* empty: it has not crashed (it was stopped) */
    struct str text;        /* the report */
    struct str log;         /* the last inputs, and what the machine wrote */
    struct str info;        /* of the machine: versions, options */
    const char *corrupted;  /* static: why the text cannot be trusted; NULL when it can */
    const char *suppressed; /* static: why it is no bug of the target's; NULL when it may be */
};

struct check_row {
    struct str name, verdict; /* "code coverage", "enabled" */
};
/* What the first machine has shown. All owned by the machines' kind, valid as long as it is. */
struct machine_check {
    const struct check_row *rows;
    uint32_t row_count;
    uint32_t parts_enabled, parts_total; /* calls */
    const struct check_row *disabled;    /* parts that are off, each with the reason */
    uint32_t disabled_count;
    bool has_signal, has_comparisons, has_faults, has_leaks;
    bool is_cached; /* it was found out by an earlier run */
};

struct machine_kind {
    void *self;
    uint32_t slots; /* workers of one machine */
    /* Returns when inputs can be run. The message of a refusal says what to do about it. */
    enum status (*start)(void *self, uint32_t index, void **machine, struct diag *dg);
    /* Starts under way are refused soon, and all later ones. NULL: they take no time. */
    void (*interrupt)(void *self);
    /* Tries what can be run, switches off what cannot. Once, before any worker. */
    enum status (*check)(void *self, void *machine, const struct machine_check **out,
                         struct diag *dg);
    /* What target->run is handed; of the machine's lifetime. */
    void *(*slot)(void *machine, uint32_t slot);
    /* From now on every run ends with RUN_DEAD; those under way soon do. */
    void (*close)(void *machine);
    bool (*is_alive)(const void *machine);
    uint64_t (*uptime_ms)(const void *machine);
    /* Of a machine that has died. Inside arena_guard() of a. */
    void (*report)(void *machine, struct arena *a, struct machine_report *out);
    /* Searches a machine in which nothing runs for leaked memory; an empty title: none. NULL when
     * the kind cannot. Inside arena_guard() of a. */
    void (*leaks)(void *machine, struct arena *a, struct machine_report *out);
    void (*stop)(void *machine); /* no worker is inside */
    /* Seconds that the last start took. */
    double (*start_seconds)(void *self);
    /* "kvm", "tcg (no /dev/kvm)": for the log; NULL: nothing to say. */
    const char *(*how)(void *self);
};

#endif /* SPEAR_ENGINE_MACHINE_H */
