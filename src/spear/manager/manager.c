/* manager: opening, the main loop, closing. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/manager.h"

#include "base/mem.h"
#include "base/rng.h"
#include "io/file.h"
#include "spear/manager/manager_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 500,
    DISK_RESERVE_BYTES = 64 << 20, /* less left on the disk is told */
};

uint64_t manager_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void manager_wait(struct manager *m, uint32_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&m->changed, &m->lock, &until);
}

void manager_set_phase(struct manager *m, const char *phase)
{
    pthread_mutex_lock(&m->lock);
    m->phase = phase;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
}

void manager_log(struct manager *m, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    log_line(m->log, fmt, ap);
    va_end(ap);
}

static void log_from_below(void *ctx, const char *line)
{
    manager_log(ctx, "%s", line);
}

static bool is_ignored(void *ctx, struct str line)
{
    struct manager *m = ctx;
    return filter_match(&m->filters.ignores, line) != NULL;
}

/* ---- opening ---- */

/* One manager per work directory: two would write over each other's corpus. */
static enum status lock_workdir(struct manager *m, struct diag *dg)
{
    char path[FILE_PATH_MAX];

    if (m->config->workdir[0] == '\0')
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "workdir: expected a folder for the corpus and crashes, found nothing; "
                         "give --workdir or the key");
    TRY(file_make_dirs(m->config->workdir, dg));
    snprintf(path, sizeof(path), "%s/lock", m->config->workdir);
    m->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m->lock_fd < 0)
        return file_fail(dg, errno, "%s", path);
    if (flock(m->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "%s: another mujun fuzzes with this work directory; end it, or give "
                         "another --workdir",
                         m->config->workdir);
    return ST_OK;
}

static enum status open_engine(struct manager *m, struct diag *dg)
{
    const struct engine_options options = {
        .target = m->parts.target,
        .work_dir = m->config->workdir,
        .seed = m->seed,
        .level = (enum engine_level)m->config->level,
        .has_signal_feedback = m->config->cover,
        .collide = true,
        .corpus_max = (uint32_t)m->config->max_corpus,
        .log = log_from_below,
        .ctx = m,
    };
    const struct crash_limits limits = {
        .logs_max = (uint32_t)m->config->max_crash_logs,
        .log_bytes = m->config->max_crash_size,
        .all_bytes = m->config->max_disk,
    };

    TRY(engine_open(&options, &m->engine, dg));
    TRY(crash_store_open(m->config->workdir, &limits, &m->crashes, dg));
    TRY(repro_queue_open(&m->repros, dg));
    manager_log(m, "seed %ju", (uintmax_t)m->seed);
    manager_log(m, "loading corpus...");
    TRY(engine_load_corpus(m->engine, &m->corpus_loaded, dg));
    return seeds_load(m, dg);
}

static enum status open_places(struct manager *m, struct diag *dg)
{
    m->place_count = (uint32_t)m->config->vm_count;
    m->places = mem_alloc(m->place_count, sizeof(*m->places));
    if (m->places == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "%u machines", m->place_count);
    for (uint32_t i = 0; i < m->place_count; i++) {
        m->places[i].m = m;
        m->places[i].index = i;
        m->places[i].state_ms = manager_now_ms();
    }
    return ST_OK;
}

static enum status manager_new(const struct manager_options *options, struct manager **out,
                               struct diag *dg)
{
    struct manager *m = mem_alloc(1, sizeof(*m));
    pthread_condattr_t attr;

    if (m == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a manager");
    m->options = *options;
    m->config = options->config;
    m->lock_fd = -1;
    m->phase = "loading";
    m->seed = m->config->seed;
    if (m->seed == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        m->seed = ((uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec) % 1000000000 + 1;
    }
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &attr);
    pthread_condattr_destroy(&attr);
    m->log = log_new(options->log, options->ctx);
    *out = m;
    return m->log != NULL ? ST_OK : diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a log");
}

static enum status open_all(struct manager *m, struct diag *dg)
{
    TRY(filters_compile(&m->filters, m->config, dg));
    TRY(lock_workdir(m, dg));
    if (m->parts.target == NULL)
        TRY(manager_linux(&m->options, is_ignored, log_from_below, m, &m->parts, dg));
    TRY(open_places(m, dg));
    return open_engine(m, dg);
}

enum status manager_open_parts(const struct manager_options *options,
                               const struct manager_parts *parts, struct manager **out,
                               struct diag *dg)
{
    struct manager *m = NULL;
    enum status st = manager_new(options, &m, dg);

