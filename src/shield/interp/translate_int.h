/*
 * translate_int: the state of translating one function, shared by the translate_*.c files.
 *
 * The operand stack of WebAssembly is followed symbolically. Every entry has a home, a slot that
 * depends only on the entries below it; what it holds may be elsewhere as long as nobody joins:
 *
 *   LOCAL   the slot of a local, until that local is overwritten (then the old value is copied
 *           to the home) or a block begins
 *   CONST   an immediate
 *   TEMP    the home
 *
 * So local.get and constants cost nothing, and an operator names the locals it reads. Where
 * control flow joins, values are at home. Unreachable code is not translated at all.
 *
 * All work is linear in the size of the body (times the arity of labels, which is bounded).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_INTERP_TRANSLATE_INT_H
#define SHIELD_INTERP_TRANSLATE_INT_H

#include "shield/interp/interp_int.h"
#include "shield/wasm/read.h"

enum value_kind { VALUE_TEMP, VALUE_LOCAL, VALUE_CONST };

/* Classes of values, as in the signatures of opcodes.def: i I f F v, and r for GC references
 * (everything outside the func hierarchy), p for pointers to functions. */
struct value {
    uint64_t bits; /* CONST */
    uint32_t slot; /* TEMP: home, LOCAL: of the local */
    uint32_t home;
    uint32_t local;     /* LOCAL: its index */
    uint32_t same_next; /* LOCAL: 1 + position of the next older entry of this local, 0: none */
    uint8_t kind;       /* enum value_kind */
    char cls;
};

struct control {
    uint8_t op; /* enum wm_op: BLOCK (also the body), LOOP, IF, ELSE, TRY_TABLE, TRY, ... */
    bool is_body;
    bool is_joined;               /* something branches to its end */
    uint32_t height;              /* of the stack below the parameters */
    uint32_t scalar_top, ref_top; /* bytes, likewise */
    uint32_t param_count, result_count;
    const struct wm_valtype *params, *results; /* NULL for a single result: see `one` */
    struct wm_valtype one;
    uint32_t start;        /* word that branches to a loop go to */
    uint32_t forward;      /* chain of branch words that wait for the end, 0: none */
    uint32_t else_forward; /* the same for the else arm of an if */
    uint32_t pads;         /* chain of the br_table being translated */
    uint32_t table;        /* number of the br_table for which is_in_place has been found out */
    bool is_in_place;
    uint32_t region;        /* protected region that is open, INTERP_NO_REGION: none */
    uint32_t outer_region;  /* the one around the block */
    uint32_t caught_region; /* legacy try: its region, also when it is closed */
    uint32_t exception;     /* legacy try: slot of the caught exnref */
};

/* The newest instruction, as long as nothing can come between it and the next one. */
struct newest {
    uint32_t start, end;     /* words; not valid unless end == code_count */
    uint16_t op;             /* enum interp_op */
    uint16_t base, opposite; /* comparisons: first variant, and that of the opposite */
    uint32_t result_word;    /* when has_result: where its destination stands */
    uint32_t map_count;      /* of the map before it */
    bool has_result;
    bool is_compare;
};

struct map_entry {
    uint32_t word, offset;
};

struct tr {
    struct arena *arena; /* scratch; holds everything below */
    struct rt_module *module;
    const struct wm_module *wm;
    struct diag *dg;
    bool metered, canonical;
    uint32_t defined_index, func_index;
    const struct rt_type *type;
    struct wm_reader r;
    uint32_t offset; /* of the current operator */

    uint32_t *code, code_count, code_capacity;
    struct map_entry *map;
    uint32_t map_count, map_capacity;
    struct newest newest, before; /* before: the one that ends where newest starts */
    bool may_pair;
    uint32_t fuel_word; /* operand of the open segment's FUEL; 0: none open */

    uint32_t *local_slot, *local_head;
    char *local_cls;
    uint32_t local_count, local_capacity, local_bytes, param_bytes;
    uint32_t *ref_locals, ref_local_count, ref_local_capacity;

    struct value *stack;
    uint32_t height, stack_capacity;
    uint32_t flushed;                                  /* entries below are not LOCAL */
    uint32_t scalar_top, scalar_max, ref_top, ref_max; /* bytes in use, most ever */
    uint32_t ref_base, temp_base;                      /* where the two areas begin */
    uint32_t ref_area; /* bytes set aside for ref temporaries: 0 in the first pass */
    uint32_t try_depth, try_max, try_area; /* legacy tries: open, most ever; bytes for exnrefs */

    struct control *control;
    uint32_t control_count, control_capacity;
    bool is_dead;        /* code here is unreachable */
    uint32_t dead_depth; /* blocks opened in unreachable code */
    uint32_t table;      /* br_tables so far */

    struct interp_region *regions;
    uint32_t region_count, region_capacity, region; /* innermost open */
    struct interp_clause *clauses;
    uint32_t clause_count, clause_capacity;
    uint32_t *values, value_count, value_capacity;

    uint64_t steps;
};

