/*
 * select_vector: what rules/x64/float.rules and vector.rules make of floats and vectors: several
 * instructions, or one that depends on the processor. Each appends and returns a new register;
 * operands may be one and the same register. Types and shapes are those of the result, where not
 * said otherwise. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_SELECT_VECTOR_H
#define SHIELD_CODEGEN_X64_SELECT_VECTOR_H

#include "shield/codegen/x64/vector.h"

/* ---- floats (select_float.c) ------------------------------------------------------------------
 */
enum vec_lanes sel_lanes(enum ir_type type);
struct sel_xmm sel_fneg(struct select *s, enum ir_type type, struct sel_xmm a);
struct sel_xmm sel_fabs(struct select *s, enum ir_type type, struct sel_xmm a);
struct sel_xmm sel_fcopysign(struct select *s, enum ir_type type, struct sel_xmm a,
                             struct sel_xmm sign_of);
struct sel_xmm sel_fmin(struct select *s, enum ir_type type, ir_value a, ir_value b);
struct sel_xmm sel_fmax(struct select *s, enum ir_type type, ir_value a, ir_value b);
struct sel_xmm sel_fsqrt(struct select *s, enum ir_type type, struct sel_xmm a);
struct sel_xmm sel_fround(struct select *s, enum ir_type type, enum vec_rounding how,
                          struct sel_xmm a);
