/* reproduce: crashes that wait are reproduced beside fuzzing: a place of the fleet is borrowed, its
 * machine stopped, and a thread of its own works there until it has an answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "base/mem.h"
#include "spear/kernel/crash_log.h"
#include "spear/manager/manager_int.h"

#include <stdio.h>
#include <string.h>

enum {
    MACHINES_PER_REPRO = 2,    /* so many machines, one of them may be borrowed */
    EARLY_MS = 10 * 60 * 1000, /* a corpus that takes longer to see to does not hold it up */
    EARLIER_CRASHES_MAX = 100,
};

/* ---- what is offered ---- */

struct offering {
    struct manager *m;
    struct arena arena;
    struct repro_offer offer;
};

static enum status look_up(void *ctx, struct diag *dg)
{
    struct offering *o = ctx;
    struct crash_row row;

    (void)dg;
    if (crash_find(o->m->crashes, &o->arena, o->offer.title, &row)) {
        o->offer.has_c_repro = row.has_c_repro;
        o->offer.attempts = row.attempts;
    }
    return ST_OK;
}

void reproduce_offer(struct manager *m, struct str title, struct str log, const char *corrupted,
                     const char *suppressed)
{
    struct offering o = {.m = m};
    struct diag dg = {0};

    o.offer = (struct repro_offer){.title = title,
                                   .log = log,
                                   .corrupted = corrupted,
                                   .suppressed = suppressed,
                                   .is_off = !m->config->reproduce || m->parts.reproduce == NULL};
    arena_init(&o.arena, MANAGER_ARENA_BYTES);
    if (arena_guard(&o.arena, look_up, &o, &dg) == ST_OK)
        (void)repro_queue_offer(m->repros, &o.offer);
    arena_free(&o.arena);
}

static enum status offer_earlier(void *ctx, struct diag *dg)
{
    struct offering *o = ctx;
    size_t count = 0;
    struct crash_row *rows = crash_list(o->m->crashes, &o->arena, &count);

    for (size_t i = 0; i < MIN(count, (size_t)EARLIER_CRASHES_MAX); i++) {
        struct str log;
        if (rows[i].has_c_repro || rows[i].attempts >= CRASH_REPRO_TRIES_MAX ||
            crash_file(o->m->crashes, &o->arena, rows[i].hash, "log0", &log, dg) != ST_OK)
            continue;
        reproduce_offer(o->m, rows[i].title, log, NULL, NULL);
    }
    return ST_OK;
}

void reproduce_earlier(struct manager *m)
{
    struct offering o = {.m = m};
    struct diag dg = {0};

    if (!m->config->reproduce || m->parts.reproduce == NULL)
        return;
    arena_init(&o.arena, MANAGER_ARENA_BYTES);
    if (arena_guard(&o.arena, offer_earlier, &o, &dg) != ST_OK)
        manager_log(m, "crashes of earlier runs are not reproduced: %s", dg.text);
    arena_free(&o.arena);
}

/* ---- one reproduction ---- */

struct repro_job {
    struct manager *m;
    struct place *p;
    struct arena arena;
    struct str title, log;
    size_t programs;
    bool has_task;
};

static void repro_log(void *ctx, const char *line)
{
    struct repro_job *job = ctx;

    repro_queue_progress(job->m->repros, job->title, line);
}

static void repro_ran(void *ctx, uint32_t programs)
{
    struct repro_job *job = ctx;
    stat_add(engine_stats(job->m->engine), STAT_exec_repro, programs);
}

static enum status take_task(void *ctx, struct diag *dg)
{
    struct repro_job *job = ctx;

    (void)dg;
    job->has_task = repro_queue_take(job->m->repros, &job->arena, &job->title, &job->log);
    if (job->has_task)
        (void)crash_log_programs(&job->arena, job->log, &job->programs);
    return ST_OK;
}

static void save_result(struct repro_job *job, const struct repro_outcome *out)
{
    struct manager *m = job->m;
    struct diag dg = {0};
    char reason[REPRO_REASON_MAX];
    enum status st = out->has_prog
                         ? crash_save_repro(m->crashes, job->title, &out->files, &dg)
                         : crash_save_attempt(m->crashes, job->title, out->attempt_log, &dg);

    if (st != ST_OK)
        manager_log(m, "the reproducer of '%.*s' is not kept: %s", (int)job->title.size,
                    job->title.text, dg.text);
    if (!out->has_prog) {
        snprintf(reason, sizeof(reason), "not reproduced in %.0f s, %u programs", out->seconds,
                 out->programs_run);
        repro_queue_finish(m->repros, job->title, REPRO_FAILED, reason);
        manager_log(m, "crash '%.*s' was %s", (int)job->title.size, job->title.text, reason);
        return;
    }
    struct stats *s = engine_stats(m->engine);
    stat_add(s, STAT_repro, 1);
    stat_add(s, STAT_repro_c, out->has_c);
    struct str why = out->has_c ? STR("") : out->why_no_c;
    snprintf(reason, sizeof(reason), "%u calls, C: %s%s%.*s", out->calls, out->has_c ? "yes" : "no",
             why.size != 0 ? ", " : "", (int)MIN(why.size, (size_t)80), why.text);
    repro_queue_finish(m->repros, job->title, REPRO_DONE, reason);
    manager_log(m, "reproduced crash '%.*s': %s, %u of %u runs, %.0f s", (int)job->title.size,
                job->title.text, reason, out->reliable, out->runs, out->seconds);
}

