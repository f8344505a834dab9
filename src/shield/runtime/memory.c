/*
 * memory: linear memories. Each is one reservation of address space that starts inaccessible:
 *
 *   base            base + size         base + reserved         + guard
 *    | accessible    | nothing            | nothing              |
 *
 * Growth makes more of it accessible and moves nothing. A 32-bit memory reserves all 4 GiB it
 * could ever address and a guard as long as any constant offset of compiled code, and gives that
 * back for the next one to use (memory_slot.h); a 64-bit one reserves what its maximum and the
 * store's limit allow, up to RESERVE_64_MAX. When the host refuses so much address space the
 * reservation is what is needed now, and growth moves the memory (never a shared one).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "shield/runtime/limits.h"
#include "shield/runtime/memory_slot.h"
#include "shield/runtime/own.h"
#include "shield/runtime/store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

/* A 32-bit memory in pages of 64 KiB never grows into its last page: compiled code relies on it
 * (MEMORY_TOP_BYTES of compile/memory_plan.h); one so large from the beginning is checked. */
#define GROWN_32_MAX   (MEMORY_SLOT_RESERVED_BYTES - ((uint64_t)64 << 10))
#define RESERVE_64_MAX ((uint64_t)64 << 30)
#define GUARD_SMALL    ((uint64_t)64 << 10)
#define COMMIT_STEP    ((uint64_t)64 << 10) /* a multiple of every host's page size */

static uint64_t round_up(uint64_t bytes)
{
    assert(bytes <= UINT64_MAX - COMMIT_STEP && "checked against limits before");
    return (bytes + COMMIT_STEP - 1) & ~(COMMIT_STEP - 1);
}

