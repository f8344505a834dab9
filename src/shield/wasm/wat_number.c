/*
 * wat_number: hexadecimal floats are rounded here from up to 64 significant bits and a sticky one.
 * Decimal floats become digits and a power of ten; when both are small the arithmetic is exact,
 * else the C library rounds, in the "C" locale and straight to the wanted width.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_number.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* More digits than decide the rounding of any f64 (767); the rest count as one sticky digit. */
    DECIMAL_DIGITS_MAX = 800,
    EXPONENT_MAX = 1 << 24 /* larger ones are cut: infinity or zero either way */
};

struct float_format {
    uint32_t precision; /* bits of the significand, with the implicit one */
    int32_t exp_min, exp_max;
};
static const struct float_format f32_format = {24, -126, 127};
static const struct float_format f64_format = {53, -1022, 1023};

static int digit_value(char c, uint32_t base)
{
    int value = -1;

    if (c >= '0' && c <= '9')
        value = c - '0';
    else if (c >= 'a' && c <= 'f')
        value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        value = c - 'A' + 10;
    return value < (int)base ? value : -1;
}

/* True when s[*i] continues a digit run: a digit, or one _ between two digits (then *i moves to
 * the digit behind it). *seen: the run has begun. */
static bool next_digit(struct str s, size_t *i, uint32_t base, bool seen, int *value)
{
    size_t at = *i;

    if (seen && at < s.size && s.text[at] == '_')
        at++;
    if (at >= s.size || (*value = digit_value(s.text[at], base)) < 0)
        return false;
    *i = at + 1;
    return true;
}

static bool take_hex_prefix(struct str s, size_t *i)
{
    if (s.size - *i < 2 || s.text[*i] != '0' || (s.text[*i + 1] != 'x' && s.text[*i + 1] != 'X'))
        return false;
    *i += 2;
    return true;
}

enum wat_num wat_parse_nat(struct str s, uint64_t max, uint64_t *out)
{
    size_t i = 0;
    uint32_t base = take_hex_prefix(s, &i) ? 16 : 10;
    uint64_t value = 0;
    bool seen = false, overflow = false;
    int digit;

    for (; next_digit(s, &i, base, seen, &digit); seen = true)
        overflow |= __builtin_mul_overflow(value, base, &value) ||
                    __builtin_add_overflow(value, (uint64_t)digit, &value);
    if (!seen || i != s.size)
        return WAT_NUM_SYNTAX;
    if (overflow || value > max)
        return WAT_NUM_RANGE;
    *out = value;
    return WAT_NUM_OK;
}

static bool take_sign(struct str *s)
{
    bool negative = s->size != 0 && s->text[0] == '-';

    if (negative || (s->size != 0 && s->text[0] == '+')) {
        s->text++;
        s->size--;
    }
    return negative;
}

enum wat_num wat_parse_int(struct str s, uint32_t bits, uint64_t *out)
{
    bool negative = take_sign(&s);
    uint64_t mask = UINT64_MAX >> (64 - bits);
    uint64_t value = 0;
    enum wat_num result = wat_parse_nat(s, negative ? UINT64_C(1) << (bits - 1) : mask, &value);

    if (result == WAT_NUM_OK)
        *out = (negative ? 0 - value : value) & mask;
    return result;
}

/* ---- floats ---------------------------------------------------------------------------------- */

/* Bits of mantissa * 2^exponent, rounded to nearest even; sticky: a little more than mantissa. */
static enum wat_num round_binary(const struct float_format *f, uint64_t mantissa, bool sticky,
                                 int64_t exponent, uint64_t *out)
{
    *out = 0;
    if (mantissa == 0)
        return WAT_NUM_OK;
    int shift = __builtin_clzll(mantissa);
    mantissa <<= shift;
    exponent += 63 - shift; /* now the value is mantissa / 2^63 * 2^exponent, mantissa >= 2^63 */
    if (exponent > f->exp_max)
        return WAT_NUM_RANGE;
    int64_t drop = 64 - (int64_t)f->precision;
    bool subnormal = exponent < f->exp_min;
    if (subnormal)
        drop += f->exp_min - exponent;
    if (drop > 64)
        return WAT_NUM_OK; /* below half of the smallest */

    uint64_t kept = drop == 64 ? 0 : mantissa >> drop;
    uint64_t rest = drop == 64 ? mantissa : mantissa & ((UINT64_C(1) << drop) - 1);
    uint64_t half = UINT64_C(1) << (drop - 1);
    if (rest > half || (rest == half && (sticky || (kept & 1) != 0)))
        kept++; /* may carry into the exponent, which is then right too */
    uint64_t implicit = UINT64_C(1) << (f->precision - 1);
    uint64_t bits = kept;
    if (!subnormal)
        bits = ((uint64_t)(exponent - f->exp_min + 1) << (f->precision - 1)) + kept - implicit;
    if (bits >> (f->precision - 1) == (uint64_t)(f->exp_max - f->exp_min + 2))
        return WAT_NUM_RANGE;
    *out = bits;
    return WAT_NUM_OK;
}

