/* print: the canonical text of a description file. Numbers and literals stay as written; fields
 * stand in two columns made of tabs; at most one empty line separates declarations.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/ast.h"

enum { TAB_COLUMNS = 8 };

static void print_list(struct ast_expr *const *items, uint32_t count, struct buf *out)
{
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i == 0 ? "" : ", ");
        ast_print_expr(items[i], out);
    }
}

void ast_print_expr(const struct ast_expr *e, struct buf *out)
{
    if (e->kind == AST_BINARY) {
        ast_print_expr(e->args[0], out);
        buf_printf(out, " %.*s ", STR_ARG(e->text));
        ast_print_expr(e->args[1], out);
        return;
    }
    buf_str(out, e->text);
    for (uint32_t i = 0; i < e->colon_count; i++) {
        buf_byte(out, ':');
        buf_str(out, e->colon[i]->text);
    }
    if (e->arg_count != 0) {
        buf_byte(out, '[');
        print_list(e->args, e->arg_count, out);
        buf_byte(out, ']');
    }
}

/* To the column that is the next one for the widest of its kind. */
static void tabs(struct buf *out, size_t width, size_t widest)
{
    for (size_t at = width / TAB_COLUMNS; at < widest / TAB_COLUMNS + 1; at++)
        buf_byte(out, '\t');
}

static void print_comments(const struct str *comments, uint32_t count, struct buf *out)
{
    for (uint32_t i = 0; i < count; i++)
        buf_printf(out, "#%.*s\n", STR_ARG(comments[i]));
}

static void print_block(const struct ast_decl *d, struct buf *out)
{
    size_t widest = 0;

    for (uint32_t i = 0; i < d->field_count; i++)
        widest = MAX(widest, d->fields[i].name.size);
    buf_text(out, d->kind == AST_STRUCT ? " {\n" : " [\n");
    for (uint32_t i = 0; i < d->field_count; i++) {
        const struct ast_field *f = &d->fields[i];
        buf_text(out, f->has_gap ? "\n" : "");
        print_comments(f->comments, f->comment_count, out);
        buf_printf(out, "\t%.*s", STR_ARG(f->name));
        tabs(out, f->name.size, widest);
        ast_print_expr(f->type, out);
        if (f->attr_count != 0) {
            buf_text(out, "\t(");
            print_list(f->attrs, f->attr_count, out);
            buf_byte(out, ')');
        }
        buf_byte(out, '\n');
    }
    print_comments(d->comments, d->comment_count, out);
    buf_byte(out, d->kind == AST_STRUCT ? '}' : ']');
    if (d->attr_count != 0) {
        buf_text(out, " [");
        print_list(d->attrs, d->attr_count, out);
        buf_byte(out, ']');
    }
}

static void print_type(const struct ast_decl *d, struct buf *out)
{
    if (d->is_type)
        buf_text(out, "type ");
    buf_str(out, d->name);
    for (uint32_t i = 0; i < d->param_count; i++) {
        buf_printf(out, "%s%.*s", i == 0 ? "[" : ", ", STR_ARG(d->params[i].name));
        if (d->params[i].fallback != NULL) {
            buf_text(out, " = ");
            ast_print_expr(d->params[i].fallback, out);
        }
    }
    buf_text(out, d->param_count == 0 ? "" : "]");
    if (d->kind != AST_ALIAS) {
        print_block(d, out);
        return;
    }
    buf_byte(out, ' ');
    ast_print_expr(d->type, out);
}

static void print_attrs(struct ast_expr *const *attrs, uint32_t count, struct buf *out)
{
    if (count == 0)
        return;
    buf_text(out, " (");
    print_list(attrs, count, out);
    buf_byte(out, ')');
}

static void print_call(const struct ast_decl *d, struct buf *out)
{
    buf_printf(out, "%.*s(", STR_ARG(d->name));
    for (uint32_t i = 0; i < d->field_count; i++) {
        const struct ast_field *f = &d->fields[i];
        buf_printf(out, "%s%.*s ", i == 0 ? "" : ", ", STR_ARG(f->name));
        ast_print_expr(f->type, out);
        print_attrs(f->attrs, f->attr_count, out);
    }
    buf_byte(out, ')');
    if (d->type != NULL) {
        buf_byte(out, ' ');
        ast_print_expr(d->type, out);
    }
    print_attrs(d->attrs, d->attr_count, out);
}

static void print_decl(const struct ast_decl *d, struct buf *out)
{
    switch (d->kind) {
    case AST_BLANK: break;
    case AST_COMMENT: buf_printf(out, "#%.*s", STR_ARG(d->text)); break;
    case AST_INCLUDE: buf_printf(out, "include %.*s", STR_ARG(d->text)); break;
    case AST_INCDIR: buf_printf(out, "incdir %.*s", STR_ARG(d->text)); break;
    case AST_DEFINE:
        buf_printf(out, "define %.*s\t%.*s", STR_ARG(d->name), STR_ARG(d->text));
        break;
    case AST_META:
        buf_text(out, "meta ");
        ast_print_expr(d->values[0], out);
        break;
    case AST_RESOURCE:
        buf_printf(out, "resource %.*s[", STR_ARG(d->name));
        ast_print_expr(d->type, out);
        buf_text(out, d->value_count == 0 ? "]" : "]: ");
        print_list(d->values, d->value_count, out);
        break;
    case AST_ALIAS:
    case AST_STRUCT:
    case AST_UNION: print_type(d, out); break;
    case AST_FLAGS:
        buf_printf(out, "%.*s = ", STR_ARG(d->name));
        print_list(d->values, d->value_count, out);
        break;
    case AST_CALL: print_call(d, out); break;
    }
}

void ast_print(const struct ast_file *file, struct buf *out)
{
    bool pending_gap = false;

    for (uint32_t i = 0; i < file->count; i++) {
        if (file->decls[i].kind == AST_BLANK) {
            pending_gap = out->size != 0;
            continue;
        }
        buf_text(out, pending_gap ? "\n" : "");
        pending_gap = false;
        print_decl(&file->decls[i], out);
        buf_byte(out, '\n');
    }
}
