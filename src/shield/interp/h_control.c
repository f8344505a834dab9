/* h_control: handlers that move values and control inside one function, and the slow ways out of a
 * run. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"
#include "shield/interp/vector.h"

/* ---- moving values ---- */

HANDLER(COPY)
{
    uint64_t v = GET(u64, 1);
    PUT(u64, 0, v);
    NEXT(2);
}

HANDLER(COPY2)
{
    uint64_t v = GET(u64, 1), w = GET(u64, 3);
    PUT(u64, 0, v);
    PUT(u64, 2, w);
    NEXT(4);
}

HANDLER(COPY16)
{
    union v128 v = GET(v128, 1);
    PUT(v128, 0, v);
    NEXT(2);
}

HANDLER(COPY_RANGE)
{
    memmove(fp + pc[2], fp + pc[3], pc[4]);
    NEXT(3);
}

HANDLER(CONST32)
{
    uint32_t v = IMM(u32, 1);
    PUT(u32, 0, v);
    NEXT(2);
}

HANDLER(CONST64)
{
    uint64_t v = IMM(u64, 1);
    PUT(u64, 0, v);
    NEXT(3);
}

HANDLER(CONST128)
{
    union v128 v = IMM(v128, 1);
    PUT(v128, 0, v);
    NEXT(5);
}

HANDLER(SELECT)
{
    uint64_t a = GET(u64, 1), b = GET(u64, 2);
    PUT(u64, 0, GET(u32, 3) != 0 ? a : b);
    NEXT(4);
}

HANDLER(SELECT16)
{
    union v128 v = GET(u32, 3) != 0 ? GET(v128, 1) : GET(v128, 2);
    PUT(v128, 0, v);
    NEXT(4);
}

/* ---- branches ---- */

HANDLER(JUMP)
{
    BRANCH(0);
}

HANDLER(LOOP_JUMP)
{
    POLL();
    BRANCH(0);
}

#define CONDITION(name, cond, poll)                                                                \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        if (cond) {                                                                                \
            poll;                                                                                  \
            BRANCH(1);                                                                             \
        }                                                                                          \
        NEXT(2);                                                                                   \
    }
CONDITION(BR_T, GET(u32, 0) != 0, (void)0)
CONDITION(BR_Z, GET(u32, 0) == 0, (void)0)
CONDITION(LOOP_T, GET(u32, 0) != 0, POLL())
CONDITION(LOOP_Z, GET(u32, 0) == 0, POLL())

HANDLER(BR_TABLE)
{
    uint32_t i = GET(u32, 0), last = pc[3] - 1;
    POLL();
    if (i > last)
        i = last;
    BRANCH(2 + i);
}

HANDLER(UNREACHABLE)
{
    GOTO(interp_trap_UNREACHABLE);
}

HANDLER(FUEL)
{
    uint64_t left = cx->store->fuel, cost = pc[2];
    if (UNLIKELY(left < cost))
        GOTO(interp_out_of_fuel);
    cx->store->fuel = left - cost;
    NEXT(1);
}

/* ---- ends of a run ---- */

HANDLER(EXIT)
{
    (void)mem;
    (void)mem_size;
    cx->pc = pc;
    cx->fp = fp;
    return ST_OK;
}

#define TRAP(name, text)                                                                           \
    __attribute__((cold)) enum status interp_trap_##name(INTERP_PARAMS)                            \
    {                                                                                              \
        (void)mem;                                                                                 \
        (void)mem_size;                                                                            \
        return interp_raise(cx, pc, fp, RT_TRAP_##name);                                           \
    }
#include "shield/runtime/traps.def"
#undef TRAP

/* A shared memory may have grown on another thread since its size was read: look again. */
__attribute__((cold)) enum status interp_memory_bounds(INTERP_PARAMS)
{
    uint64_t now = atomic_load_explicit(&cx->memory->size_bytes, memory_order_acquire);

    if (now == mem_size)
        GOTO(interp_trap_MEMORY_BOUNDS);
    mem_size = now;
    DISPATCH();
}

__attribute__((cold)) enum status interp_interrupt(INTERP_PARAMS)
{
    (void)mem;
    (void)mem_size;
    cx->pc = pc;
    cx->fp = fp;
    return diag_fail(&cx->store->diag, ST_TIMEOUT, DIAG_NO_OFFSET, "the run was interrupted");
}

__attribute__((cold)) enum status interp_out_of_fuel(INTERP_PARAMS)
{
    (void)mem;
    (void)mem_size;
    cx->pc = pc;
    cx->fp = fp;
    cx->store->fuel = 0;
    return diag_fail(&cx->store->diag, ST_FUEL, DIAG_NO_OFFSET, "the run has used its fuel");
}
