/* compile_type: from a type's text to its one instance. Templates are replaced by substitution;
 * the text that results, arguments and all, is the name under which the instance is kept.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

#include <string.h>

/* ---- substitution ---- */

static struct ast_expr *const *param_of(const struct ast_decl *d, struct ast_expr *const *args,
                                        struct str name)
{
    for (uint32_t i = 0; i < d->param_count; i++)
        if (str_equal(d->params[i].name, name))
            return &args[i];
    return NULL;
}

static struct ast_expr **join(struct compiler *c, struct ast_expr **a, uint32_t a_count,
                              struct ast_expr **b, uint32_t b_count)
{
    struct ast_expr **both = arena_new(c->a, struct ast_expr *, a_count + b_count);

    if (a_count != 0)
        memcpy(both, a, a_count * sizeof(*both));
    if (b_count != 0)
        memcpy(both + a_count, b, b_count * sizeof(*both));
    return both;
}

/* What stands in brackets and behind colons of a name goes on to what the name stands for. */
static struct ast_expr *merge(struct compiler *c, const struct ast_expr *to,
                              const struct ast_expr *more)
{
    struct ast_expr *e = arena_new(c->a, struct ast_expr, 1);

    *e = *to;
    e->args = join(c, to->args, to->arg_count, more->args, more->arg_count);
    e->colon = join(c, to->colon, to->colon_count, more->colon, more->colon_count);
    e->arg_count = (uint16_t)(to->arg_count + more->arg_count);
    e->colon_count = (uint16_t)(to->colon_count + more->colon_count);
    return e;
}

/* The list itself when nothing in it changes. */
static struct ast_expr **subst_list(struct compiler *c, struct ast_expr **list, uint32_t count,
                                    const struct ast_decl *d, struct ast_expr *const *args)
{
    struct ast_expr **copy = NULL;

    for (uint32_t i = 0; i < count; i++) {
        struct ast_expr *e = comp_subst(c, list[i], d, args);
        if (e != list[i] && copy == NULL)
            copy = join(c, list, count, NULL, 0);
        if (copy != NULL)
            copy[i] = e;
    }
    return copy != NULL ? copy : list;
}

struct ast_expr *comp_subst(struct compiler *c, struct ast_expr *e, const struct ast_decl *d,
                            struct ast_expr *const *args)
{
    if (d->param_count == 0)
        return e;
    struct ast_expr **new_args = subst_list(c, e->args, e->arg_count, d, args);
    struct ast_expr **new_colon = subst_list(c, e->colon, e->colon_count, d, args);

    if (new_args != e->args || new_colon != e->colon) {
        struct ast_expr *copy = arena_new(c->a, struct ast_expr, 1);
        *copy = *e;
        copy->args = new_args;
        copy->colon = new_colon;
        e = copy;
    }
    struct ast_expr *const *arg = e->kind == AST_IDENT ? param_of(d, args, e->text) : NULL;
    if (arg == NULL)
        return e;
    return e->arg_count == 0 && e->colon_count == 0 ? *arg : merge(c, *arg, e);
}

/* ---- names ---- */

struct entry *comp_entry(struct compiler *c, const struct ast_expr *e)
{
    struct entry *found = e->kind == AST_IDENT ? map_get(&c->names, e->text) : NULL;

    if (found == NULL)
        syz_error(c->errors, e->pos, "expected a type, found %.*s", STR_ARG(e->text));
    return found;
}

static bool is_opt(const struct ast_expr *e)
{
    return e->kind == AST_IDENT && str_equal(e->text, STR("opt")) && e->arg_count == 0;
}

/* Without a last `opt`. */
static uint32_t own_args(const struct ast_expr *e)
{
    return e->arg_count - (e->arg_count != 0 && is_opt(e->args[e->arg_count - 1]) ? 1u : 0u);
}

/* The arguments of a template with those that it names itself; NULL after reporting. *rest: how
 * many of e are its own (a last `opt` may remain). */
static struct ast_expr **template_args(struct compiler *c, const struct ast_expr *e,
                                       const struct ast_decl *d, uint32_t *own)
{
    struct ast_expr **args = arena_new(c->a, struct ast_expr *, d->param_count);
    uint32_t required = 0;

    while (required < d->param_count && d->params[required].fallback == NULL)
        required++;
    *own = MIN((uint32_t)e->arg_count, d->param_count);
    if (*own > required && is_opt(e->args[*own - 1]))
        --*own;
    if (*own < required || e->arg_count > *own + (d->kind == AST_ALIAS)) {
        syz_error(c->errors, e->pos, "expected %u argument%s of %.*s, found %u", d->param_count,
                  d->param_count == 1 ? "" : "s", STR_ARG(d->name), e->arg_count);
        return NULL;
    }
    for (uint32_t i = 0; i < d->param_count; i++)
        args[i] = i < *own ? e->args[i] : d->params[i].fallback;
    return args;
}

