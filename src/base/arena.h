/* arena: memory of one job (one module, request, program), freed at once. An allocation cannot
 * fail for its caller: past the arena's limit, or when the host refuses, it unwinds to the
 * arena_guard() of the job, which returns the status. So no caller checks for NULL, and whatever
 * must be released by hand (descriptors, locks, mappings) is taken outside the guarded function.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"
#include "base/diag.h"

#include <setjmp.h>

struct arena_chunk; /* opaque */

enum { ARENA_SPARES_MAX = 4 };
struct arena {
    struct arena_chunk *head;
    uint8_t *next, *end;       /* free bytes of the newest chunk */
    size_t used_bytes;         /* taken from the host by all chunks */
    /* released, kept for the next job, largest first, NULL behind them; not in used_bytes */
    struct arena_chunk *spares[ARENA_SPARES_MAX];
    size_t limit_bytes;        /* named by whoever creates the arena; reported when reached */
    jmp_buf *guard;            /* innermost arena_guard(), NULL outside */
    enum status failure;       /* why the last unwinding happened */
};

void arena_init(struct arena *a, size_t limit_bytes);
void arena_free(struct arena *a); /* also valid on a zeroed arena */

/* Runs fn(ctx, dg). If an allocation fails inside, fn is abandoned and the result is
 * ST_NO_MEMORY or ST_LIMIT with a message; the arena stays valid and is to be freed. May nest. */
MUST_USE enum status arena_guard(struct arena *a, enum status (*fn)(void *ctx, struct diag *dg),
                                 void *ctx, struct diag *dg);

/* Zeroed, aligned to 16. Must run inside arena_guard() of this arena. Never NULL (size 0 gives a
 * valid unique-ish pointer). */
void *arena_alloc(struct arena *a, size_t count, size_t size);
#define arena_new(a, T, n) ((T *)arena_alloc((a), (n), sizeof(T)))

/* The same with any content, for what is written before it is read. */
void *arena_alloc_raw(struct arena *a, size_t count, size_t size);
#define arena_new_raw(a, T, n) ((T *)arena_alloc_raw((a), (n), sizeof(T)))

/* Grows a block to new_count elements, in place when it is the newest. New part is zeroed. */
void *arena_grow(struct arena *a, void *block, size_t old_count, size_t new_count, size_t size);
void *arena_grow_raw(struct arena *a, void *block, size_t old_count, size_t new_count, size_t size);
char *arena_copy_text(struct arena *a, const char *text, size_t size); /* adds a NUL */

/* Scratch use: everything allocated after the mark is released. The largest chunks of it are kept
 * until arena_free(), so that many jobs in a row do not go to the host each time. */
struct arena_mark {
    struct arena_chunk *head;
    uint8_t *next;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark mark);

/* Appends one element to an arena vector of (ptr, count, capacity); doubles when full. What is
 * behind count has any content. */
#define ARENA_PUSH(a, ptr, count, capacity, value)                                                 \
    do {                                                                                           \
        if ((count) == (capacity)) {                                                               \
            size_t push_cap_ = (capacity) == 0 ? 8 : (size_t)(capacity)*2;                         \
            (ptr) = arena_grow_raw((a), (ptr), (capacity), push_cap_, sizeof(*(ptr)));             \
            (capacity) = (__typeof__(capacity))push_cap_;                                          \
        }                                                                                          \
        (ptr)[(count)++] = (value);                                                                \
    } while (0)

#endif /* BASE_ARENA_H */
