/* h_atomic: atomic operators, with the compiler's sequentially consistent atomics on guest memory,
 * so that threads of different stores see each other as the specification says.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/access.h"

#include "shield/runtime/wait.h"

/* `at`: the address of a tm, in bounds and aligned, or the handler ends in a trap. Memories begin
 * at page boundaries, so an aligned address is an aligned pointer. */
#define ATOMIC_AT(tm, index, memarg)                                                               \
    tm *at = (tm *)(void *)interp_address(pc, fp, cx, index, memarg, sizeof(tm));                  \
    TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                            \
    TRAP_IF(((uintptr_t)at & (sizeof(tm) - 1)) != 0, UNALIGNED_ATOMIC)

#define ALOAD(name, tm, t)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ATOMIC_AT(tm, 1, 2);                                                                       \
        PUT(t, 0, __atomic_load_n(at, __ATOMIC_SEQ_CST));                                          \
        NEXT(6);                                                                                   \
    }
#define ASTORE(name, tm, t)                                                                        \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ATOMIC_AT(tm, 0, 2);                                                                       \
        __atomic_store_n(at, (tm)GET(t, 1), __ATOMIC_SEQ_CST);                                     \
        NEXT(6);                                                                                   \
    }
#define ARMW(name, tm, t, operation)                                                               \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ATOMIC_AT(tm, 1, 3);                                                                       \
        tm old = __atomic_fetch_##operation(at, (tm)GET(t, 2), __ATOMIC_SEQ_CST);                  \
        PUT(t, 0, old);                                                                            \
        NEXT(7);                                                                                   \
    }
#define AXCHG(name, tm, t)                                                                         \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ATOMIC_AT(tm, 1, 3);                                                                       \
        tm old = __atomic_exchange_n(at, (tm)GET(t, 2), __ATOMIC_SEQ_CST);                         \
        PUT(t, 0, old);                                                                            \
        NEXT(7);                                                                                   \
    }
/* An expected value that does not fit the cell never matches. */
#define ACMPXCHG(name, tm, t)                                                                      \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ATOMIC_AT(tm, 1, 4);                                                                       \
        C_##t expected = GET(t, 2);                                                                \
        tm old = (tm)expected;                                                                     \
        if (old != expected)                                                                       \
            old = __atomic_load_n(at, __ATOMIC_SEQ_CST);                                           \
        else                                                                                       \
            __atomic_compare_exchange_n(at, &old, (tm)GET(t, 3), false, __ATOMIC_SEQ_CST,          \
                                        __ATOMIC_SEQ_CST);                                         \
        PUT(t, 0, old);                                                                            \
        NEXT(8);                                                                                   \
    }
#include "shield/interp/sem_atomic.def"

HANDLER(ATOMIC_FENCE)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    NEXT(0);
}

/* Waiting and waking: the runtime's. Operands: result, slots, then the address form. */
#define GENERAL_INDEX(memarg) (pc[3 + (memarg)] != 0 ? GET(u64, 1) : GET(u32, 1))
#define WAIT(name, bytes, t)                                                                       \
    OUTLINED(name, 8)                                                                              \
    {                                                                                              \
        uint32_t result = 0;                                                                       \
        struct rt_memory *m = cx->instance->memories[pc[6]];                                       \
        enum status st = rt_atomic_wait(cx->store, m, GENERAL_INDEX(4), imm_u64(pc + 8), bytes,    \
                                        GET(t, 2), (int64_t)GET(u64, 3), &result);                 \
        if (st == ST_OK)                                                                           \
            PUT(u32, 0, result);                                                                   \
        return st;                                                                                 \
    }
WAIT(MEMORY_ATOMIC_WAIT32, 4, u32)
WAIT(MEMORY_ATOMIC_WAIT64, 8, u64)

OUTLINED(MEMORY_ATOMIC_NOTIFY, 7)
{
    uint32_t woken = 0;
    struct rt_memory *m = cx->instance->memories[pc[5]];
    enum status st = rt_atomic_notify(cx->store, m, GENERAL_INDEX(3), imm_u64(pc + 7),
                                      GET(u32, 2), &woken);
    if (st == ST_OK)
        PUT(u32, 0, woken);
    return st;
}
