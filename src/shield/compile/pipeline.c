/* pipeline: see pipeline.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/pipeline.h"

#include "base/mem.h"
#include "shield/codegen/codegen.h"
#include "shield/compile/inline.h"
#include "shield/compile/link.h"
#include "shield/compile/passes.h"
#include "shield/compile/policy.h"
#include "shield/compile/translate.h"
#include "shield/ir/check.h"
#include "shield/verify/ra/ra.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#define FUNC_ARENA_BYTES_MAX   ((size_t)2 << 30) /* of one thread, for one function */
#define PIECES_ARENA_BYTES_MAX ((size_t)4 << 30) /* of one thread, for finished functions */
#define IMAGE_ARENA_BYTES_MAX  ((size_t)8 << 30)

#ifdef NDEBUG
enum { CHECKED_BUILD = 0 };
#elif defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
enum { CHECKED_BUILD = 0 };
#else
enum { CHECKED_BUILD = 1 }; /* debug, asan, fuzz */
#endif

struct pipeline_options pipeline_options_default(void)
{
    return (struct pipeline_options){.optimise = true, .features = codegen_features_of_host()};
}

/* ---- one module ---- */

struct job {
    const struct wm_module *wm;
    const struct pipeline_options *options;
    struct translate_env env;
    struct codegen_options codegen;
    struct codegen_code *pieces; /* one per function; each is written by one worker */
    _Atomic uint32_t next;       /* function to compile */
    _Atomic bool has_failed;
};

struct worker {
    struct job *job;
    pthread_t thread;
    struct arena work, pieces, inlined; /* of the function, of all functions, of a callee */
    struct translate_scratch scratch;
    uint32_t func; /* that is being compiled */
    struct codegen_code code;
    struct pipeline_stats stats;
    enum status status;
    uint32_t failed_func;
    struct diag dg;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static enum status check(struct ir_func *f, const char *after, struct diag *dg)
{
    if (!CHECKED_BUILD)
        return ST_OK;
    return diag_in(dg, ir_check(f, dg), "the function after %s", after);
}

static void watch(const struct job *job, enum pipeline_stage stage, const struct ir_func *f)
{
    if (job->options->watch != NULL)
        job->options->watch(job->options->watch_ctx, stage, f);
}

/* Every step of one function, in order. The code is in w->work. */
static enum status compile_function(void *ctx, struct diag *dg)
{
    struct worker *w = ctx;
    const struct job *job = w->job;
    struct ir_func f;
    uint64_t start = now_ns(), end;

    ir_func_init(&f, &w->work, w->func);
    TRY(translate_function(&job->env, job->wm->func_imports + w->func, &w->scratch, &f, dg));
    TRY(check(&f, "translation", dg));
    watch(job, PIPELINE_TRANSLATED, &f);
    end = now_ns();
    w->stats.translate_ns += end - start;
    start = end;
    if (job->options->optimise) {
        TRY(inline_calls(&job->env, &w->scratch, &w->inlined, &f, dg));
        TRY(check(&f, "inlining", dg));
    }
    const struct passes_options passes = {.optimise = job->options->optimise,
                                          .check = CHECKED_BUILD};
    TRY(passes_run(&f, &passes, dg));
    if (job->options->optimise)
        watch(job, PIPELINE_OPTIMISED, &f);
    end = now_ns();
    w->stats.opt_ns += end - start;
    start = end;
    TRY(codegen_function(&f, &job->codegen, &w->code, dg));
    w->stats.codegen_ns += now_ns() - start;
    return ST_OK;
}

static enum status compile_and_keep(void *ctx, struct diag *dg)
{
    struct worker *w = ctx;

    TRY(arena_guard(&w->work, compile_function, w, dg));
    link_copy(&w->code, &w->pieces, &w->job->pieces[w->func]);
    return ST_OK;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct job *job = w->job;