/* "15s", "1m0s" */
static const char *seconds_text(uint32_t s, char text[DURATION_TEXT_BYTES])
{
    if (s < 60)
        snprintf(text, DURATION_TEXT_BYTES, "%us", s);
    else
        snprintf(text, DURATION_TEXT_BYTES, "%um%us", s / 60, s % 60);
    return text;
}

static void announce(const struct repro_job *job)
{
    const uint32_t *seconds = job->m->parts.repro_timeouts_s;
    char texts[3][DURATION_TEXT_BYTES];

    manager_log(job->m, "reproducing crash '%.*s': %zu programs, 1 VMs, timeouts [%s %s %s]",
                (int)job->title.size, job->title.text, job->programs,
                seconds_text(seconds[0], texts[0]), seconds_text(seconds[1], texts[1]),
                seconds_text(seconds[2], texts[2]));
}

static void reproduce(struct repro_job *job)
{
    struct manager *m = job->m;
    struct repro_outcome out = {0};
    struct diag dg = {0};
    const struct repro_task task = {
        .title = job->title,
        .log = job->log,
        .machine_index = job->p->index,
        .stop = &m->repro_stop,
        .log_line = repro_log,
        .ran = repro_ran,
        .ctx = job,
    };

    announce(job);
    enum status st = m->parts.reproduce(m->parts.self, &task, &out, &job->arena, &dg);
    if (manager_must_stop(m) && !out.has_prog) {
        repro_queue_finish(m->repros, job->title, REPRO_FAILED, "mujun was stopped");
    } else if (st != ST_OK) {
        repro_queue_finish(m->repros, job->title, REPRO_FAILED, dg.text);
        manager_log(m, "crash '%.*s' could not be reproduced: %s", (int)job->title.size,
                    job->title.text, dg.text);
    } else {
        save_result(job, &out);
    }
}

static void *repro_main(void *arg)
{
    struct repro_job *job = arg;
    struct manager *m = job->m;
    struct diag dg = {0};

    pthread_mutex_lock(&m->lock);
    while (job->p->state != MACHINE_LENT && !manager_must_stop(m))
        manager_wait(m, 1000);
    bool is_ours = job->p->state == MACHINE_LENT && !manager_must_stop(m);
    pthread_mutex_unlock(&m->lock);
    if (is_ours && arena_guard(&job->arena, take_task, job, &dg) == ST_OK && job->has_task)
        reproduce(job);
    arena_free(&job->arena);
    pthread_mutex_lock(&m->lock);
    job->p->is_wanted = false;
    m->repro_threads--;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    mem_free(job);
    return NULL;
}

/* ---- when ---- */

/* A place that may be lent; NULL: none. The lock is held. */
static struct place *free_place(struct manager *m)
{
    uint32_t most = MAX(m->place_count / MACHINES_PER_REPRO, 1u);

    if (m->repro_threads >= most)
        return NULL;
    for (uint32_t i = m->place_count; i-- > 0;)
        if (!m->places[i].is_wanted && m->places[i].state != MACHINE_CHECKING)
            return &m->places[i];
    return NULL;
}

static void start_one(struct manager *m, struct place *p)
{
    struct repro_job *job = mem_alloc(1, sizeof(*job));
    pthread_attr_t attr;
    pthread_t thread;

    if (job == NULL)
        return;
    job->m = m;
    job->p = p;
    arena_init(&job->arena, MANAGER_ARENA_BYTES);
    p->is_wanted = true;
    m->repro_threads++;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attr, repro_main, job) != 0) {
        p->is_wanted = false;
        m->repro_threads--;
        mem_free(job);
    }
    pthread_attr_destroy(&attr);
    pthread_cond_broadcast(&m->changed);
}

void reproduce_dispatch(struct manager *m)
{
    uint32_t waiting = 0, running = 0;

    repro_queue_counts(m->repros, &waiting, &running);
    if (waiting == 0 || m->check == NULL ||
        (!engine_is_triaged(m->engine) && manager_now_ms() - m->start_ms < EARLY_MS))
        return;
    pthread_mutex_lock(&m->lock);
    if (m->repro_threads - MIN(m->repro_threads, running) < waiting) {
        struct place *p = free_place(m);
        if (p != NULL)
            start_one(m, p);
    }
    pthread_mutex_unlock(&m->lock);
}
