/* genetlink_family: the number that the kernel has given to a family of generic netlink.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <linux/genetlink.h>
#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/netlink.h"
#include "spear/executor/pieces/segv_guard.h"

/* The second argument, a socket, is there for the order of calls; any socket will do. */
static long syz_genetlink_get_family_id(uint64_t name, uint64_t socket_fd)
{
    char family[GENL_NAMSIZ];
    const struct genlmsghdr header = {CTRL_CMD_GETFAMILY, 1, 0};
    struct net_message m;
    unsigned char answer[4096];

    (void)socket_fd;
    if (!guard_text(family, sizeof(family), name)) {
        errno = EFAULT;
        return -1;
    }
    net_begin(&m, GENL_ID_CTRL, 0, &header, sizeof(header));
    net_attribute(&m, CTRL_ATTR_FAMILY_NAME, family, strlen(family) + 1);
    const long size = net_send(&m, NETLINK_GENERIC, answer, sizeof(answer));
    if (size < 0)
        return -1;
    for (long at = NLMSG_HDRLEN + GENL_HDRLEN; at + NET_ATTRIBUTE <= size;) {
        struct nlattr attribute;
        uint16_t id = 0;
        memcpy(&attribute, answer + at, sizeof(attribute));
        if (attribute.nla_len < NET_ATTRIBUTE || at + attribute.nla_len > size)
            break;
        if (attribute.nla_type == CTRL_ATTR_FAMILY_ID) {
            memcpy(&id, answer + at + NET_ATTRIBUTE, sizeof(id));
            return id;
        }
        at += NLMSG_ALIGN(attribute.nla_len);
    }
    errno = ENOENT;
    return -1;
}
