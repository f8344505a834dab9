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
     ROW_WIDTH(USE_##reg, USE_##rm, USE_##vex)},
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

static uint32_t row_key(bool is_vex, uint32_t map, uint32_t pp, uint32_t opcode)
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

static uint32_t group_entry(bool w, uint8_t modrm)
{
    return (uint32_t)w << 4 | (uint32_t)(modrm >= 0xc0) << 3 | ((modrm >> 3) & 7u);
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
    HAS_REX = 32,
    LEGACY_PREFIXES = HAS_66 | HAS_F2 | HAS_F3 | HAS_LOCK | HAS_NOTRACK,
};

struct cursor {
    const uint8_t *code;
    uint32_t size, at;
    uint8_t prefixes;
    bool is_vex, w;
    uint8_t r, x, b; /* 0 or 8: the high bit of reg, index and rm */
    uint8_t vvvv;
    uint8_t map, pp, opcode;
    uint8_t modrm;
};

static uint8_t prefix_bit(uint8_t byte)
{
    switch (byte) {
    case 0x66: return HAS_66;
    case 0xf2: return HAS_F2;
    case 0xf3: return HAS_F3;
    case 0xf0: return HAS_LOCK;
    case 0x3e: return HAS_NOTRACK;
    default: return 0;
    }
}

/* Prefixes in any order, none twice; segment, address-size and unknown ones do not exist here. */
static bool read_prefixes(struct cursor *c)
{
    for (; c->at < c->size; c->at++) {
        uint8_t bit = prefix_bit(c->code[c->at]);
        if (bit == 0)
            return true;
        if ((c->prefixes & bit) != 0)
            return false;
        c->prefixes |= bit;
    }
    return false;
}

/* C5 and C4: two and three bytes that hold prefix, map, register bits and vvvv. */
static bool read_vex(struct cursor *c)
{
    bool is_long = c->code[c->at] == 0xc4;
    if (c->prefixes != 0 || c->size - c->at < (is_long ? 4u : 3u))
        return false;
    uint8_t first = c->code[c->at + 1];
    uint8_t last = is_long ? c->code[c->at + 2] : first;
    uint32_t map = is_long ? first & 31u : 1u;

    c->is_vex = true;
    c->r = (first & 0x80) != 0 ? 0 : 8;
    c->x = is_long && (first & 0x40) == 0 ? 8 : 0;
    c->b = is_long && (first & 0x20) == 0 ? 8 : 0;
    c->w = is_long && (last & 0x80) != 0;
    c->vvvv = (~last >> 3) & 15;
    c->pp = last & 3;
    if (map < 1 || map > 3 || (last & 4) != 0) /* bit 2: 256 bits wide */
        return false;
    c->map = (uint8_t)map; /* VEX numbers the maps as we do */
    c->at += is_long ? 3 : 2;
    c->opcode = c->code[c->at++];
    return true;
}

static bool read_legacy(struct cursor *c)
{
    uint8_t byte = c->code[c->at];
    if ((byte & 0xf0) == 0x40) {
        c->prefixes |= HAS_REX;
        c->w = (byte & 8) != 0;
        c->r = (uint8_t)((byte & 4) << 1);
        c->x = (uint8_t)((byte & 2) << 2);
        c->b = (uint8_t)((byte & 1) << 3);
        if (++c->at >= c->size)
            return false;
    }
    c->map = MAP_M1;
    c->opcode = c->code[c->at++];
    if (c->opcode == 0x0f) {
        if (c->at >= c->size)
            return false;
        c->map = MAP_M0F;
        c->opcode = c->code[c->at++];
        if (c->opcode == 0x38 || c->opcode == 0x3a) {
            if (c->at >= c->size)
                return false;
            c->map = c->opcode == 0x38 ? MAP_M38 : MAP_M3A;
            c->opcode = c->code[c->at++];
        }
    }
    if ((c->prefixes & LEGACY_PREFIXES) == 0)
        return true;
    c->pp = (c->prefixes & HAS_F3) != 0   ? PP_PF3
            : (c->prefixes & HAS_F2) != 0 ? PP_PF2
            : (c->prefixes & HAS_66) != 0 ? PP_P66
                                          : PP_NP;
    return (c->prefixes & (HAS_F2 | HAS_F3)) != (HAS_F2 | HAS_F3);
}

/* Whether prefixes, and operand bytes that are fixed, are the row's. size_66: 66 is not the row's
 * own prefix, so it must be an operand size. */
static bool row_allows(const struct row *row, const struct cursor *c, bool size_66)
{
    if (size_66 && row->width != WIDTH_V)
        return false;
    if ((c->prefixes & HAS_NOTRACK) != 0 && row->enc != ENC_NOTRACK)
        return false;
    if ((c->prefixes & HAS_LOCK) != 0 && (row->enc != ENC_LOCKABLE || c->modrm >= 0xc0))
        return false;
    if (row->mod == MOD_ENDBR)
        return c->modrm == 0xfa;
    return row->mod != MOD_FENCE || (c->modrm & 7) == 0;
}

/* Whether c's modrm byte exists: rows without one ignore it. */
static bool mod_has_byte(uint8_t mod)
{
    return mod != MOD_NONE && mod != MOD_OP && mod != MOD_AX;
}

static const struct row *find_row(struct cursor *c)
{
    bool size_66 = (c->prefixes & HAS_66) != 0 && c->pp != PP_P66;
    c->modrm = c->at < c->size ? c->code[c->at] : 0;
    for (;;) {
        uint32_t i = lookup[row_key(c->is_vex, c->map, c->pp, c->opcode)];
        if (i >= GROUP)
            i = groups[i - GROUP][group_entry(c->w, c->modrm)];
        if (i != 0) {
            const struct row *row = &rows[i - 1];
            bool is_short = c->at >= c->size && mod_has_byte(row->mod);
            return !is_short && row_allows(row, c, size_66) ? row : NULL;
        }
        if (c->is_vex || c->pp != PP_P66)
            return NULL;
        c->pp = PP_NP; /* 66 may be the operand size of a row without a prefix of its own */
        size_66 = true;
    }
}

static int32_t read_i32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v)); /* this processor and that of the code have one order of bytes */
    return (int32_t)v;
}

