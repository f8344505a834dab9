/*
 * memory_plan: how accesses to a guest memory are kept inside it. Decided once, here, for compiler
 * and runtime: the compiler asks for the plan that the module's declaration and the host's way of
 * reserving memories allow, the runtime asks for the plan of the memory it has made, and code runs
 * only on a memory whose plan is at least as strong (memory_plan_covers).
 *
 *   base            base + size         base + reserved         + guard
 *    | accessible    | nothing            | nothing              |
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_MEMORY_PLAN_H
#define SHIELD_COMPILE_MEMORY_PLAN_H

#include "base/base.h"

/* Strongest first. */
enum memory_plan {
#define MEMORY_PLAN(name, text, what) MEMORY_##name,
#include "shield/compile/memory_plan.def"
#undef MEMORY_PLAN
    MEMORY_PLAN_COUNT
};
const char *memory_plan_text(enum memory_plan plan);

#define MEMORY_STATIC_BYTES (UINT64_C(4) << 30) /* all that a 32-bit index can name */
#define MEMORY_GUARD_BYTES  (UINT64_C(2) << 30) /* reach of a displacement in an instruction */

/* A memory with a static plan never reaches so near to its 4 GiB (runtime/memory.c refuses to grow
 * it there): what is added to an index that was inside does not wrap at 32 bits; see ir/ir.h. */
#define MEMORY_TOP_BYTES (UINT64_C(64) << 10)

struct memory_facts {
    uint64_t min_bytes, max_bytes; /* of the accessible part; max UINT64_MAX: none */
    uint64_t reserved_bytes, guard_bytes;
    bool is_64;     /* indices are 64 bits wide */
    bool may_move;  /* growth may change the base */
    uint8_t page_log2; /* granularity of the accessible part */
};

enum memory_plan memory_plan_of(const struct memory_facts *facts);

/* Code made for one plan may run on a memory of another. */
static inline bool memory_plan_covers(enum memory_plan code, enum memory_plan memory)
{
    return memory <= code;
}
/* Base of memory 0 pinned in a register; the base of others never changes. */
static inline bool memory_plan_is_static(enum memory_plan plan)
{
    return plan <= MEMORY_STATIC_CHECKED;
}
static inline bool memory_plan_may_move(enum memory_plan plan)
{
    return plan == MEMORY_DYNAMIC_MOVING;
}

/* How one access is checked before it is made. index: what the guest computed (unsigned), offset:
 * the constant in the instruction; the access touches [index + offset, index + offset + width). */
enum memory_check {
    /* none: address base + index + offset; what is outside faults */
    MEMORY_CHECK_NONE,
    /* trap when index > limit; the sum index + offset then fits 32 bits: address base + sum */
    MEMORY_CHECK_CONSTANT,
    /* trap always */
    MEMORY_CHECK_NEVER,
    /* trap when index + end > current size (in unbounded numbers); address base + (index + end) -
     * width. The sum of offset and width is `end`. */
    MEMORY_CHECK_SIZE,
    /* the same where offset does not fit an instruction: trap when index + offset does not fit 64
     * bits, then as MEMORY_CHECK_SIZE with that sum as index and end = width */
    MEMORY_CHECK_SUM,
};
struct memory_access {
    enum memory_check check;
    uint64_t limit; /* CONSTANT */
    uint32_t end;   /* SIZE, SUM: at most INT32_MAX */
};
/* width: 1 to 16 bytes. offset: below 4 GiB when indices have 32 bits. */
struct memory_access memory_access_of(enum memory_plan plan, uint64_t offset, uint32_t width);

/* With a constant index: can the access not fault, whatever happens to the memory? */
static inline bool memory_access_is_safe(uint64_t min_bytes, uint64_t index, uint64_t offset,
                                         uint32_t width)
{
    return min_bytes >= width && offset <= min_bytes - width && index <= min_bytes - width - offset;
}

#endif /* SHIELD_COMPILE_MEMORY_PLAN_H */
