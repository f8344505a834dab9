/* squash_none: stands in until squashing lands; a strong definition replaces it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/mutate.h"

__attribute__((weak)) bool syz_squash_random(struct syz_prog *p, struct rng *r)
{
    (void)p, (void)r;
    return false;
}

__attribute__((weak)) bool syz_step_has_any(const struct syz_step *step)
{
    (void)step;
    return false;
}
