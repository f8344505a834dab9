/* csource_int: what the two halves of the C source writer share: the frame of the file, and the
 * statements of the calls. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_CSOURCE_INT_H
#define SPEAR_KERNEL_CSOURCE_INT_H

#include "spear/kernel/csource.h"
#include "spear/kernel/pieces.h"

struct csource {
    const struct syz_prog *prog;
    const struct repro_settings *settings;
    struct piece_set pieces; /* what the calls have needed so far */
    struct buf *calls;       /* statements of the call being written */
    uint32_t result_count;   /* r[] */
    bool needs_proc;         /* a number differs per process */
    bool needs_fault;        /* an allocation is to fail */
    const char *missing;     /* a piece that is needed and not there; NULL: none */
};

/* One string of statements per call, indented by one tab more than indent. */
MUST_USE enum status csource_calls(struct csource *c, struct buf *calls, struct diag *dg);

#endif /* SPEAR_KERNEL_CSOURCE_INT_H */
