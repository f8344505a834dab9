/* values: see values.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/values.h"

#include "base/base.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An integer of that many bits, as its bit pattern. */
static bool parse_int(const char *text, unsigned bits, uint64_t *out)
{
    bool is_negative = text[0] == '-';
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end = NULL;

    if (!isxdigit((unsigned char)digits[is_hex ? 2 : 0]))
        return false;
    errno = 0;
    unsigned long long magnitude = strtoull(digits, &end, is_hex ? 16 : 10);
    uint64_t max = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    if (errno != 0 || *end != '\0' || magnitude > (is_negative ? max / 2 + 1 : max))
        return false;
    *out = is_negative ? 0 - (uint64_t)magnitude : (uint64_t)magnitude;
    return true;
}

static bool parse_v128(const char *text, uint8_t *out)
{
    if (text[0] != '0' || text[1] != 'x' || strlen(text) != 34)
        return false;
    for (uint32_t i = 0; i < 16; i++) {
        char pair[3] = {text[2 + 2 * i], text[3 + 2 * i], '\0'};
        if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]))
            return false;
        out[15 - i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

bool cli_value_parse(enum mujun_kind kind, const char *text, union mujun_value *out)
{
    char *end = NULL;
    uint64_t bits = 0;

    memset(out, 0, sizeof(*out));
    switch (kind) {
    case MUJUN_I32:
        if (!parse_int(text, 32, &bits))
            return false;
        out->i32 = (int32_t)(uint32_t)bits;
        return true;
    case MUJUN_I64:
        if (!parse_int(text, 64, &bits))
            return false;
        out->i64 = (int64_t)bits;
        return true;
    case MUJUN_F32: out->f32 = strtof(text, &end); return end != text && *end == '\0';
    case MUJUN_F64: out->f64 = strtod(text, &end); return end != text && *end == '\0';
    case MUJUN_V128: return parse_v128(text, out->v128);
    case MUJUN_FUNCREF:
    case MUJUN_EXTERNREF:
    case MUJUN_ANYREF:
    case MUJUN_EXNREF: break;
    }
    return strcmp(text, "null") == 0; /* all zero is the null reference */
}

const char *cli_value_expected(enum mujun_kind kind)
{
    switch (kind) {
    case MUJUN_I32: return "an i32 such as 7, -7 or 0xff";
    case MUJUN_I64: return "an i64 such as 7, -7 or 0xff";
    case MUJUN_F32: return "an f32 such as 1.5, -2e3, inf or nan";
    case MUJUN_F64: return "an f64 such as 1.5, -2e3, inf or nan";
    case MUJUN_V128: return "a v128 such as 0x and 32 hex digits";
    case MUJUN_FUNCREF:
    case MUJUN_EXTERNREF:
    case MUJUN_ANYREF:
    case MUJUN_EXNREF: break;
    }
    return "null, the only reference a command line can give";
}

static void print_nan(FILE *out, bool is_negative, uint64_t payload, uint64_t canonical)
{
    fprintf(out, "%snan", is_negative ? "-" : "");
    if (payload != canonical)
        fprintf(out, ":0x%" PRIx64, payload);
}

static void print_f32(FILE *out, float value)
{
    char text[40];
    uint32_t bits = 0;

    memcpy(&bits, &value, sizeof(bits));
    if (isnan(value)) {
        print_nan(out, bits >> 31 != 0, bits & 0x7fffff, 0x400000);
        return;
    }
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    fputs(text, out);
}

static void print_f64(FILE *out, double value)
{
    char text[40];
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof(bits));
    if (isnan(value)) {
        print_nan(out, bits >> 63 != 0, bits & 0xfffffffffffff, 0x8000000000000);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, out);
}

void cli_value_print(FILE *out, enum mujun_kind kind, const union mujun_value *value)
{
    switch (kind) {
    case MUJUN_I32: fprintf(out, "%" PRId32, value->i32); return;
    case MUJUN_I64: fprintf(out, "%" PRId64, value->i64); return;
    case MUJUN_F32: print_f32(out, value->f32); return;
    case MUJUN_F64: print_f64(out, value->f64); return;
    case MUJUN_V128:
        fputs("0x", out);
        for (uint32_t i = 0; i < 16; i++)
            fprintf(out, "%02x", value->v128[15 - i]);
        return;
    case MUJUN_FUNCREF: fputs(value->func == NULL ? "null" : "(func)", out); return;
    case MUJUN_EXTERNREF:
    case MUJUN_ANYREF:
    case MUJUN_EXNREF: break;
    }
    if (value->ref == NULL)
        fputs("null", out);
    else if (mujun_ref_kind(value->ref) == MUJUN_REF_I31)
        fprintf(out, "(i31 %" PRId32 ")", mujun_i31_value(value->ref));
    else
        fputs("(ref)", out);
}
