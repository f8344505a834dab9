/* build_int: what the files of build share: the job, its sources, running programs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_BUILD_INT_H
#define SPEAR_KERNEL_BUILD_INT_H

#include "spear/kernel/build.h"

enum { KERNEL_KEY_DIGITS = 16 }; /* of a digest that name a folder of the cache */

struct build_job {
    const struct kernel_build_options *options;
    struct arena *arena; /* borrowed */
    const char *cache;   /* the cache of kernels */
    const char *source;  /* absolute: tarball or folder */
    bool is_folder;
    const char *identity; /* of the sources' contents */
    const char *tree;     /* CACHE/work/<source> */
    const char *log;      /* of what make says */
    struct str fragment;  /* CONFIG_X=y lines */
    int lock_fd;          /* -1: not locked */
    uint32_t compiled, estimate;
    const char *stage;
};

/* A path or another short text in the job's arena. */
char *build_text(struct build_job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);
void build_tell(const struct build_job *job, const char *what);
/* ST_TIMEOUT when the caller wants the build to end. */
MUST_USE enum status build_check_stop(const struct build_job *job, struct diag *dg);

/* ---- build_source.c ---- */

/* Sets source, is_folder, identity and tree. */
MUST_USE enum status build_find_source(struct build_job *job, struct diag *dg);
/* With the lock held: the tree has the sources and the driver, and nothing else but obj/. */
MUST_USE enum status build_fill_tree(struct build_job *job, struct diag *dg);
/* The contents of the driver's files, for the key; and a CONFIG_X=y line for each of its options
 * into the fragment. */
MUST_USE enum status build_read_driver(struct build_job *job, struct buf *fragment,
                                       const char **identity, struct diag *dg);

/* ---- build_make.c ---- */

/* All programs that a build needs are there, or a refusal names the packages. */
MUST_USE enum status build_check_tools(struct build_job *job, struct diag *dg);
/* Runs a program; what it prints is added to the log, lines that name a compiled file are counted
 * and told. A failure quotes the first error. argv ends in NULL and begins with the program. */
MUST_USE enum status build_run(struct build_job *job, const char *const *argv, struct diag *dg);
/* The first line that a program prints. */
MUST_USE enum status build_first_line(struct build_job *job, const char *const *argv,
                                      const char **line, struct diag *dg);

#endif /* SPEAR_KERNEL_BUILD_INT_H */
