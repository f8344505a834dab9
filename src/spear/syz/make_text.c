/* make_text: machine code that is likely to be decoded, and likely to be looked at by a hypervisor:
 * instructions that touch control state, ports, memory and tables, among ordinary ones. x86 is a
 * table of opcodes with what follows them; the others are words with some bits free.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <string.h>

enum { INSTRUCTIONS_MAX = 10 };

/* ---- x86 ---- */

enum x86_rest {
    R_NONE = 0,
    R_MODRM = 1,  /* any operands */
    R_MEMORY = 2, /* an operand in memory */
    R_REGS = 4,   /* both operands are registers */
    R_IMM8 = 8,
    R_IMM = 16, /* of the operand's size */
    R_IMM16 = 32,
    R_64 = 64, /* in 64-bit mode only */
    R_NOT64 = 128,
};

/* Opcodes as they stand; digit is the opcode's part of modrm, -1 when that is free. */
static const struct x86_op {
    uint8_t bytes[4], count;
    int8_t digit;
    uint8_t rest;
} x86_ops[] = {
    {{0x90},                   1, -1, R_NONE                   }, /* nop */
    {{0x01},                   1, -1, R_MODRM                  }, /* add */
    {{0x29},                   1, -1, R_MODRM                  }, /* sub */
    {{0x31},                   1, -1, R_MODRM                  }, /* xor */
    {{0x39},                   1, -1, R_MODRM                  }, /* cmp */
    {{0x85},                   1, -1, R_MODRM                  }, /* test */
    {{0x87},                   1, -1, R_MODRM                  }, /* xchg */
    {{0x89},                   1, -1, R_MODRM                  }, /* mov to memory */
    {{0x8b},                   1, -1, R_MODRM                  }, /* mov from memory */
    {{0x8d},                   1, -1, R_MEMORY                 }, /* lea */
    {{0x8c},                   1, -1, R_MODRM                  }, /* mov from segment register */
    {{0x8e},                   1, -1, R_MODRM                  }, /* mov to segment register */
    {{0x83},                   1, -1, R_MODRM | R_IMM8         }, /* arithmetic with a byte */
    {{0x81},                   1, -1, R_MODRM | R_IMM          }, /* arithmetic with a number */
    {{0xc7},                   1, 0,  R_MODRM | R_IMM          }, /* mov number to memory */
    {{0xb8},                   1, -1, R_IMM                    }, /* mov number to ax */
    {{0xb9},                   1, -1, R_IMM                    }, /* mov number to cx */
    {{0xba},                   1, -1, R_IMM                    }, /* mov number to dx */
    {{0xd3},                   1, -1, R_MODRM                  }, /* shifts */
    {{0xf7},                   1, 6,  R_MODRM                  }, /* div */
    {{0x50},                   1, -1, R_NONE                   }, /* push */
    {{0x58},                   1, -1, R_NONE                   }, /* pop */
    {{0x9c},                   1, -1, R_NONE                   }, /* pushf */
    {{0x9d},                   1, -1, R_NONE                   }, /* popf */
    {{0xa4},                   1, -1, R_NONE                   }, /* movs */
    {{0xf3, 0xa5},             2, -1, R_NONE                   }, /* rep movs */
    {{0xf3, 0xab},             2, -1, R_NONE                   }, /* rep stos */
    {{0x6c},                   1, -1, R_NONE                   }, /* ins */
    {{0xf3, 0x6e},             2, -1, R_NONE                   }, /* rep outs */
    {{0xe4},                   1, -1, R_IMM8                   }, /* in */
    {{0xe6},                   1, -1, R_IMM8                   }, /* out */
    {{0xec},                   1, -1, R_NONE                   }, /* in dx */
    {{0xef},                   1, -1, R_NONE                   }, /* out dx */
    {{0xeb},                   1, -1, R_IMM8                   }, /* jmp */
    {{0x74},                   1, -1, R_IMM8                   }, /* je */
    {{0xe2},                   1, -1, R_IMM8                   }, /* loop */
    {{0xe8},                   1, -1, R_IMM                    }, /* call */
    {{0xc3},                   1, -1, R_NONE                   }, /* ret */
    {{0xcb},                   1, -1, R_NONE                   }, /* far ret */
    {{0xcf},                   1, -1, R_NONE                   }, /* iret */
    {{0xff},                   1, 3,  R_MEMORY                 }, /* far call */
    {{0xff},                   1, 5,  R_MEMORY                 }, /* far jmp */
    {{0xea},                   1, -1, R_IMM | R_IMM16 | R_NOT64}, /* far jmp to a number */
    {{0xcc},                   1, -1, R_NONE                   }, /* int3 */
    {{0xcd},                   1, -1, R_IMM8                   }, /* int */
    {{0xf1},                   1, -1, R_NONE                   }, /* int1 */
    {{0xf4},                   1, -1, R_NONE                   }, /* hlt */
    {{0xfa},                   1, -1, R_NONE                   }, /* cli */
    {{0xfb},                   1, -1, R_NONE                   }, /* sti */
    {{0x0f, 0x00},             2, 2,  R_MODRM                  }, /* lldt */
    {{0x0f, 0x00},             2, 3,  R_MODRM                  }, /* ltr */
    {{0x0f, 0x01},             2, 0,  R_MEMORY                 }, /* sgdt */
    {{0x0f, 0x01},             2, 2,  R_MEMORY                 }, /* lgdt */
    {{0x0f, 0x01},             2, 3,  R_MEMORY                 }, /* lidt */
    {{0x0f, 0x01},             2, 6,  R_MODRM                  }, /* lmsw */
    {{0x0f, 0x01},             2, 7,  R_MEMORY                 }, /* invlpg */
    {{0x0f, 0x01, 0xc1},       3, -1, R_NONE                   }, /* vmcall */
    {{0x0f, 0x01, 0xc2},       3, -1, R_NONE                   }, /* vmlaunch */
    {{0x0f, 0x01, 0xc4},       3, -1, R_NONE                   }, /* vmxoff */
    {{0x0f, 0x01, 0xc8},       3, -1, R_NONE                   }, /* monitor */
    {{0x0f, 0x01, 0xd0},       3, -1, R_NONE                   }, /* xgetbv */
    {{0x0f, 0x01, 0xd1},       3, -1, R_NONE                   }, /* xsetbv */
    {{0x0f, 0x01, 0xd8},       3, -1, R_NONE                   }, /* vmrun */
    {{0x0f, 0x01, 0xd9},       3, -1, R_NONE                   }, /* vmmcall */
    {{0x0f, 0x01, 0xf8},       3, -1, R_64                     }, /* swapgs */
    {{0x0f, 0x05},             2, -1, R_NONE                   }, /* syscall */
    {{0x0f, 0x06},             2, -1, R_NONE                   }, /* clts */
    {{0x0f, 0x07},             2, -1, R_NONE                   }, /* sysret */
    {{0x0f, 0x08},             2, -1, R_NONE                   }, /* invd */
    {{0x0f, 0x09},             2, -1, R_NONE                   }, /* wbinvd */
    {{0x0f, 0x0b},             2, -1, R_NONE                   }, /* ud2 */
    {{0x0f, 0x20},             2, -1, R_REGS                   }, /* mov from control register */
    {{0x0f, 0x21},             2, -1, R_REGS                   }, /* mov from debug register */
    {{0x0f, 0x22},             2, -1, R_REGS                   }, /* mov to control register */
    {{0x0f, 0x23},             2, -1, R_REGS                   }, /* mov to debug register */
    {{0x0f, 0x30},             2, -1, R_NONE                   }, /* wrmsr */
    {{0x0f, 0x31},             2, -1, R_NONE                   }, /* rdtsc */
    {{0x0f, 0x32},             2, -1, R_NONE                   }, /* rdmsr */
    {{0x0f, 0x33},             2, -1, R_NONE                   }, /* rdpmc */
    {{0x0f, 0x34},             2, -1, R_NONE                   }, /* sysenter */
    {{0x0f, 0x35},             2, -1, R_NONE                   }, /* sysexit */
    {{0x0f, 0x78},             2, -1, R_MODRM                  }, /* vmread */
    {{0x0f, 0x79},             2, -1, R_MODRM                  }, /* vmwrite */
    {{0x0f, 0xa2},             2, -1, R_NONE                   }, /* cpuid */
    {{0x0f, 0xae},             2, 0,  R_MEMORY                 }, /* fxsave */
    {{0x0f, 0xae},             2, 1,  R_MEMORY                 }, /* fxrstor */
    {{0x0f, 0xae},             2, 5,  R_MEMORY                 }, /* xrstor */
    {{0x0f, 0xb0},             2, -1, R_MODRM                  }, /* cmpxchg */
    {{0x0f, 0xc7},             2, 1,  R_MEMORY                 }, /* cmpxchg8b */
    {{0x0f, 0xc7},             2, 6,  R_MEMORY                 }, /* vmptrld */
    {{0x0f, 0x6f},             2, -1, R_MODRM                  }, /* movq to mmx */
    {{0x66, 0x0f, 0x6f},       3, -1, R_MODRM                  }, /* movdqa */
    {{0x66, 0x0f, 0x38, 0x80}, 4, -1, R_MEMORY                 }, /* invept */
    {{0x66, 0x0f, 0x38, 0x81}, 4, -1, R_MEMORY                 }, /* invvpid */
    {{0xd9},                   1, -1, R_MODRM                  }, /* x87 */
    {{0xdd},                   1, 4,  R_MEMORY                 }, /* frstor */
};

