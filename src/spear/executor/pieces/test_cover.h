/* test_cover: calls that pretend to have covered kernel code, and one that is a puzzle for fuzzers.
 * The executor takes what they leave in injected_cover for what KCOV would have seen.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

enum { INJECTED_MAX = 4096 };
struct injected_cover {
    uint64_t count;
    uint64_t addresses[INJECTED_MAX];
};
static __thread struct injected_cover injected_cover;
static struct injected_cover injected_remote_cover; /* of the process; the last one wins */

static long inject(struct injected_cover *to, uint64_t data, uint64_t bytes)
{
    const uint64_t count = bytes / 8;

    to->count = 0;
    if (count > INJECTED_MAX)
        return -1;
    if (!guard_copy(to->addresses, (const void *)(uintptr_t)data, count * 8))
        return -1;
    to->count = count;
    return 0;
}

static long syz_inject_cover(uint64_t data, uint64_t bytes)
{
    return inject(&injected_cover, data, bytes);
}

static long syz_inject_remote_cover(uint64_t data, uint64_t bytes)
{
    return inject(&injected_remote_cover, data, bytes);
}

/* Every right number covers one more address; all three together are a crash. */
static long syz_test_fuzzer1(uint64_t a, uint64_t b, uint64_t c)
{
    static const uint64_t base = UINT64_C(0xffffffff81000000);
    uint64_t *at = injected_cover.addresses;
    uint64_t count = 0;

    at[count++] = base;
    if (a == 1)
        at[count++] = base + 0x10;
    if (a == 1 && b == 2)
        at[count++] = base + 0x20;
    if (a == 1 && b == 2 && c == 3)
        abort();
    injected_cover.count = count;
    return 0;
}
