/* limits: the table of limits.def as data. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/limits.h"

#include "shield/runtime/store.h"

#include <assert.h>
#include <inttypes.h>

const struct rt_limit_info rt_limit_info[RT_LIMIT_COUNT] = {
#define LIMIT(name, value, option, what) [RT_LIMIT_##name] = {#name, option, what, value},
#include "shield/runtime/limits.def"
#undef LIMIT
};

struct rt_limits rt_limits_default(void)
{
    return (struct rt_limits){
#define LIMIT(name, value, option, what) .name = (value),
#include "shield/runtime/limits.def"
#undef LIMIT
    };
}

enum status rt_limit_fail(struct diag *dg, enum rt_limit which, uint64_t allowed, uint64_t needed)
{
    assert(which < RT_LIMIT_COUNT && "a limit of limits.def");
    const struct rt_limit_info *info = &rt_limit_info[which];
    const bool has_option = info->option[0] != '\0';

    return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                     "%s allows %" PRIu64 ", %" PRIu64 " needed (%s)%s%s%s", info->name, allowed,
                     needed, info->what, has_option ? "; --" : "", info->option,
                     has_option ? " raises it" : "");
}
