/* errno: host error numbers to WASI's, and their names. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasi/wasi_int.h"

#include <errno.h>

enum { NONE = 0 };

static const struct {
    const char *name;
    int host;
} errno_info[WASI_ERRNO_COUNT] = {
#define ERRNO(name, number, host) [number] = {#name, host},
#include "shield/wasi/errno.def"
#undef ERRNO
};

enum wasi_errno wasi_errno_of(int host_errno)
{
    if (host_errno == 0)
        return WASI_SUCCESS;
    for (uint32_t i = 1; i < WASI_ERRNO_COUNT; i++)
        if (errno_info[i].host == host_errno)
            return (enum wasi_errno)i;
    /* Two names of one number on some hosts, two numbers on others. */
    if (host_errno == EOPNOTSUPP)
        return WASI_NOTSUP;
    if (host_errno == EWOULDBLOCK)
        return WASI_AGAIN;
    return WASI_IO;
}

const char *wasi_errno_name(enum wasi_errno e)
{
    return (unsigned)e < WASI_ERRNO_COUNT ? errno_info[e].name : "?";
}
