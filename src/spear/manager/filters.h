/* filters: the regular expressions of a configuration (POSIX extended). Immutable once compiled, so
 * any thread may match. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_FILTERS_H
#define SPEAR_MANAGER_FILTERS_H

#include "base/buf.h"
#include "spear/manager/config.h"

#include <regex.h>

struct filter_set {
    regex_t *items; /* owned */
    const char *const *texts;
    uint32_t count;
};
struct filters {
    struct filter_set ignores, suppressions;
};

/* ST_USAGE names the key, the expression, and what is wrong with it. */
MUST_USE enum status filters_compile(struct filters *f, const struct config *c, struct diag *dg);
void filters_free(struct filters *f);
/* The expression that matches, or NULL. */
const char *filter_match(const struct filter_set *set, struct str text);

#endif /* SPEAR_MANAGER_FILTERS_H */
