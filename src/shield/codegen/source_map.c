/* source_map: see source_map.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/source_map.h"

#include <assert.h>

enum { LEB_BITS = 7, LEB_MORE = 0x80, LEB_SIGN = 0x40, CHANGE_BYTES_MAX = 10 };

void source_map_add(struct buf *out, struct source_change *last, uint32_t offset,
                    uint32_t position)
{
    const uint32_t distance = offset - last->offset;
    const int32_t step = (int32_t)(position - last->position);

    assert(offset >= last->offset && "changes are in order");
    buf_reserve(out, CHANGE_BYTES_MAX);
    if (LIKELY(distance < LEB_MORE && step >= -LEB_SIGN && step < LEB_SIGN)) {
        out->data[out->size++] = (uint8_t)distance;
        out->data[out->size++] = (uint8_t)(step & (LEB_MORE - 1));
    } else {
        buf_uleb(out, distance);
        buf_sleb(out, step);
    }
    *last = (struct source_change){offset, position};
}

/* A LEB128 number of 32 bits, longer ones cut off. */
static bool read_number(const uint8_t **at, const uint8_t *end, bool is_signed, uint32_t *out)
{
    uint32_t value = 0;

    for (uint32_t shift = 0; *at < end; shift += LEB_BITS) {
        const uint8_t byte = *(*at)++;
        if (shift < 32)
            value |= (uint32_t)(byte & (LEB_MORE - 1)) << shift;
        if ((byte & LEB_MORE) != 0)
            continue;
        if (is_signed && (byte & LEB_SIGN) != 0 && shift + LEB_BITS < 32)
            value |= UINT32_MAX << (shift + LEB_BITS);
        *out = value;
        return true;
    }
    return false;
}

bool source_map_next(const uint8_t **at, const uint8_t *end, struct source_change *last)
{
    uint32_t distance, step;

    if (!read_number(at, end, false, &distance) || !read_number(at, end, true, &step))
        return false;
    last->offset += distance;
    last->position += step;
    return true;
}
