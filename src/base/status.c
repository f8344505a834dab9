/* status: names and exit codes, expanded from status.def. SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *text;
    int exit_code;
} status_info[ST_COUNT] = {
#define STATUS(name, text, exit) [ST_##name] = {text, exit},
#include "base/status.def"
#undef STATUS
};

const char *status_text(enum status st)
{
    return (unsigned)st < ST_COUNT ? status_info[st].text : "unknown status";
}

int status_exit_code(enum status st)
{
    return (unsigned)st < ST_COUNT ? status_info[st].exit_code : 70;
}

_Noreturn void check_failed(const char *cond, const char *why, const char *file, int line)
{
    fprintf(stderr, "mujun: internal error: %s (%s) at %s:%d; please report this\n", why, cond,
            file, line);
    abort();
}
