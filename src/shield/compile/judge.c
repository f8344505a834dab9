/* judge: see judge.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/judge.h"

#include "base/mem.h"
#include "shield/compile/policy.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/sysinfo.h>

#define JUDGE_ARENA_BYTES_MAX ((size_t)1 << 30) /* of one thread */

struct trial {
    const struct image *image;
    const struct wm_module *wm;
    const uint8_t *bytes;
    struct arena arena;
    struct sfi_policy policy;
    struct sfi_image what;
    _Atomic uint32_t next;   /* function to judge */
    _Atomic uint32_t lowest; /* that is refused; all below it are still judged */
};

struct juror {
    struct trial *trial;
    pthread_t thread;
    struct arena arena;
    uint32_t func;      /* that is being judged */
    enum status status; /* of the lowest function this one has refused */
    uint32_t refused;
    struct diag dg;
};

static void lower(_Atomic uint32_t *lowest, uint32_t func)
{
    uint32_t now = atomic_load(lowest);

    while (func < now && !atomic_compare_exchange_weak(lowest, &now, func))
        ;
}

static enum status judge_functions(void *ctx, struct diag *dg)
{
    struct juror *j = ctx;
    struct trial *t = j->trial;
    struct sfi_worker *w = sfi_worker_new(&j->arena, &t->policy, &t->what);

    for (;;) {
        j->func = atomic_fetch_add(&t->next, 1);
        if (j->func >= t->what.function_count || j->func > atomic_load(&t->lowest))
            return ST_OK;
        TRY(sfi_judge(w, j->func, dg));
    }
}

static void *sit(void *arg)
{
    struct juror *j = arg;

    arena_init(&j->arena, JUDGE_ARENA_BYTES_MAX);
    j->status = arena_guard(&j->arena, judge_functions, j, &j->dg);
    j->refused = j->func;
    if (j->status != ST_OK)
        lower(&j->trial->lowest, j->func);
    arena_free(&j->arena);
    return NULL;
}

/* Asking for the processors reads a file: done only where a second thread is of use. */
static uint32_t juror_count(const struct image *image)
{
    static const uint32_t most = JUDGE_THREADS_MAX;
    const uint32_t useful = MIN(most, image->text_bytes / JUDGE_THREAD_TEXT_BYTES + 1);
    const uint32_t processors = useful > 1 ? (uint32_t)get_nprocs() : 1;

    return MAX(MIN(useful, processors), 1);
}

/* A thread that the host refuses is done without: functions that nobody has judged are left to the
 * others, and this thread is one of them. */
static enum status hold(struct trial *t, struct diag *dg)
{
    const uint32_t count = juror_count(t->image);
    struct juror *jurors = mem_alloc(count, sizeof(*jurors));
    const struct juror *first = NULL;
    uint32_t started = 1;

    if (jurors == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "to verify machine code");
    for (uint32_t i = 0; i < count; i++)
        jurors[i].trial = t;
    while (started < count &&
           pthread_create(&jurors[started].thread, NULL, sit, &jurors[started]) == 0)
        started++;
    sit(&jurors[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(jurors[i].thread, NULL);
    for (uint32_t i = 0; i < started; i++)
        if (jurors[i].status != ST_OK && (first == NULL || jurors[i].refused < first->refused))
            first = &jurors[i];
    enum status st = first != NULL ? first->status : ST_OK;
    if (first != NULL && dg != NULL)
        *dg = first->dg;
    CHECK(st != ST_OK || atomic_load(&t->next) >= t->what.function_count,
          "every function has been judged");
    mem_free(jurors);
    return diag_in(dg, st, "the machine code of the module");
}

static enum status prepare(void *ctx, struct diag *dg)
{
    struct trial *t = ctx;
    const struct image *image = t->image;
    struct layout layout;

    TRY(layout_compute(&image->identity.shape, &layout));
    policy_make(t->wm, &layout, image->memory_plans, &t->arena, &t->policy);
    struct sfi_function *functions = arena_new(&t->arena, struct sfi_function, image->func_count);
    for (uint32_t i = 0; i < image->func_count; i++)
        functions[i] = (struct sfi_function){image->funcs[i].offset, image->funcs[i].size};
    t->what = (struct sfi_image){
        .bytes = t->bytes,
        .size = image_pool_offset(image) + image->pool_bytes,
        .data_offset = image_pool_offset(image),
        .data_size = image->pool_bytes,
        .functions = functions,
        .function_count = image->func_count,
    };
    return sfi_check_setup(&t->policy, &t->what, dg);
}

enum status judge_image(const struct image *image, const struct wm_module *wm,
                        const uint8_t *bytes, struct diag *dg)
{
    struct trial t = {.image = image, .wm = wm, .bytes = bytes, .lowest = UINT32_MAX};

    arena_init(&t.arena, JUDGE_ARENA_BYTES_MAX);
    enum status st = arena_guard(&t.arena, prepare, &t, dg);
    if (st == ST_OK)
        st = hold(&t, dg);
    arena_free(&t.arena);
    return st;
}
