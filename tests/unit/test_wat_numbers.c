/* test_wat_numbers: integers at the ends of their ranges; floats at every place where rounding
 * turns, straight to their width, in decimal and hexadecimal. SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"

#include "shield/wasm/wat_number.h"

#include <inttypes.h>
#include <locale.h>
#include <string.h>

/* clang-format off */
static const char *const verdict[] = {
    [WAT_NUM_OK] = "ok", [WAT_NUM_SYNTAX] = "syntax", [WAT_NUM_RANGE] = "range"};
 static const struct { const char *text; uint32_t bits; enum wat_num want; uint64_t value;
} int_rows[] = {
    {"0", 32, WAT_NUM_OK, 0},
    {"-0", 32, WAT_NUM_OK, 0},
    {"+7", 32, WAT_NUM_OK, 7},
    {"127", 8, WAT_NUM_OK, 0x7f},
    {"255", 8, WAT_NUM_OK, 0xff},
    {"256", 8, WAT_NUM_RANGE, 0},
    {"-128", 8, WAT_NUM_OK, 0x80},
    {"-129", 8, WAT_NUM_RANGE, 0},
    {"0xffff", 16, WAT_NUM_OK, 0xffff},
    {"0x1_0000", 16, WAT_NUM_RANGE, 0},
    {"-0x8000", 16, WAT_NUM_OK, 0x8000},
    {"4294967295", 32, WAT_NUM_OK, 0xffffffff},
    {"4294967296", 32, WAT_NUM_RANGE, 0},
    {"-2147483648", 32, WAT_NUM_OK, 0x80000000},
    {"-2147483649", 32, WAT_NUM_RANGE, 0},
    {"18446744073709551615", 64, WAT_NUM_OK, UINT64_MAX},
    {"18446744073709551616", 64, WAT_NUM_RANGE, 0},
    {"-9223372036854775808", 64, WAT_NUM_OK, UINT64_C(1) << 63},
    {"-9223372036854775809", 64, WAT_NUM_RANGE, 0},
    {"99999999999999999999999999", 64, WAT_NUM_RANGE, 0},
    {"00000000000000000000000000000001", 32, WAT_NUM_OK, 1},
    {"1_000_000", 32, WAT_NUM_OK, 1000000},
    {"0xAbCd_eF01", 32, WAT_NUM_OK, 0xabcdef01},
    {"", 32, WAT_NUM_SYNTAX, 0},
    {"+", 32, WAT_NUM_SYNTAX, 0},
    {"-", 32, WAT_NUM_SYNTAX, 0},
    {"_1", 32, WAT_NUM_SYNTAX, 0},
    {"1_", 32, WAT_NUM_SYNTAX, 0},
    {"1__0", 32, WAT_NUM_SYNTAX, 0},
    {"0x", 32, WAT_NUM_SYNTAX, 0},
    {"0x_1", 32, WAT_NUM_SYNTAX, 0},
    {"0_x1", 32, WAT_NUM_SYNTAX, 0},
    {"12a", 32, WAT_NUM_SYNTAX, 0},
    {"0xg", 32, WAT_NUM_SYNTAX, 0},
    {"1.0", 32, WAT_NUM_SYNTAX, 0},
    {"--1", 32, WAT_NUM_SYNTAX, 0},
};
/* clang-format on */

struct float_row {
    const char *text;
    enum wat_num want;
    uint64_t bits;
};