    if (m != NULL && parts != NULL)
        m->parts = *parts;
    if (st == ST_OK)
        st = open_all(m, dg);
    if (st != ST_OK) {
        manager_close(m);
        return st;
    }
    *out = m;
    return ST_OK;
}

enum status manager_open(const struct manager_options *options, struct manager **out,
                         struct diag *dg)
{
    return manager_open_parts(options, NULL, out, dg);
}

void manager_close(struct manager *m)
{
    if (m == NULL)
        return;
    engine_close(m->engine);
    crash_store_close(m->crashes);
    repro_queue_close(m->repros);
    if (m->parts.close != NULL)
        m->parts.close(m->parts.self);
    filters_free(&m->filters);
    mem_free(m->places);
    if (m->lock_fd >= 0)
        close(m->lock_fd);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    log_free(m->log);
    mem_free(m);
}

/* ---- the main loop ---- */

static void publish(struct manager *m)
{
    struct stats *s = engine_stats(m->engine);
    uint32_t waiting = 0, running = 0, machines = 0;

    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < m->place_count; i++)
        machines += m->places[i].state == MACHINE_RUNNING || m->places[i].state == MACHINE_LEAKS;
    pthread_mutex_unlock(&m->lock);
    repro_queue_counts(m->repros, &waiting, &running);
    stat_set(s, STAT_machines, machines);
    stat_set(s, STAT_crash_titles, crash_count(m->crashes));
    stat_set(s, STAT_repro_queue, waiting);
    stat_set(s, STAT_reproducing, running);
    /* What the workers did that was not running programs. */
    uint64_t running_ns = stat_get(s, STAT_guest_total_ns) + stat_get(s, STAT_transport_ns);
    uint64_t step_ns = atomic_load(&m->step_ns);
    stat_set(s, STAT_host_ns, step_ns - MIN(step_ns, running_ns));
}

static void status_line(struct manager *m)
{
    const struct stats *s = engine_stats(m->engine);

    manager_log(m, "VMs %ju, executed %ju, cover %zu, crashes %ju, repro %ju",
                (uintmax_t)stat_get(s, STAT_machines), (uintmax_t)stat_get(s, STAT_exec_total),
                engine_cover_count(m->engine), (uintmax_t)stat_get(s, STAT_crashes),
                (uintmax_t)stat_get(s, STAT_repro));
}

static uint64_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &total, &resident) != 2) // NOLINT(cert-err34-c): the kernel's numbers
        resident = 0;
    fclose(f);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Trouble that fuzzing survives; each is told once a minute. */
static void look_after_limits(struct manager *m, uint64_t now)
{
    uint64_t resident = resident_bytes();

    if (file_space_left(m->config->workdir) < DISK_RESERVE_BYTES &&
        log_nag_due(&m->disk_nag, now, NAG_SECONDS * 1000))
        manager_log(m,
                    "the disk of %s is nearly full: fuzzing goes on, but what is found may not "
                    "be kept",
                    m->config->workdir);
    if (resident > m->config->max_memory && log_nag_due(&m->memory_nag, now, NAG_SECONDS * 1000)) {
        manager_log(m, "mujun holds %ju MiB, more than max_memory: the corpus is made smaller",
                    (uintmax_t)(resident >> 20));
        engine_minimise_corpus(m->engine);
    }
}

/* Says once that everything from earlier runs has been seen to. */
static void note_triage(struct manager *m)
{
    if (strcmp(m->phase, "triage") != 0 || !engine_is_triaged(m->engine))
        return;
    size_t kept = engine_corpus_count(m->engine);
    manager_log(m, "corpus                  : %zu (%zu deleted)", kept,
                m->corpus_loaded > kept ? m->corpus_loaded - kept : 0);
    manager_set_phase(m, "fuzzing");
    if (m->options.limits_after_triage)
        m->bench_from = bench_now(engine_stats(m->engine), manager_now_ms());
}