/* The exponent behind its letter; false when malformed. */
static bool parse_exponent(struct str s, size_t *i, int64_t *out)
{
    bool negative = *i < s.size && s.text[*i] == '-';
    int64_t value = 0;
    bool seen = false;
    int digit;

    if (negative || (*i < s.size && s.text[*i] == '+'))
        ++*i;
    for (; next_digit(s, i, 10, seen, &digit); seen = true)
        if (value < EXPONENT_MAX)
            value = value * 10 + digit;
    *out = negative ? -value : value;
    return seen;
}

/* Digits of either base: what is before and behind the point. */
struct digits {
    uint64_t mantissa; /* leading significant digits, as many as fit in 60 bits */
    bool sticky;       /* a digit that did not fit is not zero */
    int64_t exponent;  /* the mantissa counts base^exponent */
    size_t text_size;  /* decimal: significant digits in text */
    char *text;        /* room for DECIMAL_DIGITS_MAX, or NULL */
    int64_t text_exponent;
};

static void add_digit(struct digits *d, uint32_t base, int digit, bool is_fraction)
{
    if (d->mantissa <= (UINT64_MAX >> 4) / base) {
        d->mantissa = d->mantissa * base + (uint32_t)digit;
        d->exponent -= is_fraction;
    } else {
        d->sticky |= digit != 0;
        d->exponent += !is_fraction;
    }
    if (d->text == NULL)
        return;
    if (d->text_size < DECIMAL_DIGITS_MAX) {
        if (d->text_size != 0 || digit != 0)
            d->text[d->text_size++] = (char)('0' + digit);
        d->text_exponent -= is_fraction;
    } else {
        if (digit != 0)
            d->text[DECIMAL_DIGITS_MAX - 1] = '1'; /* sticky: never the end of a short number */
        d->text_exponent += !is_fraction;
    }
}

/* num ["." [frac]] with digits of base; moves *i behind. */
static bool parse_digits(struct str s, size_t *i, uint32_t base, struct digits *d)
{
    bool seen = false;
    int digit;

    for (; next_digit(s, i, base, seen, &digit); seen = true)
        add_digit(d, base, digit, false);
    if (!seen)
        return false;
    if (*i < s.size && s.text[*i] == '.') {
        ++*i;
        for (seen = false; next_digit(s, i, base, seen, &digit); seen = true)
            add_digit(d, base, digit, true);
    }
    return true;
}

static enum wat_num parse_hex_float(struct str s, size_t i, const struct float_format *f,
                                    uint64_t *out)
{
    struct digits d = {0};
    int64_t exponent = 0;

    if (!parse_digits(s, &i, 16, &d))
        return WAT_NUM_SYNTAX;
    if (i < s.size && (s.text[i] == 'p' || s.text[i] == 'P')) {
        i++;
        if (!parse_exponent(s, &i, &exponent))
            return WAT_NUM_SYNTAX;
    }
    if (i != s.size)
        return WAT_NUM_SYNTAX;
    return round_binary(f, d.mantissa, d.sticky, exponent + d.exponent * 4, out);
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    CHECK(c_locale != (locale_t)0, "the \"C\" locale always exists");
}

