/* print_token: strings, identifiers and numbers, so that they read back as the same bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void print_u64(struct buf *out, uint64_t value)
{
    char text[20];
    uint32_t at = sizeof(text);

    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    buf_bytes(out, text + at, sizeof(text) - at);
}

void print_line(struct buf *out, uint32_t depth)
{
    uint32_t blanks = 2 * MIN(depth, (uint32_t)PRINT_INDENT_MAX);

    buf_reserve(out, 1 + blanks);
    out->data[out->size] = '\n';
    memset(out->data + out->size + 1, ' ', blanks);
    out->size += 1 + blanks;
}

static void print_escaped(struct buf *out, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";

    switch (byte) {
    case '\t': buf_text(out, "\\t"); return;
    case '\n': buf_text(out, "\\n"); return;
    case '\r': buf_text(out, "\\r"); return;
    case '"':
    case '\\':
        buf_byte(out, '\\');
        buf_byte(out, byte);
        return;
    default: break;
    }
    if (byte >= 0x20 && byte < 0x7f) {
        buf_byte(out, byte);
    } else {
        buf_byte(out, '\\');
        buf_byte(out, (uint8_t)hex[byte >> 4]);
        buf_byte(out, (uint8_t)hex[byte & 15]);
    }
}

void print_string(struct buf *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    buf_byte(out, '"');
    for (size_t i = 0; i < size; i++)
        print_escaped(out, bytes[i]);
    buf_byte(out, '"');
}

/* Length of the multi-byte character at s[at] and its code point; 0 when there is none. */
static uint32_t character_at(struct str s, size_t at, uint32_t *code)
{
    uint8_t lead = (uint8_t)s.text[at];
    uint32_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;

    if (size == 0 || lead > 0xf4 || size > s.size - at)
        return 0;
    *code = lead & (0x7fu >> size);
    for (uint32_t i = 1; i < size; i++) {
        uint8_t byte = (uint8_t)s.text[at + i];
        if ((byte & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (byte & 0x3f);
    }
    return size;
}

/* Characters that are invisible, or reorder the text around them, are escaped. */
static bool is_deceptive(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x80,    0x9f   },
        {0xad,    0xad   },
        {0x61c,   0x61c  },
        {0x115f,  0x1160 },
        {0x17b4,  0x17b5 },
        {0x180b,  0x180f },
        {0x200b,  0x200f },
        {0x2028,  0x202e },
        {0x2060,  0x206f },
        {0x3164,  0x3164 },
        {0xfe00,  0xfe0f },
        {0xfeff,  0xfeff },
        {0xffa0,  0xffa0 },
        {0xfff0,  0xfffb },
        {0xe0000, 0xe0fff},
    };
    for (uint32_t i = 0; i < LENGTH_OF(ranges); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

void print_name(struct buf *out, struct str s)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < s.size;) {
        uint32_t code = 0;
        uint32_t size = (uint8_t)s.text[i] < 0x80 ? 0 : character_at(s, i, &code);
        if (size != 0 && !is_deceptive(code)) {
            buf_bytes(out, s.text + i, size);
            i += size;
        } else {
            print_escaped(out, (uint8_t)s.text[i++]);
        }
    }
    buf_byte(out, '"');
}

static bool is_id_char(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-./:<=>?@\\^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr(marks, c) != NULL);
}

void print_id(struct buf *out, struct str id)
{
    bool is_plain = true;

    for (size_t i = 0; i < id.size && is_plain; i++)
        is_plain = is_id_char((uint8_t)id.text[i]);
    buf_byte(out, '$');
    if (is_plain)
        buf_str(out, id);
    else
        print_name(out, id);
}

/* ---- floats: the shortest decimal that comes back as the same bits --------------------------- */

/* text is what printf made; the host's decimal point, whatever it is, becomes a dot. */
static void print_decimal(struct buf *out, const char *text)
{
    for (bool in_point = false; *text != '\0'; text++) {
        bool is_known = strchr("0123456789+-e", *text) != NULL;
        if (is_known)
            buf_byte(out, (uint8_t)*text);
        else if (!in_point)
            buf_byte(out, '.');
        in_point = !is_known;
    }
}

static void print_special(struct buf *out, bool is_negative, uint64_t payload, uint64_t canonical)
{
    if (is_negative)
        buf_byte(out, '-');
    if (payload == 0)
        buf_text(out, "inf");
    else if (payload == canonical)
        buf_text(out, "nan");
    else
        buf_printf(out, "nan:0x%llx", (unsigned long long)payload);
}

void print_f32(struct buf *out, uint32_t bits)
{
    char text[40];
    float value = 0, back = 0;

    if ((bits >> 23 & 0xff) == 0xff) {
        print_special(out, bits >> 31 != 0, bits & 0x7fffff, 0x400000);
        return;
    }
    memcpy(&value, &bits, sizeof(value));
    for (int digits = 6; digits <= 9; digits++) { /* nine tell every float from its neighbours */
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        back = strtof(text, NULL);
        if (memcmp(&back, &value, sizeof(value)) == 0)
            break;
    }
    print_decimal(out, text);
}

void print_f64(struct buf *out, uint64_t bits)
{
    char text[40];
    double value = 0, back = 0;

    if ((bits >> 52 & 0x7ff) == 0x7ff) {
        print_special(out, bits >> 63 != 0, bits & UINT64_C(0xfffffffffffff),
                      UINT64_C(0x8000000000000));
        return;
    }
    memcpy(&value, &bits, sizeof(value));
    for (int digits = 15; digits <= 17; digits++) { /* seventeen do for a double */
        snprintf(text, sizeof(text), "%.*g", digits, value);
        back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof(value)) == 0)
            break;
    }
    print_decimal(out, text);
}
