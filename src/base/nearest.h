/* nearest: the known word that a mistyped one was probably meant to be, for refusals.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/base.h"

/* The candidate closest to word by edit distance, or NULL when none is close. */
struct nearest {
    const char *word, *best;
    uint32_t distance;
};
void nearest_try(struct nearest *n, const char *candidate);

#endif /* BASE_NEAREST_H */
