/* The engine on a toy target: what is planted is found, what is kept is small and has all the
 * signal, one seed gives one course, and dying machines lose nothing but themselves.
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "spear/engine/engine_int.h"
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

/* ---- what is kept ---------------------------------------------------------------------------- */
/* The corpus as one text, in the order of hashes; owned by the caller (free). */
struct listing {
    struct engine *engine;
    struct arena arena;
    char *all;
    uint32_t inputs, calls_max, signal;
};

static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct corpus_row *)a)->hash, ((const struct corpus_row *)b)->hash, 20);
}

static enum status list_corpus(void *ctx, struct diag *dg)
{
    struct listing *l = ctx;
    size_t count = 0, size = 1;
    struct corpus_row *rows = engine_corpus(l->engine, &l->arena, NULL, &count);

    (void)dg;
    qsort(rows, count, sizeof(*rows), by_hash);
    l->inputs = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        size += rows[i].text.size + 1;
    char *end = l->all = calloc(size, 1);
    for (size_t i = 0; i < count; i++) {
        uint32_t calls = 0;
        memcpy(end, rows[i].text.text, rows[i].text.size);
        for (size_t k = 0; k < rows[i].text.size; k++)
            calls += end[k] == '\n';
        end += rows[i].text.size;
        *end++ = '|';
        l->calls_max = MAX(l->calls_max, calls);
        l->signal += rows[i].signal;
    }
    return ST_OK;
}

static struct listing list_world(struct world *wd)
{
    struct listing l = {.engine = wd->engine};

    arena_init(&l.arena, 1 << 24);
    CHECK(arena_guard(&l.arena, list_corpus, &l, NULL) == ST_OK, "it fits");
    arena_free(&l.arena);
    return l;
}

static void test_determinism(void)
{
    enum { RUNS = 1500 };
    struct world first = {0}, second = {0};

    world_open(&first, guided);
    world_open(&second, guided);
    world_run(&first, RUNS, false);
    world_run(&second, RUNS, false);
    struct listing a = list_world(&first), b = list_world(&second);
    tap_ok(a.inputs > 10 && strcmp(a.all, b.all) == 0, "one seed, one course: %u inputs both times",
           a.inputs);
    free(a.all);
    free(b.all);
    world_close(&first);
    world_close(&second);
}

/* A worker in the place of one whose machine died once drew the same numbers again, and so made
 * the same crashing programs for ever. */
static void test_successor(void)
{
    struct world wd = {0};

    world_open(&wd, guided);
    struct rng first = wd.worker->rng;
    worker_free(wd.worker);
    wd.worker = worker_new(wd.engine, &wd.slot, 0);
    tap_ok(rng_next(&first) != rng_next(&wd.worker->rng), "a successor draws other numbers");
    world_close(&wd);
}

static void test_corpus_is_small(void)
{
    enum { RUNS = 4000, EDGES = 90 }; /* edges that an input can keep showing */
    struct world wd = {0};

    world_open(&wd, guided);
    world_run(&wd, RUNS, false);
    struct listing before = list_world(&wd);
    const size_t cover = engine_cover_count(wd.engine);
    engine_minimise_corpus(wd.engine);
    struct listing after = list_world(&wd);
    tap_ok(before.calls_max <= 5, "no input has more than %u calls", before.calls_max);
    tap_ok(after.inputs <= before.inputs && after.inputs <= EDGES, "minimised from %u to %u inputs",
           before.inputs, after.inputs);
    tap_ok(engine_cover_count(wd.engine) == cover, "what is covered stays: %zu", cover);
    tap_ok(wd.toy.learned >= 1, "the target has learnt %u times", wd.toy.learned);
    world_run(&wd, RUNS + 500, false);
    engine_minimise_corpus(wd.engine);
    tap_ok(engine_corpus_count(wd.engine) >= after.inputs, "and goes on from there");
    free(before.all);
    free(after.all);
    world_close(&wd);
}

/* ---- machines that die, and worse ------------------------------------------------------------ */
static void test_deaths(void)
{
    enum { SEEDS = 4, RUNS = 5000 };
    static const struct {
        const char *name;
        uint32_t deaths_of, broken_of;
    } rows[] = {
        {"one run in seven ends the machine",            7,  0},
        {"one run in thirty, and one in five is broken", 30, 5},
    };

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint32_t found = 0, deaths = 0;
        size_t inputs = 0;
        for (uint32_t seed = 1; seed <= SEEDS; seed++) {
            struct world wd = {
                .toy = {.deaths_of = rows[i].deaths_of, .broken_of = rows[i].broken_of}
            };
            struct engine_options options = guided;
            options.seed = seed;
            world_open(&wd, options);
            world_run(&wd, RUNS, false);
            found += found_count(&wd);
            deaths += wd.deaths;
            inputs += engine_corpus_count(wd.engine);
            world_close(&wd);
        }
        /* A behaviour may be lost with its machine; most must not. */
        tap_ok(deaths > 100 * SEEDS && found >= TOY_FINDS * SEEDS * 3 / 4 && inputs > 50 * SEEDS,
               "%s: %u deaths, %u of %u found, %zu inputs", rows[i].name, deaths, found,
               TOY_FINDS * SEEDS, inputs);
    }
}

static void test_killers(void)
{
    struct world wd = {.toy.deaths_of = 1};

    world_open(&wd, guided);
    for (uint32_t i = 0; i < 3; i++)
        engine_add_candidate(wd.engine, STR("o 1 2\n"), 0);
    for (uint32_t i = 0; i < 6; i++)
        wd.deaths += !worker_step(wd.worker);
    tap_ok(wd.deaths == 6 && engine_candidates(wd.engine) == 0 && engine_is_triaged(wd.engine),
           "a candidate that kills is tried twice and dropped");
    world_close(&wd);
}

