/* What the files of verify/ra share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_VERIFY_RA_RA_INT_H
#define SHIELD_VERIFY_RA_RA_INT_H

#include "shield/verify/ra/ra.h"

struct ra_place_text {
    char text[24];
};
struct ra_place_text ra_place_name(mir_place place);

static inline bool ra_in_register(mir_place place)
{
    return place < MIR_PREG_COUNT;
}

/* Units of 8 bytes that the value takes in the frame. */
static inline uint32_t ra_units(const struct mir_vreg_info *info)
{
    return info->class == MIR_XMM && info->width == MIR_W128 ? 2 : 1;
}

/* Everything that can be judged one instruction and one edit at a time. */
enum status ra_check_shape(const struct mir_func *f, const struct mir_allocation *a,
                           struct diag *dg);
/* Every use sees its value. The shape has been checked. */
enum status ra_check_flow(const struct mir_func *f, const struct mir_allocation *a,
                          struct diag *dg);

#endif /* SHIELD_VERIFY_RA_RA_INT_H */
