/* diag: one refusal: what was expected, what was found, where. Made once, where it is known;
 * callers add where they were. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/base.h"

enum { DIAG_TEXT_MAX = 512 };
#define DIAG_NO_OFFSET UINT64_MAX

struct diag {
    enum status status;
    uint64_t offset;      /* byte offset into the input, or DIAG_NO_OFFSET */
    uint32_t line, column; /* 1-based; 0 when the input is not text */
    char text[DIAG_TEXT_MAX];
};

/* Each writes the message and returns st, so that a refusal is one statement. dg may be NULL.
 * A message longer than DIAG_TEXT_MAX is cut. */
enum status diag_fail(struct diag *dg, enum status st, uint64_t offset, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
enum status diag_fail_at(struct diag *dg, enum status st, uint32_t line, uint32_t column,
                         const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Adds "; in ..." to the message when st is not ST_OK; returns st. */
enum status diag_in(struct diag *dg, enum status st, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Writes "NAME:0x2f: malformed input: ..." (or NAME:line:column: ...) into out, cut at size. */
void diag_format(const struct diag *dg, const char *name, char *out, size_t size);

#endif /* BASE_DIAG_H */
