/*
 * translate_int: the state of translating one function (tf), shared by the translate_*.c files.
 *
 * The operand stack of WebAssembly is an array of values; operators take from it and push on it.
 * Locals are values too. Which value each local has is a small tree (translate_locals.c) that can
 * be kept as it is at a branch for nothing, and is compared and joined where control flow joins.
 * Only locals that are read behind a join, and differ there, become parameters of its block.
 *
 * All branches forward to one label are written down (struct pred) and get their edges when the
 * function is complete, because until then the label may still get parameters.
 *
 * Unreachable code is skipped. Everything is in vectors of the scratch arena that the next
 * function uses again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_TRANSLATE_INT_H
#define SHIELD_COMPILE_TRANSLATE_INT_H

#include "shield/compile/translate.h"
#include "shield/compile/trapcodes.h"
#include "shield/wasm/read.h"

#define VECTOR(T)                                                                                  \
    struct {                                                                                       \
        T *items;                                                                                  \
        uint32_t count, capacity;                                                                  \
    }
#define VECTOR_PUSH(t, v, item)                                                                    \
    ARENA_PUSH(&(t)->scratch->arena, (v).items, (v).count, (v).capacity, item)
#define TF_NONE UINT32_MAX

/* ---- locals: see translate_locals.c ---- */

/* A subtree of the values of all locals, or one value. The high bit says that it is not known yet
 * and has to be found at the join in the other bits. */
typedef uint32_t tf_token;
#define TF_LAZY UINT32_C(0x80000000)
enum { TF_FAN_LOG2 = 4, TF_FAN = 1 << TF_FAN_LOG2, TF_LEVELS_MAX = 4 };
struct tf_node {
    tf_token kids[TF_FAN];
};

/* A branch to a join. */
struct pred {
    ir_value from;      /* terminator */
    uint8_t slot;       /* which of its edges */
    tf_token root;      /* the locals then */
    uint32_t stack;     /* in kept: the values for the label */
    uint32_t uses;      /* SWITCH: how many of its edges go here */
    uint32_t next;      /* of the same join, in order */
    ir_edge edge;       /* SWITCH, when edges are made: JUMP of a block between, if there is one */
};
enum pred_slot { PRED_JUMP, PRED_TRUE, PRED_FALSE, PRED_SWITCH };

/* A parameter of a join's block. */
struct join_param {
    ir_value value;  /* PARAM; TF_NONE when it turned out to be another value */
    uint32_t local;  /* TF_NONE: a value of the label */
    uint32_t stack;  /* position among the label's values */
    uint32_t join;
    uint32_t args; /* in args, one per pred, once all preds are known */
    uint32_t next; /* of the same join, in order */
};

/* Where control flow joins: the end of a block, or the head of a loop (pred 0: from above). */
struct join {
    ir_block block;
    bool is_loop, is_sealed; /* sealed: all preds are known */
    uint32_t pred_first, pred_last, pred_count;
    uint32_t param_first, param_last;
    tf_token root;              /* the locals behind it, as far as somebody asked */
    uint32_t set_begin, set_end; /* LOOP: range of bytes whose local.set count */
};

struct control {
    uint8_t op;   /* enum wm_op: BLOCK (also the body), LOOP, IF, ELSE */
    bool is_body;
    uint32_t join;                /* of the label; TF_NONE until somebody branches to it */
    uint32_t height;              /* of the stack below the parameters */
    uint32_t param_count, result_count;
    const struct wm_valtype *params, *results; /* NULL for a single result: see `one` */
    struct wm_valtype one;
    ir_value if_branch;           /* IF: its BRANCH; the false edge waits */
    tf_token if_root;
    uint32_t if_stack;            /* in kept: the parameters */
    uint32_t table, table_pred;   /* br_table being translated, and the pred made for it */
};

struct loop_sets { /* what the scan knows of a loop */
    uint32_t end; /* offset of its end */
    bool has_sets;
};

/* A local of code that is made in a hurry; see translate_homes.c. */
struct home {
    ir_value value;  /* what it holds in that region; TF_NONE: zero */
    uint32_t region; /* while scanning: of its last set; then: where `value` is known */
    uint32_t access; /* of its place in the frame; TF_NONE without one */
    bool has_home, is_cleared;
    bool is_set; /* while scanning: on all ways to here */
};

struct resolving { /* a question in progress */
    uint32_t join, level;
    uint32_t pred; /* go on from this one; TF_NONE: from the first */
    bool is_exact; /* what all branches bring must be known */
};

struct tf {
    struct translate_scratch *scratch;
    const struct translate_env *env;
    const struct wm_module *wm;
    struct diag *dg;
    struct ir_func *f;
    uint32_t func_index;
    const struct wm_type *type;
    struct wm_reader r;
    enum status refused; /* a type among the locals */
    uint32_t offset;     /* of the current operator */

    ir_block block; /* instructions go here */
    bool is_dead;   /* code here is unreachable */
    uint32_t dead_depth;
    uint32_t replaced; /* number of aliases made */
    ir_value context, pinned_base; /* in the entry block; TF_NONE until wanted */
    ir_value zero[IR_TYPE_COUNT];

