/* stack: which function a report blames. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_STACK_H
#define SPEAR_KERNEL_STACK_H

#include "spear/kernel/console.h"

enum {
    STACK_FRAMES_MAX = 256, /* frames of one report that are considered */
    STACK_STEP_MAX = 512,   /* bytes of one step of oops.def */
};

/* Copies step number i of "a;b;c" into out (STACK_STEP_MAX bytes); false when there are fewer. */
bool stack_step(const char *steps, uint32_t i, char *out);

/* The function of a stack frame: "[<ffff...>] kfree+0x1/0x2" gives kfree. False: no frame. */
bool stack_frame(struct str line, struct str *function);

/* The rule's ways to find a function; see oops.def. NULL where the rule has none. */
struct stack_rule {
    const char *steps, *otherwise, *skip, *pick;
};

/* Walks the lines by the rule. False when no function is to blame, or when the trace is mixed with
 * another one; *function is then "" or a guess. Points into the lines. */
bool stack_blame(const struct stack_rule *rule, const struct console_line *lines, uint32_t count,
                 struct str *function);

#endif /* SPEAR_KERNEL_STACK_H */
