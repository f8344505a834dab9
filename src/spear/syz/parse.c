/* parse: descriptions, one declaration a line (or a block of lines). On an error the rest of the
 * declaration is skipped: up to a line that begins with neither a blank nor a closing bracket.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/ast.h"
#include "spear/syz/lex.h"

#include <string.h>

struct parser {
    struct lexer lx;
    struct lex_token t; /* the next one */
    struct arena *a;
    struct syz_errors *errors;
    struct ast_file *file;
    uint32_t depth;
    bool failed; /* the declaration at hand */
};

/* A growing list of expressions. */
struct list {
    struct ast_expr **items;
    uint32_t count, capacity;
};

static void advance(struct parser *p)
{
    p->t = lex_next(&p->lx);
    p->failed = p->failed || p->t.kind == LEX_BAD;
}

static bool is_punct(const struct parser *p, const char *text)
{
    return p->t.kind == LEX_PUNCT && str_equal(p->t.text, str_of(text));
}

static bool accept(struct parser *p, const char *text)
{
    bool yes = is_punct(p, text);
    if (yes)
        advance(p);
    return yes;
}

static void fail(struct parser *p, const char *expected)
{
    struct str found = lex_found(&p->t);

    if (!p->failed)
        syz_error(p->errors, p->t.pos, "expected %s, found %.*s", expected, STR_ARG(found));
    p->failed = true;
}

static bool expect(struct parser *p, const char *text, const char *expected)
{
    if (p->failed || !accept(p, text))
        fail(p, expected);
    return !p->failed;
}

static struct lex_token expect_kind(struct parser *p, enum lex_kind kind, const char *expected)
{
    struct lex_token t = p->t;

    if (p->failed || t.kind != kind)
        fail(p, expected);
    else
        advance(p);
    return t;
}

static struct ast_expr *parse_expr(struct parser *p, unsigned level);

static void push(struct parser *p, struct list *l, struct ast_expr *e)
{
    ARENA_PUSH(p->a, l->items, l->count, l->capacity, e);
    if (l->count > UINT16_MAX)
        fail(p, "fewer than 65536 elements");
}

/* One or more expressions up to the closing text, which is taken. The list may be empty. */
static struct list parse_list(struct parser *p, const char *close, const char *expected)
{
    struct list l = {0};

    while (!p->failed && !is_punct(p, close)) {
        if (l.count != 0 && !expect(p, ",", expected))
            break;
        push(p, &l, parse_expr(p, 0));
    }
    expect(p, close, expected);
    return l;
}

static struct ast_expr *parse_primary(struct parser *p)
{
    struct ast_expr *e = arena_new(p->a, struct ast_expr, 1);

    e->pos = p->t.pos;
    e->text = p->t.text;
    e->value = p->t.value;
    switch (p->t.kind) {
    case LEX_IDENT: e->kind = AST_IDENT; break;
    case LEX_INT: e->kind = AST_INT; break;
    case LEX_STRING: e->kind = AST_STRING; break;
    default: fail(p, "a type, name, number or literal"); return e;
    }
    advance(p);
    struct list colon = {0}, args = {0};
    while (!p->failed && accept(p, ":")) {
        struct ast_expr *part = arena_new(p->a, struct ast_expr, 1);
        part->pos = p->t.pos;
        part->text = p->t.text;
        part->value = p->t.value;
        part->kind = p->t.kind == LEX_INT ? AST_INT : AST_IDENT;
        if (p->t.kind != LEX_INT && p->t.kind != LEX_IDENT)
            fail(p, "a name or number after ':'");
        else
            advance(p);
        push(p, &colon, part);
    }
    if (!p->failed && is_punct(p, "[") && e->kind == AST_IDENT) {
        advance(p);
        if (is_punct(p, "]"))
            fail(p, "arguments between the brackets");
        args = parse_list(p, "]", "',' or ']'");
    }
    e->colon = colon.items;
    e->colon_count = (uint16_t)colon.count;
    e->args = args.items;
    e->arg_count = (uint16_t)args.count;
    return e;
}

