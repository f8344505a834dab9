/* report: what a kernel's console says about its death. Finds oopses in console bytes, gives each
 * the title under which it is known, judges whether the text can be trusted.
 * How a crash is recognised is data: oops.def, frames.def, titles.def; docs/kernel-reports.md tells
 * how to add a rule. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_REPORT_H
#define SPEAR_KERNEL_REPORT_H

#include "base/buf.h"

enum {
    REPORT_TITLE_MAX = 120,      /* bytes of a title */
    REPORT_ALT_MAX = 8,          /* alternative titles */
    REPORT_BEFORE_MAX = 1 << 16, /* bytes before the oops that may belong to it */
    REPORT_AFTER_MAX = 1 << 20,  /* bytes from the oops on that are looked at */
};

/* Room that report_parse() takes at most from its arena. */
#define REPORT_ARENA_BYTES ((size_t)256 << 20)

struct report_spot {
    size_t start, end; /* the line that opens the oops, without its newline */
};

/* Is there an oops at or after offset from? *spot is written only when true. Takes no memory and
 * looks at each byte a fixed number of times. On a stream: keep the bytes from the start of the
 * last unfinished line, and call it again when more have come. */
bool report_find(struct str console, size_t from, struct report_spot *spot);
/* As report_find(), to be the is_crash of struct vm_options; ctx is not used. */
bool report_is_there(void *ctx, struct str console, size_t from);

struct report {
    struct str title; /* empty: no oops. At most REPORT_TITLE_MAX bytes */
    struct str alts[REPORT_ALT_MAX];
    uint32_t alt_count;
    struct str function; /* that the title blames; "" when none is known */
    const char *type;    /* static: a name of titles.def; NULL when no type fits the title */
    uint32_t severity;   /* 0: unknown, else the larger the worse; orders reports of one machine */
    const char *corrupted;  /* static: why the report cannot be trusted; NULL when it can */
    bool is_suppressed;     /* the console shows a failure of ours, not the kernel's */
    bool has_executor;      /* the report names the program that ran: "Comm: syz.P.ID" */
    uint64_t executor_proc; /* P */
    uint64_t executor_id;   /* ID */
    struct report_spot spot;
    size_t end;       /* offset behind the last line of the report; look for the next one there */
    struct str text;  /* the cleaned report: lines of its context, without printk prefixes */
    size_t text_oops; /* offset in text of the line that opens the oops */
};

/* Parses the first oops at or after offset from; without one *out is all zero, so its title is
 * empty. Everything in *out is owned by the arena or static. Must run inside arena_guard(), from
 * where ST_LIMIT and ST_NO_MEMORY come. */
void report_parse(struct arena *a, struct str console, size_t from, struct report *out);

/* The title without what differs from one run to the next: numbers, addresses, offsets, CPUs. */
struct str report_clean_title(struct arena *a, struct str title);

#endif /* SPEAR_KERNEL_REPORT_H */
