/* base: the words every file uses. Includes nothing of ours. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE           __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a)  __attribute__((format(printf, f, a)))
#define LIKELY(x)          __builtin_expect(!!(x), 1)
#define UNLIKELY(x)        __builtin_expect(!!(x), 0)
#define LENGTH_OF(a)       (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)          ((a) < (b) ? (a) : (b))
#define MAX(a, b)          ((a) > (b) ? (a) : (b))

enum status {
#define STATUS(name, text, exit) ST_##name,
#include "base/status.def"
#undef STATUS
    ST_COUNT
};

/* The words a user reads for a status. Never NULL. */
const char *status_text(enum status st);
int status_exit_code(enum status st);

/* Returns early with whatever did not succeed. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum status try_status_ = (expr);                                                          \
        if (UNLIKELY(try_status_ != ST_OK))                                                        \
            return try_status_;                                                                    \
    } while (0)

/* A bug of ours that a release build must also stop at (the sandbox boundary). */
#define CHECK(cond, why)                                                                           \
    do {                                                                                           \
        if (UNLIKELY(!(cond)))                                                                     \
            check_failed(#cond, why, __FILE__, __LINE__);                                          \
    } while (0)
_Noreturn void check_failed(const char *cond, const char *why, const char *file, int line);

#endif /* BASE_BASE_H */
