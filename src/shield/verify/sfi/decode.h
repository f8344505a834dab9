/* decode: one x86-64 instruction from bytes. Knows only what a compiler for WebAssembly may emit
 * (insns.def is the whole list): everything else is refused. No state, no allocation, never reads
 * past size; every byte sequence has at most one meaning here.
 * Shared with tests; the checker is the only user in the library.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_VERIFY_SFI_DECODE_H
#define SHIELD_VERIFY_SFI_DECODE_H

#include "base/base.h"

enum {
    SFI_INSN_BYTES_MAX = 15,
    SFI_NO_REG = 16,  /* in base and index: there is none */
    SFI_REG_RIP = 17, /* in base: the address of the next instruction */
};

/* Numbers of general registers, as the processor counts them. */
enum sfi_gpr {
    SFI_RAX,
    SFI_RCX,
    SFI_RDX,
    SFI_RBX,
    SFI_RSP,
    SFI_RBP,
    SFI_RSI,
    SFI_RDI,
    SFI_R8,
    SFI_R9,
    SFI_R10,
    SFI_R11,
    SFI_R12,
    SFI_R13,
    SFI_R14,
    SFI_R15,
};

/* What an instruction does, as far as the checker follows it. VALUE is everything that only
 * computes: the checker forgets what it writes, apart from widths. */
enum sfi_op {
    SFI_OP_VALUE,
    SFI_OP_MOV,
    SFI_OP_MOVZX,
    SFI_OP_MOVSX,
    SFI_OP_MOVSXD,
    SFI_OP_LEA,
    SFI_OP_ADD,
    SFI_OP_SUB,
    SFI_OP_AND,
    SFI_OP_OR,
    SFI_OP_XOR,
    SFI_OP_CMP,
    SFI_OP_CMP_REG, /* cmp with reg on the left, rm on the right */
    SFI_OP_TEST,
    SFI_OP_SHL,
    SFI_OP_SHR,
    SFI_OP_INC,
    SFI_OP_DEC,
    SFI_OP_CMOV,
    SFI_OP_XCHG,
    SFI_OP_SCAN,    /* bsf, bsr: a zero source may leave all 64 bits of the target alone */
    SFI_OP_CMPXCHG, /* writes rax only when it fails */
    SFI_OP_PUSH,
    SFI_OP_POP,
    SFI_OP_JCC,
    SFI_OP_JMP,
    SFI_OP_JMP_INDIRECT,
    SFI_OP_CALL,
    SFI_OP_CALL_INDIRECT,
    SFI_OP_RET,
    SFI_OP_UD2,
    SFI_OP_NOP,
    SFI_OP_COUNT
};

/* How an operand is used: two bits of access and three of kind. */
enum { SFI_READ = 1, SFI_WRITE = 2, SFI_ACCESS = 3 };
enum sfi_operand_kind {
    SFI_KIND_NONE = 0, /* also: a memory operand that is only an address (lea, nop) */
    SFI_KIND_B = 4,    /* general register, 1 byte */
    SFI_KIND_W = 8,    /* 2 bytes */
    SFI_KIND_D = 12,   /* 4 bytes */
    SFI_KIND_Q = 16,   /* 8 bytes */
    SFI_KIND_V = 20,   /* 2, 4 or 8 bytes by prefix */
    SFI_KIND_Y = 24,   /* 4 or 8 bytes by the W bit */
    SFI_KIND_X = 28,   /* vector register */
    SFI_KIND = 28
};

/* Effects on the status flags. */
enum { SFI_FLAGS_NONE = 0, SFI_FLAGS_READ = 1, SFI_FLAGS_WRITE = 2 };

struct sfi_mem {
    uint8_t base;  /* register, SFI_NO_REG or SFI_REG_RIP */
    uint8_t index; /* register or SFI_NO_REG; never rsp */
    uint8_t scale; /* 1, 2, 4, 8 */
    uint8_t width; /* bytes touched, 0: none (lea, nop) */
    int32_t disp;
};

struct sfi_insn {
    uint8_t length;
    uint8_t op;        /* enum sfi_op */
    uint8_t width;     /* bytes of a V, Y or fixed general operand: 1, 2, 4, 8; 0: vectors only */
    uint8_t condition; /* of jcc, cmovcc, setcc: the low four bits of the opcode */
    uint8_t reg, rm, vex, is4; /* register numbers; SFI_NO_REG where the operand is not there */
    uint8_t reg_use, rm_use, vex_use; /* access | kind; rm_use is of the memory, if that it is */
    uint8_t flags;                    /* SFI_FLAGS_* */
    bool has_memory;                  /* rm is memory */
    bool is_vex, is_locked;
    bool writes_gpr;      /* some general register, if rm is no memory */
    bool needs_alignment; /* faults unless its memory operand is aligned to its width, 16 */
    uint16_t row;         /* of insns.def, for sfi_insn_text() */
    uint16_t gpr_reads_implied, gpr_writes_implied; /* bit n: register n, besides the operands */
    struct sfi_mem mem;
    int64_t imm; /* sign-extended; jumps and calls: the distance from the end of this instruction */
};

/* True when the bytes begin with an instruction of the table; else *out means nothing. */
bool sfi_decode(const uint8_t *code, size_t size, struct sfi_insn *out);

/* The same without the once-only preparation, which must have happened: for the inner loop. */
void sfi_decode_prepare(void);
bool sfi_decode_prepared(const uint8_t *code, size_t size, struct sfi_insn *out);

/* The mnemonic without suffix for the condition ("jcc", "movzx"); for vectors without the "v". */
const char *sfi_insn_text(const struct sfi_insn *ins);

/* Every register the instruction reads and writes, registers of addresses included.
 * Bit n is register n. The width of each is in the insn. */
struct sfi_effects {
    uint16_t gpr_reads, gpr_writes, xmm_reads, xmm_writes;
};
void sfi_insn_effects(const struct sfi_insn *ins, struct sfi_effects *out);

/* Bytes of a register operand of that use: 16 for vectors, 0 for none. */
uint32_t sfi_operand_bytes(const struct sfi_insn *ins, uint8_t use);

/* Number of rows in insns.def, and whether two of them mean the same bytes (tests). */
uint32_t sfi_row_count(void);
bool sfi_rows_overlap(uint32_t *first, uint32_t *second);

#endif /* SHIELD_VERIFY_SFI_DECODE_H */