/* Arguments are shared, so a type can be far longer as text than in memory: counts up to a limit.
 */
static bool is_too_long(const struct ast_expr *e, uint32_t *budget)
{
    if (*budget < e->text.size + 2)
        return true;
    *budget -= (uint32_t)e->text.size + 2;
    for (uint32_t i = 0; i < e->arg_count; i++)
        if (is_too_long(e->args[i], budget))
            return true;
    for (uint32_t i = 0; i < e->colon_count; i++)
        if (is_too_long(e->colon[i], budget))
            return true;
    return false;
}

const struct ast_expr *comp_expand(struct compiler *c, const struct ast_expr *e)
{
    struct syz_pos start = e->pos;

    for (uint32_t i = 0; i < SYZ_EXPANSIONS_MAX; i++) {
        uint32_t budget = SYZ_TEXT_BYTES_MAX;
        if (is_too_long(e, &budget)) {
            syz_error(c->errors, start, "expected a type of at most %d bytes of text, found more",
                      SYZ_TEXT_BYTES_MAX);
            return NULL;
        }
        const struct entry *entry = e->kind == AST_IDENT ? map_get(&c->names, e->text) : NULL;
        if (entry == NULL || entry->decl == NULL || entry->decl->kind != AST_ALIAS)
            return e;
        uint32_t own = 0;
        struct ast_expr **args = template_args(c, e, entry->decl, &own);
        if (args == NULL)
            return NULL;
        struct ast_expr rest = {.args = own < e->arg_count ? e->args + own : NULL,
                                .arg_count = (uint16_t)(e->arg_count - own),
                                .colon = e->colon,
                                .colon_count = e->colon_count};
        const struct ast_expr *body = comp_subst(c, entry->decl->type, entry->decl, args);
        e = rest.arg_count == 0 && rest.colon_count == 0 ? body : merge(c, body, &rest);
    }
    syz_error(c->errors, start, "expected at most %d types that stand for another, found a circle",
              SYZ_EXPANSIONS_MAX);
    return NULL;
}

/* ---- instances ---- */

struct syz_type *comp_new_type(struct compiler *c, enum syz_kind kind, struct str name,
                               struct syz_pos pos)
{
    struct syz_type *t = arena_new(c->a, struct syz_type, 1);

    t->kind = kind;
    t->name = name;
    t->pos = pos;
    t->id = c->type_count;
    t->align = 1;
    ARENA_PUSH(c->a, c->types, c->type_count, c->type_capacity, t);
    return t;
}

static struct syz_type *group_instance(struct compiler *c, const struct ast_expr *e,
                                       const struct ast_decl *d, struct str name)
{
    uint32_t own = 0;
    struct ast_expr **args = template_args(c, e, d, &own);

    if (args == NULL)
        return NULL;
    if (e->colon_count != 0) {
        syz_error(c->errors, e->pos, "expected %.*s without bits, found %.*s:%.*s",
                  STR_ARG(e->text), STR_ARG(e->text), STR_ARG(e->colon[0]->text));
        return NULL;
    }
    if (c->depth >= SYZ_EXPANSIONS_MAX || c->type_count >= SYZ_TYPES_MAX) {
        syz_error(c->errors, d->pos,
                  "expected at most %d templates within each other, found more: each %.*s asks for "
                  "a new one",
                  SYZ_EXPANSIONS_MAX, STR_ARG(d->name));
        return NULL;
    }
    struct syz_type *t =
        comp_new_type(c, d->kind == AST_STRUCT ? SYZ_STRUCT : SYZ_UNION, name, d->pos);
    t->group.base = d->name;
    struct pending p = {t, d, args, c->depth + (d->param_count != 0)};
    ARENA_PUSH(c->a, c->pending, c->pending_count, c->pending_capacity, p);
    return t;
}

