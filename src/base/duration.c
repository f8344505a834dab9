/* duration: see duration.h. SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>

void duration_text(uint64_t ms, char *text, size_t size)
{
    const uint64_t s = ms / 1000;

    if (s == 0)
        snprintf(text, size, "%" PRIu64 "ms", ms);
    else if (s < 60)
        snprintf(text, size, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
    else if (s < 3600)
        snprintf(text, size, "%" PRIu64 "m%" PRIu64 "s", s / 60, s % 60);
    else
        snprintf(text, size, "%" PRIu64 "h%" PRIu64 "m%" PRIu64 "s", s / 3600, s / 60 % 60, s % 60);
}
