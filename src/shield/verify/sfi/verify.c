/* verify: the setup that all functions share, the worker, and the walk over a whole image.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/point.h"

enum { WORKER_BYTES_MAX = 2000 << 20, FIELD_OFFSET_MAX = INT32_MAX };

struct sfi_worker *sfi_worker_new(struct arena *a, const struct sfi_policy *policy,
                                  const struct sfi_image *image)
{
    struct sfi_worker *w = arena_new(a, struct sfi_worker, 1);

    sfi_decode_prepare();
    w->arena = a;
    w->policy = policy;
    w->image = image;
    sfi_state_init(&w->state, a);
    return w;
}

/* ---- the setup ----------------------------------------------------------------------------------
 */

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
        uint64_t end = 0;
        for (uint32_t i = 0; i < shape->count; i++) {
            const struct sfi_field *f = &shape->fields[i];
            if (!is_field_sound(f) || f->offset < end)
                return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                                 "verifier policy: field %u of a %s contradicts itself or overlaps "
                                 "the one before",
                                 i, sfi_kind_text(kind));
            end = f->offset + (uint64_t)f->stride * f->count;
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
    struct sfi_worker *w = sfi_worker_new(job->arena, job->policy, job->image);

    for (uint32_t i = 0; i < job->image->function_count; i++)
        TRY(sfi_judge(w, i, dg));
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
