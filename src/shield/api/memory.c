/* memory: linear memories from outside, every access checked.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include <inttypes.h>
#include <string.h>

/* Pages that the address type allows. */
static uint64_t pages_max(const struct mujun_externtype *type)
{
    uint32_t page_log2 = type->has_byte_pages ? 0 : 16;
    uint64_t all = type->is_64 ? UINT64_MAX : UINT32_MAX; /* last address */

    return page_log2 == 0 ? all : (all >> page_log2) + 1;
}

enum mujun_status mujun_memory_new(struct mujun_store *store, const struct mujun_externtype *type,
                                   struct mujun_memory **out, struct mujun_error **err)
{
    struct rt_memory *m = NULL;
    struct diag dg = {0};
    uint64_t most = pages_max(type);

    if (type->kind != MUJUN_EXTERN_MEMORY)
        return api_fail(err, ST_USAGE, "the type is not that of a memory");
    if (type->min > most || (type->has_max && type->max > most))
        return api_fail(err, ST_USAGE, "a memory of more than %" PRIu64 " pages", most);
    if (type->has_max && type->max < type->min)
        return api_fail(err, ST_USAGE,
                        "a memory of at least %" PRIu64 " and at most %" PRIu64 " pages", type->min,
                        type->max);
    if (type->is_shared && !type->has_max)
        return api_fail(err, ST_USAGE, "a shared memory needs a maximum");
    const struct wm_memory wm = {
        .limits = {.min = type->min,
                   .max = type->has_max ? type->max : most,
                   .has_max = type->has_max,
                   .is_64 = type->is_64},
        .is_shared = type->is_shared,
        .has_page_size = type->has_byte_pages,
        .page_log2 = type->has_byte_pages ? 0 : 16,
    };
    enum status st = rt_memory_new(store->rt, &wm, &m, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_memory_of(m);
    return api_ok(err);
}

void mujun_memory_type(const struct mujun_memory *memory, struct mujun_externtype *out)
{
    api_memory_type(rt_memory_of(memory), out);
}

uint8_t *mujun_memory_data(const struct mujun_memory *memory)
{
    return rt_memory_of(memory)->base;
}

uint64_t mujun_memory_size(const struct mujun_memory *memory)
{
    return atomic_load(&rt_memory_of(memory)->size_bytes);
}

uint64_t mujun_memory_pages(const struct mujun_memory *memory)
{
    return mujun_memory_size(memory) >> rt_memory_of(memory)->page_log2;
}

bool mujun_memory_grow(struct mujun_memory *memory, uint64_t delta_pages, uint64_t *old_pages)
{
    uint64_t old = rt_memory_grow(rt_memory_of(memory), delta_pages);

    if (old == UINT64_MAX)
        return false;
    if (old_pages != NULL)
        *old_pages = old;
    return true;
}

static bool is_inside(const struct mujun_memory *memory, uint64_t offset, size_t size)
{
    uint64_t all = mujun_memory_size(memory);
    return offset <= all && size <= all - offset;
}

bool mujun_memory_read(const struct mujun_memory *memory, uint64_t offset, void *to, size_t size)
{
    if (!is_inside(memory, offset, size))
        return false;
    if (size != 0)
        memcpy(to, mujun_memory_data(memory) + offset, size);
    return true;
}

bool mujun_memory_write(struct mujun_memory *memory, uint64_t offset, const void *from, size_t size)
{
    if (!is_inside(memory, offset, size))
        return false;
    if (size != 0)
        memcpy(mujun_memory_data(memory) + offset, from, size);
    return true;
}
