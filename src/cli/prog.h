/* prog: what the subcommands of `mujun prog` share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROG_H
#define CLI_PROG_H

#include "cli/json.h"
#include "cli/load.h"
#include "cli/target.h"
#include "spear/syz/prog.h"

#define PROG_ARENA_BYTES ((size_t)1 << 30)

struct prog_job {
    const struct cli_args *args;
    const struct prog_options *options;
    const struct syz_target *target;
    const struct syz_sources *sources; /* of the target: its constants are in them */
    char **files; /* operands after the action */
    int file_count;
};

/* One row per action: add it here, in prog_actions of cmd_prog.c, and in commands.def. Each returns
 * the exit code. */
int prog_print(const struct prog_job *job);
int prog_check(const struct prog_job *job);
int prog_generate(const struct prog_job *job);
int prog_mutate(const struct prog_job *job);
int prog_minimise(const struct prog_job *job);
int prog_import_strace(const struct prog_job *job);
int prog_to_c(const struct prog_job *job);
int prog_run_files(const struct prog_job *job);

/* A program out of a file ("-" is standard input), in an arena of its own. Zero it before, free it
 * after, also when loading failed; the refusal has been printed then. */
struct prog_file {
    const char *name;
    struct arena arena;
    struct cli_input input;
    struct syz_prog *prog;
};
MUST_USE enum status prog_file_load(const struct prog_job *job, const char *name,
                                    enum syz_parse_mode mode, struct prog_file *out,
                                    struct diag *dg);
void prog_file_free(struct prog_file *f);

#endif /* CLI_PROG_H */
