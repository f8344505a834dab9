/* netlink: makes and sets up network devices, through messages to the kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NET_ATTRIBUTE = 4 }; /* bytes of the head of an attribute */

/* A message that is being written: a header, a struct, attributes that may stand in each other. */
struct net_message {
    union {
        struct nlmsghdr header;
        unsigned char bytes[2048];
    } u;
    size_t used;
};

static void net_begin(struct net_message *m, uint16_t type, uint16_t flags, const void *data,
                      size_t size)
{
    memset(m, 0, sizeof(*m));
    m->u.header.nlmsg_type = type;
    m->u.header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    memcpy(m->u.bytes + sizeof(m->u.header), data, size);
    m->used = sizeof(m->u.header) + NLMSG_ALIGN(size);
}

static size_t net_attribute(struct net_message *m, uint16_t type, const void *data, size_t size)
{
    const size_t start = m->used;
    const struct nlattr attribute = {(uint16_t)(sizeof(struct nlattr) + size), type};

    if (size > sizeof(m->u.bytes) - start - 2 * sizeof(attribute))
        return start; /* nobody here writes so much */
    memcpy(m->u.bytes + start, &attribute, sizeof(attribute));
    if (size > 0)
        memcpy(m->u.bytes + start + sizeof(attribute), data, size);
    m->used = start + ((sizeof(attribute) + size + 3) & ~(size_t)3);
    return start;
}

/* An attribute that others go into, until net_end(). */
static size_t net_nest(struct net_message *m, uint16_t type)
{
    return net_attribute(m, type, NULL, 0);
}

static void net_end(struct net_message *m, size_t nest)
{
    const uint16_t size = (uint16_t)(m->used - nest);
    memcpy(m->u.bytes + nest, &size, sizeof(size));
}

/* Sends it and waits for the verdict: 0, or -1 with errno. With answer, what the kernel says first
 * is put there, and its size returned. */
static long net_send(struct net_message *m, int protocol, void *answer, size_t answer_max)
{
    struct sockaddr_nl kernel;
    union {
        struct nlmsghdr header;
        unsigned char bytes[4096];
    } reply;
    int error = EIO;

    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -1;
    memset(&kernel, 0, sizeof(kernel));
    kernel.nl_family = AF_NETLINK;
    m->u.header.nlmsg_len = (uint32_t)m->used;
    const ssize_t sent =
        sendto(fd, m->u.bytes, m->used, 0, (struct sockaddr *)(void *)&kernel, sizeof(kernel));
    const ssize_t size = sent < 0 ? -1 : recv(fd, reply.bytes, sizeof(reply.bytes), 0);
    if (size < (ssize_t)sizeof(reply.header)) {
        error = size < 0 ? errno : EIO;
    } else if (reply.header.nlmsg_type == NLMSG_ERROR) {
        memcpy(&error, reply.bytes + sizeof(reply.header), sizeof(error));
        error = -error;
    } else if (answer != NULL) {
        memcpy(answer, reply.bytes, (size_t)size < answer_max ? (size_t)size : answer_max);
        close(fd);
        return size;
    }
    close(fd);
    errno = error;
    return error == 0 ? 0 : -1;
}

/* kind: "dummy", "bridge" ... */
static long net_add_device(const char *kind, const char *name)
{
    const struct ifinfomsg info = {0};
    struct net_message m;

    net_begin(&m, RTM_NEWLINK, NLM_F_EXCL | NLM_F_CREATE, &info, sizeof(info));
    net_attribute(&m, IFLA_IFNAME, name, strlen(name));
    const size_t link = net_nest(&m, IFLA_LINKINFO);
    net_attribute(&m, IFLA_INFO_KIND, kind, strlen(kind));
    net_end(&m, link);
    return net_send(&m, NETLINK_ROUTE, NULL, 0);
}

/* Two devices, each the other's end. */
static long net_add_veth(const char *name, const char *peer)
{
    const struct ifinfomsg info = {0};
    struct net_message m;

    net_begin(&m, RTM_NEWLINK, NLM_F_EXCL | NLM_F_CREATE, &info, sizeof(info));
    net_attribute(&m, IFLA_IFNAME, name, strlen(name));
    const size_t link = net_nest(&m, IFLA_LINKINFO);
    net_attribute(&m, IFLA_INFO_KIND, "veth", 4);
    const size_t data = net_nest(&m, IFLA_INFO_DATA);
    const size_t end = net_nest(&m, 1 /* VETH_INFO_PEER */);
    m.used += sizeof(struct ifinfomsg);
    net_attribute(&m, IFLA_IFNAME, peer, strlen(peer));
    net_end(&m, end);
    net_end(&m, data);
    net_end(&m, link);
    return net_send(&m, NETLINK_ROUTE, NULL, 0);
}

static long net_change(const char *name, unsigned flags, uint16_t attribute, const void *value,
                       size_t size)
{
    struct ifinfomsg info = {0};
    struct net_message m;

    info.ifi_index = (int)if_nametoindex(name);
    info.ifi_flags = info.ifi_change = flags;
    net_begin(&m, RTM_NEWLINK, 0, &info, sizeof(info));
    if (size > 0)
        net_attribute(&m, attribute, value, size);
    return net_send(&m, NETLINK_ROUTE, NULL, 0);
}

static long net_set_up(const char *name)
{
    return net_change(name, IFF_UP, 0, NULL, 0);
}

static long net_set_mac(const char *name, const unsigned char *mac)
{
    return net_change(name, 0, IFLA_ADDRESS, mac, 6);
}

static long net_set_master(const char *name, const char *master)
{
    const unsigned index = if_nametoindex(master);
    return net_change(name, 0, IFLA_MASTER, &index, sizeof(index));
}

static long net_add_address(const char *name, int family, const char *text, unsigned prefix)
{
    struct ifaddrmsg info = {0};
    struct net_message m;
    unsigned char address[16];
    const size_t size = family == AF_INET ? 4 : 16;

    info.ifa_family = (uint8_t)family;
    info.ifa_prefixlen = (uint8_t)prefix;
    info.ifa_scope = RT_SCOPE_UNIVERSE;
    info.ifa_index = if_nametoindex(name);
    inet_pton(family, text, address);
    net_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
    net_attribute(&m, IFA_LOCAL, address, size);
    net_attribute(&m, IFA_ADDRESS, address, size);
    return net_send(&m, NETLINK_ROUTE, NULL, 0);
}

static long net_add_neighbour(const char *name, int family, const char *text,
                              const unsigned char *mac)
{
    struct ndmsg info = {0};
    struct net_message m;
    unsigned char address[16];

    info.ndm_family = (uint8_t)family;
    info.ndm_ifindex = (int)if_nametoindex(name);
    info.ndm_state = NUD_PERMANENT;
    inet_pton(family, text, address);
    net_begin(&m, RTM_NEWNEIGH, NLM_F_EXCL | NLM_F_CREATE, &info, sizeof(info));
    net_attribute(&m, NDA_DST, address, family == AF_INET ? 4 : 16);
    net_attribute(&m, NDA_LLADDR, mac, 6);
    return net_send(&m, NETLINK_ROUTE, NULL, 0);
}
