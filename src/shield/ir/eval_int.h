/* eval_int: integer words of the meanings in ops.def. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_EVAL_INT_H
#define SHIELD_IR_EVAL_INT_H

#include "shield/ir/eval.h"

__extension__ typedef __int128 ir_signed;

static inline ir_bits mask(uint32_t w)
{
    return w >= 128 ? ~(ir_bits)0 : ((ir_bits)1 << w) - 1;
}

/* The value as a signed number of 128 bits. */
static inline ir_bits sext(uint32_t w, ir_bits a)
{
    return w >= 128 || (a >> (w - 1) & 1) == 0 ? a : a | ~mask(w);
}

static inline ir_bits umulhi(uint32_t w, ir_bits a, ir_bits b)
{
    if (w < 128)
        return (a * b) >> w; /* w is at most 64 */
    const ir_bits al = (uint64_t)a, ah = a >> 64, bl = (uint64_t)b, bh = b >> 64;
    const ir_bits middle = (al * bl >> 64) + (uint64_t)(ah * bl) + (uint64_t)(al * bh);
    return ah * bh + (ah * bl >> 64) + (al * bh >> 64) + (middle >> 64);
}

static inline ir_bits smulhi(uint32_t w, ir_bits a, ir_bits b)
{
    ir_bits high = umulhi(w, a, b);

    if (sext(w, a) >> 127)
        high -= b;
    if (sext(w, b) >> 127)
        high -= a;
    return high;
}

static inline ir_bits udiv(uint8_t *e, uint32_t w, ir_bits a, ir_bits b)
{
    (void)w;
    if (b != 0)
        return a / b;
    *e = IR_TRAP_DIVIDE_BY_ZERO;
    return 0;
}

static inline ir_bits urem(uint8_t *e, uint32_t w, ir_bits a, ir_bits b)
{
    (void)w;
    if (b != 0)
        return a % b;
    *e = IR_TRAP_DIVIDE_BY_ZERO;
    return 0;
}

static inline ir_bits sdiv(uint8_t *e, uint32_t w, ir_bits a, ir_bits b)
{
    if (b == 0)
        return udiv(e, w, a, b);
    if (b == mask(w)) { /* -1 */
        if (a == (ir_bits)1 << (w - 1))
            *e = IR_TRAP_INTEGER_OVERFLOW;
        return -a;
    }
    return (ir_bits)((ir_signed)sext(w, a) / (ir_signed)sext(w, b));
}

static inline ir_bits srem(uint8_t *e, uint32_t w, ir_bits a, ir_bits b)
{
    if (b == 0)
        return urem(e, w, a, b);
    if (b == mask(w))
        return 0;
    return (ir_bits)((ir_signed)sext(w, a) % (ir_signed)sext(w, b));
}

static inline ir_bits uadd_trap(uint8_t *e, uint32_t w, uint8_t code, ir_bits a, ir_bits b)
{
    const ir_bits sum = (a + b) & mask(w);

    if (sum < a)
        *e = code;
    return sum;
}

static inline ir_bits clz(uint32_t w, ir_bits a)
{
    uint32_t n = 0;

    while (n < w && (a >> (w - 1 - n) & 1) == 0)
        n++;
    return n;
}

static inline ir_bits ctz(uint32_t w, ir_bits a)
{
    uint32_t n = 0;

    while (n < w && (a >> n & 1) == 0)
        n++;
    return n;
}

static inline ir_bits popcnt(ir_bits a)
{
    return (ir_bits)(__builtin_popcountll((uint64_t)a) + __builtin_popcountll((uint64_t)(a >> 64)));
}

static inline ir_bits bswap(uint32_t w, ir_bits a)
{
    ir_bits out = 0;

    for (uint32_t i = 0; i < w; i += 8)
        out = out << 8 | (a >> i & 0xff);
    return out;
}

static inline ir_bits shl(uint32_t w, ir_bits a, ir_bits b)
{
    return a << (uint32_t)(b % w);
}

static inline ir_bits ushr(uint32_t w, ir_bits a, ir_bits b)
{
    return a >> (uint32_t)(b % w);
}

static inline ir_bits sshr(uint32_t w, ir_bits a, ir_bits b)
{
    return (ir_bits)((ir_signed)sext(w, a) >> (uint32_t)(b % w));
}

static inline ir_bits rotl(uint32_t w, ir_bits a, ir_bits b)
{
    const uint32_t n = (uint32_t)(b % w);

    return n == 0 ? a : a << n | a >> (w - n);
}

static inline ir_bits rotr(uint32_t w, ir_bits a, ir_bits b)
{
    return rotl(w, a, w - (uint32_t)(b % w));
}

static inline bool icmp(uint32_t cc, uint32_t w, ir_bits a, ir_bits b)
{
    const ir_signed x = (ir_signed)sext(w, a), y = (ir_signed)sext(w, b);

    switch ((enum ir_cc)cc) {
    case IR_EQ:
        return a == b;
    case IR_NE:
        return a != b;
    case IR_SLT:
        return x < y;
    case IR_SGE:
        return x >= y;
    case IR_SGT:
        return x > y;
    case IR_SLE:
        return x <= y;
    case IR_ULT:
        return a < b;
    case IR_UGE:
        return a >= b;
    case IR_UGT:
        return a > b;
    case IR_ULE:
        return a <= b;
    }
    return false;
}

#endif /* SHIELD_IR_EVAL_INT_H */
