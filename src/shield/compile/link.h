/* link: functions compiled one by one become an image: placed, relocated, tables joined.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_COMPILE_LINK_H
#define SHIELD_COMPILE_LINK_H

#include "shield/codegen/codegen.h"
#include "shield/compile/image.h"

/* Copies what codegen made of one function; inside arena_guard() of a. */
void link_copy(const struct codegen_code *from, struct arena *a, struct codegen_code *to);

/* Fills text, pool, funcs, traps and sources of the image from one piece per function. Inside
 * arena_guard() of image->arena. ST_LIMIT: more code than IMAGE_TEXT_BYTES_MAX. */
MUST_USE enum status link_image(const struct codegen_code *pieces, uint32_t count,
                                struct image *image, struct diag *dg);

#endif /* SHIELD_COMPILE_LINK_H */