    uint32_t local_count, level_count;
    VECTOR(uint8_t) local_types;
    VECTOR(uint32_t) set_first; /* per local: first of its sets; one more at the end */
    VECTOR(uint32_t) sets;      /* offsets of all local.set, by local */
    VECTOR(uint64_t) found_sets; /* local << 32 | offset, by offset */
    /* Of the scan: numbers of loops, TF_NONE for other blocks; with homes, how many were set. */
    VECTOR(uint32_t) open_blocks;
    VECTOR(struct loop_sets) loops; /* in order of their beginnings */
    uint32_t loop;              /* loops seen so far */
    tf_token root;              /* the locals now */
    uint32_t epoch;
    VECTOR(struct tf_node) nodes;
    VECTOR(uint32_t) node_epochs; /* a node of the current epoch belongs to root alone */
    VECTOR(struct join) joins;
    VECTOR(struct pred) preds;
    VECTOR(struct join_param) params;
    VECTOR(uint32_t) args;
    VECTOR(uint32_t) kept; /* values of labels at branches */
    VECTOR(uint32_t) pending; /* params to be filled */
    VECTOR(struct resolving) questions;
    VECTOR(uint32_t) switches; /* SWITCH instructions: their lists hold preds for now */
    VECTOR(uint32_t) operands; /* for building lists */

    VECTOR(struct home) homes;    /* per local; only when locals are in the frame */
    VECTOR(uint32_t) set_locals;  /* of the scan: those with is_set, by when that happened */
    uint32_t region;
    ir_value home_base; /* address of the homes */

    VECTOR(ir_value) stack;
    VECTOR(struct control) control;
    uint32_t table; /* br_tables so far */

    uint32_t fuel_cost;  /* constant of the open segment; TF_NONE: none open */
    ir_block fuel_block; /* where fuel runs out; TF_NONE until wanted */

    /* Signatures of this function's types, and callees: valid when the stamp is this one's. */
    VECTOR(uint64_t) type_signatures; /* stamp << 32 | signature */
    uint32_t stamp;
};

/* How one operator is translated; translate_rows.c. */
enum row_kind {
    ROW_HAND,
    ROW_UNARY,
    ROW_BINARY,
    ROW_TERNARY,
    ROW_COMPARE,
    ROW_VECTOR_COMPARE,
    ROW_EQZ,
    ROW_SIGN_EXTEND,
    ROW_EXTRACT_LANE,
    ROW_REPLACE_LANE,
    ROW_LOAD,
    ROW_STORE,
    ROW_LOAD_VECTOR,
    ROW_LOAD_EXTENDED,
    ROW_LOAD_LANE,
    ROW_STORE_LANE,
    ROW_ATOMIC_LOAD,
    ROW_ATOMIC_STORE,
    ROW_ATOMIC_RMW,
    ROW_ATOMIC_CMPXCHG,
    ROW_REFUSED
};
enum row_nan { ROW_NAN_NONE, ROW_NAN_SCALAR, ROW_NAN_F32X4, ROW_NAN_F64X2 };
struct row {
    uint8_t kind;  /* enum row_kind */
    uint8_t aux;   /* of the instruction; LOAD: is_signed */
    uint8_t extra; /* condition of vector compares; type of SIGN_EXTEND, LOAD_VECTOR */
    uint8_t nan;   /* enum row_nan */
    uint16_t op;   /* enum ir_op */
    bool ends_segment, is_free; /* HAND */
};
extern const struct row tf_rows[WM_OP_COUNT];
void tf_by_hand(struct tf *t, const struct wm_ins *ins); /* ROW_HAND */
/* Type of an operator's result by its signature; VOID without one. */
enum ir_type tf_result_type(enum wm_op op);

/* ---- values ---- */
static inline void tf_push(struct tf *t, ir_value v)
{
    VECTOR_PUSH(t, t->stack, v);
}
static inline ir_value tf_pop(struct tf *t)
{
    return t->stack.items[--t->stack.count];
}
static inline ir_value tf_emit(struct tf *t, struct ir_inst i)
{
    return ir_emit(t->f, t->block, i);
}
static inline ir_value tf_const(struct tf *t, enum ir_type type, uint64_t bits)
{
    return tf_emit(t, ir_iconst(type, bits));
}
ir_value tf_unary(struct tf *t, enum ir_op op, enum ir_type type, ir_value a);
ir_value tf_binary(struct tf *t, enum ir_op op, enum ir_type type, ir_value a, ir_value b);
ir_value tf_compare(struct tf *t, enum ir_cc cc, ir_value a, ir_value b);
void tf_trap_if(struct tf *t, ir_value condition, enum trap_code code);
void tf_trap(struct tf *t, enum trap_code code); /* what follows is dead */
ir_value tf_widen(struct tf *t, ir_value v);     /* I32 to I64, unsigned; I64 stays */
ir_value tf_context(struct tf *t);
ir_value tf_pinned_base(struct tf *t);
/* A load from the environment that cannot trap. flags: enum ir_access_flags beyond NOTRAP. */
ir_value tf_load_field(struct tf *t, ir_value base, uint32_t offset, enum ir_type type,
                       enum ir_region region, uint8_t flags);
