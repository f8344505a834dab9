/* x64_values: operands for test_x64_ops, and which results count as the same.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_X64_VALUES_H
#define TESTS_UNIT_X64_VALUES_H

#include "base/rng.h"
#include "shield/ir/eval.h"

#include <string.h>

static const uint64_t edge_i32[] = {
    0,        1,         2,          7,          8,          31,        32,     63,
    64,       0x7f,      0x80,       0xff,       0x7fff,     0x8000,    0xffff, 0x10000,
    0xffffff, 0x1000001, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff};
static const uint64_t edge_i64[] = {0,
                                    1,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    UINT64_C(0x100000000),
                                    UINT64_C(0x1fffffffffffff),
                                    UINT64_C(0x20000000000001),
                                    UINT64_C(0x7fffffffffffffff),
                                    UINT64_C(0x7ffffffffffffc00),
                                    UINT64_C(0x7fffffbfffffffff),
                                    UINT64_C(0x8000000000000000),
                                    UINT64_C(0x8000000000000001),
                                    UINT64_C(0x8000008000000001),
                                    UINT64_C(0xfffffffffffff401),
                                    UINT64_C(0xfffffeffffffffff),
                                    UINT64_C(0xffffffffffffffff)};
/* 0, least, one half and its neighbours, 1, 1.5, 2.5, limits of integers and their neighbours, the
 * largest, infinity, NaN: canonical, another quiet one, signalling. The signs are added. */
static const uint64_t edge_f32[] = {
    0x00000000, 0x00000001, 0x00800000, 0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff,
    0x3f800000, 0x3fc00000, 0x40200000, 0x42f6e979, 0x4affffff, 0x4b000001, 0x4b7fffff,
    0x4effffff, 0x4f000000, 0x4f000001, 0x4f7fffff, 0x4f800000, 0x5effffff, 0x5f000000,
    0x5f7fffff, 0x5f800000, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7fc12345, 0x7f812345};
static const uint64_t edge_f64[] = {
    UINT64_C(0x0000000000000000), UINT64_C(0x0000000000000001), UINT64_C(0x0010000000000000),
    UINT64_C(0x3fdfffffffffffff), UINT64_C(0x3fe0000000000000), UINT64_C(0x3fe0000000000001),
    UINT64_C(0x3fefffffffffffff), UINT64_C(0x3ff0000000000000), UINT64_C(0x3ff8000000000000),
    UINT64_C(0x4004000000000000), UINT64_C(0x405edd2f1a9fbe77), UINT64_C(0x41dfffffffbfffff),
    UINT64_C(0x41dfffffffc00000), UINT64_C(0x41dfffffffffffff), UINT64_C(0x41e0000000000000),
    UINT64_C(0x41e0000000100000), UINT64_C(0x41e0000000200000), UINT64_C(0x41efffffffe00000),
    UINT64_C(0x41efffffffffffff), UINT64_C(0x41f0000000000000), UINT64_C(0x432fffffffffffff),
    UINT64_C(0x4330000000000001), UINT64_C(0x433fffffffffffff), UINT64_C(0x43dfffffffffffff),
    UINT64_C(0x43e0000000000000), UINT64_C(0x43efffffffffffff), UINT64_C(0x43f0000000000000),
    UINT64_C(0x7fefffffffffffff), UINT64_C(0x7ff0000000000000), UINT64_C(0x7ff8000000000000),
    UINT64_C(0x7ff8123456789abc), UINT64_C(0x7ff0123456789abc)};

enum { VECTORS = 24, PAIRS_MAX = 4000, RANDOM_SEED = 20261122 };

static const char *const shape_names[] = {"i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"};

/* '-' stands for a shape that is not looked at. */
static inline uint8_t shape_of_letter(char letter)
{
    static const char letters[] = "BWDQSX";
    const char *at = strchr(letters, letter);

    return at == NULL ? 0 : (uint8_t)(at - letters);
}

struct values {
    struct rng rng;
    ir_bits vectors[VECTORS];
    uint8_t vectors_of; /* shape + 1 the vectors were made for */
};

static inline void values_init(struct values *v)
{
    memset(v, 0, sizeof(*v));
    rng_seed(&v->rng, RANDOM_SEED);
}

