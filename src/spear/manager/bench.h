/* bench: where the time goes, between two moments of a manager.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_BENCH_H
#define SPEAR_MANAGER_BENCH_H

#include "spear/engine/stats.h"

struct bench_moment {
    uint64_t ms;
    uint64_t stats[STAT_COUNT];
};
struct bench_numbers {
    double seconds;
    uint64_t programs, calls;
    double programs_per_s, calls_per_s;
    /* Shares of the workers' time, together 1 (all 0 when nothing was run). */
    double guest_kernel, executor, transport, host;
};

struct bench_moment bench_now(const struct stats *s, uint64_t ms);
struct bench_numbers bench_between(const struct bench_moment *from, const struct bench_moment *to);

#endif /* SPEAR_MANAGER_BENCH_H */
