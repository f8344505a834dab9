/* engine: the loop that knows no target. It holds the corpus, the signal seen so far, and the
 * queues of work; workers (one thread per slot of a machine) ask it for work and do it themselves,
 * from triage to minimising, in a straight line. All functions may be called by any thread.
 *
 *   candidate -> run -> new signal? -> triage (run again, keep what is stable) -> minimise
 *             -> corpus -> smash, hints, faults
 *   no work: mutate a corpus input, or generate one
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_ENGINE_H
#define SPEAR_ENGINE_ENGINE_H

#include "spear/engine/stats.h"
#include "spear/engine/target.h"

struct engine;

enum engine_level { /* how inputs are made (mission S6) */
    LEVEL_RANDOM = 1,   /* numbers only */
    LEVEL_CAPTURED = 2, /* mutations of seeds, whatever they cover */
    LEVEL_DESCRIBED = 3, /* generation and mutation by descriptions, coverage not looked at */
    LEVEL_GUIDED = 4,
};

struct engine_options {
    const struct target *target; /* borrowed */
    const char *work_dir;        /* corpus.db lives there; NULL: nothing is kept */
    uint64_t seed;
    enum engine_level level;
    bool has_signal_feedback;    /* false: only errno-like fallback signal, generate more */
    bool collide, hints, faults; /* what the machines can do; may be set later */
    uint32_t corpus_max;         /* inputs, 0: 1,000,000 */
    void (*log)(void *ctx, const char *line);
    void *ctx;
};

MUST_USE enum status engine_open(const struct engine_options *options, struct engine **out,
                                 struct diag *dg);
/* Everything reported as saved is on disk. No worker may be inside. */
void engine_close(struct engine *e);
/* What the machine check has found, before the first worker. */
void engine_set_features(struct engine *e, bool has_signal_feedback, bool hints, bool faults);

enum { CANDIDATE_MINIMISED = 1, CANDIDATE_SMASHED = 2, CANDIDATE_SEED = 4 };
/* Copies the text. */
void engine_add_candidate(struct engine *e, struct str text, uint32_t flags);
/* Reads work_dir/corpus.db into candidates; *count of them. A damaged file is kept aside under
 * another name, what can be read is used, and a line says so. */
MUST_USE enum status engine_load_corpus(struct engine *e, size_t *count, struct diag *dg);

/* ---- workers --------------------------------------------------------------------------------- */
struct worker;
/* slot is handed to target->run. */
struct worker *worker_new(struct engine *e, void *slot, uint32_t id);
void worker_free(struct worker *w);
/* One unit of work: false when the machine has died (target->run said RUN_DEAD); what was being
 * done has gone back to the queues where that makes sense. */
bool worker_step(struct worker *w);

/* ---- looking in ------------------------------------------------------------------------------ */
/* Candidates left, triage jobs queued, inputs in the corpus...: see stats.h for the counters. */
size_t engine_candidates(const struct engine *e);
bool engine_is_triaged(const struct engine *e); /* the candidates of the start have been seen to */
size_t engine_corpus_count(const struct engine *e);
size_t engine_cover_count(const struct engine *e); /* different edges, or PCs where known */

struct corpus_row {
    struct str text;
    const char *part;   /* name of the part that brought it in */
    uint32_t signal, cover;
    uint8_t hash[20];   /* SHA-1 of the text */
};
/* A snapshot, copied into the arena. part: NULL for all. */
struct corpus_row *engine_corpus(struct engine *e, struct arena *a, const char *part,
                                 size_t *count);
/* All low halves of addresses ever covered by the corpus, ascending. */
uint32_t *engine_cover(struct engine *e, struct arena *a, size_t *count);
/* Keeps the smallest set of inputs with all the signal; called by the manager now and then. */
void engine_minimise_corpus(struct engine *e);

#endif /* SPEAR_ENGINE_ENGINE_H */
