/* h_scalar: turns the rows of sem_int.def and sem_float.def into handlers. a and b are the operands
 * inside the rows' expressions. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_INTERP_H_SCALAR_H
#define SHIELD_INTERP_H_SCALAR_H

#include "shield/interp/handler.h"

#define UN(name, ta, tr, expr)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        C_##ta a = GET(ta, 1);                                                                     \
        PUT(tr, 0, expr);                                                                          \
        NEXT(2);                                                                                   \
    }

/* The three variants of two operands; check comes between reading and writing. */
#define TWO(name, t, tr, expr, check)                                                              \
    HANDLER(name##_SS)                                                                             \
    {                                                                                              \
        C_##t a = GET(t, 1), b = GET(t, 2);                                                        \
        check;                                                                                     \
        PUT(tr, 0, expr);                                                                          \
        NEXT(3);                                                                                   \
    }                                                                                              \
    HANDLER(name##_SI)                                                                             \
    {                                                                                              \
        C_##t a = GET(t, 1), b = IMM(t, 2);                                                        \
        check;                                                                                     \
        PUT(tr, 0, expr);                                                                          \
        NEXT(2 + WORDS_##t);                                                                       \
    }                                                                                              \
    HANDLER(name##_IS)                                                                             \
    {                                                                                              \
        C_##t a = IMM(t, 2), b = GET(t, 1);                                                        \
        check;                                                                                     \
        PUT(tr, 0, expr);                                                                          \
        NEXT(2 + WORDS_##t);                                                                       \
    }

#define BIN(name, t, expr) TWO(name, t, t, expr, (void)0)
#define DIV(name, t, expr, overflow)                                                               \
    TWO(name, t, t, expr, TRAP_IF(b == 0, DIVIDE_BY_ZERO); TRAP_IF(overflow, INTEGER_OVERFLOW))

/* Branches on a comparison, forwards (BR) and backwards (LOOP, which polls). */
#define BRANCHES(prefix, name, t, expr, poll)                                                      \
    HANDLER(prefix##_##name##_SS)                                                                  \
    {                                                                                              \
        C_##t a = GET(t, 0), b = GET(t, 1);                                                        \
        if (expr) {                                                                                \
            poll;                                                                                  \
            BRANCH(2);                                                                             \
        }                                                                                          \
        NEXT(3);                                                                                   \
    }                                                                                              \
    HANDLER(prefix##_##name##_SI)                                                                  \
    {                                                                                              \
        C_##t a = GET(t, 0), b = IMM(t, 2);                                                        \
        if (expr) {                                                                                \
            poll;                                                                                  \
            BRANCH(1);                                                                             \
        }                                                                                          \
        NEXT(2 + WORDS_##t);                                                                       \
    }                                                                                              \
    HANDLER(prefix##_##name##_IS)                                                                  \
    {                                                                                              \
        C_##t a = IMM(t, 2), b = GET(t, 0);                                                        \
        if (expr) {                                                                                \
            poll;                                                                                  \
            BRANCH(1);                                                                             \
        }                                                                                          \
        NEXT(2 + WORDS_##t);                                                                       \
    }

#define CMP(name, t, expr, opposite)                                                               \
    TWO(name, t, u32, expr, (void)0)                                                               \
    BRANCHES(BR, name, t, expr, (void)0)                                                           \
    BRANCHES(LOOP, name, t, expr, POLL())

#define SAME(name, to)

#endif /* SHIELD_INTERP_H_SCALAR_H */
