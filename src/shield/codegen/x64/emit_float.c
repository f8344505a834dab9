/*
 * emit_float: float operations whose frequent case is short and whose rare one lies behind the
 * function: minimum and maximum of equal numbers or NaN, conversions that may not fit.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/trap_codes.h"
#include "shield/codegen/x64/emit.h"

#include <assert.h>

/* d = a op b, or of a compare a op b; legacy encodings need d == a. */
static void vector(struct emit *e, enum x64_op legacy, uint8_t d, uint8_t a, uint8_t b)
{
    const bool avx = (e->options->features & CODEGEN_AVX) != 0;
    const bool compare = x64_rows[legacy].form == FORM_CMP_RM;
    const struct x64_args args = {.reg = compare ? a : d, .vvvv = avx && !compare ? a : 0, .rm = b};

    assert(avx || compare || d == a);
    x64_encode(&e->as, (enum x64_op)(legacy + avx), 16, &args);
}

static void compare(struct emit *e, bool wide, uint8_t a, uint8_t b)
{
    vector(e, wide ? X64_UCOMISD : X64_UCOMISS, 0, a, b);
}

/* ---- minimum, maximum --------------------------------------------------------------------------
 */

struct minmax {
    bool wide, is_max;
    uint8_t a, b, d;
};

static struct minmax minmax_of(const struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);

    return (struct minmax){i->size == 8, i->extra != 0, emit_reg(p[0]), emit_reg(p[1]),
                           emit_reg(p[2])};
}

/* The flags say equal for what is equal and for NaN; else the instruction is right. */
void emit_minmax(struct emit *e, uint32_t inst)
{
    static const enum x64_op ops[2][2] = {
        {X64_MINSS, X64_MAXSS},
        {X64_MINSD, X64_MAXSD}
    };
    const struct minmax m = minmax_of(e, inst);
    const struct emit_cold c = emit_cold_new(e, inst);

    compare(e, m.wide, m.a, m.b);
    x64_asm_jcc(&e->as, X64_CC_E, c.entry);
    vector(e, ops[m.wide][m.is_max], m.d, m.a, m.b);
    x64_label_bind(&e->as, c.back);
}

/* Equal: the zeros' signs joined. NaN: the sum, which is a quiet one. */
static void minmax_cold(struct emit *e, const struct emit_cold *c)
{
    const struct minmax m = minmax_of(e, c->inst);
    const x64_label is_nan = x64_label_new(&e->as);

    x64_asm_jcc(&e->as, X64_CC_P, is_nan);
    vector(e, m.is_max ? X64_ANDPS : X64_ORPS, m.d, m.a, m.b);
    x64_asm_jmp(&e->as, c->back);
    x64_label_bind(&e->as, is_nan);
    vector(e, m.wide ? X64_ADDSD : X64_ADDSS, m.d, m.a, m.b);
    x64_asm_jmp(&e->as, c->back);
}

/* ---- to integers -------------------------------------------------------------------------------
 */

/* Signed: the smallest number comes out, also of all that does not fit. Unsigned, of 32 bits: 64
 * are made, and the high half must be zero. */
void emit_truncate(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const mir_place *p = emit_places(e, inst);
    const bool avx = (e->options->features & CODEGEN_AVX) != 0;
    const bool is_unsigned = (i->extra & X64_TRUNCATE_UNSIGNED) != 0;
    const uint32_t size = is_unsigned ? 8 : i->size;
    const enum x64_op op = (i->extra & X64_TRUNCATE_F64) != 0 ? X64_CVTTSD2SI : X64_CVTTSS2SI;
    const struct emit_cold c = emit_cold_new(e, inst);
    const uint8_t d = emit_reg(p[0]);

    x64_rr(&e->as, (enum x64_op)(op + avx), size, is_unsigned ? X64_SCRATCH : d, emit_reg(p[1]));
    if (is_unsigned) { /* the result is what was written with 32 bits: its high half is zero */
        x64_rr32(&e->as, X64_MOV_RM, GPR32(d), GPR32(X64_SCRATCH));
        x64_rr64(&e->as, X64_CMP_RM, GPR64(X64_SCRATCH), GPR64(d));
        x64_asm_jcc(&e->as, X64_CC_NE, c.entry);
    } else {
        x64_encode(&e->as, X64_CMP_RI, size, &(struct x64_args){.rm = d, .imm = 1});
        x64_asm_jcc(&e->as, X64_CC_O, c.entry);
    }
    x64_label_bind(&e->as, c.back);
}

/* A signed one may be the smallest number truly: above the bound in the pool, or at it. */
static void truncate_cold(struct emit *e, const struct emit_cold *c)
{
    const struct mir_inst *i = &e->m->insts[c->inst];
    const uint8_t a = emit_reg(emit_places(e, c->inst)[1]), zero = X64_SCRATCH_XMM;
    const bool avx = (e->options->features & CODEGEN_AVX) != 0;
    const bool wide = (i->extra & X64_TRUNCATE_F64) != 0;
    const x64_label overflow = emit_trap_label(e, CODEGEN_TRAP_INTEGER_OVERFLOW);

    compare(e, wide, a, a);
    x64_asm_jcc(&e->as, X64_CC_P, emit_trap_label(e, CODEGEN_TRAP_INVALID_CONVERSION));
    if ((i->extra & X64_TRUNCATE_UNSIGNED) != 0) {
        x64_asm_jmp(&e->as, overflow);
        return;
    }
    const enum x64_op ucomis = wide ? X64_UCOMISD : X64_UCOMISS;
    const struct x64_args bound = {.reg = a, .is_mem = true, .mem = x64_at(X64_RIP, 0)};
    emit_pool_ref(e, x64_encode(&e->as, (enum x64_op)(ucomis + avx), 16, &bound), i->aux);
    x64_asm_jcc(&e->as, wide && i->size == 4 ? X64_CC_BE : X64_CC_B, overflow);
    vector(e, X64_XORPS, zero, zero, zero);
    compare(e, wide, a, zero);
    x64_asm_jcc(&e->as, X64_CC_AE, overflow);
    x64_asm_jmp(&e->as, c->back);
}

bool emit_float_cold(struct emit *e, const struct emit_cold *c)
{
    switch (e->m->insts[c->inst].op) {
    case X64_MINMAX: minmax_cold(e, c); return true;
    case X64_TRUNCATE: truncate_cold(e, c); return true;
    default: return false;
    }
}
