/* compile_group: fields and attributes of structs and unions. SPDX-License-Identifier: Apache-2.0
 */
#include "spear/syz/compile_int.h"

#include <string.h>

enum attr_argument { ARG_NONE, ARG_CONDITION, ARG_NUMBER };
enum attr_where { WHERE_STRUCT = 1, WHERE_UNION = 2, WHERE_BOTH = 3 };

enum field_attr {
#define FIELD_ATTR(name, argument) FIELD_##name,
#include "spear/syz/attrs.def"
    FIELD_ATTR_COUNT
};
static const struct {
    const char *name;
    enum attr_argument argument;
} field_attrs[] = {
#define FIELD_ATTR(name, argument) {#name, ARG_##argument},
#include "spear/syz/attrs.def"
};

enum group_attr {
#define GROUP_ATTR(name, argument, where) GROUP_##name,
#include "spear/syz/attrs.def"
    GROUP_ATTR_COUNT
};
static const struct {
    const char *name;
    enum attr_argument argument;
    unsigned where;
} group_attrs[] = {
#define GROUP_ATTR(name, argument, where) {#name, ARG_##argument, WHERE_##where},
#include "spear/syz/attrs.def"
};

static bool wrong_arguments(struct compiler *c, const struct ast_expr *e, unsigned want)
{
    if (e->arg_count == want && e->colon_count == 0)
        return false;
    syz_error(c->errors, e->pos, "expected %.*s with %s, found %u argument%s", STR_ARG(e->text),
              want == 0 ? "no argument" : "one argument", e->arg_count,
              e->arg_count == 1 ? "" : "s");
    return true;
}

/* The field has its type; *overlay tells of out_overlay. */
static void apply_field_attr(struct compiler *c, struct syz_type *group, struct syz_field *f,
                             const struct ast_expr *e, bool *overlay)
{
    uint32_t i = 0;

    while (i < FIELD_ATTR_COUNT && !str_equal(e->text, str_of(field_attrs[i].name)))
        i++;
    if (i == FIELD_ATTR_COUNT) {
        syz_error(c->errors, e->pos, "expected in, out, inout, out_overlay or if[...], found %.*s",
                  STR_ARG(e->text));
        return;
    }
    if (wrong_arguments(c, e, field_attrs[i].argument != ARG_NONE))
        return;
    switch ((enum field_attr)i) {
    case FIELD_in:
    case FIELD_out:
    case FIELD_inout:
        if (f->has_dir)
            syz_error(c->errors, e->pos, "expected one direction, found a second one, %.*s",
                      STR_ARG(e->text));
        f->has_dir = true;
        f->dir = i == FIELD_in ? SYZ_IN : i == FIELD_out ? SYZ_OUT : SYZ_INOUT;
        break;
    case FIELD_out_overlay:
        if (group->kind == SYZ_UNION)
            syz_error(c->errors, e->pos, "expected out_overlay in a struct, found it in a union");
        f->has_dir = true;
        f->dir = SYZ_OUT;
        *overlay = true;
        break;
    case FIELD_if: comp_condition(c, e->args[0], &f->condition, &group->missing); break;
    case FIELD_ATTR_COUNT: break;
    }
}

/* {value, void}: what a conditional field of a struct is compiled to. */
static const struct syz_type *hidden_union(struct compiler *c, const struct syz_field *f)
{
    struct str text = STR("void");
    struct ast_expr nothing = {.pos = f->pos, .kind = AST_IDENT, .text = text};
    struct syz_type *u = comp_new_type(c, SYZ_UNION, f->type->name, f->pos);

    u->is_varlen = true;
    u->group.count = u->group.overlay = 2;
    u->group.fields = arena_new(c->a, struct syz_field, 2);
    u->group.fields[0] = (struct syz_field){.name = STR("value"), .type = f->type, .pos = f->pos};
    u->group.fields[1] =
        (struct syz_field){.name = text, .type = comp_type(c, &nothing, false), .pos = f->pos};
    return u;
}

static bool is_repeated(struct compiler *c, const struct ast_decl *d, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (str_equal(d->fields[i].name, d->fields[at].name)) {
            syz_error(c->errors, d->fields[at].pos,
                      "expected each name once in %.*s, found a second %.*s", STR_ARG(d->name),
                      STR_ARG(d->fields[at].name));
            return true;
        }
    return false;
}