static inline uint32_t edge_count(enum ir_type type)
{
    switch (type) {
    case IR_I32: return LENGTH_OF(edge_i32);
    case IR_I64: return LENGTH_OF(edge_i64);
    case IR_F32: return 2 * LENGTH_OF(edge_f32);
    case IR_F64: return 2 * LENGTH_OF(edge_f64);
    case IR_V128: return VECTORS;
    default: return 1;
    }
}

static inline ir_bits edge_scalar(enum ir_type type, uint32_t k)
{
    switch (type) {
    case IR_I32: return edge_i32[k];
    case IR_I64: return edge_i64[k];
    case IR_F32: return edge_f32[k / 2] | (k % 2 != 0 ? 0x80000000u : 0);
    case IR_F64: return edge_f64[k / 2] | (k % 2 != 0 ? UINT64_C(1) << 63 : 0);
    default: return 0;
    }
}

/* A lane of so many bits: an edge, or anything. */
static inline uint64_t lane_value(struct values *v, uint8_t shape, uint32_t bits)
{
    const enum ir_type type = shape == 4   ? IR_F32
                              : shape == 5 ? IR_F64
                              : bits == 64 ? IR_I64
                                           : IR_I32;
    if (rng_below(&v->rng, 4) == 0)
        return rng_next(&v->rng);
    return (uint64_t)edge_scalar(type, (uint32_t)rng_below(&v->rng, edge_count(type)));
}

static inline void make_vectors(struct values *v, uint8_t shape)
{
    static const uint8_t widths[] = {8, 16, 32, 64, 32, 64};
    const uint32_t bits = widths[shape];
    const uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

    if (v->vectors_of == shape + 1)
        return;
    v->vectors_of = (uint8_t)(shape + 1);
    for (uint32_t i = 0; i < VECTORS; i++) {
        ir_bits all = 0;
        for (uint32_t at = 0; at < 128; at += bits) {
            /* half of them with lanes of floats, for operations that convert */
            const uint8_t as = shape < 4 && i % 2 != 0 && bits >= 32 ? (uint8_t)(shape + 2) : shape;
            all |= (ir_bits)(lane_value(v, as, bits) & mask) << at;
        }
        v->vectors[i] = i == 0 ? 0 : i == 1 ? ~(ir_bits)0 : all;
    }
}

static inline ir_bits edge_value(struct values *v, enum ir_type type, uint8_t shape, uint32_t k)
{
    if (type != IR_V128)
        return edge_scalar(type, k);
    make_vectors(v, shape);
    return v->vectors[k];
}

/* The operands of combination n; false when there are no more. */
static inline bool values_choose(struct values *v, const enum ir_type types[3], uint8_t shape,
                                 uint32_t count, uint32_t n, ir_bits operands[3])
{
    if (n >= PAIRS_MAX)
        return false;
    operands[0] = operands[1] = operands[2] = 0;
    for (uint32_t k = 0; k < count; k++) {
        operands[k] = edge_value(v, types[k], shape, n % edge_count(types[k]));
        n /= edge_count(types[k]);
    }
    return n == 0;
}

/* Constants that are tried as the last operand. */
static inline uint32_t constants_of(enum ir_type type, struct values *v)
{
    (void)v;
    return type == IR_V128 ? 3 : type == IR_I32 ? edge_count(type) : 4;
}

static inline ir_bits constant_number(enum ir_type type, uint8_t shape, uint32_t c,
                                      struct values *v)
{
    if (type == IR_I32)
        return edge_value(v, type, shape, c);
    return edge_value(v, type, shape, c < 3 ? c : edge_count(type) / 2);
}

/* ---- patterns of shuffles
 * ------------------------------------------------------------------------ */
