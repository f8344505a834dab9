/* arena: a list of chunks, newest first. Chunks double up to ARENA_CHUNK_MAX so that large jobs
 * make few calls to the host, and the largest that are released stay for the next job, so that
 * many small jobs make none. Memory is cleared when it is allocated, just before somebody writes
 * it; what need not be zero costs nothing. A block larger than ARENA_CHUNK_MAX has a chunk of its
 * own, new and zero from the host, which clears pages only when they are touched.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { ARENA_ALIGN = 16, ARENA_CHUNK_MIN = 4096, ARENA_CHUNK_MAX = 4 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size_bytes; /* of data */
    _Alignas(ARENA_ALIGN) uint8_t data[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    *a = (struct arena){.limit_bytes = limit_bytes};
}

/* Keeps the chunk for the next job if it is among the ARENA_SPARES_MAX largest. */
static void keep_or_free(struct arena *a, struct arena_chunk *chunk)
{
    for (uint32_t i = 0; i < ARENA_SPARES_MAX && chunk->size_bytes <= ARENA_CHUNK_MAX; i++) {
        struct arena_chunk *other = a->spares[i];
        if (other != NULL && other->size_bytes >= chunk->size_bytes)
            continue;
        a->spares[i] = chunk; /* what was there moves on, and the last one goes */
        if (other == NULL)
            return;
        chunk = other;
    }
    mem_free(chunk);
}

static void drop_newest(struct arena *a)
{
    struct arena_chunk *chunk = a->head;

    a->head = chunk->older;
    a->used_bytes -= chunk->size_bytes;
    mem_free(chunk);
}

void arena_free(struct arena *a)
{
    while (a->head != NULL)
        drop_newest(a);
    for (uint32_t i = 0; i < ARENA_SPARES_MAX; i++) {
        mem_free(a->spares[i]);
        a->spares[i] = NULL;
    }
    a->next = a->end = NULL;
}

static _Noreturn void unwind(struct arena *a, enum status st)
{
    CHECK(a->guard != NULL, "arena allocation failed outside arena_guard()");
    a->failure = st;
    longjmp(*a->guard, 1);
}

enum status arena_guard(struct arena *a, enum status (*fn)(void *ctx, struct diag *dg), void *ctx,
                        struct diag *dg)
{
    jmp_buf here;
    jmp_buf *const outer = a->guard;

    a->guard = &here;
    if (setjmp(here) == 0) {
        enum status st = fn(ctx, dg);
        a->guard = outer;
        return st;
    }
    a->guard = outer;
    if (a->failure == ST_LIMIT)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "this job needs more than its %zu bytes of working memory",
                         a->limit_bytes);
    return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                     "the host refused memory; %zu bytes were in use by this job", a->used_bytes);
}

/* The largest chunk that was kept, if it has room and is within the limit; NULL: there is none. */
static struct arena_chunk *take_spare(struct arena *a, size_t need_bytes)
{
    struct arena_chunk *spare = a->spares[0];

    if (spare == NULL || spare->size_bytes < need_bytes ||
        spare->size_bytes > a->limit_bytes - MIN(a->used_bytes, a->limit_bytes))
        return NULL;
    memmove(a->spares, a->spares + 1, (ARENA_SPARES_MAX - 1) * sizeof(a->spares[0]));
    a->spares[ARENA_SPARES_MAX - 1] = NULL;
    return spare;
}

/* A chunk with room for that many bytes; NULL: the host refuses. Large pages for those that are
 * used again and again; who asks for more may never touch all of it. */
static struct arena_chunk *new_chunk(size_t size, bool must_be_zero)
{
    const size_t all = sizeof(struct arena_chunk) + size;

    if (size > ARENA_CHUNK_MAX && must_be_zero)
        return mem_alloc(1, all);
    if (all >= MEM_LARGE_PAGE_BYTES && all <= ARENA_CHUNK_MAX)
        return mem_alloc_large(all);
    return mem_resize(NULL, 1, all);
}

