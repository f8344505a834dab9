/* stats: what stats.def says of each number. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/stats.h"

static const struct {
    const char *name, *label, *what;
    enum stat_kind kind;
} rows[STAT_COUNT] = {
#define STAT(name, kind, label, what) [STAT_##name] = {#name, label, what, STAT_##kind},
#include "spear/engine/stats.def"
#undef STAT
};

const char *stat_name(enum stat_id id)
{
    return rows[id].name;
}

const char *stat_label(enum stat_id id)
{
    return rows[id].label;
}

const char *stat_what(enum stat_id id)
{
    return rows[id].what;
}

enum stat_kind stat_kind(enum stat_id id)
{
    return rows[id].kind;
}
