/* engine_int: what the files of the engine share. One lock guards the corpus, the signal, the
 * queues and the tables beside them; it is never held while an input runs, while a file is written,
 * or while an arena allocates. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_ENGINE_INT_H
#define SPEAR_ENGINE_ENGINE_INT_H

#include "spear/engine/corpus.h"
#include "spear/engine/engine.h"
#include "spear/engine/queue.h"

#include <pthread.h>

enum {
    WORKER_ARENA_BYTES = 256 << 20, /* of one unit of work */
    LOG_LINE_MAX = 1024,

    /* Runs to tell what is stable (facts 4.3). */
    TRIAGE_NEED = 3,
    TRIAGE_RUNS_MAX = 5,
    TRIAGE_NONE = 2,         /* in none of so many runs: flaky */
    TRIAGE_SURE = 2,         /* all of it in each of so many runs: stable */
    TRIAGE_NEED_OUTSIDE = 2, /* what was worth keeping once: rather keep it again */
    TRIAGE_RUNS_MAX_OUTSIDE = 6,
    TRIAGE_NONE_OUTSIDE = 3,
    CANDIDATE_RUNS_MAX = 2, /* of an input of the corpus that shows nothing new */
    DEATHS_MAX =
        2, /* machines an input may lose, itself or by its neighbours, before it is dropped */

    MINIMISE_ATTEMPTS = 3,   /* runs until a part is missed, when the signal is not reliable */
    MINIMISE_RUNS_MAX = 150, /* of one input */
    SLOW_RUN_NS = 5 * 1000 * 1000, /* a run that takes longer on average */

    SMASH_MUTATIONS = 25,
    SMASH_UNIT = 5,
    HINTS_TRACES = 3,
    HINTS_FEW = 3, /* mutants that cost less to run than tracing again does */
    HINTS_UNIT = 20,
    HINTS_MAX = 1000, /* mutants of one input, of constants and again of the rest */
    FAULTS_MAX = 100,
    FAULTS_UNIT = 10,
    TRIAGE_OF = 4, /* one of so many turns goes to hints although triage waits */
    DEEP_OF = 3,   /* every so many polls are for fuzzing although deeper work waits */

    LEARN_EVERY = 333, /* new inputs */
    LEARN_EVERY_EARLY = 33,
    LEARN_EARLY = 100, /* inputs in the corpus */

    PC_HINTS_MAX = 10, /* times a place's comparisons are used (facts 4.6) */
};

enum queue_id {
    QUEUE_MINIMISE,
    QUEUE_TRIAGE_OUTSIDE,
    QUEUE_CANDIDATES,
    QUEUE_TRIAGE,
    QUEUE_HINTS,      /* from here on: deep work, which leaves turns to fuzzing */
    QUEUE_HINTS_REST, /* values that are no constants of the code: more of them, worth less */
    QUEUE_SMASH,
    QUEUE_FAULTS,
    QUEUE_COUNT
};

/* How often comparisons of a place have been used: open addressing by the address. */
struct pc_counts {
    struct pc_count {
        uint64_t pc; /* 0: empty */
        uint32_t used;
    } * places;
    uint32_t count, log2;
};

struct corpus_db;

struct engine {
    struct engine_options options;
    struct stats stats;

    pthread_mutex_t lock;
    struct corpus corpus;
    struct signal_set seen; /* every edge that was ever reported: "max signal" */
    struct signal_set lost; /* edges whose triage was lost with machines, and are not lost again */
    struct job_queue queues[QUEUE_COUNT];
    struct pc_counts pcs;
    uint32_t outside_running;  /* candidates and their triage in the hands of workers */
    uint32_t kept_since_learn; /* inputs */
    uint64_t workers_born;     /* each draws other numbers, also one in the place of a dead one */
    bool is_learning;
    bool idle_logged;

    /* An input goes to disk and into the corpus in one step: a sweep of the file must not come in
     * between. Taken before `lock`. */
    pthread_mutex_t keep_lock;
    struct corpus_db *db; /* NULL: nothing is kept; has its own lock */
    bool has_unsaved;     /* inputs of the corpus that could not be written; under keep_lock */
};

struct worker {
    struct engine *engine;
    void *slot;
    uint32_t id;
    struct rng rng;
    struct arena arena;
    struct maker maker;
    struct corpus_reader reader;
    struct job *job; /* what is being worked on: survives the unwinding of the arena */
    uint64_t turns, polls, deep_turns;
    uint64_t run_ns; /* of this unit, inside target->run */
    bool is_dead;    /* the machine */
    bool has_failed; /* the last run could not be done: the machine died, or was broken */
};

void engine_lock(struct engine *e);
void engine_unlock(struct engine *e);
void engine_log(struct engine *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Sets the levels in the statistics; with the lock. */
void engine_publish(struct engine *e);
/* Takes ownership of the job. */
void engine_push(struct engine *e, enum queue_id queue, struct job *job);
enum queue_id engine_home(const struct job *job); /* where such a job waits */

/* ---- saving.c -------------------------------------------------------------------------------- */
enum status saving_open(struct engine *e, struct diag *dg);
void saving_close(struct engine *e);
/* Writes the input, then adds it to the corpus. */
enum corpus_result saving_add(struct engine *e, const struct corpus_entry *entry);
/* The candidate cannot run now: it stays in the file. */
void saving_hold(struct engine *e, struct str text);

/* ---- worker.c: running ----------------------------------------------------------------------- */
/* What a run is for. */
struct run_plan {
    enum stat_id stat; /* counted beside exec_total */
    uint32_t flags;    /* RUN_x */
    uint64_t full_signal;
    bool seek; /* new signal makes a triage job */
};
/* The input with its parts known, or NULL when nothing usable is left of it. */
struct input *worker_parse(struct worker *w, struct str text, bool *is_off);
/* False when there is nothing to look at: the machine has died (w->is_dead), or could not run it.
 * *fresh (may be NULL): edges that nobody had seen before. */
bool worker_run(struct worker *w, const struct input *in, const struct run_plan *plan,
                struct outcome *out, uint32_t *fresh);
/* The signal of a part (PART_EXTRA: of what is not of any), ascending, in the arena. */
struct edge_list worker_signal(struct worker *w, const struct outcome *out, uint32_t part);
const struct part_outcome *outcome_part(const struct outcome *out, uint32_t part);
uint64_t part_bit(uint32_t part);

/* ---- news.c ---------------------------------------------------------------------------------- */
/* Notes the signal of a run as seen; with seek what is new of it makes a triage job. Returns how
 * many edges were new, or known for less only. */
uint32_t news_take(struct worker *w, const struct input *in, const struct outcome *out, bool seek);
/* Triage has come to an end: machines need not report its signal again. */
void news_settled(struct engine *e, const struct job *job);
/* Triage is given up because machines died under it. */
void news_lost(struct engine *e, const struct job *job);

/* ---- units of work: true when the job is done with, false to put it back -------------------- */
bool work_candidate(struct worker *w, struct job *job);
bool work_triage(struct worker *w, struct job *job);
bool work_minimise(struct worker *w, struct job *job);
bool work_hints(struct worker *w, struct job *job);
bool work_faults(struct worker *w, struct job *job);
bool work_smash(struct worker *w, struct job *job);

/* Keeps the input: on disk, in the corpus, and as deeper work. Takes what it needs of part. */
void worker_keep(struct worker *w, const struct input *in, const struct job_part *part,
                 uint32_t flags, uint64_t elapsed_ns);

#endif /* SPEAR_ENGINE_ENGINE_INT_H */