static void number(struct rng *r, struct buf *out, uint32_t bytes)
{
    uint64_t v = make_int(r, 8 * bytes);

    for (uint32_t i = 0; i < bytes; i++)
        buf_byte(out, (uint8_t)(v >> 8 * i));
}

/* A modrm byte with the scale byte and displacement that it asks for. */
static void x86_operands(struct rng *r, const struct x86_op *op, uint32_t operand_bits,
                         struct buf *out)
{
    uint32_t mode = (uint32_t)rng_below(r, op->rest & R_MEMORY ? 3 : 4);
    uint32_t rm = (uint32_t)rng_below(r, 8);
    uint32_t reg = op->digit >= 0 ? (uint32_t)op->digit : (uint32_t)rng_below(r, 8);
    const bool is_wide = operand_bits != 16;

    if (op->rest & R_REGS)
        mode = 3;
    buf_byte(out, (uint8_t)(mode << 6 | reg << 3 | rm));
    if (mode != 3 && is_wide && rm == 4)
        buf_byte(out, (uint8_t)(rng_below(r, 256) & ~7u)); /* base: ax, so no displacement more */
    if (mode == 1)
        number(r, out, 1);
    else if (mode == 2 || (mode == 0 && rm == (is_wide ? 5u : 6u)))
        number(r, out, is_wide ? 4 : 2);
}