/* clang-format off */
static const struct float_row f32_rows[] = {
    {"0", WAT_NUM_OK, 0},
    {"-0.0", WAT_NUM_OK, 0x80000000},
    {"1", WAT_NUM_OK, 0x3f800000},
    {"+1.e0", WAT_NUM_OK, 0x3f800000},
    {"0x1.p0", WAT_NUM_OK, 0x3f800000},
    {"1_0.2_5e0_1", WAT_NUM_OK, 0x42cd0000},
    {"666.6", WAT_NUM_OK, 0x4426a666},
 /* the smallest subnormal, half of it (to even: zero), a little more than half */
    {"0x1p-149", WAT_NUM_OK, 1},
    {"0x1p-150", WAT_NUM_OK, 0},
    {"-0x1p-150", WAT_NUM_OK, 0x80000000},
    {"0x1.000002p-150", WAT_NUM_OK, 1},
    {"0x1.0000000000000000000000001p-150", WAT_NUM_OK, 1},
    {"0x0.fffffffffffffp-150", WAT_NUM_OK, 0},
    {"0x1p-151", WAT_NUM_OK, 0},
    {"0x1p-99999999999999999999", WAT_NUM_OK, 0},
    {"0x1.8p-149", WAT_NUM_OK, 2},
    {"0x1.7fffffffp-149", WAT_NUM_OK, 1},
    {"1.4e-45", WAT_NUM_OK, 1},
    {"7."
     "00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181"
     "060791015625e-46", WAT_NUM_OK, 0},
    {"7."
     "00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181"
     "0607910156250001e-46", WAT_NUM_OK, 1},
 /* subnormal to normal */
    {"0x1.fffffcp-127", WAT_NUM_OK,0x007fffff},
    {"0x1.fffffep-127", WAT_NUM_OK, 0x00800000},
    {"0x1p-126", WAT_NUM_OK,0x00800000},
    {"1.17549435e-38", WAT_NUM_OK, 0x00800000},
 /* the tie above 1, its neighbours, and what rounding twice would get wrong */
    {"0x1.000001p0", WAT_NUM_OK,0x3f800000},
    {"0x1.0000010000000000001p0", WAT_NUM_OK, 0x3f800001},
    {"0x1.000003p0", WAT_NUM_OK,0x3f800002},
    {"1.000000059604644775390625", WAT_NUM_OK, 0x3f800000},
    {"1.00000005960464477539062500000000000000000001", WAT_NUM_OK,0x3f800001},
    {"1.00000005960464477539062499999999999999999999", WAT_NUM_OK, 0x3f800000},
    {"1.000000178813934326171875", WAT_NUM_OK,0x3f800002},
    {"16777217", WAT_NUM_OK, 0x4b800000},
    {"16777219", WAT_NUM_OK,0x4b800002},
    {"8388608.5", WAT_NUM_OK, 0x4b000000},
    {"8388609.5", WAT_NUM_OK,0x4b000002},
 /* the largest, and the first that is too large */
    {"0x1.fffffep127", WAT_NUM_OK, 0x7f7fffff},
    {"0x1.fffffefffffffffffp127", WAT_NUM_OK,0x7f7fffff},
    {"0x1.ffffffp127", WAT_NUM_RANGE, 0},
    {"0x1p128", WAT_NUM_RANGE, 0},
    {"0x1p99999999999999999999", WAT_NUM_RANGE, 0},
    {"340282356779733661637539395458142568447", WAT_NUM_OK, 0x7f7fffff},
    {"340282356779733661637539395458142568448", WAT_NUM_RANGE, 0},
    {"1e39", WAT_NUM_RANGE, 0},
    {"1e99999999999999999999", WAT_NUM_RANGE, 0},
    {"0e99999999999999999999", WAT_NUM_OK, 0},
    {"1e-99999999999999999999", WAT_NUM_OK, 0},
 /* not numbers */
    {"inf", WAT_NUM_OK, 0x7f800000},
    {"-inf", WAT_NUM_OK, 0xff800000},
    {"nan", WAT_NUM_OK, 0x7fc00000},
    {"-nan", WAT_NUM_OK, 0xffc00000},
    {"nan:0x1", WAT_NUM_OK, 0x7f800001},
    {"-nan:0x7f_ffff", WAT_NUM_OK, 0xffffffff},
    {"nan:0x0", WAT_NUM_RANGE, 0},
    {"nan:0x800000", WAT_NUM_RANGE, 0},
    {"nan:canonical", WAT_NUM_SYNTAX, 0},
    {"nan:1", WAT_NUM_SYNTAX, 0},
    {"nan:0x", WAT_NUM_SYNTAX, 0},
    {"nan:0x_1", WAT_NUM_SYNTAX, 0},
    {"infinity", WAT_NUM_SYNTAX, 0},
    {"", WAT_NUM_SYNTAX, 0},
    {"-", WAT_NUM_SYNTAX, 0},
    {".5", WAT_NUM_SYNTAX, 0},
    {"0x.8", WAT_NUM_SYNTAX, 0},
    {"1e", WAT_NUM_SYNTAX, 0},
    {"1e+", WAT_NUM_SYNTAX, 0},
    {"1e_1", WAT_NUM_SYNTAX, 0},
    {"1._5", WAT_NUM_SYNTAX, 0},
    {"1_.5", WAT_NUM_SYNTAX, 0},
    {"1.5_", WAT_NUM_SYNTAX, 0},
    {"0x1p", WAT_NUM_SYNTAX, 0},
    {"0x1.8pf", WAT_NUM_SYNTAX, 0},
    {"1p3", WAT_NUM_SYNTAX, 0},
    {"1,5", WAT_NUM_SYNTAX, 0},
};
/* clang-format on */

