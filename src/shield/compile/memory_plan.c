/* memory_plan: see memory_plan.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/memory_plan.h"

#include <assert.h>

/* Below this granularity the host's page protection cannot end the accessible part. */
enum { HOST_PAGE_LOG2_MAX = 16 };

const char *memory_plan_text(enum memory_plan plan)
{
    static const char *const text[MEMORY_PLAN_COUNT] = {
#define MEMORY_PLAN(name, text_, what) text_,
#include "shield/compile/memory_plan.def"
#undef MEMORY_PLAN
    };
    return text[plan];
}

enum memory_plan memory_plan_of(const struct memory_facts *facts)
{
    const bool faults_at_end = facts->page_log2 >= HOST_PAGE_LOG2_MAX;

    if (facts->may_move)
        return MEMORY_DYNAMIC_MOVING;
    if (facts->is_64 || !faults_at_end || facts->reserved_bytes < MEMORY_STATIC_BYTES ||
        facts->min_bytes > MEMORY_STATIC_BYTES - MEMORY_TOP_BYTES)
        return MEMORY_DYNAMIC_FIXED;
    return facts->guard_bytes < MEMORY_GUARD_BYTES ? MEMORY_STATIC_CHECKED : MEMORY_STATIC_GUARD;
}

static struct memory_access checked_access(uint64_t offset, uint32_t width)
{
    if (offset <= (uint64_t)INT32_MAX - width)
        return (struct memory_access){.check = MEMORY_CHECK_SIZE, .end = (uint32_t)offset + width};
    return (struct memory_access){.check = MEMORY_CHECK_SUM, .end = width};
}

struct memory_access memory_access_of(enum memory_plan plan, uint64_t offset, uint32_t width)
{
    assert(width >= 1 && width <= 16 && "widths of instructions");
    if (!memory_plan_is_static(plan))
        return checked_access(offset, width);
    if (offset > MEMORY_STATIC_BYTES - width)
        return (struct memory_access){.check = MEMORY_CHECK_NEVER};
    if (plan == MEMORY_STATIC_GUARD && offset <= MEMORY_GUARD_BYTES - width)
        return (struct memory_access){.check = MEMORY_CHECK_NONE};
    const uint64_t limit = MEMORY_STATIC_BYTES - width - offset;
    return (struct memory_access){.check = MEMORY_CHECK_CONSTANT, .limit = limit};
}
