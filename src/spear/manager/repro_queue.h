/* repro_queue: which crashes are to be reproduced, which are being, and why the others are not.
 * Every crash that is seen is offered; nothing is left out silently. All functions may be called by
 * any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_REPRO_QUEUE_H
#define SPEAR_MANAGER_REPRO_QUEUE_H

#include "base/buf.h"

enum { REPRO_QUEUE_MAX = 1000, REPRO_REASON_MAX = 128, REPRO_TITLE_MAX = 256 };

enum repro_state { REPRO_WAITING, REPRO_RUNNING, REPRO_DONE, REPRO_FAILED, REPRO_SKIPPED };
const char *repro_state_text(enum repro_state state);

struct repro_row {
    char title[REPRO_TITLE_MAX];
    enum repro_state state;
    char reason[REPRO_REASON_MAX]; /* of SKIPPED and FAILED; what is done now of RUNNING */
    uint32_t attempts;             /* of this run and earlier ones */
    uint64_t since_s;              /* of the epoch: when it came into this state */
};

struct repro_queue; /* opaque */

MUST_USE enum status repro_queue_open(struct repro_queue **out, struct diag *dg);
void repro_queue_close(struct repro_queue *q);

/* What is known of a crash when it is offered. */
struct repro_offer {
    struct str title, log;  /* copied */
    const char *corrupted;  /* NULL: it is not */
    const char *suppressed; /* NULL: it is not */
    bool is_off;            /* the configuration wants no reproducers */
    bool has_c_repro;
    uint32_t attempts; /* earlier ones */
};
/* True when it waits now. Of a title that is there already the row is brought up to date. */
bool repro_queue_offer(struct repro_queue *q, const struct repro_offer *offer);

/* Of those that wait the one seen most often is RUNNING from now on; its title and log are copied
 * into the arena (inside arena_guard). False when none waits. */
bool repro_queue_take(struct repro_queue *q, struct arena *a, struct str *title, struct str *log);
/* The end of what was taken: DONE or FAILED. A failed one waits again when it is offered again. */
void repro_queue_finish(struct repro_queue *q, struct str title, enum repro_state state,
                        const char *reason);
/* What is being done now, for the row of a RUNNING one. */
void repro_queue_progress(struct repro_queue *q, struct str title, const char *text);

void repro_queue_counts(struct repro_queue *q, uint32_t *waiting, uint32_t *running);
/* A snapshot, in the order of arrival (inside arena_guard). */
struct repro_row *repro_queue_rows(struct repro_queue *q, struct arena *a, uint32_t *count);

#endif /* SPEAR_MANAGER_REPRO_QUEUE_H */
