/*
 * abi: the numbers and layouts of WASI preview 1 that more than one file needs. All values in guest
 * memory are little-endian and may be unaligned.
 *
 *   fdstat   24: 0 filetype u8, 2 flags u16, 8 base u64, 16 inheriting u64
 *   filestat 64: 0 dev, 8 ino, 16 filetype u8, 24 nlink, 32 size, 40 atim, 48 mtim, 56 ctim
 *            56 in wasi_unstable: 0 dev, 8 ino, 16 filetype u8, 20 nlink u32, 24 size, 32 atim...
 *   prestat   8: 0 tag u8 (0: directory), 4 bytes of its name u32
 *   dirent   24: 0 next u64, 8 ino u64, 16 bytes of the name u32, 20 filetype u8; name follows
 *   event    32: 0 userdata u64, 8 error u16, 10 type u8, 16 nbytes u64, 24 flags u16
 *   subscription: call_poll.c
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASI_ABI_H
#define SHIELD_WASI_ABI_H

#include "base/base.h"

#include <endian.h>
#include <string.h>

enum wasi_errno {
#define ERRNO(name, number, host) WASI_##name = number,
#include "shield/wasi/errno.def"
#undef ERRNO
    WASI_ERRNO_COUNT
};

enum wasi_right_bit {
#define RIGHT(name, bit, on, writes) WASI_BIT_##name = bit,
#include "shield/wasi/rights.def"
#undef RIGHT
    WASI_RIGHT_COUNT
};
enum { WASI_BIT_NONE = 64 }; /* of a call that needs no right */
#define WASI_RIGHT(name) (WASI_BIT_##name < 64 ? UINT64_C(1) << (WASI_BIT_##name & 63) : 0)

enum wasi_filetype {
    WASI_FILETYPE_UNKNOWN,
    WASI_FILETYPE_BLOCK_DEVICE,
    WASI_FILETYPE_CHARACTER_DEVICE,
    WASI_FILETYPE_DIRECTORY,
    WASI_FILETYPE_REGULAR_FILE,
    WASI_FILETYPE_SOCKET_DGRAM,
    WASI_FILETYPE_SOCKET_STREAM,
    WASI_FILETYPE_SYMBOLIC_LINK
};

enum {
    WASI_FDFLAG_APPEND = 1,
    WASI_FDFLAG_DSYNC = 2,
    WASI_FDFLAG_NONBLOCK = 4,
    WASI_FDFLAG_RSYNC = 8,
    WASI_FDFLAG_SYNC = 16,
    WASI_OFLAG_CREAT = 1,
    WASI_OFLAG_DIRECTORY = 2,
    WASI_OFLAG_EXCL = 4,
    WASI_OFLAG_TRUNC = 8,
    WASI_LOOKUP_FOLLOW = 1,
    WASI_FST_ATIM = 1,
    WASI_FST_ATIM_NOW = 2,
    WASI_FST_MTIM = 4,
    WASI_FST_MTIM_NOW = 8,
    WASI_WHENCE_SET = 0, /* in wasi_unstable CUR is 0, END 1, SET 2 */
    WASI_WHENCE_CUR = 1,
    WASI_WHENCE_END = 2,
    WASI_RECV_PEEK = 1,
    WASI_RECV_WAITALL = 2,
    WASI_SHUT_RD = 1,
    WASI_SHUT_WR = 2,
};

enum wasi_clock {
    WASI_CLOCK_REALTIME,
    WASI_CLOCK_MONOTONIC,
    WASI_CLOCK_PROCESS_CPU,
    WASI_CLOCK_THREAD_CPU
};

enum {
    WASI_FDSTAT_BYTES = 24,
    WASI_FILESTAT_BYTES = 64,
    WASI_FILESTAT_UNSTABLE_BYTES = 56,
    WASI_PRESTAT_BYTES = 8,
    WASI_DIRENT_BYTES = 24,
    WASI_EVENT_BYTES = 32,
    WASI_SUBSCRIPTION_BYTES = 48,
    WASI_SUBSCRIPTION_UNSTABLE_BYTES = 56
};

static inline void wasi_put(uint8_t *at, uint64_t value, uint32_t size_bytes)
{
    value = htole64(value);
    memcpy(at, &value, size_bytes);
}

static inline uint64_t wasi_get(const uint8_t *at, uint32_t size_bytes)
{
    uint64_t value = 0;
    memcpy(&value, at, size_bytes);
    return le64toh(value);
}

#endif /* SHIELD_WASI_ABI_H */
