/* memory_slot: see memory_slot.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/memory_slot.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rt_memory_slot kept[MEMORY_SLOTS_KEPT_MAX]; /* the last was given back last */
static uint32_t kept_count;

#define WHOLE_BYTES (MEMORY_SLOT_RESERVED_BYTES + MEMORY_SLOT_GUARD_BYTES)

static void unmap(const struct rt_memory_slot *slot)
{
    munmap(slot->base, WHOLE_BYTES);
}

/* The newest that fits as it is, else the oldest, else none. */
static struct rt_memory_slot take_kept(uint64_t image_id, uint64_t open_bytes)
{
    struct rt_memory_slot slot = {.base = NULL};
    uint32_t found = 0;

    pthread_mutex_lock(&lock);
    for (uint32_t i = kept_count; i > 0 && found == 0; i--)
        if (kept[i - 1].image_id == image_id && kept[i - 1].open_bytes == open_bytes)
            found = i;
    if (kept_count != 0) {
        found = found != 0 ? found - 1 : 0;
        slot = kept[found];
        kept_count--;
        for (uint32_t i = found; i < kept_count; i++)
            kept[i] = kept[i + 1];
    }
    pthread_mutex_unlock(&lock);
    return slot;
}

/* Nothing is accessible any more. */
static bool close_slot(struct rt_memory_slot *slot)
{
    if (slot->open_bytes != 0 &&
        mmap(slot->base, slot->open_bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    *slot = (struct rt_memory_slot){.base = slot->base};
    return true;
}

static bool open_slot(struct rt_memory_slot *slot, const struct rt_memory_image *image,
                      uint64_t open_bytes)
{
    uint64_t image_bytes = image != NULL ? image->bytes : 0;

    assert(image_bytes <= open_bytes && "data is inside the memory");
    if (image != NULL &&
        mmap(slot->base, image_bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, image->fd, 0) == MAP_FAILED)
        return false;
    slot->open_bytes = open_bytes;
    slot->image_bytes = image_bytes;
    slot->image_id = image != NULL ? image->id : 0;
    return open_bytes == image_bytes || mprotect(slot->base + image_bytes, open_bytes - image_bytes,
                                                 PROT_READ | PROT_WRITE) == 0;
}

struct rt_memory_slot rt_memory_slot_take(const struct rt_memory_image *image, uint64_t open_bytes)
{
    const uint64_t id = image != NULL ? image->id : 0;
    struct rt_memory_slot slot = {.base = NULL};

    if (mem_fault_step()) {
        errno = ENOMEM;
        return slot;
    }
    slot = take_kept(id, open_bytes);
    if (slot.base != NULL && slot.image_id == id && slot.open_bytes == open_bytes)
        return slot;
    if (slot.base == NULL) {
        void *base = mmap(NULL, WHOLE_BYTES, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED)
            return slot;
        slot.base = base;
    } else if (!close_slot(&slot)) {
        unmap(&slot);
        return (struct rt_memory_slot){.base = NULL};
    }
    if (!open_slot(&slot, image, open_bytes)) {
        unmap(&slot);
        return (struct rt_memory_slot){.base = NULL};
    }
    return slot;
}

/* Forgets what was written: the image and zeros show again. Growth is taken back. */
static bool clean(const struct rt_memory_slot *slot, uint64_t now_bytes)
{
    if (now_bytes > slot->open_bytes &&
        mmap(slot->base + slot->open_bytes, now_bytes - slot->open_bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    return slot->open_bytes == 0 || madvise(slot->base, slot->open_bytes, MADV_DONTNEED) == 0;
}

void rt_memory_slot_give(struct rt_memory_slot slot, uint64_t now_bytes)
{
    bool is_kept = false;

    if (!clean(&slot, now_bytes)) {
        unmap(&slot);
        return;
    }
    pthread_mutex_lock(&lock);
    if (kept_count < MEMORY_SLOTS_KEPT_MAX) {
        kept[kept_count++] = slot;
        is_kept = true;
    }
    pthread_mutex_unlock(&lock);
    if (!is_kept)
        unmap(&slot);
}
