/*
 * thread: (thread $t (shared (module $m))? command*) and (wait $t). A thread is a script of its
 * own on a thread of the host, with its own store; of its parent it sees the engine and the
 * instance it shares, from which it may import shared memories. Its outcomes join the report when
 * it is waited for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/script/script_int.h"

#include <pthread.h>
#include <string.h>

struct script_thread {
    struct str name, text;
    pthread_t handle;
    struct arena keep;
    struct script_report report;
    struct script_run run;
    enum status status;
    struct diag dg;
    bool is_joined;
};

static void *thread_main(void *arg)
{
    struct script_thread *t = arg;
    t->status = script_run_text(&t->run, t->text, &t->dg);
    return NULL;
}

bool script_thread_start(struct script_run *r, const struct wast_command *c)
{
    struct rt_instance *shared = NULL;

    if (c->shared.size != 0 && (shared = script_instance(r, c->shared)) == NULL)
        return false;
    struct script_thread *t = arena_new(r->keep, struct script_thread, 1);
    t->name = c->id;
    t->text = c->body;
    arena_init(&t->keep, r->keep->limit_bytes);
    t->run = (struct script_run){.options = r->options,
                                 .engine = r->engine,
                                 .keep = &t->keep,
                                 .report = &t->report,
                                 .shared_name = c->shared,
                                 .shared = shared,
                                 .first_line = r->first_line + c->line - 1};
    if (pthread_create(&t->handle, NULL, thread_main, t) != 0)
        return script_fail(r, "the host refused a thread");
    ARENA_PUSH(r->keep, r->threads, r->thread_count, r->thread_capacity, t);
    return true;
}

/* Adds what the thread has found to the report of its parent. */
static void merge_report(struct script_run *r, const struct script_thread *t)
{
    struct script_report *to = r->report;

    for (uint32_t i = 0; i < t->report.count; i++) {
        struct script_outcome outcome = t->report.outcomes[i];
        if (outcome.message != NULL)
            outcome.message = arena_copy_text(r->keep, outcome.message, strlen(outcome.message));
        ARENA_PUSH(r->keep, to->outcomes, to->count, to->capacity, outcome);
    }
    to->passed += t->report.passed;
    to->failed += t->report.failed;
}

bool script_thread_wait(struct script_run *r, const struct wast_command *c)
{
    struct script_thread *t = NULL;

    for (uint32_t i = r->thread_count; i-- > 0 && t == NULL;)
        if (str_equal(r->threads[i]->name, c->id) && !r->threads[i]->is_joined)
            t = r->threads[i];
    if (t == NULL)
        return script_fail(r, "there is no thread $%.*s to wait for",
                           (int)MIN(c->id.size, (size_t)80), c->id.text);
    pthread_join(t->handle, NULL);
    t->is_joined = true;
    merge_report(r, t);
    arena_free(&t->keep);
    return t->status == ST_OK || script_fail(r, "the thread ended early: %s", t->dg.text);
}

void script_threads_end(struct script_run *r)
{
    for (uint32_t i = 0; i < r->thread_count; i++) {
        struct script_thread *t = r->threads[i];
        if (t->is_joined)
            continue;
        pthread_join(t->handle, NULL);
        arena_free(&t->keep);
    }
}
