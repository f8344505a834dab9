/* The engine on a toy target: what is planted is found, what is kept is small and has all the
 * signal, one seed gives one course, and dying machines lose nothing but themselves.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"
#include "toy.h"

#include <stdlib.h>

static const char *const find_names[TOY_FINDS] = {"32-bit magic", "16-bit magic",       "key",
                                                  "deep crash",   "failing allocation", "race"};

struct world {
    struct toy toy;
    struct target target;
    struct toy_slot slot;
    struct engine *engine;
    struct worker *worker;
    uint32_t deaths;
};

static void world_open(struct world *wd, struct engine_options options)
{
    struct diag dg = {0};

    *wd = (struct world){.toy.deaths_of = wd->toy.deaths_of, .toy.broken_of = wd->toy.broken_of};
    pthread_mutex_init(&wd->toy.lock, NULL);
    wd->target = toy_target(&wd->toy);
    options.target = &wd->target;
    rng_seed(&wd->slot.rng, options.seed + 1000);
    CHECK(engine_open(&options, &wd->engine, &dg) == ST_OK, dg.text);
    wd->worker = worker_new(wd->engine, &wd->slot, 0);
}

static void world_close(struct world *wd)
{
    worker_free(wd->worker);
    engine_close(wd->engine);
    pthread_mutex_destroy(&wd->toy.lock);
}

static uint32_t found_count(const struct world *wd)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < TOY_FINDS; i++)
        count += wd->toy.found[i] != 0;
    return count;
}

/* Steps until so many programs have run, or everything planted is found. */
static void world_run(struct world *wd, uint64_t runs, bool until_found)
{
    while (wd->toy.runs < runs && !(until_found && found_count(wd) == TOY_FINDS))
        wd->deaths += !worker_step(wd->worker);
}

static const struct engine_options guided = {.seed = 1,
                                             .level = LEVEL_GUIDED,
                                             .has_signal_feedback = true,
                                             .collide = true,
                                             .hints = true,
                                             .faults = true};

static void test_finds(void)
{
    enum { SEEDS = 20, RUNS_MAX = 20000 };
    uint64_t sums[TOY_FINDS] = {0}, all = 0;
    uint32_t complete = 0;

    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct world wd = {0};
        struct engine_options options = guided;
        options.seed = seed;
        world_open(&wd, options);
        world_run(&wd, RUNS_MAX, true);
        complete += found_count(&wd) == TOY_FINDS;
        all += wd.toy.runs;
        for (uint32_t i = 0; i < TOY_FINDS; i++)
            sums[i] += wd.toy.found[i] != 0 ? wd.toy.found[i] : RUNS_MAX;
        world_close(&wd);
    }
    for (uint32_t i = 0; i < TOY_FINDS; i++)
        printf("# %-20s %6lu programs on average\n", find_names[i],
               (unsigned long)(sums[i] / SEEDS));
    tap_ok(complete == SEEDS, "%u of %u seeds find all that is planted, after %lu programs",
           complete, SEEDS, (unsigned long)(all / SEEDS));
}

int main(void)
{
    test_finds();
    return tap_done();
}
