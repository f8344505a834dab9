/*
 * select_int: what rules/x64 call beside the builders of build.h: extractors, predicates, and
 * instructions of integer operations that are more than one row. Included by the generated C.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_SELECT_INT_H
#define SHIELD_CODEGEN_X64_SELECT_INT_H

#include "shield/codegen/x64/build.h"

/* The instruction that patterns see. */
MUST_USE static inline const struct ir_inst *sel_def(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);

    return i->op == IR_OP_ALIAS ? sel_at(s, ir_resolve(s->f, v)) : i;
}

/* ---- extractors and predicates ------ */
/* A constant from 1 to 3: the log2 of an index scale. */
bool sel_scale(struct select *s, ir_value v, uint32_t *log2);
/* A constant 3, 5 or 9: the multiplication that is one lea, with the log2 of its scale. */
bool sel_lea_factor(struct select *s, ir_value v, uint32_t *log2);
/* Every constant, as a shift count. */
bool sel_count(struct select *s, ir_value v, int32_t *count);
/* A constant whose negation fits an immediate; gives that. */
bool sel_sub_imm(struct select *s, ir_value v, int32_t *negated);
bool sel_sinks32(struct select *s, ir_value v); /* a load that may move here */
bool sel_sinks64(struct select *s, ir_value v);
bool sel_once(struct select *s, ir_value v);
bool sel_unclean(struct select *s, ir_value v); /* an I32 of which nobody reads the high half */
bool sel_bmi1(struct select *s);
bool sel_bmi2(struct select *s);
bool sel_lzcnt(struct select *s);
bool sel_popcnt(struct select *s);
/* A store whose value was loaded from the same place just before: both can be one instruction. */
bool sel_same_place(struct select *s, ir_value load, uint32_t store_access);
bool sel_width_is(struct select *s, uint32_t access, uint32_t bytes);

/* ---- constructors ------ */
struct sel_gpr sel_lea32(struct select *s, struct sel_gpr a, struct sel_gpr b);
struct sel_gpr sel_lea64(struct select *s, struct sel_gpr a, struct sel_gpr b);
struct sel_gpr sel_lea_scaled32(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                uint32_t log2);
struct sel_gpr sel_lea_scaled64(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                uint32_t log2);
struct sel_gpr sel_lea_disp32(struct select *s, struct sel_gpr a, int32_t disp);
struct sel_gpr sel_lea_disp64(struct select *s, struct sel_gpr a, int32_t disp);
struct sel_gpr sel_lea_all32(struct select *s, struct sel_gpr a, struct sel_gpr b, int32_t disp);
struct sel_gpr sel_lea_all64(struct select *s, struct sel_gpr a, struct sel_gpr b, int32_t disp);
struct sel_gpr sel_lea_scaled_all32(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                    uint32_t log2, int32_t disp);
struct sel_gpr sel_lea_scaled_all64(struct select *s, struct sel_gpr a, struct sel_gpr b,
                                    uint32_t log2, int32_t disp);
struct sel_gpr sel_lea_self32(struct select *s, struct sel_gpr a, uint32_t log2);
struct sel_gpr sel_lea_self64(struct select *s, struct sel_gpr a, uint32_t log2);
int32_t sel_rorx_count32(struct select *s, int32_t k); /* of a rotation to the other side */
int32_t sel_rorx_count64(struct select *s, int32_t k);
struct sel_gpr sel_reg(struct select *s, ir_value v);
struct sel_gpr sel_low32(struct select *s, struct sel_gpr a);
mir_vreg sel_of_gpr(struct select *s, struct sel_gpr a);
mir_vreg sel_of_xmm(struct select *s, struct sel_xmm a);
struct sel_gpr sel_narrow_zext(struct select *s, enum ir_type t, ir_value v);
struct sel_gpr sel_narrow_sext(struct select *s, enum ir_type t, ir_value v);
struct sel_gpr sel_narrow_count(struct select *s, enum ir_type t, ir_value v);
struct sel_gpr sel_clz_bsr(struct select *s, enum ir_type t, struct sel_gpr a);
struct sel_gpr sel_ctz_bsf(struct select *s, enum ir_type t, struct sel_gpr a);
struct sel_gpr sel_popcnt_plain(struct select *s, enum ir_type t, struct sel_gpr a);
struct sel_gpr sel_mulhi(struct select *s, bool is_signed, enum ir_type t, struct sel_gpr a,
                         struct sel_gpr b);
struct sel_gpr sel_divide(struct select *s, bool is_signed, bool rem, enum ir_type t, ir_value a,
                          ir_value b);
struct sel_gpr sel_setcc(struct select *s, struct sel_flags f);
struct sel_gpr sel_truth(struct select *s, ir_value v); /* 1 when the value is not zero, else 0 */
mir_vreg sel_choose(struct select *s, ir_value a, ir_value b, ir_value c);
mir_vreg sel_load(struct select *s, enum ir_type t, ir_value address, uint32_t access);
void sel_store(struct select *s, ir_value address, ir_value value, uint32_t access);
struct sel_mem8 sel_place8(struct select *s, ir_value load);
struct sel_mem16 sel_place16(struct select *s, ir_value load);
struct sel_mem32 sel_place32(struct select *s, ir_value load);
struct sel_mem64 sel_place64(struct select *s, ir_value load);
struct sel_gpr sel_uadd_trap(struct select *s, enum ir_type t, ir_value a, ir_value b,
                             uint32_t code);
struct sel_gpr sel_checked_end(struct select *s, ir_value index, ir_value record, uint32_t bytes);
mir_vreg sel_atomic_rmw(struct select *s, enum ir_type t, enum ir_rmw op, ir_value address,
                        ir_value operand, uint32_t access);
mir_vreg sel_cmpxchg(struct select *s, enum ir_type t, ir_value address, ir_list list,
                     uint32_t access);
void sel_atomic_store(struct select *s, ir_value address, ir_value value, uint32_t access);
void sel_fence(struct select *s);
mir_vreg sel_pinned(struct select *s);
mir_vreg sel_context(struct select *s);
mir_vreg sel_slot(struct select *s, uint32_t slot);
mir_vreg sel_symbol(struct select *s, uint32_t callee);
mir_vreg sel_address(struct select *s, ir_value base, ir_value index);

#endif /* SHIELD_CODEGEN_X64_SELECT_INT_H */