static bool limit_reached(const struct manager *m, uint64_t now)
{
    const struct manager_options *o = &m->options;
    const struct bench_moment *from = &m->bench_from;
    uint64_t executed = stat_get(engine_stats(m->engine), STAT_exec_total);

    if (o->limits_after_triage && strcmp(m->phase, "fuzzing") != 0)
        return false;
    /* Sums, no differences: the limits may begin a moment after now. */
    return (o->exec_limit != 0 && executed >= from->stats[STAT_exec_total] + o->exec_limit) ||
           (o->time_limit_s != 0 && now >= from->ms + o->time_limit_s * 1000);
}

struct bench_numbers manager_bench(const struct manager *m)
{
    return bench_between(&m->bench_from, &m->bench_to);
}

static void serve(struct manager *m)
{
    uint64_t next_line = m->start_ms + STATUS_SECONDS * 1000;
    uint64_t next_minimise = m->start_ms + MINIMISE_SECONDS * 1000;

    while (!manager_must_stop(m)) {
        uint64_t now = manager_now_ms();
        publish(m);
        note_triage(m);
        if (limit_reached(m, now))
            break;
        if (now >= next_line) {
            status_line(m);
            look_after_limits(m, now);
            next_line += STATUS_SECONDS * 1000;
        }
        if (now >= next_minimise) {
            if (engine_is_triaged(m->engine))
                engine_minimise_corpus(m->engine);
            next_minimise = now + MINIMISE_SECONDS * 1000;
        }
        reproduce_dispatch(m);
        pthread_mutex_lock(&m->lock);
        if (!manager_must_stop(m))
            manager_wait(m, TICK_MS);
        pthread_mutex_unlock(&m->lock);
    }
}

/* Whoever waits for an answer of a machine, a search for leaks perhaps, gets none any more. */
static void close_machines(struct manager *m)
{
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < m->place_count; i++)
        if (m->places[i].machine != NULL)
            m->parts.machines->close(m->places[i].machine);
    pthread_mutex_unlock(&m->lock);
}

static void end_all(struct manager *m)
{
    manager_set_phase(m, "stopping");
    atomic_store(&m->is_stopping, true);
    __atomic_store_n(&m->repro_stop, true, __ATOMIC_RELAXED);
    pthread_mutex_lock(&m->lock);
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    if (m->parts.machines->interrupt != NULL)
        m->parts.machines->interrupt(m->parts.machines->self);
    close_machines(m);
    fleet_join(m);
    pthread_mutex_lock(&m->lock);
    while (m->repro_threads != 0)
        manager_wait(m, 1000);
    pthread_mutex_unlock(&m->lock);
}

enum status manager_run(struct manager *m, struct diag *dg)
{
    m->start_ms = manager_now_ms();
    m->start_s = (uint64_t)time(NULL);
    m->bench_from = bench_now(engine_stats(m->engine), m->start_ms);
    manager_log(m, "booting test machines...");
    manager_set_phase(m, "booting");
    manager_log(m, "wait for the connection from test machine...");
    reproduce_earlier(m);
    enum status st = fleet_start(m, dg);
    if (st == ST_OK)
        serve(m);
    publish(m);
    m->bench_to = bench_now(engine_stats(m->engine), manager_now_ms());
    end_all(m);
    publish(m);
    status_line(m);
    if (st == ST_OK && m->has_failed) {
        *dg = m->failure;
        st = m->failure.status;
    }
    return st;
}

void manager_stop(struct manager *m)
{
    atomic_store(&m->is_stopping, true); /* all who wait look again within a second */
}

void manager_kernel(const struct manager *m, const char **vmlinux, const char **source_dir)
{
    *vmlinux = m->parts.vmlinux;
    *source_dir = m->parts.source_dir;
}

struct engine *manager_engine(const struct manager *m)
{
    return m->engine;
}

struct crash_store *manager_crashes(const struct manager *m)
{
    return m->crashes;
}
