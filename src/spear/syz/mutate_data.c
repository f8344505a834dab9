/* mutate_data: changes to bytes whose meaning is not known.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum {
    GROW_MAX = 16,    /* bytes inserted or removed in the middle */
    APPEND_MAX = 256, /* bytes put at the end */
    DELTA_MAX = 35,   /* added to or taken from a number */
};

static uint64_t load(const uint8_t *bytes, uint32_t width, bool big_endian)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < width; i++)
        v |= (uint64_t)bytes[big_endian ? width - 1 - i : i] << 8 * i;
    return v;
}

static void store(uint8_t *bytes, uint32_t width, bool big_endian, uint64_t v)
{
    for (uint32_t i = 0; i < width; i++)
        bytes[big_endian ? width - 1 - i : i] = (uint8_t)(v >> 8 * i);
}

static void fill_random(struct rng *r, uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += 8) {
        uint64_t v = rng_next(r);
        memcpy(bytes + i, &v, MIN(size - i, (uint64_t)8));
    }
}

static bool flip_bit(struct rng *r, struct buf *data)
{
    if (data->size == 0)
        return false;
    uint64_t bit = rng_below(r, data->size * 8);
    data->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return true;
}

/* A buffer of fixed length keeps it: what is inserted pushes bytes off its end. */
static bool insert(struct rng *r, struct buf *data, uint64_t min, uint64_t max)
{
    const uint64_t old_size = data->size, count = 1 + rng_below(r, GROW_MAX);

    if (old_size == 0 || (old_size >= max && min != max))
        return false;
    uint64_t grown = MIN(count, max - MIN(max, old_size));
    uint64_t room = min == max ? MIN(count, old_size) : grown;
    uint64_t at = rng_below(r, old_size - (min == max ? room : 0) + 1);
    if (min != max) {
        buf_reserve(data, room);
        data->size += room;
    }
    memmove(data->data + at + room, data->data + at, data->size - at - room);
    fill_random(r, data->data + at, room);
    return true;
}

static bool cut(struct rng *r, struct buf *data, uint64_t min, uint64_t max)
{
    const uint64_t old_size = data->size;

    if (old_size == 0)
        return false;
    uint64_t count = 1 + rng_below(r, GROW_MAX);
    count = MIN(count, old_size);
    if (min != max)
        count = MIN(count, old_size - MIN(min, old_size));
    if (count == 0)
        return false;
    uint64_t at = rng_below(r, old_size - count + 1);
    memmove(data->data + at, data->data + at + count, old_size - at - count);
    if (min == max)
        memset(data->data + old_size - count, 0, count);
    else
        data->size -= count;
    return true;
}

static bool append(struct rng *r, struct buf *data, uint64_t max)
{
    if (data->size >= max)
        return false;
    /* Few bytes are much likelier than many. */
    uint64_t count = APPEND_MAX - rng_biased(r, APPEND_MAX, 10);
    count = MIN(count, max - data->size);
    buf_reserve(data, count);
    fill_random(r, data->data + data->size, count);
    data->size += count;
    return true;
}

static bool choose_number(struct rng *r, const struct buf *data, uint32_t *width, uint64_t *at)
{
    *width = 1u << rng_below(r, 4);
    if (data->size < *width)
        return false;
    *at = rng_below(r, data->size - *width + 1);
    return true;
}

static bool replace_number(struct rng *r, struct buf *data, bool is_special)
{
    uint32_t width = 0;
    uint64_t at = 0;

    if (!choose_number(r, data, &width, &at))
        return false;
    uint64_t v = is_special ? make_int(r, 8 * width) : rng_next(r);
    store(data->data + at, width, is_special && rng_chance(r, 1, 10), v);
    return true;
}

static bool add_number(struct rng *r, struct buf *data)
{
    uint32_t width = 0;
    uint64_t at = 0;

    if (!choose_number(r, data, &width, &at))
        return false;
    uint64_t delta = 1 + rng_below(r, DELTA_MAX);
    bool big_endian = rng_chance(r, 1, 10);
    uint64_t v = load(data->data + at, width, big_endian);
    store(data->data + at, width, big_endian, rng_chance(r, 1, 2) ? v + delta : v - delta);
    return true;
}

bool mutate_data_once(struct rng *r, struct buf *data, uint64_t min, uint64_t max)
{
    switch (rng_below(r, 7)) {
    case 0: return flip_bit(r, data);
    case 1: return insert(r, data, min, max);
    case 2: return cut(r, data, min, max);
    case 3: return append(r, data, max);
    case 4: return replace_number(r, data, false);
    case 5: return add_number(r, data);
    default: return replace_number(r, data, true);
    }
}

void mutate_data(struct rng *r, struct buf *data, uint64_t min, uint64_t max)
{
    enum { TRIES_MAX = 100 };

    for (uint32_t i = 0; i < TRIES_MAX; i++)
        if (mutate_data_once(r, data, min, max) && rng_chance(r, 1, 3))
            return;
}
