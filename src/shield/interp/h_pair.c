/* h_pair: handlers that execute two neighbouring instructions, see pairs.def. After the first, pc
 * is moved on by its operands, so that the second finds its own where it expects them, and a trap
 * in it is mapped to its own offset in the module.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

/* ---- what operators compute: said once, in the sem_*.def files ---- */

#define BIN(name, t, expr)                                                                         \
    static inline C_##t sem_##name(C_##t a, C_##t b)                                               \
    {                                                                                              \
        return expr;                                                                               \
    }
#define FBIN(name, t, expr) BIN(name, t, expr)
#define UN(...)
#define FUN(...)
#define DIV(...)
#define CMP(...)
#define XCMP(...)
#define SAME(...)
#define TRUNC(...)
#include "shield/interp/float.h"
#include "shield/interp/sem_float.def"
#include "shield/interp/sem_int.def"

/* ---- the first: computes x (stores compute nothing) ---- */

#define AT_S(k)  ((uint64_t)GET(u32, k) + IMM(u32, (k) + 1))
#define AT_A(k)  ((uint64_t)(GET(u32, k) + IMM(u32, (k) + 1)) + IMM(u32, (k) + 2))
#define LOADED(t, tm, x, address)                                                                  \
    uint64_t ea_##x = (address);                                                                   \
    tm v_##x;                                                                                      \
    if (UNLIKELY(ea_##x + sizeof(tm) > mem_size))                                                  \
        GOTO(interp_trap_MEMORY_BOUNDS);                                                           \
    memcpy(&v_##x, mem + ea_##x, sizeof(tm));                                                      \
    C_##t x = v_##x
#define STORED(tm, s, address, value)                                                              \
    uint64_t ea_##s = (address);                                                                   \
    tm v_##s = (tm)(value);                                                                        \
    if (UNLIKELY(ea_##s + sizeof(tm) > mem_size))                                                  \
        GOTO(interp_trap_MEMORY_BOUNDS);                                                           \
    memcpy(mem + ea_##s, &v_##s, sizeof(tm))

#define DO_I32_ADD_SS(x)      C_u32 x = sem_I32_ADD(GET(u32, 1), GET(u32, 2))
#define DO_I32_ADD_SI(x)      C_u32 x = sem_I32_ADD(GET(u32, 1), IMM(u32, 2))
#define DO_I32_AND_SI(x)      C_u32 x = sem_I32_AND(GET(u32, 1), IMM(u32, 2))
#define DO_I32_SHR_U_SI(x)    C_u32 x = sem_I32_SHR_U(GET(u32, 1), IMM(u32, 2))
#define DO_I32_MUL_SI(x)      C_u32 x = sem_I32_MUL(GET(u32, 1), IMM(u32, 2))
#define DO_F64_ADD_SS(x)      C_f64 x = sem_F64_ADD(GET(f64, 1), GET(f64, 2))
#define DO_F64_SUB_SS(x)      C_f64 x = sem_F64_SUB(GET(f64, 1), GET(f64, 2))
#define DO_F64_MUL_SS(x)      C_f64 x = sem_F64_MUL(GET(f64, 1), GET(f64, 2))
#define DO_I32_SHLADD(x)      uint32_t x = GET(u32, 1) + (GET(u32, 2) << IMM(u32, 3))
#define DO_I32_LOAD_S(x)      LOADED(u32, uint32_t, x, AT_S(1))
#define DO_I32_LOAD8_U_S(x)   LOADED(u32, uint8_t, x, AT_S(1))
#define DO_I32_LOAD8_U_A(x)   LOADED(u32, uint8_t, x, AT_A(1))
#define DO_I64_LOAD_S(x)      LOADED(u64, uint64_t, x, AT_S(1))
#define DO_F64_LOAD_S(x)      LOADED(f64, double, x, AT_S(1))
#define DO_F64_LOAD_A(x)      LOADED(f64, double, x, AT_A(1))
#define DO_COPY(x)            uint64_t x = GET(u64, 1)
#define DO_CONST32(x)         uint32_t x = IMM(u32, 1)
#define DO_I32_STORE_SS(x)    uint32_t x = 0; STORED(uint32_t, 1, AT_SS(), GET(u32, 1))
#define DO_I32_STORE8_SS(x)   uint32_t x = 0; STORED(uint8_t, 1, AT_SS(), GET(u32, 1))
#define DO_I64_STORE_SS(x)    uint32_t x = 0; STORED(uint64_t, 1, AT_SS(), GET(u64, 1))
#define DO_F64_STORE_SS(x)    uint32_t x = 0; STORED(uint64_t, 1, AT_SS(), GET(u64, 1))
#define AT_SS()             ((uint64_t)GET(u32, 0) + IMM(u32, 2))

/* Its result written to its slot, and how many operands it has. */
#define KEEP_I32_ADD_SS(x)    PUT(u32, 0, x)
#define KEEP_I32_ADD_SI(x)    PUT(u32, 0, x)
#define KEEP_I32_AND_SI(x)    PUT(u32, 0, x)
#define KEEP_I32_SHR_U_SI(x)  PUT(u32, 0, x)
#define KEEP_F64_ADD_SS(x)    PUT(f64, 0, x)
#define KEEP_F64_SUB_SS(x)    PUT(f64, 0, x)
#define KEEP_F64_MUL_SS(x)    PUT(f64, 0, x)
#define KEEP_I32_SHLADD(x)    PUT(u32, 0, x)
#define KEEP_I32_LOAD_S(x)    PUT(u32, 0, x)
#define KEEP_I32_LOAD8_U_S(x) PUT(u32, 0, x)
#define KEEP_I64_LOAD_S(x)    PUT(u64, 0, x)
#define KEEP_COPY(x)          PUT(u64, 0, x)
#define KEEP_CONST32(x)       PUT(u32, 0, x)
#define KEEP_I32_STORE_SS(x)  (void)(x)
#define KEEP_I32_STORE8_SS(x) (void)(x)
#define KEEP_I64_STORE_SS(x)  (void)(x)
#define KEEP_F64_STORE_SS(x)  (void)(x)
#define DROP_FIRST(first, x)  (void)0
#define KEEP_FIRST(first, x)  KEEP_##first(x)

#define N_I32_ADD_SS      3
#define N_I32_ADD_SI      3
#define N_I32_AND_SI      3
#define N_I32_SHR_U_SI    3
#define N_I32_MUL_SI      3
#define N_F64_ADD_SS      3
#define N_F64_SUB_SS      3
#define N_F64_MUL_SS      3
#define N_I32_SHLADD      4
#define N_I32_LOAD_S      3
#define N_I32_LOAD8_U_S   3
#define N_I32_LOAD8_U_A   4
#define N_I64_LOAD_S      3
#define N_F64_LOAD_S      3
#define N_F64_LOAD_A      4
#define N_COPY            2
#define N_CONST32         2
#define N_I32_STORE_SS    3
#define N_I32_STORE8_SS   3
#define N_I64_STORE_SS    3
#define N_F64_STORE_SS    3

/* ---- the second ---- */

/* Operand k of it: x when the link is k, else its slot. */
#define SRC_N(k, t, x) GET(t, k)
#define SRC_0(k, t, x) ((k) == 0 ? (x) : GET(t, k))
#define SRC_1(k, t, x) ((k) == 1 ? (x) : GET(t, k))
#define SRC_2(k, t, x) ((k) == 2 ? (x) : GET(t, k))
#define SRC(L, k, t)   SRC_##L(k, t, x)

/* Goes on behind the pair: n operands of the second, after `first`. */
#define NEXT_PAIR(first, n)                                                                        \
    do {                                                                                           \
        pc += INTERP_WORDS(N_##first + (n)) - N_##first;                                           \
        DISPATCH();                                                                                \
    } while (0)

#define BINARY_ON(name, t, F, L)                                                                   \
    PUT(t, 0, sem_##name(SRC(L, 1, t), SRC(L, 2, t)));                                             \
    NEXT_PAIR(F, 3)
#define IMMEDIATE_ON(name, F, L)                                                                   \
    PUT(u32, 0, sem_##name(SRC(L, 1, u32), IMM(u32, 2)));                                          \
    NEXT_PAIR(F, 3)
#define ON_I32_ADD_SS(F, L) BINARY_ON(I32_ADD, u32, F, L)
#define ON_F64_ADD_SS(F, L) BINARY_ON(F64_ADD, f64, F, L)
#define ON_F64_SUB_SS(F, L) BINARY_ON(F64_SUB, f64, F, L)
#define ON_F64_MUL_SS(F, L) BINARY_ON(F64_MUL, f64, F, L)
#define ON_I32_ADD_SI(F, L) IMMEDIATE_ON(I32_ADD, F, L)
#define ON_I32_AND_SI(F, L) IMMEDIATE_ON(I32_AND, F, L)
#define ON_I32_SHL_SI(F, L) IMMEDIATE_ON(I32_SHL, F, L)
#define ON_I32_SHLADD(F, L)                                                                        \
    PUT(u32, 0, GET(u32, 1) + (GET(u32, 2) << IMM(u32, 3)));                                       \
    NEXT_PAIR(F, 4)
#define ON_CONST32(F, L)                                                                           \
    PUT(u32, 0, IMM(u32, 1));                                                                      \
    NEXT_PAIR(F, 2)
#define ON_COPY(F, L)                                                                              \
    PUT(u64, 0, GET(u64, 1));                                                                      \
    NEXT_PAIR(F, 2)
#define ON_RETURN1(F, L)                                                                           \
    put_u64(fp, 0, x);                                                                             \
    const struct interp_frame *frame = cx->frame--;                                                \
    pc = frame->return_pc;                                                                         \
    fp = frame->fp;                                                                                \
    DISPATCH()

#define LOAD_ON(F, L, t, tm)                                                                       \
    LOADED(t, tm, y, (uint64_t)SRC(L, 1, u32) + IMM(u32, 2));                                      \
    PUT(t, 0, y);                                                                                  \
    NEXT_PAIR(F, 3)
#define ON_I32_LOAD_S(F, L)    LOAD_ON(F, L, u32, uint32_t)
#define ON_I32_LOAD8_U_S(F, L) LOAD_ON(F, L, u32, uint8_t)
#define ON_F64_LOAD_S(F, L)    LOAD_ON(F, L, f64, double)
#define ON_I64_LOAD_S(F, L)    LOAD_ON(F, L, u64, uint64_t)

#define STORE_ON(F, L, t, tm)                                                                      \
    STORED(tm, 2, (uint64_t)GET(u32, 0) + IMM(u32, 2), SRC(L, 1, t));                              \
    NEXT_PAIR(F, 3)
#define ON_I32_STORE_SS(F, L)  STORE_ON(F, L, u32, uint32_t)
#define ON_I32_STORE8_SS(F, L) STORE_ON(F, L, u32, uint8_t)
#define ON_I64_STORE_SS(F, L)  STORE_ON(F, L, u64, uint64_t)
#define ON_F64_STORE_SS(F, L)  STORE_ON(F, L, f64, double)

#define BRANCH_ON(F, cond, poll, k, n)                                                             \
    if (cond) {                                                                                    \
        poll;                                                                                      \
        BRANCH(k);                                                                                 \
    }                                                                                              \
    NEXT_PAIR(F, n)
#define ON_BR_T(F, L)   BRANCH_ON(F, SRC(L, 0, u32) != 0, (void)0, 1, 2)
#define ON_BR_Z(F, L)   BRANCH_ON(F, SRC(L, 0, u32) == 0, (void)0, 1, 2)
#define ON_LOOP_T(F, L) BRANCH_ON(F, SRC(L, 0, u32) != 0, POLL_PAIR(F), 1, 2)
#define ON_BR_I32_EQ_SI(F, L) BRANCH_ON(F, SRC(L, 0, u32) == IMM(u32, 2), (void)0, 1, 3)
#define ON_BR_I32_NE_SI(F, L) BRANCH_ON(F, SRC(L, 0, u32) != IMM(u32, 2), (void)0, 1, 3)
#define ON_BR_I32_EQ_SS(F, L) BRANCH_ON(F, SRC(L, 0, u32) == GET(u32, 1), (void)0, 2, 3)
#define ON_LOOP_I32_NE_SI(F, L)                                                                    \
    BRANCH_ON(F, SRC(L, 0, u32) != IMM(u32, 2), POLL_PAIR(F), 1, 3)
#define ON_LOOP_I32_LT_S_SI(F, L)                                                                  \
    BRANCH_ON(F, (int32_t)SRC(L, 0, u32) < (int32_t)IMM(u32, 2), POLL_PAIR(F), 1, 3)
#define ON_LOOP_I32_NE_SS(F, L)                                                                    \
    BRANCH_ON(F, SRC(L, 0, u32) != GET(u32, 1), POLL_PAIR(F), 2, 3)
#define ON_LOOP_I32_LT_S_SS(F, L)                                                                  \
    BRANCH_ON(F, (int32_t)SRC(L, 0, u32) < (int32_t)GET(u32, 1), POLL_PAIR(F), 2, 3)
#define ON_LOOP_I32_LT_U_SS(F, L)                                                                  \
    BRANCH_ON(F, SRC(L, 0, u32) < GET(u32, 1), POLL_PAIR(F), 2, 3)
#define ON_JUMP(F, L) BRANCH(0)
#define ON_LOOP_JUMP(F, L)                                                                         \
    POLL_PAIR(F);                                                                                  \
    BRANCH(0)
#define ON_BR_TABLE(F, L)                                                                          \
    uint32_t i = SRC(L, 0, u32), last = pc[3] - 1;                                                 \
    POLL_PAIR(F);                                                                                  \
    if (i > last)                                                                                  \
        i = last;                                                                                  \
    BRANCH(2 + i)
/* An interrupted run is over: its pc is only looked at, never gone on from. */
#define POLL_PAIR(F) POLL()

#define PAIR(first, second, link, fate)                                                            \
    HANDLER(first##_THEN_##second##_##link##_##fate)                                               \
    {                                                                                              \
        DO_##first(x);                                                                             \
        fate##_FIRST(first, x);                                                                    \
        pc += N_##first;                                                                           \
        (void)x;                                                                                   \
        ON_##second(first, link);                                                                  \
    }
#include "shield/interp/pairs.def"
#undef PAIR

HANDLER(I32_SHLADD)
{
    DO_I32_SHLADD(x);
    PUT(u32, 0, x);
    NEXT(4);
}
