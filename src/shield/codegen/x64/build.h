/*
 * build: typed builders, one or more for each integer row of enc.def, named as the row and the
 * width of the operation: ADD_RM is sel_ADD_RM32(s, gpr, rm32) and sel_ADD_RM64(s, gpr, rm64).
 * Rules declare those that they use as constructors. vector.h does the same for the vector rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_BUILD_H
#define SHIELD_CODEGEN_X64_BUILD_H

#include "shield/codegen/x64/select.h"

static inline const struct sel_amode *sel_memory_of(mir_vreg v, const struct sel_amode *at)
{
    return v == MIR_NONE ? at : NULL;
}

#define BUILD_ALU_RM(name, bits)                                                                   \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_gpr a,              \
                                                  struct sel_rm##bits b)                           \
    {                                                                                              \
        return (struct sel_gpr){                                                                   \
            sel_alu_rm(s, X64_##name, bits / 8, a.v, b.v, sel_memory_of(b.v, &b.at))};             \
    }
#define BUILD_ALU_RI(name, bits)                                                                   \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_gpr a, int32_t imm) \
    {                                                                                              \
        return (struct sel_gpr){sel_alu_ri(s, X64_##name, bits / 8, a.v, imm)};                    \
    }
#define BUILD_UN_R(name, bits)                                                                     \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_gpr a)              \
    {                                                                                              \
        return (struct sel_gpr){sel_un(s, X64_##name, bits / 8, a.v)};                             \
    }
#define BUILD_SHIFT_C(name, bits)                                                                  \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_gpr a,              \
                                                  struct sel_gpr count)                            \
    {                                                                                              \
        mir_vreg r = sel_un(s, X64_##name, bits / 8, a.v);                                         \
        sel_use_fixed(s, count.v, X64_RCX);                                                        \
        return (struct sel_gpr){r};                                                                \
    }
#define BUILD_MR(name, bits)                                                                       \
    static inline void sel_##name##bits(struct select *s, struct sel_mem##bits m,                  \
                                        struct sel_gpr a)                                          \
    {                                                                                              \
        sel_store_r(s, X64_##name, bits / 8, &m.at, a.v);                                          \
    }
#define BUILD_MI(name, bits)                                                                       \
    static inline void sel_##name##bits(struct select *s, struct sel_mem##bits m, int32_t imm)     \
    {                                                                                              \
        sel_store_i(s, X64_##name, bits / 8, &m.at, imm);                                          \
    }
#define BUILD_UN_M(name, bits)                                                                     \
    static inline void sel_##name##bits(struct select *s, struct sel_mem##bits m)                  \
    {                                                                                              \
        sel_store_i(s, X64_##name, bits / 8, &m.at, 0);                                            \
    }
#define BUILD_MOV_RM(name, bits, from)                                                             \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_##from b)           \
    {                                                                                              \
        return (struct sel_gpr){                                                                   \
            sel_mov_rm(s, X64_##name, bits / 8, b.v, sel_memory_of(b.v, &b.at))};                  \
    }
#define BUILD_RMI(name, bits)                                                                      \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_rm##bits b,         \
                                                  int32_t imm)                                     \
    {                                                                                              \
        mir_vreg r = sel_gpr_new(s, bits / 8);                                                     \
        sel_inst(s, X64_##name, bits / 8)->imm = imm;                                              \
        sel_def_reg(s, r);                                                                         \
        sel_rm(s, b.v, sel_memory_of(b.v, &b.at));                                                 \
        return (struct sel_gpr){r};                                                                \
    }
#define BUILD_RMV(name, bits)                                                                      \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_rm##bits a,         \
                                                  struct sel_gpr count)                            \
    {                                                                                              \
        return (struct sel_gpr){sel_vex(s, X64_##name, bits / 8, count.v, a.v,                     \
                                        sel_memory_of(a.v, &a.at))};                               \
    }
#define BUILD_RVM(name, bits)                                                                      \
    static inline struct sel_gpr sel_##name##bits(struct select *s, struct sel_gpr a,              \
                                                  struct sel_rm##bits b)                           \
    {                                                                                              \
        return (struct sel_gpr){                                                                   \
            sel_vex(s, X64_##name, bits / 8, a.v, b.v, sel_memory_of(b.v, &b.at))};                \
    }

#define FORM_BUILDERS_ALU_RM(name)   BUILD_ALU_RM(name, 32) BUILD_ALU_RM(name, 64)
#define FORM_BUILDERS_ALU_RI(name)   BUILD_ALU_RI(name, 32) BUILD_ALU_RI(name, 64)
#define FORM_BUILDERS_UN_R(name)     BUILD_UN_R(name, 32) BUILD_UN_R(name, 64)
#define FORM_BUILDERS_BSWAP(name)    BUILD_UN_R(name, 32) BUILD_UN_R(name, 64)
#define FORM_BUILDERS_SHIFT_I(name)  BUILD_ALU_RI(name, 32) BUILD_ALU_RI(name, 64)
#define FORM_BUILDERS_SHIFT_C(name)  BUILD_SHIFT_C(name, 32) BUILD_SHIFT_C(name, 64)
#define FORM_BUILDERS_MR(name)                                                                     \
    BUILD_MR(name, 8) BUILD_MR(name, 16) BUILD_MR(name, 32) BUILD_MR(name, 64)
#define FORM_BUILDERS_MI(name)                                                                     \
    BUILD_MI(name, 8) BUILD_MI(name, 16) BUILD_MI(name, 32) BUILD_MI(name, 64)
#define FORM_BUILDERS_UN_M(name)                                                                   \
    BUILD_UN_M(name, 8) BUILD_UN_M(name, 16) BUILD_UN_M(name, 32) BUILD_UN_M(name, 64)
#define FORM_BUILDERS_MOV_RM(name)
#define FORM_BUILDERS_IMUL_RMI(name) BUILD_RMI(name, 32) BUILD_RMI(name, 64)
#define FORM_BUILDERS_VEX_RMI(name)  BUILD_RMI(name, 32) BUILD_RMI(name, 64)
#define FORM_BUILDERS_VEX_RMV(name)  BUILD_RMV(name, 32) BUILD_RMV(name, 64)
#define FORM_BUILDERS_VEX_RVM(name)  BUILD_RVM(name, 32) BUILD_RVM(name, 64)
#define FORM_BUILDERS_VEX_VM(name)   BUILD_MOV_RM(name, 32, rm32) BUILD_MOV_RM(name, 64, rm64)
#define FORM_BUILDERS_CMP_RM(name)   /* flags: select_flags.c */
#define FORM_BUILDERS_CMP_RI(name)
#define FORM_BUILDERS_TEST_RI(name)
#define FORM_BUILDERS_BT_RR(name)
#define FORM_BUILDERS_BT_RI(name)
#define FORM_BUILDERS_LEA(name)      /* fixed registers and addresses: functions of their own */
#define FORM_BUILDERS_MUL(name)
#define FORM_BUILDERS_MULX(name)
#define FORM_BUILDERS_XCHG(name)
#define FORM_BUILDERS_CMPXCHG(name)
#define FORM_BUILDERS_FENCE(name)

