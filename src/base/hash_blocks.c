/* hash_blocks: see hash_blocks.h. SPDX-License-Identifier: Apache-2.0 */
#include "base/hash_blocks.h"

#include <string.h>

enum { LENGTH_BYTES = 8 }; /* of the message, in bits, at the end of the last block */

void hash_blocks_add(struct hash_blocks *h, const void *data, size_t size, hash_blocks_fn *work,
                     void *hash)
{
    const uint8_t *at = data;
    const size_t used = h->total_bytes % HASH_BLOCK_BYTES;

    if (size == 0)
        return;
    h->total_bytes += size;
    if (used != 0) {
        const size_t part = MIN(size, HASH_BLOCK_BYTES - used);
        memcpy(h->block + used, at, part);
        if (used + part < HASH_BLOCK_BYTES)
            return;
        work(hash, h->block, 1);
        at += part;
        size -= part;
    }
    const size_t rest = size % HASH_BLOCK_BYTES;
    if (size > rest)
        work(hash, at, size / HASH_BLOCK_BYTES);
    if (rest != 0)
        memcpy(h->block, at + size - rest, rest);
}

void hash_blocks_end(struct hash_blocks *h, hash_blocks_fn *work, void *hash, const uint32_t *state,
                     uint32_t out_bytes, uint8_t *out)
{
    static const uint8_t padding[HASH_BLOCK_BYTES] = {0x80};
    const uint64_t bits = h->total_bytes * 8;
    const size_t to_fill = HASH_BLOCK_BYTES - LENGTH_BYTES - 1; /* behind padding's first byte */
    uint8_t length[LENGTH_BYTES];

    for (uint32_t i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    hash_blocks_add(h, padding,
                    1 + (to_fill + HASH_BLOCK_BYTES - h->total_bytes % HASH_BLOCK_BYTES) %
                            HASH_BLOCK_BYTES,
                    work, hash);
    hash_blocks_add(h, length, sizeof(length), work, hash);
    for (uint32_t i = 0; i < out_bytes; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
