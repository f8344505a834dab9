/* encode: see encode.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/encode.h"

#include <assert.h>

enum { REX = 0x40, REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };

/* Which fields the operands of a form go to, and its immediate. */
enum immediate { IMM_NONE, IMM_8, IMM_SIZED, IMM_SHORT, IMM_FOURTH };
struct shape {
    bool digit;   /* field reg is the row's digit */
    uint8_t imm;  /* enum immediate; SHORT: 1 byte when it fits, by opcode + 2 */
};

static struct shape shape_of(enum x64_form form)
{
    switch (form) { /* tidy: flat */
    case FORM_ALU_RI:
    case FORM_CMP_RI: return (struct shape){true, IMM_SHORT};
    case FORM_MI: return (struct shape){true, IMM_SHORT};
    case FORM_TEST_RI: return (struct shape){true, IMM_SIZED};
    case FORM_UN_R:
    case FORM_UN_M:
    case FORM_SHIFT_C:
    case FORM_MUL:
    case FORM_VEX_VM: return (struct shape){true, IMM_NONE};
    case FORM_SHIFT_I:
    case FORM_BT_RI:
    case FORM_SHIFT_XI:
    case FORM_VEX_SHIFT_XI: return (struct shape){true, IMM_8};
    case FORM_VEX_RVMR: return (struct shape){false, IMM_FOURTH};
    case FORM_ALU_RMI:
    case FORM_MRI:
    case FORM_MOV_RMI:
    case FORM_MOV_RRI:
    case FORM_RMI_DEF:
    case FORM_VEX_RMI:
    case FORM_VEX_RVMI: return (struct shape){false, IMM_8};
    case FORM_IMUL_RMI: return (struct shape){false, IMM_SHORT};
    default: return (struct shape){false, IMM_NONE};
    }
}

uint32_t x64_memory_bytes(enum x64_op op, uint32_t size)
{
    const struct x64_row *row = &x64_rows[op];

    if (row->width == X64_WIDTH_S)
        return size;
    const bool is_cvtt = op == X64_CVTTSS2SI || op == X64_VCVTTSS2SI; /* size: of the result */
    if (row->w == X64_W_S && row->width == 4 && !is_cvtt)
        return size;
    return row->width;
}

static void modrm_mem(struct x64_asm *as, uint32_t reg, const struct x64_mem *m)
{
    uint32_t r = (reg & 7) << 3, base = m->base & 7;

    if (m->base == X64_RIP) {
        x64_asm_u8(as, r | 5);
        x64_asm_u32(as, (uint32_t)m->disp);
        return;
    }
    if (m->base == X64_NO_REG) {
        x64_asm_u8(as, r | 4);
        uint32_t index = m->index == X64_NO_REG ? 4 : m->index & 7;
        x64_asm_u8(as, (uint32_t)m->scale << 6 | index << 3 | 5);
        x64_asm_u32(as, (uint32_t)m->disp);
        return;
    }
    uint32_t mod = m->disp == 0 && base != 5 ? 0 : x64_fits8(m->disp) ? 0x40 : 0x80;
    if (m->index != X64_NO_REG) {
        x64_asm_u8(as, mod | r | 4);
        x64_asm_u8(as, (uint32_t)m->scale << 6 | (m->index & 7u) << 3 | base);
    } else if (base == 4) {
        x64_asm_u8(as, mod | r | 4);
        x64_asm_u8(as, 0x24);
    } else {
        x64_asm_u8(as, mod | r | base);
    }
    if (mod == 0x40)
        x64_asm_u8(as, (uint8_t)m->disp);
    else if (mod == 0x80)
        x64_asm_u32(as, (uint32_t)m->disp);
}

static uint32_t rex_bits(uint32_t reg, const struct x64_args *a)
{
    uint32_t bits = reg & 8 ? REX_R : 0;

    if (!a->is_mem)
        return bits | (a->rm & 8 ? REX_B : 0);
    if (a->mem.base != X64_RIP && a->mem.base != X64_NO_REG && a->mem.base & 8)
        bits |= REX_B;
    if (a->mem.index != X64_NO_REG && a->mem.index & 8)
        bits |= REX_X;
    return bits;
}

/* VEX.128: two bytes when X, B and W are zero and the map is 0F, else three. */
static void vex(struct x64_asm *as, const struct x64_row *row, uint32_t bits, uint32_t vvvv)
{
    uint32_t pp = row->prefix == X64_PREFIX_P66   ? 1
                  : row->prefix == X64_PREFIX_PF3 ? 2
                  : row->prefix == X64_PREFIX_PF2 ? 3
                                                  : 0;
    uint32_t low = (~vvvv & 15) << 3 | pp;

    if ((bits & (REX_W | REX_X | REX_B)) == 0 && row->map == X64_MAP_0F) {
        x64_asm_u8(as, 0xc5);
        x64_asm_u8(as, (bits & REX_R ? 0 : 0x80) | low);
        return;
    }
    x64_asm_u8(as, 0xc4);
    x64_asm_u8(as, (~bits & 7) << 5 | row->map);
    x64_asm_u8(as, (bits & REX_W ? 0x80 : 0) | low);
}

