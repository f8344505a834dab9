/* select_lane: single lanes: into all lanes, out of one, into one, from and to memory.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

static const struct sel_amode no_memory;

static struct sel_xmm from_gpr32(struct select *s, struct sel_gpr a)
{
    return sel_MOVD_FROM(s, (struct sel_rm32){a.v, no_memory});
}

static struct sel_xmm from_gpr64(struct select *s, struct sel_gpr a)
{
    return sel_MOVQ_FROM(s, (struct sel_rm64){a.v, no_memory});
}

/* ---- splat ----------------------------------------------------------------------------------- */

/* A row that exists only in VEX. */
static struct sel_xmm broadcast(struct select *s, enum x64_op op, mir_vreg b,
                                const struct sel_amode *at)
{
    struct sel_xmm d = {sel_vreg_new(s, MIR_XMM, MIR_W128)};

    assert(sel_has(s, x64_rows[op].needs));
    sel_inst(s, op, 16);
    sel_def_reg(s, d.v);
    if (b == MIR_NONE)
        sel_mem(s, at);
    else
        sel_use(s, b);
    return d;
}

/* The lowest lane, of an integer shape, into all. */
static struct sel_xmm splat_lowest(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    static const enum x64_op rows[] = {X64_VPBROADCASTB, X64_VPBROADCASTW, X64_VPBROADCASTD,
                                       X64_VPBROADCASTQ};

    assert(shape <= IR_I64X2);
    if (sel_has(s, CODEGEN_AVX | CODEGEN_AVX2))
        return broadcast(s, rows[shape], a.v, NULL);
    switch (shape) {
    case IR_I8X16:
        if (sel_has(s, CODEGEN_SSSE3))
            return r_PSHUFB(s, a, vec_zero(s));
        a = r_PUNPCKLBW(s, a, a);
        return r_PSHUFD(s, r_PSHUFLW(s, a, 0), 0);
    case IR_I16X8: return r_PSHUFD(s, r_PSHUFLW(s, a, 0), 0);
    case IR_I32X4: return r_PSHUFD(s, a, 0);
    default: return r_PUNPCKLQDQ(s, a, a);
    }
}

struct sel_xmm sel_splat_gpr(struct select *s, enum ir_shape shape, struct sel_gpr a)
{
    return splat_lowest(s, shape, shape == IR_I64X2 ? from_gpr64(s, a) : from_gpr32(s, a));
}

struct sel_xmm sel_splat_xmm(struct select *s, enum ir_shape shape, struct sel_xmm a)
{
    if (shape == IR_F32X4)
        return sel_has(s, CODEGEN_AVX) ? r_SHUFPS(s, a, a, 0) : r_PSHUFD(s, a, 0);
    return sel_has(s, CODEGEN_SSE3) ? r_MOVDDUP(s, a) : r_UNPCKLPD(s, a, a);
}

struct sel_xmm sel_splat_load8(struct select *s, struct sel_mem8 m)
{
    if (sel_has(s, CODEGEN_AVX | CODEGEN_AVX2))
        return broadcast(s, X64_VPBROADCASTB, MIR_NONE, &m.at);
    struct sel_gpr a = {sel_mov_rm(s, X64_MOVZX8_RM, 4, 0, &m.at)};
    return splat_lowest(s, IR_I8X16, from_gpr32(s, a));
}

struct sel_xmm sel_splat_load16(struct select *s, struct sel_mem16 m)
{
    if (sel_has(s, CODEGEN_AVX | CODEGEN_AVX2))
        return broadcast(s, X64_VPBROADCASTW, MIR_NONE, &m.at);
    struct sel_gpr a = {sel_mov_rm(s, X64_MOVZX16_RM, 4, 0, &m.at)};
    return splat_lowest(s, IR_I16X8, from_gpr32(s, a));
}

struct sel_xmm sel_splat_load32(struct select *s, struct sel_mem32 m)
{
    if (sel_has(s, CODEGEN_AVX))
        return broadcast(s, X64_VBROADCASTSS, MIR_NONE, &m.at);
    return r_PSHUFD(s, sel_MOVSS_LOAD(s, m), 0);
}

struct sel_xmm sel_splat_load64(struct select *s, struct sel_mem64 m)
{
    if (sel_has(s, CODEGEN_SSE3))
        return sel_MOVDDUP(s, (struct sel_xm64){MIR_NONE, m.at});
    struct sel_xmm a = sel_MOVSD_LOAD(s, m);
    return r_UNPCKLPD(s, a, a);
}

/* ---- into the lowest lane, zero above -------------------------------------------------------- */

struct sel_xmm sel_scalar_gpr(struct select *s, enum ir_type type, struct sel_gpr a)
{
    return type == IR_I64 ? from_gpr64(s, a) : from_gpr32(s, a);
}

struct sel_xmm sel_scalar_xmm(struct select *s, enum ir_type type, struct sel_xmm a)
{
    return type == IR_F64 ? r_MOVQ_RM(s, a) : r_MOVSS_RR(s, vec_zero(s), a);
}

/* ---- out of a lane --------------------------------------------------------------------------- */

