/* exec_memory: see exec_memory.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/exec_memory.h"

#include "base/mem.h"
#include "shield/compile/judge.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

enum { TRAP_BYTE = 0xcc };

enum status exec_memory_map(const struct image *image, const struct wm_module *wm,
                            struct exec_memory *out, struct diag *dg)
{
    const size_t pool_offset = image_pool_offset(image);
    const size_t bytes = pool_offset + image->pool_bytes;

    *out = (struct exec_memory){0};
    assert(image->text_bytes <= IMAGE_TEXT_BYTES_MAX && "linked within the limit");
    if (bytes == 0)
        return ST_OK;
    uint8_t *at = mem_fault_step() ? MAP_FAILED
                                   : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the host refused %zu bytes for code",
                         bytes);
    memcpy(at, image->text, image->text_bytes);
    memset(at + image->text_bytes, TRAP_BYTE, pool_offset - image->text_bytes);
    if (image->pool_bytes != 0)
        memcpy(at + pool_offset, image->pool, image->pool_bytes);
    enum status st = mprotect(at, bytes, PROT_READ) == 0 ? ST_OK : ST_NO_MEMORY;
    if (st == ST_OK)
        st = judge_image(image, wm, at, dg);
    if (st == ST_OK && pool_offset != 0 && mprotect(at, pool_offset, PROT_READ | PROT_EXEC) != 0)
        st = diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                       "the host refused to make code executable");
    if (st != ST_OK) {
        munmap(at, bytes);
        return st;
    }
    *out = (struct exec_memory){.text = at, .bytes = bytes};
    return ST_OK;
}

void exec_memory_mark(int fd)
{
    (void)mmap(NULL, EXEC_MEMORY_MARK_BYTES, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
}

void exec_memory_unmap(struct exec_memory *m)
{
    if (m->bytes != 0)
        munmap((void *)(uintptr_t)m->text, m->bytes);
    *m = (struct exec_memory){0};
}
