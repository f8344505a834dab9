/* cpio: writes the archive that a kernel unpacks as its first root file system ("newc").
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_CPIO_H
#define SPEAR_VM_CPIO_H

#include "base/buf.h"

#include <sys/types.h>

struct cpio_entry {
    const char *name; /* without a leading slash */
    mode_t mode;      /* type and permissions */
    uint32_t major, minor; /* of a device */
    const void *data;      /* of a file */
    size_t size;           /* at most UINT32_MAX: eight digits hold it */
};

/* In the buffer's arena, so within arena_guard(). number counts the entries, from 1. Owner is root,
 * times are 0: equal input gives equal bytes. */
void cpio_add(struct buf *out, uint32_t number, const struct cpio_entry *entry);
void cpio_end(struct buf *out);

/* The root file system of our machines: the executor as /init, the console, folders to mount on. */
void cpio_root(struct buf *out, const void *executor, size_t size);

#endif /* SPEAR_VM_CPIO_H */