static const struct {
    const char *text;
    unsigned level;
    enum ast_op op;
} operators[] = {
    {"||", 0, AST_OR },
    {"==", 1, AST_EQ },
    {"!=", 1, AST_NE },
    {"&",  2, AST_AND}
};

enum { OPERATOR_LEVELS = 3 };

static struct ast_expr *parse_expr(struct parser *p, unsigned level)
{
    if (level == 0 && ++p->depth > AST_DEPTH_MAX)
        fail(p, "at most 64 levels of brackets");
    struct ast_expr *left =
        level == OPERATOR_LEVELS || p->failed ? parse_primary(p) : parse_expr(p, level + 1);
    for (uint32_t i = 0; !p->failed && level < OPERATOR_LEVELS && i < LENGTH_OF(operators); i++) {
        if (operators[i].level != level || !is_punct(p, operators[i].text))
            continue;
        struct ast_expr *e = arena_new(p->a, struct ast_expr, 1);
        *e = (struct ast_expr){
            .pos = p->t.pos, .kind = AST_BINARY, .op = (uint8_t)operators[i].op, .text = p->t.text};
        advance(p);
        e->args = arena_new(p->a, struct ast_expr *, 2);
        e->arg_count = 2;
        e->args[0] = left;
        e->args[1] = parse_expr(p, level + 1);
        left = e;
        i = UINT32_MAX; /* the same level again: a & b & c */
    }
    p->depth -= level == 0;
    return left;
}

static void parse_attrs(struct parser *p, const char *close, struct ast_expr ***attrs,
                        uint32_t *count)
{
    if (!p->failed && is_punct(p, close))
        fail(p, "an attribute");
    struct list l = parse_list(p, close, close[0] == ')' ? "',' or ')'" : "',' or ']'");

    *attrs = l.items;
    *count = l.count;
}

/* A comment may stand behind anything that ends a line; it moves to a line of its own. */
static void end_of_line(struct parser *p, struct lex_token *comment)
{
    *comment = (struct lex_token){0};
    if (!p->failed && p->t.kind == LEX_COMMENT) {
        *comment = p->t;
        advance(p);
    }
    if (p->failed || (p->t.kind != LEX_NEWLINE && p->t.kind != LEX_END))
        fail(p, "the end of the line");
    else if (p->t.kind == LEX_NEWLINE)
        advance(p);
}

/* ---- blocks ---- */

struct fields {
    struct ast_field *items;
    uint32_t count, capacity;
    struct str *comments; /* not yet given to a field */
    uint32_t comment_count, comment_capacity;
    bool has_gap;
};

static void keep_comment(struct parser *p, struct fields *f, struct str text)
{
    ARENA_PUSH(p->a, f->comments, f->comment_count, f->comment_capacity, text);
}

static void parse_field(struct parser *p, struct fields *fs)
{
    struct ast_field f = {.pos = p->t.pos,
                          .has_gap = fs->has_gap && (fs->count != 0 || fs->comment_count != 0),
                          .comments = fs->comments,
                          .comment_count = fs->comment_count};
    struct lex_token comment;

    fs->comments = NULL;
    fs->comment_count = fs->comment_capacity = 0;
    fs->has_gap = false;
    f.name = expect_kind(p, LEX_IDENT, "a field's name").text;
    if (!p->failed)
        f.type = parse_expr(p, 0);
    if (!p->failed && accept(p, "("))
        parse_attrs(p, ")", &f.attrs, &f.attr_count);
    ARENA_PUSH(p->a, fs->items, fs->count, fs->capacity, f);
    end_of_line(p, &comment);
    if (comment.kind == LEX_COMMENT)
        keep_comment(p, fs, comment.text);
}

