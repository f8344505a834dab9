/* program: what the files of the program process share. A program is run by the thread that holds
 * the baton: it decodes, calls, and writes down what came of it, call after call, without handing
 * over to anybody. Another thread watches; when a call takes too long it takes the baton and goes
 * on behind that call, and the thread that is stuck reports late (baton.c).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_PROGRAM_H
#define SPEAR_EXECUTOR_PROGRAM_H

#include "spear/executor/executor.h"
#include "spear/executor/stream.h"

/* One call, decoded: its memory has been written, its arguments are numbers. */
struct ex_call {
    uint32_t index; /* in the program */
    uint32_t number;
    uint32_t variant; /* number of its description, 0 when the host did not say */
    uint32_t arg_count;
    uint64_t args[EXEC_ARGS_MAX];
    int64_t result_index;             /* EXEC_NO_INDEX: nobody wants it */
    size_t copyouts_at, copyouts_end; /* of the stream: what to read when it has come back */
    uint32_t fail_nth, rerun;
    bool is_async;
    uint32_t extra_ms;
    uint32_t makers; /* hash of the calls whose results it uses, for fallback signal */
};

enum { EX_DEDUP_LOG2 = 13, EX_DEDUP_PROBES = 4 };

/* KCOV of one thread. */
struct ex_cover {
    uint64_t *area; /* [0] is a count of records; NULL: not mapped */
    uint64_t count; /* of records that the last call made */
    uint32_t mode;  /* EX_KCOV_x */
    uint32_t stamp; /* of the call that dedup entries belong to */
    struct {
        uint32_t value, stamp;
    } dedup[1 << EX_DEDUP_LOG2];
};

struct ex_program;
struct ex_thread {
    struct ex_program *program;
    uint32_t index;
    _Atomic uint32_t state; /* enum in baton.c; a futex word */
    bool is_created;
    _Atomic bool is_begun; /* the call is about to be made; what an async one is waited for */
    uint64_t named_for;    /* id + 1 of the request that the thread is named after */
    struct ex_call call;
    struct ex_cover cover;
};

struct ex_program {
    struct executor *ex;
    struct ex_slot slot;
    struct ex_control *control;
    struct ex_reply *reply;
    uint64_t id, full_signal;
    uint32_t flags; /* WIRE_RUN_x */
    uint64_t call_timeout_ns;

    struct ex_stream stream; /* of whoever holds the baton */
    uint32_t call_total;     /* that the stream announces */
    uint32_t call_count;     /* decoded so far */
    uint32_t traces;         /* enum ex_trace: what its calls have left on the process */
    uint32_t programs;       /* that this process has run */
    bool wants_remote;       /* give kernel threads time before their coverage is read */
    bool has_more_runs;      /* of the request that was just run */
    uint64_t *remote;        /* coverage of kernel threads; NULL: none */
    int64_t empty_bytes;     /* size of the empty directory; -1: says nothing on this file system */

    _Atomic uint64_t baton;          /* epoch << 16 | thread << 1 | in a call */
    _Atomic uint64_t deadline_ns;    /* of that call */
    _Atomic uint32_t running;        /* calls left behind or async, not back yet; a futex word */
    _Atomic uint32_t is_running;     /* a program is being run */
    _Atomic uint32_t watcher_sleeps; /* a futex word */
    _Atomic int32_t watcher;         /* index of the thread that watches; -1: none */

    _Atomic uint64_t results[EXEC_RESULTS_MAX];
    _Atomic uint32_t result_set[EXEC_RESULTS_MAX]; /* 1 + number of the call that made it */

    struct ex_thread threads[EX_THREADS_MAX];
};

/* decode.c: runs the instructions up to and including the next call, whose arguments it gathers.
 * False at the end, and when the stream is broken: stream.why is set. */
bool ex_decode_call(struct ex_program *p, struct ex_call *call);
/* After a call that has succeeded: reads results out of memory. */
void ex_decode_copyouts(struct ex_program *p, const struct ex_call *call);

/* call.c: makes the call with tracing on, then writes its record. May run in any thread. */
void ex_call_make(struct ex_thread *t);

/* baton.c: runs what the stream holds and waits for calls that were left behind. */
_Noreturn void ex_baton_run(struct ex_program *p);
/* program.c, called by whoever holds the baton: takes a request; gives the answer. */
void ex_program_begin(struct ex_program *p);
void ex_program_conclude(struct ex_thread *t, bool has_stragglers);

/* cover.c, all on the thread that is traced. */
void ex_cover_before(struct ex_thread *t);
void ex_cover_restart(struct ex_thread *t); /* forgets what was counted since */
void ex_cover_after(struct ex_thread *t);   /* right behind the call: stops counting */
void ex_cover_report(struct ex_thread *t, struct wire_call_reply *record, int error);

/* When the program is over, on whatever thread: what the kernel did elsewhere on its behalf goes
 * to the extra record. */
void ex_cover_report_extra(struct ex_thread *t);

/* sticky.c: what a call does to the process it is made in. */
enum ex_trace {
    EX_LEAVES_NOTHING = 0,
    EX_LEAVES_MARKS = 1, /* on the process, for good */
    EX_LEAVES_MAPS = 2,  /* the data region may be mapped otherwise */
    EX_LEAVES_PLACE = 4, /* the current directory may be another one */
    EX_LEAVES_FDS = 8,   /* descriptors with any number, or many */
    EX_LEAVES_DATA = 16, /* in the data region; every address given to a call does */
};
uint32_t ex_sticky(uint32_t number);

#endif /* SPEAR_EXECUTOR_PROGRAM_H */
