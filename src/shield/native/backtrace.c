/* backtrace: walks the frames of compiled code. There is no frame pointer: the function table says
 * how large each frame is. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/state.h"

#include <assert.h>
#include <string.h>

enum { FRAMES_WALKED_MAX = 1 << 20 }; /* a stack of 16 MiB has no more of 16 bytes */

/* Bytes between rsp and the return address at pc, inside a prologue: endbr64, pushes, one
 * subtraction from rsp (docs/compiler.md). whole: behind that. */
static uint32_t partial_frame(const uint8_t *code, const uint8_t *pc, uint32_t whole)
{
    uint32_t bytes = 0;

    if (pc - code >= 4 && memcmp(code, "\xf3\x0f\x1e\xfa", 4) == 0) /* endbr64 */
        code += 4;
    while (code < pc) {
        const bool is_high = *code == 0x41;
        if ((code[is_high] & 0xf8) != 0x50) /* no push: the subtraction, and pc is behind it */
            return whole;
        code += is_high ? 2 : 1;
        bytes += 8;
    }
    return bytes;
}

static bool is_in_stack(const struct native_state *n, uintptr_t sp)
{
    const uintptr_t low = (uintptr_t)n->mapping + STACK_GUARD_BYTES;
    return (sp & 7) == 0 && sp >= low && sp < (uintptr_t)n->stack_top;
}

/* Distance from sp to the return address. */
static uint32_t frame_size(const struct native_region *region, const struct image_func *f,
                           uintptr_t pc)
{
    const uint32_t at = (uint32_t)(pc - region->begin) - f->offset;
    const uint8_t *code = (const uint8_t *)region->begin + f->offset;

    const uint32_t whole = f->frame_bytes + 8 * (uint32_t)__builtin_popcount(f->saved);

    return at < f->prologue_bytes ? partial_frame(code, code + at, whole) : whole;
}

/* The frame of a function, behind those of the functions inlined there. */
static void add_frames(struct rt_trap *trap, const struct native_region *region, uint32_t func,
                       uint32_t position)
{
    const uint32_t imports = region->module->wm.func_imports;
    struct image_inlined inlined;

    while (image_next_inlined(region->code->image, &position, &inlined))
        rt_trap_add_frame(trap, region->module, inlined.func + imports, inlined.position);
    rt_trap_add_frame(trap, region->module, func + imports, position);
}

void native_backtrace(struct native_state *n, uintptr_t pc, uintptr_t sp)
{
    struct rt_trap *trap = n->store->trap;

    assert(trap != NULL && "somebody has raised one");
    for (uint32_t i = 0; i < FRAMES_WALKED_MAX; i++) {
        const struct native_region *region = native_region_at(n, pc);
        if (region == NULL)
            return; /* the end of this run */
        const struct image *image = region->code->image;
        const uint32_t offset = (uint32_t)(pc - region->begin);
        const struct image_func *f = image_func_at(image, offset);
        if (f == NULL)
            return;
        add_frames(trap, region, (uint32_t)(f - image->funcs), image_source_at(image, offset));
        sp += frame_size(region, f, pc);
        if (!is_in_stack(n, sp))
            return;
        memcpy(&pc, (const void *)sp, sizeof(pc));
        pc -= 1; /* inside the call */
        sp += 8;
    }
}
