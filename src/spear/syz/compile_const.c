/* compile_const: numbers, ranges, sets, literals, paths and conditions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"
#include "spear/syz/lex.h"

#include <stdlib.h>
#include <string.h>

/* Remembers that the file of pos asks for it. */
void comp_want(struct compiler *c, struct str name, struct syz_pos pos)
{
    struct map *wanted = &c->wanted[pos.file];

    if (map_get(wanted, name) != NULL)
        return;
    struct syz_wanted *w = arena_new(c->a, struct syz_wanted, 1);
    *w = (struct syz_wanted){name, pos};
    map_put(wanted, name, w);
}

static bool number_of_name(struct compiler *c, const struct ast_expr *e, const char *what,
                           uint64_t *value, struct str *missing)
{
    const struct syz_const *known = map_get(&c->consts, e->text);

    *value = 0;
    if (c->wanted != NULL) {
        comp_want(c, e->text, e->pos);
        if (missing->size == 0)
            *missing = e->text;
        return true;
    }
    if (known == NULL) {
        syz_error(c->errors, e->pos,
                  "expected %s: a number or a constant of a .const file, found %.*s", what,
                  STR_ARG(e->text));
        return false;
    }
    if (known->has_value)
        *value = known->value;
    else if (missing->size == 0)
        *missing = e->text;
    return true;
}

/* One part: the expression itself, without what its colons say. */
static bool part(struct compiler *c, const struct ast_expr *e, const char *what, uint64_t *value,
                 struct str *missing)
{
    if (e->kind == AST_INT) {
        *value = e->value;
        return true;
    }
    if (e->kind == AST_IDENT && e->arg_count == 0)
        return number_of_name(c, e, what, value, missing);
    syz_error(c->errors, e->pos, "expected %s, found %.*s", what, STR_ARG(e->text));
    return false;
}

bool comp_number(struct compiler *c, const struct ast_expr *e, const char *what, uint64_t *value,
                 struct str *missing)
{
    if (e->colon_count != 0) {
        syz_error(c->errors, e->pos, "expected %s, found a range", what);
        return false;
    }
    return part(c, e, what, value, missing);
}

bool comp_range(struct compiler *c, const struct ast_expr *e, const char *what, uint64_t *min,
                uint64_t *max, struct str *missing)
{
    if (!part(c, e, what, min, missing))
        return false;
    *max = *min;
    if (e->colon_count > 1) {
        syz_error(c->errors, e->pos, "expected %s as one number or min:max, found more parts",
                  what);
        return false;
    }
    return e->colon_count == 0 || part(c, e->colon[0], what, max, missing);
}

static uint8_t nibble(char ch)
{
    return (uint8_t)(ch <= '9' ? ch - '0' : (ch | 0x20) - 'a' + 10);
}

struct str comp_bytes(struct compiler *c, const struct ast_expr *e)
{
    struct str inner = {e->text.text + 1, e->text.size - 2};

    if (e->text.text[0] != '`')
        return inner;
    char *bytes = arena_new(c->a, char, inner.size / 2);
    for (size_t i = 0; i < inner.size / 2; i++)
        bytes[i] = (char)(nibble(inner.text[2 * i]) << 4 | nibble(inner.text[2 * i + 1]));
    return (struct str){bytes, inner.size / 2};
}

