/* hash_blocks: what SHA-1 and SHA-256 have in common: blocks of 64 bytes, a padding that holds the
 * length, a state of big-endian words. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_BLOCKS_H
#define BASE_HASH_BLOCKS_H

#include "base/base.h"

enum { HASH_BLOCK_BYTES = 64 };

struct hash_blocks {
    uint64_t total_bytes;
    uint8_t block[HASH_BLOCK_BYTES]; /* what no whole block has been made of yet */
};

/* Works count whole blocks of data into the hash. */
typedef void hash_blocks_fn(void *hash, const uint8_t *data, size_t count);

void hash_blocks_add(struct hash_blocks *h, const void *data, size_t size, hash_blocks_fn *work,
                     void *hash);
/* Pads, works in what is left; out: the words of the hash's state, most significant byte first. */
void hash_blocks_end(struct hash_blocks *h, hash_blocks_fn *work, void *hash, const uint32_t *state,
                     uint32_t out_bytes, uint8_t *out);

static inline uint32_t hash_load_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif /* BASE_HASH_BLOCKS_H */
