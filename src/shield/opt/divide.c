/*
 * divide: division by a constant without dividing: by a multiplication whose high half is nearly
 * the quotient. (Granlund and Montgomery, "Division by invariant integers using multiplication".)
 *
 * With w bits, divisor d and l = ceil(log2 d): m = floor(2**w * (2**l - d) / d) + 1 is the low part
 * of a multiplier of w + 1 bits; q = (m * n >> w, n added without losing the carry) >> l - 1.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/rules.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide;

static ir_value binary(struct opt_rewrite *c, enum ir_op op, enum ir_type t, ir_value x, ir_value y)
{
    return opt_make(c, (struct ir_inst){.op = (uint16_t)op, .type = (uint8_t)t, .a = x, .b = y});
}

static ir_value constant(struct opt_rewrite *c, enum ir_type t, uint64_t k)
{
    return opt_make(c, ir_iconst(t, rule_cut(t, k)));
}

static ir_value shifted(struct opt_rewrite *c, enum ir_op op, enum ir_type t, ir_value x,
                        uint32_t count)
{
    return count == 0 ? x : binary(c, op, t, x, constant(c, t, count));
}

static uint32_t ceil_log2(uint64_t d)
{
    return d <= 1 ? 0 : 64 - (uint32_t)__builtin_clzll(d - 1);
}

/* (x * m) >> w + shift, unsigned. With 32 bits the whole product fits one of 64. */
static ir_value high_product(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t m,
                             uint32_t shift)
{
    if (t != IR_I32)
        return shifted(c, IR_OP_USHR, t, binary(c, IR_OP_UMULHI, t, x, constant(c, t, m)), shift);
    x = opt_make(c, (struct ir_inst){.op = IR_OP_UEXTEND, .type = IR_I64, .a = x});
    x = binary(c, IR_OP_IMUL, IR_I64, x, constant(c, IR_I64, m));
    x = shifted(c, IR_OP_USHR, IR_I64, x, 32 + shift);
    return opt_make(c, (struct ir_inst){.op = IR_OP_IREDUCE, .type = IR_I32, .a = x});
}

/* x is below 2**(w - zeros). */
static bool short_multiplier(uint32_t w, uint64_t k, uint32_t zeros, uint64_t *m, uint32_t *shift)
{
    for (uint32_t s = 0; s < ceil_log2(k); s++) {
        wide power = (wide)1 << (w + s), multiplier = power / k + 1;
        if (multiplier >> w == 0 && multiplier * k - power <= (wide)1 << (s + zeros)) {
            *m = (uint64_t)multiplier;
            *shift = s;
            return true;
        }
    }
    return false;
}

ir_value opt_udiv_by(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t k)
{
    uint32_t w = ir_type_bits(t), l = ceil_log2(k), zeros = (uint32_t)__builtin_ctzll(k), shift;
    uint64_t m;

    assert(k > 2 && (k & (k - 1)) != 0);
    if (short_multiplier(w, k, 0, &m, &shift))
        return high_product(c, t, x, m, shift);
    if (zeros > 0 && short_multiplier(w, k >> zeros, zeros, &m, &shift))
        return high_product(c, t, shifted(c, IR_OP_USHR, t, x, zeros), m, shift);
    m = (uint64_t)((((wide)1 << w) * (((wide)1 << l) - k)) / k + 1);
    ir_value high = high_product(c, t, x, m, 0);
    ir_value half = shifted(c, IR_OP_USHR, t, binary(c, IR_OP_ISUB, t, x, high), 1);
    return shifted(c, IR_OP_USHR, t, binary(c, IR_OP_IADD, t, half, high), l - 1);
}

bool opt_signed_divisor(struct opt_rewrite *c, enum ir_type t, uint64_t k)
{
    uint32_t w = ir_type_bits(t);
    uint64_t sign = UINT64_C(1) << (w - 1), magnitude = (k & sign) != 0 ? rule_cut(t, 0 - k) : k;

    (void)c;
    return magnitude > 2 && (magnitude & (magnitude - 1)) != 0;
}

static ir_value signed_high_product(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t m,
                                    uint32_t shift)
{
    if (t == IR_I32) {
        x = opt_make(c, (struct ir_inst){.op = IR_OP_SEXTEND, .type = IR_I64, .a = x});
        x = binary(c, IR_OP_IMUL, IR_I64, x, constant(c, IR_I64, m));
        x = shifted(c, IR_OP_SSHR, IR_I64, x, 32 + shift);
        return opt_make(c, (struct ir_inst){.op = IR_OP_IREDUCE, .type = IR_I32, .a = x});
    }
    ir_value high = binary(c, IR_OP_SMULHI, t, x, constant(c, t, m));
    if (m >> (ir_type_bits(t) - 1) != 0) /* the multiplier is m - 2**w to SMULHI */
        high = binary(c, IR_OP_IADD, t, high, x);
    return shifted(c, IR_OP_SSHR, t, high, shift);
}

ir_value opt_sdiv_by(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t k)
{
    uint32_t w = ir_type_bits(t);
    uint64_t sign = UINT64_C(1) << (w - 1);
    bool negative = (k & sign) != 0;
    uint64_t d = negative ? rule_cut(t, 0 - k) : k;
    uint32_t l = ceil_log2(d);

    assert(d > 2 && (d & (d - 1)) != 0);
    /* The least shift whose multiplier is exact enough for magnitudes up to 2**(w - 1). */
    for (uint32_t shift = 0; shift < l; shift++) {
        wide power = (wide)1 << (w + shift), m = power / d + 1;
        if (m >> w != 0 || m * d - power > (wide)1 << (shift + 1))
            continue;
        ir_value q = signed_high_product(c, t, x, (uint64_t)m, shift);
        ir_value minus = shifted(c, IR_OP_USHR, t, x, w - 1); /* one when x is negative */
        q = binary(c, IR_OP_IADD, t, q, minus);
        if (!negative)
            return q;
        return opt_make(c, (struct ir_inst){.op = IR_OP_INEG, .type = (uint8_t)t, .a = q});
    }
    assert(false && "a shift below ceil(log2 d) is enough");
    return x;
}

ir_value opt_sdiv_power(struct opt_rewrite *c, enum ir_type t, ir_value x, uint64_t n)
{
    uint32_t w = ir_type_bits(t);

    assert(n >= 1 && n < w);
    /* 2**n - 1 is added when x is negative */
    ir_value sign = n == 1 ? x : shifted(c, IR_OP_SSHR, t, x, w - 1);
    ir_value bias = shifted(c, IR_OP_USHR, t, sign, w - (uint32_t)n);
    return shifted(c, IR_OP_SSHR, t, binary(c, IR_OP_IADD, t, x, bias), (uint32_t)n);
}
