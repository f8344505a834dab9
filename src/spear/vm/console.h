/* console: the last VM_CONSOLE_MAX bytes that a machine has printed, in one piece, and the search
 * for a crash in them: every line is looked at once it is complete, with a little of what came
 * before it. Not locked. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_CONSOLE_H
#define SPEAR_VM_CONSOLE_H

#include "base/buf.h"

/* How far before the first new line the search begins; then on to the start of that line. */
enum { CONSOLE_LOOK_BACK = 256 };

struct console {
    char *text;     /* twice VM_CONSOLE_MAX bytes of ours; the latter half moves when it is full */
    size_t size;    /* bytes held */
    size_t scanned; /* all lines that end before here have been searched */
    uint64_t total; /* bytes ever printed */
    bool has_crash;
};

MUST_USE bool console_open(struct console *c); /* false: no memory */
void console_close(struct console *c);
void console_add(struct console *c, const char *text, size_t size);
struct str console_text(const struct console *c); /* at most VM_CONSOLE_MAX; until the next add */

/* Searches what is new; at_end: also a last line without its end. True when there has been a crash,
 * now or before. */
bool console_search(struct console *c, bool at_end,
                    bool (*is_crash)(void *ctx, struct str console, size_t from), void *ctx);

/* The last lines, as one line for a message: "...: a | b | c". At most size - 1 bytes and a NUL;
 * control characters become blanks. "it has printed nothing" when so. */
void console_tail(const struct console *c, unsigned lines, char *out, size_t size);

#endif /* SPEAR_VM_CONSOLE_H */
