/* memory_image: see memory_image.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/memory_image.h"

#include "base/mem.h"
#include "shield/wasm/read.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* The offset of a segment when it is one i32.const. */
static bool constant_offset(const struct wm_module *wm, const struct wm_data *data, uint64_t *out)
{
    struct wm_reader r = wm_reader_of(data->offset, wm->features);
    struct wm_ins ins;

    if (wm_ins_read(&r, &ins, NULL) != ST_OK || ins.op != WM_OP_I32_CONST)
        return false;
    *out = (uint32_t)ins.i32;
    return wm_ins_read(&r, &ins, NULL) == ST_OK && ins.op == WM_OP_END;
}

/* Bytes up to the end of the last segment; false: this module needs its data copied. */
static bool measure(const struct wm_module *wm, uint64_t *end)
{
    *end = 0;
    if (wm->memory_count == 0 || wm->memory_imports != 0 || wm->memories[0].limits.is_64 ||
        wm->memories[0].is_shared || wm->memories[0].page_log2 != 16)
        return false;
    const uint64_t size_bytes = wm->memories[0].limits.min << 16;
    for (uint32_t k = 0; k < wm->data_count; k++) {
        const struct wm_data *d = &wm->datas[k];
        uint64_t at;
        if (d->mode != WM_SEGMENT_ACTIVE)
            continue;
        if (d->memory != 0 || !constant_offset(wm, d, &at) || at > size_bytes ||
            d->content.size > size_bytes - at)
            return false;
        *end = MAX(*end, at + d->content.size);
    }
    return *end != 0 && *end <= MEMORY_IMAGE_BYTES_MAX;
}

static bool write_segments(const struct wm_module *wm, int fd)
{
    for (uint32_t k = 0; k < wm->data_count; k++) {
        const struct wm_data *d = &wm->datas[k];
        uint64_t at = 0;
        if (d->mode != WM_SEGMENT_ACTIVE || d->content.size == 0)
            continue;
        if (!constant_offset(wm, d, &at) ||
            pwrite(fd, d->content.data, d->content.size, (off_t)at) != (ssize_t)d->content.size)
            return false;
    }
    return true;
}

static struct rt_memory_image *make(const struct wm_module *wm)
{
    static _Atomic uint64_t last_id;
    uint64_t end;

    if (!measure(wm, &end))
        return NULL;
    struct rt_memory_image *image = mem_alloc(1, sizeof(*image));
    if (image == NULL)
        return NULL;
    image->id = atomic_fetch_add(&last_id, 1) + 1;
    image->bytes = (end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    image->fd = mem_fault_step() ? -1 : memfd_create("mujun-memory", MFD_CLOEXEC);
    if (image->fd < 0 || ftruncate(image->fd, (off_t)image->bytes) != 0 ||
        !write_segments(wm, image->fd)) {
        if (image->fd >= 0)
            close(image->fd);
        mem_free(image);
        return NULL;
    }
    return image;
}

const struct rt_memory_image *rt_memory_image_of(struct rt_module *m)
{
    struct rt_memory_image *image = atomic_load_explicit(&m->memory_image, memory_order_acquire);

    if (image != NULL)
        return image;
    if (atomic_fetch_add_explicit(&m->instance_count, 1, memory_order_relaxed) !=
        MEMORY_IMAGE_AFTER)
        return NULL;
    image = make(&m->wm); /* this once: whoever comes meanwhile, or after a failure, copies */
    atomic_store_explicit(&m->memory_image, image, memory_order_release);
    return image;
}

void rt_memory_image_free(struct rt_module *m)
{
    struct rt_memory_image *image = atomic_load_explicit(&m->memory_image, memory_order_relaxed);

    if (image == NULL)
        return;
    close(image->fd);
    mem_free(image);
}
