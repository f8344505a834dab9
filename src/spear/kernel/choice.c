/* choice: the table of which call follows which, swapped for a better one while others use it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/kernel/target_int.h"

struct choice_box *kernel_choice_take(struct kernel_target *k)
{
    pthread_mutex_lock(&k->lock);
    struct choice_box *box = k->box;
    box->users++;
    pthread_mutex_unlock(&k->lock);
    return box;
}

void kernel_choice_give(struct kernel_target *k, struct choice_box *box)
{
    pthread_mutex_lock(&k->lock);
    bool is_last = --box->users == 0;
    pthread_mutex_unlock(&k->lock);
    if (is_last) {
        arena_free(&box->arena);
        mem_free(box);
    }
}

struct build_job {
    struct kernel_target *k;
    struct choice_box *box;
    struct arena programs; /* the corpus, parsed */
    const struct str *corpus;
    size_t count;
    const struct syz_prog **parsed;
    size_t parsed_count;
};

static enum status parse_corpus(void *ctx, struct diag *dg)
{
    struct build_job *job = ctx;

    job->parsed = arena_new(&job->programs, const struct syz_prog *, job->count);
    for (size_t i = 0; i < job->count; i++) {
        struct syz_prog *p = NULL;
        if (syz_prog_parse(&job->programs, job->k->syz, job->corpus[i], SYZ_REPAIR, &p, dg) ==
                ST_OK &&
            p->count != 0)
            job->parsed[job->parsed_count++] = p;
    }
    return ST_OK;
}

/* Level 2 knows only the calls that were captured. */
static const bool *captured_calls(struct build_job *job)
{
    struct kernel_target *k = job->k;
    bool *calls = arena_new(&job->box->arena, bool, k->syz->call_count);

    for (size_t i = 0; i < job->parsed_count; i++)
        for (uint32_t s = 0; s < job->parsed[i]->count; s++)
            calls[job->parsed[i]->steps[s].call->id] =
                k->enabled[job->parsed[i]->steps[s].call->id];
    return calls;
}

static enum status build(void *ctx, struct diag *dg)
{
    struct build_job *job = ctx;
    const bool *enabled = job->k->options.is_captured && job->parsed_count != 0
                              ? captured_calls(job)
                              : job->k->enabled;

    (void)dg;
    job->box->choice =
        syz_choice_build(&job->box->arena, job->k->syz, enabled, job->parsed, job->parsed_count);
    return ST_OK;
}

enum status kernel_choice_build(struct kernel_target *k, const struct str *corpus, size_t count,
                                struct diag *dg)
{
    struct build_job job = {.k = k, .corpus = corpus, .count = count};

    job.box = mem_alloc(1, sizeof(*job.box));
    if (job.box == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a table of calls");
    job.box->users = 1;
    arena_init(&job.box->arena, KERNEL_ARENA_BYTES);
    arena_init(&job.programs, KERNEL_ARENA_BYTES);
    enum status st = arena_guard(&job.programs, parse_corpus, &job, dg);
    if (st == ST_OK)
        st = arena_guard(&job.box->arena, build, &job, dg);
    arena_free(&job.programs);
    if (st != ST_OK) {
        kernel_choice_give(k, job.box);
        return st;
    }
    pthread_mutex_lock(&k->lock);
    struct choice_box *old = k->box;
    k->box = job.box;
    pthread_mutex_unlock(&k->lock);
    if (old != NULL)
        kernel_choice_give(k, old);
    return ST_OK;
}
