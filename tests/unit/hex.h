/* hex: modules written as hex digits in test tables. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* Appends the bytes that text names: two digits each, blanks between, 'H' for the eight bytes of a
 * module's header. Returns the new size; out must be large enough. */
static inline size_t hex_append(uint8_t *out, size_t size, const char *text)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

    while (*text != '\0') {
        if (*text == ' ') {
            text++;
        } else if (*text == 'H') {
            memcpy(out + size, header, sizeof(header));
            size += sizeof(header);
            text++;
        } else {
            const char digits[] = {text[0], text[1], '\0'};
            out[size++] = (uint8_t)strtoul(digits, NULL, 16);
            text += 2;
        }
    }
    return size;
}

/* A copy of exactly that size, so that a sanitizer sees reads past the end. Free it. */
static inline uint8_t *exact_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size != 0 ? size : 1);
    if (copy == NULL)
        abort();
    if (size != 0) /* the empty input has no address */
        memcpy(copy, bytes, size);
    return copy;
}

static inline size_t append_u32(uint8_t *out, size_t size, uint32_t value)
{
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}

#endif /* TESTS_UNIT_HEX_H */
