/* make_number: numbers that kernels are likely to treat specially, and numbers out of what the
 * descriptions allow. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

/* Edges of widths and of tables, sizes of pages and of well-known structures. Ascending, so that
 * those that fit a width stand before the others. */
static const uint64_t specials[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    128,
    129,
    255,
    256,
    257,
    511,
    512,
    513,
    1023,
    1024,
    1025,
    2047,
    2048,
    4095,
    4096,
    4097,
    8192,
    16384,
    32767,
    32768,
    65535,
    65536,
    65537,
    UINT64_C(1) << 20,
    (UINT64_C(1) << 31) - 1,
    UINT64_C(1) << 31,
    (UINT64_C(1) << 32) - 1,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 1,
    (UINT64_C(1) << 63) - 1,
    UINT64_C(1) << 63,
    UINT64_MAX,
};

uint64_t make_truncate(uint64_t value, uint32_t bits)
{
    return bits == 0 || bits >= 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

uint32_t make_bits(const struct syz_type *type)
{
    return type->scalar.bits != 0 ? type->scalar.bits : 8u * type->scalar.base_bytes;
}

bool make_is_special(uint64_t value)
{
    for (uint32_t i = 0; i < LENGTH_OF(specials); i++)
        if (specials[i] == value)
            return true;
    return false;
}

static uint64_t special(struct rng *r, uint32_t bits)
{
    uint64_t last = make_truncate(UINT64_MAX, bits);
    uint32_t count = LENGTH_OF(specials);

    while (count > 1 && specials[count - 1] > last)
        count--;
    return specials[rng_below(r, count)];
}

/* Small numbers first, then special ones, then wider and wider ranges. */
uint64_t make_int(struct rng *r, uint32_t bits)
{
    uint64_t v = rng_next(r);

    if (rng_chance(r, 100, 182))
        v %= 10;
    else if (rng_chance(r, 50, 82))
        v = special(r, bits);
    else if (rng_chance(r, 10, 32))
        v %= 256;
    else if (rng_chance(r, 10, 22))
        v %= 4096;
    else if (rng_chance(r, 10, 12))
        v %= 65536;
    else
        v %= UINT64_C(1) << 31;
    if (rng_chance(r, 7, 107))
        v = rng_chance(r, 5, 7) ? -v : v << rng_below(r, 63);
    return make_truncate(v, bits);
}

uint64_t make_random(struct rng *r)
{
    return make_int(r, 64);
}

uint64_t make_ranged(struct rng *r, const struct syz_type *type)
{
    const uint64_t multiple = MAX(type->integer.multiple, UINT64_C(1));
    uint32_t bits = make_bits(type);

    if (!type->integer.has_range || rng_chance(r, 1, 100)) {
        uint64_t v = make_int(r, bits);
        return v - (type->integer.has_range ? 0 : v % multiple);
    }
    /* Wraps as it should when the range is of signed numbers. */
    const uint64_t steps = (type->integer.max - type->integer.min) / multiple;
    uint64_t step = steps == UINT64_MAX ? rng_next(r) : rng_below(r, steps + 1);
    if (rng_chance(r, 1, 10))
        step = rng_chance(r, 1, 2) ? 0 : steps; /* the edges */
    return type->integer.min + step * multiple;
}

/* Whether a set of numbers is a mask was guessed from the numbers: so combine others too, now and
 * then. */
static uint64_t combine(struct rng *r, const struct syz_flags *flags, uint64_t v)
{
    enum { ROUNDS_MAX = 10 };

    if (rng_chance(r, 1, flags->count + 4u))
        return 0;
    if (rng_chance(r, 1, 10))
        v = 0;
    for (uint32_t i = 0; i < ROUNDS_MAX && (v == 0 || rng_chance(r, 2, 3)); i++) {
        uint64_t flag = flags->values[rng_below(r, flags->count)];
        if (rng_chance(r, 1, 20)) /* a neighbour, in case the description misses one */
            flag = rng_chance(r, 1, 2) ? flag >> 1 : flag << 1;
        v ^= flag;
    }
    return v;
}

uint64_t make_flags(struct rng *r, const struct syz_flags *flags, uint64_t old)
{
    if (flags->count == 0 || rng_chance(r, 1, 100))
        return rng_next(r);
    if (rng_chance(r, 1, 50))
        return 0;
    if (!flags->is_mask && old != 0 && rng_chance(r, 1, 100))
        return rng_chance(r, 1, 2) ? old + 1 + rng_biased(r, 4, 1) : old - 1 - rng_biased(r, 4, 1);
    if (flags->count == 1)
        return rng_chance(r, 1, 2) ? flags->values[0] : 0;
    if (!flags->is_mask && rng_chance(r, 9, 10))
        return flags->values[rng_below(r, flags->count)];
    return combine(r, flags, old);
}

/* One element most often, more of them the more rarely, none the most rarely. */
uint32_t make_array_count(struct rng *r)
{
    uint64_t rank = MAKE_ARRAY_MAX - rng_biased(r, MAKE_ARRAY_MAX + 1, 10);
    return (uint32_t)((rank + 1) % (MAKE_ARRAY_MAX + 1));
}
