/* read_types: the type section: function, struct and array types, their recursion groups.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read_int.h"

/* Bytes that open a type definition. */
enum {
    FORM_FUNC = 0x60,
    FORM_STRUCT = 0x5f,
    FORM_ARRAY = 0x5e,
    FORM_SUB = 0x50,
    FORM_SUB_FINAL = 0x4f,
    FORM_REC = 0x4e
};

static enum status read_valtypes(struct module_reader *mr, struct wm_valtype **out, uint32_t *count,
                                 uint32_t limit, const char *what, struct diag *dg)
{
    TRY(read_count(&mr->r, count, 1, limit, what, dg));
    *out = arena_new(mr->arena, struct wm_valtype, *count);
    for (uint32_t i = 0; i < *count; i++)
        TRY(wm_read_valtype(&mr->r, &(*out)[i], dg));
    return ST_OK;
}

static enum status read_func_type(struct module_reader *mr, struct wm_type *t, struct diag *dg)
{
    t->composite = WM_FUNC_TYPE;
    TRY(read_valtypes(mr, &t->params, &t->param_count, WM_MAX_PARAMS,
                      "parameters of a function type", dg));
    uint64_t start = reader_offset(&mr->r);
    TRY(read_valtypes(mr, &t->results, &t->result_count, WM_MAX_RESULTS,
                      "results of a function type", dg));
    if (t->result_count > 1)
        TRY(wm_need(mr->r.features, WM_FEATURE_MULTI_VALUE, start, "more than one result", dg));
    return ST_OK;
}

static enum status read_field(struct wm_reader *r, struct wm_field *f, struct diag *dg)
{
    uint8_t mutability = 0;

    if (r->pos < r->end && r->bytes[r->pos] == 0x78) {
        f->type = WM_TYPE(I8);
        r->pos++;
    } else if (r->pos < r->end && r->bytes[r->pos] == 0x77) {
        f->type = WM_TYPE(I16);
        r->pos++;
    } else {
        TRY(wm_read_valtype(r, &f->type, dg));
    }
    uint64_t start = reader_offset(r);
    TRY(wm_read_u8(r, &mutability, dg));
    if (mutability > 1)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed mutability: expected 0 or 1, found 0x%02x", mutability);
    f->is_mutable = mutability == 1;
    return ST_OK;
}

static enum status read_composite(struct module_reader *mr, uint8_t form, uint64_t start,
                                  struct wm_type *t, struct diag *dg)
{
    if (form == FORM_FUNC)
        return read_func_type(mr, t, dg);
    if (form != FORM_STRUCT && form != FORM_ARRAY)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed type: expected a func, struct or array type, found 0x%02x",
                         form);
    TRY(wm_need(mr->r.features, WM_FEATURE_GC, start, "a struct or array type", dg));
    t->composite = form == FORM_STRUCT ? WM_STRUCT_TYPE : WM_ARRAY_TYPE;
    t->field_count = 1;
    if (form == FORM_STRUCT)
        TRY(read_count(&mr->r, &t->field_count, 2, WM_MAX_FIELDS, "fields of a struct type", dg));
    t->fields = arena_new(mr->arena, struct wm_field, t->field_count);
    for (uint32_t i = 0; i < t->field_count; i++)
        TRY(read_field(&mr->r, &t->fields[i], dg));
    return ST_OK;
}

static enum status read_supertypes(struct wm_reader *r, struct wm_type *t, struct diag *dg)
{
    uint64_t start = reader_offset(r);

    TRY(read_count(r, &t->super_count, 1, UINT32_MAX, "supertypes", dg));
    for (uint32_t i = 0; i < t->super_count; i++)
        TRY(wm_read_u32(r, &t->super, dg));
    if (t->super_count > 1)
        return diag_fail(dg, ST_INVALID, start,
                         "sub type: expected at most one supertype, found %u", t->super_count);
    return ST_OK;
}

static enum status read_sub_type(struct module_reader *mr, uint8_t form, uint64_t start,
                                 struct wm_type *t, struct diag *dg)
{
    if (form != FORM_SUB && form != FORM_SUB_FINAL) {
        t->is_plain = t->is_final = true;
        return read_composite(mr, form, start, t, dg);
    }
    TRY(wm_need(mr->r.features, WM_FEATURE_GC, start, "a sub type", dg));
    t->is_final = form == FORM_SUB_FINAL;
    TRY(read_supertypes(&mr->r, t, dg));
    start = reader_offset(&mr->r);
    TRY(wm_read_u8(&mr->r, &form, dg));
    return read_composite(mr, form, start, t, dg);
}

/* Makes room for count more types: a large group at once, many small ones by doubling. */
static void reserve_types(struct module_reader *mr, uint32_t count)
{
    struct wm_module *m = mr->m;
    uint32_t need = m->type_count + count;

    if (need <= mr->type_capacity)
        return;
    need = MAX(need, mr->type_capacity * 2);
    m->types = arena_grow(mr->arena, m->types, mr->type_capacity, need, sizeof(*m->types));
    mr->type_capacity = need;
}

/* One entry of the section: a type, or a group of them after FORM_REC. */
static enum status read_group(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint64_t start = reader_offset(&mr->r);
    uint32_t first = m->type_count, count = 1;
    uint8_t form = 0;

    TRY(wm_read_u8(&mr->r, &form, dg));
    bool is_group = form == FORM_REC;
    if (is_group) {
        TRY(wm_need(mr->r.features, WM_FEATURE_GC, start, "a recursion group", dg));
        TRY(read_count(&mr->r, &count, 2, WM_MAX_TYPES, "types of a group", dg));
    }
    if (count > WM_MAX_TYPES - first)
        return diag_fail(dg, ST_LIMIT, start, "more than %d types", WM_MAX_TYPES);
    reserve_types(mr, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_type t = {.group_first = first, .group_count = count, .group_explicit = is_group};
        if (is_group) {
            start = reader_offset(&mr->r);
            TRY(wm_read_u8(&mr->r, &form, dg));
        }
        t.offset = (uint32_t)start;
        TRY(diag_in(dg, read_sub_type(mr, form, start, &t, dg), "type %u", m->type_count));
        m->types[m->type_count++] = t;
    }
    return ST_OK;
}

enum status read_type_section(struct module_reader *mr, struct diag *dg)
{
    uint32_t count = 0;

    TRY(read_count(&mr->r, &count, 2, WM_MAX_TYPES, "types", dg));
    mr->m->types = arena_new(mr->arena, struct wm_type, count);
    mr->type_capacity = count;
    for (uint32_t i = 0; i < count; i++)
        TRY(read_group(mr, dg));
    return ST_OK;
}
