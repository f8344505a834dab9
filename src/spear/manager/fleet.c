/* fleet: a thread per place boots a machine there, lets a crew work in it, and boots another when
 * it has died, has grown old, or its place was lent to a reproduction.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"
#include "io/file.h"
#include "spear/manager/manager_int.h"

#include <stdio.h>
#include <string.h>

enum { RESTART_MS = 1000, RESTART_MS_MAX = 60000, WATCH_MS = 500 };

const char *machine_state_text(enum machine_state state)
{
    switch (state) {
    case MACHINE_OFFLINE: return "offline";
    case MACHINE_BOOTING: return "booting";
    case MACHINE_CHECKING: return "checking";
    case MACHINE_RUNNING: return "running";
    case MACHINE_LEAKS: return "searching leaks";
    case MACHINE_LENT: return "reproducing";
    case MACHINE_WAITING: return "waiting";
    }
    return "unknown";
}

static void set_state_locked(struct place *p, enum machine_state state)
{
    p->state = state;
    p->state_ms = manager_now_ms();
    pthread_cond_broadcast(&p->m->changed);
}

static void set_state(struct place *p, enum machine_state state)
{
    pthread_mutex_lock(&p->m->lock);
    set_state_locked(p, state);
    pthread_mutex_unlock(&p->m->lock);
}

/* ---- failures ---- */

/* What a machine said that did not start is kept: the log line has only its end. */
static void keep_failure(struct place *p, const struct diag *dg)
{
    char path[FILE_PATH_MAX];
    struct diag ignored = {0};

    snprintf(path, sizeof(path), "%s/vm-%u.boot-failure", p->m->config->workdir, p->index);
    if (file_write(path, dg->text, strlen(dg->text), &ignored) != ST_OK)
        manager_log(p->m, "vm-%u: %s", p->index, ignored.text);
}

/* Counts a machine that did not start; too many in a row end the manager. */
static void note_failure(struct place *p, const struct diag *dg)
{
    struct manager *m = p->m;
    uint64_t tries = m->config->vm_boot_tries;

    keep_failure(p, dg);
    pthread_mutex_lock(&m->lock);
    uint32_t count = ++m->failures_in_row;
    snprintf(p->last_error, sizeof(p->last_error), "%s", dg->text);
    if (count >= tries && !m->has_failed) {
        m->has_failed = true;
        m->failure = *dg;
        atomic_store(&m->is_stopping, true);
        pthread_cond_broadcast(&m->changed);
    }
    pthread_mutex_unlock(&m->lock);
    manager_log(m, "vm-%u: did not start (%u of %ju in a row): %s", p->index, count,
                (uintmax_t)tries, dg->text);
}

static void note_success(struct place *p)
{
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    double seconds = kind->start_seconds(kind->self);
    const char *how = kind->how != NULL ? kind->how(kind->self) : NULL;

    pthread_mutex_lock(&m->lock);
    m->failures_in_row = 0;
    bool is_first = p->starts++ == 0;
    p->start_seconds = seconds;
    p->last_error[0] = '\0';
    pthread_mutex_unlock(&m->lock);
    stat_add(engine_stats(m->engine), STAT_machine_starts, 1);
    if (is_first)
        manager_log(m, "vm-%u: up after %.1f s%s%s", p->index, seconds, how != NULL ? ", " : "",
                    how != NULL ? how : "");
}

static void wait_to_restart(struct place *p, uint32_t *pause_ms)
{
    struct manager *m = p->m;
    uint64_t until = manager_now_ms() + *pause_ms;

    set_state(p, MACHINE_WAITING);
    pthread_mutex_lock(&m->lock);
    while (!manager_must_stop(m) && manager_now_ms() < until)
        manager_wait(m, (uint32_t)MIN(until - manager_now_ms(), 1000u));
    pthread_mutex_unlock(&m->lock);
    *pause_ms = MIN(*pause_ms * 2, RESTART_MS_MAX);
}

/* ---- the machine check: the first machine that is up does it, the others wait ---- */

static enum status do_check(struct place *p, struct diag *dg)
{
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    const struct machine_check *check = NULL;

    manager_set_phase(m, "checking");
    enum status st = kind->check(kind->self, p->machine, &check, dg);
    if (st == ST_OK) {
        check_table_log(m, check);
        engine_set_features(m->engine, check->has_signal && m->config->cover,
                            check->has_comparisons, check->has_faults);
        manager_set_phase(m, "triage");
    }
    pthread_mutex_lock(&m->lock);
    m->is_checking = false;
    m->check = check;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    return st;
}

/* ST_OK when programs may run. */
static enum status ensure_checked(struct place *p, struct diag *dg)
{
    struct manager *m = p->m;

