/* desc_layout: where every field of every struct lies, for people and for comparison with headers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/desc.h"

/* Structs and unions as declared; not those that a conditional field is hidden in. */
static bool is_shown(const struct syz_type *t)
{
    return (t->kind == SYZ_STRUCT || t->kind == SYZ_UNION) && t->group.base.size != 0;
}

/* What a conditional field holds when it is there. */
static const struct syz_type *shown_type(const struct syz_field *f)
{
    bool hidden = f->type->kind == SYZ_UNION && f->type->group.base.size == 0;

    return hidden ? f->type->group.fields[0].type : f->type;
}

/* A union has every option at its start; after a field of variable length nothing has an offset. */
static bool has_offset(const struct syz_type *t, uint32_t at)
{
    for (uint32_t i = t->group.overlay <= at ? t->group.overlay : 0; i < at; i++)
        if (t->kind == SYZ_STRUCT && t->group.fields[i].type->is_varlen)
            return false;
    return true;
}

static json_t *field_json(const struct syz_type *t, uint32_t at)
{
    const struct syz_field *f = &t->group.fields[at];
    const struct syz_type *type = shown_type(f);
    json_t *j =
        json_pack("{s:o, s:o}", "name", cli_json_str(f->name), "type", cli_json_str(type->name));

    json_object_set_new(j, "offset",
                        !has_offset(t, at)     ? json_null()
                        : t->kind == SYZ_UNION ? json_integer(0)
                                               : json_integer(f->offset));
    json_object_set_new(j, "size",
                        type->is_varlen ? json_null() : json_integer((json_int_t)type->size_bytes));
    if (type->scalar.bits != 0) {
        json_object_set_new(j, "bits", json_integer(type->scalar.bits));
        json_object_set_new(j, "bit_offset", json_integer(f->bit_offset));
    }
    if (at >= t->group.overlay && t->group.overlay < t->group.count)
        json_object_set_new(j, "overlay", json_true());
    return j;
}

static json_t *group_json(const struct cli_target *loaded, const struct syz_type *t)
{
    json_t *fields = json_array();

    for (uint32_t i = 0; i < t->group.count; i++)
        json_array_append_new(fields, field_json(t, i));
    json_t *j =
        json_pack("{s:o, s:o, s:s, s:o, s:i, s:i, s:o}", "name", cli_json_str(t->name), "base",
                  cli_json_str(t->group.base), "kind", t->kind == SYZ_STRUCT ? "struct" : "union",
                  "file", cli_json_str(syz_path_of(&loaded->sources, t->pos.file)), "line",
                  (int)t->pos.line, "align", (int)t->align, "fields", fields);
    json_object_set_new(j, "size",
                        t->is_varlen ? json_null() : json_integer((json_int_t)t->size_bytes));
    return j;
}

static void group_text(const struct syz_type *t)
{
    printf("%s %.*s: ", t->kind == SYZ_STRUCT ? "struct" : "union", STR_ARG(t->name));
    if (t->is_varlen)
        printf("variable length");
    else
        printf("%ju bytes", (uintmax_t)t->size_bytes);
    printf(", aligned to %u\n", t->align);
    for (uint32_t i = 0; i < t->group.count; i++) {
        const struct syz_field *f = &t->group.fields[i];
        const struct syz_type *type = shown_type(f);
        if (has_offset(t, i))
            printf("%8u", t->kind == SYZ_UNION ? 0 : f->offset);
        else
            printf("       -");
        if (type->scalar.bits != 0)
            printf(".%-2u", f->bit_offset);
        else
            printf("   ");
        if (type->is_varlen)
            printf("      -");
        else
            printf(" %6ju", (uintmax_t)type->size_bytes);
        printf("  %.*s %.*s\n", STR_ARG(f->name), STR_ARG(type->name));
    }
}

void desc_layout(const struct cli_target *loaded, bool json)
{
    json_t *list = json ? json_array() : NULL;

    for (uint32_t i = 0; i < loaded->target->type_count; i++) {
        const struct syz_type *t = loaded->target->types[i];
        if (!is_shown(t))
            continue;
        if (json)
            json_array_append_new(list, group_json(loaded, t));
        else
            group_text(t);
    }
    if (json)
        cli_json_print(list);
}