static struct syz_type *resource_instance(struct compiler *c, const struct ast_expr *e,
                                          const struct entry *entry, struct str name)
{
    bool optional = e->arg_count == 1 && is_opt(e->args[0]);

    if (entry->resource == NULL)
        return NULL; /* refused where it is declared */
    if (e->colon_count != 0 || e->arg_count > optional) {
        syz_error(c->errors, e->pos, "expected %.*s or %.*s[opt], found %.*s", STR_ARG(e->text),
                  STR_ARG(e->text), STR_ARG(name));
        return NULL;
    }
    struct syz_type *t = comp_new_type(c, SYZ_RESOURCE, name, e->pos);
    t->resource = entry->resource;
    t->scalar = entry->resource->scalar;
    t->missing = entry->resource->missing;
    t->is_optional = optional;
    t->size_bytes = t->scalar.base_bytes;
    t->align = t->scalar.base_bytes == 8 ? c->arch->int64_align : t->scalar.base_bytes;
    return t;
}

static struct syz_type *built_in(struct compiler *c, const struct ast_expr *e,
                                 const struct type_row *row, struct str name, bool in_call)
{
    bool optional = own_args(e) != e->arg_count;
    struct build b = {.row = row,
                      .e = e,
                      .args = e->args,
                      .arg_count = e->arg_count - optional,
                      .in_call = in_call};

    if (b.arg_count < row->min || b.arg_count > row->max) {
        syz_error(c->errors, e->pos, "expected %s%s, found %u argument%s", row->name, row->args,
                  b.arg_count, b.arg_count == 1 ? "" : "s");
        return NULL;
    }
    if (e->colon_count != 0 && !comp_is_int_row(row)) {
        syz_error(c->errors, e->pos, "expected bits only of integers, found %s:%.*s", row->name,
                  STR_ARG(e->colon[0]->text));
        return NULL;
    }
    b.t = comp_new_type(c, SYZ_VOID, name, e->pos);
    b.t->is_optional = optional;
    return row->build(c, &b) ? b.t : NULL;
}

/* The text of e, with a mark when its meaning depends on standing in a call. When it is asked what
 * files want, each has instances of its own. */
static struct str key_of(struct compiler *c, const struct ast_expr *e, bool in_call)
{
    c->key.size = 0;
    if (in_call)
        buf_byte(&c->key, '(');
    ast_print_expr(e, &c->key);
    if (c->wanted != NULL)
        buf_printf(&c->key, " %u", e->pos.file);
    return (struct str){(const char *)c->key.data, c->key.size};
}

struct syz_type *comp_type(struct compiler *c, const struct ast_expr *e, bool in_call)
{
    static struct syz_type refused; /* known to be wrong: not to be reported again */

    e = comp_expand(c, e);
    if (e == NULL)
        return NULL;
    struct entry *entry = comp_entry(c, e);
    if (entry == NULL)
        return NULL;
    in_call = in_call && entry->row != NULL && own_args(e) < entry->row->max;
    struct str key = key_of(c, e, in_call);
    struct syz_type *t = map_get(&c->instances, key);
    if (t != NULL)
        return t == &refused ? NULL : t;
    key.text = arena_copy_text(c->a, key.text, key.size);
    struct str name = {key.text + in_call, key.size - in_call};
    if (++c->nesting > SYZ_EXPANSIONS_MAX * 2)
        syz_error(c->errors, e->pos, "expected at most %d types within each other, found more",
                  SYZ_EXPANSIONS_MAX * 2);
    else if (entry->row != NULL)
        t = built_in(c, e, entry->row, name, in_call);
    else if (entry->decl->kind == AST_RESOURCE)
        t = resource_instance(c, e, entry, name);
    else
        t = group_instance(c, e, entry->decl, name);
    c->nesting--;
    map_put(&c->instances, key, t != NULL ? t : &refused);
    return t;
}

bool comp_base(struct compiler *c, const struct ast_expr *e, struct syz_type *out)
{
    e = comp_expand(c, e);
    const struct entry *entry = e == NULL ? NULL : comp_entry(c, e);

    if (entry == NULL)
        return false;
    if (entry->row == NULL || !comp_is_int_row(entry->row) || e->arg_count != 0) {
        syz_error(c->errors, e->pos, "expected an integer type, found %.*s", STR_ARG(e->text));
        return false;
    }
    comp_int_row(c, entry->row, out);
    if (e->colon_count == 0)
        return true;
    uint64_t bits = 0;
    if (!comp_number(c, e->colon[0], "a number of bits", &bits, &out->missing))
        return false;
    if (out->missing.size == 0 && (bits == 0 || bits > 8u * out->scalar.base_bytes)) {
        syz_error(c->errors, e->pos, "expected 1 to %u bits, found %ju",
                  8u * out->scalar.base_bytes, (uintmax_t)bits);
        return false;
    }
    out->scalar.bits = (uint8_t)bits;
    return true;
}
