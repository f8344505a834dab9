/* test_memory_plan: every check of every plan against unbounded arithmetic, on every memory that
 * code for the plan may meet, for all combinations of the values around which anything changes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/compile/memory_plan.h"

#include <inttypes.h>

__extension__ typedef unsigned __int128 u128;

#define KIB UINT64_C(1024)
#define GIB (UINT64_C(1) << 30)

/* Middles of the values to try, each with its neighbours. */
static const uint64_t middles[] = {0, 16, 64 * KIB, 2 * GIB, 4 * GIB, 6 * GIB, UINT64_MAX};
enum { AROUND = 17, VALUES_MAX = LENGTH_OF(middles) * (2 * AROUND + 1) };

struct values {
    uint64_t v[VALUES_MAX];
    uint32_t count;
};

static struct values values_up_to(uint64_t most, uint64_t step)
{
    struct values out = {.count = 0};

    for (uint32_t i = 0; i < LENGTH_OF(middles); i++)
        for (int d = -AROUND; d <= AROUND; d++) {
            uint64_t v = middles[i] + (uint64_t)(int64_t)d;
            bool wraps = d < 0 ? v > middles[i] : v < middles[i];
            if (!wraps && v <= most && v % step == 0)
                out.v[out.count++] = v;
        }
    return out;
}

static const uint32_t widths[] = {1, 2, 4, 8, 16};

/* What the generated code does with an access. */
enum outcome { TRAPS, REACHES, ESCAPES };

struct memory {
    struct memory_facts facts;
    uint64_t size;
};

/* An access to [at, at + width) from the base: fine inside, a fault where nothing is mapped. */
static enum outcome touch(const struct memory *m, u128 at, uint32_t width)
{
    if (at + width <= m->size)
        return REACHES;
    if (at + width <= (u128)m->facts.reserved_bytes + m->facts.guard_bytes &&
        m->size % (64 * KIB) == 0)
        return TRAPS;
    return ESCAPES; /* or silently reads what the host's last page holds behind the end */
}

/* The same behind a comparison of the end with the current size. */
static enum outcome touch_end(const struct memory *m, u128 end, uint32_t width)
{
    return end > m->size ? TRAPS : touch(m, end - width, width);
}

static enum outcome run(const struct memory *m, const struct memory_access *a, uint64_t index,
                        uint64_t offset, uint32_t width)
{
    u128 from = index;

    switch (a->check) {
    case MEMORY_CHECK_NONE: return touch(m, from + offset, width);
    case MEMORY_CHECK_CONSTANT:
        if (index > a->limit)
            return TRAPS;
        return touch(m, (uint32_t)((uint32_t)index + (uint32_t)offset), width);
    case MEMORY_CHECK_NEVER: return TRAPS;
    case MEMORY_CHECK_SUM:
        from += offset;
        if (from > UINT64_MAX)
            return TRAPS;
        return touch_end(m, from + a->end, width);
    case MEMORY_CHECK_SIZE:
        return touch_end(m, from + a->end, width);
    }
    return ESCAPES;
}

struct tally {
    uint64_t accesses, wrong;
    uint64_t checks[MEMORY_CHECK_SUM + 1];
    char first[256];
};

static void try_index(struct tally *t, const struct memory *m, enum memory_plan plan,
                      uint64_t offset, uint32_t width, uint64_t index)
{
    const struct memory_access a = memory_access_of(plan, offset, width);
    const bool inside = (u128)index + offset + width <= m->size;
    const enum outcome got = run(m, &a, index, offset, width);

    t->accesses++;
    t->checks[a.check]++;
    if (got == (inside ? REACHES : TRAPS) && a.end <= INT32_MAX)
        return;
    if (t->wrong++ == 0)
        snprintf(t->first, sizeof(t->first),
                 ": %s on %" PRIu64 " bytes: index %" PRIu64 " offset %" PRIu64 " width %u: %s",
                 memory_plan_text(plan), m->size, index, offset, width,
                 got == ESCAPES ? "escapes" : got == TRAPS ? "traps" : "does not trap");
}

static void try_memory(struct tally *t, const struct memory *m, enum memory_plan plan)
{
    const uint64_t most = m->facts.is_64 ? UINT64_MAX : UINT32_MAX;
    const struct values indices = values_up_to(most, 1);

    for (uint32_t o = 0; o < indices.count; o++)
        for (uint32_t w = 0; w < LENGTH_OF(widths); w++)
            for (uint32_t i = 0; i < indices.count; i++)
                try_index(t, m, plan, indices.v[o], widths[w], indices.v[i]);
}

