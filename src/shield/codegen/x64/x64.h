/*
 * x64: what the parts of the x86-64 back end share: operations, their encodings, and how they use
 * the fields of struct mir_inst.
 *
 *   op     enum x64_op: a row of enc.def, or of pseudo.def
 *   size   bytes of the operation, 1, 2, 4, 8 (rows with width S or w S), 16 for vectors
 *   cc     enum x64_cc
 *   scale  X64_MEM_*: what the memory operand is made of; 0: the r/m operand is a register or a
 * slot
 *   disp   displacement of the memory operand
 *   trap   trap code + 1 when the instruction may fault
 *   imm    immediate
 *   aux    block, callee, site, pool offset; with base X64_BASE_POOL the offset in the pool
 *
 * Operands of memory come last: base (with X64_BASE_VREG), then index (with X64_MEM_INDEX).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_X64_H
#define SHIELD_CODEGEN_X64_X64_H

#include "shield/codegen/codegen.h"
#include "shield/codegen/mir.h"

enum x64_op {
    X64_NONE,
#define ENC(name, text, form, map, prefix, opcode, digit, width, w, enc, flags, needs) X64_##name,
#include "shield/codegen/x64/enc.def"
#undef ENC
    X64_FIRST_PSEUDO,
#define PSEUDO(name, text, flags) X64_##name,
#include "shield/codegen/x64/pseudo.def"
#undef PSEUDO
    X64_OP_COUNT
};

/* What the operands are. "rm" is a register, a stack slot or memory; [..] shows the operands of
 * mir in order, memory behind them. */
enum x64_form {
    FORM_ALU_RM,  /* reg = reg op rm     [use reg][def reuses 0][rm] */
    FORM_ALU_RR,  /* as ALU_RM, rm only a register */
    FORM_ALU_LOAD, /* as ALU_RM, rm only memory */
    FORM_ALU_RMI, /* reg = reg op rm, imm8; operands as ALU_RM */
    FORM_ALU_RI,  /* reg = reg op imm    [use reg][def reuses 0] */
    FORM_CMP_RM,  /* flags = reg op rm   [use reg][rm] */
    FORM_CMP_RI,  /* flags = rm op imm   [rm] */
    FORM_TEST_RI, /* as CMP_RI, without a short immediate */
    FORM_MR,      /* mem = mem op reg    [use reg] */
    FORM_MRI,     /* mem = lane imm8 of reg  [use reg] */
    FORM_RMI_DEF, /* reg = lane imm8 of the vector register in field reg: [def rm][use reg] */
    FORM_RM_DEF,  /* the same without imm: [def rm][use reg] */
    FORM_MI,      /* mem = mem op imm */
    FORM_UN_R,    /* reg = op reg        [use reg][def reuses 0] */
    FORM_UN_M,    /* mem = op mem */
    FORM_BSWAP,   /* as UN_R; the register is in the opcode */
    FORM_SHIFT_C, /* reg = reg op cl     [use reg][def reuses 0][use rcx] */
    FORM_SHIFT_I, /* reg = reg op imm8   [use reg][def reuses 0] */
    FORM_MOV_RM,  /* reg = op rm         [def][rm] */
    FORM_MOV_RR,  /* as MOV_RM, rm only a register */
    FORM_MOV_RRI, /* reg = op reg, imm8  [def][use reg] */
    FORM_LOAD,    /* as MOV_RM, rm only memory */
    FORM_MOV_RMI, /* reg = op rm, imm8   [def][rm] */
    FORM_IMUL_RMI, /* as MOV_RMI, imm32 or imm8 */
    FORM_LEA,     /* reg = address       [def] */
    FORM_BT_RR,   /* flags               [use rm][use reg] */
    FORM_BT_RI,   /* flags               [use rm], imm8 */
    FORM_MUL,     /* rdx:rax = rax * rm  [use rax][def rax][def rdx][rm] */
    FORM_MULX,    /* high, low = rdx * rm [use rdx][def high][def low][rm] */
    FORM_XCHG,    /* reg, mem            [use reg][def reuses 0] */
    FORM_CMPXCHG, /* rax, mem, reg       [use rax][def rax][use reg] */
    FORM_FENCE,   /* nothing */
    FORM_VEX_RMV, /* reg = rm op vvvv    [def][use vvvv][rm] */
    FORM_VEX_RMI, /* reg = rm op imm8    [def][rm] */
    FORM_VEX_VM,  /* vvvv = op rm        [def][rm] */
    FORM_VEX_RVM, /* reg = vvvv op rm    [def][use vvvv][rm] */
    FORM_VEX_RVR, /* as VEX_RVM, rm only a register */
    FORM_VEX_RVL, /* as VEX_RVM, rm only memory */
    FORM_VEX_RVMI, /* the same, imm8     [def][use vvvv][rm] */
    FORM_VEX_RVMR, /* the same, a fourth register [def][use vvvv][use fourth][rm] */
    FORM_SHIFT_XI, /* vector shift by imm8, legacy [use][def reuses 0] */
    FORM_VEX_SHIFT_XI, /* vvvv = rm shifted by imm8 [def][use] */
};

/* Of TRUNCATE; UNSIGNED only with 32 bits. */
enum { X64_TRUNCATE_F64 = 1, X64_TRUNCATE_UNSIGNED = 2 };

