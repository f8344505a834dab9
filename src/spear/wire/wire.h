/* wire: the language of host and executor: one region of shared memory per machine, and a line of
 * single bytes (the bells) that say where to look. See wire.def. Freestanding C.
 *
 * The region is an ivshmem device of the machine (or a memfd of a local executor); the bell line
 * is its second serial port, /dev/ttyS1, raw. Both work on any kernel with PCI and 8250 serial,
 * built for fuzzing or not.
 *
 *   boot     executor maps the region, probes features, writes `machine`, rings READY, waits for GO
 *   go       host writes `header` (again: after a snapshot was restored the region is a new one),
 *            rings GO; executor writes `machine` again and rings RUNNING
 *   request  host fills slot n, rings n; executor answers in the slot and rings n
 *
 * A bell costs the machine an interrupt and three switches between processes, more than a small
 * program. An executor that has just answered therefore looks at request.posted for a while before
 * it goes to sleep, and says so in machine.awake[n]. A host that wants to make use of it
 *   fills the request, counts posted up (release), then, behind a full fence,
 *   rings only if machine.awake[n] is 0.
 * A host that leaves posted at 0 rings every time. Bells too many do no harm.
 *
 * A slot belongs to the machine from its bell to the answering bell. The host never trusts a word
 * of the region: offsets and counts are checked against the slot, after copying.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_WIRE_WIRE_H
#define SPEAR_WIRE_WIRE_H

#include <stdint.h>

#define WIRE_MAGIC   UINT32_C(0x6e6a756d) /* "mujn" */
#define WIRE_VERSION UINT32_C(1)

enum {
    WIRE_PAGE_BYTES = 4096,
    WIRE_MACHINE_OFFSET = WIRE_PAGE_BYTES,
    WIRE_SLOTS_MAX = 32,
    WIRE_CALLS_MAX = 40,
    WIRE_REQUEST_BYTES = 64, /* the payload follows */
    WIRE_PAYLOAD_MAX = 2 << 20,
    WIRE_REPLY_MAX = 2 << 20,
    WIRE_CALIBRATION_LOOPS = 1000,
    WIRE_ERRNO_NOT_RUN = 998,
    WIRE_ERRNO_MISSING = 999,
};

enum wire_sandbox { WIRE_SANDBOX_NONE, WIRE_SANDBOX_SETUID, WIRE_SANDBOX_NAMESPACE };

enum wire_kind {
    WIRE_PROGRAM, /* payload: an encoded program */
    WIRE_BINARY,  /* payload: a static executable, run in a directory of its own */
    WIRE_LEAKS,   /* no payload: scan for leaked memory; text has the reports, also the console */
    WIRE_EMPTY,   /* nothing: are you there? */
};

enum wire_status {
    WIRE_DONE,
    WIRE_HUNG,   /* killed after its time; the calls that came back are reported */
    WIRE_BROKEN, /* the executor could not do it; text says why */
};

#define STRUCT(name, what)             struct wire_##name {
#define FIELD(type, name, what)        type name;
#define ARRAY(type, name, count, what) type name[count];
#define END(name)                      };
#include "spear/wire/wire.def"

enum wire_bell {
#define BELL(name, byte, direction, what) WIRE_BELL_##name = byte,
#include "spear/wire/wire.def"
};

enum wire_flag {
#define FLAG(group, name, bit, what) WIRE_##group##_##name = 1 << (bit),
#include "spear/wire/wire.def"
};

enum wire_feature {
#define FEATURE(name, label, what) WIRE_FEATURE_##name,
#include "spear/wire/wire.def"
    WIRE_FEATURE_COUNT
};

_Static_assert(sizeof(struct wire_header) <= WIRE_PAGE_BYTES, "a page");
_Static_assert(sizeof(struct wire_machine) <= WIRE_PAGE_BYTES, "a page");
_Static_assert(sizeof(struct wire_request) <= WIRE_REQUEST_BYTES, "the payload follows");
_Static_assert(sizeof(struct wire_comparison) == 24, "no padding");

/* The reply's call records; the last, at index call_count, is the extra one: what the kernel did
 * elsewhere on behalf of the program. */
struct wire_result {
    struct wire_reply reply;
    struct wire_call_reply calls[WIRE_CALLS_MAX + 1];
};

/* Signal is one number per edge: where the kernel came to, disturbed by where it came from. Only
 * the low 12 bits of that count, so that it is the same wherever the kernel was loaded. */
static inline uint32_t wire_edge(uint32_t pc, uint32_t previous)
{
    uint32_t h = previous & 0xfff;
    h = (h ^ 61) ^ h >> 16;
    h += h << 3;
    h ^= h >> 4;
    h *= UINT32_C(0x27d4eb2d);
    h ^= h >> 15;
    const uint32_t edge = pc ^ (h & 0xfff);
    return edge == 0 ? 1 : edge; /* 0 marks an empty place in the table */
}

/* First place to look in the table of known signal; the next ones follow, wrapping. */
static inline uint32_t wire_known_place(uint32_t edge, uint32_t log2_entries)
{
    return edge * UINT32_C(0x9e3779b1) >> (32 - log2_entries);
}

enum { WIRE_KNOWN_PROBES = 64 }; /* an entry is within so many places, or not there */

#endif /* SPEAR_WIRE_WIRE_H */
