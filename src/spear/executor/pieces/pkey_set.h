/* pkey_set: sets what the processor lets this thread do with pages of a protection key.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdint.h>

#include "spear/executor/pieces/segv_guard.h"

/* Machines without protection keys refuse the instruction. */
static long syz_pkey_set(uint64_t key, uint64_t value)
{
#if defined(__x86_64__)
    uint32_t features = 0, leaf = 7, unused = 0, word = 0;
    enum { OSPKE = 1 << 4 };

    __asm__ volatile("cpuid" : "+a"(leaf), "=b"(unused), "+c"(features), "=d"(word));
    if ((features & OSPKE) == 0) {
        errno = ENOSYS;
        return -1;
    }
    __asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(word), "=d"(unused) : "c"(0));
    key &= 15;
    word &= ~(UINT32_C(3) << (2 * key));
    word |= (uint32_t)(value & 3) << (2 * key);
    __asm__ volatile(".byte 0x0f, 0x01, 0xef" ::"a"(word), "c"(0), "d"(0));
    return 0;
#else
    (void)key;
    (void)value;
    errno = ENOSYS;
    return -1;
#endif
}
