/* sha256: see sha256.h. SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#include <sys/platform/x86.h>
#endif

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, uint32_t by)
{
    return x >> by | x << (32 - by);
}

static uint32_t load(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Round i with the eight variables where they stand after i rounds: the standard moves all of them
 * along by one each round, here their names move instead. */
static void round_of(uint32_t v[8], uint32_t i, uint32_t w)
{
    uint32_t *const a = &v[(0 - i) & 7], *const e = &v[(4 - i) & 7], *const h = &v[(7 - i) & 7];
    uint32_t *const d = &v[(3 - i) & 7];
    const uint32_t b = v[(1 - i) & 7], c = v[(2 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
    const uint32_t one = *h + (rotate(*e, 6) ^ rotate(*e, 11) ^ rotate(*e, 25)) +
                         ((*e & f) ^ (~*e & g)) + constants[i] + w;
    const uint32_t two =
        (rotate(*a, 2) ^ rotate(*a, 13) ^ rotate(*a, 22)) + ((*a & b) ^ (*a & c) ^ (b & c));

    *d += one;
    *h = one + two;
}

static void add_blocks_plain(uint32_t state[8], const uint8_t *data, size_t count)
{
    uint32_t w[64], v[8];

    for (; count != 0; count--, data += 64) {
        for (uint32_t i = 0; i < 16; i++)
            w[i] = load(data + 4 * i);
        for (uint32_t i = 16; i < 64; i++) {
            uint32_t a = w[i - 15], b = w[i - 2];
            w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
                   (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
        }
        memcpy(v, state, sizeof(v));
        for (uint32_t i = 0; i < 64; i += 8)
            for (uint32_t k = 0; k < 8; k++)
                round_of(v, i + k, w[i + k]);
        for (uint32_t i = 0; i < 8; i++)
            state[i] += v[i];
    }
}

#ifdef __x86_64__
/* The same with the processor's own instructions: two rounds each, on (a b e f) and (c d g h). */
__attribute__((target("sha,sse4.1,ssse3"))) static void
add_blocks_sha(uint32_t state[8], const uint8_t *data, size_t count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
    uint32_t out[8];

    for (; count != 0; count--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4], next;
        for (unsigned i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i)),
                                    swap);
        for (unsigned i = 0; i < 16; i++) { /* four rounds with w[0]; then w moves along */
            __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * i));
            k = _mm_add_epi32(k, w[0]);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
            next = _mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), _mm_alignr_epi8(w[3], w[2], 4));
            next = _mm_sha256msg2_epu32(next, w[3]);
            w[0] = w[1];
            w[1] = w[2];
            w[2] = w[3];
            w[3] = next;
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    _mm_storeu_si128((__m128i *)(void *)out, abef);
    _mm_storeu_si128((__m128i *)(void *)(out + 4), cdgh);
    state[0] = out[3];
    state[1] = out[2];
    state[4] = out[1];
    state[5] = out[0];
    state[2] = out[7];
    state[3] = out[6];
    state[6] = out[5];
    state[7] = out[4];
}

static bool has_sha(void)
{
    return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1) && CPU_FEATURE_ACTIVE(SSSE3);
}
#endif

static void add_blocks(struct sha256 *s, const uint8_t *data, size_t count)
{
#ifdef __x86_64__
    if (!s->is_plain && has_sha()) {
        add_blocks_sha(s->state, data, count);
        return;
    }
#endif
    add_blocks_plain(s->state, data, count);
}

void sha256_begin(struct sha256 *s)
{
    *s = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                   0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *s, const void *data, size_t size)
{
    const uint8_t *at = data;
    const size_t used = s->total_bytes % sizeof(s->block);

    s->total_bytes += size;
    if (used != 0) {
        const size_t part = MIN(size, sizeof(s->block) - used);
        memcpy(s->block + used, at, part);
        if (used + part < sizeof(s->block))
            return;
        add_blocks(s, s->block, 1);
        at += part;
        size -= part;
    }
    if (size >= sizeof(s->block))
        add_blocks(s, at, size / sizeof(s->block));
    if (size % sizeof(s->block) != 0)
        memcpy(s->block, at + size - size % sizeof(s->block), size % sizeof(s->block));
}

void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
    static const uint8_t padding[64] = {0x80};
    const uint64_t bits = s->total_bytes * 8;
    uint8_t length[8];

    for (uint32_t i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(s, padding, 1 + (119 - s->total_bytes % 64) % 64);
    sha256_add(s, length, sizeof(length));
    for (uint32_t i = 0; i < SHA256_BYTES; i++)
        out[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_of(const void *data, size_t size, uint8_t out[SHA256_BYTES])
{
    struct sha256 s;

    sha256_begin(&s);
    sha256_add(&s, data, size);
    sha256_end(&s, out);
}
