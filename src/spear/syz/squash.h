/* squash: a pointee turned into raw bytes: a list of ANYUNION, where only results of other calls
 * and pointers keep a meaning of their own. What the types forbade can then be tried.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_SQUASH_H
#define SPEAR_SYZ_SQUASH_H

#include "spear/syz/prog.h"

enum { SYZ_SQUASH_OPTIONS_MIN = 6 }; /* unions with fewer are not worth it */

/* Whether the pointer, an argument somewhere in the step, may be squashed: it leads to a struct or
 * large union of variable length that the kernel reads, in which there is no name of a file, no
 * image, and no result that others use. */
bool syz_can_squash(const struct syz_prog *p, const struct syz_step *step,
                    const struct syz_arg *pointer);
/* Does it; sizes elsewhere in the call stay as they are. Nested pointers are squashed too. */
void syz_squash(struct syz_prog *p, struct syz_arg *pointer);

#endif /* SPEAR_SYZ_SQUASH_H */
