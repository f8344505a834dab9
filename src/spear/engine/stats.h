/* stats: named counters, declared once in stats.def; one line there gives the status line, the
 * dashboard, the JSON, Prometheus and the bench. Counting is one atomic addition.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_STATS_H
#define SPEAR_ENGINE_STATS_H

#include "base/base.h"

#include <stdatomic.h>

enum stat_id {
#define STAT(name, kind, label, what) STAT_##name,
#include "spear/engine/stats.def"
#undef STAT
    STAT_COUNT
};
enum stat_kind {
    STAT_SUM,   /* only grows */
    STAT_LEVEL, /* what it is now */
};

struct stats {
    _Atomic uint64_t values[STAT_COUNT];
};

const char *stat_name(enum stat_id id);  /* "exec_total" */
const char *stat_label(enum stat_id id); /* "executed" */
const char *stat_what(enum stat_id id);
enum stat_kind stat_kind(enum stat_id id);

static inline void stat_add(struct stats *s, enum stat_id id, uint64_t n)
{
    atomic_fetch_add_explicit(&s->values[id], n, memory_order_relaxed);
}
static inline void stat_set(struct stats *s, enum stat_id id, uint64_t value)
{
    atomic_store_explicit(&s->values[id], value, memory_order_relaxed);
}
static inline uint64_t stat_get(const struct stats *s, enum stat_id id)
{
    return atomic_load_explicit(&s->values[id], memory_order_relaxed);
}

struct engine;
/* The engine's counters; the manager adds its own. */
struct stats *engine_stats(struct engine *e);

#endif /* SPEAR_ENGINE_STATS_H */
