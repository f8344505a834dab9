/* duration: times as people read them. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/base.h"

enum { DURATION_TEXT_BYTES = 32 };

/* "350ms", "1.2s", "20m42s", "1h3m0s"; at most size bytes with the NUL. */
void duration_text(uint64_t ms, char *text, size_t size);

#endif /* BASE_DURATION_H */
