/* target: the kernel of a virtual machine as something to attack. Inputs are programs of system
 * calls made from descriptions; the places where they run are machines of a pool.
 * See engine/target.h and engine/machine.h for what the two tables of functions mean.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_TARGET_H
#define SPEAR_KERNEL_TARGET_H

#include "spear/engine/machine.h"
#include "spear/engine/target.h"
#include "spear/syz/types.h"
#include "spear/vm/vm.h"

struct kernel_target; /* opaque; functions of the two tables may be called by any thread */

struct kernel_words {
    const char *const *items; /* borrowed */
    uint32_t count;
};

/* All text is borrowed and must outlive the target. */
struct kernel_options {
    struct kernel_words descriptions; /* .txt and .const files, or folders; none: those of mujun */
    const char *arch;                 /* "amd64" */
    /* Names of calls: exact; `ioctl` is also every `ioctl$x`; `name*` all that begin so. */
    struct kernel_words enable, disable, no_mutate;
    bool is_blind;               /* level 1: numbers only */
    bool is_captured;            /* level 2: only calls that the corpus has */
    const struct vm_options *vm; /* NULL: nothing is ever run */
    const char *cache_dir;       /* where the machine check is kept; NULL: nowhere */
    const char *vmlinux;         /* for files and lines in reports; NULL: none */
    const char *source_dir;      /* of the kernel; NULL: reports have no source */
    /* Lines of the console that are no oops, whatever they say; NULL: none are. */
    bool (*is_ignored)(void *ctx, struct str line);
    void (*log)(void *ctx, const char *line); /* NULL: silent */
    void *ctx;
};

/* Compiles the descriptions and opens the pool. Descriptions with errors: ST_MALFORMED; the message
 * has the first as FILE:LINE:COLUMN, the others have gone to log. */
MUST_USE enum status kernel_open(const struct kernel_options *options, struct kernel_target **out,
                                 struct diag *dg);
void kernel_close(struct kernel_target *k); /* its machines have been stopped */

const struct target *kernel_as_target(const struct kernel_target *k);
const struct machine_kind *kernel_machines(const struct kernel_target *k);
const struct syz_target *kernel_descriptions(const struct kernel_target *k);
struct vm_pool *kernel_pool(const struct kernel_target *k); /* NULL without machines */
/* Programs out of a log of strace; *is_log is false when the text is none. each is given texts that
 * are borrowed for the call. */
MUST_USE enum status kernel_import(struct kernel_target *k, struct str text, bool *is_log,
                                   void (*each)(void *ctx, struct str program), void *ctx,
                                   struct diag *dg);
/* From now on few programs have all the calls of this one. Returns the name of the call that the
 * others go without; NULL when that is so already, or when there is nothing to avoid. */
const char *kernel_avoid(struct kernel_target *k, struct str reproducer);
/* Whether programs may use the call, and NULL or why not. */
const char *kernel_why_off(const struct kernel_target *k, uint32_t call_id);

#endif /* SPEAR_KERNEL_TARGET_H */
