/* decode: see decode.h. Prefixes, then the row, then operands; a row that does not fit exactly is
 * passed over, and bytes without a row are refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/decode.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { MAP_M1, MAP_M0F, MAP_M38, MAP_M3A, MAP_COUNT };
enum { PP_NP, PP_P66, PP_PF3, PP_PF2, PP_COUNT }; /* as VEX numbers them */
enum {
    MOD_RM,
    MOD_NONE,
    MOD_OP,
    MOD_AX, /* up to here nothing is asked of the operand byte */
    MOD_REG,
    MOD_MEM,
    MOD_ENDBR,
    MOD_FENCE,
    MOD_D0,
    MOD_D1,
    MOD_D2,
    MOD_D3,
    MOD_D4,
    MOD_D5,
    MOD_D6,
    MOD_D7,
    MOD_RD0,
    MOD_RD1,
    MOD_RD2,
    MOD_RD3,
    MOD_RD4,
    MOD_RD5,
    MOD_RD6,
    MOD_RD7,
    MOD_MD0,
    MOD_MD1,
    MOD_MD2,
    MOD_MD3,
    MOD_MD4,
    MOD_MD5,
    MOD_MD6,
    MOD_MD7,
};
enum {
    USE_NO = 0,
    USE_rB = SFI_KIND_B | SFI_READ,
    USE_wB = SFI_KIND_B | SFI_WRITE,
    USE_mB = SFI_KIND_B | SFI_ACCESS,
    USE_rW = SFI_KIND_W | SFI_READ,
    USE_rD = SFI_KIND_D | SFI_READ,
    USE_wD = SFI_KIND_D | SFI_WRITE,
    USE_rQ = SFI_KIND_Q | SFI_READ,
    USE_wQ = SFI_KIND_Q | SFI_WRITE,
    USE_nV = SFI_KIND_V,
    USE_rV = SFI_KIND_V | SFI_READ,
    USE_wV = SFI_KIND_V | SFI_WRITE,
    USE_mV = SFI_KIND_V | SFI_ACCESS,
    USE_rY = SFI_KIND_Y | SFI_READ,
    USE_wY = SFI_KIND_Y | SFI_WRITE,
    USE_mY = SFI_KIND_Y | SFI_ACCESS,
    USE_rX = SFI_KIND_X | SFI_READ,
    USE_wX = SFI_KIND_X | SFI_WRITE,
    USE_mX = SFI_KIND_X | SFI_ACCESS,
};
enum { IMM_NONE, IMM_I1, IMM_I4, IMM_IZ, IMM_IV, IMM_ONE, IMM_IS4 };
enum { W_ANY, W_W0, W_W1 };
enum { ENC_LEGACY, ENC_LOCKABLE, ENC_NOTRACK, ENC_VEX, ENC_BOTH };
enum { IMPLIED_A = 1, IMPLIED_C = 2, IMPLIED_D = 4, IMPLIED_B = 8, IMPLIED_XMM0 = 16 };
enum {
    IMPLIED_0 = 0,
    IMPLIED_AD = IMPLIED_A | IMPLIED_D,
    IMPLIED_ACDB = IMPLIED_A | IMPLIED_C | IMPLIED_D | IMPLIED_B,
};
enum { MEM_A = 0x80, MEM_AA = 0xc0, MEM_BYTES = 0x1f, A16 = MEM_A | 16, AA16 = MEM_AA | 16 };
enum { FLAGS_NONE = 0, FLAGS_R = SFI_FLAGS_READ, FLAGS_W = SFI_FLAGS_WRITE, FLAGS_RW = 3 };

/* The width of the instruction's general operands: by prefix when one is a V or Y, else of the
 * first that is general. */
