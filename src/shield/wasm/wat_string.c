/* wat_string: what strings mean, and whether bytes are UTF-8. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_lex.h"

#include <string.h>

/* Length of the sequence at p, 0 when it is not one: too long a form, a surrogate, cut short. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t size;

    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        size = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        size = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        size = 4;
    else
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (left < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

size_t wat_utf8_check(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;

    while (i < size) {
        uint64_t eight;
        while (size - i >= sizeof(eight)) {
            memcpy(&eight, p + i, sizeof(eight));
            if ((eight & UINT64_C(0x8080808080808080)) != 0)
                break;
            i += sizeof(eight);
        }
        if (i == size)
            break;
        size_t step = utf8_sequence(p + i, size - i);
        if (step == 0)
            return i;
        i += step;
    }
    return size;
}

/* Value of a hexadecimal digit plus one; 0 for everything else. Large data is mostly \hh. */
static const uint8_t hex_plus_one[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static int hex_digit(char c)
{
    return hex_plus_one[(uint8_t)c] - 1;
}

static uint32_t utf8_encode(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* \u{hexnum}: digits with single underscores between them. */
static size_t unicode_escape(const char *text, size_t size, uint8_t out[4], uint32_t *out_size)
{
    uint32_t code = 0;
    size_t i = 3;

    if (size < 5 || text[2] != '{' || hex_digit(text[3]) < 0)
        return 0;
    for (; i < size && text[i] != '}'; i++) {
        if (text[i] == '_' && text[i - 1] != '_')
            continue;
        int digit = hex_digit(text[i]);
        if (digit < 0 || code > 0x10ffff)
            return 0;
        code = code << 4 | (uint32_t)digit;
    }
    if (i == size || text[i - 1] == '_' || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    *out_size = utf8_encode(code, out);
    return i + 1;
}

size_t wat_escape_decode(const char *text, size_t size, uint8_t out[4], uint32_t *out_size)
{
    if (size < 2)
        return 0;
    *out_size = 1;
    if (size >= 3 && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0) {
        out[0] = (uint8_t)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
        return 3;
    }
    switch (text[1]) {
    case 't': out[0] = '\t'; return 2;
    case 'n': out[0] = '\n'; return 2;
    case 'r': out[0] = '\r'; return 2;
    case '"': out[0] = '"'; return 2;
    case '\'': out[0] = '\''; return 2;
    case '\\': out[0] = '\\'; return 2;
    case 'u': return unicode_escape(text, size, out, out_size);
    default: return 0;
    }
}

void wat_string_decode(const struct wat_lexed *lx, const struct wat_token *t, struct buf *out)
{
    const char *p = lx->text.text + t->offset + 1;
    const char *end = p + t->size - 2;

    if (!t->escaped) {
        buf_bytes(out, p, (size_t)(end - p));
        return;
    }
    buf_reserve(out, (size_t)(end - p)); /* an escape is never shorter than what it means */
    while (p < end) {
        uint8_t bytes[4];
        uint32_t count = 0;
        if (*p != '\\') {
            out->data[out->size++] = (uint8_t)*p++;
            continue;
        }
        p += wat_escape_decode(p, (size_t)(end - p), bytes, &count);
        for (uint32_t i = 0; i < count; i++)
            out->data[out->size++] = bytes[i];
    }
}
