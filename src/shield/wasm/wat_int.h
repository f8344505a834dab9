/*
 * wat_int: state of the text parser, shared by the wat_ files only.
 *
 * A module is parsed in three walks over its tokens, each linear:
 *   declare   gives every identifier its index and checks that imports come first (wat_declare.c)
 *   types     the type definitions, so that everything else can look them up (wat_types.c)
 *   fields    all other fields; code goes straight to bytes (wat_fields.c, wat_body.c)
 * Types implied by a type use are appended behind the defined ones, in the order of the text.
 *
 * While parsing, a struct wm_bytes of the module holds an offset into wat_parser.bytes and no
 * pointer, because that buffer moves; the pointers are set at the end (wat_parse.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_WAT_INT_H
#define SHIELD_WASM_WAT_INT_H

#include "shield/wasm/module.h"
#include "shield/wasm/names.h"
#include "shield/wasm/wat.h"
#include "shield/wasm/wat_lex.h"

/* What a place in the produced code came from; see wat_source.c. */
enum wat_origin_kind {
    WAT_ORIGIN_CODE,   /* instruction of a function: owner is its index in codes */
    WAT_ORIGIN_GLOBAL, /* instruction of an initialiser */
    WAT_ORIGIN_TABLE,
    WAT_ORIGIN_ELEM_OFFSET,
    WAT_ORIGIN_ELEM_ITEMS,
    WAT_ORIGIN_DATA_OFFSET,
    WAT_ORIGIN_FIELD /* a whole field: owner is the wm_section_id, at its rank there */
};
struct wat_origin {
    uint32_t kind, owner;
    uint32_t at; /* byte offset inside the owner; rank for FIELD */
    uint32_t text_offset;
};

/* An open construct of an expression; wat_body.c says what each kind waits for. */
struct wat_frame {
    uint8_t kind;
    uint8_t hint; /* branch hint for a folded instruction, WAT_NO_HINT */
    uint16_t op;
    uint32_t token;   /* where it was opened */
    uint32_t label;   /* symbol; labels are popped with the frame */
    uint32_t pending; /* folded: its bytes start here in wat_parser.pending */
};
enum { WAT_NO_HINT = 0xff };

/* An open block. shadowed: the label its symbol named outside, or WAT_UNBOUND. */
struct wat_label {
    uint32_t symbol, shadowed;
};

/* Of a parameter: its identifier, and the text of its (@name) if it has one. */
struct wat_param_name {
    uint32_t symbol;
    bool is_annotated;
    struct str text;
};

/* A branch hint: function index, byte offset in its body. */
struct wat_hint {
    uint32_t func, at;
    uint8_t value; /* 0 unlikely, 1 likely */
};

/* A custom section, until all of them can be put in order. */
struct wat_custom {
    struct wm_custom custom;
    uint32_t rank; /* place in the file, see wat_annot.c */
    bool is_names; /* the section made from identifiers; left out when there is none to make */
};

/* An identifier that was bound, and is to be unbound at the end of its scope. */
struct wat_touched {
    uint32_t symbol;
    enum wat_space space;
};

struct wat_parser {
    struct wat_lexed *lx;
    const struct wat_token *t; /* the next token */
    struct arena *arena;
    struct diag *dg;
    const struct wm_wat_options *options;

    /* the module in the making; its counts grow as fields are parsed */
    struct wm_module m;
    uint32_t type_capacity, import_capacity, func_capacity, table_capacity, memory_capacity,
        global_capacity, tag_capacity, export_capacity, elem_capacity, data_capacity, code_capacity;
    uint32_t declared[WAT_SPACE_COUNT]; /* indices given out by the first walk */
    uint32_t explicit_types;            /* types defined in the text; implied ones follow */

    struct buf bytes;   /* code, expressions, items, data: everything encoded */
    struct buf pending; /* folded instructions that wait for their operands */
    struct buf list;    /* scratch: list immediates */
    struct buf text;    /* scratch: decoded strings */

    /* one type use at a time */
    struct wm_valtype *params, *results;
    struct wat_param_name *param_names;
    uint32_t param_count, result_count, param_capacity, result_capacity, param_name_capacity;
    uint32_t *type_slots; /* hash table over plain function types: type index + 1 */
    uint32_t type_slot_count, type_slot_used;

    /* one body or expression at a time */
    uint32_t func_index;
    uint32_t origin_kind, origin_owner; /* what it belongs to: see wat_begin_code() */
    uint32_t body_start;                /* in bytes */
    struct wat_frame *frames;
    uint32_t frame_count, frame_capacity;
    struct wat_label *labels;
    uint32_t label_count, label_capacity;
    uint32_t block_count; /* labels so far, for the name section */
    struct wm_valtype *locals;
    uint32_t local_count, local_capacity;

    /* identifiers: of fields by (type, symbol), and all that are bound */
    uint64_t *field_slots; /* hash table of (type + 1) << 32 | symbol, 0 is free */
    uint32_t *field_values;
    uint32_t field_slot_count, field_slot_used;
    struct wat_touched *touched;
    uint32_t touched_count, touched_capacity;