/* clang-format off */
static const struct float_row f64_rows[] = {
    {"0", WAT_NUM_OK, 0},
    {"-1.5", WAT_NUM_OK, UINT64_C(0xbff8000000000000)},
    {"0.1", WAT_NUM_OK, UINT64_C(0x3fb999999999999a)},
    {"0x1p-1074", WAT_NUM_OK, 1},
    {"0x1p-1075", WAT_NUM_OK, 0},
    {"0x1.0000000000001p-1075", WAT_NUM_OK, 1},
    {"0x1.8p-1074", WAT_NUM_OK, 2},
    {"4.9406564584124654e-324", WAT_NUM_OK, 1},
    {"2.470328229206232720e-324", WAT_NUM_OK, 0},
    {"2.470328229206232721e-324", WAT_NUM_OK, 1},
    {"2.2250738585072011e-308", WAT_NUM_OK, UINT64_C(0x000fffffffffffff)},
    {"2.2250738585072014e-308", WAT_NUM_OK, UINT64_C(0x0010000000000000)},
    {"0x0.fffffffffffff8p-1022", WAT_NUM_OK, UINT64_C(0x0010000000000000)},
    {"9007199254740993", WAT_NUM_OK, UINT64_C(0x4340000000000000)},
    {"9007199254740995", WAT_NUM_OK, UINT64_C(0x4340000000000002)},
    {"9007199254740993.00000000000000000000000000000000001", WAT_NUM_OK,
     UINT64_C(0x4340000000000001)},
    {"1e22", WAT_NUM_OK, UINT64_C(0x4480f0cf064dd592)},
    {"1e23", WAT_NUM_OK, UINT64_C(0x44b52d02c7e14af6)},
    {"0x1.00000000000008p0", WAT_NUM_OK, UINT64_C(0x3ff0000000000000)},
    {"0x1.00000000000008000001p0", WAT_NUM_OK, UINT64_C(0x3ff0000000000001)},
    {"0x123456789abcdef01234567p-40", WAT_NUM_OK, UINT64_C(0x42f23456789abcdf)},
    {"0x1.fffffffffffffp1023", WAT_NUM_OK, UINT64_C(0x7fefffffffffffff)},
    {"0x1.fffffffffffff7fffffffffffp1023", WAT_NUM_OK, UINT64_C(0x7fefffffffffffff)},
    {"0x1.fffffffffffff8p1023", WAT_NUM_RANGE, 0},
    {"1.7976931348623157e308", WAT_NUM_OK, UINT64_C(0x7fefffffffffffff)},
    {"1.7976931348623158079e308", WAT_NUM_OK, UINT64_C(0x7fefffffffffffff)},
    {"1.797693134862315808e308", WAT_NUM_RANGE, 0},
    {"1e309", WAT_NUM_RANGE, 0},
    {"nan:0x4_0000_0000_0000", WAT_NUM_OK, UINT64_C(0x7ff4000000000000)},
    {"nan:0xfffffffffffff", WAT_NUM_OK, UINT64_C(0x7fffffffffffffff)},
    {"nan:0x10000000000000", WAT_NUM_RANGE, 0},
    {"-inf", WAT_NUM_OK, UINT64_C(0xfff0000000000000)},
};
/* clang-format on */

