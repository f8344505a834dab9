/* rng: random numbers from a seed that is printed and can be given again. Not for secrets.
 * One generator belongs to one thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include "base/base.h"

struct rng {
    uint64_t state[4]; /* never all zero */
};

/* The same seed gives the same numbers on every machine. */
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* 0 <= result < limit; limit > 0. Without bias. */
uint64_t rng_below(struct rng *r, uint64_t limit);
/* first <= result <= last */
uint64_t rng_between(struct rng *r, uint64_t first, uint64_t last);
/* True in n of every `of` cases. */
bool rng_chance(struct rng *r, uint64_t n, uint64_t of);
/* An independent generator, for another thread or job. */
struct rng rng_fork(struct rng *r);
/* 0 <= result < n; the last is `ratio` times as likely as the first, linear in between. n > 0. */
uint64_t rng_biased(struct rng *r, uint64_t n, uint64_t ratio);

#endif /* BASE_RNG_H */
