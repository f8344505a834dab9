/* check_table: the machine check as lines of the log: a name left, a verdict right; then why calls
 * are off, grouped by reason. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/manager_int.h"

#include <stdlib.h>
#include <string.h>

enum { REASONS_SHOWN = 12, REASON_COLUMNS = 100 };

static int by_verdict(const void *a, const void *b)
{
    const struct check_row *x = a, *y = b;
    int order = memcmp(x->verdict.text, y->verdict.text, MIN(x->verdict.size, y->verdict.size));

    return order != 0 ? order
                      : (x->verdict.size > y->verdict.size) - (x->verdict.size < y->verdict.size);
}

struct reason {
    struct str text;
    uint32_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct reason *x = a, *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

struct job {
    struct manager *m;
    const struct machine_check *check;
    struct arena arena;
};

static enum status log_reasons(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    uint32_t count = job->check->disabled_count, groups = 0, rest = 0;
    struct check_row *rows = arena_new(&job->arena, struct check_row, count);
    struct reason *reasons = arena_new(&job->arena, struct reason, count);

    (void)dg;
    memcpy(rows, job->check->disabled, count * sizeof(*rows));
    qsort(rows, count, sizeof(*rows), by_verdict);
    for (uint32_t i = 0; i < count; i++) {
        if (groups == 0 || !str_equal(reasons[groups - 1].text, rows[i].verdict))
            reasons[groups++].text = rows[i].verdict;
        reasons[groups - 1].count++;
    }
    qsort(reasons, groups, sizeof(*reasons), by_count);
    for (uint32_t i = 0; i < groups; i++) {
        if (i >= REASONS_SHOWN)
            rest += reasons[i].count;
        else
            manager_log(job->m, "%6u calls off: %.*s", reasons[i].count,
                        (int)MIN(reasons[i].text.size, (size_t)REASON_COLUMNS),
                        reasons[i].text.text);
    }
    if (rest != 0)
        manager_log(job->m, "%6u calls off for %u other reasons", rest, groups - REASONS_SHOWN);
    return ST_OK;
}

void check_table_log(struct manager *m, const struct machine_check *check)
{
    struct job job = {.m = m, .check = check};
    struct diag dg = {0};

    manager_log(m, "machine check:%s",
                check->is_cached ? " (calls as an earlier run found them)" : "");
    for (uint32_t i = 0; i < check->row_count; i++)
        manager_log(m, "%-24.*s: %.*s", (int)check->rows[i].name.size, check->rows[i].name.text,
                    (int)check->rows[i].verdict.size, check->rows[i].verdict.text);
    arena_init(&job.arena, MANAGER_ARENA_BYTES);
    if (check->disabled_count != 0 && arena_guard(&job.arena, log_reasons, &job, &dg) != ST_OK)
        manager_log(m, "%u calls are off", check->disabled_count);
    arena_free(&job.arena);
    if (!check->has_signal)
        manager_log(m,
                    "this kernel has no code coverage: fuzzing runs on errors of calls as signal, "
                    "which finds less; `mujun kernel build` makes one that has");
}