void tf_store_field(struct tf *t, ir_value base, uint32_t offset, ir_value value,
                    enum ir_region region);

/* ---- translate_locals.c ---- */
void locals_begin(struct tf *t); /* parameters from the entry block, others zero */
ir_value locals_get(struct tf *t, uint32_t local);
void locals_set(struct tf *t, uint32_t local, ir_value v);
tf_token locals_keep(struct tf *t);               /* the state, to come back to */
void locals_go_to(struct tf *t, tf_token root);   /* back to a kept state */
void locals_enter_join(struct tf *t, uint32_t join); /* the state behind it */
void locals_seal(struct tf *t, uint32_t join); /* all its branches are there: fills its params */
void locals_fill(struct tf *t);                /* what waits in pending */

/* Made once: asked for only where nothing but the function's beginning has set locals. */
ir_value tf_zero(struct tf *t, enum ir_type type);

/* ---- translate_homes.c: the same when locals are in the frame ---- */
void homes_scan_begin(struct tf *t);
void homes_note(struct tf *t, const struct wm_ins *ins); /* by the scan, of every operator */
void homes_begin(struct tf *t);
ir_value homes_get(struct tf *t, uint32_t local);
void homes_set(struct tf *t, uint32_t local, ir_value v);
void homes_forget(struct tf *t); /* what is known of them: at labels, behind calls */

/* ---- translate_scan.c: before the pass ---- */
/* As wm_ins_read(), of a body that it has read before: faster for what is frequent. */
MUST_USE enum status tf_read(struct wm_reader *r, struct wm_ins *out, struct diag *dg);
MUST_USE enum status tf_scan(struct tf *t);
/* translate_supported.c: refuses what only the interpreter has. */
MUST_USE enum status tf_check_ins(const struct wm_ins *ins, struct diag *dg);
MUST_USE enum status tf_check_local(struct wm_valtype type, uint64_t offset, struct diag *dg);
/* Is the local set between two offsets of the module? */
bool tf_is_set(const struct tf *t, uint32_t local, uint32_t begin, uint32_t end);

/* ---- translate_join.c ---- */
uint32_t join_new(struct tf *t, bool is_loop);
/* A branch with the topmost arity values. Returns the pred. */
uint32_t join_add_pred(struct tf *t, uint32_t join, ir_value from, enum pred_slot slot,
                       uint32_t arity);
uint32_t join_add_pred_kept(struct tf *t, uint32_t join, ir_value from, enum pred_slot slot,
                            tf_token root, uint32_t kept);
uint32_t join_keep(struct tf *t, uint32_t arity); /* copies the topmost values to kept */
uint32_t join_add_param(struct tf *t, uint32_t join, uint32_t local, uint32_t stack,
                        enum ir_type type);
void join_check_trivial(struct tf *t, struct join_param *p);
void join_finish(struct tf *t); /* makes all edges */

/* ---- translate_control.c ---- */
void tf_begin_body(struct tf *t);

/* ---- translate_memory.c ---- */
void tf_load(struct tf *t, const struct row *row, const struct wm_ins *ins);
void tf_store(struct tf *t, const struct row *row, const struct wm_ins *ins);
void tf_load_vector(struct tf *t, const struct row *row, const struct wm_ins *ins);
void tf_load_lane(struct tf *t, const struct row *row, const struct wm_ins *ins);
void tf_store_lane(struct tf *t, const struct row *row, const struct wm_ins *ins);
void tf_atomic(struct tf *t, const struct row *row, const struct wm_ins *ins);

/* Accesses to a memory that only its guard keeps inside, with an I32 index; bytes: 1 and 4 (an
 * I32), 8 (an I64), 16. */
bool tf_is_guarded(const struct tf *t, uint32_t memory);
ir_value tf_guarded_load(struct tf *t, uint32_t memory, ir_value index, uint32_t bytes);
void tf_guarded_store(struct tf *t, uint32_t memory, ir_value index, ir_value v, uint32_t bytes);

/* ---- translate_call.c ---- */
uint32_t tf_type_signature(struct tf *t, uint32_t type_index);
/* Calls a builtin; returns its result, TF_NONE when it has none. */
ir_value tf_call_builtin(struct tf *t, enum builtin b, const ir_value *args, uint32_t count);

/* ---- translate_fuel.c ---- */
void tf_charge(struct tf *t); /* one unit */
static inline void tf_end_segment(struct tf *t)
{
    t->fuel_cost = TF_NONE;
}

/* ---- by operator ---- */
#define HAND(name, function, ends, free) void tf_##function(struct tf *t, const struct wm_ins *ins);
#include "shield/compile/translate_expand.h"

#endif /* SHIELD_COMPILE_TRANSLATE_INT_H */
