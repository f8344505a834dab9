/* console: the bytes of a kernel's console as lines. Each line is looked at once: what printk put
 * before it (level, time, who printed it) is taken off and kept as fields, and the line is told
 * whether it opens an oops. All later steps work on these lines.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_CONSOLE_H
#define SPEAR_KERNEL_CONSOLE_H

#include "base/buf.h"

/* Who printed a line. With CONFIG_PRINTK_CALLER the kernel says so, and reports that are printed at
 * the same time can be told apart. */
enum console_speaker {
    CONSOLE_NONE,   /* no printk prefix: user space, a bootloader, a kernel without times */
    CONSOLE_KERNEL, /* a time, but no caller */
    CONSOLE_TASK,   /* [ T123] */
    CONSOLE_CPU,    /* [ C1] */
};

struct console_context {
    enum console_speaker speaker;
    uint32_t id; /* of the task or CPU; 0 without */
};

enum {
    CONSOLE_LINE_MAX = 2048, /* bytes of a line that are looked at; the rest is part of no text */
    CONSOLE_NO_HEADER = -1,
};

struct console_line {
    size_t start, end; /* in the console's bytes; end is before the newline */
    struct str raw;    /* the line without newline and carriage return */
    struct str text;   /* raw without the printk prefix, and without the ? of a doubtful frame */
    struct console_context context;
    bool is_doubtful; /* a stack frame the kernel itself does not trust: "? f+0x1/0x2" */
    int32_t header;   /* row of oops_headers that it opens with, or CONSOLE_NO_HEADER */
};

/* True when the kernel prints the line that ends at offset end anew: what came so far is torn. */
bool console_is_replayed(struct str bytes, size_t end);

bool console_same(struct console_context a, struct console_context b);

/* Reads the line that starts at offset start < bytes.size. */
struct console_line console_read(struct str bytes, size_t start);

/* Only the part that finding needs: which oops header is in this raw line and is no benign message,
 * or CONSOLE_NO_HEADER. */
int32_t console_header_of(struct str raw);

#endif /* SPEAR_KERNEL_CONSOLE_H */