static void x86_prefixes(struct rng *r, bool is_64, struct buf *out)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
                                       0x36, 0x3e, 0x26, 0x64, 0x65};

    while (rng_chance(r, 1, 8))
        buf_byte(out, prefixes[rng_below(r, sizeof(prefixes))]);
    if (is_64 && rng_chance(r, 1, 3))
        buf_byte(out, (uint8_t)(0x40 + rng_below(r, 16)));
}

static void x86_instruction(struct rng *r, enum syz_text_kind kind, struct buf *out)
{
    const bool is_64 = kind == SYZ_TEXT_X86_64;
    const uint32_t bits = kind == SYZ_TEXT_X86_REAL || kind == SYZ_TEXT_X86_16 ? 16 : 32;
    const struct x86_op *op = &x86_ops[rng_below(r, LENGTH_OF(x86_ops))];

    while (op->rest & (is_64 ? R_NOT64 : R_64))
        op = &x86_ops[rng_below(r, LENGTH_OF(x86_ops))];
    x86_prefixes(r, is_64, out);
    buf_bytes(out, op->bytes, op->count);
    if (op->rest & (R_MODRM | R_MEMORY | R_REGS) || op->digit >= 0)
        x86_operands(r, op, bits, out);
    if (op->rest & R_IMM8)
        number(r, out, 1);
    if (op->rest & R_IMM)
        number(r, out, bits / 8);
    if (op->rest & R_IMM16)
        number(r, out, 2);
}

/* ---- machines whose instructions are words ---- */

struct word_op {
    uint32_t value, is_free; /* bits of is_free are chosen, the others are those of value */
};

static const struct word_op arm64_ops[] = {
    {0xd503201f, 0x000000e0}, /* hints */
    {0xd5000000, 0x003fffff}, /* mrs, msr, sys */
    {0xd4000001, 0x001fffe0}, /* svc */
    {0xd4000002, 0x001fffe0}, /* hvc */
    {0xd4000003, 0x001fffe0}, /* smc */
    {0xd4200000, 0x001fffe0}, /* brk */
    {0x91000000, 0x007fffff}, /* add number */
    {0x8b000000, 0x00ffffff}, /* add registers */
    {0xd2800000, 0x007fffff}, /* mov number */
    {0xf9400000, 0x003fffff}, /* ldr */
    {0xf9000000, 0x003fffff}, /* str */
    {0x14000000, 0x000000ff}, /* b */
    {0x54000000, 0x000000ef}, /* b.cond */
    {0xd65f0000, 0x000003e0}, /* ret */
    {0xd69f03e0, 0x00000000}, /* eret */
    {0x08007c00, 0xc01f03ff}, /* exclusive stores */
    {0x00000000, 0xffffffff}, /* anything */
};