/* How one WebAssembly operator is translated; rules.c. */
enum rule_kind {
    RULE_HAND,
    RULE_UN,
    RULE_BIN,
    RULE_CMP,
    RULE_SAME,
    RULE_LOAD,
    RULE_STORE,
    RULE_EQZ,
    RULE_PLAIN
};
struct rule {
    uint8_t kind;      /* enum rule_kind */
    bool ends_segment; /* may trap, call, branch, allocate or write: see interp.h */
    bool is_free;      /* costs no fuel */
    char canonical;    /* class of the NaNs to make canonical: f F (scalar) s d (lanes), or 0 */
    char to;           /* RULE_SAME: class of the result */
    uint16_t op;       /* first variant */
    uint16_t opposite; /* RULE_CMP */
};
extern const struct rule interp_rules[WM_OP_COUNT];
void tr_by_hand(struct tr *t, const struct wm_ins *ins); /* RULE_HAND */

/* ---- translate_stack.c ---- */
char tr_class(const struct tr *t, struct wm_valtype type);
static inline uint32_t tr_bytes(char cls)
{
    return cls == 'v' ? 16 : 8;
}
uint32_t tr_push(struct tr *t, char cls); /* a TEMP; returns its home */
void tr_push_types(struct tr *t, const struct wm_valtype *types, uint32_t count);
void tr_push_local(struct tr *t, uint32_t local);
void tr_push_const(struct tr *t, char cls, uint64_t bits);
struct value tr_pop(struct tr *t);
/* The slot that holds a popped value; constants are stored at their home first. */
uint32_t tr_slot(struct tr *t, struct value v);
uint32_t tr_pop_slot(struct tr *t);
void tr_flush_top(struct tr *t, uint32_t count); /* to their homes */
void tr_flush_locals(struct tr *t);              /* no entry stays LOCAL */
void tr_flush_local(struct tr *t, uint32_t local);
void tr_copy(struct tr *t, uint32_t to, struct value v);
void tr_copy_slot(struct tr *t, uint32_t to, uint32_t from, char cls);
void tr_drop_to(struct tr *t, const struct control *c); /* the stack as it was below its params */
void tr_reserve(struct tr *t, uint32_t scalar_bytes);   /* room above the scalar temporaries */

/* ---- translate_emit.c ---- */
/* Appends an instruction and returns its operand words (valid until the next call). */
uint32_t *tr_emit(struct tr *t, enum interp_op op, uint32_t operands);
/* The same with a destination as operand 0: a class to push, and who made it. */
uint32_t *tr_emit_result(struct tr *t, enum interp_op op, uint32_t operands, char cls);
void tr_put64(uint32_t *words, uint64_t bits);
/* True when the newest instruction made this popped TEMP, so that it may be changed or taken. */
bool tr_is_newest(const struct tr *t, struct value v);
void tr_take_newest(struct tr *t); /* removes it */
void tr_replace_newest(struct tr *t, enum interp_op op);
void tr_barrier(struct tr *t); /* a branch target, or the end of a fuel segment */
void tr_charge(struct tr *t);  /* one unit of fuel */

/* ---- translate_pair.c ---- */
void tr_pairs_init(void);
/* Joins the newest two instructions if that pays; returns where the operands of the newest are. */
uint32_t tr_settle(struct tr *t);
/* What a joined instruction consists of: the first is returned. */
enum interp_op tr_pair_parts(enum interp_op op, enum interp_op *second);

/* ---- translate_control.c ---- */
struct control *tr_label(struct tr *t, uint32_t depth);
void tr_begin_body(struct tr *t);
void tr_join(struct tr *t, uint32_t chain);      /* branches of the chain come here */
void tr_branch(struct tr *t, struct control *c); /* unconditional, with its values */
struct control *tr_open(struct tr *t, const struct wm_ins *ins); /* pushes a control */
const struct wm_valtype *tr_label_types(const struct control *c, uint32_t *count);
/* Branch of the newest emitted instruction: operand word at index `word` goes to the label. */
void tr_refer(struct tr *t, struct control *c, uint32_t word);
bool tr_is_in_place(struct tr *t, const struct control *c);
void tr_return(struct tr *t);
void tr_end_arm(struct tr *t, struct control *c);
/* ---- translate_try.c ---- */
void tr_close_protection(struct tr *t, struct control *c);

/* ---- translate_simple.c: by the kind of the rule ---- */
void tr_unary(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_binary(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_eqz(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_same(struct tr *t, const struct rule *rule);
void tr_load(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_store(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_canonical(struct tr *t, char which);
/* ---- translate_plain.c ---- */
void tr_plain(struct tr *t, const struct rule *rule, const struct wm_ins *ins);
void tr_test_top(struct tr *t, struct wm_valtype type, uint32_t to);
void tr_memarg(struct tr *t, uint32_t *w, const struct wm_ins *ins);

/* ---- by operator ---- */
#define HAND(name, function, ends, free) void tr_##function(struct tr *t, const struct wm_ins *ins);
#define EQZ(name, op, opposite)
#include "shield/interp/sem_hand.def"
#undef HAND
#undef EQZ

#endif /* SHIELD_INTERP_TRANSLATE_INT_H */
