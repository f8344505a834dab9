/* manager: keeps machines running, lets the engine work in them, keeps what crashes, has crashes
 * reproduced beside that. Knows targets only through engine/target.h and engine/machine.h; the one
 * place that makes them from a configuration is linux.c.
 *
 *   open: corpus loaded -> run: machines booted -> checked -> corpus triaged -> fuzzing, leaks,
 *   reproduction -> stopped by limit, signal or machines that do not start -> close
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_MANAGER_H
#define SPEAR_MANAGER_MANAGER_H

#include "spear/engine/crashes.h"
#include "spear/engine/engine.h"
#include "spear/engine/machine.h"
#include "spear/manager/bench.h"
#include "spear/manager/config.h"

struct manager;

/* One crash to reproduce; all borrowed. */
struct repro_task {
    struct str title, log;
    uint32_t machine_index; /* of the machine that is free for it */
    const bool *stop;
    void (*log_line)(void *ctx, const char *line);
    void (*ran)(void *ctx, uint32_t programs);
    void *ctx;
};
struct repro_outcome {
    bool has_prog, has_c;
    struct crash_repro files;
    uint32_t calls, programs_run, reliable, runs;
    double seconds;
    struct str attempt_log, why_no_c;
};

/* What is attacked and where. linux.c makes it of a configuration; tests of things of their own. */
struct manager_parts {
    const struct target *target;
    const struct machine_kind *machines;
    /* Everything in *out lives in the arena. NULL: crashes are not reproduced. */
    enum status (*reproduce)(void *self, const struct repro_task *task, struct repro_outcome *out,
                             struct arena *a, struct diag *dg);
    uint32_t repro_timeouts_s[3]; /* of one attempt, from the shortest, for the log */
    /* A crash with this reproducer happens so often that it hides others: make inputs that avoid
     * it. Returns what they do without, or NULL when there is nothing new to avoid. May be NULL. */
    const char *(*avoid)(void *self, struct str reproducer);
    /* Inputs out of a seed that is a log of some kind; false in *is_log when it is none. May be
     * NULL. */
    enum status (*import)(void *self, struct str text, bool *is_log,
                          void (*each)(void *ctx, struct str input), void *ctx, struct diag *dg);
    const char *vmlinux, *source_dir; /* of the kernel, for the dashboard; NULL: not known */
    void *self;
    void (*close)(void *self); /* of all of it; NULL: nothing to do */
};

struct manager_options {
    const struct config *config; /* borrowed; complete */
    uint64_t exec_limit;         /* programs, then stop; 0: none */
    uint64_t time_limit_s;       /* from manager_run() on; 0: none */
    bool limits_after_triage;    /* both limits count from when the corpus has been seen to */
    bool owns_machine;           /* type local may be used */
    uint32_t restart_ms; /* wait before a machine that did not boot is tried again, doubling;
                            0: a second */
    /* A line with the time in front, without a newline. Any thread, one at a time. */
    void (*log)(void *ctx, const char *line);
    void *ctx;
};

/* Loads the corpus; boots nothing. Refusals say what to change in the configuration. */
MUST_USE enum status manager_open(const struct manager_options *options, struct manager **out,
                                  struct diag *dg);
/* The same with other parts, which belong to the manager from here on, even if it fails. */
MUST_USE enum status manager_open_parts(const struct manager_options *options,
                                        const struct manager_parts *parts, struct manager **out,
                                        struct diag *dg);
/* Blocks until stopped, a limit is reached (both ST_OK), or machines do not start: then the status
 * and message of the last one. */
MUST_USE enum status manager_run(struct manager *m, struct diag *dg);
/* May be called by a signal handler. */
void manager_stop(struct manager *m);
void manager_close(struct manager *m);

/* From the start of the limits to their end, of a manager that has run. */
struct bench_numbers manager_bench(const struct manager *m);
/* Where the kernel's symbols and sources are; NULL where that is not known. */
void manager_kernel(const struct manager *m, const char **vmlinux, const char **source_dir);
struct engine *manager_engine(const struct manager *m);
struct crash_store *manager_crashes(const struct manager *m);
/* A line for the log, "serving http on ...". */
void manager_log(struct manager *m, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* What a configuration asks for: descriptions compiled, pool of machines opened. In linux.c. */
MUST_USE enum status manager_linux(const struct manager_options *options,
                                   bool (*is_ignored)(void *ctx, struct str line),
                                   void (*log)(void *ctx, const char *line), void *ctx,
                                   struct manager_parts *out, struct diag *dg);

#endif /* SPEAR_MANAGER_MANAGER_H */
