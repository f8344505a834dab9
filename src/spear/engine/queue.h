/* queue: pieces of work that wait, as plain lists. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_QUEUE_H
#define SPEAR_ENGINE_QUEUE_H

#include "base/buf.h"
#include "spear/engine/target.h"

enum job_kind {
    JOB_CANDIDATE, /* run it, and see */
    JOB_TRIAGE,    /* which of its new signal is stable? */
    JOB_MINIMISE,  /* make it small, and keep it */
    JOB_HINTS,     /* put in what the code under test compares with */
    JOB_FAULTS,    /* let its allocations fail, one after the other */
    JOB_SMASH,     /* mutate it in depth */
};

struct edge_list {
    uint32_t *edges; /* ascending; owned (mem_free) */
    uint32_t count;
};

/* A part of an input that showed something new, or is to be worked on. */
struct job_part {
    uint32_t part; /* index, or PART_EXTRA */
    uint8_t worth;
    struct edge_list fresh;  /* TRIAGE: what was new; MINIMISE: what of it is stable */
    struct edge_list stable; /* MINIMISE: all that is stable */
    struct edge_list cover;  /* MINIMISE */
    struct edge_list last;   /* MINIMISE: signal of the last smaller input that would do */
};
enum { PART_EXTRA = TARGET_PARTS_MAX - 1 };

struct job {
    struct job *next;
    enum job_kind kind;
    uint32_t flags;    /* CANDIDATE_x of where it came from, JOB_x */
    uint32_t attempts; /* runs that went before, however they ended */
    uint32_t deaths;   /* runs of it that could not be done: machines died, or were broken */
    uint32_t done;     /* FAULTS, SMASH: how far it has come; HINTS: within its kind */
    uint64_t elapsed_ns;
    struct job_part *parts; /* owned */
    uint32_t part_count;
    struct comparison *comparisons; /* HINTS: owned; those with constants come first */
    uint32_t comparison_count;
    uint32_t const_count;
    struct str text; /* owned, in the same block */
};
enum {
    JOB_FROM_OUTSIDE = 1 << 8, /* a candidate, or the triage of one */
    JOB_RELIABLE = 1 << 9,     /* MINIMISE: the signal was there every time */
    JOB_TRACED = 1 << 10,      /* HINTS: comparisons have been collected */
    JOB_REST = 1 << 11,        /* HINTS: those with constants are done with */
};

struct job_queue {
    struct job *first, *last;
    size_t count;
};

/* NULL: no memory. */
MUST_USE struct job *job_new(enum job_kind kind, struct str text, uint32_t part_count);
void job_free(struct job *job); /* NULL is fine */
/* A copy for the caller to own. False: no memory. */
MUST_USE bool edge_list_copy(struct edge_list *out, const uint32_t *edges, uint32_t count);

void queue_push(struct job_queue *q, struct job *job);
struct job *queue_pop(struct job_queue *q); /* NULL: empty */
void queue_free(struct job_queue *q);

#endif /* SPEAR_ENGINE_QUEUE_H */
