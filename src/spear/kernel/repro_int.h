/* repro_int: what the files of reproduction share: one job, one attempt, its verdict.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_REPRO_INT_H
#define SPEAR_KERNEL_REPRO_INT_H

#include "spear/kernel/report.h"
#include "spear/kernel/repro.h"

/* Seconds that an attempt may take before a crash of the same bug has told how long it takes. */
enum {
    REPRO_SECONDS_FIRST = 12,
    REPRO_SECONDS_HANG = 90, /* the kernel itself waits long before it calls something hung */
    REPRO_SECONDS_LOG = 40,  /* all programs of a log, one after the other */
    REPRO_RELIABLE_RUNS = 10,
    REPRO_RELIABLE_ENOUGH = 3, /* so many crashes, and no more runs are needed */
    REPRO_START_TRIES = 3,
    REPRO_LOG_LAST = 200, /* of a log with more programs, the last ones are looked at */
};

struct repro {
    const struct repro_options *options;
    struct arena *arena;       /* of the caller: what the result points to */
    struct arena scratch;      /* emptied after every attempt */
    struct buf lines;          /* the attempt log; in arena */
    struct report wanted;      /* parsed from the log given; its title is options->title */
    bool is_leak, is_hang;
    double slowest_s;          /* of all attempts that crashed as wanted; 0: none yet */
    uint32_t most_runs;
    uint32_t programs_run, machines_started;
    uint64_t next_id;
    double started_s;
    struct str report, console; /* of the last crash as wanted; in arena */
};

/* What is run in a fresh machine. */
struct repro_case {
    const struct syz_prog *const *programs;
    size_t program_count;
    const void *binary; /* instead of programs; NULL: none */
    size_t binary_bytes;
    struct repro_settings settings;
    double seconds; /* at most; 0: what has been learnt */
};

/* True when the machine crashed as wanted. */
bool repro_attempt(struct repro *r, const struct repro_case *c);
bool repro_try_program(struct repro *r, const struct syz_prog *p,
                       const struct repro_settings *settings);
/* From now on this crash is the one that is looked for. */
void repro_want(struct repro *r, const struct report *report);
bool repro_stopped(const struct repro *r);
double repro_now_s(void);
void repro_say(struct repro *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The program that causes the crash when it runs alone; NULL: none was found. */
struct syz_prog *repro_extract(struct repro *r);

/* Finds C source that crashes as wanted, starting from the settings; *settings follows. False, with
 * the reason in *why, when there is none. */
bool repro_find_c(struct repro *r, const struct syz_prog *p, struct repro_settings *settings,
                  struct str *source, struct str *why);
/* Compiles and runs it as repro_attempt() does. */
bool repro_try_source(struct repro *r, struct str source, const struct repro_settings *settings,
                      struct str *why);

#endif /* SPEAR_KERNEL_REPRO_INT_H */
