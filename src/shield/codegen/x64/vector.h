/*
 * vector: typed builders of float and vector instructions, one per row of enc_vector.def, for the
 * rules and for the sequences in select_float*.c and select_vector*.c.
 *
 *   sel_ADDSD(s, a, b) the r/m operand b may be memory: of the width of the row, or it does not
 *                        compile
 *   r_ADDSD(s, a, b)     the same with a register
 *
 * Each appends the legacy form, or the VEX form when the processor has AVX, and returns a new
 * register. Result registers are 128 bits wide until sel_float_result() says that less matters.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_VECTOR_H
#define SHIELD_CODEGEN_X64_VECTOR_H

#include "shield/codegen/x64/select.h"

/* ---- the forms ------------------------------------------------------------------------------- */
/* b: MIR_NONE when the r/m operand is memory at `at`. op: the legacy row. */
struct sel_xmm vec_rvm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, mir_vreg b,
                       const struct sel_amode *at, uint32_t imm);
struct sel_xmm vec_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg b,
                      const struct sel_amode *at, uint32_t imm);
struct sel_xmm vec_shift(struct select *s, enum x64_op op, struct sel_xmm a, uint32_t imm);
void vec_compare(struct select *s, enum x64_op op, mir_vreg a, mir_vreg b,
                 const struct sel_amode *at);
/* Results in a general register. size: 4 or 8. */
struct sel_gpr vec_to_gpr(struct select *s, enum x64_op op, uint32_t size, mir_vreg b,
                          const struct sel_amode *at, uint32_t imm);
struct sel_gpr vec_def_gpr(struct select *s, enum x64_op op, uint32_t size, struct sel_xmm a,
                           uint32_t imm);
void vec_store(struct select *s, enum x64_op op, const struct sel_amode *at, struct sel_xmm a,
               uint32_t imm);

/* ---- r/m operands by the bytes of memory ----------------------------------------------------- */
#define XM_1   struct sel_mem8
#define XM_2   struct sel_mem16
#define XM_4   struct sel_xm32
#define XM_8   struct sel_xm64
#define XM_16  struct sel_xm128
#define GM_1   struct sel_rm8
#define GM_2   struct sel_rm16
#define GM_4   struct sel_rm32
#define GM_8   struct sel_rm64
#define MEM_1  struct sel_mem8
#define MEM_2  struct sel_mem16
#define MEM_4  struct sel_mem32
#define MEM_8  struct sel_mem64
#define MEM_16 struct sel_mem128
#define OUT_1  4
#define OUT_2  4
#define OUT_4  4
#define OUT_8  8

/* ---- one builder per row --------------------------------------------------------------------- */
#define RVM(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_xmm sel_##name(struct select *s, struct sel_xmm a, XM_##width b)      \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, &b.at, 0);                                     \
    }                                                                                              \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm a, struct sel_xmm b)    \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, NULL, 0);                                      \
    }
#define RVMI(name, text, map, prefix, opcode, width, w, needs)                                     \
    static inline struct sel_xmm sel_##name(struct select *s, struct sel_xmm a, XM_##width b,      \
                                            uint32_t imm)                                          \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, &b.at, imm);                                   \
    }                                                                                              \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm a, struct sel_xmm b,    \
                                          uint32_t imm)                                            \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, NULL, imm);                                    \
    }
#define GVM(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_xmm sel_##name##32(struct select * s, struct sel_xmm a,               \
                                                struct sel_rm32 b)                                 \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 4, a.v, b.v, &b.at, 0);                                      \
    }                                                                                              \
    static inline struct sel_xmm sel_##name##64(struct select * s, struct sel_xmm a,               \
                                                struct sel_rm64 b)                                 \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 8, a.v, b.v, &b.at, 0);                                      \
    }
