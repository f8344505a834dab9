/* strace: what real programs do, as programs to start from. Reads what `strace -f` writes (with -o
 * or from a terminal; longer strings with -s), finds the description whose constants fit each call
 * best, and follows results by their values. What is not described, or cannot be expressed, is left
 * out or becomes a default. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_STRACE_H
#define SPEAR_SYZ_STRACE_H

#include "base/map.h"
#include "spear/syz/prog.h"

enum {
    STRACE_CALLS_MAX = 1 << 20, /* of one log */
    STRACE_PIDS_MAX = 4096,
    STRACE_LIST_MAX = 64,         /* elements of an array that are taken over */
    STRACE_DATA_BYTES_MAX = 4096, /* of a buffer, when the log has only its size */
};

struct strace_import {
    struct syz_prog **progs; /* at most SYZ_CALLS_USUAL calls each, with the calls they need */
    uint32_t count, capacity;
    uint32_t calls;      /* found in the log */
    uint32_t taken;      /* of them, part of programs */
    uint32_t unknown;    /* not described, or nothing fits */
    uint32_t left_out;   /* would end or replace the process */
    uint32_t unreadable; /* lines */
};

/* consts: NAME to struct syz_const, as syz_consts_read() fills it; names that it lacks count as
 * unknown numbers. Inside arena_guard() of a, which holds the programs. ST_MALFORMED when no line
 * is a call, ST_LIMIT. */
MUST_USE enum status syz_strace_import(struct arena *a, const struct syz_target *t,
                                       const struct map *consts, struct str log,
                                       struct strace_import *out, struct diag *dg);

#endif /* SPEAR_SYZ_STRACE_H */