static void add_chunk(struct arena *a, size_t need_bytes, bool must_be_zero)
{
    const size_t head_bytes = sizeof(struct arena_chunk);
    size_t all = a->head == NULL ? ARENA_CHUNK_MIN : (a->head->size_bytes + head_bytes) * 2;
    size_t size = MAX(MIN(all, (size_t)ARENA_CHUNK_MAX) - head_bytes, need_bytes);

    if (size > a->limit_bytes - MIN(a->used_bytes, a->limit_bytes))
        size = need_bytes;
    if (size > a->limit_bytes - MIN(a->used_bytes, a->limit_bytes))
        unwind(a, ST_LIMIT);
    struct arena_chunk *chunk = take_spare(a, need_bytes);
    if (chunk == NULL) {
        chunk = new_chunk(size, must_be_zero);
        if (chunk == NULL)
            unwind(a, ST_NO_MEMORY);
        chunk->size_bytes = size;
    }
    chunk->older = a->head;
    a->head = chunk;
    a->used_bytes += chunk->size_bytes;
    a->next = chunk->data;
    a->end = chunk->data + chunk->size_bytes;
}

static size_t rounded(struct arena *a, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - ARENA_ALIGN)
        unwind(a, ST_LIMIT);
    return MAX((bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1), (size_t)ARENA_ALIGN);
}

/* must_be_zero only matters for blocks larger than ARENA_CHUNK_MAX. */
static void *take(struct arena *a, size_t bytes, bool must_be_zero)
{
    if ((size_t)(a->end - a->next) < bytes)
        add_chunk(a, bytes, must_be_zero);
    void *block = a->next;
    a->next += bytes;
    return block;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    const size_t bytes = rounded(a, count, size);
    void *block = take(a, bytes, true);

    return bytes > ARENA_CHUNK_MAX ? block : memset(block, 0, bytes);
}

void *arena_alloc_raw(struct arena *a, size_t count, size_t size)
{
    return take(a, rounded(a, count, size), false);
}

/* Returns the block with old_count elements and room for new_count. */
static void *grow(struct arena *a, void *block, size_t old_count, size_t new_count, size_t size,
                  bool must_be_zero)
{
    const size_t new_bytes = rounded(a, new_count, size);

    assert(new_count >= old_count && "arenas never shrink blocks");
    if (block == NULL || old_count == 0)
        return take(a, new_bytes, must_be_zero);

    const size_t old_bytes = rounded(a, old_count, size);
    if ((uint8_t *)block + old_bytes == a->next &&
        new_bytes - old_bytes <= (size_t)(a->end - a->next)) {
        a->next += new_bytes - old_bytes;
        return block;
    }
    return memcpy(take(a, new_bytes, must_be_zero), block, old_count * size);
}

void *arena_grow(struct arena *a, void *block, size_t old_count, size_t new_count, size_t size)
{
    uint8_t *grown = grow(a, block, old_count, new_count, size, true);

    if (grown == block || new_count * size <= ARENA_CHUNK_MAX)
        memset(grown + old_count * size, 0, (new_count - old_count) * size);
    return grown;
}

void *arena_grow_raw(struct arena *a, void *block, size_t old_count, size_t new_count, size_t size)
{
    return grow(a, block, old_count, new_count, size, false);
}

char *arena_copy_text(struct arena *a, const char *text, size_t size)
{
    char *copy = arena_alloc(a, size + 1, 1);
    if (size != 0)
        memcpy(copy, text, size);
    return copy;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->head, a->next};
}

void arena_release(struct arena *a, struct arena_mark mark)
{
    while (a->head != mark.head) {
        struct arena_chunk *chunk = a->head;
        a->head = chunk->older;
        a->used_bytes -= chunk->size_bytes;
        keep_or_free(a, chunk);
    }
    if (a->head == NULL) {
        a->next = a->end = NULL;
        return;
    }
    a->next = mark.next;
    a->end = a->head->data + a->head->size_bytes;
}
