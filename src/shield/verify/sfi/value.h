/*
 * value: the abstract domain. A value says what all possible contents of one register or one
 * 8-byte frame slot have in common. Ordered by implication: more facts imply fewer; the top is a
 * number without bounds, written sfi_any(). There is no bottom: unreachable code is not judged.
 *
 * A number may carry a tag, a fact about it that comparisons have shown:
 *   END    it is at most the size of memory [tag], so accesses may end there
 *   INDEX  it is less than the size of table [tag]
 * Both stay true, since memories and tables never shrink.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_VALUE_H
#define SHIELD_VERIFY_SFI_VALUE_H

#include "shield/verify/sfi/sfi.h"

#include <string.h>

enum sfi_value_flags {
    SFI_IS_END = 1, /* of numbers */
    SFI_IS_INDEX = 2,
    SFI_IS_THERE = 1,  /* of SFI_FUNC: not null */
    SFI_IS_SIGNED = 2, /* its type id was compared with one of this module */
    SFI_IS_SAME = 4,   /* its context is the one in r15 */
};
/* The identity of the function record of an import; others are the offset of their load. */
#define SFI_IMPORT_IDENTITY UINT32_C(0x80000000)

struct sfi_value {
    uint8_t kind;  /* enum sfi_kind */
    uint8_t flags; /* enum sfi_value_flags */
    uint16_t tag;  /* numbers: memory or table; SFI_ADDRESS: memory */
    uint32_t low;  /* numbers, SFI_ADDRESS: at least so much. Else: number or identity */
    uint64_t high; /* numbers, SFI_ADDRESS: at most so much. SFI_DELTA, SFI_TARGET: last entry */
};
_Static_assert(sizeof(struct sfi_value) == 16, "packed");

static inline struct sfi_value sfi_range(uint32_t low, uint64_t high)
{
    return (struct sfi_value){.kind = SFI_NUMBER, .low = low, .high = high};
}

static inline struct sfi_value sfi_any(void)
{
    return sfi_range(0, UINT64_MAX);
}

static inline struct sfi_value sfi_u32(void)
{
    return sfi_range(0, UINT32_MAX);
}

/* A number of which only the width is known. */
static inline struct sfi_value sfi_unknown(uint32_t bytes)
{
    return bytes >= 8 ? sfi_any() : sfi_range(0, (UINT64_C(1) << (bytes * 8)) - 1);
}

/* A known number; the lower bound is cut to what the domain can say. */
static inline struct sfi_value sfi_constant(uint64_t n)
{
    return sfi_range((uint32_t)MIN(n, UINT32_MAX), n);
}

/* A value of a kind other than number. */
static inline struct sfi_value sfi_pointer(enum sfi_kind kind, uint32_t number)
{
    return (struct sfi_value){.kind = (uint8_t)kind, .low = number};
}

static inline bool sfi_same(const struct sfi_value *a, const struct sfi_value *b)
{
    uint64_t left[2], right[2];
    memcpy(left, a, sizeof(left));
    memcpy(right, b, sizeof(right));
    return left[0] == right[0] && left[1] == right[1];
}

static inline bool sfi_is_any(const struct sfi_value *v)
{
    return v->kind == SFI_NUMBER && v->high == UINT64_MAX && v->low == 0 && v->flags == 0;
}

/* A number, of which no comparison has shown anything. */
static inline bool sfi_is_plain(const struct sfi_value *v)
{
    return v->kind == SFI_NUMBER && v->flags == 0;
}

static inline bool sfi_is_u32(const struct sfi_value *v)
{
    return v->kind == SFI_NUMBER && v->high <= UINT32_MAX;
}

static inline bool sfi_is(const struct sfi_value *v, enum sfi_kind kind, uint32_t number)
{
    return v->kind == kind && v->low == number;
}

/* A record of a function, or something read out of one: its number is an identity. */
static inline bool sfi_has_identity(const struct sfi_value *v)
{
    return v->kind >= SFI_FUNC && v->kind <= SFI_FUNC_TYPE;
}

/* Whether every content that a describes is one that b describes. */
static inline bool sfi_implies(const struct sfi_value *a, const struct sfi_value *b)
{
    if (b->kind == SFI_NUMBER) {
        if (a->kind != SFI_NUMBER)
            return sfi_is_any(b);
        return a->high <= b->high && a->low >= b->low &&
               (b->flags == 0 || (a->flags == b->flags && a->tag == b->tag));
    }
    if (b->kind == SFI_FUNC)
        return a->kind == SFI_FUNC && a->low == b->low && (a->flags & b->flags) == b->flags;
    return sfi_same(a, b);
}

/* The strongest value that both imply. */
struct sfi_value sfi_join(const struct sfi_value *a, const struct sfi_value *b);

/* The low `bytes` bytes of a value, zero-extended. */
static inline struct sfi_value sfi_truncate(const struct sfi_value *v, uint32_t bytes)
{
    if (bytes >= 8 || (bytes == 4 && (v->kind == SFI_TYPE_ID || v->kind == SFI_FUNC_TYPE)))
        return *v;
    uint64_t max = (UINT64_C(1) << (bytes * 8)) - 1;
    return v->kind == SFI_NUMBER && v->high <= max ? *v : sfi_range(0, max);
}

/* What writing the low `bytes` bytes (1 or 2) leaves of the register. */
struct sfi_value sfi_merge_low(const struct sfi_value *old, uint32_t bytes);

/* 64-bit sum of numbers; any when it may wrap. */
struct sfi_value sfi_sum(const struct sfi_value *a, const struct sfi_value *b);
/* 64-bit product with 1, 2, 4, 8...; any when it may wrap. */
struct sfi_value sfi_scaled(const struct sfi_value *v, uint32_t shift);

enum { SFI_VALUE_TEXT_MAX = 64 };
/* For refusals: "memory base 0", "number up to 4294967295". Returns out. */
const char *sfi_value_text(const struct sfi_value *v, char out[SFI_VALUE_TEXT_MAX]);
const char *sfi_kind_text(enum sfi_kind kind);

#endif /* SHIELD_VERIFY_SFI_VALUE_H */
