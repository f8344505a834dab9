/* The queue of crashes to reproduce: what waits, and why the others do not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/repro_queue.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *name;
    struct repro_offer offer;
    bool waits;
    const char *reason;
} rows[] = {
  /* clang-format off */
    {"a crash", {.title = {"a", 1}, .log = {"x", 1}}, true, ""},
    {"switched off", {.title = {"b", 1}, .is_off = true}, false, "reproduce: false"},
    {"has one", {.title = {"c", 1}, .has_c_repro = true}, false, "has a C reproducer"},
    {"suppressed", {.title = {"d", 1}, .suppressed = "by x.*"}, false, "suppressed: by x.*"},
    {"corrupted", {.title = {"e", 1}, .corrupted = "no stack"}, false,
     "cannot be trusted: no stack"},
    {"tried too often", {.title = {"f", 1}, .attempts = 3}, false, "tried 3 times"},
    {"tried twice", {.title = {"g", 1}, .log = {"y", 1}, .attempts = 2}, true, ""},
  /* clang-format on */
};

struct job {
    struct arena arena;
    struct repro_queue *q;
    struct str title, log;
    bool has_one;
    struct repro_row *rows;
    uint32_t count;
};

static enum status take(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    job->has_one = repro_queue_take(job->q, &job->arena, &job->title, &job->log);
    return ST_OK;
}

static enum status list(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    job->rows = repro_queue_rows(job->q, &job->arena, &job->count);
    return ST_OK;
}

static bool step(struct job *job, enum status (*fn)(void *ctx, struct diag *dg))
{
    struct diag dg = {0};
    return arena_guard(&job->arena, fn, job, &dg) == ST_OK;
}

static void offers(struct job *job)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        bool waits = repro_queue_offer(job->q, &rows[i].offer);
        bool pass = step(job, list) && job->count == i + 1 && waits == rows[i].waits &&
                    strstr(job->rows[i].reason, rows[i].reason) != NULL &&
                    job->rows[i].state == (waits ? REPRO_WAITING : REPRO_SKIPPED);
        tap_ok(pass, "%s: %s", rows[i].name, job->rows[i].reason);
    }
}

static void life_of_one(struct job *job)
{
    const struct repro_offer again = {.title = STR("a"), .log = STR("new"), .attempts = 1};

    tap_ok(step(job, take) && job->has_one && str_equal(job->title, STR("a")) &&
               str_equal(job->log, STR("x")),
           "the first that waits is taken, with its log");
    tap_ok(!repro_queue_offer(job->q, &again), "what runs is not queued again");
    repro_queue_progress(job->q, STR("a"), "minimising");
    tap_ok(step(job, list) && job->rows[0].state == REPRO_RUNNING &&
               strcmp(job->rows[0].reason, "minimising") == 0,
           "its row shows what is done");
    repro_queue_finish(job->q, STR("a"), REPRO_FAILED, "no luck");
    tap_ok(step(job, list) && job->rows[0].state == REPRO_FAILED && job->rows[0].attempts == 1,
           "it has failed once");
    tap_ok(repro_queue_offer(job->q, &again), "it waits again when it is seen again");
    tap_ok(step(job, take) && str_equal(job->title, STR("a")) && str_equal(job->log, STR("new")),
           "with the new log");
    repro_queue_finish(job->q, STR("a"), REPRO_DONE, "2 calls");
    tap_ok(step(job, take) && str_equal(job->title, STR("g")), "then the next");
    tap_ok(step(job, take) && !job->has_one, "then none");
}

static void full(struct job *job)
{
    char title[32];
    struct repro_offer offer = {.is_off = true};

    for (uint32_t i = 0; i < 2 * REPRO_QUEUE_MAX; i++) {
        snprintf(title, sizeof(title), "title %u", i);
        offer.title = str_of(title);
        (void)repro_queue_offer(job->q, &offer);
    }
    tap_ok(step(job, list) && job->count == REPRO_QUEUE_MAX, "old rows go when it is full");
    bool kept = false;
    for (uint32_t i = 0; i < job->count; i++)
        kept = kept || strcmp(job->rows[i].title, "g") == 0;
    tap_ok(kept, "but not one that runs");
}

int main(void)
{
    struct job job = {0};
    struct diag dg = {0};

    arena_init(&job.arena, (size_t)64 << 20);
    if (!tap_ok(repro_queue_open(&job.q, &dg) == ST_OK, "it opens"))
        return tap_done();
    offers(&job);
    life_of_one(&job);
    full(&job);
    repro_queue_close(job.q);
    arena_free(&job.arena);
    return tap_done();
}
