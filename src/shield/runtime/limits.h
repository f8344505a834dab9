/* limits: names of the limits on a store, and the one way to report that one is reached.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_RUNTIME_LIMITS_H
#define SHIELD_RUNTIME_LIMITS_H

#include "base/diag.h"

enum rt_limit {
#define LIMIT(name, value, option, what) RT_LIMIT_##name,
#include "shield/runtime/limits.def"
#undef LIMIT
    RT_LIMIT_COUNT
};

struct rt_limit_info {
    const char *name, *option, *what;
    uint64_t value; /* the default */
};
extern const struct rt_limit_info rt_limit_info[RT_LIMIT_COUNT];

/* Writes "instances allows 10000, 10001 needed (instances in one store); --max-instances raises
 * it", to stand behind "limit reached: ", and returns ST_LIMIT. */
enum status rt_limit_fail(struct diag *dg, enum rt_limit which, uint64_t allowed, uint64_t needed);

#endif /* SHIELD_RUNTIME_LIMITS_H */