static void compile_field(struct compiler *c, const struct pending *p, uint32_t at)
{
    const struct ast_field *from = &p->decl->fields[at];
    struct syz_type *t = p->type;
    struct syz_field f = {.name = from->name, .pos = from->pos};
    bool overlay = false;

    f.type = comp_type(c, comp_subst(c, from->type, p->decl, p->args), false);
    if (f.type == NULL || (p->depth <= 1 && is_repeated(c, p->decl, at)))
        return;
    for (uint32_t i = 0; i < from->attr_count; i++)
        apply_field_attr(c, t, &f, comp_subst(c, from->attrs[i], p->decl, p->args), &overlay);
    if (f.condition != NULL && f.type->scalar.bits != 0)
        syz_error(c->errors, from->pos, "expected a condition on a whole field, found a bit-field");
    if (f.condition != NULL && t->kind == SYZ_STRUCT)
        f.type = hidden_union(c, &f);
    if (overlay && t->group.overlay != p->decl->field_count)
        syz_error(c->errors, from->pos, "expected one out_overlay in a struct, found a second one");
    else if (overlay && t->group.count == 0)
        syz_error(c->errors, from->pos, "expected fields before out_overlay, found none");
    else if (overlay)
        t->group.overlay = t->group.count;
    t->group.fields[t->group.count++] = f;
}

static void apply_group_attr(struct compiler *c, const struct pending *p, const struct ast_expr *e)
{
    struct syz_type *t = p->type;
    unsigned where = t->kind == SYZ_STRUCT ? WHERE_STRUCT : WHERE_UNION;
    uint64_t value = 0;
    uint32_t i = 0;

    while (i < GROUP_ATTR_COUNT && !(str_equal(e->text, str_of(group_attrs[i].name)) &&
                                     (group_attrs[i].where & where) != 0))
        i++;
    if (i == GROUP_ATTR_COUNT) {
        syz_error(c->errors, e->pos, "expected %s, found %.*s",
                  where == WHERE_STRUCT ? "packed, align[bytes] or size[bytes]"
                                        : "varlen or size[bytes]",
                  STR_ARG(e->text));
        return;
    }
    if (wrong_arguments(c, e, group_attrs[i].argument != ARG_NONE) ||
        (group_attrs[i].argument == ARG_NUMBER &&
         !comp_number(c, e->args[0], "a number of bytes", &value, &t->missing)))
        return;
    bool known = t->missing.size == 0;
    switch ((enum group_attr)i) {
    case GROUP_packed: t->group.is_packed = true; break;
    case GROUP_varlen: t->is_varlen = true; break;
    case GROUP_align:
        if (known && (value == 0 || value > SYZ_ALIGN_MAX || (value & (value - 1)) != 0))
            syz_error(c->errors, e->pos, "expected a power of two up to %d, found %ju",
                      SYZ_ALIGN_MAX, (uintmax_t)value);
        else
            t->group.align_attr = (uint32_t)value;
        break;
    case GROUP_size:
        if (known && (value == 0 || value > SYZ_STRUCT_BYTES_MAX))
            syz_error(c->errors, e->pos, "expected a size of 1 to %d bytes, found %ju",
                      SYZ_STRUCT_BYTES_MAX, (uintmax_t)value);
        else
            t->group.size_attr = value;
        break;
    case GROUP_ATTR_COUNT: break;
    }
}

void comp_group(struct compiler *c, const struct pending *p)
{
    const struct ast_decl *d = p->decl;
    struct syz_type *t = p->type;

    c->depth = p->depth;
    t->group.fields = arena_new(c->a, struct syz_field, d->field_count);
    t->group.overlay = d->field_count;
    for (uint32_t i = 0; i < d->attr_count; i++)
        apply_group_attr(c, p, comp_subst(c, d->attrs[i], d, p->args));
    for (uint32_t i = 0; i < d->field_count; i++)
        compile_field(c, p, i);
    if (t->group.overlay == d->field_count)
        t->group.overlay = t->group.count;
    if (d->field_count == 0)
        syz_error(c->errors, d->pos, "expected at least one field in %.*s, found none",
                  STR_ARG(d->name));
    if (t->kind == SYZ_UNION && t->group.count != 0 &&
        t->group.fields[t->group.count - 1].condition != NULL)
        syz_error(c->errors, t->group.fields[t->group.count - 1].pos,
                  "expected the last option of a union without a condition, found one");
    c->depth = 0;
}
