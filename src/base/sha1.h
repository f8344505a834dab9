/* sha1: FIPS 180-4, for names only: of programs in a corpus, of crashes. Not for secrets, and not
 * against somebody who makes collisions. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/hash_blocks.h"

enum { SHA1_BYTES = 20 };

struct sha1 {
    uint32_t state[5];
    struct hash_blocks blocks;
};

void sha1_begin(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *data, size_t size);
void sha1_end(struct sha1 *s, uint8_t out[SHA1_BYTES]); /* s needs sha1_begin() again */

#endif /* BASE_SHA1_H */