/* The address behind the operand byte. */
static bool read_address(struct cursor *c, struct sfi_mem *mem)
{
    uint32_t mod = c->modrm >> 6, rm = c->modrm & 7u;
    uint32_t disp_bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;

    *mem = (struct sfi_mem){.base = (uint8_t)(rm | c->b), .index = SFI_NO_REG, .scale = 1};
    if (rm == 4) {
        if (c->at >= c->size)
            return false;
        uint8_t sib = c->code[c->at++];
        uint8_t index = (uint8_t)(((sib >> 3) & 7) | c->x);
        mem->scale = (uint8_t)(1 << (sib >> 6));
        mem->index = index == 4 ? SFI_NO_REG : index;
        mem->base = (uint8_t)((sib & 7) | c->b);
        if ((sib & 7) == 5 && mod == 0) {
            mem->base = SFI_NO_REG;
            disp_bytes = 4;
        }
    } else if (rm == 5 && mod == 0) {
        mem->base = SFI_REG_RIP;
        disp_bytes = 4;
    }
    if (disp_bytes == 0)
        return true;
    if (c->size - c->at < disp_bytes)
        return false;
    mem->disp = disp_bytes == 1 ? (int8_t)c->code[c->at] : read_i32(c->code + c->at);
    c->at += disp_bytes;
    return true;
}