static const uint8_t shuffle_patterns[][16] = {
    {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15},
    {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
    {12, 13, 14, 15, 8,  9,  10, 11, 4,  5,  6,  7,  0,  1,  2,  3 },
    {28, 29, 30, 31, 16, 17, 18, 19, 16, 17, 18, 19, 20, 21, 22, 23},
    {2,  3,  0,  1,  6,  7,  4,  5,  8,  9,  10, 11, 12, 13, 14, 15},
    {0,  1,  2,  3,  4,  5,  6,  7,  14, 15, 12, 13, 10, 11, 8,  9 },
    {6,  7,  4,  5,  2,  3,  0,  1,  14, 15, 12, 13, 10, 11, 8,  9 },
    {5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 0,  1,  2,  3,  4 },
    {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23},
    {24, 8,  25, 9,  26, 10, 27, 11, 28, 12, 29, 13, 30, 14, 31, 15},
    {0,  1,  16, 17, 2,  3,  18, 19, 4,  5,  20, 21, 6,  7,  22, 23},
    {8,  9,  24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31},
    {16, 17, 18, 19, 0,  1,  2,  3,  20, 21, 22, 23, 4,  5,  6,  7 },
    {8,  9,  10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31},
    {0,  1,  2,  3,  4,  5,  6,  7,  16, 17, 18, 19, 20, 21, 22, 23},
    {24, 25, 26, 27, 28, 29, 30, 31, 8,  9,  10, 11, 12, 13, 14, 15},
    {0,  1,  2,  3,  20, 21, 22, 23, 8,  9,  10, 11, 28, 29, 30, 31},
    {0,  1,  18, 19, 4,  5,  6,  7,  8,  9,  10, 11, 28, 29, 14, 15},
    {4,  5,  6,  7,  0,  1,  2,  3,  28, 29, 30, 31, 16, 17, 18, 19},
    {28, 29, 30, 31, 16, 17, 18, 19, 4,  5,  6,  7,  4,  5,  6,  7 },
    {3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18},
    {19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0,  1,  2 },
    {15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0 },
    {7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7 },
    {16, 3,  3,  31, 0,  9,  22, 27, 5,  5,  30, 11, 12, 29, 2,  16},
    {23, 23, 30, 17, 23, 23, 30, 17, 31, 31, 16, 16, 18, 19, 20, 22},
};

/* ---- the same result
 * ------------------------------------------------------------------------------ */
enum nan_rule { NAN_EXACT, NAN_ARITHMETIC, NAN_DEMOTED, NAN_PROMOTED };

static inline bool lane_is_nan(uint32_t bits, uint64_t x)
{
    return bits == 32 ? (x & 0x7fffffff) > 0x7f800000
                      : (x & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

static inline bool lane_is_canonical(uint32_t bits, uint64_t x)
{
    return bits == 32 ? (x & 0x7fffffff) == 0x7fc00000
                      : (x & INT64_MAX) == UINT64_C(0x7ff8000000000000);
}

static inline bool lane_is_quiet(uint32_t bits, uint64_t x)
{
    return (x & (bits == 32 ? UINT64_C(0x400000) : UINT64_C(0x8000000000000))) != 0;
}

static inline uint64_t lane_at(ir_bits v, uint32_t bits, uint32_t lane)
{
    const uint64_t x = (uint64_t)(v >> (lane * bits));

    return bits == 32 ? (uint32_t)x : x;
}

/* The specification's rule: a canonical NaN when no operand is another NaN, else any quiet one. */
static inline bool same_lane(uint32_t bits, uint64_t want, uint64_t got, bool other_nan)
{
    if (want == got)
        return true;
    if (!lane_is_nan(bits, want) || !lane_is_nan(bits, got))
        return false;
    return other_nan ? lane_is_quiet(bits, got) : lane_is_canonical(bits, got);
}

static inline bool same_result(enum nan_rule rule, uint32_t bits, ir_bits want, ir_bits got,
                               const ir_bits *operands, uint32_t count)
{
    if (want == got || rule == NAN_EXACT)
        return want == got;
    if (rule == NAN_DEMOTED)
        bits = 32;
    if (rule == NAN_PROMOTED)
        bits = 64;
    const uint32_t from = rule == NAN_DEMOTED ? 64 : rule == NAN_PROMOTED ? 32 : bits;
    for (uint32_t lane = 0; lane < 128 / bits; lane++) {
        bool other_nan = false;
        for (uint32_t k = 0; k < count && lane < 128 / from; k++) {
            const uint64_t x = lane_at(operands[k], from, lane);
            other_nan |= lane_is_nan(from, x) && !lane_is_canonical(from, x);
        }
        if (!same_lane(bits, lane_at(want, bits, lane), lane_at(got, bits, lane), other_nan))
            return false;
    }
    return true;
}

#endif /* TESTS_UNIT_X64_VALUES_H */
