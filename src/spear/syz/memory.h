/* memory: which granules of the data region a program already points into, and room for more. The
 * first free place at or after the last one given is taken; a region that is full is declared
 * empty, for overlapping arguments are better than none. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_MEMORY_H
#define SPEAR_SYZ_MEMORY_H

#include "spear/syz/prog.h"

enum {
    SYZ_MEMORY_GRANULES = SYZ_DATA_BYTES / SYZ_GRANULE_BYTES,
    SYZ_MEMORY_PAGES = SYZ_DATA_BYTES / SYZ_PAGE_BYTES,
};

struct syz_memory {
    uint64_t used[SYZ_MEMORY_GRANULES / 64];
    uint64_t pages[SYZ_MEMORY_PAGES / 64]; /* that a vma covers */
    uint32_t next;                         /* granule to look at first */
    uint32_t low, high;                    /* granules outside were never used: cheap to clear */
    bool has_pages;
};

/* 32 KiB: keep one and clear it. */
void syz_memory_clear(struct syz_memory *m);
/* Marks what pointers of the program or step point at; of an argument: if it is a pointer. */
void syz_memory_reserve_arg(struct syz_memory *m, const struct syz_arg *arg);
void syz_memory_reserve(struct syz_memory *m, const struct syz_prog *p);
void syz_memory_reserve_step(struct syz_memory *m, struct syz_step *step);
void syz_memory_mark(struct syz_memory *m, uint64_t address, uint64_t bytes);
/* Offset into the data region, a multiple of SYZ_GRANULE_BYTES and of align (a power of two or 0),
 * with room for the bytes, which are marked. 0 bytes take one granule. */
uint64_t syz_memory_take(struct syz_memory *m, uint64_t bytes, uint64_t align);
/* Offset of whole pages: mostly such that a vma of the program already covers, else new ones near
 * the end of the region. pages is cut to what the region holds. */
uint64_t syz_memory_take_pages(struct syz_memory *m, struct rng *r, uint64_t pages);

#endif /* SPEAR_SYZ_MEMORY_H */
