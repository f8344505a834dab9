/* tap: the whole test helper. A test is a table of rows and one loop that calls tap_ok() per row;
 * prove reads the output. One program per file, so statics are fine here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>

static unsigned tap_count, tap_failed;

/* One test point: passes when pass is true. The text says which row, and what came out. */
static inline bool PRINTF_LIKE(2, 3) tap_ok(bool pass, const char *fmt, ...)
{
    va_list ap;

    tap_count++;
    tap_failed += !pass;
    printf("%s %u - ", pass ? "ok" : "not ok", tap_count);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout); /* a crash in the next row must not swallow this one */
    return pass;
}

/* For a test that cannot run here: prints why, and ends as a pass. `return tap_skip_all("...");` */
static inline int tap_skip_all(const char *why)
{
    printf("1..0 # SKIP %s\n", why);
    return 0;
}

/* The plan and the exit code. `return tap_done();` ends every main(). */
static inline int tap_done(void)
{
    printf("1..%u\n", tap_count);
    return tap_failed == 0 && tap_count != 0 ? 0 : 1;
}

#endif /* TESTS_UNIT_TAP_H */