static bool charge(struct rt_budget *b, uint64_t bytes, uint64_t *needed)
{
    uint64_t used = atomic_load_explicit(&b->used_bytes, memory_order_relaxed);

    do {
        *needed = bytes > UINT64_MAX - used ? UINT64_MAX : used + bytes;
        if (*needed > b->limit_bytes)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&b->used_bytes, &used, used + bytes,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void uncharge(struct rt_budget *b, uint64_t bytes)
{
    atomic_fetch_sub_explicit(&b->used_bytes, bytes, memory_order_relaxed);
}

static uint8_t *reserve(uint64_t bytes)
{
    if (mem_fault_step()) {
        errno = ENOMEM;
        return NULL;
    }
    void *base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? NULL : base;
}

static bool commit(uint8_t *base, uint64_t old_bytes, uint64_t new_bytes)
{
    uint64_t from = round_up(old_bytes), to = round_up(new_bytes);

    return from == to || (!mem_fault_step() &&
                          mprotect(base + from, to - from, PROT_READ | PROT_WRITE) == 0);
}

/* Largest size that the address type can name, in pages. A 32-bit size must be an i32. */
static uint64_t addressable_pages(bool is_64, uint8_t page_log2)
{
    if (is_64)
        return UINT64_MAX >> page_log2;
    return MIN(UINT64_C(1) << (32 - page_log2), (uint64_t)UINT32_MAX);
}

static uint64_t pages_to_bytes(uint64_t pages, uint8_t page_log2)
{
    return pages > UINT64_MAX >> page_log2 ? UINT64_MAX : pages << page_log2;
}

/* A 32-bit memory takes a slot, which is open and shows its image already. */
static bool take_slot(struct rt_memory *m, const struct rt_memory_image *image, uint64_t min_bytes)
{
    m->reserved_bytes = MEMORY_SLOT_RESERVED_BYTES;
    m->guard_bytes = MEMORY_SLOT_GUARD_BYTES;
    struct rt_memory_slot *slot = mem_alloc(1, sizeof(*slot));
    if (slot == NULL)
        return false;
    *slot = rt_memory_slot_take(image, round_up(min_bytes));
    if (slot->base == NULL) {
        mem_free(slot);
        return false;
    }
    m->slot = slot;
    m->base = slot->base;
    return true;
}

/* Sets base, reserved_bytes and guard_bytes, and makes min_bytes accessible. */
static enum status reserve_memory(struct rt_memory *m, const struct rt_memory_image *image,
                                  uint64_t min_bytes, uint64_t limit_bytes, struct diag *dg)
{
    uint64_t max_bytes = MIN(pages_to_bytes(m->max_pages, m->page_log2), limit_bytes);
    uint64_t least_bytes = round_up(MAX(m->is_shared ? max_bytes : min_bytes, COMMIT_STEP));

    m->reserved_bytes = MAX(round_up(MIN(max_bytes, RESERVE_64_MAX)), least_bytes);
    m->guard_bytes = GUARD_SMALL;
    if (!m->is_64 && take_slot(m, image, min_bytes))
        return ST_OK;
    const uint64_t wanted_bytes = m->reserved_bytes + m->guard_bytes;
    if (m->is_64)
        m->base = reserve(wanted_bytes);
    if (m->base == NULL) {
        m->reserved_bytes = least_bytes;
        m->guard_bytes = GUARD_SMALL;
        m->base = reserve(m->reserved_bytes + m->guard_bytes);
    }
    if (m->base != NULL)
        return commit(m->base, 0, min_bytes) ? ST_OK : rt_no_memory(dg, min_bytes, "a memory");
    return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                     "the host refused %" PRIu64 " bytes of address space for a memory, and then "
                     "%" PRIu64 " (%s)",
                     wanted_bytes, least_bytes + GUARD_SMALL,
                     errno == ENOMEM ? "no memory; is there a limit on virtual memory?"
                                     : "mmap failed");
}

static void free_memory(struct rt_memory *m)
{
    if (m->slot != NULL)
        rt_memory_slot_give(*m->slot, round_up(atomic_load(&m->size_bytes)));
    else if (m->base != NULL)
        munmap(m->base, m->reserved_bytes + m->guard_bytes);
    mem_free(m->slot);
    pthread_mutex_destroy(&m->grow_lock);
    mem_free(m);
}

enum status rt_memory_make(struct rt_store *s, const struct wm_memory *type,
                           const struct rt_memory_image *image, struct rt_memory **out,
                           struct diag *dg)
{
    const uint64_t min_bytes = pages_to_bytes(type->limits.min, type->page_log2);
    struct rt_budget *budget = s->memory_budget;
    uint64_t needed = 0;

    assert(type->page_log2 <= 16 && "the validator knows only pages of 1 and 65536 bytes");
    if (!charge(budget, min_bytes, &needed))
        return rt_limit_fail(dg, RT_LIMIT_memory_bytes, budget->limit_bytes, needed);
    struct rt_memory *m = mem_alloc(1, sizeof(*m));
    if (m == NULL || pthread_mutex_init(&m->grow_lock, NULL) != 0) {
        mem_free(m);
        uncharge(budget, min_bytes);
        return rt_no_memory(dg, sizeof(*m), "a memory");
    }
    m->page_log2 = type->page_log2;
    m->is_64 = type->limits.is_64;
    m->is_shared = type->is_shared;
    m->has_max = type->limits.has_max;
    m->max_pages = addressable_pages(m->is_64, m->page_log2);
    if (m->has_max)
        m->max_pages = MIN(m->max_pages, type->limits.max);
    atomic_init(&m->references, 1);

    enum status st = reserve_memory(m, image, min_bytes, budget->limit_bytes, dg);
    if (st != ST_OK) {
        free_memory(m);
        uncharge(budget, min_bytes);
        return st;
    }
    atomic_init(&m->size_bytes, min_bytes);
    m->store = m->is_shared ? NULL : s;
    m->budget = budget;
    atomic_fetch_add_explicit(&budget->references, 1, memory_order_relaxed);
    *out = m;
    return ST_OK;
}

void rt_memory_release(struct rt_memory *m)
{
    if (m == NULL || atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1)
        return;
    uncharge(m->budget, atomic_load_explicit(&m->size_bytes, memory_order_relaxed));
    rt_budget_release(m->budget);
    free_memory(m);
}

/* Only where the first reservation was refused, or a 64-bit memory outgrows RESERVE_64_MAX. */
static bool move(struct rt_memory *m, uint64_t old_bytes, uint64_t new_bytes)
{
    const uint64_t reserved_bytes = round_up(new_bytes);
    uint8_t *base = reserve(reserved_bytes + GUARD_SMALL);

    assert(!m->is_shared && "other threads hold the base of a shared memory");
    if (base == NULL)
        return false;
    if (!commit(base, 0, new_bytes)) {
        munmap(base, reserved_bytes + GUARD_SMALL);
        return false;
    }
    memcpy(base, m->base, old_bytes);
    munmap(m->base, m->reserved_bytes + m->guard_bytes);
    m->base = base;
    m->reserved_bytes = reserved_bytes;
    m->guard_bytes = GUARD_SMALL;
    return true;
}

static uint64_t grow_locked(struct rt_memory *m, uint64_t delta_pages)
{
    const uint64_t old_bytes = atomic_load_explicit(&m->size_bytes, memory_order_relaxed);
    const uint64_t old_pages = old_bytes >> m->page_log2;
    uint64_t needed = 0;

    if (delta_pages > m->max_pages - old_pages)
        return UINT64_MAX;
    if (delta_pages == 0)
        return old_pages;
    const uint64_t delta_bytes = pages_to_bytes(delta_pages, m->page_log2);
    if (!m->is_64 && m->page_log2 == 16 && old_bytes + delta_bytes > GROWN_32_MAX)
        return UINT64_MAX;
    if (!charge(m->budget, delta_bytes, &needed))
        return UINT64_MAX;
    const uint64_t new_bytes = old_bytes + delta_bytes; /* fits: at most the limit */
    bool done = false;
    if (new_bytes <= m->reserved_bytes)
        done = commit(m->base, old_bytes, new_bytes);
    else if (!m->is_shared)
        done = move(m, old_bytes, new_bytes);
    if (!done) {
        uncharge(m->budget, delta_bytes);
        return UINT64_MAX;
    }
    atomic_store_explicit(&m->size_bytes, new_bytes, memory_order_release);
    return old_pages;
}

uint64_t rt_memory_grow(struct rt_memory *m, uint64_t delta_pages)
{
    pthread_mutex_lock(&m->grow_lock);
    uint64_t old_pages = grow_locked(m, delta_pages);
    pthread_mutex_unlock(&m->grow_lock);
    return old_pages;
}
