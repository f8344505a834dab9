/* csource: a program as one C file that needs nothing but a compiler. It is made of the executor's
 * own pieces, so that what crashed the test machine is what the file does.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_CSOURCE_H
#define SPEAR_KERNEL_CSOURCE_H

#include "spear/kernel/repro_settings.h"
#include "spear/syz/prog.h"

/* title: for the comment on top; may be empty. Must run inside arena_guard() of out's arena. Fails
 * with ST_UNSUPPORTED when a call of the program cannot be written in C, naming it. */
MUST_USE enum status csource_write(const struct syz_prog *p, const struct repro_settings *settings,
                                   struct str title, struct buf *out, struct diag *dg);

#endif /* SPEAR_KERNEL_CSOURCE_H */
