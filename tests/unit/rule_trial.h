/*
 * rule_trial: what the builders that `rulec -t` makes ask for. A trial is one way through all
 * choices that a pattern leaves open: types, constants, conditions, what a captured value is made
 * of. Choices are the digits of a number that counts up; too many are sampled.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_RULE_TRIAL_H
#define TESTS_UNIT_RULE_TRIAL_H

#include "base/rng.h"
#include "shield/opt/rules.h"

enum { TRIAL_DIGITS_MAX = 24, TRIAL_TYPES_MAX = 6 };

struct rule_trial {
    struct ir_func *f;
    struct rng *rng;
    bool sampled; /* digits are random */
    uint32_t digits[TRIAL_DIGITS_MAX], sizes[TRIAL_DIGITS_MAX], digit_count, at;
    uint8_t types[TRIAL_TYPES_MAX]; /* chosen in this trial */
    uint32_t type_count;
};

struct rule_try {
    const char *name;
    ir_value (*left)(struct rule_trial *t); /* NULL: cannot be built alone */
    bool (*run)(struct opt_rewrite *c, const struct ir_inst *inst, ir_value self, ir_value *out);
};

static inline uint32_t rule_trial_choice(struct rule_trial *t, uint32_t count)
{
    uint32_t at = t->at++;

    if (at == t->digit_count) {
        t->sizes[at] = count;
        t->digits[at] = 0;
        t->digit_count++;
    }
    t->sizes[at] = count; /* may depend on digits in front */
    if (t->sampled)
        t->digits[at] = (uint32_t)rng_below(t->rng, count);
    return t->digits[at] < count ? t->digits[at] : 0;
}

/* The next trial, or false when this was the last. Digits that change other digits' sizes come
 * first, so those behind a changed one start again. */
static inline bool rule_trial_next(struct rule_trial *t)
{
    uint32_t at = t->digit_count;

    while (at > 0 && t->digits[at - 1] + 1 >= t->sizes[at - 1])
        at--;
    if (at == 0)
        return false;
    t->digits[at - 1]++;
    t->digit_count = at;
    return true;
}

static inline enum ir_type rule_trial_type(struct rule_trial *t, uint32_t mask)
{
    const uint32_t tried = 1u << IR_I8 | 1u << IR_I16 | 1u << IR_I32 | 1u << IR_I64 | 1u << IR_F32 |
                           1u << IR_F64 | 1u << IR_V128;
    uint32_t choice = rule_trial_choice(t, (uint32_t)__builtin_popcount(mask & tried));

    for (uint32_t type = 0; type < IR_TYPE_COUNT; type++)
        if (((mask & tried) >> type & 1) != 0 && choice-- == 0) {
            if (t->type_count < TRIAL_TYPES_MAX)
                t->types[t->type_count++] = (uint8_t)type;
            return (enum ir_type)type;
        }
    return IR_I32;
}

static inline ir_value rule_trial_inst(struct rule_trial *t, struct ir_inst i)
{
    return ir_emit(t->f, 0, i);
}

/* A captured value: a parameter, and when guards ask about it also something they may like. */
static inline ir_value rule_trial_value(struct rule_trial *t, enum ir_type type, bool asked)
{
    ir_value v = ir_param_new(t->f, 0, type);
    uint32_t choice = asked && ir_type_is_int(type) ? rule_trial_choice(t, 4) : 0;

    if (choice == 1) { /* 0 or 1 */
        ir_value one = rule_trial_inst(t, ir_iconst(type, 1));
        return rule_trial_inst(
            t, (struct ir_inst){.op = IR_OP_IAND, .type = (uint8_t)type, .a = v, .b = one});
    }
    if (choice == 2 && type == IR_I32) {
        ir_value other = ir_param_new(t->f, 0, type);
        return rule_trial_inst(
            t,
            (struct ir_inst){.op = IR_OP_ICMP, .type = IR_I32, .aux = IR_SLT, .a = v, .b = other});
    }
    if (choice == 3) { /* not negative */
        ir_value one = rule_trial_inst(t, ir_iconst(type, 1));
        return rule_trial_inst(
            t, (struct ir_inst){.op = IR_OP_USHR, .type = (uint8_t)type, .a = v, .b = one});
    }
    return v;
}

/* Numbers at the edges of types: the number-th of them for a type; false: there are no more. */
static inline bool rule_trial_edge(enum ir_type type, uint32_t number, uint64_t *out)
{
    static const uint64_t floats32[] = {0x3f800000, 0xbf800000, 0x40000000, 0x3f000000, 0xc0800000,
                                        0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
                                        0x7f800001, 1,          0x007fffff, 0x00800000, 0x7f7fffff,
                                        0x7f000000, 0x40400000, 0x3eaaaaab, 0x3dcccccd};
    static const uint64_t floats64[] = {0x3ff0000000000000, 0xbff0000000000000, 0x4000000000000000,
                                        0x3fe0000000000000, 0xc010000000000000, 0,
                                        0x8000000000000000, 0x7ff0000000000000, 0xfff0000000000000,
                                        0x7ff8000000000000, 0x7ff0000000000001, 1,
                                        0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
                                        0x7fe0000000000000, 0x4008000000000000, 0x3fd5555555555555,
                                        0x3fb999999999999a};
    static const uint64_t small[] = {0,  1,  2,   3,   5,   6,    7,     9,         10,
                                     12, 24, 25,  31,  32,  33,   48,    56,        60,
                                     63, 64, 100, 125, 641, 1000, 12345, 0x12345678};
    uint32_t bits = ir_type_bits(type), powers = bits > 64 ? 0 : bits;

    if (type == IR_F32 || type == IR_F64) {
        *out = type == IR_F32 ? floats32[number % LENGTH_OF(floats32)]
                              : floats64[number % LENGTH_OF(floats64)];
        return number < LENGTH_OF(floats32);
    }
    if (number < LENGTH_OF(small)) {
        *out = rule_cut(type, small[number]);
    } else if (number < LENGTH_OF(small) * 2) {
        *out = rule_cut(type, 0 - small[number - LENGTH_OF(small)]);
    } else {
        number -= (uint32_t)LENGTH_OF(small) * 2;
        uint64_t power = UINT64_C(1) << number / 3 % 64;
        *out = rule_cut(type, power + number % 3 - 1); /* 2**n - 1, 2**n, 2**n + 1 */
        return number < powers * 3;
    }
    return true;
}

static inline uint64_t rule_trial_bits(struct rule_trial *t, enum ir_type type)
{
    uint32_t count = 0;
    uint64_t bits = 0;

    while (rule_trial_edge(type, count, &bits))
        count++;
    rule_trial_edge(type, rule_trial_choice(t, count), &bits);
    return bits;
}

#endif /* TESTS_UNIT_RULE_TRIAL_H */