    /* annotations and what becomes of them */
    struct wm_names_builder *names;
    bool has_name_annot, has_name_custom, has_names_place;
    uint32_t next_annot;       /* index of the first annotation not yet passed */
    uint32_t next_annot_token; /* the token it stands before */
    struct wat_custom *customs;
    uint32_t custom_count, custom_capacity;
    struct buf encoding; /* text of (@mujun.encoding) */
    struct wat_hint *hints;
    uint32_t hint_count, hint_capacity;

    /* for the source map */
    bool trace;
    struct wat_origin *origins;
    uint32_t origin_count, origin_capacity;
};

/* ---- tokens (wat_parse.c) -------------------------------------------------------------------- */

/* Refuses the token t: "expected WHAT, found ...". */
enum status wat_expected(struct wat_parser *p, const struct wat_token *t, const char *what);
/* As above for a word: adds a guess among the words [first, end). */
enum status wat_expected_word(struct wat_parser *p, const char *what, enum wat_word first,
                              enum wat_word end);
/* Refusal at a token. */
#define WAT_FAIL(p, token, st, ...)                                                                \
    wat_fail_at((p)->lx->text, (token)->offset, (p)->dg, (st), __VA_ARGS__)

static inline uint32_t wat_at(const struct wat_parser *p)
{
    return (uint32_t)(p->t - p->lx->tokens);
}
static inline bool wat_is(const struct wat_parser *p, enum wat_kind kind)
{
    return p->t->kind == kind;
}
static inline bool wat_is_word(const struct wat_token *t, enum wat_word word)
{
    return t->kind == WAT_TOK_WORD && t->word == word;
}
/* "(word" comes next. */
static inline bool wat_opens(const struct wat_parser *p, enum wat_word word)
{
    return p->t->kind == WAT_TOK_OPEN && wat_is_word(p->t + 1, word);
}
/* Takes "(word" or the word when it comes next. */
static inline bool wat_take_open(struct wat_parser *p, enum wat_word word)
{
    if (!wat_opens(p, word))
        return false;
    p->t += 2;
    return true;
}
static inline bool wat_take_word(struct wat_parser *p, enum wat_word word)
{
    if (!wat_is_word(p->t, word))
        return false;
    p->t++;
    return true;
}
MUST_USE enum status wat_close(struct wat_parser *p); /* takes a ) or refuses */
/* An optional identifier: its symbol, or WAT_NO_SYMBOL. */
uint32_t wat_optional_id(struct wat_parser *p);
/* A string that must be UTF-8; in the arena. */
MUST_USE enum status wat_name(struct wat_parser *p, struct str *out);
/* One or more bits of a number; what: "an alignment". */
MUST_USE enum status wat_u32(struct wat_parser *p, const char *what, uint32_t *out);
MUST_USE enum status wat_u64(struct wat_parser *p, const char *what, uint64_t *out);

/* ---- identifiers (wat_symbols.c) ------------------------------------------------------------- */

/* Binds symbol (WAT_NO_SYMBOL: does nothing) to index. Refuses a second binding in the space. */
MUST_USE enum status wat_bind(struct wat_parser *p, enum wat_space space, uint32_t symbol,
                              uint32_t index, const struct wat_token *t);
/* A number or an identifier that names something in the space. */
MUST_USE enum status wat_index(struct wat_parser *p, enum wat_space space, uint32_t *out);
static inline bool wat_is_index(const struct wat_parser *p)
{
    return p->t->kind == WAT_TOK_NUMBER || p->t->kind == WAT_TOK_ID;
}
const char *wat_space_text(enum wat_space space);
void wat_forget(struct wat_parser *p, uint32_t touched_from); /* unbinds what came later */
MUST_USE enum status wat_bind_field(struct wat_parser *p, uint32_t type, uint32_t symbol,
                                    uint32_t field, const struct wat_token *t);
MUST_USE enum status wat_field_index(struct wat_parser *p, uint32_t type, uint32_t *out);
/* Notes a name for the name section, if one is wanted: symbol, or the @name annotation at the
 * next token. outer: for LOCAL, LABEL, FIELD. */
MUST_USE enum status wat_note_name(struct wat_parser *p, enum wm_name_space space, uint32_t outer,
                                   uint32_t index, uint32_t symbol);

/* ---- types (wat_types.c) --------------------------------------------------------------------- */

MUST_USE enum status wat_valtype(struct wat_parser *p, struct wm_valtype *out);
MUST_USE enum status wat_reftype(struct wat_parser *p, struct wm_valtype *out);
MUST_USE enum status wat_heap(struct wat_parser *p, struct wm_heap *out);
bool wat_at_valtype(const struct wat_parser *p);
MUST_USE enum status wat_type_fields(struct wat_parser *p, const struct wat_token *first,
                                     const struct wat_token *end);

struct wat_typeuse {
    uint32_t type_index;
    bool is_explicit; /* (type x) was written */
    bool has_inline;  /* (param) or (result) was written: in params, results of the parser */
};
/* (type x)? (param)* (result)*. names: parameters may have identifiers. The index is resolved
 * unless implicit is false and no (type) was written (blocks decide for themselves). */
