/*
 * rulec: compiles rules (rules/<user>/<name>.rules) to C. docs/rules.md describes the language.
 *
 * The way of a rule through the files:
 *
 *   read.c      text to struct node trees
 *   check.c     names, kinds and types; a pattern becomes a list of tests over paths, a right side
 *               becomes a tree of terms
 *   overlap.c   which pairs of rules may both match; refuses ambiguous and unreachable ones
 *   emit.c      the tests of all rules of a root, merged, as nested C
 *   emit_try.c  the same for each rule alone, with a builder of what it matches, for the tests
 *
 * Everything lives in one arena for the length of the run. A refusal unwinds to main through
 * rule_refuse(), after its message was printed as "file:line:column: what".
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOLS_RULEC_RULEC_H
#define TOOLS_RULEC_RULEC_H

#include "base/buf.h"
#include "shield/ir/ir.h"

struct position {
    const char *file;
    uint32_t line, column;
};

/* ---- text ------------------------------------------------------------------------------------ */
enum node_kind { NODE_NAME, NODE_WILDCARD, NODE_NUMBER, NODE_CALL };
struct node {
    enum node_kind kind;
    struct position at;
    struct str name;     /* NAME, CALL */
    struct str type;     /* after the dot; may be empty */
    struct str bound;    /* before the @; may be empty */
    bool either_order;   /* ~ in front of an operation: also with its operands swapped */
    uint64_t number;     /* NUMBER, two's complement */
    struct node **args;
    uint32_t arg_count, arg_capacity;
    uint32_t class;      /* of a pattern that is a value, once checked: its type */
};

struct statement { /* of a right side; a guard */
    struct node *node;
    struct str bound; /* name = ...; may be empty */
    bool negated;
};

struct statements {
    struct statement *items;
    uint32_t count, capacity;
};

struct rule_text {
    struct position at;
    struct str name;
    int32_t priority;
    uint32_t root;
    struct node *pattern;
    struct statements guards, result;
};

/* ---- declarations ---------------------------------------------------------------------------- */

/* What a captured thing is: the kinds of fields of instructions, then those of the user. */
enum builtin_kind {
#define KIND(name, text, ctype) KIND_##name,
#include "kinds.def"
#undef KIND
    KIND_BUILTIN_COUNT
};
struct kind {
    struct str name;
    const char *ctype;
};

enum function_role { ROLE_FUNCTION, ROLE_PREDICATE, ROLE_EXTRACTOR, ROLE_CONSTRUCTOR };
enum { KINDS_MAX = 12 };
struct function { /* of C, called from rules */
    enum function_role role;
    struct position at;
    struct str name;
    uint32_t params[KINDS_MAX], param_count;
    uint32_t results[KINDS_MAX], result_count; /* several for extractors only */
    bool used;
};

struct conversion {
    uint32_t from, to; /* kinds */
    struct str function;
};

struct typeset { /* type T = i32 i64; */
    struct str name;
    uint32_t mask; /* bit n: enum ir_type n */
};

struct root {
    struct position at;
    struct str name;
    uint32_t result; /* kind */
    bool called;     /* from a right side: must match everything */
};

/* ---- checked rules --------------------------------------------------------------------------- */

/* An expression without effect that a test or a right side needs. Interned: the same expression
 * of two rules is one path. Path 0 is the value at the root. */
typedef uint32_t path_id;
enum path_kind {
    PATH_ROOT,    /* the value the root function was given */
    PATH_FIELD,   /* of the instruction that defines value a: field b */
    PATH_TYPE,    /* of value a */
    PATH_EXTRACT, /* result b of extractor c on path a */
    PATH_CALL,    /* function c on paths list */
    PATH_LITERAL, /* of kind: number */
};
enum field { FIELD_A, FIELD_B, FIELD_C, FIELD_AUX, FIELD_BITS };
struct path {
    enum path_kind kind;
    uint32_t result; /* kind of the expression */
    path_id a;
    uint32_t b, c;
    uint64_t number;
    path_id args[KINDS_MAX];
    uint32_t arg_count;
};

enum test_kind {
    TEST_OP,        /* value path a is defined by operation `number` */
    TEST_TYPE,      /* type of value path a is in the set `number` */
    TEST_SAME_TYPE, /* of value paths a and b */
    TEST_BITS,      /* bits path a are the number, cut to the width of value path b */
    TEST_LITERAL,   /* path a is the number */
    TEST_EQUAL,     /* paths a and b */
    TEST_EXTRACT,   /* extractor b accepts path a */
    TEST_GUARD,     /* path a, a bool, is true (number 1) or false (0) */
};
struct test {
    enum test_kind kind;
    path_id a, b;
    uint64_t number;
    uint64_t needs; /* bit n: test n of the rule comes first */
};
enum { TESTS_MAX = 64, TYPES_MAX = 96, CAPTURES_MAX = 48 };

