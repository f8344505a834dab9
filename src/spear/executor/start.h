/* start: what both ways of starting, as /init and as a local process, have in common.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_START_H
#define SPEAR_EXECUTOR_START_H

#include "spear/executor/executor.h"

/* Puts both descriptors in their places, maps the region, makes the controls. False: why says it.
 */
bool ex_start_with(struct executor *ex, int region, int bells, char *why, size_t why_max);

#endif /* SPEAR_EXECUTOR_START_H */
