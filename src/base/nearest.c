/* nearest: the known word that a mistyped one was probably meant to be.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <string.h>

enum { WORD_MAX = 40 };

/* Edits (insert, delete, replace, swap neighbours) that turn a into b; UINT32_MAX when too long. */
static uint32_t edit_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    uint32_t rows[3][WORD_MAX + 1];

    if (a_size > WORD_MAX || b_size > WORD_MAX)
        return UINT32_MAX;
    for (uint32_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a_size; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b_size; j++) {
            row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = MIN(row[j], MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void nearest_try(struct nearest *n, const char *candidate)
{
    size_t size = strlen(n->word);
    uint32_t distance = edit_distance(n->word, candidate);

    if (size >= 3 && strncmp(n->word, candidate, size) == 0)
        distance = 1; /* an unfinished word */
    if (distance <= (size + 2) / 3 && (n->best == NULL || distance < n->distance)) {
        n->best = candidate;
        n->distance = distance;
    }
}