/* Right sides, resolved. */
enum term_kind {
    TERM_PATH, TERM_LITERAL, TERM_CALL, TERM_ROOT, TERM_BUILD, TERM_LOCAL, TERM_CONVERT
};
struct term {
    enum term_kind kind;
    uint32_t result;     /* kind */
    uint32_t type;       /* type class of a value */
    path_id path;        /* PATH; BUILD: the type */
    uint64_t number;     /* LITERAL; BUILD: operation; LOCAL: statement */
    const struct function *function; /* CALL */
    const struct root *root;
    struct str convert;
    struct term *args[KINDS_MAX];
    uint32_t arg_count;
};

struct type_class { /* union-find over the types of a rule's values */
    uint32_t parent;
    uint32_t mask;      /* types possible */
    path_id witness;    /* value path of this type, when known is set */
    bool known;
    struct str name;    /* the variable, may be empty */
};

struct capture {
    struct str name;
    uint32_t kind;
    uint32_t type; /* class, of values */
    path_id path;  /* unless local */
    bool local, used;
    uint32_t statement;
};

struct rule {
    const struct rule_text *text;
    const char *name;    /* with "/swapped" when so */
    uint32_t number;
    const struct node *pattern;
    struct test tests[TESTS_MAX];
    uint32_t test_count;
    struct type_class types[TYPES_MAX];
    uint32_t type_count;
    struct capture captures[CAPTURES_MAX];
    uint32_t capture_count;
    struct term **results;
    uint32_t result_count;
    uint32_t root_type;  /* class */
    bool catch_all;      /* no test at all */
};

struct program {
    struct arena *arena;
    struct str header, context, prefix;
    bool builds, counts;
    struct kind *kinds;
    uint32_t kind_count, kind_capacity;
    struct function *functions;
    uint32_t function_count, function_capacity;
    struct conversion *conversions;
    uint32_t conversion_count, conversion_capacity;
    struct typeset *typesets;
    uint32_t typeset_count, typeset_capacity;
    struct root *roots;
    uint32_t root_count, root_capacity;
    struct rule_text *texts;
    uint32_t text_count, text_capacity;
    struct rule **rules;
    uint32_t rule_count, rule_capacity;
    struct path *paths;
    uint32_t path_count, path_capacity;
    uint32_t current_root; /* while reading; UINT32_MAX: none */
};

/* main.c */
_Noreturn void rule_refuse(struct position at, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *text_of(struct program *p, struct str s); /* with a NUL */

/* read.c */
void read_rules(struct program *p, const char *file, struct str text);

/* check.c, terms.c */
void check_rules(struct program *p);
path_id path_intern(struct program *p, struct path path);
uint32_t type_find(struct rule *r, uint32_t class);
void type_unify(struct program *p, struct rule *r, struct position at, uint32_t a, uint32_t b);
uint32_t type_new(struct program *p, struct rule *r, struct position at, uint32_t mask);
struct capture *capture_find(struct rule *r, struct str name);
uint32_t type_named(struct program *p, struct rule *r, struct node *n, bool *first);
void check_result(struct program *p, struct rule *r);
path_id guard_path(struct program *p, struct rule *r, const struct node *n, uint32_t kind);

/* fields.c: what ops.def means for patterns */
struct operand {
    enum field field;
    uint32_t kind;
    uint32_t type_mask;  /* of values: types possible */
    bool same_as_result; /* of values */
    bool same_as_first;
};
struct op_shape {
    struct operand operands[4];
    uint32_t operand_count;
    uint32_t result_mask; /* 0: no value */
};
bool op_find(struct str name, enum ir_op *op);
struct op_shape op_shape(enum ir_op op);
bool literal_find(uint32_t kind, struct str name, uint64_t *number);
bool type_find_text(struct str name, enum ir_type *type);
void type_mask_text(uint32_t mask, struct buf *out);

/* overlap.c */
bool rules_disjoint(const struct program *p, const struct rule *a, const struct rule *b);
void check_overlaps(struct program *p);
bool test_same(const struct test *a, const struct test *b);

/* emit.c */
void emit_program(struct program *p, struct buf *out);
void emit_function(struct program *p, struct buf *out, const char *name, const struct root *root,
                   struct rule **rules, uint32_t count);
void emit_prologue(struct program *p, struct buf *out);
/* True when a guard of the rule asks about the captured value itself. */
bool asked_about(const struct rule *r, struct str name);
/* emit_try.c */
void emit_tries(struct program *p, struct buf *out);

#endif /* TOOLS_RULEC_RULEC_H */