    while (w->status == ST_OK) {
        w->func = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
        if (w->func >= job->wm->code_count ||
            atomic_load_explicit(&job->has_failed, memory_order_relaxed))
            break;
        const struct arena_mark mark = arena_mark(&w->work);
        w->status = arena_guard(&w->pieces, compile_and_keep, w, &w->dg);
        w->failed_func = w->func;
        w->stats.arena_bytes_max = MAX(w->stats.arena_bytes_max, w->work.used_bytes);
        arena_release(&w->work, mark);
    }
    if (w->status != ST_OK)
        atomic_store_explicit(&job->has_failed, true, memory_order_relaxed);
    return NULL;
}

/* ---- threads ---- */

static uint32_t thread_count(const struct job *job)
{
    uint64_t bytes = 0;
    uint32_t most = job->options->threads;

    for (uint32_t i = 0; i < job->wm->code_count; i++)
        bytes += job->wm->codes[i].body.size;
    if (most == 0)
        most = (uint32_t)MAX(get_nprocs(), 1);
    most = (uint32_t)MIN(most, MIN(bytes / COMPILE_THREAD_CODE_BYTES + 1, COMPILE_THREADS_MAX));
    return MAX(MIN(most, job->wm->code_count), 1u);
}

static void worker_init(struct worker *w, struct job *job)
{
    w->job = job;
    arena_init(&w->work, FUNC_ARENA_BYTES_MAX);
    arena_init(&w->pieces, PIECES_ARENA_BYTES_MAX);
    arena_init(&w->inlined, FUNC_ARENA_BYTES_MAX);
    translate_scratch_init(&w->scratch);
}

static void worker_free(struct worker *w)
{
    translate_scratch_free(&w->scratch);
    arena_free(&w->inlined);
    arena_free(&w->pieces);
    arena_free(&w->work);
}

/* The first worker is this thread; a thread that the host refuses is done without. */
static void run_workers(struct worker *workers, uint32_t count)
{
    uint32_t started = 1;

    while (started < count && pthread_create(&workers[started].thread, NULL, work,
                                             &workers[started]) == 0)
        started++;
    work(&workers[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
}

/* The failure of the lowest function, so that the message does not depend on threads... as far as
 * they got. */
static enum status join_results(const struct job *job, const struct worker *workers,
                                uint32_t count, struct pipeline_stats *stats, struct diag *dg)
{
    const struct worker *failed = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct worker *w = &workers[i];
        if (w->status != ST_OK && (failed == NULL || w->failed_func < failed->failed_func))
            failed = w;
        if (stats == NULL)
            continue;
        stats->translate_ns += w->stats.translate_ns;
        stats->opt_ns += w->stats.opt_ns;
        stats->codegen_ns += w->stats.codegen_ns;
        stats->arena_bytes_max = MAX(stats->arena_bytes_max, w->stats.arena_bytes_max);
    }
    if (failed == NULL)
        return ST_OK;
    if (dg != NULL)
        *dg = failed->dg;
    return diag_in(dg, failed->status, "function #%u",
                   job->wm->func_imports + failed->failed_func);
}

/* ---- the whole ---- */

_Static_assert(MEMORY_TOP_BYTES >= IR_GUEST_TOP_BYTES, "what front ends promise to the middle end");

/* The plan that this declaration allows on a host that grants what runtime/memory.c asks for. */
static enum memory_plan declared_plan(const struct wm_memory *m)
{
    const uint64_t reserve_max = (uint64_t)64 << 30; /* RESERVE_64_MAX of runtime/memory.c */
    const uint64_t max_bytes = !m->limits.has_max                             ? UINT64_MAX
                               : m->limits.max > UINT64_MAX >> m->page_log2 ? UINT64_MAX
                                                                    : m->limits.max << m->page_log2;
    const struct memory_facts facts = {
        .min_bytes = m->limits.min << m->page_log2,
        .max_bytes = max_bytes,
        .reserved_bytes = m->limits.is_64 ? MIN(max_bytes, reserve_max) : MEMORY_STATIC_BYTES,
        .guard_bytes = m->limits.is_64 ? 0 : MEMORY_GUARD_BYTES,
        .is_64 = m->limits.is_64,
        .may_move = m->limits.is_64 && max_bytes > reserve_max && !m->is_shared,
        .page_log2 = m->page_log2,
    };
    return memory_plan_of(&facts);
}

static struct codegen_options codegen_options(const struct pipeline_options *o,
                                              const struct layout *l)
{
    return (struct codegen_options){
        .features = o->features,
        .optimise = o->optimise,
        .check_regalloc = o->check_regalloc || o->judge != NULL || CHECKED_BUILD,
        .judge = o->judge != NULL ? o->judge : ra_check,
        .sandbox = true,
        .layout = {.memory0_base = CONTEXT_OFFSET(memory0_base),
                   .overflow = CONTEXT_OFFSET(overflow),
                   .builtin_first = l->builtins,
                   .import_first = l->imports,
                   .import_bytes = IMPORT_BYTES,
                   .import_code = IMPORT_CODE,
                   .import_context = IMPORT_CONTEXT,
                   .import_record = IMPORT_RECORD,
                   .record_code = RECORD_FUNC_CODE,
                   .record_context = RECORD_FUNC_CONTEXT,
                   .record_type = RECORD_FUNC_TYPE,
                   .table_elements = RECORD_TABLE_ELEMENTS,
                   .table_size = RECORD_TABLE_SIZE,
                   .memory_base = RECORD_MEMORY_BASE,
                   .memory_size = RECORD_MEMORY_SIZE},
        .frame_probe_bytes = FRAME_PROBE_BYTES,
        .frame_bytes_max = FRAME_BYTES_MAX,
    };
}

struct module_job {
    const struct wm_module *wm;
    const struct pipeline_options *options;
    struct image *image;
    struct pipeline_stats *stats;
};

static enum status compile_guarded(void *ctx, struct diag *dg)
{
    struct module_job *m = ctx;
    struct image *image = m->image;
    const uint32_t memory_count = m->wm->memory_count;
    struct job job = {.wm = m->wm, .options = m->options};
    struct layout layout;

    TRY(layout_compute(&image->identity.shape, &layout));
    enum memory_plan *plans = arena_new(&image->arena, enum memory_plan, memory_count);
    image->memory_plans = arena_new(&image->arena, uint8_t, memory_count);
    for (uint32_t i = 0; i < memory_count; i++)
        image->memory_plans[i] = (uint8_t)(plans[i] = declared_plan(&m->wm->memories[i]));
    job.env = (struct translate_env){.wm = m->wm,
                                     .layout = &layout,
                                     .plans = plans,
                                     .metered = m->options->is_metered,
                                     .canonical_nan = m->options->canonical_nan,
                                     .locals_in_frame = !m->options->optimise};
    job.codegen = codegen_options(m->options, &layout);
    job.pieces = arena_new(&image->arena, struct codegen_code, m->wm->code_count);

    const uint32_t count = thread_count(&job);
    struct worker *workers = mem_alloc(count, sizeof(*workers));
    if (workers == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "to compile a module");
    for (uint32_t i = 0; i < count; i++)
        worker_init(&workers[i], &job);
    run_workers(workers, count);
    enum status st = join_results(&job, workers, count, m->stats, dg);
    const uint64_t start = now_ns();
    if (st == ST_OK) /* copies out of the workers' arenas */
        st = link_image(job.pieces, m->wm->code_count, image, dg);
    if (m->stats != NULL)
        m->stats->link_ns += now_ns() - start;
    for (uint32_t i = 0; i < count; i++)
        worker_free(&workers[i]);
    mem_free(workers);
    return st;
}

static uint32_t option_bits(const struct pipeline_options *o)
{
    return (o->optimise ? IMAGE_OPTIMISED : 0u) | (o->is_metered ? IMAGE_FUEL : 0u) |
           (o->canonical_nan ? IMAGE_CANONICAL_NAN : 0u);
}

enum status compile_module(const struct wm_module *wm, const uint8_t digest[32],
                           const struct pipeline_options *options, struct image **out,
                           struct pipeline_stats *stats, struct diag *dg)
{
    TRY(translate_declarations_supported(wm, dg));
    struct image *image = mem_alloc(1, sizeof(*image));
    if (image == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "to compile a module");
    arena_init(&image->arena, IMAGE_ARENA_BYTES_MAX);
    image->identity = (struct image_identity){.shape = policy_shape(wm),
                                              .options = option_bits(options),
                                              .features = options->features};
    memcpy(image->identity.wasm_digest, digest, sizeof(image->identity.wasm_digest));
    struct module_job job = {wm, options, image, stats};
    enum status st = arena_guard(&image->arena, compile_guarded, &job, dg);
    if (st != ST_OK) {
        image_release(image);
        return st;
    }
    *out = image;
    return ST_OK;
}