static void check_float(const struct float_row *row, bool is_f32)
{
    struct str s = str_of(row->text);
    uint64_t got = 0;
    uint32_t small = 0;
    enum wat_num result;

    if (is_f32) {
        result = wat_parse_f32(s, &small);
        got = small;
    } else {
        result = wat_parse_f64(s, &got);
    }
    tap_ok(result == row->want && (result != WAT_NUM_OK || got == row->bits),
           "%s \"%s\": %s 0x%" PRIx64 ", expected %s 0x%" PRIx64, is_f32 ? "f32" : "f64", row->text,
           verdict[result], got, verdict[row->want], row->bits);
}

/* A tie that only the 900th digit behind the point decides. */
static void test_long_decimal(void)
{
    enum { ZEROS = 900 };
    char text[ZEROS + 64];
    uint64_t bits = 0;

    int used = snprintf(text, sizeof(text), "9007199254740993.");
    memset(text + used, '0', ZEROS);
    struct str tie = {text, (size_t)used + ZEROS};
    bool tied = wat_parse_f64(tie, &bits) == WAT_NUM_OK && bits == UINT64_C(0x4340000000000000);
    tap_ok(tied, "a tie with %d zeros behind it stays a tie: 0x%" PRIx64, ZEROS, bits);
    text[used + ZEROS] = '1';
    struct str above = {text, tie.size + 1};
    bool up = wat_parse_f64(above, &bits) == WAT_NUM_OK && bits == UINT64_C(0x4340000000000001);
    tap_ok(up, "and a 1 behind them breaks it: 0x%" PRIx64, bits);
}

/* Bit patterns of every exponent, printed by the C library both ways, come back. */
static void test_round_trip(void)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
    uint32_t wrong = 0;
    const uint32_t count = 20000;

    for (uint32_t i = 0; i < count; i++) {
        char text[2][64];
        uint64_t bits, back = 0;
        double value;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bits = (seed >> 12) | (uint64_t)(i % 2047) << 52;
        memcpy(&value, &bits, sizeof(value));
        snprintf(text[0], sizeof(text[0]), "%.17g", value);
        snprintf(text[1], sizeof(text[1]), "%a", value);
        for (uint32_t k = 0; k < 2; k++)
            wrong += wat_parse_f64(str_of(text[k]), &back) != WAT_NUM_OK || back != bits;
    }
    tap_ok(wrong == 0, "%u values survive %%.17g and %%a; %u do not", count, wrong);
}

/* A locale that writes 1,5 must not change what 1.5 means. */
static void test_locale(void)
{
    static const char *const comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    uint64_t bits = 0;
    bool found = false;

    for (uint32_t i = 0; i < LENGTH_OF(comma) && !found; i++)
        found = setlocale(LC_ALL, comma[i]) != NULL;
    bool same = wat_parse_f64(str_of("3.00000000000000000000000001"), &bits) == WAT_NUM_OK &&
                bits == UINT64_C(0x4008000000000000);
    tap_ok(same, "decimal point in the locale %s", found ? setlocale(LC_ALL, NULL) : "C");
    setlocale(LC_ALL, "C");
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(int_rows); i++) {
        uint64_t got = 0;
        enum wat_num result = wat_parse_int(str_of(int_rows[i].text), int_rows[i].bits, &got);
        tap_ok(result == int_rows[i].want && (result != WAT_NUM_OK || got == int_rows[i].value),
               "i%u \"%s\": %s 0x%" PRIx64, int_rows[i].bits, int_rows[i].text, verdict[result],
               got);
    }
    for (uint32_t i = 0; i < LENGTH_OF(f32_rows); i++)
        check_float(&f32_rows[i], true);
    for (uint32_t i = 0; i < LENGTH_OF(f64_rows); i++)
        check_float(&f64_rows[i], false);
    test_long_decimal();
    test_round_trip();
    test_locale();
    return tap_done();
}
