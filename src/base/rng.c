/* rng: xoshiro256** started by splitmix64, both by Blackman and Vigna (public domain algorithms).
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void rng_seed(struct rng *r, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        r->state[i] = splitmix(&seed);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t limit)
{
    /* The upper half of a product (Lemire's method). Lower halves under the threshold would make
     * some results likelier; it is below the limit, so it is mostly not needed. */
    wide product = (wide)rng_next(r) * limit;

    if ((uint64_t)product < limit) {
        const uint64_t threshold = -limit % limit;
        while ((uint64_t)product < threshold)
            product = (wide)rng_next(r) * limit;
    }
    return (uint64_t)(product >> 64);
}

uint64_t rng_between(struct rng *r, uint64_t first, uint64_t last)
{
    const uint64_t span = last - first + 1;
    return span == 0 ? rng_next(r) : first + rng_below(r, span);
}

bool rng_chance(struct rng *r, uint64_t n, uint64_t of)
{
    return rng_below(r, of) < n;
}

struct rng rng_fork(struct rng *r)
{
    struct rng fork;
    rng_seed(&fork, rng_next(r));
    return fork;
}

uint64_t rng_biased(struct rng *r, uint64_t n, uint64_t ratio)
{
    /* Take an index and a height; heights of index i reach from 0 to a line that climbs from 1 to
     * ratio. Bounded, because half of the rectangle at least lies under the line. */
    for (;;) {
        const uint64_t i = rng_below(r, n);
        const uint64_t line = n == 1 ? ratio : 1000 + 1000 * (ratio - 1) * i / (n - 1);
        if (n == 1 || rng_below(r, 1000 * ratio) < line)
            return i;
    }
}
