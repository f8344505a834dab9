/* status: see status.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/status.h"

#include "spear/manager/manager_int.h"

#include <string.h>

static struct status_machine machine_of(const struct place *p, uint64_t now_ms)
{
    const struct machine_kind *kind = p->m->parts.machines;

    return (struct status_machine){
        .index = p->index,
        .state = p->state,
        .state_s = (now_ms - MIN(now_ms, p->state_ms)) / 1000,
        .uptime_s = p->machine != NULL ? kind->uptime_ms(p->machine) / 1000 : 0,
        .start_seconds = p->start_seconds,
        .starts = p->starts,
        .crashes = p->crashes,
    };
}

static void copy_machines(struct manager *m, struct arena *a, struct status_snapshot *out)
{
    struct status_machine *rows = arena_new(a, struct status_machine, m->place_count);
    char *errors = arena_new(a, char, (size_t)m->place_count *DIAG_TEXT_MAX);
    uint64_t now = manager_now_ms();

    /* Nothing is allocated under the lock: an arena may unwind. */
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < m->place_count; i++) {
        char *error = errors + (size_t)i * DIAG_TEXT_MAX;
        rows[i] = machine_of(&m->places[i], now);
        memcpy(error, m->places[i].last_error, DIAG_TEXT_MAX);
        rows[i].last_error = (struct str){error, strnlen(error, DIAG_TEXT_MAX)};
    }
    out->phase = m->phase;
    out->check = m->check;
    pthread_mutex_unlock(&m->lock);
    out->machines = rows;
    out->machine_count = m->place_count;
    out->uptime_s = m->start_ms == 0 ? 0 : (now - m->start_ms) / 1000;
}

static void copy_log(struct manager *m, struct arena *a, struct status_snapshot *out)
{
    uint64_t first = 0;
    uint32_t count = 0;
    const struct str *texts = log_copy(m->log, a, &first, &count);
    struct status_line *lines = arena_new(a, struct status_line, count);

    for (uint32_t i = 0; i < count; i++)
        lines[i] = (struct status_line){first + i, texts[i]};
    out->lines = lines;
    out->line_count = count;
}

static void copy_config(struct manager *m, struct arena *a, struct status_snapshot *out)
{
    struct status_key *keys = arena_new(a, struct status_key, CONFIG_KEY_COUNT);

    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct buf b;
        buf_init(&b, a);
        config_print_value(m->config, (enum config_id)i, &b);
        keys[i] = (struct status_key){
            config_keys[i].path, config_keys[i].help, {(const char *)b.data, b.size}
        };
    }
    out->config = keys;
    out->config_count = CONFIG_KEY_COUNT;
}

void manager_snapshot(struct manager *m, struct arena *a, struct status_snapshot *out)
{
    const struct stats *s = engine_stats(m->engine);

    *out = (struct status_snapshot){
        .start_s = m->start_s,
        .name = str_of(m->config->name),
        .target = str_of(m->config->target),
        .seed = m->seed,
        .level = (uint32_t)m->config->level,
    };
    for (uint32_t i = 0; i < STAT_COUNT; i++)
        out->stats[i] = stat_get(s, (enum stat_id)i);
    copy_machines(m, a, out);
    copy_log(m, a, out);
    copy_config(m, a, out);
    out->crashes = crash_list(m->crashes, a, &out->crash_count);
    out->repros = repro_queue_rows(m->repros, a, &out->repro_count);
}
