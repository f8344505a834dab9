/* sfi_module: a real module compiled, with the policy and the image that the verifier judges, in
 * memory of ours that may be altered. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SFI_MODULE_H
#define TESTS_UNIT_SFI_MODULE_H

#include "shield/compile/memory_plan.h"
#include "shield/compile/pipeline.h"
#include "shield/compile/policy.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "suites.h"

enum { SFI_MODULE_ARENA_BYTES = 1 << 30 };

struct sfi_module {
    struct arena arena; /* holds all of it but the image */
    struct wm_module wm;
    struct image *compiled;
    struct layout layout;
    struct sfi_policy policy;
    struct sfi_image image;
    uint8_t *bytes; /* of image, not const: to be altered */
};

struct sfi_module_job {
    struct sfi_module *module;
    struct str wasm;
    bool optimise;
    bool is_baseline; /* for a processor with SSE2 and nothing more */
};

static inline enum status sfi_module_make(void *ctx, struct diag *dg)
{
    const struct sfi_module_job *job = ctx;
    struct sfi_module *m = job->module;
    struct arena *a = &m->arena;
    static const uint8_t digest[32];
    struct pipeline_options options = pipeline_options_default();

    options.optimise = job->optimise;
    options.threads = 1;
    if (job->is_baseline)
        options.features = 0;
    TRY(wm_read_module((const uint8_t *)job->wasm.text, job->wasm.size, wm_features_all(), a,
                       &m->wm, dg));
    TRY(wm_validate(&m->wm, a, dg));
    TRY(compile_module(&m->wm, digest, &options, &m->compiled, NULL, dg));
    const struct image *image = m->compiled;
    TRY(layout_compute(&image->identity.shape, &m->layout));
    policy_make(&m->wm, &m->layout, image->memory_plans, a, &m->policy);

    uint32_t pool = image_pool_offset(image), size = pool + image->pool_bytes;
    struct sfi_function *functions = arena_new(a, struct sfi_function, image->func_count);
    for (uint32_t i = 0; i < image->func_count; i++)
        functions[i] = (struct sfi_function){image->funcs[i].offset, image->funcs[i].size};
    m->bytes = arena_new(a, uint8_t, size);
    memcpy(m->bytes, image->text, image->text_bytes);
    if (image->pool_bytes != 0)
        memcpy(m->bytes + pool, image->pool, image->pool_bytes);
    m->image = (struct sfi_image){.bytes = m->bytes,
                                  .size = size,
                                  .data_offset = pool,
                                  .data_size = image->pool_bytes,
                                  .functions = functions,
                                  .function_count = image->func_count};
    return sfi_check_setup(&m->policy, &m->image, dg);
}

/* Free it with sfi_module_free() in any case. */
static inline enum status sfi_module_compile(struct sfi_module *m, struct str wasm, bool optimise,
                                             bool is_baseline, struct diag *dg)
{
    struct sfi_module_job job = {m, wasm, optimise, is_baseline};

    *m = (struct sfi_module){0};
    arena_init(&m->arena, SFI_MODULE_ARENA_BYTES);
    return arena_guard(&m->arena, sfi_module_make, &job, dg);
}

static inline void sfi_module_free(struct sfi_module *m)
{
    image_release(m->compiled);
    arena_free(&m->arena);
}

/* $MUJUN_BENCH, else ../shared/bench; NULL when there is no such folder. */
static inline const char *bench_root(void)
{
    const char *root = getenv("MUJUN_BENCH");
    if (root == NULL)
        root = "../shared/bench";
    DIR *there = opendir(root);
    if (there == NULL)
        return NULL;
    closedir(there);
    return root;
}

#endif /* TESTS_UNIT_SFI_MODULE_H */
