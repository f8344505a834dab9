/* store: numbers into memory, in the formats and bit-fields of exec.h (EXEC_CONST).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

enum store_format { STORE_NATIVE, STORE_BIG_ENDIAN, STORE_DEC, STORE_HEX, STORE_OCT };

static uint64_t store_swap(uint64_t value, unsigned bytes)
{
    return __builtin_bswap64(value) >> (64 - 8 * bytes);
}

/* Little-endian machines only: the low bytes of a number come first. */
static void store_bytes(uint64_t address, unsigned bytes, uint64_t value)
{
    unsigned char *to = (unsigned char *)(uintptr_t)address;
    GUARDED(memcpy(to, &value, bytes));
}

/* Changes field_bits bits above field_offset; both count from the least significant bit of the
 * number that stands at address, after a big-endian one has been swapped. */
static void store_field(uint64_t address, unsigned bytes, int is_big_endian, uint64_t value,
                        unsigned field_offset, unsigned field_bits)
{
    const unsigned char *from = (const unsigned char *)(uintptr_t)address;
    const uint64_t mask = (field_bits < 64 ? (UINT64_C(1) << field_bits) - 1 : ~UINT64_C(0))
                          << field_offset;
    volatile uint64_t old = 0;

    GUARDED({
        uint64_t word = 0;
        memcpy(&word, from, bytes);
        old = word;
    });
    uint64_t now = is_big_endian ? store_swap(old, bytes) : old;
    now = (now & ~mask) | (value << field_offset & mask);
    store_bytes(address, bytes, is_big_endian ? store_swap(now, bytes) : now);
}

/* bytes: 1 2 4 8; digits have a width of their own. field_bits 0: not a bit-field. */
static void store_number(uint64_t address, unsigned bytes, enum store_format format, uint64_t value,
                         unsigned field_offset, unsigned field_bits)
{
    unsigned char *to = (unsigned char *)(uintptr_t)address;

    if (format == STORE_NATIVE || format == STORE_BIG_ENDIAN) {
        const int swapped = format == STORE_BIG_ENDIAN;
        if (field_bits != 0)
            store_field(address, bytes, swapped, value, field_offset, field_bits);
        else
            store_bytes(address, bytes, swapped ? store_swap(value, bytes) : value);
        return;
    }
    const unsigned long long number = value;
    char digits[32];
    int size = 0;

    if (format == STORE_DEC)
        size = snprintf(digits, sizeof(digits), "%020llu", number);
    else if (format == STORE_HEX)
        size = snprintf(digits, sizeof(digits), "0x%016llx", number);
    else
        size = snprintf(digits, sizeof(digits), "%023llo", number);
    GUARDED(memcpy(to, digits, (size_t)size));
}
