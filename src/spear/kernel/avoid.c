/* avoid: a bug that every other program runs into keeps machines from all deeper ones. Once such a
 * crash has a reproducer, programs that have all of its calls lose the last of them; a few keep
 * it, for what lies behind. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/target_int.h"

#include <string.h>

enum { AVOID_ALLOWED_OF = 32 }; /* one program of so many may */

/* Commands and the like: what makes an ioctl this ioctl, whatever variant it was generated as. */
static bool is_fixed(const struct syz_step *step, uint32_t i)
{
    return step->call->args[i].type->kind == SYZ_CONST && step->args[i]->kind == SYZ_ARG_CONST;
}

static bool is_call(const struct syz_step *step, const struct avoided_call *a)
{
    if (step->call->number != a->number || (a->number < 0 && step->call->id != a->id) ||
        step->call->arg_count < a->arg_count)
        return false;
    for (uint32_t i = 0; i < a->arg_count; i++)
        if (a->is_fixed[i] &&
            (step->args[i]->kind != SYZ_ARG_CONST || step->args[i]->value != a->values[i]))
            return false;
    return true;
}

static bool has_call(const struct syz_prog *p, const struct avoided_call *a)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (is_call(&p->steps[i], a))
            return true;
    return false;
}

static bool has_all(const struct syz_prog *p, const struct avoided *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (!has_call(p, &a->calls[i]))
            return false;
    return true;
}

void kernel_avoid_strip(struct kernel_target *k, struct syz_prog *p, struct rng *r)
{
    uint32_t count = atomic_load_explicit(&k->avoided_count, memory_order_acquire);

    if (count == 0 || rng_chance(r, 1, AVOID_ALLOWED_OF))
        return;
    for (uint32_t a = 0; a < count; a++) {
        const struct avoided *avoided = &k->avoided[a];
        if (!has_all(p, avoided))
            continue;
        for (uint32_t i = p->count; i-- > 0;)
            if (is_call(&p->steps[i], &avoided->calls[avoided->count - 1]))
                syz_prog_remove(p, i);
    }
}

struct avoid_job {
    struct kernel_target *k;
    struct arena arena;
    struct str text;
    struct avoided found;
};

static enum status read_calls(void *ctx, struct diag *dg)
{
    struct avoid_job *job = ctx;
    struct syz_prog *p = NULL;

    TRY(syz_prog_parse(&job->arena, job->k->syz, job->text, SYZ_REPAIR, &p, dg));
    for (uint32_t i = 0; i < p->count && i < SYZ_CALLS_MAX; i++) {
        const struct syz_step *step = &p->steps[i];
        struct avoided_call *a = &job->found.calls[job->found.count++];
        a->number = step->call->number;
        a->id = step->call->id;
        a->arg_count = step->call->arg_count;
        for (uint32_t k = 0; k < a->arg_count; k++) {
            a->is_fixed[k] = is_fixed(step, k);
            a->values[k] = a->is_fixed[k] ? step->args[k]->value : 0;
        }
    }
    return ST_OK;
}

const char *kernel_avoid(struct kernel_target *k, struct str reproducer)
{
    struct avoid_job job;

    memset(&job, 0, sizeof(job)); /* padding too: it is compared as bytes */
    job.k = k;
    job.text = reproducer;
    struct diag dg = {0};

    arena_init(&job.arena, KERNEL_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, read_calls, &job, &dg);
    arena_free(&job.arena);
    if (st != ST_OK || job.found.count == 0)
        return NULL;
    const char *name = k->names[job.found.calls[job.found.count - 1].id];
    pthread_mutex_lock(&k->lock);
    uint32_t count = atomic_load(&k->avoided_count);
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&k->avoided[i], &job.found, sizeof(job.found)) == 0)
            name = NULL;
    if (count == KERNEL_AVOIDED_MAX)
        name = NULL;
    if (name != NULL) {
        k->avoided[count] = job.found;
        atomic_store_explicit(&k->avoided_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&k->lock);
    return name;
}
