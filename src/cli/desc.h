/* desc: what the files of `mujun desc` share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DESC_H
#define CLI_DESC_H

#include "cli/json.h"
#include "cli/load.h"
#include "spear/syz/ast.h"
#include "spear/syz/compile.h"

#define DESC_ARENA_BYTES ((size_t)1 << 30)

enum { DESC_WHY_COUNT = SYZ_OFF_RESOURCE + 1 };

struct desc_job {
    struct arena arena;
    const struct syz_arch *arch;
    char **paths; /* borrowed */
    int path_count;
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *target; /* NULL when there are errors */
};

/* Of a struct desc_job with arch and paths set (none: the descriptions that come with mujun), for
 * arena_guard() of its arena. The errors are in the job. */
MUST_USE enum status desc_load_and_compile(void *ctx, struct diag *dg);
/* "no_number" for programs, "it has no number on this machine" for people. */
const char *desc_why_word(enum syz_why why);
const char *desc_why_text(enum syz_why why);
/* "enabled", or "disabled: ..." with the name of what is missing. */
void desc_why_sentence(const struct desc_job *job, const struct syz_call *call, char *out,
                       size_t size);
void desc_say_errors(const struct desc_job *job);
/* Size and alignment of every struct and union, offset and size of every field. */
void desc_layout(const struct desc_job *job, bool json);
/* These two return the exit code. */
int desc_extract(const struct cli_args *args, const struct syz_arch *arch,
                 const struct desc_options *o);
int desc_explain(const struct desc_job *job, const struct cli_args *args, const char *name,
                 bool json);

#endif /* CLI_DESC_H */