/* Zero-extended bytes and words. */
static struct sel_gpr extract_narrow(struct select *s, enum ir_shape shape, struct sel_xmm a,
                                     uint32_t lane)
{
    if (shape == IR_I16X8)
        return r_PEXTRW(s, a, lane);
    if (sel_has(s, CODEGEN_SSE41))
        return r_PEXTRB(s, a, lane);
    struct sel_gpr word = r_PEXTRW(s, a, lane / 2);
    if (lane % 2 != 0)
        return (struct sel_gpr){sel_alu_ri(s, X64_SHR_RI, 4, word.v, 8)};
    return (struct sel_gpr){sel_mov_rm(s, X64_MOVZX8_RM, 4, word.v, NULL)};
}

struct sel_gpr sel_extract_u(struct select *s, enum ir_shape shape, struct sel_xmm a, uint32_t lane)
{
    switch (shape) {
    case IR_I32X4:
        if (lane == 0)
            return r_MOVD_TO(s, a);
        return sel_has(s, CODEGEN_SSE41) ? r_PEXTRD(s, a, lane)
                                         : r_MOVD_TO(s, r_PSHUFD(s, a, lane));
    case IR_I64X2:
        if (lane == 0)
            return r_MOVQ_TO(s, a);
        return sel_has(s, CODEGEN_SSE41) ? r_PEXTRQ(s, a, 1) : r_MOVQ_TO(s, r_PSHUFD(s, a, 0xee));
    default: return extract_narrow(s, shape, a, lane);
    }
}

struct sel_gpr sel_extract_s(struct select *s, enum ir_shape shape, struct sel_xmm a, uint32_t lane)
{
    struct sel_gpr r = sel_extract_u(s, shape, a, lane);

    if (shape == IR_I8X16)
        return (struct sel_gpr){sel_mov_rm(s, X64_MOVSX8_RM, 4, r.v, NULL)};
    if (shape == IR_I16X8)
        return (struct sel_gpr){sel_mov_rm(s, X64_MOVSX16_RM, 4, r.v, NULL)};
    return r;
}

/* The lowest lane as a value of its own: half a slot holds it, and a whole one the vector. */
static struct sel_xmm lowest(struct select *s, struct sel_xmm a)
{
    struct sel_xmm d = {sel_vreg_new(s, MIR_XMM, MIR_W64)};

    sel_inst(s, X64_MOVE_XMM, 8);
    sel_use(s, a.v);
    sel_def_reg(s, d.v);
    return d;
}

struct sel_xmm sel_extract_float(struct select *s, enum ir_shape shape, struct sel_xmm a,
                                 uint32_t lane)
{
    if (lane == 0)
        return lowest(s, a);
    if (shape == IR_F64X2)
        return r_UNPCKHPD(s, a, a);
    if (lane == 1 && sel_has(s, CODEGEN_SSE3))
        return r_MOVSHDUP(s, a);
    if (lane == 2)
        return r_UNPCKHPD(s, a, a);
    return r_PSHUFD(s, a, lane);
}

/* ---- into a lane ----------------------------------------------------------------------------- */

/* A byte into one of the two of a word. */
static struct sel_xmm replace8(struct select *s, struct sel_xmm a, struct sel_gpr b, uint32_t lane)
{
    struct sel_gpr word = r_PEXTRW(s, a, lane / 2);
    struct sel_gpr byte = {sel_mov_rm(s, X64_MOVZX8_RM, 4, b.v, NULL)};

    if (lane % 2 != 0) {
        byte.v = sel_alu_ri(s, X64_SHL_RI, 4, byte.v, 8);
        word.v = sel_alu_ri(s, X64_AND_RI, 4, word.v, 0xff);
    } else {
        word.v = sel_alu_ri(s, X64_AND_RI, 4, word.v, 0xff00);
    }
    word.v = sel_alu_rm(s, X64_OR_RM, 4, word.v, byte.v, NULL);
    return sel_PINSRW(s, a, (struct sel_rm16){word.v, no_memory}, lane / 2);
}

/* Places of the low two lanes of x and of y, as shufps counts them. */
static uint32_t places(uint32_t x0, uint32_t x1, uint32_t y0, uint32_t y1)
{
    return x0 | x1 << 2 | y0 << 4 | y1 << 6;
}

/* b, in the lowest lane of its register, into a lane of 32 bits. */
static struct sel_xmm replace32(struct select *s, struct sel_xmm a, struct sel_xmm b, uint32_t lane)
{
    if (lane == 0)
        return r_MOVSS_RR(s, a, b);
    if (sel_has(s, CODEGEN_SSE41))
        return r_INSERTPS(s, a, b, lane << 4);
    if (lane == 1) { /* b . a0 . , then the halves together */
        struct sel_xmm low = r_UNPCKLPS(s, a, b);
        return r_SHUFPS(s, low, a, places(0, 1, 2, 3));
    }
    struct sel_xmm high =
        lane == 2 ? r_SHUFPS(s, b, a, places(0, 0, 3, 3)) : r_SHUFPS(s, b, a, places(0, 0, 2, 2));
    return r_SHUFPS(s, a, high, lane == 2 ? places(0, 1, 0, 2) : places(0, 1, 2, 0));
}

