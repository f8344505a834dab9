/* log: lines with the time in front, given to a callback and kept for the dashboard. All functions
 * may be called by any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_LOG_H
#define SPEAR_MANAGER_LOG_H

#include "base/buf.h"

#include <stdarg.h>

enum { LOG_LINES_MAX = 1000, LOG_LINE_MAX = 1024 };

struct log; /* opaque */

/* NULL when memory is out. */
struct log *log_new(void (*write)(void *ctx, const char *line), void *ctx);
void log_free(struct log *log);
/* "2026/11/22 03:05:01 " and the text; each line of a longer text becomes one of its own. */
void log_line(struct log *log, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* Copies the lines that are kept, oldest first; *first is the number of the first. Inside
 * arena_guard(). */
struct str *log_copy(struct log *log, struct arena *a, uint64_t *first, uint32_t *count);

/* The same trouble is told once in a while: true when it is time again. */
struct log_nag {
    uint64_t last_ms;
};
bool log_nag_due(struct log_nag *nag, uint64_t now_ms, uint64_t pause_ms);

#endif /* SPEAR_MANAGER_LOG_H */
