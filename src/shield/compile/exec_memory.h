/*
 * exec_memory: the one place where bytes become executable, and only after verify/sfi has found
 * that they stay in their sandbox. There is no other, and no way around it.
 *
 * The bytes are copied before they are judged, into memory that nobody else knows yet; it becomes
 * executable when it can no longer be written. So what is judged is what runs, wherever the image
 * came from. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_EXEC_MEMORY_H
#define SHIELD_COMPILE_EXEC_MEMORY_H

#include "shield/compile/image.h"
#include "shield/wasm/module.h"

struct exec_memory {
    const uint8_t *text; /* the pool is at text + image_pool_offset() */
    size_t bytes;        /* of the mapping; 0: nothing is mapped */
};

/* The image must belong to this validated module (image_fits). ST_INVALID: the code is refused,
 * with the function, the offset in text and why. ST_NO_MEMORY. */
MUST_USE enum status exec_memory_map(const struct image *image, const struct wm_module *wm,
                                     struct exec_memory *out, struct diag *dg);
/* Maps the first page of a file executable and forgets it: perf finds a jitdump that way. The page
 * holds a header and no code, and nothing goes there. */
enum { EXEC_MEMORY_MARK_BYTES = 4096 };
void exec_memory_mark(int fd);
void exec_memory_unmap(struct exec_memory *m);

#endif /* SHIELD_COMPILE_EXEC_MEMORY_H */
