/* rules: for every WebAssembly operator, how it is translated. Made from the sem_*.def files; an
 * operator of opcodes.def without a row there does not compile.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

/* Class of NaN to look for behind arithmetic that gives this type. */
#define NAN_u32 0
#define NAN_u64 0
#define NAN_f32 'f'
#define NAN_f64 'F'

#define ROW(name, k, ...) [WM_OP_##name] = {.kind = RULE_##k, __VA_ARGS__},
#define UN(name, ta, tr, expr)   ROW(name, UN, .op = IOP_##name)
#define FUN(name, ta, tr, expr)  ROW(name, UN, .op = IOP_##name, .canonical = NAN_##tr)
#define BIN(name, t, expr)       ROW(name, BIN, .op = IOP_##name##_SS)
#define FBIN(name, t, expr)      ROW(name, BIN, .op = IOP_##name##_SS, .canonical = NAN_##t)
#define DIV(name, t, expr, trap) ROW(name, BIN, .op = IOP_##name##_SS, .ends_segment = true)
#define TRUNC(name, ta, tr, expr, in_range) ROW(name, UN, .op = IOP_##name, .ends_segment = true)
#define CMP(name, t, expr, opp)                                                                    \
    ROW(name, CMP, .op = IOP_##name##_SS, .opposite = IOP_##opp##_SS)
#define XCMP(name, t, expr, opp)
#define SAME(name, cls) ROW(name, SAME, .to = (cls))
#define LOAD(name, tm, t, expr) ROW(name, LOAD, .op = IOP_##name##_S, .ends_segment = true)
#define STORE(name, t, tm)      ROW(name, STORE, .op = IOP_##name##_SS, .ends_segment = true)
#define HAND(name, function, ends, free_)                                                          \
    ROW(name, HAND, .ends_segment = (ends), .is_free = (free_))
#define EQZ(name, op_, opp) ROW(name, EQZ, .op = IOP_##op_##_SS, .opposite = IOP_##opp##_SS)

#define PLAIN(name, format, ends) ROW(name, PLAIN, .op = IOP_##name, .ends_segment = (ends))

#define PURE(name)   PLAIN(name, "", false)
#define EFFECT(name) PLAIN(name, "", true)
#define LANES_f32    's'
#define LANES_f64    'd'
#define ARITHMETIC(name, lanes) ROW(name, PLAIN, .op = IOP_##name, .canonical = LANES_##lanes)
#define ALOAD(name, tm, t)               EFFECT(name)
#define ASTORE(name, tm, t)              EFFECT(name)
#define AXCHG(name, tm, t)               EFFECT(name)
#define ACMPXCHG(name, tm, t)            EFFECT(name)
#define ARMW(name, tm, t, operation)     EFFECT(name)
#define V1(name, tr, expr)               PURE(name)
#define V2(name, tr, expr)               PURE(name)
#define V3(name, t, expr)                PURE(name)
#define L1(name, tr, ta, expr)           PURE(name)
#define L2(name, tr, ta, expr)           PURE(name)
#define LX1(name, tr, expr)              PURE(name)
#define LX2(name, tr, expr)              PURE(name)
#define F1(name, tr, ta, expr)           ARITHMETIC(name, tr)
#define F2(name, tr, ta, expr)           ARITHMETIC(name, tr)
#define F3(name, t, expr)                ARITHMETIC(name, t)
#define FX(name, tr, expr)               ARITHMETIC(name, tr)
#define SHIFT(name, t, expr)             PURE(name)
#define SPLAT(name, ts, t)               PURE(name)
#define EXTRACT(name, t, ts, expr)       PURE(name)
#define REPLACE(name, ts, t)             PURE(name)
#define TEST(name, expr)                 PURE(name)
#define SHUFFLED(name)                   PURE(name)
#define DOTADD(name)                     PURE(name)
#define VLOAD(name, tm, statement)       EFFECT(name)
#define VSTORE(name)                     EFFECT(name)
#define LOADLANE(name, tm, t)            EFFECT(name)
#define STORELANE(name, tm, t)           EFFECT(name)

const struct rule interp_rules[WM_OP_COUNT] = {
#include "shield/interp/sem_all.h"
};

#undef ROW
#define ROW(name, k, ...) HAS_##name,
enum {
#include "shield/interp/sem_all.h"
};
#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    _Static_assert(HAS_##name >= 0, "every operator has a row in a sem_*.def");
#include "shield/wasm/opcodes.def"
#undef OP

#undef ROW
#undef HAND
#define ROW(name, k, ...)
#define HAND(name, function, ends, free_)                                                          \
    case WM_OP_##name: tr_##function(t, ins); break;
void tr_by_hand(struct tr *t, const struct wm_ins *ins)
{
    switch (ins->op) { /* a table of functions would be relocated whenever a process starts */
#include "shield/interp/sem_all.h"
    default: CHECK(false, "only for rows of HAND");
    }
}
