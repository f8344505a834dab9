/* net_devices: a few devices for programs to work on: a bridge with two ports, whose other ends are
 * in the same namespace, and a dummy. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "spear/executor/pieces/netlink.h"

/* What the kernel lacks is left out. */
static void net_devices_add(int id)
{
    static const char *const names[] = {"lo",
                                        "dummy0",
                                        "bridge0",
                                        "veth0_to_bridge",
                                        "veth1_to_bridge",
                                        "bridge_slave_0",
                                        "bridge_slave_1"};
    unsigned char mac[6] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0};
    char address[40];

    net_add_device("dummy", "dummy0");
    net_add_device("bridge", "bridge0");
    net_add_veth("bridge_slave_0", "veth0_to_bridge");
    net_add_veth("bridge_slave_1", "veth1_to_bridge");
    net_set_master("bridge_slave_0", "bridge0");
    net_set_master("bridge_slave_1", "bridge0");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (i > 0) {
            mac[5] = (unsigned char)(10 + i);
            net_set_mac(names[i], mac);
            snprintf(address, sizeof(address), "172.20.%d.%u", id, 10 + i);
            net_add_address(names[i], AF_INET, address, 24);
            snprintf(address, sizeof(address), "fe80::%x:%x", id, 10 + i);
            net_add_address(names[i], AF_INET6, address, 64);
        }
        net_set_up(names[i]);
    }
}
