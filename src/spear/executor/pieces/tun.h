/* tun: a network device whose other end is a descriptor of ours: packets written to it arrive in
 * the kernel as from a neighbour. Ours is 172.20.ID.170 and fe80::ID:aa, the neighbour's 172.20.
 * ID.187 and fe80::ID:bb. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "spear/executor/pieces/netlink.h"

enum { TUN_FD = 200 };
#define TUN_NAME "syz_tun"
static int tun_has_fragments;

/* Returns 0, or -1 with errno: the kernel lacks CONFIG_TUN, or forbids it. */
static int tun_open(int id)
{
    static const unsigned char own_mac[6] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
    static const unsigned char peer_mac[6] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xbb};
    struct ifreq request;
    char own[40], peer[40];

    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fd != TUN_FD) {
        dup3(fd, TUN_FD, O_CLOEXEC);
        close(fd);
    }
    memset(&request, 0, sizeof(request));
    strncpy(request.ifr_name, TUN_NAME, sizeof(request.ifr_name) - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS;
    tun_has_fragments = 1;
    if (ioctl(TUN_FD, TUNSETIFF, &request) != 0) {
        tun_has_fragments = 0;
        request.ifr_flags = IFF_TAP | IFF_NO_PI;
        if (ioctl(TUN_FD, TUNSETIFF, &request) != 0)
            return -1;
    }
    net_set_mac(TUN_NAME, own_mac);
    snprintf(own, sizeof(own), "172.20.%d.170", id);
    snprintf(peer, sizeof(peer), "172.20.%d.187", id);
    net_add_address(TUN_NAME, AF_INET, own, 24);
    net_set_up(TUN_NAME);
    net_add_neighbour(TUN_NAME, AF_INET, peer, peer_mac);
    snprintf(own, sizeof(own), "fe80::%x:aa", id);
    snprintf(peer, sizeof(peer), "fe80::%x:bb", id);
    net_add_address(TUN_NAME, AF_INET6, own, 64);
    net_add_neighbour(TUN_NAME, AF_INET6, peer, peer_mac);
    return 0;
}

/* Reads one packet that the kernel has sent; -1 when there is none. */
static long tun_read(void *packet, size_t bytes)
{
    const ssize_t n = read(TUN_FD, packet, bytes);
    return n < 0 && (errno == EAGAIN || errno == EBADFD) ? -1 : (long)n;
}

static void tun_flush(void)
{
    char packet[1000];

    while (tun_read(packet, sizeof(packet)) > 0)
        continue;
}
