/* crash_log: the programs in the log of a crash. Such a log holds, for each program that ran last,
 * a line with `executing program PROC (id=ID):` and the program's text below it, and somewhere
 * behind them the console. Logs of other tools that follow the convention can be read too.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_CRASH_LOG_H
#define SPEAR_KERNEL_CRASH_LOG_H

#include "base/buf.h"

enum { CRASH_LOG_PROGRAMS_MAX = 10000 };

struct crash_log_program {
    struct str text; /* lines below the marker, up to the next marker or what is no program */
    uint64_t proc, id;
    bool has_id;
};
/* In the order of the log. Borrows from log, allocates in a (inside arena_guard). */
struct crash_log_program *crash_log_programs(struct arena *a, struct str log, size_t *count);

#endif /* SPEAR_KERNEL_CRASH_LOG_H */
