/* emit_ethernet: a packet arrives from the network, whole or in fragments.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "spear/executor/pieces/segv_guard.h"
#include "spear/executor/pieces/tun.h"

enum { FRAGMENTS_MAX = 4 };
struct emit_fragments {
    uint32_t takes_rest; /* what is left after the last goes into one more */
    uint32_t count;
    uint32_t bytes[FRAGMENTS_MAX];
};

/* How many parts the packet is written in. */
static int emit_split(struct iovec *parts, unsigned char *packet, uint32_t bytes,
                      const struct emit_fragments *fragments)
{
    int count = 0;
    uint32_t left = bytes;

    for (uint32_t i = 0; i < fragments->count && i < FRAGMENTS_MAX && left > 0; i++) {
        const uint32_t part = fragments->bytes[i] < left ? fragments->bytes[i] : left;
        parts[count].iov_base = packet + (bytes - left);
        parts[count++].iov_len = part;
        left -= part;
    }
    if (left > 0 && (count == 0 || fragments->takes_rest)) {
        parts[count].iov_base = packet + (bytes - left);
        parts[count++].iov_len = left;
    }
    return count;
}

static long syz_emit_ethernet(uint64_t bytes, uint64_t packet, uint64_t how)
{
    struct iovec parts[FRAGMENTS_MAX + 1];
    struct emit_fragments fragments;

    memset(&fragments, 0, sizeof(fragments));
    if (tun_has_fragments && how != 0)
        guard_copy(&fragments, (const void *)(uintptr_t)how, sizeof(fragments));
    const int count =
        emit_split(parts, (unsigned char *)(uintptr_t)packet, (uint32_t)bytes, &fragments);
    return writev(TUN_FD, parts, count);
}
