/* status: everything there is to see of a running manager, at one moment, copied: who shows it
 * (the dashboard, --json) never reaches into live state. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_STATUS_H
#define SPEAR_MANAGER_STATUS_H

#include "spear/engine/crashes.h"
#include "spear/engine/machine.h"
#include "spear/engine/stats.h"
#include "spear/manager/repro_queue.h"

enum machine_state {
    MACHINE_OFFLINE,
    MACHINE_BOOTING,
    MACHINE_CHECKING, /* what it can do is being tried, or waited for */
    MACHINE_RUNNING,
    MACHINE_LEAKS,  /* searched for leaks */
    MACHINE_LENT,   /* its place is used for a reproduction */
    MACHINE_WAITING /* to be booted again after a failure */
};
const char *machine_state_text(enum machine_state state);

struct status_machine {
    uint32_t index;
    enum machine_state state;
    uint64_t state_s;     /* seconds in this state */
    uint64_t uptime_s;    /* of the machine itself; 0 when there is none */
    double start_seconds; /* that its last start took; 0: none yet */
    uint64_t starts, crashes;
    struct str last_error; /* why it did not start last time; empty: it did */
};
struct status_line {
    uint64_t number; /* counts from 0 without gaps */
    struct str text; /* with the time in front */
};
struct status_key {
    const char *path, *help;
    struct str value;
};

struct status_snapshot {
    uint64_t start_s; /* of the epoch: when manager_run() began */
    uint64_t uptime_s;
    const char *phase; /* "loading", "booting", "checking", "triage", "fuzzing", "stopping" */
    struct str name, target;
    uint64_t seed;
    uint32_t level;
    uint64_t stats[STAT_COUNT];
    const struct crash_row *crashes;
    size_t crash_count;
    const struct status_machine *machines;
    uint32_t machine_count;
    const struct repro_row *repros;
    uint32_t repro_count;
    const struct machine_check *check; /* NULL: not yet; of the manager's lifetime */
    const struct status_line *lines;   /* the last 1,000, oldest first */
    uint32_t line_count;
    const struct status_key *config;
    uint32_t config_count;
};

struct manager;
/* Inside arena_guard() of a. Any thread. The corpus and covered addresses are asked of the engine:
 * engine_corpus(), engine_cover(). */
void manager_snapshot(struct manager *m, struct arena *a, struct status_snapshot *out);

#endif /* SPEAR_MANAGER_STATUS_H */
