/* manager_int: what the files of the manager share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_MANAGER_INT_H
#define SPEAR_MANAGER_MANAGER_INT_H

#include "spear/manager/filters.h"
#include "spear/manager/log.h"
#include "spear/manager/manager.h"
#include "spear/manager/status.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    MANAGER_SLOTS_MAX = 32,
    STATUS_SECONDS = 10,   /* between two status lines */
    MINIMISE_SECONDS = 60, /* between two looks at the corpus */
    LEAK_LIFE_MS = 8000,   /* a machine must have run so long before it is searched for leaks */
    NAG_SECONDS = 60,      /* between two lines about the same trouble */
};
/* Room for a report with its log and console. */
#define MANAGER_ARENA_BYTES ((size_t)512 << 20)

/* A place for a machine, and the thread that keeps one running there. */
struct place {
    struct manager *m;
    uint32_t index;
    pthread_t thread;
    bool has_thread;
    /* Under manager.lock, with manager.changed. */
    enum machine_state state;
    uint64_t state_ms, starts, crashes;
    double start_seconds;
    uint64_t next_leaks_ms; /* of the place's thread: machines that die early are searched too */
    char last_error[DIAG_TEXT_MAX];
    bool is_wanted; /* by a reproduction: give the machine up, lend the place */
    bool is_paused; /* workers wait before their next step */
    uint32_t workers, workers_waiting;
    void *machine; /* NULL: none; written by the place's thread only */
};

struct manager {
    struct manager_options options;
    const struct config *config;
    struct manager_parts parts;
    struct log *log;
    struct filters filters;
    struct engine *engine;
    struct crash_store *crashes;
    struct repro_queue *repros;
    int lock_fd; /* of the work directory; -1: none */
    uint64_t seed, start_ms, start_s;
    _Atomic bool is_stopping; /* set by signal handlers too */
    bool repro_stop;          /* what reproductions look at */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct place *places;
    uint32_t place_count;
    const struct machine_check *check; /* NULL: not yet */
    bool is_checking;
    uint32_t failures_in_row; /* machines that did not start, or died in the check */
    bool has_failed;          /* too many */
    struct diag failure;
    const char *phase;
    uint32_t repro_threads; /* under way */
    size_t corpus_loaded;
    struct bench_moment bench_from, bench_to;
    _Atomic uint64_t step_ns; /* of all workers, inside worker_step() */
    struct log_nag disk_nag, memory_nag;
};

uint64_t manager_now_ns(void);
static inline uint64_t manager_now_ms(void)
{
    return manager_now_ns() / 1000000;
}
/* Waits for a change or the time to pass; the lock is held before and after. */
void manager_wait(struct manager *m, uint32_t ms);
void manager_set_phase(struct manager *m, const char *phase);
static inline bool manager_must_stop(const struct manager *m)
{
    return atomic_load_explicit(&m->is_stopping, memory_order_relaxed);
}

/* ---- fleet.c: a thread per place ---- */
MUST_USE enum status fleet_start(struct manager *m, struct diag *dg);
void fleet_join(struct manager *m); /* manager.is_stopping is set */

/* ---- workers.c: threads that run programs in one machine ---- */
struct crew; /* opaque */
MUST_USE enum status crew_start(struct place *p, struct crew **out, struct diag *dg);
/* Closes the machine and waits until all have left it. */
void crew_end(struct crew *crew);
/* True when every worker waits; false when the machine died or the manager stops meanwhile. */
bool crew_pause(struct place *p);
void crew_resume(struct place *p);

/* ---- judge.c: what to do with a crash ---- */
void judge_machine(struct place *p);
/* leaks is true: the report comes out of a search for leaks in a machine that lives on. */
void judge_leaks(struct place *p);

/* ---- reproduce.c ---- */
void reproduce_offer(struct manager *m, struct str title, struct str log, const char *corrupted,
                     const char *suppressed);
void reproduce_earlier(struct manager *m); /* crashes of earlier runs that have no reproducer */
/* Starts reproductions when there is something to do and a machine to do it with. */
void reproduce_dispatch(struct manager *m);

/* ---- check_table.c ---- */
void check_table_log(struct manager *m, const struct machine_check *check);

/* ---- seeds.c ---- */
MUST_USE enum status seeds_load(struct manager *m, struct diag *dg);

#endif /* SPEAR_MANAGER_MANAGER_INT_H */
