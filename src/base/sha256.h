/* sha256: FIPS 180-4, for names of contents: caches, artefacts. Here because the embeddable library
 * needs no other library. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/base.h"

enum { SHA256_BYTES = 32 };

struct sha256 {
    uint32_t state[8];
    uint64_t total_bytes;
    uint8_t block[64];
    bool is_plain; /* for tests: without the processor's own instructions */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t size);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES]); /* s needs sha256_begin() again */
void sha256_of(const void *data, size_t size, uint8_t out[SHA256_BYTES]);

#endif /* BASE_SHA256_H */
