/* exec_memory: see exec_memory.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/exec_memory.h"

#include "base/mem.h"
#include "shield/compile/policy.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

enum { POLICY_BYTES_MAX = 1 << 28, TRAP_BYTE = 0xcc };

struct judge_job {
    const struct image *image;
    const struct wm_module *wm;
    const uint8_t *bytes;
    struct arena arena;
};

static enum status judge(void *ctx, struct diag *dg)
{
    struct judge_job *job = ctx;
    const struct image *image = job->image;
    struct layout layout;
    struct sfi_policy policy;

    TRY(layout_compute(&image->identity.shape, &layout));
    policy_make(job->wm, &layout, image->memory_plans, &job->arena, &policy);
    struct sfi_function *functions = arena_new(&job->arena, struct sfi_function, image->func_count);
    for (uint32_t i = 0; i < image->func_count; i++)
        functions[i] = (struct sfi_function){image->funcs[i].offset, image->funcs[i].size};
    const struct sfi_image what = {
        .bytes = job->bytes,
        .size = image_pool_offset(image) + image->pool_bytes,
        .data_offset = image_pool_offset(image),
        .data_size = image->pool_bytes,
        .functions = functions,
        .function_count = image->func_count,
    };
    return diag_in(dg, sfi_verify(&policy, &what, dg), "the machine code of the module");
}

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
    if (st == ST_OK) {
        struct judge_job job = {.image = image, .wm = wm, .bytes = at};
        arena_init(&job.arena, POLICY_BYTES_MAX);
        st = arena_guard(&job.arena, judge, &job, dg);
        arena_free(&job.arena);
    }
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
