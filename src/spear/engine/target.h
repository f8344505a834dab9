/* target: what the engine needs to know of what it attacks: about ten functions. A target may be
 * system calls in a virtual machine or a module in a child process; the engine never looks inside
 * an input. An input is its text (bytes), which is also its identity: what is kept, logged, hashed,
 * sent elsewhere. A target may remember a parsed form beside it while a worker works on it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_TARGET_H
#define SPEAR_ENGINE_TARGET_H

#include "base/buf.h"
#include "base/rng.h"

enum { TARGET_PARTS_MAX = 41 }; /* 40 calls, and one for what happens elsewhere on their behalf */

struct input {
    struct str text;
    void *body;     /* the target's parsed form, in the same arena; NULL: not parsed yet */
    uint32_t parts; /* calls, or 1; 0: not parsed yet */
};

/* What a worker has at hand while it makes inputs. */
struct maker {
    struct arena *arena; /* emptied after every unit of work */
    struct rng *rng;
    /* A text of the corpus, chosen by worth; false when there is none yet. */
    bool (*choose)(void *ctx, struct rng *rng, struct str *text);
    void *choose_ctx;
};

struct comparison {
    uint64_t pc, left, right;
    uint8_t bytes; /* 1 2 4 8 */
    bool is_const; /* left is a constant of the code under test */
};

struct part_outcome {
    uint32_t flags; /* PART_x */
    int32_t error;  /* 0: it succeeded */
    const uint32_t *signal, *cover;
    const struct comparison *comparisons;
    uint32_t signal_count, cover_count, comparison_count;
};
enum { PART_EXECUTED = 1, PART_FINISHED = 2, PART_BLOCKED = 4, PART_FAULT = 8 };

enum run_end {
    RUN_DONE,
    RUN_HUNG,   /* took too long and was stopped; what came back is reported */
    RUN_BROKEN, /* could not be run; not the input's fault */
    RUN_DEAD,   /* whatever it ran in is gone: the worker must return */
};
struct outcome {
    enum run_end end;
    uint64_t elapsed_ns;  /* inside the machine */
    uint64_t inside_ns;   /* of it, in the code under test */
    uint64_t host_ns;     /* from request to answer, outside */
    uint32_t part_count;  /* of the input; parts[part_count] is the extra one */
    struct part_outcome parts[TARGET_PARTS_MAX];
};

enum { RUN_SIGNAL = 1, RUN_COVER = 2, RUN_COMPARISONS = 4, RUN_FRESH = 8 };
struct run_request {
    uint32_t flags;        /* RUN_x */
    uint64_t full_signal;  /* parts whose signal is wanted although it is known; bit 40: extra */
    const char *what;      /* "fuzz", "triage", ...: for journals and statistics */
};

enum minimise_mode {
    MINIMISE_CORPUS,
    MINIMISE_CALLS, /* as CORPUS, with few questions: parts go, what is in them stays */
    MINIMISE_CRASH,
};
/* part: where the part of interest is now; UINT32_MAX: none in particular. */
typedef bool keep_fn(void *ctx, const struct input *candidate, uint32_t part);

/* Functions that make inputs run inside arena_guard() of maker->arena; they return NULL when there
 * is nothing to make. self may be used by any number of threads at once. */
struct target {
    const char *name;
    void *self;
    struct input *(*generate)(void *self, struct maker *m);
    struct input *(*mutate)(void *self, struct maker *m, struct str base);
    /* The same input with parts running beside each other; NULL when that is no other input. */
    struct input *(*collide)(void *self, struct maker *m, const struct input *base);
    /* The same input in which the nth allocation of a part fails. */
    struct input *(*with_fault)(void *self, struct maker *m, const struct input *base,
                                uint32_t part, uint32_t nth);
    /* Stops when each returns false; a mutant is gone when each returns. */
    void (*hints)(void *self, struct maker *m, const struct input *base, uint32_t part,
                  const struct comparison *comparisons, uint32_t count,
                  bool (*each)(void *ctx, struct input *mutant), void *ctx);
    struct input *(*minimise)(void *self, struct maker *m, const struct input *base, uint32_t *part,
                              enum minimise_mode mode, keep_fn *keep, void *ctx,
                              const bool *give_up);
    /* Text from outside: repaired where descriptions have moved on. NULL, with the reason in dg,
     * when nothing usable is left; *is_off when only calls that are switched off are in it. */
    struct input *(*parse)(void *self, struct maker *m, struct str text, bool *is_off,
                           struct diag *dg);
    /* Worth of a part's signal, 0..3: 2 for success, 1 for being structured. */
    uint8_t (*worth)(void *self, const struct input *in, uint32_t part, int32_t error);
    /* Learn from what was kept which inputs go together. Now and then, by one thread. */
    void (*learn)(void *self, const struct str *corpus, size_t count);
    /* What the corpus page calls an input: the name of the part. Static or of self's lifetime. */
    const char *(*part_name)(void *self, const struct input *in, uint32_t part);
    /* Runs it in the slot of a machine (the target's own kind of object, handed through by the
     * worker). Everything in *out lives in maker->arena. */
    void (*run)(void *self, void *slot, struct maker *m, const struct input *in,
                const struct run_request *request, struct outcome *out);
    /* Edges that are known from now on: machines need not report them again. */
    void (*know)(void *self, const uint32_t *edges, size_t count);
};

#endif /* SPEAR_ENGINE_TARGET_H */