static bool read_immediate(struct cursor *c, uint8_t imm, struct sfi_insn *ins)
{
    static const uint8_t sizes[] = {
        [IMM_NONE] = 0, [IMM_I1] = 1, [IMM_I4] = 4, [IMM_IZ] = 4, [IMM_ONE] = 0, [IMM_IS4] = 1};
    uint32_t bytes = imm == IMM_IV ? ins->width : imm == IMM_IZ && ins->width == 2 ? 2 : sizes[imm];
    const uint8_t *p = c->code + c->at;
    if (c->size - c->at < bytes)
        return false;
    switch (bytes) {
    case 0: ins->imm = imm == IMM_ONE; break;
    case 1: ins->imm = (int8_t)p[0]; break;
    case 2: ins->imm = (int16_t)(uint16_t)(p[0] | p[1] << 8); break;
    case 4: ins->imm = read_i32(p); break;
    default: memcpy(&ins->imm, p, sizeof(ins->imm)); break;
    }
    if (imm == IMM_IS4)
        ins->is4 = p[0] >> 4;
    c->at += bytes;
    return true;
}

uint32_t sfi_operand_bytes(const struct sfi_insn *ins, uint8_t use)
{
    switch (use & SFI_KIND) {
    case SFI_KIND_B: return 1;
    case SFI_KIND_W: return 2;
    case SFI_KIND_D: return 4;
    case SFI_KIND_Q: return 8;
    case SFI_KIND_V:
    case SFI_KIND_Y: return ins->width;
    case SFI_KIND_X: return 16;
    default: return 0;
    }
}

/* The high byte of ax, cx, dx, bx: never emitted, and its effect on a register is odd. */
static bool is_high_byte(const struct cursor *c, uint8_t use, uint8_t reg)
{
    return (use & SFI_KIND) == SFI_KIND_B && (c->prefixes & HAS_REX) == 0 && reg >= 4 && reg < 8;
}

static bool read_operands(struct cursor *c, const struct row *row, struct sfi_insn *ins)
{
    if (row->mod == MOD_OP) {
        ins->rm = (uint8_t)((c->opcode & 7) | c->b);
    } else if (row->mod == MOD_AX) {
        ins->rm = SFI_RAX;
    } else if (row->mod != MOD_NONE) {
        c->at++;
        if (row->reg != USE_NO)
            ins->reg = (uint8_t)(((c->modrm >> 3) & 7) | c->r);
        if (c->modrm >= 0xc0) {
            if (row->rm != USE_NO)
                ins->rm = (uint8_t)((c->modrm & 7) | c->b);
        } else {
            ins->has_memory = true;
            if (!read_address(c, &ins->mem))
                return false;
            if ((row->rm & SFI_ACCESS) != 0)
                ins->mem.width =
                    row->mem != 0 ? row->mem & MEM_BYTES : (uint8_t)sfi_operand_bytes(ins, row->rm);
            ins->needs_alignment =
                (row->mem & MEM_AA) == MEM_AA || ((row->mem & MEM_A) != 0 && !c->is_vex);
        }
    }
    if (is_high_byte(c, row->reg, ins->reg) || is_high_byte(c, row->rm, ins->rm))
        return false;
    if (c->is_vex && row->vex != USE_NO)
        ins->vex = c->vvvv;
    else if (c->is_vex && c->vvvv != 0)
        return false;
    return true;
}

bool sfi_decode_prepared(const uint8_t *code, size_t size, struct sfi_insn *out)
{
    struct cursor c = {.code = code, .size = (uint32_t)MIN(size, SFI_INSN_BYTES_MAX)};

    if (!read_prefixes(&c))
        return false;
    uint8_t first = code[c.at];
    if (!(first == 0xc4 || first == 0xc5 ? read_vex(&c) : read_legacy(&c)))
        return false;
    const struct row *row = find_row(&c);
    if (row == NULL)
        return false;

    *out = templates[c.is_vex][row - rows];
    out->row = (uint16_t)(row - rows);
    out->condition = c.opcode & 15;
    out->is_locked = (c.prefixes & HAS_LOCK) != 0;
    if (row->width == WIDTH_V)
        out->width = c.w ? 8 : (c.prefixes & HAS_66) != 0 ? 2 : 4;
    else if (row->width == WIDTH_Y)
        out->width = c.w ? 8 : 4;
    else
        out->width = row->width;
    if (!read_operands(&c, row, out) || !read_immediate(&c, row->imm, out))
        return false;
    out->length = (uint8_t)c.at;
    return true;
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