enum { X64_MAP_0F = 1, X64_MAP_0F38, X64_MAP_0F3A };
enum x64_prefix { X64_PREFIX_N = 0, X64_PREFIX_P66 = 0x66, X64_PREFIX_PF3 = 0xf3,
    X64_PREFIX_PF2 = 0xf2 };
enum { X64_WIDTH_S = 0, X64_WIDTH_REG = 0xff, X64_W_0 = 0, X64_W_1 = 1, X64_W_S = 2 };
enum x64_flags { X64_FLAGS_K, X64_FLAGS_R, X64_FLAGS_Z, X64_FLAGS_X };

enum { X64_TEXT_BYTES = 20 };
struct x64_row {
    char text[X64_TEXT_BYTES];
    uint8_t form, map, prefix, opcode, digit;
    uint8_t width; /* bytes in memory; X64_WIDTH_S: by size */
    uint8_t w;     /* X64_W_* */
    bool vex;
    uint8_t flags; /* enum x64_flags */
    uint32_t needs; /* enum codegen_feature bits */
};
extern const struct x64_row x64_rows[X64_OP_COUNT]; /* pseudo rows: text and flags only */

enum x64_reg {
    X64_RAX, X64_RCX, X64_RDX, X64_RBX, X64_RSP, X64_RBP, X64_RSI, X64_RDI,
    X64_R8, X64_R9, X64_R10, X64_R11, X64_R12, X64_R13, X64_R14, X64_R15,
    X64_XMM0,
};
enum {
    X64_SCRATCH = X64_R11,
    X64_SCRATCH_XMM = 15,       /* hardware number */
    X64_PINNED_BASE = X64_R14,
    X64_PINNED_CONTEXT = X64_R15,
};
#define X64_BIT(reg) (UINT32_C(1) << (reg))
#define X64_ALL_XMM  UINT32_C(0x7fff0000)
#define X64_CALLEE_SAVED                                                                           \
    (X64_BIT(X64_RBX) | X64_BIT(X64_RBP) | X64_BIT(X64_R12) | X64_BIT(X64_R13))
#define X64_CALLER_SAVED                                                                           \
    (X64_BIT(X64_RAX) | X64_BIT(X64_RCX) | X64_BIT(X64_RDX) | X64_BIT(X64_RSI) |                   \
     X64_BIT(X64_RDI) | X64_BIT(X64_R8) | X64_BIT(X64_R9) | X64_BIT(X64_R10) | X64_ALL_XMM)

/* Conditions by their number in the encoding, then those of floating point compares that need
 * two looks at the flags. */
enum x64_cc {
    X64_CC_O, X64_CC_NO, X64_CC_B, X64_CC_AE, X64_CC_E, X64_CC_NE, X64_CC_BE, X64_CC_A,
    X64_CC_S, X64_CC_NS, X64_CC_P, X64_CC_NP, X64_CC_L, X64_CC_GE, X64_CC_LE, X64_CC_G,
    X64_CC_FEQ, /* equal and not unordered: E and NP */
    X64_CC_FNE, /* not FEQ: NE or P */
};
static inline enum x64_cc x64_cc_not(enum x64_cc cc)
{
    return (enum x64_cc)(cc ^ 1);
}
_Static_assert((X64_CC_FEQ ^ 1) == X64_CC_FNE, "conditions come in pairs");

/* The memory operand: bits 0-1 log2 of the index scale, bit 2 an index, bits 3-5 the base. */
enum {
    X64_MEM_SCALE = 3,
    X64_MEM_INDEX = 4,
    X64_MEM_BASE_SHIFT = 3,
};
enum x64_base {
    X64_BASE_REGISTER, /* no memory: the r/m operand is a register or the slot it was spilled to */
    X64_BASE_VREG,
    X64_BASE_PINNED,  /* r14 */
    X64_BASE_CONTEXT, /* r15 */
    X64_BASE_SLOT,    /* aux: slot of the function */
    X64_BASE_POOL,    /* aux: offset in the constant pool */
    X64_BASE_NONE,    /* index * scale + disp only */
};
static inline enum x64_base x64_base_of(const struct mir_inst *i)
{
    return (enum x64_base)(i->scale >> X64_MEM_BASE_SHIFT);
}

static inline bool x64_fits8(int64_t v)
{
    return v == (int8_t)v;
}
static inline bool x64_fits32(int64_t v)
{
    return v == (int32_t)v;
}

/* In `extra` of DIV and REM. */
enum { X64_DIV_SIGNED = 1, X64_DIV_NOT_ZERO = 2, X64_DIV_NOT_MINUS_ONE = 4 };

/* What selection hands to emission beside the mir. */
struct x64_lowered {
    struct mir_func mir;
    uint8_t *pool; /* constants; jump tables come behind them */
    uint32_t pool_size;
    uint32_t *cases; /* of all SWITCH: numbers of mir blocks; aux is the first, imm the count */
    uint32_t case_count;
    bool calls; /* any call but tail calls */
};

/* select: IR to mir (lower*.c). Runs inside arena_guard() of f's arena. */
MUST_USE enum status x64_lower(struct ir_func *f, const struct codegen_options *options,
                               struct x64_lowered *out, struct diag *dg);
/* emit: mir and its allocation to bytes (emit*.c). */
MUST_USE enum status x64_emit(const struct ir_func *f, const struct codegen_options *options,
                              const struct x64_lowered *lowered,
                              const struct mir_allocation *allocation, struct codegen_code *out,
                              struct diag *dg);

#endif /* SHIELD_CODEGEN_X64_X64_H */