static void legacy(struct x64_asm *as, const struct x64_row *row, uint32_t size, uint32_t bits)
{
    if (row->width == X64_WIDTH_S && size == 2)
        x64_asm_u8(as, 0x66);
    if (row->prefix != 0)
        x64_asm_u8(as, row->prefix);
    if (bits != 0)
        x64_asm_u8(as, REX | (bits & 15));
    if (row->map >= X64_MAP_0F)
        x64_asm_u8(as, 0x0f);
    if (row->map == X64_MAP_0F38)
        x64_asm_u8(as, 0x38);
    if (row->map == X64_MAP_0F3A)
        x64_asm_u8(as, 0x3a);
}

/* A byte register beyond the first four needs a REX prefix, even an empty one. */
static uint32_t byte_rex(uint32_t reg)
{
    return reg >= 4 && reg < 8 ? REX : 0;
}

static void immediate(struct x64_asm *as, uint32_t bytes, int64_t imm)
{
    if (bytes == 1)
        x64_asm_u8(as, (uint8_t)imm);
    else if (bytes == 2) {
        x64_asm_u8(as, (uint8_t)imm);
        x64_asm_u8(as, (uint8_t)(imm >> 8));
    } else if (bytes == 4)
        x64_asm_u32(as, (uint32_t)imm);
}

static bool is_lock(enum x64_op op)
{
    return op == X64_LXADD_MR || op == X64_LCMPXCHG || op == X64_LADD_MR || op == X64_LOR_MR ||
           op == X64_LAND_MR || op == X64_LSUB_MR || op == X64_LXOR_MR;
}

/* Opcode and size of the immediate: byte forms lie one below, short immediates have their own. */
static uint32_t opcode_of(const struct x64_row *row, enum immediate kind, uint32_t size,
                          int64_t imm,
                          uint32_t *imm_bytes)
{
    uint32_t opcode = row->opcode, sized = size == 1 ? 1 : size == 2 ? 2 : 4;

    *imm_bytes = kind == IMM_NONE ? 0 : kind == IMM_8 || kind == IMM_FOURTH ? 1 : sized;
    if (kind == IMM_SHORT && size != 1 && x64_fits8(imm) && (opcode == 0x81 || opcode == 0x69)) {
        *imm_bytes = 1;
        return opcode + 2;
    }
    if (row->width == X64_WIDTH_S && size == 1)
        opcode &= ~1u;
    return opcode;
}

uint32_t x64_encode(struct x64_asm *as, enum x64_op op, uint32_t size, const struct x64_args *args)
{
    const struct x64_row *row = &x64_rows[op];
    enum x64_form form = (enum x64_form)row->form;
    struct shape shape = shape_of(form);
    uint32_t reg = shape.digit ? row->digit : args->reg, imm_bytes, at;
    uint32_t vvvv = args->vvvv;

    x64_asm_room(as);
    if (form == FORM_BSWAP) {
        uint32_t bits = (size == 8 ? REX_W : 0u) | (args->rm & 8 ? REX_B : 0u);
        legacy(as, row, size, bits);
        x64_asm_u8(as, row->opcode | (args->rm & 7u));
        return 0;
    }
    if (form == FORM_FENCE) {
        x64_bytes(as, "\x0f\xae\xf0", 3);
        return 0;
    }
    if (form == FORM_VEX_VM || form == FORM_VEX_SHIFT_XI)
        vvvv = args->reg;
    uint32_t opcode =
        opcode_of(row, (enum immediate)shape.imm, size, args->imm, &imm_bytes);
    uint32_t bits = rex_bits(reg, args);
    if (row->w == X64_W_1 || (row->w == X64_W_S && size == 8))
        bits |= REX_W;
    if (is_lock(op))
        x64_asm_u8(as, 0xf0);
    if (row->vex) {
        vex(as, row, bits, vvvv);
    } else {
        if ((row->width == X64_WIDTH_S && size == 1) || (row->width == 1 && row->w == X64_W_S)) {
            bits |= args->is_mem ? 0 : byte_rex(args->rm);
            if (row->width == X64_WIDTH_S && !shape.digit)
                bits |= byte_rex(reg);
        }
        legacy(as, row, size, bits);
    }
    x64_asm_u8(as, opcode);
    at = (uint32_t)(as->next - as->bytes) + 1;
    if (args->is_mem)
        modrm_mem(as, reg, &args->mem);
    else
        x64_asm_u8(as, 0xc0 | (reg & 7) << 3 | (args->rm & 7u));
    immediate(as, imm_bytes, shape.imm == IMM_FOURTH ? args->fourth << 4 : args->imm);
    assert(!(args->is_mem && args->mem.base == X64_RIP && imm_bytes != 0));
    return at;
}

