/*
 * handler: how the small functions that execute internal instructions are written. In optimised
 * builds each ends by jumping to the next one (a sibling call); in checked builds, where the
 * compiler does not promise that, it stores the registers and returns to the loop in run.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_INTERP_HANDLER_H
#define SHIELD_INTERP_HANDLER_H

#include "shield/interp/interp_int.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define INTERP_LOOP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define INTERP_LOOP 1
#endif
#endif
#if !defined(INTERP_LOOP) && !defined(__OPTIMIZE__)
#define INTERP_LOOP 1
#endif

#if !defined(INTERP_LOOP) && defined(__clang__)
#define TAIL __attribute__((musttail)) return
#else
#define TAIL return
#endif

/* gcc would turn handlers that do the same into jumps to one of them. */
#ifdef __clang__
#define HANDLER(name) enum status interp_do_##name(INTERP_PARAMS)
#else
#define HANDLER(name) __attribute__((no_icf)) enum status interp_do_##name(INTERP_PARAMS)
#endif
#define IOP(name, format) interp_handler interp_do_##name;
#include "shield/interp/iops.def"
#undef IOP

/* Slow paths, ends of a run. Same shape as handlers, so that they too are jumped to. */
#define TRAP(name, text) interp_handler interp_trap_##name;
#include "shield/runtime/traps.def"
#undef TRAP
interp_handler interp_memory_bounds; /* looks again at the size of a shared memory */
interp_handler interp_interrupt;     /* ends with ST_TIMEOUT */
interp_handler interp_out_of_fuel;   /* ends with ST_FUEL */
interp_handler interp_translate_wanted; /* translates cx->wanted, then runs pc again */
interp_handler interp_call_away;     /* calls cx->callee: another instance's or the host's */
interp_handler interp_tail_call_away;

/* In the register where the next handler expects it, now: else gcc keeps the old value as well and
 * spends three more instructions per handler (h_int.c: 3,897, now 3,444). */
#if defined(__x86_64__)
#define HERE(pc) __asm__("" : "+D"(pc))
#else
#define HERE(pc) __asm__("" : "+r"(pc))
#endif

/* Goes on at pc. Words of code are 4-aligned memory that holds an address: hence the copy. */
#ifdef INTERP_LOOP
#define DISPATCH()                                                                                 \
    do {                                                                                           \
        cx->pc = pc;                                                                               \
        cx->fp = fp;                                                                               \
        cx->mem = mem;                                                                             \
        cx->mem_size = mem_size;                                                                   \
        return ST_COUNT;                                                                           \
    } while (0)
#else
#define DISPATCH()                                                                                 \
    do {                                                                                           \
        interp_handler *next_;                                                                     \
        HERE(pc);                                                                                  \
        memcpy(&next_, pc, sizeof(next_));                                                         \
        TAIL next_(INTERP_ARGS);                                                                   \
    } while (0)
#endif

/* Words of an instruction with this many operand words. */
#define INTERP_WORDS(operands) (2u + (((unsigned)(operands) + 1u) & ~1u))
#define NEXT(operands)                                                                             \
    do {                                                                                           \
        pc += INTERP_WORDS(operands);                                                              \
        DISPATCH();                                                                                \
    } while (0)
#define GOTO(handler) TAIL handler(INTERP_ARGS)
#define TRAP_IF(cond, name)                                                                        \
    do {                                                                                           \
        if (UNLIKELY(cond))                                                                        \
            GOTO(interp_trap_##name);                                                              \
    } while (0)

/* Ends the run with what the runtime said, unless that is ST_OK. */
#define PASS_ON(st)                                                                                \
    do {                                                                                           \
        if (UNLIKELY((st) != ST_OK)) {                                                             \
            cx->pc = pc;                                                                           \
            cx->fp = fp;                                                                           \
            return (st);                                                                           \
        }                                                                                          \
    } while (0)

/* A handler whose work is a function of its own: whatever has its address taken must not live in
 * the handler, or the jump at its end would become a call. The body sees pc, fp and cx. */
#define OUTLINED(name, operands)                                                                   \
    static __attribute__((noinline)) enum status outlined_##name(                                  \
        const uint32_t *pc, uint8_t *fp, struct interp_cx *cx);                                    \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        enum status st = outlined_##name(pc, fp, cx);                                              \
        PASS_ON(st);                                                                               \
        NEXT(operands);                                                                            \
    }                                                                                              \
    static enum status outlined_##name(const uint32_t *pc, uint8_t *fp, struct interp_cx *cx)

/* Takes the branch whose distance is operand k. */
#define BRANCH(k)                                                                                  \
    do {                                                                                           \
        const char *from_ = (const char *)(pc + 2 + (k));                                          \
        pc = (const uint32_t *)(const void *)(from_ + (int32_t)pc[2 + (k)]);                       \
        DISPATCH();                                                                                \
    } while (0)
/* The same backwards: where a run that should stop is noticed. */
#define POLL()                                                                                     \
    do {                                                                                           \
        if (UNLIKELY(atomic_load_explicit(cx->interrupted, memory_order_relaxed) != 0))            \
            GOTO(interp_interrupt);                                                                \
    } while (0)

/* Types of slots: u32 u64 f32 f64. */
#define C_u32 uint32_t
#define C_u64 uint64_t
#define C_f32 float
#define C_f64 double

/* What is written: an i32 fills its slot, because copies read all of it, and a processor cannot
 * forward a narrow store to a wide load. */
#define W_u32 uint64_t
#define W_u64 uint64_t
#define W_f32 float
#define W_f64 double

#define SLOT_ACCESS(t)                                                                             \
    static inline C_##t get_##t(const uint8_t *fp, uint32_t slot)                                  \
    {                                                                                              \
        C_##t v;                                                                                   \
        memcpy(&v, fp + slot, sizeof(v));                                                          \
        return v;                                                                                  \
    }                                                                                              \
    static inline void put_##t(uint8_t *fp, uint32_t slot, C_##t v)                                \
    {                                                                                              \
        const W_##t whole = v;                                                                     \
        memcpy(fp + slot, &whole, sizeof(whole));                                                  \
    }                                                                                              \
    static inline C_##t imm_##t(const uint32_t *pc)                                                \
    {                                                                                              \
        C_##t v;                                                                                   \
        memcpy(&v, pc, sizeof(v));                                                                 \
        return v;                                                                                  \
    }
SLOT_ACCESS(u32)
SLOT_ACCESS(u64)
SLOT_ACCESS(f32)
SLOT_ACCESS(f64)
#undef SLOT_ACCESS

/* Operand words that an immediate of the type takes. */
#define WORDS_u32 1
#define WORDS_u64 2
#define WORDS_f32 1
#define WORDS_f64 2

/* Operand k of the instruction: a slot read as t, an immediate of type t, the destination. */
#define GET(t, k)    get_##t(fp, pc[2 + (k)])
#define IMM(t, k)    imm_##t(pc + 2 + (k))
#define PUT(t, k, v) put_##t(fp, pc[2 + (k)], (v))

#endif /* SHIELD_INTERP_HANDLER_H */