static const struct {
    const char *name;
    struct memory_facts facts;
    enum memory_plan want;
} rows[] = {
    {"as reserved for 32 bits",   {.reserved_bytes = 4 * GIB, .guard_bytes = 2 * GIB,
                                   .page_log2 = 16},                     MEMORY_STATIC_GUARD},
    {"more than needed",          {.reserved_bytes = 8 * GIB, .guard_bytes = 4 * GIB,
                                   .page_log2 = 16},                     MEMORY_STATIC_GUARD},
    {"guard a byte short",        {.reserved_bytes = 4 * GIB, .guard_bytes = 2 * GIB - 1,
                                   .page_log2 = 16},                     MEMORY_STATIC_CHECKED},
    {"no guard",                  {.reserved_bytes = 4 * GIB,
                                   .page_log2 = 16},                     MEMORY_STATIC_CHECKED},
    {"reserved a byte short",     {.reserved_bytes = 4 * GIB - 1, .guard_bytes = 2 * GIB,
                                   .page_log2 = 16},                     MEMORY_DYNAMIC_FIXED},
    {"up to the last page",       {.min_bytes = 4 * GIB - 64 * KIB, .reserved_bytes = 4 * GIB,
                                   .guard_bytes = 2 * GIB, .page_log2 = 16}, MEMORY_STATIC_GUARD},
    {"into the last page",        {.min_bytes = 4 * GIB, .reserved_bytes = 4 * GIB,
                                   .guard_bytes = 2 * GIB, .page_log2 = 16}, MEMORY_DYNAMIC_FIXED},
    {"pages of one byte",         {.reserved_bytes = 4 * GIB, .guard_bytes = 2 * GIB,
                                   .page_log2 = 0},                      MEMORY_DYNAMIC_FIXED},
    {"64-bit, all reserved",      {.reserved_bytes = 64 * GIB, .guard_bytes = 64 * KIB,
                                   .page_log2 = 16, .is_64 = true},      MEMORY_DYNAMIC_FIXED},
    {"64-bit, may move",          {.reserved_bytes = 64 * GIB, .guard_bytes = 64 * KIB,
                                   .page_log2 = 16, .is_64 = true,
                                   .may_move = true},                    MEMORY_DYNAMIC_MOVING},
    {"32-bit, the host refused",  {.reserved_bytes = 64 * KIB, .guard_bytes = 64 * KIB,
                                   .page_log2 = 16, .may_move = true},   MEMORY_DYNAMIC_MOVING},
    {"32-bit, there, but moves",  {.reserved_bytes = 4 * GIB, .guard_bytes = 2 * GIB,
                                   .page_log2 = 16, .may_move = true},   MEMORY_DYNAMIC_MOVING},
};

static void check_row(uint32_t row)
{
    const struct memory_facts *facts = &rows[row].facts;
    const enum memory_plan plan = memory_plan_of(facts);
    const uint64_t addressable = facts->is_64 ? UINT64_MAX : 4 * GIB;
    const struct values sizes = values_up_to(MIN(facts->reserved_bytes, addressable),
                                             facts->page_log2 == 0 ? 5 : 64 * KIB);
    struct tally t = {.accesses = 0};

    tap_ok(plan == rows[row].want, "%s: %s", rows[row].name, memory_plan_text(plan));
    for (enum memory_plan code = 0; code < MEMORY_PLAN_COUNT; code++)
        for (uint32_t s = 0; s < sizes.count && memory_plan_covers(code, plan); s++) {
            const struct memory m = {.facts = *facts, .size = sizes.v[s]};
            try_memory(&t, &m, code);
        }
    tap_ok(t.wrong == 0 && t.accesses > 0, "%s: %" PRIu64 " accesses, %" PRIu64 " wrong%s",
           rows[row].name, t.accesses, t.wrong, t.first);
}

/* Every answer must occur, and code without checks must not be given to weaker memories. */
static void check_covering(void)
{
    bool seen[MEMORY_CHECK_SUM + 1] = {false};
    const struct values offsets = values_up_to(UINT32_MAX, 1);

    for (enum memory_plan plan = 0; plan < MEMORY_PLAN_COUNT; plan++)
        for (uint32_t i = 0; i < offsets.count; i++)
            seen[memory_access_of(plan, offsets.v[i], 8).check] = true;
    for (uint32_t i = 0; i <= MEMORY_CHECK_SUM; i++)
        tap_ok(seen[i], "check %u is used", i);
    for (enum memory_plan code = 0; code < MEMORY_PLAN_COUNT; code++)
        for (enum memory_plan memory = 0; memory < MEMORY_PLAN_COUNT; memory++)
            tap_ok(memory_plan_covers(code, memory) == (memory <= code),
                   "%s code on a %s memory: %s", memory_plan_text(code), memory_plan_text(memory),
                   memory_plan_covers(code, memory) ? "runs" : "refused");
}

/* Constant indices that are called safe lie below the least size, all others do not. */
static void check_constants(void)
{
    const struct values all = values_up_to(UINT64_MAX, 1);
    uint64_t wrong = 0, safe = 0;

    for (uint32_t s = 0; s < LENGTH_OF(middles); s++)
        for (uint32_t i = 0; i < all.count; i++)
            for (uint32_t o = 0; o < all.count; o++)
                for (uint32_t w = 0; w < LENGTH_OF(widths); w++) {
                    bool want = (u128)all.v[i] + all.v[o] + widths[w] <= middles[s];
                    bool got = memory_access_is_safe(middles[s], all.v[i], all.v[o], widths[w]);
                    wrong += got != want;
                    safe += want;
                }
    tap_ok(wrong == 0 && safe > 0, "constant indices: %" PRIu64 " safe, %" PRIu64 " wrong", safe,
           wrong);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        check_row(i);
    check_covering();
    check_constants();
    return tap_done();
}