static int compare_u64(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* Sorts, drops twins, sees whether the values are bits to combine. */
static void finish_flags(struct syz_flags *f)
{
    uint32_t kept = 0;
    uint64_t seen = 0;

    if (f->count != 0)
        qsort(f->values, f->count, sizeof(*f->values), compare_u64);
    f->is_mask = true;
    for (uint32_t i = 0; i < f->count; i++) {
        if (kept != 0 && f->values[kept - 1] == f->values[i])
            continue;
        f->values[kept++] = f->values[i];
        f->is_mask = f->is_mask && (seen & f->values[i]) == 0;
        seen |= f->values[i];
    }
    f->count = kept;
    f->is_mask = f->is_mask && kept > 1;
}

static void push_flag(struct compiler *c, struct syz_flags *f, uint32_t *capacity, uint64_t value)
{
    ARENA_PUSH(c->a, f->values, f->count, *capacity, value);
}

/* A value is a number, or the name of another set. Numbers that are missing on this machine are
 * left out. */
static bool add_value(struct compiler *c, struct syz_flags *f, uint32_t *capacity,
                      const struct ast_expr *e)
{
    const struct set *other = e->kind == AST_IDENT ? map_get(&c->sets, e->text) : NULL;
    struct str missing = {0};
    uint64_t value = 0;

    if (other != NULL && map_get(&c->consts, e->text) == NULL) {
        const struct syz_flags *more = comp_flags(c, e);
        for (uint32_t i = 0; more != NULL && i < more->count; i++)
            push_flag(c, f, capacity, more->values[i]);
        return more != NULL;
    }
    if (e->kind == AST_STRING) {
        syz_error(c->errors, e->pos, "expected numbers in %.*s, which is used as flags, found %.*s",
                  STR_ARG(f->name), STR_ARG(e->text));
        return false;
    }
    if (comp_number(c, e, "a flag's value", &value, &missing) && missing.size == 0)
        push_flag(c, f, capacity, value);
    return true;
}

const struct syz_flags *comp_flags(struct compiler *c, const struct ast_expr *e)
{
    struct set *set = e->kind == AST_IDENT ? map_get(&c->sets, e->text) : NULL;
    uint32_t capacity = 0;

    if (set == NULL || e->arg_count != 0 || e->colon_count != 0) {
        syz_error(c->errors, e->pos, "expected the name of flags, found %.*s", STR_ARG(e->text));
        return NULL;
    }
    if (set->is_open || c->nesting > SYZ_EXPANSIONS_MAX * 2) {
        syz_error(c->errors, e->pos, "expected flags that do not hold themselves, found %.*s",
                  STR_ARG(e->text));
        return NULL;
    }
    if (set->flags != NULL)
        return set->flags;
    struct syz_flags *f = arena_new(c->a, struct syz_flags, 1);
    f->name = set->decl->name;
    set->is_open = true;
    c->nesting++;
    bool ok = true;
    for (uint32_t i = 0; i < set->decl->value_count && ok; i++)
        ok = add_value(c, f, &capacity, set->decl->values[i]);
    c->nesting--;
    set->is_open = false;
    if (!ok)
        return NULL;
    finish_flags(f);
    set->flags = f;
    return f;
}

bool comp_dir(struct compiler *c, const struct ast_expr *e, enum syz_dir *dir)
{
    static const char *const names[] = {[SYZ_IN] = "in", [SYZ_OUT] = "out", [SYZ_INOUT] = "inout"};

    for (uint32_t i = 0; i < LENGTH_OF(names); i++)
        if (e->kind == AST_IDENT && str_equal(e->text, str_of(names[i])) && e->arg_count == 0) {
            *dir = (enum syz_dir)i;
            return true;
        }
    syz_error(c->errors, e->pos, "expected in, out or inout, found %.*s", STR_ARG(e->text));
    return false;
}

void comp_path(struct compiler *c, const struct ast_expr *e, struct syz_path *path)
{
    path->count = e->colon_count + 1u;
    path->parts = arena_new(c->a, struct str, path->count);
    path->parts[0] = e->text;
    for (uint32_t i = 0; i < e->colon_count; i++)
        path->parts[i + 1] = e->colon[i]->text;
}

static bool is_value(const struct ast_expr *e)
{
    return e->kind == AST_IDENT && str_equal(e->text, STR("value")) && e->arg_count == 1;
}

bool comp_condition(struct compiler *c, const struct ast_expr *e, const struct syz_expr **out,
                    struct str *missing)
{
    static const enum syz_expr_op ops[] = {[AST_OR] = SYZ_EXPR_OR,
                                           [AST_EQ] = SYZ_EXPR_EQ,
                                           [AST_NE] = SYZ_EXPR_NE,
                                           [AST_AND] = SYZ_EXPR_AND};
    struct syz_expr *x = arena_new(c->a, struct syz_expr, 1);

    *out = x;
    if (e->kind == AST_BINARY) {
        x->op = ops[e->op];
        return comp_condition(c, e->args[0], &x->left, missing) &&
               comp_condition(c, e->args[1], &x->right, missing);
    }
    if (is_value(e)) {
        x->op = SYZ_EXPR_VALUE;
        comp_path(c, e->args[0], &x->path);
        return true;
    }
    x->op = SYZ_EXPR_INT;
    return comp_number(c, e, "value[field] or a number", &x->value, missing);
}
