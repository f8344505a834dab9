/* trap: made where the guest goes wrong, given frames by the tier as it leaves them, kept by the
 * store until somebody takes it. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/trap.h"

#include "base/mem.h"
#include "shield/runtime/own.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

const char *rt_trap_text(enum rt_trap_code code)
{
    static const char *const text[RT_TRAP_COUNT] = {
#define TRAP(name, text) [RT_TRAP_##name] = text,
#include "shield/runtime/traps.def"
#undef TRAP
    };
    assert(code < RT_TRAP_COUNT && "a code of traps.def");
    return text[code];
}

enum status rt_trap_raise(struct rt_store *s, enum rt_trap_code code, const char *fmt, ...)
{
    struct rt_trap *trap = mem_alloc(1, sizeof(*trap));

    if (trap == NULL)
        return rt_no_memory(&s->diag, sizeof(*trap), "the description of a trap");
    trap->code = code;
    if (fmt == NULL) {
        snprintf(trap->message, sizeof(trap->message), "%s", rt_trap_text(code));
    } else {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(trap->message, sizeof(trap->message), fmt, ap);
        va_end(ap);
    }
    rt_trap_free(s->trap);
    s->trap = trap;
    return ST_TRAP;
}

void rt_trap_add_frame(struct rt_trap *trap, struct rt_module *m, uint32_t func_index,
                       uint32_t offset)
{
    if (trap->frame_count == RT_TRAP_FRAMES_MAX) {
        trap->frames_left_out++;
        return;
    }
    atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
    trap->frames[trap->frame_count++] =
        (struct rt_frame){.module = m, .func_index = func_index, .offset = offset};
}

struct rt_trap *rt_store_take_trap(struct rt_store *s)
{
    struct rt_trap *trap = s->trap;
    s->trap = NULL;
    return trap;
}

void rt_trap_free(struct rt_trap *trap)
{
    if (trap == NULL)
        return;
    for (uint32_t i = 0; i < trap->frame_count; i++)
        rt_module_free(trap->frames[i].module);
    mem_free(trap);
}
