/* text_data: see text_data.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/text_data.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- writing ---- */

void text_put_hex(struct buf *out, const uint8_t *bytes, uint64_t size)
{
    buf_reserve(out, size * 2 + 2);
    uint8_t *to = out->data + out->size;
    *to++ = '"';
    for (uint64_t i = 0; i < size; i++) {
        *to++ = (uint8_t)hex_digits[bytes[i] >> 4];
        *to++ = (uint8_t)hex_digits[bytes[i] & 15];
    }
    *to++ = '"';
    out->size += size * 2 + 2;
}

static const char escaped[] = "\a\b\f\n\r\t\v'\"\\";
static const char escapes[] = "abfnrtv'\"\\";

void text_put_quoted(struct buf *out, const uint8_t *bytes, uint64_t size)
{
    buf_reserve(out, size + 2);
    buf_byte(out, '\'');
    for (uint64_t i = 0; i < size; i++) {
        const char *found = bytes[i] == 0 ? NULL : strchr(escaped, bytes[i]);
        if (found != NULL) {
            buf_byte(out, '\\');
            buf_byte(out, (uint8_t)escapes[found - escaped]);
        } else if (bytes[i] >= ' ' && bytes[i] < 0x7f) {
            buf_byte(out, bytes[i]);
        } else {
            const uint8_t text[] = {'\\', 'x', (uint8_t)hex_digits[bytes[i] >> 4],
                                    (uint8_t)hex_digits[bytes[i] & 15]};
            buf_bytes(out, text, sizeof(text));
        }
    }
    buf_byte(out, '\'');
}

void text_put_base64(struct buf *out, const uint8_t *bytes, uint64_t size)
{
    buf_reserve(out, size / 3 * 4 + 8);
    buf_text(out, "\"$");
    for (uint64_t i = 0; i < size; i += 3) {
        uint64_t left = size - i;
        uint32_t bits = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                        (left > 2 ? bytes[i + 2] : 0u);
        buf_byte(out, (uint8_t)base64_digits[bits >> 18]);
        buf_byte(out, (uint8_t)base64_digits[bits >> 12 & 63]);
        buf_byte(out, left > 1 ? (uint8_t)base64_digits[bits >> 6 & 63] : '=');
        buf_byte(out, left > 2 ? (uint8_t)base64_digits[bits & 63] : '=');
    }
    buf_byte(out, '"');
}

bool text_is_readable(const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        if ((bytes[i] < ' ' || bytes[i] >= 0x7f) && !(bytes[i] >= '\a' && bytes[i] <= '\r') &&
            bytes[i] != 0)
            return false;
    return size != 0;
}

void text_put_number(struct buf *out, uint64_t value)
{
    uint8_t text[18];
    size_t at = sizeof(text);

    do {
        text[--at] = (uint8_t)hex_digits[value & 15];
        value >>= 4;
    } while (value != 0);
    text[--at] = 'x';
    text[--at] = '0';
    buf_bytes(out, text + at, sizeof(text) - at);
}

void text_put_decimal(struct buf *out, uint64_t value)
{
    uint8_t text[20];
    size_t at = sizeof(text);

    do {
        text[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buf_bytes(out, text + at, sizeof(text) - at);
}

/* ---- reading ---- */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t refuse(size_t at, size_t *where, const char *text, const char **why)
{
    *where = at;
    *why = text;
    return 0;
}

static size_t read_hex(struct str text, struct buf *out, const char **why, size_t *where)
{
    size_t i = 1;

    while (i + 1 < text.size && text.text[i] != '"') {
        int high = digit_value(text.text[i]), low = digit_value(text.text[i + 1]);
        if (high < 0 || low < 0)
            return refuse(i, where, "two hexadecimal digits per byte", why);
        buf_byte(out, (uint8_t)(high << 4 | low));
        i += 2;
    }
    if (i >= text.size || text.text[i] != '"')
        return refuse(i, where, "a closing \"", why);
    return i + 1;
}

static int base64_value(char c)
{
    const char *found = c == 0 ? NULL : strchr(base64_digits, c);
    return found == NULL ? -1 : (int)(found - base64_digits);
}

static size_t read_base64(struct str text, struct buf *out, const char **why, size_t *where)
{
    uint32_t bits = 0, count = 0;
    size_t i = 2;

    for (; i < text.size && base64_value(text.text[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_value(text.text[i]);
        count = (count + 1) % 4;
        if (count == 0) {
            const uint8_t three[] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            buf_bytes(out, three, sizeof(three));
        }
    }
    if (count == 1)
        return refuse(i, where, "groups of four base64 digits", why);
    if (count >= 2)
        buf_byte(out, (uint8_t)(count == 2 ? bits >> 4 : bits >> 10));
    if (count == 3)
        buf_byte(out, (uint8_t)(bits >> 2));
    while (i < text.size && text.text[i] == '=')
        i++;
    if (i >= text.size || text.text[i] != '"')
        return refuse(i, where, "base64 digits and a closing \"", why);
    return i + 1;
}

static size_t read_quoted(struct str text, struct buf *out, const char **why, size_t *where)
{
    size_t i = 1;

    while (i < text.size && text.text[i] != '\'') {
        if (text.text[i] != '\\') {
            buf_byte(out, (uint8_t)text.text[i++]);
            continue;
        }
        char c = i + 1 < text.size ? text.text[i + 1] : 0;
        const char *found = c == 0 ? NULL : strchr(escapes, c);
        if (found != NULL) {
            buf_byte(out, (uint8_t)escaped[found - escapes]);
            i += 2;
            continue;
        }
        int high = i + 3 < text.size && c == 'x' ? digit_value(text.text[i + 2]) : -1;
        int low = high < 0 ? -1 : digit_value(text.text[i + 3]);
        if (low < 0)
            return refuse(i, where, "\\xNN or one of \\a \\b \\f \\n \\r \\t \\v \\' \\\" \\\\",
                          why);
        buf_byte(out, (uint8_t)(high << 4 | low));
        i += 4;
    }
    return i < text.size ? i + 1 : refuse(i, where, "a closing '", why);
}

size_t text_read_literal(struct str text, struct buf *out, const char **why, size_t *at)
{
    if (text.size != 0 && text.text[0] == '\'')
        return read_quoted(text, out, why, at);
    if (text.size < 2 || text.text[0] != '"')
        return refuse(0, at, "a literal in quotes", why);
    return text.text[1] == '$' ? read_base64(text, out, why, at) : read_hex(text, out, why, at);
}

size_t text_read_number(struct str text, uint64_t *value)
{
    bool is_negative = text.size != 0 && text.text[0] == '-';
    size_t i = is_negative;
    uint64_t base = 10, n = 0;

    if (text.size - i >= 2 && text.text[i] == '0' && (text.text[i + 1] | 32) == 'x') {
        base = 16;
        i += 2;
    } else if (text.size - i >= 2 && text.text[i] == '0' && digit_value(text.text[i + 1]) >= 0) {
        base = 8;
        i++;
    }
    size_t start = i;
    for (; i < text.size; i++) {
        int digit = digit_value(text.text[i]);
        if (digit < 0)
            break;
        if ((uint64_t)digit >= base || n > (UINT64_MAX - (uint64_t)digit) / base)
            return 0;
        n = n * base + (uint64_t)digit;
    }
    *value = is_negative ? 0 - n : n;
    return i == start ? 0 : i;
}