#define GVMI(name, text, map, prefix, opcode, width, w, needs)                                     \
    static inline struct sel_xmm sel_##name(struct select *s, struct sel_xmm a, GM_##width b,      \
                                            uint32_t imm)                                          \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, &b.at, imm);                                   \
    }
#define RVR(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm a, struct sel_xmm b)    \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, b.v, NULL, 0);                                      \
    }
#define RVL(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_xmm sel_##name(struct select *s, struct sel_xmm a, MEM_##width b)     \
    {                                                                                              \
        return vec_rvm(s, X64_##name, 16, a.v, MIR_NONE, &b.at, 0);                                \
    }
#define RM(name, text, map, prefix, opcode, width, w, needs)                                       \
    static inline struct sel_xmm sel_##name(struct select *s, XM_##width b)                        \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, b.v, &b.at, 0);                                           \
    }                                                                                              \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm b)                      \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, b.v, NULL, 0);                                            \
    }
#define RMI(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_xmm sel_##name(struct select *s, XM_##width b, uint32_t imm)          \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, b.v, &b.at, imm);                                         \
    }                                                                                              \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm b, uint32_t imm)        \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, b.v, NULL, imm);                                          \
    }
#define GM(name, text, map, prefix, opcode, width, w, needs)                                       \
    static inline struct sel_xmm sel_##name(struct select *s, GM_##width b)                        \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, b.v, &b.at, 0);                                           \
    }
