/* loop: one thread that waits for descriptors, timers and calls from other threads. All callbacks
 * run in that thread, one after the other; only loop_post() and loop_call() may be used from
 * others. Times are nanoseconds of the monotonic clock. SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/base.h"
#include "base/diag.h"

struct loop; /* opaque */

uint64_t loop_now_ns(void);

MUST_USE enum status loop_open(struct loop **out, struct diag *dg);
void loop_close(struct loop *loop); /* not while it runs; watches and timers are forgotten */
/* Serves until loop_stop(); returns at once when that came first. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* any thread */

/* ---- descriptors: owned by the caller, and so is the struct ---- */

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_END = 4 }; /* END: hung up or broken; always told */

struct loop_watch {
    int fd;
    void (*ready)(struct loop_watch *watch, unsigned what); /* LOOP_x, until it is consumed */
    void *ctx;
};
MUST_USE enum status loop_watch(struct loop *loop, struct loop_watch *watch, unsigned what,
                                struct diag *dg);
/* Before the descriptor is closed. No callback of it comes after this, not even a pending one. */
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* ---- timers: fire once ---- */

struct loop_timer {
    uint64_t due_ns;
    void (*fire)(struct loop_timer *timer);
    void *ctx;
    struct loop_timer *next; /* the loop's */
    bool is_set;
};
/* Sets it anew when it is set already. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ns);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* ---- from other threads ---- */

struct loop_job {
    void (*run)(struct loop_job *job);
    void *ctx;
    struct loop_job *next; /* the loop's */
};
/* Runs the job in the loop's thread, soon; the job belongs to the loop until then. */
void loop_post(struct loop *loop, struct loop_job *job);
/* Runs fn(ctx) in the loop's thread and waits for it. Not from within the loop. */
void loop_call(struct loop *loop, void (*fn)(void *ctx), void *ctx);

#endif /* IO_LOOP_H */