/* ---- what outlives a run --------------------------------------------------------------------- */
static char logged[4096];

static void note_line(void *ctx, const char *line)
{
    (void)ctx;
    snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%s; ", line);
}

static void test_second_run(void)
{
    char folder[] = "/tmp/mujun-engine-XXXXXX";
    struct engine_options options = guided;
    struct world wd = {0};
    struct diag dg = {0};
    size_t count = 0;

    if (mkdtemp(folder) == NULL)
        return;
    options.work_dir = folder;
    options.log = note_line;
    world_open(&wd, options);
    tap_ok(engine_load_corpus(wd.engine, &count, &dg) == ST_OK && count == 0, "nothing at first");
    engine_add_candidate(wd.engine, STR("h 0xff 0\n"), CANDIDATE_SEED); /* switched off */
    world_run(&wd, 1500, false);
    struct listing first = list_world(&wd);
    world_close(&wd);

    options.seed = 99;
    world_open(&wd, options);
    const enum status loaded = engine_load_corpus(wd.engine, &count, &dg);
    tap_ok(loaded == ST_OK && count == first.inputs, "%zu candidates of %u inputs", count,
           first.inputs);
    for (uint32_t i = 0; i < 2000 && !engine_is_triaged(wd.engine); i++)
        worker_step(wd.worker);
    struct listing second = list_world(&wd);
    const struct stats *s = engine_stats(wd.engine);
    tap_ok(engine_is_triaged(wd.engine) && second.signal >= first.signal * 9 / 10,
           "after %lu programs the signal is back: %u of %u", (unsigned long)wd.toy.runs,
           second.signal, first.signal);
    tap_ok(stat_get(s, STAT_exec_smash) == 0 && stat_get(s, STAT_exec_minimise) < 40,
           "without smashing or minimising it again");
    tap_ok(logged[0] == '\0', "and nothing to complain about: %s", logged);
    free(first.all);
    free(second.all);
    world_close(&wd);
    file_remove_all(folder);
}

/* ---- levels ---------------------------------------------------------------------------------- */
static void test_levels(void)
{
    static const struct {
        const char *name;
        enum engine_level level;
        bool mutates, generates, keeps;
    } rows[] = {
        {"random",    LEVEL_RANDOM,    false, true,  false},
        {"captured",  LEVEL_CAPTURED,  true,  false, true },
        {"described", LEVEL_DESCRIBED, true,  true,  true },
        {"guided",    LEVEL_GUIDED,    true,  true,  true },
    };

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct engine_options options = guided;
        struct world wd = {0};
        options.level = rows[i].level;
        world_open(&wd, options);
        engine_add_candidate(wd.engine, STR("o 1 2\nw 3 4\n"), CANDIDATE_SEED);
        world_run(&wd, 2500, false);
        const struct stats *s = engine_stats(wd.engine);
        const bool is_guided = rows[i].level == LEVEL_GUIDED;
        tap_ok((stat_get(s, STAT_exec_fuzz) != 0) == rows[i].mutates &&
                   (stat_get(s, STAT_exec_generate) != 0) == rows[i].generates &&
                   (stat_get(s, STAT_corpus) != 0) == rows[i].keeps &&
                   (stat_get(s, STAT_exec_triage) != 0) == is_guided &&
                   stat_get(s, STAT_signal) > 5,
               "level %s: %lu mutated, %lu generated, %lu kept, %lu edges seen", rows[i].name,
               (unsigned long)stat_get(s, STAT_exec_fuzz),
               (unsigned long)stat_get(s, STAT_exec_generate),
               (unsigned long)stat_get(s, STAT_corpus), (unsigned long)stat_get(s, STAT_signal));
        world_close(&wd);
    }
}

/* ---- threads --------------------------------------------------------------------------------- */
enum { THREADS = 4, STEPS = 400 };

struct thread_world {
    struct world *world;
    struct toy_slot slot;
    uint32_t id;
};

static void *run_thread(void *ctx)
{
    struct thread_world *t = ctx;
    struct worker *w = worker_new(t->world->engine, &t->slot, t->id);

    rng_seed(&t->slot.rng, t->id);
    for (uint32_t i = 0; i < STEPS; i++) {
        worker_step(w);
        if (i % 50 == 0)
            engine_minimise_corpus(t->world->engine);
    }
    worker_free(w);
    return NULL;
}

static void test_threads(void)
{
    struct world wd = {.toy.deaths_of = 40};
    struct thread_world threads[THREADS];
    pthread_t ids[THREADS];

    world_open(&wd, guided);
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = (struct thread_world){.world = &wd, .id = i + 1};
        if (pthread_create(&ids[i], NULL, run_thread, &threads[i]) != 0)
            abort();
    }
    for (uint32_t i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    tap_ok(found_count(&wd) >= TOY_FINDS - 2 && engine_corpus_count(wd.engine) > 10,
           "%u threads on one engine: %u found, %zu inputs", THREADS, found_count(&wd),
           engine_corpus_count(wd.engine));
    world_close(&wd);
}

int main(void)
{
    test_finds();
    test_determinism();
    test_successor();
    test_corpus_is_small();
    test_deaths();
    test_killers();
    test_second_run();
    test_levels();
    test_threads();
    return tap_done();
}
