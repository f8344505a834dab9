/* init_net_socket: makes a socket in the network namespace that the machine began with: some
 * protocols exist only there. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INIT_NET_FD = 201 };

/* Once, before a namespace of our own is made. */
static void init_net_keep(void)
{
    const int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fd == INIT_NET_FD)
        return;
    dup3(fd, INIT_NET_FD, O_CLOEXEC);
    close(fd);
}

static long syz_init_net_socket(uint64_t domain, uint64_t type, uint64_t protocol)
{
    const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    if (own < 0)
        return own;
    if (setns(INIT_NET_FD, 0) != 0) {
        const int error = errno;
        close(own);
        errno = error;
        return -1;
    }
    const int fd = socket((int)domain, (int)type, (int)protocol);
    const int error = errno;
    const int is_back = setns(own, 0) == 0;
    close(own);
    if (!is_back)
        _exit(1); /* going on in the wrong namespace would blame programs to come */
    errno = error;
    return fd;
}
