/* ast: a description file as its author wrote it: declarations in order, with comments and blank
 * lines, so that it can be printed back. Nothing is looked up here. Everything lives in the arena
 * of the parse; texts point into the source. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_AST_H
#define SPEAR_SYZ_AST_H

#include "spear/syz/error.h"

enum ast_expr_kind { AST_IDENT, AST_INT, AST_STRING, AST_BINARY };

/* Loosest first. */
enum ast_op { AST_OR, AST_EQ, AST_NE, AST_AND };

/* name:colon:colon[arg, arg], a literal, or left op right (in args). */
struct ast_expr {
    struct syz_pos pos;
    uint8_t kind, op;
    uint16_t arg_count, colon_count;
    struct str text; /* the name or literal as written, a string with its quotes */
    uint64_t value;  /* of an int */
    struct ast_expr **args, **colon;
};

struct ast_field {
    struct syz_pos pos;
    struct str name;
    struct ast_expr *type;
    struct ast_expr **attrs;
    uint32_t attr_count, comment_count;
    struct str *comments; /* lines above it */
    bool has_gap;         /* an empty line above */
};

enum ast_decl_kind {
    AST_COMMENT,
    AST_BLANK,
    AST_INCLUDE,
    AST_INCDIR,
    AST_DEFINE,
    AST_META,     /* value[0] */
    AST_RESOURCE, /* name[type]: values */
    AST_ALIAS,    /* type name[params] type */
    AST_STRUCT,
    AST_UNION,
    AST_FLAGS, /* name = values */
    AST_CALL,  /* name(fields) type (attrs) */
};

struct ast_param {
    struct str name;
    struct ast_expr *fallback; /* NULL: must be given */
};

struct ast_decl {
    enum ast_decl_kind kind;
    struct syz_pos pos;
    struct str name;
    struct str text; /* of a comment, include or define */
    bool is_type;    /* declared by the word `type` */
    struct ast_param *params;
    struct ast_expr *type;
    struct ast_expr **values;
    struct ast_field *fields;
    struct ast_expr **attrs;
    struct str *comments; /* after the last field */
    uint32_t param_count, value_count, field_count, attr_count, comment_count;
};

struct ast_file {
    struct ast_decl *decls;
    uint32_t count, capacity;
};

enum { AST_DEPTH_MAX = 64 }; /* brackets within brackets */

/* Inside arena_guard(). What cannot be parsed is reported and left out; parsing goes on at the next
 * declaration. */
struct ast_file *ast_parse(struct str text, uint16_t file, struct arena *a,
                           struct syz_errors *errors);

/* Appends the canonical text. */
void ast_print(const struct ast_file *file, struct buf *out);
void ast_print_expr(const struct ast_expr *e, struct buf *out);

#endif /* SPEAR_SYZ_AST_H */
