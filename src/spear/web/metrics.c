/* metrics: every counter of stats.def for Prometheus, with what it means.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/pages.h"

#include <inttypes.h>

void metrics_print(const struct status_snapshot *s, struct buf *out)
{
    for (int i = 0; i < STAT_COUNT; i++) {
        const enum stat_id id = (enum stat_id)i;
        const char *type = stat_kind(id) == STAT_SUM ? "counter" : "gauge";
        buf_printf(out, "# HELP mujun_%s %s\n# TYPE mujun_%s %s\nmujun_%s %" PRIu64 "\n",
                   stat_name(id), stat_what(id), stat_name(id), type, stat_name(id), s->stats[i]);
    }
    buf_printf(out,
               "# HELP mujun_uptime_seconds since the fuzzer was started\n"
               "# TYPE mujun_uptime_seconds gauge\nmujun_uptime_seconds %" PRIu64 "\n",
               s->uptime_s);
}
