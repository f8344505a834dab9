/* tier: see tier.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/tier.h"

#include <inttypes.h>
#include <stdlib.h>

enum status cli_opt_level(const struct cli_number *option, uint32_t *out, struct diag *dg)
{
    *out = 2;
    if (!option->is_set)
        return ST_OK;
    if (option->value != 0 && option->value != 2)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "-O expects 0 or 2, found %" PRIu64,
                         option->value);
    *out = (uint32_t)option->value;
    return ST_OK;
}

/* $XDG_CACHE_HOME/mujun/code, else ~/.cache/mujun/code. Never in a folder that others may write. */
bool cli_cache_folder(char *out, size_t size)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;

    if (base != NULL && base[0] == '/')
        n = snprintf(out, size, "%s/mujun/code", base);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, size, "%s/.cache/mujun/code", home);
    return n > 0 && (size_t)n < size;
}
