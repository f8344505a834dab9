/* script: the run of a whole script. SPDX-License-Identifier: Apache-2.0 */
#include "shield/script/script.h"

#include "shield/script/script_int.h"

#include <string.h>

static void add_outcome(struct script_run *r, const struct wast_command *c, bool passed)
{
    struct script_report *report = r->report;
    struct script_outcome outcome = {
        .kind = c->kind, .line = r->first_line + c->line, .column = c->column, .passed = passed};

    if (!passed)
        outcome.message = arena_copy_text(r->keep, r->message, strlen(r->message));
    ARENA_PUSH(r->keep, report->outcomes, report->count, report->capacity, outcome);
    report->passed += passed;
    report->failed += !passed;
}

/* Needs both guards. */
static enum status run_commands(struct script_run *r, struct str text, struct diag *dg)
{
    TRY(script_spectest_make(r, dg));
    if (r->shared != NULL)
        script_name(r, r->shared_name, NULL, r->shared);
    TRY(wast_open(text, r->options->features, &r->work, &r->script, dg));
    for (;;) {
        struct arena_mark mark = arena_mark(&r->work);
        struct wast_command c;
        bool done = false;
        TRY(wast_next(r->script, &c, &done, dg));
        if (done)
            return ST_OK;
        r->message[0] = '\0';
        add_outcome(r, &c, script_command(r, &c));
        arena_release(&r->work, mark);
    }
}

struct job {
    struct script_run *run;
    struct str text;
};

static enum status guarded_work(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    return run_commands(job->run, job->text, dg);
}

static enum status guarded_keep(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    return arena_guard(&job->run->work, guarded_work, job, dg);
}

enum status script_run_text(struct script_run *r, struct str text, struct diag *dg)
{
    struct job job = {r, text};

    TRY(rt_store_new(r->engine, &r->options->limits, &r->store, dg));
    r->store->fuel_on = r->options->fuel != 0;
    r->store->fuel = r->options->fuel;
    arena_init(&r->work, r->keep->limit_bytes);
    enum status st = arena_guard(r->keep, guarded_keep, &job, dg);
    script_threads_end(r);
    rt_store_free(r->store);
    for (uint32_t i = 0; i < r->named_count; i++)
        rt_module_free(r->named[i].module);
    arena_free(&r->work);
    return st;
}

enum status script_run(struct str text, const struct script_options *options, struct arena *arena,
                       struct script_report *report, struct diag *dg)
{
    struct rt_config config = {.features = options->features,
                               .module_arena_bytes_max = arena->limit_bytes,
                               .relaxed_deterministic = true,
                               .canonical_nan = options->canonical_nan,
                               .tier = options->tier,
                               .tier_options = options->tier_options};
    struct script_run r = {.options = options, .keep = arena, .report = report};

    *report = (struct script_report){0};
    r.engine = rt_engine_new(&config);
    if (r.engine == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the host refused memory");
    enum status st = script_run_text(&r, text, dg);
    rt_engine_free(r.engine);
    return st;
}
