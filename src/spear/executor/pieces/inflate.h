/* inflate: unpacks zlib data (RFC 1950, 1951), in pieces of 32 KiB, without a heap. The checksum
 * at the end is not looked at: images are packed by the fuzzer itself, and may be mutated.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <string.h>

enum {
    INFLATE_WINDOW = 32768,
    INFLATE_BITS_MAX = 15,
    INFLATE_LENGTHS = 288,
    INFLATE_DISTANCES = 30,
};

/* Takes the next bytes, that stand at offset of the whole; not 0 stops. */
typedef int inflate_sink(void *ctx, const unsigned char *bytes, size_t size, uint64_t offset);

/* A code: how many symbols there are of each length, and the symbols in the order of their codes.
 */
struct inflate_code {
    uint16_t count[INFLATE_BITS_MAX + 1];
    uint16_t symbols[INFLATE_LENGTHS];
};

struct inflate {
    const unsigned char *in;
    size_t at, size;
    uint32_t bits, bit_count;
    int is_broken; /* the data is wrong, or ends too early, or the sink has had enough */
    unsigned char window[INFLATE_WINDOW];
    uint64_t total; /* bytes put out so far */
    inflate_sink *sink;
    void *ctx;
    struct inflate_code lengths, distances;
};

static uint32_t inflate_bits(struct inflate *z, uint32_t count)
{
    while (z->bit_count < count) {
        if (z->at == z->size) {
            z->is_broken = 1;
            return 0;
        }
        z->bits |= (uint32_t)z->in[z->at++] << z->bit_count;
        z->bit_count += 8;
    }
    const uint32_t value = z->bits & ((UINT32_C(1) << count) - 1);
    z->bits >>= count;
    z->bit_count -= count;
    return value;
}

static void inflate_flush(struct inflate *z)
{
    const size_t used = (size_t)((z->total - 1) % INFLATE_WINDOW + 1);

    if (z->total > 0 && z->sink(z->ctx, z->window, used, z->total - used) != 0)
        z->is_broken = 1;
}

static void inflate_put(struct inflate *z, unsigned char byte)
{
    z->window[z->total % INFLATE_WINDOW] = byte;
    if (++z->total % INFLATE_WINDOW == 0)
        inflate_flush(z);
}

/* Makes a code from the lengths of its symbols' codes. */
static void inflate_make(struct inflate_code *code, const unsigned char *lengths, unsigned count)
{
    uint16_t next[INFLATE_BITS_MAX + 1] = {0};

    memset(code->count, 0, sizeof(code->count));
    for (unsigned i = 0; i < count; i++)
        code->count[lengths[i]]++;
    code->count[0] = 0;
    for (unsigned i = 1; i < INFLATE_BITS_MAX; i++)
        next[i + 1] = (uint16_t)(next[i] + code->count[i]);
    for (unsigned i = 0; i < count; i++)
        if (lengths[i] != 0)
            code->symbols[next[lengths[i]]++] = (uint16_t)i;
}

/* Codes of one length are consecutive numbers, so that one subtraction per bit tells. */
static unsigned inflate_symbol(struct inflate *z, const struct inflate_code *code)
{
    uint32_t value = 0, first = 0, index = 0;

    for (unsigned length = 1; length <= INFLATE_BITS_MAX && !z->is_broken; length++) {
        value |= inflate_bits(z, 1);
        if (value - first < code->count[length])
            return code->symbols[index + value - first];
        index += code->count[length];
        first = (first + code->count[length]) << 1;
        value <<= 1;
    }
    z->is_broken = 1;
    return 0;
}

static void inflate_copy(struct inflate *z, unsigned symbol)
{
    static const uint16_t base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const unsigned char extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t far_base[INFLATE_DISTANCES] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

    const uint32_t length = base[symbol] + inflate_bits(z, extra[symbol]);
    const unsigned far_symbol = inflate_symbol(z, &z->distances);
    if (far_symbol >= INFLATE_DISTANCES) {
        z->is_broken = 1;
        return;
    }
    const uint32_t far_bits = far_symbol < 2 ? 0 : far_symbol / 2 - 1;
    const uint32_t distance = far_base[far_symbol] + inflate_bits(z, far_bits);
    if (distance > z->total)
        z->is_broken = 1;
    for (uint32_t i = 0; i < length && !z->is_broken; i++)
        inflate_put(z, z->window[(z->total - distance) % INFLATE_WINDOW]);
}

