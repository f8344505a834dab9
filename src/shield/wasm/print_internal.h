/* print_internal: what the files of the printer share. Not for others.
 *
 *   print.c         the module and its fields
 *   print_token.c   strings, identifiers, numbers
 *   print_ids.c     which index gets which identifier
 *   print_type.c    types, limits, type uses
 *   print_ins.c     one instruction with its immediates; constant expressions
 *   print_arity.c   how many operands an instruction takes, for folding
 *   print_func.c    functions: header, locals, the body one instruction a line
 *   print_fold.c    the body as nested expressions
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_PRINT_INTERNAL_H
#define SHIELD_WASM_PRINT_INTERNAL_H

#include "shield/wasm/names.h"
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"

enum { PRINT_INDENT_MAX = 50 };   /* deeper levels are not indented further: text stays linear */
enum { PRINT_LINE_COLUMNS = 96 }; /* where lists and long strings are broken */

/* Texts already taken as identifiers in one space. */
struct print_taken {
    struct print_taken_slot {
        uint32_t generation; /* the slot is in use when this is the current one */
        struct str text;
    } * slots;
    uint32_t capacity, count, generation;
};

struct wm_printer {
    const struct wm_module *m;
    const struct wm_print_options *options;
    struct arena *arena; /* of out, too */
    struct buf *out;
    struct diag *dg;
    struct wm_names *names;
    /* Identifiers of the flat spaces, NULL when a space has none; [count of the space] each. */
    struct str *ids[WM_NAME_SPACE_COUNT];
    struct str **fields;      /* identifiers of the fields of each type; NULL, or NULL for a type */
    struct print_taken taken; /* reused for every space, function and type */
    struct wm_names_builder *made; /* the name section that the printed identifiers stand for */
    /* The function being printed. */
    struct str *locals; /* identifiers, [local_count], NULL when it has none */
    uint32_t local_count;
    struct str *local_store; /* what locals points to when not NULL */
    uint32_t local_capacity;
    struct print_run { /* its locals, as the body groups them */
        uint32_t count;
        struct wm_valtype type;
    } * runs;
    uint32_t run_count, run_capacity;
    struct str *labels; /* identifiers of the open blocks, outermost first */
    uint32_t label_count, label_capacity;
    uint32_t func;
    struct print_fold *fold; /* working arrays of print_fold.c, made on first use */
};

/* ---- print.c */
/* Between two fields: hands the text on when there is enough of it. */
MUST_USE enum status print_flush(struct wm_printer *p);

/* ---- print_token.c */
void print_u64(struct buf *out, uint64_t value);
void print_string(struct buf *out, const void *data, size_t size); /* any bytes, in quotes */
void print_name(struct buf *out, struct str s);                    /* UTF-8, kept readable */
void print_id(struct buf *out, struct str id);                     /* $id or $"id" */
void print_f32(struct buf *out, uint32_t bits);
void print_f64(struct buf *out, uint64_t bits);
void print_line(struct buf *out, uint32_t depth); /* newline and indentation */

/* ---- print_ids.c */
void print_ids_make(struct wm_printer *p);
void print_taken_reset(struct wm_printer *p);
/* The identifier to print for a name in a space where taken holds the earlier ones; size 0 when
 * there is none. index makes it unique if need be. */
struct str print_ids_claim(struct wm_printer *p, struct str name, uint32_t index);
struct str print_id_of(const struct wm_printer *p, enum wm_name_space space, uint32_t index);
/* " $id" or " 12" */
void print_index(struct wm_printer *p, enum wm_name_space space, uint32_t index);
/* " $id", and " (@name "...")" when the identifier is not the name itself */
void print_named(struct wm_printer *p, struct str id, struct str name);
/* The same and " (;12;)", where an index is defined */
void print_defined(struct wm_printer *p, enum wm_name_space space, uint32_t index);

/* ---- print_type.c */
void print_heap(struct wm_printer *p, struct wm_heap h);
void print_valtype(struct wm_printer *p, struct wm_valtype t);
void print_types(struct wm_printer *p);
void print_table_type(struct wm_printer *p, const struct wm_table *t);
void print_memory_type(struct wm_printer *p, const struct wm_memory *mem);
void print_global_type(struct wm_printer *p, const struct wm_global *g);
/* " (param ...) (result ...)". Parameters take their identifiers from p->locals. */
void print_signature(struct wm_printer *p, uint32_t type_index);
/* " (type 3)" and the signature */
void print_type_use(struct wm_printer *p, uint32_t type_index);
/* A defined function type, or NULL when the index is none. */
const struct wm_type *print_func_type(const struct wm_module *m, uint32_t type_index);

/* ---- print_ins.c */
/* The word and the immediates of anything but a block instruction. Labels are printed as seen from
 * the open blocks. */
void print_ins(struct wm_printer *p, const struct wm_ins *ins);
/* As print_ins(), for block, loop, if, try, try_table; does not push the label. */
void print_block(struct wm_printer *p, const struct wm_ins *ins, uint32_t block_ordinal);
/* " (i32.const 1) (i32.const 2) (i32.add)" */
MUST_USE enum status print_expr(struct wm_printer *p, struct wm_bytes code);
/* " (i32.const 1)", or " (item ...)" around anything longer than one instruction; moves r behind
 * the expression. */
MUST_USE enum status print_short_expr(struct wm_printer *p, struct wm_reader *r, const char *word);
/* Opens the label of a block: the n-th block instruction of the function, from 0. */
void print_label_push(struct wm_printer *p, uint32_t block_ordinal);
bool print_is_block(enum wm_op op); /* opens a label */

/* ---- print_arity.c */
/* Operands that an instruction takes and leaves. is_known is false where they depend on more than
 * the module says. label_arity: values that a branch to each open label carries, outermost (the
 * function) first. */
struct print_arity {
    uint32_t pops, pushes;
    bool is_known;
};
struct print_arity print_arity_of(const struct wm_module *m, const struct wm_ins *ins,
                                  const uint32_t *label_arity, uint32_t label_count);
struct print_arity print_block_arity(const struct wm_module *m, const struct wm_block *b);

/* ---- print_func.c */
/* Sets p->locals to the identifiers of a function's parameters and, behind them, locals. */
void print_name_locals(struct wm_printer *p, uint32_t func, uint32_t param_count, uint32_t count);
MUST_USE enum status print_funcs(struct wm_printer *p);

/* ---- print_fold.c */
/* *done is false, and nothing printed, when the body is nested too deeply to be folded or not
 * nested properly. */
MUST_USE enum status print_folded(struct wm_printer *p, struct wm_reader r, bool *done);

#endif /* SHIELD_WASM_PRINT_INTERNAL_H */
