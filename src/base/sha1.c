/* sha1: see sha1.h. SPDX-License-Identifier: Apache-2.0 */
#include "base/sha1.h"

#include <string.h>

enum { ROUNDS = 80 };

static uint32_t rotate(uint32_t x, uint32_t by)
{
    return x << by | x >> (32 - by);
}

/* The function and the constant of each twenty rounds. */
static uint32_t mix(uint32_t round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round / 20) {
    case 0: return ((b & c) | (~b & d)) + 0x5a827999;
    case 1: return (b ^ c ^ d) + 0x6ed9eba1;
    case 2: return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    default: return (b ^ c ^ d) + 0xca62c1d6;
    }
}

static void add_blocks(void *hash, const uint8_t *data, size_t count)
{
    uint32_t *const state = ((struct sha1 *)hash)->state;
    uint32_t w[ROUNDS], v[5];

    for (; count != 0; count--, data += HASH_BLOCK_BYTES) {
        for (uint32_t i = 0; i < 16; i++)
            w[i] = hash_load_word(data + 4 * i);
        for (uint32_t i = 16; i < ROUNDS; i++)
            w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        memcpy(v, state, sizeof(v));
        for (uint32_t i = 0; i < ROUNDS; i++) {
            const uint32_t next = rotate(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + w[i];
            v[4] = v[3];
            v[3] = v[2];
            v[2] = rotate(v[1], 30);
            v[1] = v[0];
            v[0] = next;
        }
        for (uint32_t i = 0; i < 5; i++)
            state[i] += v[i];
    }
}

void sha1_begin(struct sha1 *s)
{
    *s = (struct sha1){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void sha1_add(struct sha1 *s, const void *data, size_t size)
{
    hash_blocks_add(&s->blocks, data, size, add_blocks, s);
}

void sha1_end(struct sha1 *s, uint8_t out[SHA1_BYTES])
{
    hash_blocks_end(&s->blocks, add_blocks, s, s->state, SHA1_BYTES, out);
}