struct sel_xmm sel_replace_gpr(struct select *s, enum ir_shape shape, struct sel_xmm a,
                               struct sel_gpr b, uint32_t lane)
{
    switch (shape) {
    case IR_I8X16:
        if (sel_has(s, CODEGEN_SSE41))
            return sel_PINSRB(s, a, (struct sel_rm8){b.v, no_memory}, lane);
        return replace8(s, a, b, lane);
    case IR_I16X8: return sel_PINSRW(s, a, (struct sel_rm16){b.v, no_memory}, lane);
    case IR_I32X4:
        if (sel_has(s, CODEGEN_SSE41))
            return sel_PINSRD(s, a, (struct sel_rm32){b.v, no_memory}, lane);
        return replace32(s, a, from_gpr32(s, b), lane);
    default:
        if (sel_has(s, CODEGEN_SSE41))
            return sel_PINSRQ(s, a, (struct sel_rm64){b.v, no_memory}, lane);
        struct sel_xmm wide = from_gpr64(s, b);
        return lane == 0 ? r_MOVSD_RR(s, a, wide) : r_PUNPCKLQDQ(s, a, wide);
    }
}

struct sel_xmm sel_replace_xmm(struct select *s, enum ir_shape shape, struct sel_xmm a,
                               struct sel_xmm b, uint32_t lane)
{
    if (shape == IR_F32X4)
        return replace32(s, a, b, lane);
    return lane == 0 ? r_MOVSD_RR(s, a, b) : r_UNPCKLPD(s, a, b);
}

struct sel_xmm sel_replace_load8(struct select *s, struct sel_xmm a, struct sel_mem8 m,
                                 uint32_t lane)
{
    if (sel_has(s, CODEGEN_SSE41))
        return sel_PINSRB(s, a, (struct sel_rm8){MIR_NONE, m.at}, lane);
    struct sel_gpr b = {sel_mov_rm(s, X64_MOVZX8_RM, 4, 0, &m.at)};
    return replace8(s, a, b, lane);
}

struct sel_xmm sel_replace_load16(struct select *s, struct sel_xmm a, struct sel_mem16 m,
                                  uint32_t lane)
{
    return sel_PINSRW(s, a, (struct sel_rm16){MIR_NONE, m.at}, lane);
}

struct sel_xmm sel_replace_load32(struct select *s, struct sel_xmm a, struct sel_mem32 m,
                                  uint32_t lane)
{
    if (sel_has(s, CODEGEN_SSE41))
        return sel_INSERTPS(s, a, (struct sel_xm32){MIR_NONE, m.at}, lane << 4);
    return replace32(s, a, sel_MOVSS_LOAD(s, m), lane);
}

struct sel_xmm sel_replace_load64(struct select *s, struct sel_xmm a, struct sel_mem64 m,
                                  uint32_t lane)
{
    return lane == 0 ? sel_MOVLPS_LOAD(s, a, m) : sel_MOVHPS_LOAD(s, a, m);
}

/* ---- a lane to memory ------------------------------------------------------------------------ */

static void store_lane(struct select *s, uint32_t bytes, struct sel_amode at, struct sel_xmm a,
                       uint32_t lane)
{
    switch (bytes) {
    case 1:
        if (sel_has(s, CODEGEN_SSE41))
            sel_PEXTRB_STORE(s, (struct sel_mem8){at}, a, lane);
        else
            sel_store_r(s, X64_MOV_MR, 1, &at, extract_narrow(s, IR_I8X16, a, lane).v);
        return;
    case 2:
        if (sel_has(s, CODEGEN_SSE41))
            sel_PEXTRW_STORE(s, (struct sel_mem16){at}, a, lane);
        else
            sel_store_r(s, X64_MOV_MR, 2, &at, r_PEXTRW(s, a, lane).v);
        return;
    case 4:
        if (lane == 0)
            sel_MOVSS_STORE(s, (struct sel_mem32){at}, a);
        else if (sel_has(s, CODEGEN_SSE41))
            sel_PEXTRD_STORE(s, (struct sel_mem32){at}, a, lane);
        else
            sel_MOVSS_STORE(s, (struct sel_mem32){at}, r_PSHUFD(s, a, lane));
        return;
    default:
        if (lane == 0)
            sel_MOVSD_STORE(s, (struct sel_mem64){at}, a);
        else
            sel_MOVHPS_STORE(s, (struct sel_mem64){at}, a);
    }
}

bool sel_lane_fits(struct select *s, enum ir_shape shape, uint32_t access)
{
    static const uint8_t bytes[] = {
#define IRSHAPE(name, text, lanes, bits) (bits) / 8,
#include "shield/ir/shapes.def"
#undef IRSHAPE
    };
    return s->f->accesses[access].bytes == bytes[shape];
}

void sel_store_lane(struct select *s, ir_value address, uint32_t access, struct sel_xmm a,
                    uint32_t lane)
{
    const struct ir_access *how = &s->f->accesses[access];

    store_lane(s, how->bytes, sel_amode(s, address, how), a, lane);
}
