/* title: private to the report parser. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_TITLE_H
#define SPEAR_KERNEL_TITLE_H

#include "spear/kernel/report.h"

/* Fills type and severity from the title. */
void title_judge(struct report *r);

#endif /* SPEAR_KERNEL_TITLE_H */
