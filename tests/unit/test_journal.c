/* The journal of a machine: what a crash's log shows of the programs before it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "spear/kernel/crash_log.h"
#include "spear/kernel/journal.h"
#include "tap.h"

#include <string.h>

enum { SLOTS = 3, PROGRAMS = 200 };

struct job {
    struct arena arena;
    struct journal *journal;
    uint64_t named;
    struct buf out;
    struct crash_log_program *programs;
    size_t count;
};

static enum status print(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    buf_init(&job->out, &job->arena);
    journal_print(job->journal, job->named, &job->out);
    job->programs = crash_log_programs(
        &job->arena, (struct str){(const char *)job->out.data, job->out.size}, &job->count);
    return ST_OK;
}

static bool has_id(const struct job *job, uint64_t id)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->programs[i].has_id && job->programs[i].id == id)
            return true;
    return false;
}

static const struct {
    uint64_t ms;
    const char *text;
} ages[] = {
    {0,       "0ms"   },
    {999,     "999ms" },
    {1000,    "1.0s"  },
    {59999,   "59.9s" },
    {1242000, "20m42s"},
    {3600000, "1h0m0s"},
};

int main(void)
{
    struct job job = {.journal = journal_new(SLOTS)};
    struct diag dg = {0};
    char text[64], age[DURATION_TEXT_BYTES];

    arena_init(&job.arena, 1 << 24);
    tap_ok(arena_guard(&job.arena, print, &job, &dg) == ST_OK && job.count == 0,
           "an empty journal shows nothing");
    for (uint64_t id = 1; id <= PROGRAMS; id++) {
        uint32_t slot = (uint32_t)(id % SLOTS);
        snprintf(text, sizeof(text), "getpid()\nclose(0x%jx)\n", (uintmax_t)id);
        journal_begin(job.journal, slot, id, str_of(text));
        if (id != PROGRAMS)
            journal_end(job.journal, slot, id);
    }
    tap_ok(arena_guard(&job.arena, print, &job, &dg) == ST_OK &&
               job.count == (size_t)SLOTS * JOURNAL_SHOWN,
           "the last %d of each of %d slots: %zu", JOURNAL_SHOWN, SLOTS, job.count);
    tap_ok(job.programs[job.count - 1].id == PROGRAMS, "the newest is last");
    tap_ok(has_id(&job, PROGRAMS - SLOTS * JOURNAL_SHOWN + 1) &&
               !has_id(&job, PROGRAMS - SLOTS * JOURNAL_SHOWN),
           "older ones are not shown");
    buf_byte(&job.out, 0);
    tap_ok(strstr((char *)job.out.data, "executing program 2 (id=200, still running):\n"
                                        "getpid()\nclose(0xc8)\n\n") != NULL,
           "the one that has not come back is marked, its text follows");
    job.named = 60;
    tap_ok(arena_guard(&job.arena, print, &job, &dg) == ST_OK && has_id(&job, 60),
           "a program that the report names is shown though it is old");
    job.named = 1;
    tap_ok(arena_guard(&job.arena, print, &job, &dg) == ST_OK && !has_id(&job, 1),
           "unless it is older than what is kept");
    for (size_t i = 0; i < LENGTH_OF(ages); i++) {
        duration_text(ages[i].ms, age, sizeof(age));
        tap_ok(strcmp(age, ages[i].text) == 0, "%ju ms is %s", (uintmax_t)ages[i].ms, age);
    }
    journal_free(job.journal);
    arena_free(&job.arena);
    return tap_done();
}