static const struct word_op ppc64_ops[] = {
    {0x38000000, 0x03ffffff}, /* addi */
    {0x7c000214, 0x03fff800}, /* add */
    {0xe8000000, 0x03fffffc}, /* ld */
    {0xf8000000, 0x03fffffc}, /* std */
    {0x44000002, 0x00000fe0}, /* sc */
    {0x7c0002a6, 0x03fff800}, /* mfspr */
    {0x7c0003a6, 0x03fff800}, /* mtspr */
    {0x7c000164, 0x03e10000}, /* mtmsrd */
    {0x4c000024, 0x00000000}, /* rfid */
    {0x7c000264, 0x03fff800}, /* tlbie */
    {0x48000000, 0x000000fc}, /* b */
    {0x00000000, 0xffffffff}, /* anything */
};

static const struct word_op riscv64_ops[] = {
    {0x00000013, 0xffff8f80}, /* addi */
    {0x00000033, 0x01ff8f80}, /* add */
    {0x00003003, 0xffff8f80}, /* ld */
    {0x00003023, 0xfffff000}, /* sd */
    {0x00000073, 0x00000000}, /* ecall */
    {0x00100073, 0x00000000}, /* ebreak */
    {0x00001073, 0xffff8f80}, /* csrrw */
    {0x00002073, 0xffff8f80}, /* csrrs */
    {0x10200073, 0x00000000}, /* sret */
    {0x12000073, 0x01ff8000}, /* sfence.vma */
    {0x0000006f, 0x00ff0000}, /* jal */
    {0x0000202f, 0xffff8f80}, /* atomics */
    {0x00000000, 0xffffffff}, /* anything */
};

static void word_instruction(struct rng *r, const struct word_op *ops, size_t count,
                             bool is_big_endian, struct buf *out)
{
    const struct word_op *op = &ops[rng_below(r, count)];
    uint32_t word = op->value | ((uint32_t)rng_next(r) & op->is_free);

    for (uint32_t i = 0; i < 4; i++)
        buf_byte(out, (uint8_t)(word >> 8 * (is_big_endian ? 3 - i : i)));
}

static void instruction(struct rng *r, enum syz_text_kind kind, struct buf *out)
{
    switch (kind) {
    case SYZ_TEXT_ARM64: word_instruction(r, arm64_ops, LENGTH_OF(arm64_ops), false, out); break;
    case SYZ_TEXT_PPC64: word_instruction(r, ppc64_ops, LENGTH_OF(ppc64_ops), false, out); break;
    case SYZ_TEXT_RISCV64:
        word_instruction(r, riscv64_ops, LENGTH_OF(riscv64_ops), false, out);
        break;
    default: x86_instruction(r, kind, out); break;
    }
}

enum syz_text_kind make_text_kind(const struct syz_target *t, enum syz_text_kind kind)
{
    static const struct {
        const char *arch;
        enum syz_text_kind kind;
    } kinds[] = {
        {"386",     SYZ_TEXT_X86_32 },
        {"arm64",   SYZ_TEXT_ARM64  },
        {"ppc64le", SYZ_TEXT_PPC64  },
        {"riscv64", SYZ_TEXT_RISCV64},
    };

    for (uint32_t i = 0; kind == SYZ_TEXT_TARGET && i < LENGTH_OF(kinds); i++)
        if (strcmp(t->arch->name, kinds[i].arch) == 0)
            kind = kinds[i].kind;
    return kind == SYZ_TEXT_TARGET ? SYZ_TEXT_X86_64 : kind;
}

void make_text(struct rng *r, enum syz_text_kind kind, struct buf *out)
{
    uint64_t count = 1 + rng_below(r, INSTRUCTIONS_MAX);

    for (uint64_t i = 0; i < count; i++)
        instruction(r, kind, out);
}

/* Adds an instruction before or after the others, or changes their bytes. */
void make_text_mutate(struct rng *r, enum syz_text_kind kind, struct buf *code)
{
    if (code->size != 0 && rng_chance(r, 1, 2)) {
        mutate_data(r, code, 0, SYZ_BLOB_BYTES_MAX);
        return;
    }
    size_t old_size = code->size;
    bool first = rng_chance(r, 1, 2);
    instruction(r, kind, code);
    if (!first || code->size >= SYZ_BLOB_BYTES_MAX)
        return;
    uint8_t added[64];
    size_t count = code->size - old_size;
    if (count > sizeof(added))
        return;
    memcpy(added, code->data + old_size, count);
    memmove(code->data + count, code->data, old_size);
    memcpy(code->data, added, count);
}