MUST_USE enum status wat_typeuse(struct wat_parser *p, bool names, bool implicit,
                                 struct wat_typeuse *out);
/* Index of the plain function type with the parser's params and results; made when absent. */
uint32_t wat_implicit_type(struct wat_parser *p);
/* (param ...)* (result ...)* into params and results. */
MUST_USE enum status wat_signature(struct wat_parser *p, bool names, bool *any);

/* ---- instructions (wat_ins.c, wat_body.c) ---------------------------------------------------- */

/* The immediates of op, at p->t; appends opcode and immediates to out. */
MUST_USE enum status wat_instruction(struct wat_parser *p, enum wm_op op, struct buf *out);
/* A number, vector or shuffle immediate, at p->t. */
MUST_USE enum status wat_constant(struct wat_parser *p, enum wm_imm shape, struct wm_ins *ins);
/* Opcode and block type of a block, loop, if, try; with catches for try_table. */
MUST_USE enum status wat_block_header(struct wat_parser *p, enum wm_op op, struct buf *out);
/* A label operand: a number or the identifier of an enclosing block. */
MUST_USE enum status wat_label_index(struct wat_parser *p, uint32_t *out);

/* What the next expressions belong to, for the source map; at: bytes count from here. */
static inline void wat_begin_code(struct wat_parser *p, enum wat_origin_kind kind, uint32_t owner)
{
    p->origin_kind = kind;
    p->origin_owner = owner;
    p->body_start = (uint32_t)p->bytes.size;
}

/* Instructions up to the ) that closes what is open at p->t, which is not taken. Adds END. */
MUST_USE enum status wat_expression(struct wat_parser *p, struct wm_bytes *out);
/* One folded instruction. Adds END. */
MUST_USE enum status wat_folded_expression(struct wat_parser *p, struct wm_bytes *out);
/* Body of a function: locals of the parser first. */
MUST_USE enum status wat_func_body(struct wat_parser *p, uint32_t func_index, struct wm_bytes *out);
void wat_pop_labels(struct wat_parser *p); /* all that a refusal has left open */

/* ---- fields (wat_declare.c, wat_fields.c, wat_segments.c) ------------------------------------ */

MUST_USE enum status wat_declare(struct wat_parser *p, const struct wat_token *first,
                                 const struct wat_token *end);
MUST_USE enum status wat_fields(struct wat_parser *p, const struct wat_token *end);
MUST_USE enum status wat_elem_field(struct wat_parser *p);
MUST_USE enum status wat_data_field(struct wat_parser *p);
/* The inline segment of a table or memory: "(elem ..." or "(data ..." comes next. *count: number
 * of elements or bytes. */
MUST_USE enum status wat_inline_elem(struct wat_parser *p, uint32_t table, bool is_64,
                                     struct wm_valtype type, uint64_t *count);
MUST_USE enum status wat_inline_data(struct wat_parser *p, uint32_t memory, bool is_64,
                                     uint64_t *size);
void wat_trace(struct wat_parser *p, enum wat_origin_kind kind, uint32_t owner, uint32_t at,
               const struct wat_token *t);

/* ---- annotations (wat_annot.c) --------------------------------------------------------------- */

/* Positions next_annot at the first annotation not before token t. */
void wat_annot_seek(struct wat_parser *p, const struct wat_token *t);
/* (@custom) and (@mujun.encoding) annotations in front of the next token, which is a field of the
 * module or its end. */
MUST_USE enum status wat_annot_customs(struct wat_parser *p);
/* The text of the (@name) annotation in front of the next token; size 0 and is_there false when
 * there is none. */
MUST_USE enum status wat_annot_name(struct wat_parser *p, bool *is_there, struct str *out);
/* Branch hint in front of token t, WAT_NO_HINT when none. */
MUST_USE enum status wat_annot_hint(struct wat_parser *p, const struct wat_token *t, uint8_t *out);
/* Refuses annotations in [first, end) that nothing has used. */
MUST_USE enum status wat_annot_unused(struct wat_parser *p, const struct wat_token *first,
                                      const struct wat_token *end);
/* Adds the custom sections, hints and names to the module. */
void wat_annot_finish(struct wat_parser *p);

/* ---- whole modules (wat_parse.c, wat_source.c) ----------------------------------------------- */

/* Parses the fields in tokens [first, end), of which id (WAT_NO_SYMBOL) is the module's. The bytes
 * are in out; everything else in scratch. Both arenas must be guarded. origins may be NULL. */
struct wat_origins {
    struct wat_origin *list; /* in the scratch arena */
    uint32_t count;
};
MUST_USE enum status wat_parse_range(struct wat_lexed *lx, const struct wat_token *first,
                                     const struct wat_token *end, uint32_t id,
                                     const struct wm_wat_options *options, struct arena *scratch,
                                     struct arena *out, struct str *bytes,
                                     struct wat_origins *origins, struct diag *dg);

#endif /* SHIELD_WASM_WAT_INT_H */
