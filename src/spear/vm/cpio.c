/* cpio: "newc" is a header of eight-digit hexadecimal numbers, the name, the data, each padded to
 * four bytes; an entry named TRAILER!!! is the last. SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/cpio.h"

#include <string.h>
#include <sys/stat.h>

enum { CPIO_ALIGN = 4, CPIO_DEVICE_MODE = 0600, CPIO_DIR_MODE = 0755 };

static void pad(struct buf *out)
{
    while (out->size % CPIO_ALIGN != 0)
        buf_byte(out, 0);
}

void cpio_add(struct buf *out, uint32_t number, const struct cpio_entry *e)
{
    CHECK(e->size <= UINT32_MAX, "eight digits hold the size");
    const uint32_t links = S_ISDIR(e->mode) ? 2 : 1;
    const uint32_t fields[] = {
        number,   (uint32_t)e->mode, 0, 0, links, 0, (uint32_t)e->size, 0, 0, e->major,
        e->minor, (uint32_t)strlen(e->name) + 1, 0,
    }; /* ino mode uid gid nlink mtime size devmajor devminor rmajor rminor namesize check */

    buf_text(out, "070701");
    for (uint32_t i = 0; i < LENGTH_OF(fields); i++)
        buf_printf(out, "%08x", fields[i]);
    buf_bytes(out, e->name, strlen(e->name) + 1);
    pad(out);
    if (e->size != 0)
        buf_bytes(out, e->data, e->size);
    pad(out);
}

void cpio_end(struct buf *out)
{
    cpio_add(out, 0, &(struct cpio_entry){.name = "TRAILER!!!"});
}

void cpio_root(struct buf *out, const void *executor, size_t size)
{
    static const char *const folders[] = {"dev", "proc", "sys", "tmp", "run", "root", "mnt"};
    static const struct cpio_entry devices[] = {
        {.name = "dev/console", .mode = S_IFCHR | CPIO_DEVICE_MODE, .major = 5, .minor = 1},
        {.name = "dev/null",    .mode = S_IFCHR | CPIO_DEVICE_MODE, .major = 1, .minor = 3},
    };
    const struct cpio_entry init = {
        .name = "init", .mode = S_IFREG | CPIO_DIR_MODE, .data = executor, .size = size};
    uint32_t number = 1;

    for (uint32_t i = 0; i < LENGTH_OF(folders); i++)
        cpio_add(out, number++,
                 &(struct cpio_entry){.name = folders[i], .mode = S_IFDIR | CPIO_DIR_MODE});
    for (uint32_t i = 0; i < LENGTH_OF(devices); i++)
        cpio_add(out, number++, &devices[i]);
    cpio_add(out, number, &init);
    cpio_end(out);
}
