/* image: looking things up in one. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/image.h"

#include "base/mem.h"

void image_release(struct image *image)
{
    if (image == NULL)
        return;
    arena_free(&image->arena);
    mem_free(image);
}

uint32_t image_pool_offset(const struct image *image)
{
    return (image->text_bytes + IMAGE_POOL_ALIGN - 1) & ~(uint32_t)(IMAGE_POOL_ALIGN - 1);
}

const struct image_func *image_func_at(const struct image *image, uint32_t offset)
{
    uint32_t low = 0, high = image->func_count;

    while (low < high) { /* the first that begins behind offset */
        uint32_t middle = low + (high - low) / 2;
        if (image->funcs[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || offset - image->funcs[low - 1].offset >= image->funcs[low - 1].size)
        return NULL;
    return &image->funcs[low - 1];
}

bool image_trap_at(const struct image *image, uint32_t offset, uint8_t *code)
{
    uint32_t low = 0, high = image->trap_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (image->trap_offsets[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == image->trap_count || image->trap_offsets[low] != offset)
        return false;
    *code = image->trap_codes[low];
    return true;
}

uint32_t image_source_at(const struct image *image, uint32_t offset)
{
    uint32_t low = 0, high = image->source_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (image->sources[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : image->sources[low - 1].position;
}

bool image_next_inlined(const struct image *image, uint32_t *position, struct image_inlined *out)
{
    const uint32_t index = *position & ~IMAGE_POSITION_INLINED;

    if ((*position & IMAGE_POSITION_INLINED) == 0)
        return false;
    *position = 0; /* unknown, when the table is damaged */
    if (index >= image->inlined_count || image->inlined[index].func >= image->func_count)
        return false;
    *out = image->inlined[index];
    if ((out->parent & IMAGE_POSITION_INLINED) == 0 ||
        (out->parent & ~IMAGE_POSITION_INLINED) < index)
        *position = out->parent;
    return true;
}