enum { WIDTH_V = 16, WIDTH_Y = 17 };
#define IS_KIND(use, kind) (((use)&SFI_KIND) == (kind))
#define FIXED_WIDTH(use)   (IS_KIND(use, SFI_KIND_X) ? 0 : (1 << ((use)&SFI_KIND) / 4) >> 1)
#define ROW_WIDTH(reg, rm, vex)                                                                    \
    (IS_KIND(reg, SFI_KIND_V) || IS_KIND(rm, SFI_KIND_V)                               ? WIDTH_V   \
     : IS_KIND(reg, SFI_KIND_Y) || IS_KIND(rm, SFI_KIND_Y) || IS_KIND(vex, SFI_KIND_Y) ? WIDTH_Y   \
     : FIXED_WIDTH(reg) != 0 ? FIXED_WIDTH(reg)                                                    \
                             : FIXED_WIDTH(rm))

/* The entries of a group that mean a row, one bit each. An entry's number is W (16), register
 * instead of memory (8) and digit (0-7) together; the mod column asks the same in both W. */
enum { GROUP_ENTRIES = 32 };
#define OF_DIGIT(mod, first) ((mod) >= (first) ? (mod) - (first) : 0)
#define MOD_ENTRIES(mod)                                                                           \
    ((mod) >= MOD_MD0     ? 0x0001u << OF_DIGIT(mod, MOD_MD0)                                      \
     : (mod) >= MOD_RD0   ? 0x0100u << OF_DIGIT(mod, MOD_RD0)                                      \
     : (mod) >= MOD_D0    ? 0x0101u << OF_DIGIT(mod, MOD_D0)                                       \
     : (mod) == MOD_REG   ? 0xff00u                                                                \
     : (mod) == MOD_MEM   ? 0x00ffu                                                                \
     : (mod) == MOD_ENDBR ? 0x8000u                                                                \
     : (mod) == MOD_FENCE ? 0xe000u                                                                \
                          : 0xffffu)
#define ROW_ENTRIES(mod, w)                                                                        \
    (((w) == W_W1 ? 0 : MOD_ENTRIES(mod)) | ((w) == W_W0 ? 0 : MOD_ENTRIES(mod) << 16))

struct row {
    uint32_t entries;
    uint8_t map, pp, opcode, count, mod, reg, rm, vex, mem, imm, w, enc, reads, width;
    bool asks_more; /* of registers of one byte, or of the operand byte */
};

