/* extract_tcp_res: reads the next packet that the kernel has sent and, if it is TCP, gives the
 * numbers that an answer to it needs. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"
#include "spear/executor/pieces/tun.h"

/* Where TCP begins in an ethernet frame; 0: it is something else. */
static size_t tcp_offset(const unsigned char *frame, size_t bytes)
{
    uint16_t kind = 0;

    if (bytes < sizeof(struct ethhdr) + 40)
        return 0;
    memcpy(&kind, frame + 12, sizeof(kind));
    const unsigned char *ip = frame + sizeof(struct ethhdr);
    if (kind == htons(ETH_P_IP) && ip[9] == IPPROTO_TCP)
        return sizeof(struct ethhdr) + 4 * (size_t)(ip[0] & 15);
    if (kind == htons(ETH_P_IPV6) && ip[6] == IPPROTO_TCP)
        return sizeof(struct ethhdr) + 40;
    return 0;
}

/* result: two numbers in the order of the network: sequence and acknowledgement. */
static long syz_extract_tcp_res(uint64_t result, uint64_t add_to_sequence, uint64_t add_to_ack)
{
    unsigned char frame[1000];
    uint32_t numbers[2];

    const long bytes = tun_read(frame, sizeof(frame));
    if (bytes < 0)
        return -1;
    const size_t offset = tcp_offset(frame, (size_t)bytes);
    if (offset == 0 || offset + 12 > (size_t)bytes) {
        errno = ENOMSG;
        return -1;
    }
    memcpy(numbers, frame + offset + 4, sizeof(numbers));
    numbers[0] = htonl(ntohl(numbers[0]) + (uint32_t)add_to_sequence);
    numbers[1] = htonl(ntohl(numbers[1]) + (uint32_t)add_to_ack);
    errno = EFAULT;
    return guard_copy((void *)(uintptr_t)result, numbers, sizeof(numbers)) ? 0 : -1;
}
