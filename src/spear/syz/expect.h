/* expect: what the comments of a test program say: on which machines it is to run, and how each
 * call is to end.
 *
 *   # requires: arch=amd64 -threaded    words with a value or not; a minus asks for the contrary
 *   call(...) # EBADF                   fails so; nothing: succeeds
 *   call(...) # unexecuted              never comes back: it, or a call before it, ends the program
 *   call(...) # unfinished              is started and does not return
 *   call(...) # blocked                 is waited for in vain, then left behind
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_EXPECT_H
#define SPEAR_SYZ_EXPECT_H

#include "base/buf.h"

enum syz_end { SYZ_RETURNS, SYZ_UNEXECUTED, SYZ_UNFINISHED, SYZ_BLOCKED };

struct syz_expect_call {
    enum syz_end end;
    int error; /* errno; 0: success. Of RETURNS and BLOCKED */
    uint32_t line;
};

struct syz_expect {
    struct str
        *requirements; /* words, without what stands before them: "arch=amd64", "-threaded" */
    uint32_t requirement_count;
    struct syz_expect_call *calls; /* one per line that is a call */
    uint32_t call_count;
};

/* The name as in <errno.h>; 0 when there is none. Also the other way: NULL for unknown numbers. */
int syz_errno_of(struct str name);
const char *syz_errno_name(int error);

/* Inside arena_guard(); the texts are borrowed. ST_MALFORMED when a comment behind a call is none
 * of the above. */
MUST_USE enum status syz_expect_read(struct arena *a, struct str text, struct syz_expect *out,
                                     struct diag *dg);

/* What a run is: has(ctx, "threaded") tells whether a word without minus holds; has(ctx,
 * "arch=64") likewise. Returns the first requirement that does not hold, or an empty string. */
struct str syz_expect_unmet(const struct syz_expect *e, bool (*has)(void *ctx, struct str word),
                            void *ctx);

#endif /* SPEAR_SYZ_EXPECT_H */
