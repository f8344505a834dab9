/* tier: what --tier and its kin mean. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TIER_H
#define CLI_TIER_H

#include "cli/cli.h"
#include "shield/native/native.h"

/* Words of --tier, in the order of the option. */
enum cli_tier { CLI_TIER_DEFAULT, CLI_TIER_AUTO, CLI_TIER_COMPILED, CLI_TIER_INTERPRETER };

/* -O: 0 or 2; ST_USAGE. */
MUST_USE enum status cli_opt_level(const struct cli_number *option, uint32_t *out,
                                   struct diag *dg);
/* Where compiled code is kept; false: nowhere, because the user has no folder for it. */
bool cli_cache_folder(char *out, size_t size);

#endif /* CLI_TIER_H */