/* From the opening bracket, which is next, to the end of the line with the closing one. */
static void parse_block(struct parser *p, struct ast_decl *d)
{
    const char *close = is_punct(p, "{") ? "}" : "]";
    struct fields fs = {0};
    struct lex_token comment;

    d->kind = close[0] == '}' ? AST_STRUCT : AST_UNION;
    advance(p);
    end_of_line(p, &comment);
    if (comment.kind == LEX_COMMENT)
        keep_comment(p, &fs, comment.text);
    while (!p->failed && !is_punct(p, close)) {
        if (p->t.kind == LEX_NEWLINE) {
            fs.has_gap = true;
            advance(p);
        } else if (p->t.kind == LEX_COMMENT) {
            keep_comment(p, &fs, p->t.text);
            advance(p);
            end_of_line(p, &comment);
        } else if (p->t.kind == LEX_IDENT) {
            parse_field(p, &fs);
        } else {
            fail(p, close[0] == '}' ? "a field or '}'" : "an option or ']'");
        }
    }
    d->fields = fs.items;
    d->field_count = fs.count;
    d->comments = fs.comments;
    d->comment_count = fs.comment_count;
    expect(p, close, "the closing bracket");
    if (!p->failed && accept(p, "["))
        parse_attrs(p, "]", &d->attrs, &d->attr_count);
}

/* ---- declarations ---- */

static void parse_params(struct parser *p, struct ast_decl *d)
{
    uint32_t capacity = 0;

    do {
        struct ast_param param = {.name = expect_kind(p, LEX_IDENT, "a parameter's name").text};
        if (!p->failed && accept(p, "="))
            param.fallback = parse_expr(p, 0);
        ARENA_PUSH(p->a, d->params, d->param_count, capacity, param);
    } while (!p->failed && accept(p, ","));
    expect(p, "]", "',' or ']'");
}

/* At the word after `type`. An opening bracket at the end of its line is a union's. */
static void parse_type(struct parser *p, struct ast_decl *d)
{
    d->is_type = true;
    d->pos = p->t.pos;
    d->name = expect_kind(p, LEX_IDENT, "a type's name").text;
    if (!p->failed && is_punct(p, "[")) {
        struct parser before = *p;
        advance(p);
        if (p->t.kind == LEX_NEWLINE || p->t.kind == LEX_COMMENT) {
            *p = before;
            parse_block(p, d);
            return;
        }
        parse_params(p, d);
    }
    if (p->failed)
        return;
    if (is_punct(p, "{") || is_punct(p, "[")) {
        parse_block(p, d);
        return;
    }
    d->kind = AST_ALIAS;
    d->type = parse_expr(p, 0);
}

static void parse_values(struct parser *p, struct ast_decl *d)
{
    struct list l = {0};

    do {
        push(p, &l, parse_primary(p));
    } while (!p->failed && accept(p, ","));
    d->values = l.items;
    d->value_count = l.count;
}

static void parse_resource(struct parser *p, struct ast_decl *d)
{
    d->kind = AST_RESOURCE;
    d->pos = p->t.pos;
    d->name = expect_kind(p, LEX_IDENT, "a resource's name").text;
    expect(p, "[", "'[' and the type of the resource");
    if (!p->failed)
        d->type = parse_expr(p, 0);
    expect(p, "]", "']'");
    if (!p->failed && accept(p, ":"))
        parse_values(p, d);
}

static void parse_call(struct parser *p, struct ast_decl *d)
{
    uint32_t capacity = 0;

    d->kind = AST_CALL;
    advance(p);
    while (!p->failed && !is_punct(p, ")")) {
        if (d->field_count != 0 && !expect(p, ",", "',' or ')'"))
            break;
        struct ast_field f = {.pos = p->t.pos};
        f.name = expect_kind(p, LEX_IDENT, "an argument's name").text;
        if (!p->failed)
            f.type = parse_expr(p, 0);
        if (!p->failed && accept(p, "("))
            parse_attrs(p, ")", &f.attrs, &f.attr_count);
        ARENA_PUSH(p->a, d->fields, d->field_count, capacity, f);
    }
    expect(p, ")", "')'");
    if (!p->failed && p->t.kind == LEX_IDENT)
        d->type = parse_expr(p, 0);
    if (!p->failed && accept(p, "("))
        parse_attrs(p, ")", &d->attrs, &d->attr_count);
}

static void parse_meta(struct parser *p, struct ast_decl *d)
{
    struct list l = {0};

    d->kind = AST_META;
    push(p, &l, parse_primary(p));
    d->values = l.items;
    d->value_count = l.count;
}

