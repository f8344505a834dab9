/*
 * test_regalloc: random functions through both allocators. Every allocation must satisfy verify/ra,
 * and give every operand its value when it is run (mir_run.h).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "mir_print.h"
#include "mir_random.h"
#include "mir_run.h"
#include "shield/codegen/regalloc.h"
#include "shield/verify/ra/ra.h"
#include "tap.h"

#include <stdlib.h>

enum { RUNS = 3, STEPS = 600 };

static const struct {
    const char *name;
    struct mir_random_options options;
    uint32_t count;
} rows[] = {
    {"straight line",    {1, 12, 30, 5, false, false},  300},
    {"small",            {4, 5, 30, 5, false, false},   400},
    {"loops and joins",  {12, 6, 30, 4, false, false},  400},
    {"high pressure",    {8, 25, 90, 3, false, false},  200},
    {"vectors",          {10, 10, 60, 3, true, false},  200},
    {"calls everywhere", {10, 8, 50, 35, false, false}, 200},
    {"shuffled layout",  {12, 6, 40, 5, false, true},   200},
    {"larger",           {60, 10, 60, 5, false, true},  40 },
};

struct job {
    struct arena arena;
    struct rng rng;
    struct mir_random_options options;
    enum regalloc_mode mode;
    struct regalloc_stats stats;
};

static enum status run_job(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct mir_func *f = mir_random(&job->arena, &job->rng, job->options);
    struct mir_allocation a;
    struct mirrun *run = arena_new(&job->arena, struct mirrun, 1);

    TRY(regalloc(f, job->mode, &a, &job->stats, dg));
    enum status judged = ra_check(f, &a, dg);
    for (uint64_t seed = 0; judged == ST_OK && seed < RUNS; seed++)
        if (!mir_run(run, f, &a, seed, STEPS))
            judged = diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                               "verify/ra accepts it, but running it differs: %s", run->why);
    if (judged != ST_OK && getenv("MIR_PRINT") != NULL)
        mir_print(f, &a);
    return judged;
}

static bool try_one(enum regalloc_mode mode, struct mir_random_options options, uint64_t seed,
                    struct regalloc_stats *sum)
{
    static struct job job;
    struct diag dg = {0};

    job.mode = mode;
    job.options = options;
    arena_init(&job.arena, (size_t)256 << 20);
    rng_seed(&job.rng, seed);
    enum status st = arena_guard(&job.arena, run_job, &job, &dg);
    arena_free(&job.arena);
    sum->moves += job.stats.moves;
    sum->spills += job.stats.spills;
    sum->reloads += job.stats.reloads;
    sum->remats += job.stats.remats;
    if (st != ST_OK)
        printf("# seed %llu: %s: %s\n", (unsigned long long)seed, status_text(st), dg.text);
    return st == ST_OK;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"fast", "good"};
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;

    for (int mode = REGALLOC_FAST; mode <= REGALLOC_GOOD; mode++)
        for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
            struct regalloc_stats sum = {0};
            uint32_t good = 0;
            for (uint32_t k = 0; k < rows[i].count && good == k; k++)
                good += try_one((enum regalloc_mode)mode, rows[i].options, first + k, &sum);
            tap_ok(good == rows[i].count,
                   "%s, %s: %u functions; %u moves, %u spills, %u reloads, %u remats", modes[mode],
                   rows[i].name, good, sum.moves, sum.spills, sum.reloads, sum.remats);
        }
    return tap_done();
}