    set_state(p, MACHINE_CHECKING);
    pthread_mutex_lock(&m->lock);
    while (m->check == NULL && m->is_checking && !manager_must_stop(m))
        manager_wait(m, 1000);
    bool is_mine = m->check == NULL && !manager_must_stop(m);
    if (is_mine)
        m->is_checking = true;
    pthread_mutex_unlock(&m->lock);
    return is_mine ? do_check(p, dg) : ST_OK;
}

/* ---- one life of a machine ---- */

/* Watches a running machine until it has died or is no longer wanted. */
static void watch(struct place *p)
{
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    uint64_t lifetime_ms = m->config->vm_lifetime * 1000, leak_ms = m->config->leak_time * 1000;
    const uint64_t born = manager_now_ms();
    char age[DURATION_TEXT_BYTES];

    if (p->next_leaks_ms == 0)
        p->next_leaks_ms = born + leak_ms;
    while (kind->is_alive(p->machine) && !manager_must_stop(m)) {
        uint64_t started = manager_now_ms(), uptime = kind->uptime_ms(p->machine);
        pthread_mutex_lock(&m->lock);
        bool is_over = p->is_wanted || p->workers == 0;
        if (!is_over)
            manager_wait(m, WATCH_MS);
        pthread_mutex_unlock(&m->lock);
        if (is_over)
            return;
        if (lifetime_ms != 0 && uptime >= lifetime_ms) {
            duration_text(uptime, age, sizeof(age));
            manager_log(m, "vm-%u: running for %s, restarting", p->index, age);
            return;
        }
        if (leak_ms != 0 && kind->leaks != NULL && m->check->has_leaks &&
            started >= p->next_leaks_ms && started - born >= MIN(leak_ms, LEAK_LIFE_MS) &&
            engine_is_triaged(m->engine)) {
            uint64_t begin = manager_now_ms();
            if (crew_pause(p)) {
                set_state(p, MACHINE_LEAKS);
                judge_leaks(p);
                set_state(p, MACHINE_RUNNING);
            }
            crew_resume(p);
            /* A search that takes long comes seldom: at most a tenth of the time. */
            uint64_t took = manager_now_ms() - begin;
            p->next_leaks_ms = manager_now_ms() + MAX(leak_ms, took * 9);
        }
    }
}

static void live(struct place *p, struct diag *dg)
{
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    struct crew *crew = NULL;

    if (ensure_checked(p, dg) != ST_OK) {
        note_failure(p, dg);
    } else if (!manager_must_stop(m)) {
        set_state(p, MACHINE_RUNNING);
        if (crew_start(p, &crew, dg) != ST_OK) {
            note_failure(p, dg);
        } else {
            watch(p);
            bool has_died = !kind->is_alive(p->machine);
            crew_end(crew);
            if (has_died && !manager_must_stop(m))
                judge_machine(p);
        }
    }
    pthread_mutex_lock(&m->lock);
    void *machine = p->machine;
    p->machine = NULL;
    set_state_locked(p, MACHINE_OFFLINE);
    pthread_mutex_unlock(&m->lock);
    kind->stop(machine);
}

/* The place is lent until the reproduction gives it back. */
static void lend(struct place *p)
{
    struct manager *m = p->m;

    pthread_mutex_lock(&m->lock);
    if (p->is_wanted)
        set_state_locked(p, MACHINE_LENT);
    while (p->is_wanted) /* also while stopping: the reproduction has machines there */
        manager_wait(m, 1000);
    set_state_locked(p, MACHINE_OFFLINE);
    pthread_mutex_unlock(&m->lock);
}

static void *keep_place(void *arg)
{
    struct place *p = arg;
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    const uint32_t first_pause = m->options.restart_ms != 0 ? m->options.restart_ms : RESTART_MS;
    uint32_t pause_ms = first_pause;

    while (!manager_must_stop(m)) {
        struct diag dg = {0};
        void *machine = NULL;
        lend(p);
        if (manager_must_stop(m))
            break;
        set_state(p, MACHINE_BOOTING);
        if (kind->start(kind->self, p->index, &machine, &dg) != ST_OK) {
            if (manager_must_stop(m))
                break;
            note_failure(p, &dg);
            wait_to_restart(p, &pause_ms);
            continue;
        }
        pthread_mutex_lock(&m->lock);
        p->machine = machine;
        pthread_mutex_unlock(&m->lock);
        note_success(p);
        pause_ms = first_pause;
        live(p, &dg);
    }
    lend(p); /* a reproduction that took the place before the end */
    set_state(p, MACHINE_OFFLINE);
    return NULL;
}

enum status fleet_start(struct manager *m, struct diag *dg)
{
    for (uint32_t i = 0; i < m->place_count; i++) {
        struct place *p = &m->places[i];
        if (pthread_create(&p->thread, NULL, keep_place, p) != 0)
            return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the thread of machine %u", i);
        p->has_thread = true;
    }
    return ST_OK;
}

void fleet_join(struct manager *m)
{
    for (uint32_t i = 0; i < m->place_count; i++)
        if (m->places[i].has_thread)
            pthread_join(m->places[i].thread, NULL);
}
