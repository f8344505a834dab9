/* target: compiled descriptions for the subcommands that work with programs of calls.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "cli/cli.h"
#include "spear/syz/compile.h"

struct cli_target {
    struct arena arena; /* owns all of it */
    const struct syz_arch *arch;
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *target; /* NULL when there are errors */
};

/* The machine of --arch; name NULL: amd64. */
MUST_USE enum status cli_arch_find(const char *name, const struct syz_arch **out, struct diag *dg);
/* paths: files or folders of descriptions; none: those that come with mujun. Prints nothing: the
 * errors are in *out, dg says how many there were. Free it also after a refusal. */
MUST_USE enum status cli_target_compile(const char *const *paths, uint32_t path_count,
                                        const struct syz_arch *arch, struct cli_target *out,
                                        struct diag *dg);
/* Both, and errors in the descriptions are printed. */
MUST_USE enum status cli_target_load(const struct cli_list *paths, const char *arch,
                                     struct cli_target *out, struct diag *dg);
/* One a line, with its place. */
void cli_target_say_errors(const struct syz_sources *sources, const struct syz_errors *errors);
void cli_target_free(struct cli_target *t);

#endif /* CLI_TARGET_H */
