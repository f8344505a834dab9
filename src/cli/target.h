/* target: compiled descriptions for the subcommands that work with programs of calls.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "cli/cli.h"
#include "spear/syz/compile.h"

struct cli_target {
    struct arena arena; /* owns all of it */
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *target;
};

/* paths: files or folders of descriptions; none: those that come with mujun. arch NULL: amd64.
 * Errors in the descriptions are printed here, one a line; dg then says how many there were. Free
 * it also when loading failed. */
MUST_USE enum status cli_target_load(const struct cli_list *paths, const char *arch,
                                     struct cli_target *out, struct diag *dg);
void cli_target_free(struct cli_target *t);

#endif /* CLI_TARGET_H */
