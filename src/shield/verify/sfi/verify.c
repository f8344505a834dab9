/* verify: the setup that all functions share, the worker, and the walk over a whole image.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/hints.h"

enum { WORKER_BYTES_MAX = 2000 << 20, FIELD_OFFSET_MAX = INT32_MAX };

struct sfi_worker *sfi_worker_new(struct arena *a)
{
    struct sfi_worker *w = arena_new(a, struct sfi_worker, 1);
    w->arena = a;
    sfi_state_init(&w->state, a);
    return w;
}

/* ---- the setup ----------------------------------------------------------------------------------
 */

/* Whether some byte belongs to an element of both. Exact for arrays of the same stride; else any
 * common range counts. */
static bool fields_overlap(const struct sfi_field *a, const struct sfi_field *b)
{
    uint64_t a_end = a->offset + (uint64_t)a->stride * (a->count - 1) + a->width;
    uint64_t b_end = b->offset + (uint64_t)b->stride * (b->count - 1) + b->width;
    if (a_end <= b->offset || b_end <= a->offset)
        return false;
    if (a->stride != b->stride || a->count == 1 || b->count == 1)
        return true;
    uint32_t a_at = a->offset % a->stride, b_at = b->offset % b->stride;
    uint32_t forward = (b_at + a->stride - a_at) % a->stride;
    return forward < a->width || a->stride - forward < b->width;
}

static bool is_field_sound(const struct sfi_field *f)
{
    bool is_array = f->count > 1;
    if (f->count == 0 || f->width == 0 || f->stride < f->width ||
        (uint64_t)f->offset + (uint64_t)f->stride * f->count > FIELD_OFFSET_MAX)
        return false;
    if (f->yields >= SFI_POINTER_KINDS || f->numbering > SFI_NUMBER_BASE)
        return false;
    if (f->yields == SFI_NUMBER)
        return true;
    bool is_id = f->yields == SFI_TYPE_ID || f->yields == SFI_FUNC_TYPE;
    return !f->any_width && f->width == (is_id ? 4 : 8) && (f->access & SFI_FIELD_WRITE) == 0 &&
           !(is_array && f->numbering == SFI_NUMBER_FIXED && f->yields != SFI_BUILTIN);
}

static enum status check_shapes(const struct sfi_policy *policy, struct diag *dg)
{
    for (uint32_t kind = 0; kind < SFI_POINTER_KINDS; kind++) {
        const struct sfi_shape *shape = &policy->shapes[kind];
        for (uint32_t i = 0; i < shape->count; i++) {
            if (!is_field_sound(&shape->fields[i]))
                return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                                 "verifier policy: field %u of kind %u contradicts itself", i,
                                 kind);
            for (uint32_t k = 0; k < i; k++)
                if (fields_overlap(&shape->fields[i], &shape->fields[k]))
                    return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                                     "verifier policy: fields %u and %u of kind %u overlap", k, i,
                                     kind);
        }
    }
    return ST_OK;
}

enum status sfi_check_setup(const struct sfi_policy *policy, const struct sfi_image *image,
                            struct diag *dg)
{
    uint64_t end = 0;

    TRY(check_shapes(policy, dg));
    if (policy->is_base_pinned && policy->memory_count == 0)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "verifier policy: the base of memory 0 is pinned, and there is no memory");
    if (policy->is_base_pinned && policy->memories[0].moves)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "verifier policy: the base of memory 0 is pinned, and it moves");
    if (image->size > SFI_IMAGE_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "machine code has %u bytes, %u are allowed (SFI_IMAGE_BYTES_MAX)",
                         image->size, SFI_IMAGE_BYTES_MAX);
    if (image->data_offset > image->size || image->data_size > image->size - image->data_offset)
        return diag_fail(dg, ST_INVALID, image->data_offset,
                         "read-only data leaves the image of %u bytes", image->size);
    for (uint32_t i = 0; i < image->function_count; i++) {
        const struct sfi_function *f = &image->functions[i];
        bool is_data = f->offset < image->data_offset + image->data_size &&
                       image->data_offset < f->offset + f->size;
        if (f->size == 0 || f->offset < end ||
            f->size > image->size - MIN(f->offset, image->size) || is_data)
            return diag_fail(
                dg, ST_INVALID, f->offset,
                "function #%u of %u bytes is empty, out of order, or not in the image's "
                "code",
                i, f->size);
        end = (uint64_t)f->offset + f->size;
    }
    return ST_OK;
}

/* ---- all functions ------------------------------------------------------------------------------
 */

struct job {
    const struct sfi_policy *policy;
    const struct sfi_image *image;
    struct arena *arena;
};

static enum status verify_all(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct sfi_worker *w = sfi_worker_new(job->arena);

    for (uint32_t i = 0; i < job->image->function_count; i++) {
        const struct sfi_hints *hints;
        TRY(sfi_infer(w, job->policy, job->image, i, &hints, dg));
        TRY(sfi_check(w, job->policy, job->image, i, hints, dg));
    }
    return ST_OK;
}

enum status sfi_verify(const struct sfi_policy *policy, const struct sfi_image *image,
                       struct diag *dg)
{
    struct arena a;
    struct job job = {policy, image, &a};

    TRY(sfi_check_setup(policy, image, dg));
    arena_init(&a, WORKER_BYTES_MAX);
    enum status st = arena_guard(&a, verify_all, &job, dg);
    arena_free(&a);
    return st;
}
