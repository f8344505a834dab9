/* judge: what a dead machine, or a search for leaks, has brought: nothing, something of ours,
 * something that the configuration does not want to see, or a crash to keep.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/manager_int.h"

#include <time.h>

enum { AVOID_GAP_S = 60 }; /* between two crashes of one title that is in the way of others */

struct judging {
    struct place *p;
    struct arena arena;
    bool is_leak;
};

static void save(struct place *p, const struct machine_report *r)
{
    struct manager *m = p->m;
    struct diag dg = {0};
    bool is_new = false;
    uint32_t index = 0;

    enum status st =
        crash_save(m->crashes, r->title, r->log, r->text, r->info, &is_new, &index, &dg);
    if (st != ST_OK && log_nag_due(&m->disk_nag, manager_now_ms(), NAG_SECONDS * 1000))
        manager_log(m, "crashes are found but not kept: %s", dg.text);
}

/* A crash that comes again and again though it has a reproducer already is in the way of others. */
static void avoid_repeated(struct place *p, struct arena *a, struct str title)
{
    struct manager *m = p->m;
    struct crash_row row;
    struct str reproducer;
    struct diag dg = {0};

    if (m->parts.avoid == NULL || !crash_find(m->crashes, a, title, &row) || !row.has_repro ||
        (uint64_t)time(NULL) - row.last_time_s > AVOID_GAP_S ||
        crash_file(m->crashes, a, row.hash, "repro.prog", &reproducer, &dg) != ST_OK)
        return;
    const char *what = m->parts.avoid(m->parts.self, reproducer);
    if (what != NULL)
        manager_log(m,
                    "'%.*s' has a reproducer and keeps coming: most programs do without %s from "
                    "now on",
                    (int)title.size, title.text, what);
}

static void keep(struct place *p, struct arena *a, const struct machine_report *r)
{
    struct manager *m = p->m;
    const char *pattern = filter_match(&m->filters.suppressions, r->log);
    const char *suppressed = r->suppressed != NULL ? r->suppressed : NULL;

    if (suppressed != NULL) {
        manager_log(m, "vm-%u: no bug of the target: %.*s (%s)", p->index, (int)r->title.size,
                    r->title.text, suppressed);
        reproduce_offer(m, r->title, r->log, r->corrupted, suppressed);
        return;
    }
    if (pattern != NULL) {
        manager_log(m, "vm-%u: suppressed: %.*s (by %s)", p->index, (int)r->title.size,
                    r->title.text, pattern);
        reproduce_offer(m, r->title, r->log, r->corrupted, pattern);
        return;
    }
    manager_log(m, "vm-%u: crash: %.*s%s", p->index, (int)r->title.size, r->title.text,
                r->corrupted != NULL ? " [corrupted]" : "");
    pthread_mutex_lock(&m->lock);
    p->crashes++;
    pthread_mutex_unlock(&m->lock);
    stat_add(engine_stats(m->engine), STAT_crashes, 1);
    avoid_repeated(p, a, r->title);
    save(p, r);
    reproduce_offer(m, r->title, r->log, r->corrupted, NULL);
}

static enum status judge_guarded(void *ctx, struct diag *dg)
{
    struct judging *j = ctx;
    const struct machine_kind *kind = j->p->m->parts.machines;
    struct machine_report r = {0};

    (void)dg;
    if (j->is_leak)
        kind->leaks(j->p->machine, &j->arena, &r);
    else
        kind->report(j->p->machine, &j->arena, &r);
    if (r.title.size != 0)
        keep(j->p, &j->arena, &r);
    return ST_OK;
}

static void judge(struct place *p, bool is_leak)
{
    struct judging j = {.p = p, .is_leak = is_leak};
    struct diag dg = {0};

    arena_init(&j.arena, MANAGER_ARENA_BYTES);
    if (arena_guard(&j.arena, judge_guarded, &j, &dg) != ST_OK)
        manager_log(p->m, "vm-%u: its crash could not be looked at: %s", p->index, dg.text);
    arena_free(&j.arena);
}

void judge_machine(struct place *p)
{
    judge(p, false);
}

void judge_leaks(struct place *p)
{
    judge(p, true);
}