static void inflate_coded_block(struct inflate *z)
{
    enum { END = 256, LENGTHS_END = 286 };

    while (!z->is_broken) {
        const unsigned symbol = inflate_symbol(z, &z->lengths);
        if (symbol == END)
            return;
        if (symbol < END)
            inflate_put(z, (unsigned char)symbol);
        else if (symbol < LENGTHS_END)
            inflate_copy(z, symbol - END - 1);
        else
            z->is_broken = 1;
    }
}

static void inflate_stored_block(struct inflate *z)
{
    z->bits = z->bit_count = 0;
    const uint32_t size = inflate_bits(z, 16);
    if (inflate_bits(z, 16) != (size ^ 0xffff) || z->size - z->at < size)
        z->is_broken = 1;
    for (uint32_t i = 0; i < size && !z->is_broken; i++)
        inflate_put(z, z->in[z->at++]);
}

static void inflate_fixed_codes(struct inflate *z)
{
    unsigned char lengths[INFLATE_LENGTHS];

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    inflate_make(&z->lengths, lengths, INFLATE_LENGTHS);
    memset(lengths, 5, INFLATE_DISTANCES);
    inflate_make(&z->distances, lengths, INFLATE_DISTANCES);
}

/* The lengths of both codes, packed with a third. */
static void inflate_read_codes(struct inflate *z)
{
    static const unsigned char order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                            11, 4,  12, 3, 13, 2, 14, 1, 15};
    unsigned char lengths[INFLATE_LENGTHS + INFLATE_DISTANCES + 2] = {0};

    const unsigned length_count = inflate_bits(z, 5) + 257;
    const unsigned distance_count = inflate_bits(z, 5) + 1;
    const unsigned count = length_count + distance_count;
    const unsigned order_count = inflate_bits(z, 4) + 4;
    if (length_count > 286 || distance_count > INFLATE_DISTANCES) {
        z->is_broken = 1;
        return;
    }
    for (unsigned i = 0; i < order_count; i++)
        lengths[order[i]] = (unsigned char)inflate_bits(z, 3);
    inflate_make(&z->lengths, lengths, 19);
    memset(lengths, 0, sizeof(lengths));
    for (unsigned i = 0; i < count && !z->is_broken;) {
        const unsigned symbol = inflate_symbol(z, &z->lengths);
        unsigned char value = 0;
        unsigned repeat = 1;
        if (symbol < 16)
            value = (unsigned char)symbol;
        else if (symbol == 16 && i > 0)
            value = lengths[i - 1];
        else if (symbol == 16)
            z->is_broken = 1;
        if (symbol >= 16)
            repeat = symbol == 16   ? 3 + inflate_bits(z, 2)
                     : symbol == 17 ? 3 + inflate_bits(z, 3)
                                    : 11 + inflate_bits(z, 7);
        if (repeat > count - i)
            z->is_broken = 1;
        for (; repeat > 0 && !z->is_broken; repeat--)
            lengths[i++] = value;
    }
    inflate_make(&z->lengths, lengths, length_count);
    inflate_make(&z->distances, lengths + length_count, distance_count);
}

/* Returns the number of bytes given to the sink; what came before a mistake in the data counts. */
static uint64_t inflate_zlib(struct inflate *z, const unsigned char *in, size_t size,
                             inflate_sink *sink, void *ctx)
{
    enum { HEADER = 2 };
    uint32_t is_last = 0;

    memset(z, 0, sizeof(*z));
    z->in = in;
    z->at = HEADER;
    z->size = size;
    z->sink = sink;
    z->ctx = ctx;
    z->is_broken = size < HEADER || (in[0] & 15) != 8 || (in[0] * 256 + in[1]) % 31 != 0;
    while (!z->is_broken && !is_last) {
        is_last = inflate_bits(z, 1);
        switch (inflate_bits(z, 2)) {
        case 0: inflate_stored_block(z); break;
        case 1:
            inflate_fixed_codes(z);
            inflate_coded_block(z);
            break;
        case 2:
            inflate_read_codes(z);
            inflate_coded_block(z);
            break;
        default: z->is_broken = 1;
        }
    }
    if (z->total % INFLATE_WINDOW != 0)
        inflate_flush(z);
    return z->total;
}
