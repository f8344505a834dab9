/* memory: see memory.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/memory.h"

#include "spear/syz/prog_int.h"

#include <string.h>

enum { PAGE_GRANULES = SYZ_PAGE_BYTES / SYZ_GRANULE_BYTES };

static bool is_set(const uint64_t *bits, uint32_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

void syz_memory_clear(struct syz_memory *m)
{
    if (m->high > m->low)
        memset(m->used + m->low / 64, 0, ((m->high + 63) / 64 - m->low / 64) * sizeof(*m->used));
    if (m->has_pages)
        memset(m->pages, 0, sizeof(m->pages));
    m->low = m->high = m->next = 0;
    m->has_pages = false;
}

void syz_memory_mark(struct syz_memory *m, uint64_t address, uint64_t bytes)
{
    if (address >= SYZ_DATA_BYTES)
        return;
    bytes = MIN(MAX(bytes, (uint64_t)1), SYZ_DATA_BYTES - address);
    uint32_t first = (uint32_t)(address / SYZ_GRANULE_BYTES);
    uint32_t end = (uint32_t)((address + bytes + SYZ_GRANULE_BYTES - 1) / SYZ_GRANULE_BYTES);
    m->low = m->high == 0 ? first : MIN(m->low, first);
    m->high = MAX(m->high, end);
    for (uint32_t i = first; i < end;) {
        if (i % 64 == 0 && end - i >= 64) {
            m->used[i / 64] = UINT64_MAX;
            i += 64;
        } else {
            m->used[i / 64] |= UINT64_C(1) << (i % 64);
            i++;
        }
    }
}

static void mark_pages(struct syz_memory *m, uint64_t address, uint64_t bytes)
{
    uint64_t end = MIN(address + bytes, (uint64_t)SYZ_DATA_BYTES) / SYZ_PAGE_BYTES;

    for (uint64_t i = address / SYZ_PAGE_BYTES; i < end; i++)
        m->pages[i / 64] |= UINT64_C(1) << (i % 64);
    m->has_pages = true;
}

void syz_memory_reserve_arg(struct syz_memory *m, const struct syz_arg *arg)
{
    if (arg->kind != SYZ_ARG_POINTER || arg->pointer.is_special)
        return;
    if (arg->pointer.to != NULL)
        syz_memory_mark(m, arg->pointer.address, syz_arg_bytes(arg->pointer.to));
    else if (arg->pointer.address < SYZ_DATA_BYTES)
        mark_pages(m, arg->pointer.address, MIN(arg->pointer.vma_bytes, SYZ_DATA_BYTES));
}

static bool reserve(void *ctx, const struct syz_visit *v)
{
    syz_memory_reserve_arg(ctx, v->arg);
    return true;
}

void syz_memory_reserve_step(struct syz_memory *m, struct syz_step *step)
{
    step_each(step, reserve, m);
}

void syz_memory_reserve(struct syz_memory *m, const struct syz_prog *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        syz_memory_reserve_step(m, &p->steps[i]);
}

/* First granule at or after `from` with room for count, or SYZ_MEMORY_GRANULES. */
static uint32_t find_room(const struct syz_memory *m, uint32_t from, uint32_t count, uint32_t step)
{
    uint32_t at = (from + step - 1) / step * step;

    while (at + count <= SYZ_MEMORY_GRANULES) {
        uint32_t run = 0;
        while (run < count && !is_set(m->used, at + run))
            run++;
        if (run == count)
            return at;
        at += run + 1;
        while (at % 64 == 0 && at < SYZ_MEMORY_GRANULES && m->used[at / 64] == UINT64_MAX)
            at += 64;
        at = (at + step - 1) / step * step;
    }
    return SYZ_MEMORY_GRANULES;
}

uint64_t syz_memory_take(struct syz_memory *m, uint64_t bytes, uint64_t align)
{
    bytes = MIN(MAX(bytes, (uint64_t)1), (uint64_t)SYZ_DATA_BYTES);
    uint32_t count = (uint32_t)((bytes + SYZ_GRANULE_BYTES - 1) / SYZ_GRANULE_BYTES);
    uint32_t step =
        (uint32_t)MAX(MIN(align, (uint64_t)SYZ_DATA_BYTES) / SYZ_GRANULE_BYTES, (uint64_t)1);
    uint32_t at = find_room(m, m->next, count, step);

    if (at == SYZ_MEMORY_GRANULES && m->next != 0)
        at = find_room(m, 0, count, step);
    if (at == SYZ_MEMORY_GRANULES) {
        syz_memory_clear(m);
        at = 0;
    }
    syz_memory_mark(m, (uint64_t)at * SYZ_GRANULE_BYTES, bytes);
    m->next = at + count;
    return (uint64_t)at * SYZ_GRANULE_BYTES;
}

enum { FRESH_PAGES_ONE_IN = 5, NEAR_END_PERCENT = 99 };

/* The n-th page that a vma covers, from the start. */
static uint64_t covered_page(const struct syz_memory *m, struct rng *r)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < LENGTH_OF(m->pages); i++)
        count += (uint64_t)__builtin_popcountll(m->pages[i]);
    uint64_t n = count == 0 ? 0 : rng_below(r, count);
    for (uint32_t i = 0; i < SYZ_MEMORY_PAGES; i++)
        if (is_set(m->pages, i) && n-- == 0)
            return i;
    return 0;
}

uint64_t syz_memory_take_pages(struct syz_memory *m, struct rng *r, uint64_t pages)
{
    uint64_t page = 0;

    pages = MIN(MAX(pages, (uint64_t)1), (uint64_t)SYZ_MEMORY_PAGES);
    uint64_t last = SYZ_MEMORY_PAGES - pages; /* first page of the last place that has room */
    if (!m->has_pages || rng_chance(r, 1, FRESH_PAGES_ONE_IN))
        page = rng_chance(r, NEAR_END_PERCENT, 100)
                   ? last - rng_biased(r, MIN(last + 1, (uint64_t)PAGE_GRANULES), 1)
                   : rng_below(r, last + 1);
    else
        page = covered_page(m, r);
    page = MIN(page, last);
    mark_pages(m, page * SYZ_PAGE_BYTES, pages * SYZ_PAGE_BYTES);
    return page * SYZ_PAGE_BYTES;
}
