/* smash: deeper work on a new input: mutations, compared values, failing allocations. Each is done
 * in small units, one input after the other. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/engine_int.h"

bool work_smash(struct worker *w, struct job *job)
{
    const struct target *t = w->engine->options.target;
    const struct run_plan plan = {.stat = STAT_exec_smash, .flags = RUN_SIGNAL, .seek = true};

    for (uint32_t i = 0; i < SMASH_UNIT && job->done < SMASH_MUTATIONS && !w->has_failed; i++) {
        const struct arena_mark mark = arena_mark(&w->arena);
        struct outcome out;
        struct input *in = t->mutate(t->self, &w->maker, job->text);
        job->done++; /* before it runs: what kills the machine is not tried again */
        if (in != NULL)
            worker_run(w, in, &plan, &out, NULL);
        arena_release(&w->arena, mark);
    }
    return job->done >= SMASH_MUTATIONS;
}

/* When a call has no allocation left that could fail, the one before it is next: what it leaves
 * half done is met by the calls behind it. True when there is none. */
static bool next_part(struct job *job)
{
    if (job->parts[0].part == 0)
        return true;
    job->parts[0].part--;
    job->done = 0;
    return false;
}

bool work_faults(struct worker *w, struct job *job)
{
    const struct target *t = w->engine->options.target;
    const struct run_plan plan = {.stat = STAT_exec_fault};
    const uint32_t part = job->parts[0].part;
    bool is_off;
    struct input *in = worker_parse(w, job->text, &is_off);

    if (in == NULL || t->with_fault == NULL || part >= in->parts)
        return true;
    for (uint32_t i = 0; i < FAULTS_UNIT && job->done < FAULTS_MAX && !w->has_failed; i++) {
        const struct arena_mark mark = arena_mark(&w->arena);
        struct outcome out;
        job->done++;
        struct input *failing = t->with_fault(t->self, &w->maker, in, part, job->done);
        const bool has_run = failing != NULL && worker_run(w, failing, &plan, &out, NULL);
        const bool was_injected = has_run && outcome_part(&out, part)->flags & PART_FAULT;
        arena_release(&w->arena, mark);
        if (!was_injected && !w->has_failed)
            return next_part(job); /* it makes no more allocations than that */
    }
    return job->done >= FAULTS_MAX && next_part(job);
}
