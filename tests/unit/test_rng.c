/* Random numbers: the same seed gives the same numbers, ranges hold, biased choice leans the right
 * way. SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "tap.h"

static void repeatable(void)
{
    struct rng a, b;

    rng_seed(&a, 7);
    rng_seed(&b, 7);
    bool same = true;
    for (int i = 0; i < 1000; i++)
        same = same && rng_next(&a) == rng_next(&b);
    tap_ok(same, "one seed, one sequence");
    rng_seed(&b, 8);
    tap_ok(rng_next(&a) != rng_next(&b), "another seed, another sequence");
}

static void ranges(void)
{
    struct rng r;
    bool holds = true;
    unsigned seen[6] = {0};

    rng_seed(&r, 1);
    for (int i = 0; i < 6000; i++) {
        uint64_t x = rng_between(&r, 10, 15);
        holds = holds && x >= 10 && x <= 15;
        seen[x - 10]++;
    }
    tap_ok(holds, "rng_between stays between");
    bool even = true;
    for (int i = 0; i < 6; i++)
        even = even && seen[i] > 800 && seen[i] < 1200;
    tap_ok(even, "and is even");
    tap_ok(rng_between(&r, 5, 5) == 5 && rng_below(&r, 1) == 0, "ranges of one");
    (void)rng_between(&r, 0, UINT64_MAX);
    tap_ok(true, "the range of all numbers ends");
}

static void biased(void)
{
    struct rng r;
    unsigned seen[10] = {0};

    rng_seed(&r, 2);
    for (int i = 0; i < 60000; i++)
        seen[rng_biased(&r, 10, 5)]++;
    tap_ok(seen[9] > 4 * seen[0] && seen[9] < 6 * seen[0],
           "the last is five times as likely (%u, %u)", seen[0], seen[9]);
    tap_ok(rng_biased(&r, 1, 5) == 0, "one choice");
}

int main(void)
{
    repeatable();
    ranges();
    biased();
    return tap_done();
}
