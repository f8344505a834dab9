/* const: the values of constants for one machine, out of .const files:
 *
 *     arches = 386, amd64, arm64
 *     O_DIRECT = 16384, arm64:65536, 386:???
 *     # O_NEVER is not set
 *
 * A line gives the value for every machine of `arches`, then those that differ; ??? says that there
 * is none. A file without `arches`, named NAME_ARCH.const, is for that one.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_CONST_H
#define SPEAR_SYZ_CONST_H

#include "base/map.h"
#include "spear/syz/error.h"

struct syz_const {
    uint64_t value;
    bool has_value; /* false: known to be missing on this machine */
};

/* NAME to struct syz_const. Errors: a line that is none of the above, a value that contradicts the
 * one of another file (which counts, without an error, when this one yields). */
void syz_consts_read(struct map *consts, struct str text, uint16_t file, struct str path,
                     struct str arch, bool yields, struct syz_errors *errors);
/* Sets it unless it is known with a value. */
void syz_consts_add(struct map *consts, struct str name, struct syz_const value);

#endif /* SPEAR_SYZ_CONST_H */
