/* h_memory: scalar loads and stores, size and growth. Every access compares its end with the size
 * of the memory: clear, exact, and the same for all memories.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"
#include "shield/interp/access.h"

/* A 33-bit address in the first memory; bytes wide. */
#define CHECK_PLAIN(ea, bytes)                                                                     \
    do {                                                                                           \
        if (UNLIKELY((ea) + (bytes) > mem_size))                                                   \
            GOTO(interp_memory_bounds);                                                            \
    } while (0)

#define LOAD_AT(tm, t, expr, address, operands)                                                    \
    {                                                                                              \
        uint64_t ea = (address);                                                                   \
        tm v;                                                                                      \
        CHECK_PLAIN(ea, sizeof(v));                                                                \
        memcpy(&v, mem + ea, sizeof(v));                                                           \
        PUT(t, 0, expr);                                                                           \
        NEXT(operands);                                                                            \
    }
#define LOAD(name, tm, t, expr)                                                                    \
    HANDLER(name##_S)                                                                              \
    LOAD_AT(tm, t, expr, (uint64_t)GET(u32, 1) + IMM(u32, 2), 3)                                   \
    HANDLER(name##_I)                                                                              \
    LOAD_AT(tm, t, expr, IMM(u32, 1), 2)                                                           \
    HANDLER(name##_A)                                                                              \
    LOAD_AT(tm, t, expr, (uint64_t)(GET(u32, 1) + IMM(u32, 2)) + IMM(u32, 3), 4)                   \
    HANDLER(name##_B)                                                                              \
    LOAD_AT(tm, t, expr, (uint64_t)(GET(u32, 1) + GET(u32, 2)) + IMM(u32, 3), 4)                   \
    HANDLER(name##_X)                                                                              \
    {                                                                                              \
        tm v;                                                                                      \
        const uint8_t *at = interp_address(pc, fp, cx, 1, 2, sizeof(v));                           \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(&v, at, sizeof(v));                                                                 \
        PUT(t, 0, expr);                                                                           \
        NEXT(6);                                                                                   \
    }

#define STORE_AT(tm, t, value, address, operands)                                                  \
    {                                                                                              \
        uint64_t ea = (address);                                                                   \
        tm v = (tm)(value);                                                                        \
        CHECK_PLAIN(ea, sizeof(v));                                                                \
        memcpy(mem + ea, &v, sizeof(v));                                                           \
        NEXT(operands);                                                                            \
    }
#define STORE(name, t, tm)                                                                         \
    HANDLER(name##_SS)                                                                             \
    STORE_AT(tm, t, GET(t, 1), (uint64_t)GET(u32, 0) + IMM(u32, 2), 3)                             \
    HANDLER(name##_SI)                                                                             \
    STORE_AT(tm, t, IMM(t, 2), (uint64_t)GET(u32, 0) + IMM(u32, 1), 2 + WORDS_##t)                 \
    HANDLER(name##_IS)                                                                             \
    STORE_AT(tm, t, GET(t, 0), IMM(u32, 1), 2)                                                     \
    HANDLER(name##_II)                                                                             \
    STORE_AT(tm, t, IMM(t, 1), IMM(u32, 0), 1 + WORDS_##t)                                         \
    HANDLER(name##_AS)                                                                             \
    STORE_AT(tm, t, GET(t, 2), (uint64_t)(GET(u32, 0) + IMM(u32, 1)) + IMM(u32, 3), 4)             \
    HANDLER(name##_BS)                                                                             \
    STORE_AT(tm, t, GET(t, 2), (uint64_t)(GET(u32, 0) + GET(u32, 1)) + IMM(u32, 3), 4)             \
    HANDLER(name##_XS)                                                                             \
    {                                                                                              \
        tm v = (tm)GET(t, 1);                                                                      \
        uint8_t *at = interp_address(pc, fp, cx, 0, 2, sizeof(v));                                 \
        TRAP_IF(at == NULL, MEMORY_BOUNDS);                                                        \
        memcpy(at, &v, sizeof(v));                                                                 \
        NEXT(6);                                                                                   \
    }
#include "shield/interp/sem_memory.def"

HANDLER(MEMORY_SIZE)
{
    struct rt_memory *m = cx->instance->memories[pc[3]];
    uint64_t size = atomic_load_explicit(&m->size_bytes, memory_order_acquire);
    PUT(u64, 0, size >> m->page_log2);
    NEXT(2);
}

HANDLER(MEMORY_GROW)
{
    struct rt_memory *m = cx->instance->memories[pc[4]];
    uint64_t delta = pc[5] != 0 ? GET(u64, 1) : GET(u32, 1);
    uint64_t old = rt_memory_grow(m, delta);
    PUT(u64, 0, old);
    mem = cx->memory->base;
    mem_size = atomic_load_explicit(&cx->memory->size_bytes, memory_order_acquire);
    NEXT(4);
}
