/* exec_memory: runs an encoded program of the synthetic calls against an array of bytes, without
 * threads, processes or a kernel, on a machine of either byte order: what the bytes of a program
 * mean, written a second time. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_EXEC_MEMORY_H
#define TESTS_UNIT_EXEC_MEMORY_H

#include "spear/syz/decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct exec_memory {
    bool is_big;
    uint64_t results[EXEC_RESULTS_MAX];
    bool has_result[EXEC_RESULTS_MAX];
    uint8_t bytes[EXEC_DATA_BYTES + 64];
};

static inline uint64_t mem_load(const struct exec_memory *m, uint64_t at, uint64_t size,
                                bool is_big)
{
    uint64_t value = 0;

    for (uint64_t i = 0; i < size; i++)
        value = value << 8 | m->bytes[at + (is_big ? i : size - 1 - i)];
    return value;
}

static inline void mem_store(struct exec_memory *m, uint64_t at, uint64_t size, bool is_big,
                             uint64_t value)
{
    for (uint64_t i = 0; i < size; i++, value >>= 8)
        m->bytes[at + (is_big ? size - 1 - i : i)] = (uint8_t)value;
}

static inline uint64_t mem_value(const struct exec_memory *m, const struct syz_exec_arg *a)
{
    if (a->kind == EXEC_CONST) /* process 0 */
        return a->value;
    if (a->kind != EXEC_RESULT)
        return EXEC_DATA_BASE_64 + a->value;
    return m->has_result[a->index] ? m->results[a->index] / a->divide + a->add : a->value;
}

static inline void mem_number(struct exec_memory *m, uint64_t at, uint64_t meta, uint64_t value)
{
    uint32_t size = EXEC_META_SIZE(meta), bits = EXEC_META_FIELD_BITS(meta);
    bool is_big = m->is_big || EXEC_META_FORMAT(meta) == EXEC_BIG_ENDIAN;
    char text[32];

    if (EXEC_META_FORMAT(meta) >= EXEC_DEC) {
        int length = 0;
        switch (EXEC_META_FORMAT(meta)) {
        case EXEC_DEC: length = snprintf(text, sizeof(text), "%020ju", (uintmax_t)value); break;
        case EXEC_HEX: length = snprintf(text, sizeof(text), "0x%016jx", (uintmax_t)value); break;
        default: length = snprintf(text, sizeof(text), "%023jo", (uintmax_t)value);
        }
        memcpy(m->bytes + at, text, (size_t)length);
        return;
    }
    if (bits != 0) {
        uint64_t mask = (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1)
                        << EXEC_META_FIELD_OFFSET(meta);
        uint64_t old = mem_load(m, at, size, is_big);
        value = (old & ~mask) | (value << EXEC_META_FIELD_OFFSET(meta) & mask);
    }
    mem_store(m, at, size, is_big, value);
}

static inline uint32_t mem_sum_bytes(uint32_t sum, const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return sum;
}

/* The internet checksum, in network order whatever the machine. */
static inline void mem_checksum(struct exec_memory *m, uint64_t at, const struct syz_exec_arg *a)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < a->chunk_count; i++) {
        const struct syz_exec_chunk *c = &a->chunks[i];
        uint8_t number[8];
        for (uint64_t k = 0; k < c->size && c->is_const; k++)
            number[k] = (uint8_t)(c->value >> 8 * (c->size - 1 - k));
        sum = mem_sum_bytes(sum, c->is_const ? number : m->bytes + c->value, c->size);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    mem_store(m, at, 2, true, ~sum & 0xffff);
}

static inline void mem_copyin(struct exec_memory *m, const struct syz_exec_instruction *ins)
{
    const struct syz_exec_arg *a = &ins->args[0];

    switch (a->kind) {
    case EXEC_DATA: memcpy(m->bytes + ins->address, a->bytes, a->size); break;
    case EXEC_CSUM: mem_checksum(m, ins->address, a); break;
    case EXEC_ADDR32: mem_store(m, ins->address, 4, m->is_big, mem_value(m, a)); break;
    case EXEC_ADDR64: mem_store(m, ins->address, 8, m->is_big, mem_value(m, a)); break;
    default: mem_number(m, ins->address, a->meta, mem_value(m, a));
    }
}

/* 0, or the errno that syz_compare has for such arguments. */
static inline int mem_compare(const struct exec_memory *m, const struct syz_exec_instruction *ins)
{
    uint64_t want = mem_value(m, &ins->args[0]), want_size = mem_value(m, &ins->args[1]);
    uint64_t got = mem_value(m, &ins->args[2]), got_size = mem_value(m, &ins->args[3]);

    if (want < EXEC_DATA_BASE_64 || want >= EXEC_DATA_BASE_64 + EXEC_DATA_BYTES ||
        got < EXEC_DATA_BASE_64 || got >= EXEC_DATA_BASE_64 + EXEC_DATA_BYTES)
        return EFAULT;
    if (want_size != got_size)
        return EBADF;
    return memcmp(m->bytes + (want - EXEC_DATA_BASE_64), m->bytes + (got - EXEC_DATA_BASE_64),
                  want_size) == 0
               ? 0
               : EINVAL;
}

#endif /* TESTS_UNIT_EXEC_MEMORY_H */
