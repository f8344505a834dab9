/* trap: what the guest did wrong and where. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_RUNTIME_TRAP_H
#define SHIELD_RUNTIME_TRAP_H

#include "shield/runtime/store.h"

enum { RT_TRAP_FRAMES_MAX = 64, RT_TRAP_MESSAGE_MAX = 256 };

struct rt_frame {
    struct rt_module *module; /* shared: a reference is held */
    uint32_t func_index;
    uint32_t offset; /* of the instruction, in the module */
};

struct rt_trap {
    enum rt_trap_code code;
    char message[RT_TRAP_MESSAGE_MAX];
    struct rt_frame frames[RT_TRAP_FRAMES_MAX]; /* innermost first */
    uint32_t frame_count;
    uint32_t frames_left_out; /* deeper than RT_TRAP_FRAMES_MAX */
};

const char *rt_trap_text(enum rt_trap_code code);

/* Makes a trap the pending one of the store and returns ST_TRAP (ST_NO_MEMORY when it cannot be
 * had). fmt NULL: the code's own text. */
enum status rt_trap_raise(struct rt_store *s, enum rt_trap_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Adds a frame, innermost first; counts what does not fit. */
void rt_trap_add_frame(struct rt_trap *trap, struct rt_module *m, uint32_t func_index,
                       uint32_t offset);
/* Takes the pending trap: owned, free with rt_trap_free(). NULL when there is none. */
struct rt_trap *rt_store_take_trap(struct rt_store *s);
void rt_trap_free(struct rt_trap *trap);

#endif /* SHIELD_RUNTIME_TRAP_H */