void x64_load_imm(struct x64_asm *as, uint8_t reg, uint64_t value, bool keep_flags)
{
    x64_asm_room(as);
    if (value == 0 && !keep_flags) {
        x64_rr32(as, X64_XOR_RM, GPR32(reg), GPR32(reg));
    } else if (value <= UINT32_MAX) {
        if (reg & 8)
            x64_asm_u8(as, REX | REX_B);
        x64_asm_u8(as, 0xb8 | (reg & 7u));
        x64_asm_u32(as, (uint32_t)value);
    } else if (x64_fits32((int64_t)value)) {
        x64_encode(as, X64_MOV_MI, 8, &(struct x64_args){.rm = reg, .imm = (int64_t)value});
    } else {
        x64_asm_u8(as, REX | REX_W | (reg & 8 ? REX_B : 0u));
        x64_asm_u8(as, 0xb8 | (reg & 7u));
        x64_asm_u64(as, value);
    }
}

void x64_bytes(struct x64_asm *as, const char *bytes, uint32_t count)
{
    x64_asm_room(as);
    memcpy(as->next, bytes, count);
    as->next += count;
}

static void one_byte(struct x64_asm *as, uint32_t opcode, uint8_t reg)
{
    x64_asm_room(as);
    if (reg & 8)
        x64_asm_u8(as, REX | REX_B);
    x64_asm_u8(as, opcode | (reg & 7u));
}

void x64_push(struct x64_asm *as, uint8_t reg)
{
    one_byte(as, 0x50, reg);
}

void x64_pop(struct x64_asm *as, uint8_t reg)
{
    one_byte(as, 0x58, reg);
}

static void group_ff(struct x64_asm *as, uint32_t digit, const struct x64_args *a)
{
    x64_asm_room(as);
    uint32_t bits = rex_bits(0, a);
    if (bits != 0)
        x64_asm_u8(as, REX | bits);
    x64_asm_u8(as, 0xff);
    if (a->is_mem)
        modrm_mem(as, digit, &a->mem);
    else
        x64_asm_u8(as, 0xc0 | digit << 3 | (a->rm & 7u));
}

void x64_call_mem(struct x64_asm *as, struct mem64 m)
{
    group_ff(as, 2, &(struct x64_args){.is_mem = true, .mem = m.m});
}

void x64_jmp_mem(struct x64_asm *as, struct mem64 m)
{
    group_ff(as, 4, &(struct x64_args){.is_mem = true, .mem = m.m});
}

void x64_call_reg(struct x64_asm *as, struct gpr64 r)
{
    group_ff(as, 2, &(struct x64_args){.rm = r.n});
}

void x64_jmp_reg(struct x64_asm *as, struct gpr64 r)
{
    group_ff(as, 4, &(struct x64_args){.rm = r.n});
}

static void two_byte(struct x64_asm *as, uint32_t opcode, uint32_t bits, const struct x64_args *a)
{
    x64_asm_room(as);
    bits |= rex_bits(a->reg, a);
    if (bits != 0)
        x64_asm_u8(as, REX | bits);
    x64_asm_u8(as, 0x0f);
    x64_asm_u8(as, opcode);
    if (a->is_mem)
        modrm_mem(as, a->reg, &a->mem);
    else
        x64_asm_u8(as, 0xc0 | (a->reg & 7u) << 3 | (a->rm & 7u));
}

void x64_cmov(struct x64_asm *as, uint32_t cc, uint32_t size, uint8_t reg, uint8_t rm)
{
    two_byte(as, 0x40 | cc, size == 8 ? REX_W : 0u, &(struct x64_args){.reg = reg, .rm = rm});
}

void x64_cmov_mem(struct x64_asm *as, uint32_t cc, uint32_t size, uint8_t reg, struct x64_mem m)
{
    two_byte(as, 0x40 | cc, size == 8 ? REX_W : 0u,
             &(struct x64_args){.reg = reg, .is_mem = true, .mem = m});
}

void x64_setcc(struct x64_asm *as, uint32_t cc, uint8_t reg)
{
    two_byte(as, 0x90 | cc, byte_rex(reg), &(struct x64_args){.rm = reg});
}

void x64_div(struct x64_asm *as, bool is_signed, uint32_t size, uint8_t divisor)
{
    x64_asm_room(as);
    uint32_t bits = (size == 8 ? REX_W : 0u) | (divisor & 8 ? REX_B : 0u);
    if (bits != 0)
        x64_asm_u8(as, REX | bits);
    x64_asm_u8(as, 0xf7);
    x64_asm_u8(as, 0xc0 | (is_signed ? 7u : 6u) << 3 | (divisor & 7u));
}
