/* x64_expect: what an encoded row must read back as, from its form alone; and whether the decoder
 * of verify/sfi reads that. For test_x64_encode. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_X64_EXPECT_H
#define TESTS_UNIT_X64_EXPECT_H

#include "shield/codegen/x64/encode.h"
#include "shield/verify/sfi/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t data[32];
    uint32_t size;
};

enum operand_class { CLASS_GPR, CLASS_XMM };
struct operand {
    enum { OPERAND_REG, OPERAND_MEM, OPERAND_IMM } kind;
    enum operand_class class;
    uint8_t number; /* of a register */
    uint32_t bytes; /* of a general register or memory; 0: not compared */
    struct x64_mem mem;
    int64_t imm;
};
struct expected {
    enum x64_op op;
    char text[24]; /* without lock */
    bool is_locked, is_vex;
    struct operand operands[4];
    uint32_t count;
    struct operand reg, rm, vvvv, fourth; /* by field; kind IMM: the field is not there */
    int64_t imm;
    bool has_imm;
};

/* ---- which registers are vectors ------------------------------------------------------------- */
struct classes {
    enum operand_class reg, rm;
};
static inline struct classes classes_of(enum x64_op op)
{
#define IS(name, reg, rm)                                                                          \
    case X64_##name:                                                                               \
    case X64_V##name:                                                                              \
        return (struct classes){CLASS_##reg, CLASS_##rm};
#define TO_GPR(name, text, map, prefix, opcode, width, w, needs)   IS(name, GPR, XMM)
#define FROM_GPR(name, text, map, prefix, opcode, width, w, needs) IS(name, XMM, GPR)
#define BOTH_XMM(name, text, map, prefix, opcode, width, w, needs) IS(name, XMM, XMM)
#define RVM                                                        BOTH_XMM
#define RVMI                                                       BOTH_XMM
#define RVR                                                        BOTH_XMM
#define RVL                                                        BOTH_XMM
#define RM                                                         BOTH_XMM
#define RMI                                                        BOTH_XMM
#define LOAD                                                       BOTH_XMM
#define STORE                                                      BOTH_XMM
#define STOREI                                                     BOTH_XMM
#define CMP                                                        BOTH_XMM
#define TOG                                                        TO_GPR
#define GR                                                         TO_GPR
#define GRI                                                        TO_GPR
#define GVM                                                        FROM_GPR
#define GVMI                                                       FROM_GPR
#define GM                                                         FROM_GPR
#define DEF                                                        FROM_GPR
#define DEFI                                                       FROM_GPR
#define SHIFT(name, text, opcode, digit)                           IS(name, XMM, XMM)
    switch (op) { /* tidy: flat */
#include "shield/codegen/x64/enc_vector.def"
    case X64_VPBLENDVB:
    case X64_VBLENDVPS:
    case X64_VBROADCASTSS:
    case X64_VPBROADCASTB:
    case X64_VPBROADCASTW:
    case X64_VPBROADCASTD:
    case X64_VPBROADCASTQ: return (struct classes){CLASS_XMM, CLASS_XMM};
    default: return (struct classes){CLASS_GPR, CLASS_GPR};
    }
#undef IS
#undef TO_GPR
#undef FROM_GPR
#undef BOTH_XMM
}

/* ---- what a form has --------------------------------------------------------------------------
 */

static inline bool has_fourth(enum x64_op op)
{
    return x64_rows[op].form == FORM_VEX_RVMR;
}

static inline bool has_vvvv(enum x64_op op)
{
    switch ((enum x64_form)x64_rows[op].form) {
    case FORM_VEX_RMV:
    case FORM_VEX_RVM:
    case FORM_VEX_RVR:
    case FORM_VEX_RVL:
    case FORM_VEX_RVMI:
    case FORM_VEX_RVMR:
    case FORM_MULX: return true;
    default: return false;
    }
}

static inline bool may_be_register(enum x64_op op)
{
    switch ((enum x64_form)x64_rows[op].form) {
    case FORM_ALU_LOAD:
    case FORM_LOAD:
    case FORM_VEX_RVL:
    case FORM_MR:
    case FORM_MRI:
    case FORM_MI:
    case FORM_UN_M:
    case FORM_XCHG:
    case FORM_CMPXCHG:
    case FORM_LEA: return false;
    default: return true;
    }
}

static inline bool may_be_memory(enum x64_op op)
{
    switch ((enum x64_form)x64_rows[op].form) { /* tidy: flat */
    case FORM_ALU_RR:
    case FORM_MOV_RR:
    case FORM_MOV_RRI:
    case FORM_VEX_RVR:
    case FORM_ALU_RI:
    case FORM_UN_R:
    case FORM_BSWAP:
    case FORM_SHIFT_C:
    case FORM_SHIFT_I:
    case FORM_SHIFT_XI:
    case FORM_VEX_SHIFT_XI:
    case FORM_RM_DEF:
    case FORM_RMI_DEF:
    case FORM_BT_RR:
    case FORM_BT_RI: return false;
    default: return true;
    }
}

static inline uint32_t sizes_of(enum x64_op op, uint32_t sizes[4])
{
    const struct x64_row *row = &x64_rows[op];
    uint32_t count = 0;

    if (row->w != X64_W_S) {
        sizes[count++] = row->w == X64_W_1 ? 8 : 4;
        return count;
    }
    const bool no_bytes = op == X64_IMUL_RM || op == X64_IMUL_RMI;
    const bool is_convert = classes_of(op).reg == CLASS_XMM || classes_of(op).rm == CLASS_XMM;
    if (row->width == X64_WIDTH_S && !is_convert) {
        if (!no_bytes)
            sizes[count++] = 1;
        sizes[count++] = 2;
    }
    sizes[count++] = 4;
    sizes[count++] = 8;
    return count;
}

/* Bytes of the immediate that args.imm may fill; the encoder may choose a shorter form. */
static inline uint32_t immediate_bytes(enum x64_op op, uint32_t size)
{
    switch ((enum x64_form)x64_rows[op].form) {
    case FORM_ALU_RMI:
    case FORM_MRI:
    case FORM_RMI_DEF:
    case FORM_SHIFT_I:
    case FORM_BT_RI:
    case FORM_MOV_RMI:
    case FORM_MOV_RRI:
    case FORM_VEX_RMI:
    case FORM_VEX_RVMI:
    case FORM_SHIFT_XI:
    case FORM_VEX_SHIFT_XI: return 1;
    case FORM_ALU_RI:
    case FORM_CMP_RI:
    case FORM_TEST_RI:
    case FORM_MI:
    case FORM_IMUL_RMI: return size == 8 ? 4 : size;
    default: return 0;
    }
}

/* ---- what is expected ---------------------------------------------------------------------------
 */

static inline void add(struct expected *e, struct operand o)
{
    e->operands[e->count++] = o;
}

static inline struct operand register_of(enum operand_class class, uint8_t number, uint32_t bytes)
{
    return (struct operand){.kind = OPERAND_REG, .class = class, .number = number, .bytes = bytes};
}

/* Width of a general register that is the operand in field rm, or of those in reg and vvvv. */
static inline uint32_t register_bytes(enum x64_op op, uint32_t size, bool is_rm)
{
    const struct x64_row *row = &x64_rows[op];

    if (op == X64_MOVSXD_RM)
        return is_rm ? 4 : 8;
    if (is_rm && row->width < 4 && row->width != X64_WIDTH_S && row->form == FORM_MOV_RM)
        return row->width; /* movzx, movsx */
    return row->w == X64_W_S ? size : row->w == X64_W_1 ? 8 : 4;
}

static inline void expect_operands(struct expected *e, bool with_imm)
{
    struct operand imm = {.kind = OPERAND_IMM, .imm = e->imm};

    switch ((enum x64_form)x64_rows[e->op].form) { /* tidy: flat */
    case FORM_FENCE: break;
    case FORM_ALU_RI:
    case FORM_CMP_RI:
    case FORM_TEST_RI:
    case FORM_SHIFT_I:
    case FORM_BT_RI:
    case FORM_SHIFT_XI:
    case FORM_MI:
    case FORM_UN_R:
    case FORM_UN_M:
    case FORM_MUL:
    case FORM_BSWAP: add(e, e->rm); break;
    case FORM_SHIFT_C:
        add(e, e->rm);
        add(e, register_of(CLASS_GPR, X64_RCX, 1));
        break;
    case FORM_MR:
    case FORM_MRI:
    case FORM_XCHG:
    case FORM_CMPXCHG:
    case FORM_BT_RR:
    case FORM_RM_DEF:
    case FORM_RMI_DEF:
        add(e, e->rm);
        add(e, e->reg);
        break;
    case FORM_VEX_VM:
    case FORM_VEX_SHIFT_XI:
        add(e, e->vvvv);
        add(e, e->rm);
        break;
    case FORM_VEX_RMV:
        add(e, e->reg);
        add(e, e->rm);
        add(e, e->vvvv);
        break;
    case FORM_VEX_RVM:
    case FORM_VEX_RVR:
    case FORM_VEX_RVL:
    case FORM_VEX_RVMI:
    case FORM_MULX:
        add(e, e->reg);
        add(e, e->vvvv);
        add(e, e->rm);
        break;
    case FORM_VEX_RVMR:
        add(e, e->reg);
        add(e, e->vvvv);
        add(e, e->rm);
        add(e, e->fourth);
        break;
    default: /* of test, the processor's manual names rm first */
        add(e, e->op == X64_TEST_RM ? e->rm : e->reg);
        add(e, e->op == X64_TEST_RM ? e->reg : e->rm);
        break;
    }
    if (with_imm)
        add(e, imm);
}

static inline bool has_reg_field(enum x64_op op)
{
    switch ((enum x64_form)x64_rows[op].form) { /* tidy: flat */
    case FORM_ALU_RI:
    case FORM_CMP_RI:
    case FORM_TEST_RI:
    case FORM_SHIFT_I:
    case FORM_SHIFT_C:
    case FORM_SHIFT_XI:
    case FORM_VEX_SHIFT_XI:
    case FORM_VEX_VM:
    case FORM_BT_RI:
    case FORM_MI:
    case FORM_UN_R:
    case FORM_UN_M:
    case FORM_MUL:
    case FORM_BSWAP:
    case FORM_FENCE: return false;
    default: return true;
    }
}

static inline void expect(enum x64_op op, uint32_t size, const struct x64_args *args,
                          struct expected *e)
{
    const struct x64_row *row = &x64_rows[op];
    const struct classes c = classes_of(op);
    const struct operand absent = {.kind = OPERAND_IMM};
    const bool shifted = row->form == FORM_VEX_VM || row->form == FORM_VEX_SHIFT_XI;

    *e = (struct expected){.op = op,
                           .is_vex = row->vex,
                           .reg = absent,
                           .rm = absent,
                           .vvvv = absent,
                           .fourth = absent,
                           .imm = args->imm};
    e->is_locked = strncmp(row->text, "lock ", 5) == 0;
    snprintf(e->text, sizeof(e->text), "%s", row->text + (e->is_locked ? 5 : 0));
    e->has_imm = immediate_bytes(op, size) != 0;
    if (has_reg_field(op))
        e->reg = register_of(c.reg, args->reg, register_bytes(op, size, false));
    if (has_vvvv(op) || shifted)
        e->vvvv =
            register_of(c.reg, shifted ? args->reg : args->vvvv, register_bytes(op, size, false));
    if (has_fourth(op))
        e->fourth = register_of(c.reg, args->fourth, 0);
    if (args->is_mem)
        e->rm = (struct operand){.kind = OPERAND_MEM,
                                 .mem = args->mem,
                                 .bytes = op == X64_LEA ? 0 : x64_memory_bytes(op, size)};
    else if (row->form != FORM_FENCE)
        e->rm = register_of(c.rm, args->rm, register_bytes(op, size, true));
    expect_operands(e, e->has_imm);
}

/* ---- the verifier's decoder --------------------------------------------------------------------
 */

static inline bool sfi_field(const struct expected *e, const char *name, const struct operand *o,
                             uint8_t number, uint8_t use, const struct sfi_insn *ins, char *what,
                             size_t size)
{
    if (o->kind == OPERAND_MEM)
        return true;
    if (o->kind == OPERAND_IMM) {
        if (number == SFI_NO_REG || (use & SFI_KIND) == SFI_KIND_NONE)
            return true;
        snprintf(what, size, "%s is %u, nothing expected", name, number);
        return false;
    }
    const bool is_xmm = (use & SFI_KIND) == SFI_KIND_X;
    const uint32_t bytes = sfi_operand_bytes(ins, use);
    if (number == o->number && is_xmm == (o->class == CLASS_XMM) &&
        (is_xmm || o->bytes == 0 || bytes == o->bytes || e->op == X64_LEA))
        return true;
    snprintf(what, size, "%s is %s%u of %u bytes, expected %s%u of %u", name, is_xmm ? "x" : "r",
             number, bytes, o->class == CLASS_XMM ? "x" : "r", o->number, o->bytes);
    return false;
}

static inline bool sfi_memory(const struct operand *o, const struct sfi_insn *ins, char *what,
                              size_t size)
{
    if (o->kind != OPERAND_MEM) {
        snprintf(what, size, "memory where none is");
        return !ins->has_memory;
    }
    const struct x64_mem *m = &o->mem;
    const uint32_t base = m->base == X64_RIP      ? (uint32_t)SFI_REG_RIP
                          : m->base == X64_NO_REG ? (uint32_t)SFI_NO_REG
                                                  : m->base;
    const uint32_t index = m->index == X64_NO_REG ? (uint32_t)SFI_NO_REG : m->index;
    const uint32_t scale = m->index == X64_NO_REG ? ins->mem.scale : 1u << m->scale;
    snprintf(what, size, "memory [%u + %u*%u%+d] of %u bytes, expected [%u + %u*%u%+d] of %u",
             ins->mem.base, ins->mem.index, ins->mem.scale, ins->mem.disp, ins->mem.width, base,
             index, scale, m->disp, o->bytes);
    return ins->has_memory && ins->mem.base == base && ins->mem.index == index &&
           ins->mem.scale == scale && ins->mem.disp == m->disp && ins->mem.width == o->bytes;
}

/* The decoder has one name for both widths of these. */
static inline bool sfi_same_mnemonic(const struct expected *e, const char *want, const char *got)
{
    static const char *const alike[][2] = {
        {"movq",   "movd"  },
        {"pinsrq", "pinsrd"},
        {"pextrq", "pextrd"},
        {"mfence", "fence" }
    };

    for (size_t i = 0; i < LENGTH_OF(alike); i++)
        if (strcmp(want, alike[i][0]) == 0 && strcmp(got, alike[i][1]) == 0)
            return e->op != X64_MOVQ_RM && e->op != X64_VMOVQ_RM;
    return strcmp(want, got) == 0;
}

static inline bool sfi_agrees(const struct expected *e, const struct bytes *b, char *what,
                              size_t size)
{
    struct sfi_insn ins;
    const char *text = e->text + (e->is_vex && e->text[0] == 'v' ? 1 : 0);

    if (!sfi_decode(b->data, b->size, &ins)) {
        snprintf(what, size, "refused");
        return false;
    }
    if (ins.length != b->size || ins.is_vex != e->is_vex || ins.is_locked != e->is_locked) {
        snprintf(what, size, "%u bytes of %u, vex %d, lock %d", ins.length, b->size, ins.is_vex,
                 ins.is_locked);
        return false;
    }
    if (!sfi_same_mnemonic(e, text, sfi_insn_text(&ins))) {
        snprintf(what, size, "it is %s", sfi_insn_text(&ins));
        return false;
    }
    if (!sfi_field(e, "reg", &e->reg, ins.reg, ins.reg_use, &ins, what, size) ||
        !sfi_field(e, "vvvv", &e->vvvv, ins.vex, ins.vex_use, &ins, what, size) ||
        !sfi_memory(&e->rm, &ins, what, size) ||
        (e->rm.kind != OPERAND_MEM &&
         !sfi_field(e, "rm", &e->rm, ins.rm, ins.rm_use, &ins, what, size)))
        return false;
    if (e->fourth.kind == OPERAND_REG && ins.is4 != e->fourth.number) {
        snprintf(what, size, "fourth register is %u, expected %u", ins.is4, e->fourth.number);
        return false;
    }
    if (e->has_imm && ins.imm != e->imm) {
        snprintf(what, size, "immediate %lld, expected %lld", (long long)ins.imm,
                 (long long)e->imm);
        return false;
    }
    return true;
}

#endif /* TESTS_UNIT_X64_EXPECT_H */
