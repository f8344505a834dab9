/* error: where something stands in the descriptions, and the list of refusals that one run over
 * them collects. A description has many authors; who mends it wants all the errors, not the first.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_ERROR_H
#define SPEAR_SYZ_ERROR_H

#include "base/buf.h"

enum { SYZ_ERRORS_MAX = 100 }; /* later ones are only counted */

struct syz_pos {
    uint32_t line;   /* 1-based */
    uint16_t column; /* 1-based, in bytes; 65535 stands for that and more */
    uint16_t file;   /* index into the sources */
};

struct syz_error {
    struct syz_pos pos;
    const char *text; /* arena: what, expected, found */
};

struct syz_errors {
    struct arena *arena; /* borrowed */
    struct syz_error *items;
    uint32_t count, capacity;
    uint32_t total; /* with those beyond SYZ_ERRORS_MAX */
};

/* Inside arena_guard() of errors->arena. The same text at the same place is kept once: a template
 * is compiled as often as it is used. */
void syz_error(struct syz_errors *errors, struct syz_pos pos, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Sorts by file, line, column. */
void syz_errors_sort(struct syz_errors *errors);

#endif /* SPEAR_SYZ_ERROR_H */
