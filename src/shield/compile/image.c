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

struct image_sources image_sources_of(const struct image *image, const struct image_func *func)
{
    const bool is_last = func == image->funcs + image->func_count - 1;
    struct image_sources s = {
        .func = func,
        .at = image->sources + func->source_first,
        .end = image->sources + (is_last ? image->source_bytes : func[1].source_first)};

    s.has_next = source_map_next(&s.at, s.end, &s.next);
    return s;
}

uint32_t image_sources_at(struct image_sources *s, uint32_t offset)
{
    while (s->has_next && s->next.offset <= offset - s->func->offset) {
        s->position = s->next.position;
        s->has_next = source_map_next(&s->at, s->end, &s->next);
    }
    if ((s->position & IMAGE_POSITION_INLINED) == 0)
        return s->position;
    return (s->position + s->func->inlined_first) | IMAGE_POSITION_INLINED;
}

uint32_t image_source_at(const struct image *image, uint32_t offset)
{
    const struct image_func *func = image_func_at(image, offset);

    if (func == NULL)
        return 0;
    struct image_sources s = image_sources_of(image, func);
    return image_sources_at(&s, offset);
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
