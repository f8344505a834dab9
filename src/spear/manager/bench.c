/* bench: see bench.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/bench.h"

struct bench_moment bench_now(const struct stats *s, uint64_t ms)
{
    struct bench_moment moment = {.ms = ms};

    for (uint32_t i = 0; i < STAT_COUNT; i++)
        moment.stats[i] = stat_get(s, (enum stat_id)i);
    return moment;
}

static uint64_t grown(const struct bench_moment *from, const struct bench_moment *to,
                      enum stat_id id)
{
    return to->stats[id] - MIN(from->stats[id], to->stats[id]);
}

struct bench_numbers bench_between(const struct bench_moment *from, const struct bench_moment *to)
{
    struct bench_numbers b = {
        .seconds = (double)(to->ms - MIN(from->ms, to->ms)) / 1000,
        .programs = grown(from, to, STAT_exec_total),
        .calls = grown(from, to, STAT_calls_total),
    };
    const uint64_t kernel = grown(from, to, STAT_guest_calls_ns);
    const uint64_t guest = MAX(grown(from, to, STAT_guest_total_ns), kernel);
    const uint64_t transport = grown(from, to, STAT_transport_ns);
    const uint64_t host = grown(from, to, STAT_host_ns);
    const double all = (double)guest + (double)transport + (double)host;

    if (b.seconds > 0) {
        b.programs_per_s = (double)b.programs / b.seconds;
        b.calls_per_s = (double)b.calls / b.seconds;
    }
    if (all > 0) {
        b.guest_kernel = (double)kernel / all;
        b.executor = (double)(guest - kernel) / all;
        b.transport = (double)transport / all;
        b.host = (double)host / all;
    }
    return b;
}
