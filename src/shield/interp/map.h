/* map: from words of internal code to module offsets. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_INTERP_MAP_H
#define SHIELD_INTERP_MAP_H

#include "shield/interp/translate_int.h"

/* Encodes entries, ascending by word: per entry the distance in words from the one before (ULEB),
 * then that of the offsets (SLEB). */
void interp_map_write(struct buf *out, const struct map_entry *entries, uint32_t count);

#endif /* SHIELD_INTERP_MAP_H */
