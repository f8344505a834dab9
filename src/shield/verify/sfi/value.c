/* value: see value.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/value.h"

#include <stdio.h>

struct sfi_value sfi_join(const struct sfi_value *a, const struct sfi_value *b)
{
    if (a->kind != b->kind)
        return sfi_any();
    if (a->kind == SFI_NUMBER) {
        struct sfi_value v = sfi_range(MIN(a->low, b->low), MAX(a->high, b->high));
        if (a->flags == b->flags && a->tag == b->tag) {
            v.flags = a->flags;
            v.tag = a->tag;
        }
        return v;
    }
    if (a->kind == SFI_FUNC && a->low == b->low) {
        struct sfi_value v = *a;
        v.flags &= b->flags;
        return v;
    }
    return sfi_same(a, b) ? *a : sfi_any();
}

struct sfi_value sfi_merge_low(const struct sfi_value *old, uint32_t bytes)
{
    /* v & ~mask <= high & ~mask, and the new bits are at most mask */
    return old->kind == SFI_NUMBER ? sfi_range(0, old->high | ((UINT64_C(1) << (bytes * 8)) - 1))
                                   : sfi_any();
}

struct sfi_value sfi_sum(const struct sfi_value *a, const struct sfi_value *b)
{
    if (a->kind != SFI_NUMBER || b->kind != SFI_NUMBER || a->high > UINT64_MAX - b->high)
        return sfi_any();
    return sfi_range((uint32_t)MIN((uint64_t)a->low + b->low, UINT32_MAX), a->high + b->high);
}

struct sfi_value sfi_scaled(const struct sfi_value *v, uint32_t shift)
{
    if (shift == 0)
        return *v;
    if (v->kind != SFI_NUMBER || shift > 63 || v->high > UINT64_MAX >> shift)
        return sfi_any();
    uint64_t low = shift < 32 ? (uint64_t)v->low << shift : 0;
    return sfi_range((uint32_t)MIN(low, UINT32_MAX), v->high << shift);
}

const char *sfi_kind_text(enum sfi_kind kind)
{
    static const char *const texts[SFI_KIND_COUNT] = {
        [SFI_NUMBER] = "number",
        [SFI_CONTEXT] = "context",
        [SFI_MEMORY] = "memory record",
        [SFI_MEMORY_BASE] = "memory base",
        [SFI_MEMORY_SIZE] = "memory size",
        [SFI_TABLE] = "table record",
        [SFI_TABLE_ELEMENTS] = "table elements",
        [SFI_TABLE_SIZE] = "table size",
        [SFI_FUNC] = "function record",
        [SFI_FUNC_CODE] = "function code",
        [SFI_FUNC_CONTEXT] = "function context",
        [SFI_FUNC_BASE] = "memory base of a function context",
        [SFI_FUNC_TYPE] = "function type id",
        [SFI_TYPE_ID] = "type id",
        [SFI_CELL] = "global cell",
        [SFI_CELL_READ] = "read-only global cell",
        [SFI_OVERFLOW] = "overflow buffer",
        [SFI_FUEL] = "fuel counter",
        [SFI_BUILTIN] = "builtin",
        [SFI_ADDRESS] = "address in memory",
        [SFI_SAVED] = "entry value of register",
        [SFI_POOL] = "read-only data at",
        [SFI_DELTA] = "entry of jump table",
        [SFI_TARGET] = "target of jump table",
    };
    return texts[kind];
}

const char *sfi_value_text(const struct sfi_value *v, char out[SFI_VALUE_TEXT_MAX])
{
    if (v->kind != SFI_NUMBER)
        snprintf(out, SFI_VALUE_TEXT_MAX, "%s %u%s", sfi_kind_text(v->kind),
                 v->kind == SFI_ADDRESS ? v->tag : v->low,
                 v->kind != SFI_FUNC               ? ""
                 : (v->flags & SFI_IS_THERE) == 0  ? " (not compared with null)"
                 : (v->flags & SFI_IS_SIGNED) == 0 ? " (type not compared)"
                                                   : "");
    else if (v->flags != 0)
        snprintf(out, SFI_VALUE_TEXT_MAX, "%s %u, at least %u",
                 v->flags == SFI_IS_END ? "checked end in memory" : "checked index of table",
                 v->tag, v->low);
    else if (v->high == UINT64_MAX)
        snprintf(out, SFI_VALUE_TEXT_MAX, v->low == 0 ? "any number" : "number from %u", v->low);
    else
        snprintf(out, SFI_VALUE_TEXT_MAX, "number from %u to %#jx", v->low, (uintmax_t)v->high);
    return out;
}
