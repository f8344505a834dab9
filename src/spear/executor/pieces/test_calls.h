/* test_calls: calls without a kernel, for testing everything that is above one.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

static long test_fail(int error)
{
    errno = error;
    return -1;
}

static long syz_nothing(void)
{
    return 0;
}

static long syz_mmap(uint64_t address, uint64_t bytes)
{
    void *where = (void *)(uintptr_t)address;
    void *got = mmap(where, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, -1, 0);
    return got == MAP_FAILED ? -1 : (long)(uintptr_t)got;
}

static long syz_errno(uint64_t error)
{
    return error == 0 ? 0 : test_fail((int)error);
}

static long syz_exit(uint64_t status)
{
    _exit((int)status);
}

static long syz_sleep_ms(uint64_t ms)
{
    const struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    return nanosleep(&time, NULL);
}

/* EBADF: the sizes differ; EINVAL: the bytes differ; EFAULT: they cannot be read. */
static long syz_compare(uint64_t want, uint64_t want_bytes, uint64_t got, uint64_t got_bytes)
{
    volatile int verdict = EFAULT;

    if (want_bytes != got_bytes)
        return test_fail(EBADF);
    GUARDED(verdict =
                memcmp((const void *)(uintptr_t)want, (const void *)(uintptr_t)got, want_bytes) == 0
                    ? 0
                    : EINVAL);
    return verdict == 0 ? 0 : test_fail(verdict);
}

/* Of count numbers: all must be equal, those behind them 0. */
static long syz_compare_int(uint64_t count, uint64_t v0, uint64_t v1, uint64_t v2, uint64_t v3)
{
    const uint64_t values[] = {v0, v1, v2, v3};

    if (count < 2 || count > 4)
        return test_fail(E2BIG);
    for (uint64_t i = 0; i < 4; i++)
        if (values[i] != (i < count ? v0 : 0))
            return test_fail(i < count ? EINVAL : EFAULT);
    return 0;
}
