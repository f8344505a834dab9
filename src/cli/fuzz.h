/* fuzz: what the files of `mujun fuzz` share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_FUZZ_H
#define CLI_FUZZ_H

#include "cli/cli.h"
#include "spear/manager/manager.h"

struct fuzz_job {
    struct arena arena; /* the configuration */
    struct config config;
    const struct cli_args *args;
    const struct fuzz_options *options;
    const char *config_name; /* for refusals: the file that is being read, or NULL */
};

/* What the options say about a run; the level and work directory are those of the configuration. */
struct manager_options fuzz_manager_options(const struct fuzz_job *job);
/* manager_run() with the signals that end it; true in *interrupted when one came. */
MUST_USE enum status fuzz_run(struct manager *m, bool *interrupted, struct diag *dg);

/* ---- fuzz_web.c ---- */
struct web;
/* NULL: none is wanted, or it cannot be had, which the log says. Ends with web_stop(). */
struct web *fuzz_web_start(const struct fuzz_job *job, struct manager *m);

/* ---- fuzz_levels.c ---- */
/* Returns the exit code. */
int fuzz_compare_levels(struct fuzz_job *job);

#endif /* CLI_FUZZ_H */