struct sel_xmm sel_fcanon(struct select *s, enum ir_type type, struct sel_xmm a);
struct sel_xmm sel_fpromote(struct select *s, struct sel_xmm a);
struct sel_xmm sel_fdemote(struct select *s, struct sel_xmm a);
struct sel_xmm sel_fselect(struct select *s, enum ir_fcc cc, enum ir_type type, struct sel_xmm x,
                           struct sel_xmm y, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_load_xmm(struct select *s, enum ir_type type, struct sel_amode at);
void sel_store_xmm(struct select *s, enum ir_type type, struct sel_amode at, struct sel_xmm a);
struct sel_xmm sel_bits_to_float(struct select *s, enum ir_type to, struct sel_gpr a);
struct sel_gpr sel_float_to_bits(struct select *s, enum ir_type to, struct sel_xmm a);
bool sel_sinks8(struct select *s, ir_value v);
bool sel_sinks16(struct select *s, ir_value v);
struct sel_mem8 sel_sunk8(struct select *s, ir_value load);
struct sel_mem16 sel_sunk16(struct select *s, ir_value load);
struct sel_mem32 sel_sunk32(struct select *s, ir_value load);
struct sel_mem64 sel_sunk64(struct select *s, ir_value load);
bool sel_moves_only(struct select *s, ir_value a, ir_value b);
struct sel_xmm sel_load_as_float(struct select *s, enum ir_type type, ir_value load);
struct sel_gpr sel_load_as_bits(struct select *s, enum ir_type type, ir_value load);

/* ---- floats and integers (select_float_convert.c); to, from: types ----------------------------
 */
struct sel_xmm sel_from_signed(struct select *s, enum ir_type to, enum ir_type from,
                               struct sel_gpr a);
struct sel_xmm sel_from_unsigned32(struct select *s, enum ir_type to, struct sel_gpr a);
struct sel_xmm sel_from_unsigned64(struct select *s, enum ir_type to, struct sel_gpr a);
struct sel_gpr sel_to_int(struct select *s, enum ir_type to, enum ir_type from, struct sel_xmm a);
struct sel_gpr sel_to_uint(struct select *s, enum ir_type to, enum ir_type from, struct sel_xmm a);
struct sel_gpr sel_to_int_sat(struct select *s, enum ir_type to, enum ir_type from,
                              struct sel_xmm a);
struct sel_gpr sel_to_uint_sat(struct select *s, enum ir_type to, enum ir_type from,
                               struct sel_xmm a);

/* ---- integer lanes (select_vector.c) ----------------------------------------------------------
 */
struct sel_xmm sel_vnot(struct select *s, struct sel_xmm a);
struct sel_xmm sel_bitselect(struct select *s, struct sel_xmm a, struct sel_xmm b,
                             struct sel_xmm mask);
struct sel_xmm sel_vicmp(struct select *s, enum ir_shape shape, enum ir_cc cc, struct sel_xmm a,
                         struct sel_xmm b);
struct sel_xmm sel_vmin_s(struct select *s, enum ir_shape shape, struct sel_xmm a,
                          struct sel_xmm b);
struct sel_xmm sel_vmax_s(struct select *s, enum ir_shape shape, struct sel_xmm a,
                          struct sel_xmm b);
struct sel_xmm sel_vmin_u(struct select *s, enum ir_shape shape, struct sel_xmm a,
                          struct sel_xmm b);
struct sel_xmm sel_vmax_u(struct select *s, enum ir_shape shape, struct sel_xmm a,
                          struct sel_xmm b);
struct sel_xmm sel_vneg(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vabs(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vmul32(struct select *s, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_vmul64(struct select *s, ir_value a, ir_value b);
struct sel_xmm sel_q15mulr(struct select *s, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_dot_i8(struct select *s, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_dot_i8_add(struct select *s, struct sel_xmm a, struct sel_xmm b,
                              struct sel_xmm c);
struct sel_xmm sel_vpopcnt(struct select *s, struct sel_xmm a);
struct sel_flags sel_any_true(struct select *s, struct sel_xmm a);
struct sel_flags sel_all_true(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_gpr sel_bitmask(struct select *s, enum ir_shape shape, struct sel_xmm a);

/* ---- shifts (select_vector_shift.c) -----------------------------------------------------------
 */
struct sel_xmm sel_vshl(struct select *s, enum ir_shape shape, ir_value a, ir_value count);
struct sel_xmm sel_vshr_s(struct select *s, enum ir_shape shape, ir_value a, ir_value count);
struct sel_xmm sel_vshr_u(struct select *s, enum ir_shape shape, ir_value a, ir_value count);

/* ---- wider, narrower, other lanes (select_vector_convert.c) -----------------------------------
 */
struct sel_xmm sel_vnarrow_s(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             struct sel_xmm b);
struct sel_xmm sel_vnarrow_u(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             struct sel_xmm b);
struct sel_xmm sel_vextend(struct select *s, enum ir_shape shape, bool is_signed, bool is_high,
                           struct sel_xmm a);
struct sel_xmm sel_vextend_load(struct select *s, enum ir_shape shape, bool is_signed,
                                struct sel_mem64 m);
struct sel_xmm sel_vextadd_s(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vextadd_u(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vextmul(struct select *s, enum ir_shape shape, bool is_signed, bool is_high,
                           struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_vtrunc_s(struct select *s, struct sel_xmm a);
struct sel_xmm sel_vtrunc_u(struct select *s, struct sel_xmm a);
struct sel_xmm sel_vtrunc_s_zero(struct select *s, struct sel_xmm a);
struct sel_xmm sel_vtrunc_u_zero(struct select *s, struct sel_xmm a);
struct sel_xmm sel_vfrom_u(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vfrom_s(struct select *s, enum ir_shape shape, struct sel_xmm a);

/* ---- float lanes (select_vector_float.c) ------------------------------------------------------
 */
struct sel_xmm sel_vfcmp(struct select *s, enum ir_shape shape, enum ir_fcc cc, struct sel_xmm a,
                         struct sel_xmm b);
struct sel_xmm sel_vfmin(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_vfmax(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b);
struct sel_xmm sel_vfneg(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vfabs(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vfround(struct select *s, enum ir_shape shape, enum vec_rounding how,
                           struct sel_xmm a);
struct sel_xmm sel_vfcanon(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_vfmadd(struct select *s, enum ir_shape shape, struct sel_xmm a, struct sel_xmm b,
                          struct sel_xmm c);
struct sel_xmm sel_vfnmadd(struct select *s, enum ir_shape shape, struct sel_xmm a,
                           struct sel_xmm b, struct sel_xmm c);
struct sel_xmm sel_promote_low(struct select *s, struct sel_xmm a);

/* ---- single lanes (select_lane.c) -------------------------------------------------------------
 */
struct sel_xmm sel_splat_gpr(struct select *s, enum ir_shape shape, struct sel_gpr a);
struct sel_xmm sel_splat_xmm(struct select *s, enum ir_shape shape, struct sel_xmm a);
struct sel_xmm sel_splat_load8(struct select *s, struct sel_mem8 m);
struct sel_xmm sel_splat_load16(struct select *s, struct sel_mem16 m);
struct sel_xmm sel_splat_load32(struct select *s, struct sel_mem32 m);
struct sel_xmm sel_splat_load64(struct select *s, struct sel_mem64 m);
struct sel_xmm sel_scalar_gpr(struct select *s, enum ir_type type, struct sel_gpr a);
struct sel_xmm sel_scalar_xmm(struct select *s, enum ir_type type, struct sel_xmm a);
struct sel_gpr sel_extract_u(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             uint32_t lane);
struct sel_gpr sel_extract_s(struct select *s, enum ir_shape shape, struct sel_xmm a,
                             uint32_t lane);
struct sel_xmm sel_extract_float(struct select *s, enum ir_shape shape, struct sel_xmm a,
                                 uint32_t lane);
struct sel_xmm sel_replace_gpr(struct select *s, enum ir_shape shape, struct sel_xmm a,
                               struct sel_gpr b, uint32_t lane);
struct sel_xmm sel_replace_xmm(struct select *s, enum ir_shape shape, struct sel_xmm a,
                               struct sel_xmm b, uint32_t lane);
struct sel_xmm sel_replace_load8(struct select *s, struct sel_xmm a, struct sel_mem8 m,
                                 uint32_t lane);
struct sel_xmm sel_replace_load16(struct select *s, struct sel_xmm a, struct sel_mem16 m,
                                  uint32_t lane);
struct sel_xmm sel_replace_load32(struct select *s, struct sel_xmm a, struct sel_mem32 m,
                                  uint32_t lane);
struct sel_xmm sel_replace_load64(struct select *s, struct sel_xmm a, struct sel_mem64 m,
                                  uint32_t lane);
bool sel_lane_fits(struct select *s, enum ir_shape shape, uint32_t access);
void sel_store_lane(struct select *s, ir_value address, uint32_t access, struct sel_xmm a,
                    uint32_t lane);

/* ---- shuffles (select_shuffle.c) --------------------------------------------------------------
 */
struct sel_xmm sel_shuffle(struct select *s, ir_value a, ir_value b, uint32_t constant);
struct sel_xmm sel_swizzle(struct select *s, ir_value a, ir_value b);

#endif /* SHIELD_CODEGEN_X64_SELECT_VECTOR_H */
