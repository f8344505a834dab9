/* cover: which lines of a kernel have been reached. The places that can be covered are the calls of
 * the coverage function in the kernel's code; their lines come from its DWARF. Immutable once
 * opened, so any number of threads may ask. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_COVER_H
#define SPEAR_KERNEL_COVER_H

#include "base/buf.h"

struct cover_map;

/* Takes about two seconds for a kernel of 200,000 places. A kernel that was built without KCOV is
 * ST_UNSUPPORTED. */
MUST_USE enum status cover_open(const char *vmlinux, struct cover_map **out, struct diag *dg);
void cover_close(struct cover_map *map);

struct cover_totals {
    uint32_t covered, total; /* places */
};
struct cover_file {
    struct str path; /* in the source tree; lives as long as the map */
    struct cover_totals places;
};
struct cover_function {
    struct str name, path;
    struct cover_totals places;
};
struct cover_line {
    uint32_t line;
    struct cover_totals places;
};
/* pcs: low halves of covered addresses, ascending. Results are allocated in a, inside its
 * arena_guard(); files by path, functions by address, lines ascending. */
struct cover_file *cover_files(const struct cover_map *map, struct arena *a, const uint32_t *pcs,
                               size_t count, size_t *file_count);
/* path: NULL for all of them. */
struct cover_function *cover_functions(const struct cover_map *map, struct arena *a,
                                       const uint32_t *pcs, size_t count, const char *path,
                                       size_t *function_count);
struct cover_line *cover_lines(const struct cover_map *map, struct arena *a, const uint32_t *pcs,
                               size_t count, const char *path, size_t *line_count);

#endif /* SPEAR_KERNEL_COVER_H */
