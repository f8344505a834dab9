/* checksum: the internet checksum: the complement of the sum of 16-bit words, in ones' complement.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

static uint32_t checksum_bytes(uint32_t sum, const unsigned char *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += 2) {
        uint16_t word = 0;
        memcpy(&word, bytes + i, size - i < 2 ? 1 : 2);
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* Adds the bytes that stand at address; those that cannot be read count as nothing. */
static uint32_t checksum_memory(uint32_t sum, uint64_t address, uint64_t size)
{
    volatile uint32_t result = sum;

    GUARDED(result = checksum_bytes(result, (const unsigned char *)(uintptr_t)address, size));
    return result;
}

/* Adds a number of 2, 4 or 8 bytes as it is sent over a network. */
static uint32_t checksum_number(uint32_t sum, uint64_t value, unsigned bytes)
{
    const uint64_t sent = __builtin_bswap64(value) >> (64 - 8 * bytes);
    unsigned char memory[8];

    memcpy(memory, &sent, sizeof(memory));
    return checksum_bytes(sum, memory, bytes);
}

/* What to store, natively. */
static uint16_t checksum_end(uint32_t sum)
{
    return (uint16_t)~sum;
}
