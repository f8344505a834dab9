/* exec: a program as bytes, from the host to the executor. Freestanding: both sides and the C
 * source writer include it, nothing else of the project.
 *
 * Every number is a varint: the 64-bit value, taken as signed, zig-zagged ((v << 1) ^ (v >> 63)),
 * then seven bits a byte from the least significant on, top bit set on all but the last; at most
 * EXEC_VARINT_BYTES_MAX bytes. Bytes of data stand as they are.
 *
 *   stream   := count(calls) { instruction } EXEC_EOF
 *   instruction :=
 *       EXEC_COPYIN  address argument      write the argument to data + address
 *     | EXEC_COPYOUT index address size    after the call: read size bytes (1 2 4 8, native) there
 *     | EXEC_PROPS   fail_nth async rerun  of the call that follows
 *     | EXEC_ATTRS   call_ms program_ms flags
 *                                          of the call that follows, from its description: more
 *                                          time for the call, and for the program (both 0: none),
 *                                          scaled by call timeout / EXEC_CALL_MS_USUAL;
 *                                          EXEC_ATTR_x. Left out when all are 0
 *     | call index count { argument }      call: the kernel's number of it, below EXEC_PSEUDO_BASE;
 *                                          or EXEC_PSEUDO_BASE + its row in pseudo.def. Its result
 *                                          becomes copyout index, EXEC_NO_INDEX for none
 *   argument :=
 *       EXEC_CONST   meta value
 *     | EXEC_ADDR32  offset                data + offset, 4 bytes
 *     | EXEC_ADDR64  offset                data + offset, 8 bytes
 *     | EXEC_RESULT  meta index divide add default
 *                                          copyout index / divide + add; the default when that
 *                                          call has not run or failed. divide is never 0
 *     | EXEC_DATA    size bytes            size may have EXEC_DATA_READABLE set
 *     | EXEC_CSUM    size EXEC_CSUM_INET count { chunk }
 *   chunk := EXEC_CHUNK_DATA address size  bytes of memory
 *          | EXEC_CHUNK_CONST value size   a big-endian number, of 2 or 4 bytes
 *
 * Addresses are offsets into the data region. Order per call: its EXEC_COPYINs in the order of the
 * arguments (so that later ones overwrite), checksums last and at falling addresses, EXEC_PROPS
 * and EXEC_ATTRS when not all zero, the call, its EXEC_COPYOUTs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_WIRE_EXEC_H
#define SPEAR_WIRE_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#define EXEC_EOF      INT64_C(-1)
#define EXEC_COPYIN   INT64_C(-2)
#define EXEC_COPYOUT  INT64_C(-3)
#define EXEC_PROPS    INT64_C(-4)
#define EXEC_ATTRS    INT64_C(-5)
#define EXEC_NO_INDEX INT64_C(-1)

enum exec_arg {
    EXEC_CONST = 0,
    EXEC_ADDR32 = 1,
    EXEC_ADDR64 = 2,
    EXEC_RESULT = 3,
    EXEC_DATA = 4,
    EXEC_CSUM = 5,
};

/* Calls that the executor itself makes; see pseudo.def. A synthetic call without a meaning of its
 * own (of the descriptions used in tests) is encoded as EXEC_syz_nothing, which returns 0. */
enum exec_pseudo {
    EXEC_PSEUDO_BASE = 0x10000,
    EXEC_PSEUDO_FIRST = EXEC_PSEUDO_BASE - 1, /* so that the first row gets the base */
#define PSEUDO(name, arguments, state, piece) EXEC_##name,
#include "spear/wire/pseudo.def"
    EXEC_PSEUDO_END
};

enum { EXEC_CALL_MS_USUAL = 50 }; /* timeout of a call on a machine of usual speed */

enum exec_attr {
    EXEC_ATTR_REMOTE_COVER = 1, /* give kernel threads time to work for it, before cover is read */
};
/* Further up in the flags: number of the call's description, which tells ioctl$A from ioctl$B.
 * Wanted only from hosts of machines without coverage, whose signal is made of it. */
#define EXEC_ATTR_VARIANT(flags) ((flags) >> 8 & 0xffffff)

/* How a number stands in memory. The digits fill their width and end without a NUL. */
enum exec_format {
    EXEC_NATIVE = 0, /* least significant byte first on little-endian machines */
    EXEC_BIG_ENDIAN = 1,
    EXEC_DEC = 2, /* "%020llu", 20 bytes */
    EXEC_HEX = 3, /* "0x%016llx", 18 bytes */
    EXEC_OCT = 4, /* "%023llo", 23 bytes */
};

enum {
    EXEC_CSUM_INET = 0,
    EXEC_CHUNK_DATA = 0,
    EXEC_CHUNK_CONST = 1,

    EXEC_VARINT_BYTES_MAX = 10,
    EXEC_STREAM_BYTES_MAX = 4 << 20,
    EXEC_CALLS_MAX = 64,        /* programs have at most 40, and are doubled when run collided */
    EXEC_ARGS_MAX = 9,          /* of a call */
    EXEC_RESULTS_MAX = 1000,    /* copyout indices */
    EXEC_CHUNKS_MAX = 32,       /* of a checksum */
    EXEC_DATA_BYTES = 16 << 20, /* the data region; a guard page stands on either side */
    EXEC_PAGE_BYTES = 4096,
};
#define EXEC_DATA_READABLE (UINT64_C(1) << 63) /* for people: the bytes are text */

/* meta of EXEC_CONST and EXEC_RESULT: what is written, and how.
 * For a bit-field only field_bits bits above field_offset change, both counted in the number of
 * `size` bytes from its least significant bit, after its byte order has been undone.
 * Of EXEC_CONST the number written is value + proc_stride * (index of the process). */
#define EXEC_META_SIZE(m)         ((uint32_t)((m)&0xff)) /* 1 2 4 8; of digits: their base's */
#define EXEC_META_FORMAT(m)       ((uint32_t)((m) >> 8 & 0xff))
#define EXEC_META_FIELD_OFFSET(m) ((uint32_t)((m) >> 16 & 0xff))
#define EXEC_META_FIELD_BITS(m)   ((uint32_t)((m) >> 24 & 0xff)) /* 0: not a bit-field */
#define EXEC_META_PROC_STRIDE(m)  ((uint32_t)((m) >> 32))

static inline bool exec_meta_is_sound(uint64_t meta)
{
    const uint32_t size = EXEC_META_SIZE(meta);
    const uint32_t end = EXEC_META_FIELD_OFFSET(meta) + EXEC_META_FIELD_BITS(meta);

    if (EXEC_META_FORMAT(meta) >= EXEC_DEC)
        return EXEC_META_FORMAT(meta) <= EXEC_OCT; /* digits have their own width */
    return (size == 1 || size == 2 || size == 4 || size == 8) && end <= 8 * size;
}

/* Where data begins in the process that runs a program, by machine. */
#define EXEC_DATA_BASE_64  UINT64_C(0x200000000000)
#define EXEC_DATA_BASE_ARM UINT64_C(0x20000000) /* arm and arm64 */
#define EXEC_DATA_BASE_32  UINT64_C(0x80000000)

#endif /* SPEAR_WIRE_EXEC_H */
