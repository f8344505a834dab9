/*
 * encode: bytes of one instruction. x64_encode() writes any row of enc.def; the typed functions
 * below are for the fixed sequences of emission: the width of every register and of every memory
 * operand is part of its type, so that a wrong pair does not compile.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_ENCODE_H
#define SHIELD_CODEGEN_X64_ENCODE_H

#include "shield/codegen/x64/asm.h"
#include "shield/codegen/x64/x64.h"

enum { X64_NO_REG = 0xff, X64_RIP = 0xfe };

struct x64_mem { /* hardware numbers */
    uint8_t base;  /* X64_RIP: relative to the next instruction; X64_NO_REG: none */
    uint8_t index; /* X64_NO_REG: none; never rsp */
    uint8_t scale; /* log2 */
    int32_t disp;
};

struct x64_args {
    uint8_t reg;    /* field reg of modrm: a register, unless the row has a digit */
    uint8_t vvvv;   /* of VEX forms */
    uint8_t fourth; /* FORM_VEX_RVMR: in the immediate */
    bool is_mem;
    uint8_t rm;     /* unless is_mem */
    struct x64_mem mem;
    int64_t imm;    /* of forms that have one */
};

/* size: as in struct mir_inst. Returns where the four bytes of the displacement are, for
 * relocations, when the base is X64_RIP. */
uint32_t x64_encode(struct x64_asm *as, enum x64_op op, uint32_t size, const struct x64_args *args);
/* Bytes that the memory operand of op has. */
uint32_t x64_memory_bytes(enum x64_op op, uint32_t size);

/* ---- typed ------ */
struct gpr32 {
    uint8_t n;
};
struct gpr64 {
    uint8_t n;
};
struct xmm {
    uint8_t n;
};
struct mem32 {
    struct x64_mem m;
};
struct mem64 {
    struct x64_mem m;
};
struct mem128 {
    struct x64_mem m;
};
#define GPR32(r) ((struct gpr32){(uint8_t)(r)})
#define GPR64(r) ((struct gpr64){(uint8_t)(r)})
#define XMM(r)   ((struct xmm){(uint8_t)(r)})
static inline struct x64_mem x64_at(uint32_t base, int32_t disp)
{
    return (struct x64_mem){(uint8_t)base, X64_NO_REG, 0, disp};
}
#define MEM32(base, disp)  ((struct mem32){x64_at(base, disp)})
#define MEM64(base, disp)  ((struct mem64){x64_at(base, disp)})
#define MEM128(base, disp) ((struct mem128){x64_at(base, disp)})

static inline void x64_rr(struct x64_asm *as, enum x64_op op, uint32_t size, uint8_t reg,
                          uint8_t rm)
{
    x64_encode(as, op, size, &(struct x64_args){.reg = reg, .rm = rm});
}
static inline void x64_rm(struct x64_asm *as, enum x64_op op, uint32_t size, uint8_t reg,
                          struct x64_mem m)
{
    x64_encode(as, op, size, &(struct x64_args){.reg = reg, .is_mem = true, .mem = m});
}
/* op is a row with operands reg, rm: MOV, ADD, CMP, TEST... */
static inline void x64_rr32(struct x64_asm *as, enum x64_op op, struct gpr32 a, struct gpr32 b)
{
    x64_rr(as, op, 4, a.n, b.n);
}
static inline void x64_rr64(struct x64_asm *as, enum x64_op op, struct gpr64 a, struct gpr64 b)
{
    x64_rr(as, op, 8, a.n, b.n);
}
static inline void x64_rm32(struct x64_asm *as, enum x64_op op, struct gpr32 a, struct mem32 b)
{
    x64_rm(as, op, 4, a.n, b.m);
}
static inline void x64_rm64(struct x64_asm *as, enum x64_op op, struct gpr64 a, struct mem64 b)
{
    x64_rm(as, op, 8, a.n, b.m);
}
static inline void x64_mr64(struct x64_asm *as, enum x64_op op, struct mem64 a, struct gpr64 b)
{
    x64_rm(as, op, 8, b.n, a.m);
}
static inline void x64_ri32(struct x64_asm *as, enum x64_op op, struct gpr32 a, int32_t imm)
{
    x64_encode(as, op, 4, &(struct x64_args){.rm = a.n, .imm = imm});
}
static inline void x64_ri64(struct x64_asm *as, enum x64_op op, struct gpr64 a, int32_t imm)
{
    x64_encode(as, op, 8, &(struct x64_args){.rm = a.n, .imm = imm});
}

/* The shortest way to a constant; keep_flags: not by xor. */
void x64_load_imm(struct x64_asm *as, uint8_t reg, uint64_t value, bool keep_flags);
void x64_cmov(struct x64_asm *as, uint32_t cc, uint32_t size, uint8_t reg, uint8_t rm);
void x64_cmov_mem(struct x64_asm *as, uint32_t cc, uint32_t size, uint8_t reg, struct x64_mem m);
void x64_setcc(struct x64_asm *as, uint32_t cc, uint8_t reg);
/* rax, rdx = rdx:rax divided by a register; with the remainder in rdx */
void x64_div(struct x64_asm *as, bool is_signed, uint32_t size, uint8_t divisor);
void x64_push(struct x64_asm *as, uint8_t reg);
void x64_pop(struct x64_asm *as, uint8_t reg);
void x64_bytes(struct x64_asm *as, const char *bytes, uint32_t count); /* a fixed instruction */
/* call and jmp through memory or a register; digit 2 and 4 of FF */
void x64_call_mem(struct x64_asm *as, struct mem64 m);
void x64_jmp_mem(struct x64_asm *as, struct mem64 m);
void x64_call_reg(struct x64_asm *as, struct gpr64 r);
void x64_jmp_reg(struct x64_asm *as, struct gpr64 r);

#endif /* SHIELD_CODEGEN_X64_ENCODE_H */