#define ENC(name, text, form, map, prefix, opcode, digit, width, w, enc, flags, needs)             \
    FORM_BUILDERS_##form(name)
#include "shield/codegen/x64/enc_int.def"
#undef ENC

/* What reads another width than it writes. */
BUILD_MOV_RM(LZCNT_RM, 32, rm32)
BUILD_MOV_RM(LZCNT_RM, 64, rm64)
BUILD_MOV_RM(TZCNT_RM, 32, rm32)
BUILD_MOV_RM(TZCNT_RM, 64, rm64)
BUILD_MOV_RM(POPCNT_RM, 32, rm32)
BUILD_MOV_RM(POPCNT_RM, 64, rm64)
BUILD_MOV_RM(MOVSXD_RM, 64, rm32)
BUILD_MOV_RM(MOVZX8_RM, 32, rm8)
BUILD_MOV_RM(MOVZX16_RM, 32, rm16)
BUILD_MOV_RM(MOVSX8_RM, 32, rm8)
BUILD_MOV_RM(MOVSX8_RM, 64, rm8)
BUILD_MOV_RM(MOVSX16_RM, 32, rm16)
BUILD_MOV_RM(MOVSX16_RM, 64, rm16)
BUILD_MOV_RM(MOV_RM, 32, rm32)
BUILD_MOV_RM(MOV_RM, 64, rm64)

#endif /* SHIELD_CODEGEN_X64_BUILD_H */
