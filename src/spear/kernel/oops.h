/* oops: the crash tables (oops.def, frames.def, titles.def) as C data.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_OOPS_H
#define SPEAR_KERNEL_OOPS_H

#include "base/buf.h"

/* One row of oops.def; what each kind means is said there. */
enum oops_kind {
    OOPS_HEADER,
    OOPS_BENIGN,
    OOPS_TITLE,
    OOPS_BODY,
    OOPS_SAYS,
    OOPS_ALSO,
    OOPS_STACK,
    OOPS_ELSE,
    OOPS_SKIP,
    OOPS_PICK,
    OOPS_FLAG,
};

struct oops_row {
    enum oops_kind kind;
    const char *text;
};

extern const struct oops_row oops_rows[];
extern const uint32_t oops_row_count;

/* A NULL-terminated list of patterns from frames.def. */
extern const char *const oops_stack_starts[], *const oops_frames[], *const oops_intruders[];
extern const char *const oops_skipped[], *const oops_stall_anchors[], *const oops_hang_buckets[];
extern const char *const oops_hang_skipped[], *const oops_stall_buckets[];
/* Lists from titles.def. */
extern const char *const oops_torn_titles[], *const oops_suppressions[];

struct oops_alias {
    const char *pattern, *name, *also;
};
extern const struct oops_alias oops_aliases[];
extern const uint32_t oops_alias_count;

struct oops_type {
    const char *pattern, *name;
    uint32_t severity;
};
extern const struct oops_type oops_types[];
extern const uint32_t oops_type_count;

/* True when a pattern of the list is in the text. */
bool oops_matches(const char *const *list, struct str text);

#endif /* SPEAR_KERNEL_OOPS_H */
