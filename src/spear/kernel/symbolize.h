/* symbolize: adds file and line to the frames of a report, a line for each inlined function, and
 * says which file is to blame. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_SYMBOLIZE_H
#define SPEAR_KERNEL_SYMBOLIZE_H

#include "spear/kernel/report.h"
#include "spear/kernel/symbols.h"

enum { SYMBOLIZE_NEIGHBOURS = 4 }; /* lines of source before and after the one to blame */

struct symbolized {
    struct str text;   /* the report with files and lines */
    struct str file;   /* to blame, relative to the source tree; empty: unknown */
    uint32_t line;
    struct str source; /* that line and its neighbours, numbered; empty without a source tree */
};

/* source_dir: the kernel's source tree; NULL: there is none. Must run inside arena_guard(). */
void report_symbolize(struct arena *a, struct symbols *symbols, const struct report *report,
                      const char *source_dir, struct symbolized *out);

#endif /* SPEAR_KERNEL_SYMBOLIZE_H */