static enum wat_num round_by_library(const struct digits *d, int64_t exponent, bool is_f32,
                                     uint64_t *out)
{
    char text[DECIMAL_DIGITS_MAX + 32];

    memcpy(text, d->text, d->text_size);
    snprintf(text + d->text_size, sizeof(text) - d->text_size, "e%lld",
             (long long)(exponent + d->text_exponent));
    pthread_once(&c_locale_once, make_c_locale);
    if (is_f32) {
        float f = strtof_l(text, NULL, c_locale);
        uint32_t bits;
        memcpy(&bits, &f, sizeof(bits));
        *out = bits;
        return bits == 0x7f800000 ? WAT_NUM_RANGE : WAT_NUM_OK;
    }
    double f = strtod_l(text, NULL, c_locale);
    memcpy(out, &f, sizeof(*out));
    return *out == UINT64_C(0x7ff0000000000000) ? WAT_NUM_RANGE : WAT_NUM_OK;
}

/* Exact when the digits and the power of ten are both exact in the type: then one operation
 * rounds once. False when they are not. */
static bool round_small(const struct digits *d, int64_t exponent, bool is_f32, uint64_t *out)
{
    static const double power_f64[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    static const float power_f32[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f,
                                      1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    int64_t power = exponent + d->exponent;
    uint64_t size = (uint64_t)(power < 0 ? -power : power);

    if (d->sticky)
        return false;
    if (is_f32 && d->mantissa <= 1 << 24 && size < LENGTH_OF(power_f32)) {
        float f = (float)d->mantissa;
        f = power < 0 ? f / power_f32[size] : f * power_f32[size];
        uint32_t bits;
        memcpy(&bits, &f, sizeof(bits));
        *out = bits;
        return true;
    }
    if (!is_f32 && d->mantissa <= UINT64_C(1) << 53 && size < LENGTH_OF(power_f64)) {
        double f = (double)d->mantissa;
        f = power < 0 ? f / power_f64[size] : f * power_f64[size];
        memcpy(out, &f, sizeof(*out));
        return true;
    }
    return false;
}

static enum wat_num parse_decimal_float(struct str s, bool is_f32, uint64_t *out)
{
    char text[DECIMAL_DIGITS_MAX];
    struct digits d = {.text = text};
    int64_t exponent = 0;
    size_t i = 0;

    if (!parse_digits(s, &i, 10, &d))
        return WAT_NUM_SYNTAX;
    if (i < s.size && (s.text[i] == 'e' || s.text[i] == 'E')) {
        i++;
        if (!parse_exponent(s, &i, &exponent))
            return WAT_NUM_SYNTAX;
    }
    if (i != s.size)
        return WAT_NUM_SYNTAX;
    if (d.text_size == 0) {
        *out = 0;
        return WAT_NUM_OK;
    }
    if (round_small(&d, exponent, is_f32, out))
        return WAT_NUM_OK;
    return round_by_library(&d, exponent, is_f32, out);
}

static bool equals(struct str s, const char *text)
{
    return s.size == strlen(text) && memcmp(s.text, text, s.size) == 0;
}

static enum wat_num parse_float(struct str s, bool is_f32, uint64_t *out)
{
    const struct float_format *f = is_f32 ? &f32_format : &f64_format;
    uint64_t quiet = UINT64_C(1) << (f->precision - 2);
    uint64_t infinity = (uint64_t)(f->exp_max - f->exp_min + 2) << (f->precision - 1);
    uint64_t sign = take_sign(&s) ? UINT64_C(1) << (is_f32 ? 31 : 63) : 0;
    uint64_t bits = 0;
    enum wat_num result = WAT_NUM_OK;
    size_t i = 0;

    if (equals(s, "inf")) {
        bits = infinity;
    } else if (equals(s, "nan")) {
        bits = infinity | quiet;
    } else if (s.size > 6 && memcmp(s.text, "nan:0x", 6) == 0) {
        result = wat_parse_nat((struct str){s.text + 4, s.size - 4}, quiet * 2 - 1, &bits);
        if (result == WAT_NUM_OK && bits == 0)
            result = WAT_NUM_RANGE;
        bits |= infinity;
    } else if (take_hex_prefix(s, &i)) {
        result = parse_hex_float(s, i, f, &bits);
    } else {
        result = parse_decimal_float(s, is_f32, &bits);
    }
    if (result == WAT_NUM_OK)
        *out = bits | sign;
    return result;
}

enum wat_num wat_parse_f32(struct str s, uint32_t *out)
{
    uint64_t bits;
    enum wat_num result = parse_float(s, true, &bits);

    if (result == WAT_NUM_OK)
        *out = (uint32_t)bits;
    return result;
}

enum wat_num wat_parse_f64(struct str s, uint64_t *out)
{
    return parse_float(s, false, out);
}