static const struct row rows[] = {
#define INSN(map, pp, op, n, mod, text, does, reg, rm, vex, mem, imm, w, enc, ir, iw, flags)       \
    {ROW_ENTRIES(MOD_##mod, W_##w),                                                                \
     MAP_##map,                                                                                    \
     PP_##pp,                                                                                      \
     op,                                                                                           \
     n,                                                                                            \
     MOD_##mod,                                                                                    \
     USE_##reg,                                                                                    \
     USE_##rm,                                                                                     \
     USE_##vex,                                                                                    \
     mem,                                                                                          \
     IMM_##imm,                                                                                    \
     W_##w,                                                                                        \
     ENC_##enc,                                                                                    \
     IMPLIED_##ir,                                                                                 \
     ROW_WIDTH(USE_##reg, USE_##rm, USE_##vex),                                                    \
     IS_KIND(USE_##reg, SFI_KIND_B) || IS_KIND(USE_##rm, SFI_KIND_B) ||                            \
         MOD_##mod == MOD_ENDBR || MOD_##mod == MOD_FENCE},
#include "shield/verify/sfi/insns.def"
#undef INSN
};
enum { TEXT_BYTES = 16 }; /* no mnemonic is longer */
static const char row_texts[][TEXT_BYTES] = {
#define INSN(map, pp, op, n, mod, text, ...) text,
#include "shield/verify/sfi/insns.def"
#undef INSN
};

enum { ROW_COUNT = LENGTH_OF(rows), KEY_COUNT = 2 * MAP_COUNT * PP_COUNT * 256 };

/*
 * Where to find a row, made once from the table and never changed again. By form, map, prefix and
 * opcode: the number + 1 of the row, or GROUP + the number of a group, when W or the operand byte
 * decide: by W, register or memory, and digit.
 */
enum { GROUP = 0x8000, GROUPS_MAX = 256 };
static uint16_t lookup[KEY_COUNT], groups[GROUPS_MAX][GROUP_ENTRIES];

/* Part of the path of nearly all instructions, where a cursor lives in registers. */
#define FAST static inline __attribute__((always_inline))

FAST uint32_t row_key(bool is_vex, uint32_t map, uint32_t pp, uint32_t opcode)
{
    return (((uint32_t)is_vex * MAP_COUNT + map) * PP_COUNT + pp) * 256 + opcode;
}

static bool row_has_form(const struct row *row, bool is_vex)
{
    return row->enc == ENC_BOTH || (row->enc == ENC_VEX) == is_vex;
}

/* Whether nothing is asked of W and of the operand byte. */
static bool row_is_plain(const struct row *row)
{
    return row->w == W_ANY && row->mod <= MOD_AX;
}

FAST uint32_t group_entry(uint8_t rex, uint8_t modrm)
{
    return (rex & 8u) << 1 | (uint32_t)(modrm >= 0xc0) << 3 | ((modrm >> 3) & 7u);
}

/* In the VEX form of a row with both, the target is a register of its own. */
#define IS_TARGET(vex, use, both)                                                                  \
    ((both) && (vex) != USE_NO && ((use)&SFI_ACCESS) == SFI_ACCESS)
#define VEX_USE(vex, use, both)                                                                    \
    (IS_TARGET(vex, use, both) ? (use) & ~(((vex)&SFI_WRITE) != 0 ? SFI_WRITE : SFI_READ) : (use))
#define WRITES_GPR(use) (((use)&SFI_WRITE) != 0 && !IS_KIND(use, SFI_KIND_X))

/* What all instructions of a row have in common; [1]: in the VEX form. */
static const struct sfi_insn templates[2][ROW_COUNT] = {
#define TEMPLATE(form, does, use_reg, use_rm, use_vex, implied_r, implied_w, flag)                 \
    {.op = SFI_OP_##does,                                                                          \
     .reg = SFI_NO_REG,                                                                            \
     .rm = SFI_NO_REG,                                                                             \
     .vex = SFI_NO_REG,                                                                            \
     .is4 = SFI_NO_REG,                                                                            \
     .reg_use = (use_reg),                                                                         \
     .rm_use = (use_rm),                                                                           \
     .vex_use = (use_vex),                                                                         \
     .flags = FLAGS_##flag,                                                                        \
     .is_vex = (form),                                                                             \
     .writes_gpr = WRITES_GPR(use_reg) || WRITES_GPR(use_rm) || WRITES_GPR(use_vex) ||             \
                   IMPLIED_##implied_w != 0,                                                       \
     .gpr_reads_implied = IMPLIED_##implied_r & 15,                                                \
     .gpr_writes_implied = IMPLIED_##implied_w},
    {
#define INSN(map, pp, op, n, mod, text, does, reg, rm, vex, mem, imm, w, enc, ir, iw, flags)       \
    TEMPLATE(false, does, USE_##reg, USE_##rm, USE_NO, ir, iw, flags)
#include "shield/verify/sfi/insns.def"
#undef INSN
    },
    {
#define INSN(map, pp, op, n, mod, text, does, reg, rm, vex, mem, imm, w, enc, ir, iw, flags)       \
    TEMPLATE(true, does, VEX_USE(USE_##vex, USE_##reg, ENC_##enc == ENC_BOTH),                     \
             VEX_USE(USE_##vex, USE_##rm, ENC_##enc == ENC_BOTH), USE_##vex, ir, iw, flags)
#include "shield/verify/sfi/insns.def"
#undef INSN
    },
#undef TEMPLATE
};

static void add_row(uint32_t i, uint32_t key, uint32_t *group_count)
{
    if (row_is_plain(&rows[i])) {
        lookup[key] = (uint16_t)(i + 1);
        return;
    }
    if (lookup[key] == 0) {
        assert(*group_count < GROUPS_MAX && "the table has grown");
        lookup[key] = (uint16_t)(GROUP + (*group_count)++);
    }
    for (uint32_t left = rows[i].entries; left != 0; left &= left - 1)
        groups[lookup[key] - GROUP][__builtin_ctz(left)] = (uint16_t)(i + 1);
}

static void build_lookup(void)
{
    uint32_t group_count = 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        for (uint32_t form = 0; form < 2; form++) {
            const struct row *row = &rows[i];
            for (uint32_t k = 0; k < row->count && row_has_form(row, form != 0); k++)
                add_row(i, row_key(form != 0, row->map, row->pp, row->opcode + k), &group_count);
        }
}

static pthread_once_t lookup_once = PTHREAD_ONCE_INIT;

void sfi_decode_prepare(void)
{
    pthread_once(&lookup_once, build_lookup);
}

/* ---- the parts of an instruction ---------------------------------------------------------------
 */

enum {
    HAS_66 = 1,
    HAS_F2 = 2,
    HAS_F3 = 4,
    HAS_LOCK = 8,
    HAS_NOTRACK = 16,
};
enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8, REX_IS = 0x40 };

/* What may be read of an instruction before it is known to be too long: each prefix, REX, three
 * bytes of opcode, operand byte, SIB, displacement, immediate. */
enum { READ_MAX = 5 + 1 + 3 + 1 + 1 + 4 + 8 };

struct cursor {
    const uint8_t *code; /* has READ_MAX bytes; where the instruction ends is looked at at last */
    uint32_t at;
    uint8_t prefixes;
    bool is_vex;
    uint8_t rex; /* REX_IS and these bits; VEX has them too */
    uint8_t vvvv, pp, opcode, modrm;
    uint32_t key; /* row_key() of form, map and pp, with opcode 0 */
};

static const uint8_t prefix_bits[256] = {
    [0x66] = HAS_66, [0xf2] = HAS_F2, [0xf3] = HAS_F3, [0xf0] = HAS_LOCK, [0x3e] = HAS_NOTRACK};

/* Prefixes in any order, none twice; segment, address-size and unknown ones do not exist here. */
static bool read_prefixes(struct cursor *c)
{
    for (uint8_t bit; (bit = prefix_bits[c->code[c->at]]) != 0; c->at++) {
        if ((c->prefixes & bit) != 0)
            return false;
        c->prefixes |= bit;
    }
    c->pp = (c->prefixes & HAS_F3) != 0   ? PP_PF3
            : (c->prefixes & HAS_F2) != 0 ? PP_PF2
            : (c->prefixes & HAS_66) != 0 ? PP_P66
                                          : PP_NP;
    return (c->prefixes & (HAS_F2 | HAS_F3)) != (HAS_F2 | HAS_F3);
}

/* C5 and C4: two and three bytes that hold prefix, map, register bits and vvvv. */
static bool read_vex(struct cursor *c)
{
    bool is_long = c->code[c->at] == 0xc4;
    uint8_t first = c->code[c->at + 1];
    uint8_t last = is_long ? c->code[c->at + 2] : first;
    uint32_t map = is_long ? first & 31u : 1u;

    if (c->prefixes != 0 || map < 1 || map > 3 || (last & 4) != 0) /* bit 2: 256 bits wide */
        return false;
    c->is_vex = true;
    c->rex = (uint8_t)(~first >> 5) & (is_long ? REX_R | REX_X | REX_B : REX_R); /* inverted */
    if (is_long && (last & 0x80) != 0)
        c->rex |= REX_W;
    c->vvvv = (~last >> 3) & 15;
    c->at += is_long ? 3 : 2;
    c->opcode = c->code[c->at++];
    c->key = row_key(true, map, last & 3, 0); /* VEX numbers maps and prefixes as we do */
    return true;
}

FAST void read_legacy(struct cursor *c)
{
    uint32_t map = MAP_M1;
    uint8_t byte = c->code[c->at++];

    if ((byte & 0xf0) == REX_IS) {
        c->rex = byte;
        byte = c->code[c->at++];
    }
    if (byte == 0x0f) {
        map = MAP_M0F;
        byte = c->code[c->at++];
        if (byte == 0x38 || byte == 0x3a) {
            map = byte == 0x38 ? MAP_M38 : MAP_M3A;
            byte = c->code[c->at++];
        }
    }
    c->opcode = byte;
    c->key = row_key(false, map, c->pp, 0);
}

/* The high byte of ax, cx, dx, bx: never emitted, and its effect on a register is odd. */
static bool is_high_byte(uint8_t rex, uint8_t use, uint8_t reg)
{
    return (use & SFI_KIND) == SFI_KIND_B && (rex & REX_IS) == 0 && reg >= 4 && reg < 8;
}

/* Whether operand bytes that are fixed, and registers of one byte, are the row's. */
static bool row_allows_operands(const struct row *row, uint8_t rex, uint8_t modrm,
                                const struct sfi_insn *ins)
{
    if (row->mod == MOD_ENDBR && modrm != 0xfa)
        return false;
    if (row->mod == MOD_FENCE && (modrm & 7) != 0)
        return false;
    return !is_high_byte(rex, row->reg, ins->reg) && !is_high_byte(rex, row->rm, ins->rm);
}

/* Whether prefixes are the row's. size_66: 66 is not the row's own prefix, so it must be an operand
 * size. */
static bool row_allows_prefixes(const struct row *row, const struct cursor *c, bool size_66)
{
    if (size_66 && row->width != WIDTH_V)
        return false;
    if ((c->prefixes & HAS_NOTRACK) != 0 && row->enc != ENC_NOTRACK)
        return false;
    return (c->prefixes & HAS_LOCK) == 0 || (row->enc == ENC_LOCKABLE && c->modrm < 0xc0);
}

FAST uint32_t look_up(const struct cursor *c)
{
    uint32_t i = lookup[c->key + c->opcode];
    return i < GROUP ? i : groups[i - GROUP][group_entry(c->rex, c->modrm)];
}

/* The same with prefixes: a 66 that no row asks for may be the operand size of one without. */
static uint32_t look_up_prefixed(struct cursor *c)
{
    uint32_t i = look_up(c);
    bool is_mandatory = c->pp == PP_P66;

    if (i == 0 && is_mandatory) {
        c->key -= row_key(false, 0, PP_P66, 0);
        is_mandatory = false;
        i = look_up(c);
    }
    bool size_66 = (c->prefixes & HAS_66) != 0 && !is_mandatory;
    return i != 0 && row_allows_prefixes(&rows[i - 1], c, size_66) ? i : 0;
}

/* A register: three bits of the code, and one of REX. */
FAST uint8_t with_high_bit(uint32_t low, uint32_t rex_bit)
{
    return (uint8_t)((low & 7) | (rex_bit != 0 ? 8 : 0));
}

/* The next 0, 1, 2, 4 or 8 bytes: a number with its sign. */
FAST int64_t read_number(struct cursor *c, uint32_t bytes)
{
    uint32_t unused = 64 - 8 * bytes;
    uint64_t word;

    memcpy(&word, c->code + c->at, sizeof(word)); /* this processor's order of bytes */
    c->at += bytes;
    return bytes == 0 ? 0 : (int64_t)(word << unused) >> unused;
}

/* The address behind the operand byte. */
FAST void read_address(struct cursor *c, struct sfi_mem *mem)
{
    static const uint8_t disp_sizes[4] = {0, 1, 4, 0};
    uint32_t mod = c->modrm >> 6, rm = c->modrm & 7u;
    uint32_t disp_bytes = disp_sizes[mod];

    *mem = (struct sfi_mem){
        .base = with_high_bit(rm, c->rex & REX_B), .index = SFI_NO_REG, .scale = 1};
    if (rm == 4) {
        uint8_t sib = c->code[c->at++];
        uint8_t index = with_high_bit(sib >> 3, c->rex & REX_X);
        mem->scale = (uint8_t)(1 << (sib >> 6));
        mem->index = index == 4 ? SFI_NO_REG : index;
        mem->base = with_high_bit(sib, c->rex & REX_B);
        if ((sib & 7) == 5 && mod == 0) {
            mem->base = SFI_NO_REG;
            disp_bytes = 4;
        }
    } else if (rm == 5 && mod == 0) {
        mem->base = SFI_REG_RIP;
        disp_bytes = 4;
    }
    mem->disp = (int32_t)read_number(c, disp_bytes);
}

FAST void read_immediate(struct cursor *c, uint8_t imm, struct sfi_insn *ins)
{
    static const uint8_t sizes[] = {
        [IMM_NONE] = 0, [IMM_I1] = 1, [IMM_I4] = 4, [IMM_IZ] = 4, [IMM_ONE] = 0, [IMM_IS4] = 1};
    uint32_t bytes = imm == IMM_IV ? ins->width : imm == IMM_IZ && ins->width == 2 ? 2 : sizes[imm];

    if (imm == IMM_IS4)
        ins->is4 = c->code[c->at] >> 4;
    ins->imm = imm == IMM_ONE ? 1 : read_number(c, bytes);
}

uint32_t sfi_operand_bytes(const struct sfi_insn *ins, uint8_t use)
{
    static const uint8_t bytes[] = {[SFI_KIND_B / 4] = 1,
                                    [SFI_KIND_W / 4] = 2,
                                    [SFI_KIND_D / 4] = 4,
                                    [SFI_KIND_Q / 4] = 8,
                                    [SFI_KIND_X / 4] = 16};
    uint32_t kind = use & SFI_KIND;

    return kind == SFI_KIND_V || kind == SFI_KIND_Y ? ins->width : bytes[kind / 4];
}

/* Behind the operand byte. */
FAST void read_operands(struct cursor *c, const struct row *row, struct sfi_insn *ins)
{
    c->at++;
    if (row->reg != USE_NO)
        ins->reg = with_high_bit(c->modrm >> 3, c->rex & REX_R);
    if (c->modrm >= 0xc0) {
        if (row->rm != USE_NO)
            ins->rm = with_high_bit(c->modrm, c->rex & REX_B);
        return;
    }
    ins->has_memory = true;
    read_address(c, &ins->mem);
    if ((row->rm & SFI_ACCESS) != 0)
        ins->mem.width =
            row->mem != 0 ? row->mem & MEM_BYTES : (uint8_t)sfi_operand_bytes(ins, row->rm);
    if ((row->mem & MEM_A) != 0)
        ins->needs_alignment = (row->mem & MEM_AA) == MEM_AA || !c->is_vex;
}

/* From the opcode on, whose row is number - 1; 0: there is none. */
FAST bool read_rest(struct cursor *c, uint32_t number, struct sfi_insn *out)
{
    if (number == 0)
        return false;
    const struct row *row = &rows[number - 1];
    *out = templates[c->is_vex][number - 1];
    out->row = (uint16_t)(number - 1);
    out->condition = c->opcode & 15;
    out->is_locked = (c->prefixes & HAS_LOCK) != 0;
    out->width = row->width;
    if (row->width == WIDTH_V)
        out->width = (c->rex & REX_W) != 0 ? 8 : (c->prefixes & HAS_66) != 0 ? 2 : 4;
    else if (row->width == WIDTH_Y)
        out->width = (c->rex & REX_W) != 0 ? 8 : 4;
    if (row->mod > MOD_AX || row->mod == MOD_RM)
        read_operands(c, row, out);
    else if (row->mod != MOD_NONE)
        out->rm = row->mod == MOD_AX ? SFI_RAX : with_high_bit(c->opcode, c->rex & REX_B);
    if (row->asks_more && !row_allows_operands(row, c->rex, c->modrm, out))
        return false;
    if (c->is_vex && row->vex != USE_NO)
        out->vex = c->vvvv;
    else if (c->vvvv != 0)
        return false;
    if (row->imm != IMM_NONE)
        read_immediate(c, row->imm, out);
    out->length = (uint8_t)c->at;
    return c->at <= SFI_INSN_BYTES_MAX;
}

/* What one in seven needs: prefixes, VEX. */
static __attribute__((noinline)) bool decode_prefixed(const uint8_t *code, struct sfi_insn *out)
{
    struct cursor c = {.code = code};

    if (!read_prefixes(&c))
        return false;
    if ((code[c.at] & 0xfe) != 0xc4)
        read_legacy(&c);
    else if (!read_vex(&c))
        return false;
    c.modrm = code[c.at];
    return read_rest(&c, look_up_prefixed(&c), out);
}

/* At the end of what there is: with zeros behind it. */
static __attribute__((noinline)) bool decode_last(const uint8_t *code, size_t size,
                                                  struct sfi_insn *out)
{
    uint8_t padded[READ_MAX] = {0};

    memcpy(padded, code, size);
    return sfi_decode_prepared(padded, sizeof(padded), out) && out->length <= size;
}

bool sfi_decode_prepared(const uint8_t *code, size_t size, struct sfi_insn *out)
{
    struct cursor c = {.code = code};

    if (UNLIKELY(size < READ_MAX))
        return decode_last(code, size, out);
    if (prefix_bits[code[0]] != 0 || (code[0] & 0xfe) == 0xc4)
        return decode_prefixed(code, out);
    read_legacy(&c);
    c.modrm = code[c.at]; /* rows without an operand byte ignore it */
    return read_rest(&c, look_up(&c), out);
}

bool sfi_decode(const uint8_t *code, size_t size, struct sfi_insn *out)
{
    sfi_decode_prepare();
    return sfi_decode_prepared(code, size, out);
}

/* ---- what tests and refusals ask ----------------------------------------------------------------
 */

const char *sfi_insn_text(const struct sfi_insn *ins)
{
    return ins->row < ROW_COUNT ? row_texts[ins->row] : "?";
}

static void add_operand(struct sfi_effects *fx, uint8_t use, uint8_t reg)
{
    if (reg >= 16)
        return;
    uint16_t bit = (uint16_t)(1u << reg);
    bool is_vector = (use & SFI_KIND) == SFI_KIND_X;
    if ((use & SFI_READ) != 0)
        *(is_vector ? &fx->xmm_reads : &fx->gpr_reads) |= bit;
    if ((use & SFI_WRITE) != 0)
        *(is_vector ? &fx->xmm_writes : &fx->gpr_writes) |= bit;
}

void sfi_insn_effects(const struct sfi_insn *ins, struct sfi_effects *out)
{
    struct sfi_effects fx = {.gpr_reads = ins->gpr_reads_implied,
                             .gpr_writes = ins->gpr_writes_implied};
    bool uses_stack = ins->op == SFI_OP_PUSH || ins->op == SFI_OP_POP || ins->op == SFI_OP_CALL ||
                      ins->op == SFI_OP_CALL_INDIRECT || ins->op == SFI_OP_RET;

    add_operand(&fx, ins->reg_use, ins->reg);
    add_operand(&fx, ins->vex_use, ins->vex);
    if (!ins->has_memory) {
        add_operand(&fx, ins->rm_use, ins->rm);
    } else {
        add_operand(&fx, USE_rQ, ins->mem.base);
        add_operand(&fx, USE_rQ, ins->mem.index);
    }
    add_operand(&fx, USE_rX, ins->is4);
    if ((rows[ins->row].reads & IMPLIED_XMM0) != 0)
        fx.xmm_reads |= 1;
    if (uses_stack)
        add_operand(&fx, USE_rQ | SFI_WRITE, SFI_RSP);
    *out = fx;
}

uint32_t sfi_row_count(void)
{
    return ROW_COUNT;
}

bool sfi_rows_overlap(uint32_t *first, uint32_t *second)
{
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        for (uint32_t k = i + 1; k < ROW_COUNT; k++) {
            const struct row *a = &rows[i], *b = &rows[k];
            bool same_form = (row_has_form(a, false) && row_has_form(b, false)) ||
                             (row_has_form(a, true) && row_has_form(b, true));
            bool same_opcode = a->map == b->map && a->pp == b->pp &&
                               a->opcode < b->opcode + b->count && b->opcode < a->opcode + a->count;
            if (same_form && same_opcode && (a->entries & b->entries) != 0) {
                *first = i;
                *second = k;
                return true;
            }
        }
    return false;
}
