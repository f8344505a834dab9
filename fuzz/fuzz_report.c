/* fuzz_report: the crash parser on any console bytes. What is found is parsed, and what is parsed
 * is inside the input. SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "spear/kernel/report.h"

struct job {
    struct arena arena;
    struct str console;
    size_t from;
    struct report report;
};

static enum status parse(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    report_parse(&job->arena, job->console, job->from, &job->report);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { REPORTS_MAX = 4 };
    struct job job = {
        .console = {(const char *)data, size}
    };

    for (uint32_t i = 0; i < REPORTS_MAX; i++) {
        struct report_spot spot = {0};
        const struct report *r = &job.report;
        arena_init(&job.arena, FUZZ_ARENA_BYTES);
        enum status st = arena_guard(&job.arena, parse, &job, NULL);
        bool found = report_find(job.console, job.from, &spot);
        FUZZ_CHECK(st == ST_OK, "a console of this size fits the arena");
        FUZZ_CHECK(found || r->title.size == 0, "what is not found has no title");
        if (found) {
            FUZZ_CHECK(r->spot.start == spot.start && r->spot.end == spot.end, "both see one oops");
            FUZZ_CHECK(r->end >= spot.end && r->end <= size, "a report ends in the console");
            FUZZ_CHECK(r->title.size <= REPORT_TITLE_MAX, "a title is short");
            FUZZ_CHECK(r->text_oops <= r->text.size, "the oops is in the text");
        }
        job.from = r->end;
        arena_free(&job.arena);
        if (!found)
            break;
    }
    return 0;
}
