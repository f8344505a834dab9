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

/* Writes a number as the executor does; `to` has room for what the format takes. bits 0: the whole
 * number; else only so many above offset (from the least significant). */
void syz_store_number(uint8_t *to, uint64_t value, uint32_t size, enum syz_format format,
                      uint32_t offset, uint32_t bits, bool is_big_machine);

#endif /* SPEAR_SYZ_SQUASH_H */
