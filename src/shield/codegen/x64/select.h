/*
 * select: the state of instruction selection, and what rules (rules/x64) and the hand-written parts
 * of it build machine instructions with.
 *
 * Blocks are walked against reverse postorder and the instructions of each from the last to the
 * first; only what has an effect or is demanded by something already selected is selected at all.
 * What one IR instruction becomes is appended in forward order as one group; select_finish.c then
 * copies the groups in reverse.
 *
 * Virtual registers are wrapped by class, memory operands by width, so that a rule which folds a
 * load of eight bytes into an operand of sixteen does not compile.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_SELECT_H
#define SHIELD_CODEGEN_X64_SELECT_H

#include "shield/codegen/order.h"
#include "shield/codegen/x64/x64.h"

#include <string.h>

struct sel_gpr {
    mir_vreg v;
};
struct sel_xmm {
    mir_vreg v;
};
/* An address and what mir_inst needs of it. */
struct sel_amode {
    uint8_t scale; /* X64_MEM_* */
    uint8_t trap;  /* code + 1 or 0 */
    int32_t disp;
    uint32_t aux;
    uint32_t source; /* position of the load that moved here, 0: that of its user */
    mir_vreg base, index;
};
#define SEL_MEM(bits)                                                                              \
    struct sel_mem##bits {                                                                         \
        struct sel_amode at;                                                                       \
    };
SEL_MEM(8)
SEL_MEM(16)
SEL_MEM(32)
SEL_MEM(64)
SEL_MEM(128)
#undef SEL_MEM
/* A register, or memory of that width. vreg is MIR_NONE when it is memory. */
#define SEL_RM(name)                                                                               \
    struct sel_##name {                                                                            \
        mir_vreg v;                                                                                \
        struct sel_amode at;                                                                       \
    };
SEL_RM(rm8)
SEL_RM(rm16)
SEL_RM(rm32)
SEL_RM(rm64)
SEL_RM(xm32)
SEL_RM(xm64)
SEL_RM(xm128)
#undef SEL_RM

/* A condition: flags that the instruction just built leaves. */
struct sel_flags {
    enum x64_cc cc;
};

enum sel_value_flags {
    SEL_SUNK = 1,   /* a load that was merged into its user */
    SEL_CLEAN = 2,  /* an I32 whose users need a zero high half */
    SEL_USED = 4,
    SEL_RESULTS = 16, /* one of its results is demanded */
    SEL_MANY = 8,   /* used more than once, counted through everything that may be folded */
};

struct sel_pending { /* a demanded result of an instruction that is not selected yet */
    ir_value of, result;
};

struct select {
    struct ir_func *f;
    const struct codegen_options *options;
    struct arena *arena;
    struct diag *dg;
    struct order order;

    mir_vreg *vreg_of;   /* per IR value; 0: not demanded */
    uint8_t *value_flags; /* enum sel_value_flags */
    uint32_t *color;     /* per IR value: see select_uses.c */

    ir_value root;       /* being selected */
    uint32_t block;      /* of order */
    uint32_t color_here;
    uint32_t source;

    struct mir_inst *insts;
    uint32_t *operand_first;
    mir_preg_set *clobbers;
    uint32_t *sources;
    uint32_t inst_count, inst_capacity;
    struct mir_operand *operands;
    uint32_t operand_count, operand_capacity;
    uint32_t *groups; /* first instruction of each */
    uint32_t group_count, group_capacity;
    uint32_t *group_first, *group_end; /* per block of order */

    struct mir_vreg_info *vregs; /* [0] is unused */
    mir_vreg *alias;             /* of another, or 0 */
    uint32_t vreg_count, vreg_capacity;

    mir_vreg *edge_args;  /* per block of order, arguments of its only edge */
    uint32_t edge_arg_count, edge_arg_capacity;
    uint32_t *edge_arg_first; /* per block of order */

    struct buf pool;
    uint32_t *pool_index; /* hash of 16-byte constants, see select_pool.c */
    uint32_t pool_index_size;
    uint32_t *cases; /* of all switches: numbers of order's blocks */
    uint32_t case_count, case_capacity;
    struct sel_pending *pending;
    uint32_t pending_count, pending_capacity;
    bool calls;
};

/* ---- values ------ */
mir_vreg sel_vreg_new(struct select *s, enum mir_class class, enum mir_width width);
enum mir_class sel_class(enum ir_type t);
enum mir_width sel_width(enum ir_type t);
/* The register a value is in; demands it. Constants are made on the spot. */
mir_vreg sel_in_reg(struct select *s, ir_value v);
struct sel_gpr sel_gpr(struct select *s, ir_value v);
struct sel_xmm sel_xmm(struct select *s, ir_value v);
/* As sel_gpr() of an I8 or I16, extended to 32 bits; of wider types nothing happens. */
struct sel_gpr sel_gpr_zext(struct select *s, ir_value v);
struct sel_gpr sel_gpr_sext(struct select *s, ir_value v);
/* The value at the root is what r holds. */
void sel_result(struct select *s, ir_value v, mir_vreg r);
static inline struct ir_inst *sel_at(struct select *s, ir_value v)
{
    return ir_at(s->f, v);
}
static inline bool sel_used_once(const struct select *s, ir_value v)
{
    return (s->value_flags[v] & (SEL_USED | SEL_MANY)) == SEL_USED;
}
bool sel_const(struct select *s, ir_value v, uint64_t *bits); /* an ICONST: zero-extended */
bool sel_const_signed(struct select *s, ir_value v, int64_t *value); /* sign-extended */
/* A constant that fits the immediate of an operation of its type. */
bool sel_imm32(struct select *s, ir_value v, int32_t *imm);
bool sel_has(const struct select *s, uint32_t features);

