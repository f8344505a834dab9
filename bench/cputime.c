/*
 * cputime: a library to load in front of others (LD_PRELOAD) that turns the steady clock into the
 * processor time of the calling thread, so that programs which time themselves are not disturbed by
 * others that run at the same time. SPDX-License-Identifier: Apache-2.0
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *out);

int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock == CLOCK_MONOTONIC)
        clock = CLOCK_THREAD_CPUTIME_ID;
    return (int)syscall(SYS_clock_gettime, clock, out);
}