static void parse_directive(struct parser *p, struct ast_decl *d, enum ast_decl_kind kind)
{
    d->kind = kind;
    if (kind == AST_DEFINE) {
        d->name = p->t.text;
        d->pos = p->t.pos;
        if (p->t.kind != LEX_IDENT) {
            fail(p, "a constant's name");
            return;
        }
        struct lex_token rest = lex_rest_of_line(&p->lx);
        d->text = rest.text;
        advance(p);
        if (rest.text.size == 0)
            fail(p, "the constant's value");
        return;
    }
    if (p->t.kind == LEX_STRING)
        p->t.kind = LEX_HEADER;
    d->text = expect_kind(p, LEX_HEADER, "<a file or folder of headers>").text;
}

/* At the first word of a declaration. */
static void parse_decl(struct parser *p, struct ast_decl *d)
{
    struct str word = p->t.text;

    *d = (struct ast_decl){.pos = p->t.pos, .name = word};
    if (p->t.kind != LEX_IDENT) {
        fail(p, "a declaration");
        return;
    }
    advance(p);
    if (p->t.kind == LEX_IDENT && str_equal(word, STR("type")))
        parse_type(p, d);
    else if (p->t.kind == LEX_IDENT && str_equal(word, STR("resource")))
        parse_resource(p, d);
    else if (p->t.kind == LEX_IDENT && str_equal(word, STR("meta")))
        parse_meta(p, d);
    else if (str_equal(word, STR("include")))
        parse_directive(p, d, AST_INCLUDE);
    else if (str_equal(word, STR("incdir")))
        parse_directive(p, d, AST_INCDIR);
    else if (p->t.kind == LEX_IDENT && str_equal(word, STR("define")))
        parse_directive(p, d, AST_DEFINE);
    else if (is_punct(p, "("))
        parse_call(p, d);
    else if (is_punct(p, "{") || is_punct(p, "["))
        parse_block(p, d);
    else if (accept(p, "=")) {
        d->kind = AST_FLAGS;
        parse_values(p, d);
    } else
        fail(p, "'(' of a call, '{' of a struct, '[' of a union, or '=' of flags");
}

/* To the start of the next line that can begin a declaration. */
static void skip_declaration(struct parser *p)
{
    struct lexer *lx = &p->lx;

    if (p->t.pos.line == lx->line || p->t.kind != LEX_NEWLINE)
        lex_rest_of_line(lx);
    for (;;) {
        if (lx->at < lx->text.size && lx->text.text[lx->at] == '\n') {
            lx->at++;
            lx->line++;
            lx->line_start = lx->at;
        }
        if (lx->at >= lx->text.size || strchr(" \t\r})]", lx->text.text[lx->at]) == NULL)
            break;
        lex_rest_of_line(lx);
    }
    p->failed = false;
    p->depth = 0;
    advance(p);
}

static void add_comment(struct parser *p, struct lex_token t)
{
    struct ast_decl d = {.kind = AST_COMMENT, .pos = t.pos, .text = t.text};
    ARENA_PUSH(p->a, p->file->decls, p->file->count, p->file->capacity, d);
}

struct ast_file *ast_parse(struct str text, uint16_t file, struct arena *a,
                           struct syz_errors *errors)
{
    struct parser p = {.a = a, .errors = errors, .file = arena_new(a, struct ast_file, 1)};
    struct lex_token comment;

    lex_init(&p.lx, text, file, errors);
    advance(&p);
    while (p.t.kind != LEX_END || p.failed) {
        struct ast_decl d = {.kind = AST_BLANK, .pos = p.t.pos};
        if (p.failed) {
            skip_declaration(&p);
            continue;
        }
        if (p.t.kind == LEX_NEWLINE) {
            advance(&p);
        } else if (p.t.kind == LEX_COMMENT) {
            d.kind = AST_COMMENT;
            d.text = p.t.text;
            advance(&p);
            end_of_line(&p, &comment);
        } else {
            parse_decl(&p, &d);
            end_of_line(&p, &comment);
            if (p.failed)
                continue;
        }
        ARENA_PUSH(a, p.file->decls, p.file->count, p.file->capacity, d);
        if (d.kind != AST_COMMENT && d.kind != AST_BLANK && comment.kind == LEX_COMMENT)
            add_comment(&p, comment);
    }
    return p.file;
}
