/* test_zlib: compares packed data with what it must unpack to. SPDX-License-Identifier: Apache-2.0
 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/inflate.h"
#include "spear/executor/pieces/segv_guard.h"

struct test_wanted {
    const unsigned char *bytes;
    uint64_t size;
};

static int test_compare(void *ctx, const unsigned char *bytes, size_t size, uint64_t offset)
{
    const struct test_wanted *want = (const struct test_wanted *)ctx;
    return offset + size > want->size || memcmp(want->bytes + offset, bytes, size) != 0;
}

/* EFAULT: it cannot be read; EBADF: it has another size; EINVAL: other bytes. */
static long syz_compare_zlib(uint64_t data, uint64_t size, uint64_t packed, uint64_t packed_size)
{
    static struct inflate z;
    static struct test_wanted want;
    volatile int error = EFAULT;

    want.bytes = (const unsigned char *)(uintptr_t)data;
    want.size = size;
    GUARDED({
        const unsigned char *from = (const unsigned char *)(uintptr_t)packed;
        const uint64_t total = inflate_zlib(&z, from, packed_size, test_compare, &want);
        error = z.is_broken ? EINVAL : total != size ? EBADF : 0;
    });
    errno = error;
    return error == 0 ? 0 : -1;
}
