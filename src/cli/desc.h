/* desc: what the files of `mujun desc` share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DESC_H
#define CLI_DESC_H

#include "cli/json.h"
#include "cli/load.h"
#include "cli/target.h"
#include "spear/syz/ast.h"

#define DESC_ARENA_BYTES ((size_t)1 << 30)

enum { DESC_WHY_COUNT = SYZ_OFF_RESOURCE + 1 };

/* "no_number" for programs, "it has no number on this machine" for people. */
const char *desc_why_word(enum syz_why why);
const char *desc_why_text(enum syz_why why);
/* "enabled", or "disabled: ..." with the name of what is missing. */
void desc_why_sentence(const struct cli_target *loaded, const struct syz_call *call, char *out,
                       size_t size);
/* As cli_target_say_errors(), and how many more there were. */
void desc_say_errors(const struct syz_sources *sources, const struct syz_errors *errors);
/* Size and alignment of every struct and union, offset and size of every field. */
void desc_layout(const struct cli_target *loaded, bool json);
/* These two return the exit code. */
int desc_extract(const struct cli_args *args, const struct syz_arch *arch,
                 const struct desc_options *o);
int desc_explain(const struct cli_target *loaded, const struct cli_args *args, const char *name,
                 bool json);

#endif /* CLI_DESC_H */
