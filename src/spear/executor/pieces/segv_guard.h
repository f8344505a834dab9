/* segv_guard: programs point anywhere and unmap anything; what they make us touch must not kill
 * us. GUARDED(statement) runs it, and goes on behind it when it faults.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static __thread sigjmp_buf guard_return;
static __thread volatile int guard_depth; /* above 0: inside GUARDED */

static void guard_fault(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (guard_depth > 0)
        siglongjmp(guard_return, 1);
    _exit(128 + number);
}

/* The handler runs with nothing blocked, so that a jump out of it leaves no signal blocked. */
static void guard_install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = guard_fault;
    action.sa_flags = SA_NODEFER | SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

#define GUARDED(...)                                                                               \
    do {                                                                                           \
        if (sigsetjmp(guard_return, 0) == 0) {                                                     \
            guard_depth++;                                                                         \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
        guard_depth--;                                                                             \
    } while (0)

/* Copies memory that may not be there; not 0: it was. */
static int guard_copy(void *to, const void *from, size_t size)
{
    volatile int is_copied = 0;

    GUARDED({
        memcpy(to, from, size);
        is_copied = 1;
    });
    return is_copied;
}

/* Copies a text of the program's, which ends in a NUL even if it has to be cut. */
static int guard_text(char *to, size_t max, uint64_t from)
{
    const char *text = (const char *)(uintptr_t)from;
    volatile int is_copied = 0;

    memset(to, 0, max);
    GUARDED({
        strncpy(to, text, max - 1);
        is_copied = 1;
    });
    return is_copied;
}
