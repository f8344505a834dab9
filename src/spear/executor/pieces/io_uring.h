/* io_uring: makes a ring, puts entries into it, takes results out, all in shared memory.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

/* Entries twice as large are asked for by flags; so far we make and read the usual ones. */
static size_t ring_entry_bytes(const struct io_uring_params *p)
{
    return (p->flags & (1u << 10) /* IORING_SETUP_SQE128 */) != 0 ? 128 : 64;
}

static size_t ring_result_bytes(const struct io_uring_params *p)
{
    return (p->flags & (1u << 11) /* IORING_SETUP_CQE32 */) != 0 ? 32 : 16;
}

/* The ring and its entries are mapped where the kernel likes; the addresses go to *ring and
 * *entries, that of the parameters, which say how the ring is laid out, to *params_out. */
static long syz_io_uring_setup(uint64_t count, uint64_t params, uint64_t params_out, uint64_t ring,
                               uint64_t entries)
{
    struct io_uring_params p;

    memset(&p, 0, sizeof(p));
    errno = EFAULT;
    const long fd = guard_copy(&p, (const void *)(uintptr_t)params, sizeof(p))
                        ? syscall(SYS_io_uring_setup, (unsigned)count, &p)
                        : -1;
    if (fd < 0)
        return -1;
    const size_t submit_bytes = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
    const size_t complete_bytes = p.cq_off.cqes + p.cq_entries * ring_result_bytes(&p);
    const size_t ring_bytes = submit_bytes > complete_bytes ? submit_bytes : complete_bytes;
    void *at_ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                         (int)fd, IORING_OFF_SQ_RING);
    void *at_entries = mmap(NULL, p.sq_entries * ring_entry_bytes(&p), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_POPULATE, (int)fd, IORING_OFF_SQES);
    if (at_ring == MAP_FAILED || at_entries == MAP_FAILED)
        return fd;
    GUARDED({
        /* without a table of indices every place holds its own entry */
        uint32_t *array = (uint32_t *)(void *)((char *)at_ring + p.sq_off.array);
        for (uint32_t i = 0; (p.flags & (1u << 16)) == 0 && i < p.sq_entries; i++)
            array[i] = i;
        memcpy((void *)(uintptr_t)params, &p, sizeof(p));
        memcpy((void *)(uintptr_t)params_out, &params, sizeof(params));
        memcpy((void *)(uintptr_t)ring, &at_ring, sizeof(at_ring));
        memcpy((void *)(uintptr_t)entries, &at_entries, sizeof(at_entries));
    });
    return fd;
}

static uint32_t *ring_word(uint64_t ring, uint32_t offset)
{
    return (uint32_t *)(uintptr_t)(ring + offset);
}

static long syz_io_uring_submit(uint64_t params, uint64_t ring, uint64_t entries, uint64_t entry)
{
    volatile long result = -1;

    errno = EFAULT;
    GUARDED({
        struct io_uring_params p;
        memcpy(&p, (const void *)(uintptr_t)params, sizeof(p));
        const uint32_t mask = *ring_word(ring, p.sq_off.ring_mask);
        uint32_t *tail = ring_word(ring, p.sq_off.tail);
        const uint32_t place = *tail & mask;
        const size_t bytes = ring_entry_bytes(&p);
        memcpy((char *)(uintptr_t)entries + place * bytes, (const void *)(uintptr_t)entry, bytes);
        *ring_word(ring, p.sq_off.array + place * 4) = place;
        __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        result = 0;
    });
    return result;
}

/* What the oldest result says, when it was asked for with one of the marks that descriptions use
 * for calls that make descriptors. */
static long syz_io_uring_complete(uint64_t params, uint64_t ring)
{
    enum { MARK_OPENAT = 0x12345, MARK_OPENAT2 = 0x23456 };
    volatile long result = -1;

    errno = EFAULT;
    GUARDED({
        struct io_uring_params p;
        uint64_t mark = 0;
        int32_t value = 0;
        memcpy(&p, (const void *)(uintptr_t)params, sizeof(p));
        uint32_t *head = ring_word(ring, p.cq_off.head);
        const uint32_t place = *head & *ring_word(ring, p.cq_off.ring_mask);
        if (*head != __atomic_load_n(ring_word(ring, p.cq_off.tail), __ATOMIC_ACQUIRE)) {
            const char *at =
                (const char *)(uintptr_t)(ring + p.cq_off.cqes) + place * ring_result_bytes(&p);
            memcpy(&mark, at, sizeof(mark));
            memcpy(&value, at + 8, sizeof(value));
            __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
            if (mark == MARK_OPENAT || mark == MARK_OPENAT2)
                result = value;
        }
    });
    return result;
}

/* offset: of a field of the parameters, which says where in the ring a number is to be changed. */
static long syz_io_uring_modify_offsets(uint64_t params, uint64_t ring, uint64_t offset,
                                        uint64_t value)
{
    volatile long result = -1;

    errno = EFAULT;
    if (offset > sizeof(struct io_uring_params) - sizeof(uint32_t)) {
        errno = EINVAL;
        return -1;
    }
    GUARDED({
        uint32_t where = 0;
        memcpy(&where, (const char *)(uintptr_t)(params + offset), sizeof(where));
        *ring_word(ring, where) = (uint32_t)value;
        result = 0;
    });
    return result;
}
