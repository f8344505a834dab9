/* sticky: the table of sticky.def and of pseudo.def, by number.
 * SPDX-License-Identifier: Apache-2.0 */
#include <sys/syscall.h>

#include "spear/executor/program.h"

enum {
    STICKY_NUMBERS = 512, /* kernel calls above are new: they count as EX_LEAVES_MARKS */
    CLEAN = EX_LEAVES_NOTHING,
    STICKY = EX_LEAVES_MARKS,
};

static const uint8_t traces[STICKY_NUMBERS] = {
#define STICKY(name, trace) [SYS_##name] = EX_LEAVES_##trace,
#include "spear/executor/sticky.def"
};

static const uint8_t pseudo_traces[] = {
#define PSEUDO(name, arguments, state, piece) state,
#include "spear/wire/pseudo.def"
};

uint32_t ex_sticky(uint32_t number)
{
    if (number >= EXEC_PSEUDO_END)
        return EX_LEAVES_MARKS;
    if (number >= EXEC_PSEUDO_BASE)
        return pseudo_traces[number - EXEC_PSEUDO_BASE];
    return number < STICKY_NUMBERS ? traces[number] : EX_LEAVES_MARKS;
}
