/* crashes: the folder crashes/ of a work directory, a folder per title, named by its SHA-1:
 *   description, logN, reportN, machineInfoN (N from 0; when full the oldest is written over),
 *   repro.prog, repro.cprog, repro.log, repro.report, repro.stats, reproN for failed attempts,
 *   and seen: how often, and the first and last time in seconds of the epoch, "COUNT FIRST LAST".
 * Every file is written aside, synced and renamed, so a file that is there is whole.
 * All functions may be called by any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_CRASHES_H
#define SPEAR_ENGINE_CRASHES_H

#include "base/buf.h"

struct crash_store;

enum { CRASH_LOGS_MAX = 100, CRASH_REPRO_TRIES_MAX = 3 };
#define CRASH_NOT_WRITTEN UINT32_MAX

struct crash_limits {
    uint32_t logs_max;  /* per title; 0: CRASH_LOGS_MAX */
    uint64_t log_bytes; /* longer logs lose their middle; 0: 1 MiB */
    uint64_t all_bytes; /* of crashes/ altogether, beyond it only new titles are written; 0: none */
};

/* Creates the folder, and reads what earlier runs have left. */
MUST_USE enum status crash_store_open(const char *work_dir, const struct crash_limits *limits,
                                      struct crash_store **out, struct diag *dg);
void crash_store_close(struct crash_store *s);

/* *is_new: the title had not been seen. *index: N of the files written, CRASH_NOT_WRITTEN when the
 * limit of bytes kept them out. Only the first line of a title counts. */
MUST_USE enum status crash_save(struct crash_store *s, struct str title, struct str log,
                                struct str report, struct str machine_info, bool *is_new,
                                uint32_t *index, struct diag *dg);

struct crash_repro {
    struct str prog;   /* text, with a first line of options as `# {json}` */
    struct str c;      /* empty: there is no C source that reproduces it */
    struct str log, report, stats;
};
MUST_USE enum status crash_save_repro(struct crash_store *s, struct str title,
                                      const struct crash_repro *repro, struct diag *dg);
/* The log of an attempt that failed. */
MUST_USE enum status crash_save_attempt(struct crash_store *s, struct str title, struct str log,
                                        struct diag *dg);

struct crash_row {
    char hash[41]; /* hexadecimal, NUL-terminated */
    struct str title;
    uint64_t count;                   /* times seen, also by earlier runs */
    uint64_t first_time_s, last_time_s; /* of the epoch */
    uint32_t attempts;                /* to reproduce it */
    bool has_repro, has_c_repro;
};
/* How many titles there are, those of earlier runs among them. */
size_t crash_count(struct crash_store *s);
/* A snapshot, newest first, copied into the arena. */
struct crash_row *crash_list(struct crash_store *s, struct arena *a, size_t *count);
/* False when there is no such title. */
bool crash_find(struct crash_store *s, struct arena *a, struct str title, struct crash_row *out);
/* A file of a crash by its hash and name, for the dashboard: names with a slash are refused. */
MUST_USE enum status crash_file(struct crash_store *s, struct arena *a, const char *hash,
                                const char *name, struct str *out, struct diag *dg);

#endif /* SPEAR_ENGINE_CRASHES_H */