/* ---- memory ------ */
struct sel_amode sel_amode(struct select *s, ir_value address, const struct ir_access *access);
/* The value is a load of as many bytes that may happen at the root instead. */
bool sel_can_sink(struct select *s, ir_value v, uint32_t bytes);
/* The memory operand of such a load; it is then never selected itself. */
struct sel_amode sel_sink(struct select *s, ir_value load);
struct sel_rm8 sel_rm8(struct select *s, ir_value v); /* memory when that is possible */
struct sel_rm16 sel_rm16(struct select *s, ir_value v);
struct sel_rm32 sel_rm32(struct select *s, ir_value v);
struct sel_rm64 sel_rm64(struct select *s, ir_value v);
struct sel_xm32 sel_xm32(struct select *s, ir_value v);
struct sel_xm64 sel_xm64(struct select *s, ir_value v);
struct sel_xm128 sel_xm128(struct select *s, ir_value v);
uint32_t sel_pool16(struct select *s, const uint8_t bytes[16]); /* offset in the pool */
struct sel_amode sel_pool_amode(uint32_t offset);
mir_vreg sel_pool_xmm(struct select *s, const uint8_t bytes[16], uint32_t size); /* 4, 8, 16 */
struct sel_amode sel_context_field(uint32_t offset); /* [r15 + offset] */

/* ---- building ------ */
struct mir_inst *sel_inst(struct select *s, enum x64_op op, uint32_t size);
void sel_operand(struct select *s, mir_vreg v, enum mir_kind kind, enum mir_position position,
                 enum mir_constraint constraint, uint32_t arg);
static inline void sel_use(struct select *s, mir_vreg v)
{
    sel_operand(s, v, MIR_USE, MIR_EARLY, MIR_REG, 0);
}
static inline void sel_use_any(struct select *s, mir_vreg v)
{
    sel_operand(s, v, MIR_USE, MIR_EARLY, MIR_ANY, 0);
}
static inline void sel_use_fixed(struct select *s, mir_vreg v, uint32_t reg)
{
    sel_operand(s, v, MIR_USE, MIR_EARLY, MIR_FIXED, reg);
}
static inline void sel_def_reg(struct select *s, mir_vreg v)
{
    sel_operand(s, v, MIR_DEF, MIR_LATE, MIR_REG, 0);
}
static inline void sel_def_fixed(struct select *s, mir_vreg v, uint32_t reg)
{
    sel_operand(s, v, MIR_DEF, MIR_LATE, MIR_FIXED, reg);
}
static inline void sel_def_reuse(struct select *s, mir_vreg v, uint32_t operand)
{
    sel_operand(s, v, MIR_DEF, MIR_LATE, MIR_REUSE, operand);
}
void sel_mem(struct select *s, const struct sel_amode *at); /* last operands of the instruction */
void sel_clobber(struct select *s, mir_preg_set regs);      /* of the instruction */
static inline mir_vreg sel_gpr_new(struct select *s, uint32_t size)
{
    return sel_vreg_new(s, MIR_GPR, size == 8 ? MIR_W64 : MIR_W32);
}

/* The r/m operand: memory when there is an address, else a register or its slot. */
void sel_rm(struct select *s, mir_vreg b, const struct sel_amode *at);
/* One instruction of a form, with a new register as its result. size is 4 or 8. */
mir_vreg sel_alu_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, mir_vreg b,
                    const struct sel_amode *at);
mir_vreg sel_alu_ri(struct select *s, enum x64_op op, uint32_t size, mir_vreg a, int32_t imm);
mir_vreg sel_un(struct select *s, enum x64_op op, uint32_t size, mir_vreg a);
mir_vreg sel_mov_rm(struct select *s, enum x64_op op, uint32_t size, mir_vreg a,
                    const struct sel_amode *at);
mir_vreg sel_vex(struct select *s, enum x64_op op, uint32_t size, mir_vreg vvvv, mir_vreg b,
                 const struct sel_amode *at);
mir_vreg sel_lea(struct select *s, uint32_t size, struct sel_amode at);
mir_vreg sel_imm(struct select *s, uint32_t size, uint64_t value);
void sel_store_r(struct select *s, enum x64_op op, uint32_t size, const struct sel_amode *at,
                 mir_vreg value);
void sel_store_i(struct select *s, enum x64_op op, uint32_t size, const struct sel_amode *at,
                 int32_t imm);
mir_vreg sel_load_gpr(struct select *s, enum ir_type type, const struct ir_access *access,
                      const struct sel_amode *at);

/* ---- parts ------ */
void sel_prepare(struct select *s);             /* select_uses.c */
void sel_root(struct select *s, ir_value v);    /* select_root.c: not terminators, not calls */
void sel_terminator(struct select *s, ir_value v); /* select_control.c */
void sel_jump(struct select *s, ir_edge e);
void sel_entry(struct select *s);               /* select_call.c: the function's arguments */
void sel_call(struct select *s, ir_value v);
void sel_return(struct select *s, ir_value v);
/* RESULT instructions: remembered until what they are results of is selected. */
void sel_pending_result(struct select *s, ir_value v);
ir_value sel_take_result(struct select *s, ir_value of, uint32_t position); /* or IR_NONE */
void sel_trap_if(struct select *s, struct sel_flags c, uint32_t code);
struct sel_flags sel_not(struct sel_flags c);
/* Flags that hold when the value is not zero (select_flags.c). */
struct sel_flags sel_condition(struct select *s, ir_value v);
struct sel_flags sel_compare(struct select *s, enum ir_cc cc, ir_value a, ir_value b);
void sel_finish(struct select *s, struct x64_lowered *out); /* select_finish.c */

#endif /* SHIELD_CODEGEN_X64_SELECT_H */
