/*
 * rules: the C that rules/opt call: predicates and functions over constants, and constructors of
 * longer sequences. Included by the C that tools/rulec makes. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_RULES_H
#define SHIELD_OPT_RULES_H

#include "shield/ir/rule_support.h"
#include "shield/opt/rewrite.h"

static inline bool opt_is_power(struct opt_rewrite *c, uint64_t k) /* of two */
{
    (void)c;
    return k != 0 && (k & (k - 1)) == 0;
}
static inline uint64_t opt_log2(struct opt_rewrite *c, uint64_t k)
{
    (void)c;
    return k == 0 ? 0 : 63 - (uint64_t)__builtin_clzll(k);
}
static inline uint64_t opt_add(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x + y;
}
static inline uint64_t opt_sub(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x - y;
}
static inline uint64_t opt_and(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x & y;
}
static inline uint64_t opt_or(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x | y;
}
static inline uint64_t opt_xor(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x ^ y;
}
static inline uint64_t opt_mul(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x * y;
}
static inline bool opt_is(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x == y;
}
static inline bool opt_less(struct opt_rewrite *c, uint64_t x, uint64_t y)
{
    (void)c;
    return x < y;
}
/* x modulo the width of the type. */
static inline uint64_t opt_count(struct opt_rewrite *c, enum ir_type t, uint64_t x)
{
    (void)c;
    return x & (ir_type_bits(t) - 1);
}
static inline uint64_t opt_bits(struct opt_rewrite *c, enum ir_type t)
{
    (void)c;
    return ir_type_bits(t);
}
static inline uint64_t opt_mask(struct opt_rewrite *c, enum ir_type t)
{
    (void)c;
    return rule_cut(t, UINT64_MAX);
}
static inline uint64_t opt_sign(struct opt_rewrite *c, enum ir_type t) /* the highest bit */
{
    (void)c;
    return UINT64_C(1) << (ir_type_bits(t) - 1);
}
static inline uint64_t opt_shift_left(struct opt_rewrite *c, uint64_t x, uint64_t n)
{
    (void)c;
    return n >= 64 ? 0 : x << n;
}
static inline uint64_t opt_shift_right(struct opt_rewrite *c, uint64_t x, uint64_t n)
{
    (void)c;
    return n >= 64 ? 0 : x >> n;
}
static inline uint64_t opt_cut(struct opt_rewrite *c, enum ir_type t, uint64_t x)
{
    (void)c;
    return rule_cut(t, x);
}
static inline bool opt_wider(struct opt_rewrite *c, enum ir_type x, enum ir_type y)
{
    (void)c;
    return ir_type_bits(x) > ir_type_bits(y);
}
/* Only 0 and 1. */
bool opt_boolean(struct opt_rewrite *c, ir_value v);
enum ir_cc opt_inverse(struct opt_rewrite *c, enum ir_cc cc);
/* What x compared with x is. */
uint64_t opt_reflexive(struct opt_rewrite *c, enum ir_cc cc);
/* The floating point constant has a reciprocal that is exact and no denormal number; what it is. */
bool opt_exact_reciprocal(struct opt_rewrite *c, enum ir_type t, uint64_t k);
uint64_t opt_reciprocal(struct opt_rewrite *c, enum ir_type t, uint64_t k);
bool opt_is_two(struct opt_rewrite *c, enum ir_type t, uint64_t k);
/* Signed conditions; their unsigned twins. */
bool opt_is_signed(struct opt_rewrite *c, enum ir_cc cc);
enum ir_cc opt_unsigned(struct opt_rewrite *c, enum ir_cc cc);
bool opt_is_equality(struct opt_rewrite *c, enum ir_cc cc);
/* The highest bit is zero for certain. */
bool opt_not_negative(struct opt_rewrite *c, ir_value v);
/* x / k and x % k without dividing; k is neither 0 nor a power of two (signed: nor -1). divide.c */
ir_value opt_udiv_by(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t k);
ir_value opt_sdiv_by(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t k);
/* x / 2**n, rounded towards zero. */
ir_value opt_sdiv_power(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t n);
bool opt_signed_divisor(struct opt_rewrite *c, enum ir_type t, uint64_t k);

#endif /* SHIELD_OPT_RULES_H */
