/*
 * source_map: which positions of the front end's input the code of a function comes from, in about
 * two bytes for each change: how far behind the change before it lies in the code (LEB128), and how
 * far the position is from that before (signed LEB128; both begin at 0).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_SOURCE_MAP_H
#define SHIELD_CODEGEN_SOURCE_MAP_H

#include "base/buf.h"

/* Both for writing and for reading: the change that was written or read last. */
struct source_change {
    uint32_t offset, position;
};

/* Appends a change, which lies behind the last one; inside arena_guard() of out->arena. */
void source_map_add(struct buf *out, struct source_change *last, uint32_t offset,
                    uint32_t position);

/* Reads the next change from *at on, which moves. False: there is none, or it is cut short. Any
 * bytes may be given; then numbers wrap. */
bool source_map_next(const uint8_t **at, const uint8_t *end, struct source_change *last);

#endif /* SHIELD_CODEGEN_SOURCE_MAP_H */