#define LOAD(name, text, map, prefix, opcode, width, w, needs)                                     \
    static inline struct sel_xmm sel_##name(struct select *s, MEM_##width b)                       \
    {                                                                                              \
        return vec_rm(s, X64_##name, 16, MIR_NONE, &b.at, 0);                                      \
    }
#define TOG(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_gpr r_##name(struct select *s, struct sel_xmm b, uint32_t size)       \
    {                                                                                              \
        return vec_to_gpr(s, X64_##name, size, b.v, NULL, 0);                                      \
    }
#define GR(name, text, map, prefix, opcode, width, w, needs)                                       \
    static inline struct sel_gpr r_##name(struct select *s, struct sel_xmm b)                      \
    {                                                                                              \
        return vec_to_gpr(s, X64_##name, 4, b.v, NULL, 0);                                         \
    }
#define GRI(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_gpr r_##name(struct select *s, struct sel_xmm b, uint32_t imm)        \
    {                                                                                              \
        return vec_to_gpr(s, X64_##name, 4, b.v, NULL, imm);                                       \
    }
#define DEF(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline struct sel_gpr r_##name(struct select *s, struct sel_xmm b)                      \
    {                                                                                              \
        return vec_def_gpr(s, X64_##name, OUT_##width, b, 0);                                      \
    }
#define DEFI(name, text, map, prefix, opcode, width, w, needs)                                     \
    static inline struct sel_gpr r_##name(struct select *s, struct sel_xmm b, uint32_t imm)        \
    {                                                                                              \
        return vec_def_gpr(s, X64_##name, OUT_##width, b, imm);                                    \
    }
#define STORE(name, text, map, prefix, opcode, width, w, needs)                                    \
    static inline void sel_##name(struct select *s, MEM_##width at, struct sel_xmm a)              \
    {                                                                                              \
        vec_store(s, X64_##name, &at.at, a, 0);                                                    \
    }
#define STOREI(name, text, map, prefix, opcode, width, w, needs)                                   \
    static inline void sel_##name(struct select *s, MEM_##width at, struct sel_xmm a,              \
                                  uint32_t imm)                                                    \
    {                                                                                              \
        vec_store(s, X64_##name, &at.at, a, imm);                                                  \
    }
#define CMP(name, text, map, prefix, opcode, width, w, needs)                                      \
    static inline void sel_##name(struct select *s, struct sel_xmm a, XM_##width b)                \
    {                                                                                              \
        vec_compare(s, X64_##name, a.v, b.v, &b.at);                                               \
    }                                                                                              \
    static inline void r_##name(struct select *s, struct sel_xmm a, struct sel_xmm b)              \
    {                                                                                              \
        vec_compare(s, X64_##name, a.v, b.v, NULL);                                                \
    }
#define SHIFT(name, text, opcode, digit)                                                           \
    static inline struct sel_xmm r_##name(struct select *s, struct sel_xmm a, uint32_t imm)        \
    {                                                                                              \
        return vec_shift(s, X64_##name, a, imm);                                                   \
    }
#include "shield/codegen/x64/enc_vector.def"

/* ---- constants ---------------------------------------------------------------------------------
 */
struct sel_xmm vec_zero(struct select *s);
struct sel_xmm vec_ones(struct select *s);
/* 16 bytes from the pool: as an operand, in a register. */
struct sel_xm128 vec_const(struct select *s, uint64_t low, uint64_t high);
struct sel_xmm vec_const_reg(struct select *s, uint64_t low, uint64_t high);
/* The same value in all lanes of so many bits. */
struct sel_xm128 vec_each(struct select *s, uint32_t bits, uint64_t value);
struct sel_xmm vec_each_reg(struct select *s, uint32_t bits, uint64_t value);

static inline struct sel_xm32 vec_low32(struct sel_xm128 m) /* of a constant */
{
    return (struct sel_xm32){m.v, m.at};
}
static inline struct sel_xm64 vec_low64(struct sel_xm128 m)
{
    return (struct sel_xm64){m.v, m.at};
}

/* ---- choice ------------------------------------------------------------------------------------
 */
/* Bits of a where the mask is zero, of b where it is one. Lanes of the mask are all zeros or ones;
 * for vec_fblend they are 32 bits wide at least. */
struct sel_xmm vec_blend(struct select *s, struct sel_xmm a, struct sel_xmm b, struct sel_xmm mask);
struct sel_xmm vec_fblend(struct select *s, struct sel_xmm a, struct sel_xmm b,
                          struct sel_xmm mask);

/* ---- float lanes: one sequence for scalars and vectors (vector_float.c) ------------------------
 */
/* SS, SD: only the lowest lane of a register counts; PS, PD: all of them. */
enum vec_lanes { VEC_SS, VEC_SD, VEC_PS, VEC_PD };
static inline bool vec_is_double(enum vec_lanes l)
{
    return l == VEC_SD || l == VEC_PD;
}
/* As the immediate of cmpps counts. */
enum vec_condition { VEC_EQ, VEC_LT, VEC_LE, VEC_UNORD, VEC_NEQ, VEC_NLT, VEC_NLE, VEC_ORD };
enum vec_rounding { VEC_NEAREST, VEC_FLOOR, VEC_CEIL, VEC_TRUNC }; /* of roundps */
struct sel_xmm vec_fadd(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm vec_fsub(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm vec_fcmp(struct select *s, enum vec_lanes l, enum vec_condition cc, struct sel_xmm a,
                        struct sel_xmm b);
/* WebAssembly's: a NaN operand makes a quiet NaN, -0 is less than 0. */
struct sel_xmm vec_fmin(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm vec_fmax(struct select *s, enum vec_lanes l, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm vec_fcanon(struct select *s, enum vec_lanes l, struct sel_xmm a);
struct sel_xmm vec_round(struct select *s, enum vec_lanes l, enum vec_rounding how,
                         struct sel_xmm a);
/* A number that is exact as a float, in every lane: as an operand, in a register. */
struct sel_xm128 vec_number(struct select *s, enum vec_lanes l, double number);
struct sel_xmm vec_number_reg(struct select *s, enum vec_lanes l, double number);
/* The bits of the sign, of everything else, in every lane. */
struct sel_xm128 vec_sign(struct select *s, enum vec_lanes l);
struct sel_xm128 vec_magnitude(struct select *s, enum vec_lanes l);

#endif /* SHIELD_CODEGEN_X64_VECTOR_H */
