/* read_contents: start, element segments, function bodies and data segments. Contents stay encoded
 * bytes. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read_int.h"

enum status read_start_section(struct module_reader *mr, struct diag *dg)
{
    uint64_t start = reader_offset(&mr->r);
    uint32_t func = 0;

    TRY(wm_read_u32(&mr->r, &func, dg));
    if (func >= WM_MAX_FUNCS)
        return diag_fail(dg, ST_INVALID, start,
                         "unknown function %u: a module has at most %d functions", func,
                         WM_MAX_FUNCS);
    mr->m->start = func;
    return ST_OK;
}

/* Flags of an element segment. */
enum { ELEM_NOT_ACTIVE = 1, ELEM_EXPLICIT = 2, ELEM_EXPRS = 4, ELEM_FLAGS_END = 8 };

/* The kind byte or the reference type that the explicit forms carry. */
static enum status read_elem_type(struct wm_reader *r, struct wm_elem *e, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t kind = 0;

    if (!e->is_exprs) {
        TRY(wm_read_u8(r, &kind, dg));
        if (kind != 0)
            return diag_fail(dg, ST_MALFORMED, start,
                             "malformed element kind: expected 0, found 0x%02x", kind);
        return ST_OK;
    }
    TRY(wm_read_valtype(r, &e->type, dg));
    if (!wm_is_ref(e->type))
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed reference type: expected a reference, found %s",
                         wm_kind_text(wm_kind(e->type)));
    return ST_OK;
}

static enum status read_elem_items(struct wm_reader *r, struct wm_elem *e, struct diag *dg)
{
    struct wm_bytes expr;
    uint32_t func = 0;

    TRY(read_count(r, &e->count, e->is_exprs ? 2 : 1, WM_MAX_ELEM_ITEMS, "items", dg));
    size_t first = r->pos;
    uint64_t start = reader_offset(r);
    for (uint32_t i = 0; i < e->count; i++)
        TRY(e->is_exprs ? read_expr(r, &expr, dg) : wm_read_u32(r, &func, dg));
    e->items = (struct wm_bytes){r->bytes + first, (uint32_t)(r->pos - first), (uint32_t)start};
    return ST_OK;
}

static enum status read_elem(struct wm_reader *r, struct wm_elem *e, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint32_t flags = 0;

    TRY(wm_read_u32(r, &flags, dg));
    if (flags >= ELEM_FLAGS_END)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed element segment flags: expected 0 to 7, found %u", flags);
    if (flags != 0 && !wm_has(r->features, WM_FEATURE_REFERENCE_TYPES))
        TRY(wm_need(r->features, WM_FEATURE_BULK_MEMORY, start, "this element segment", dg));
    bool is_explicit = (flags & ELEM_EXPLICIT) != 0;
    bool is_active = (flags & ELEM_NOT_ACTIVE) == 0;
    e->start = (uint32_t)start;
    e->mode = is_active     ? WM_SEGMENT_ACTIVE
              : is_explicit ? WM_SEGMENT_DECLARATIVE
                            : WM_SEGMENT_PASSIVE;
    e->is_exprs = (flags & ELEM_EXPRS) != 0;
    /* Function indices are never null; the short form with expressions speaks of any funcref. */
    e->type = wm_ref(WM_HEAP(FUNC), e->is_exprs);
    if (is_active && is_explicit)
        TRY(wm_read_u32(r, &e->table, dg));
    if (is_active)
        TRY(read_expr(r, &e->offset, dg));
    if (!is_active || is_explicit)
        TRY(read_elem_type(r, e, dg));
    return read_elem_items(r, e, dg);
}

enum status read_elem_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(read_count(&mr->r, &count, 3, WM_MAX_ELEMS, "element segments", dg));
    m->elems = arena_new(mr->arena, struct wm_elem, count);
    for (uint32_t i = 0; i < count; i++) {
        TRY(diag_in(dg, read_elem(&mr->r, &m->elems[i], dg), "element segment %u", i));
        m->elem_count = i + 1;
    }
    return ST_OK;
}

enum status read_data_count_section(struct module_reader *mr, struct diag *dg)
{
    uint64_t start = reader_offset(&mr->r);

    TRY(wm_need(mr->r.features, WM_FEATURE_BULK_MEMORY, start, "a data count section", dg));
    mr->m->has_data_count = true;
    return wm_read_u32(&mr->r, &mr->declared_datas, dg);
}

static enum status read_code(struct wm_reader *r, struct wm_code *code, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint32_t size = 0;

    TRY(wm_read_u32(r, &size, dg));
    TRY(read_bytes(r, size, &code->body, "a function body", dg));
    if (size > WM_MAX_BODY_BYTES)
        return diag_fail(dg, ST_LIMIT, start, "%u bytes of a function body; at most %d are allowed",
                         size, WM_MAX_BODY_BYTES);
    return ST_OK;
}

enum status read_code_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint64_t start = reader_offset(&mr->r);
    uint32_t count = 0;

    TRY(read_count(&mr->r, &count, 1, WM_MAX_FUNCS, "function bodies", dg));
    if (count != mr->declared_funcs)
        return diag_fail(dg, ST_MALFORMED, start,
                         "function and code section have inconsistent lengths: expected %u "
                         "bodies, found %u",
                         mr->declared_funcs, count);
    m->codes = arena_new(mr->arena, struct wm_code, count);
    for (uint32_t i = 0; i < count; i++) {
        TRY(diag_in(dg, read_code(&mr->r, &m->codes[i], dg), "function %u", m->func_imports + i));
        m->code_count = i + 1;
    }
    return ST_OK;
}

static enum status read_data(struct wm_reader *r, struct wm_data *d, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint32_t flags = 0, size = 0;

    TRY(wm_read_u32(r, &flags, dg));
    if (flags > 2)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed data segment flags: expected 0 to 2, found %u", flags);
    if (flags != 0)
        TRY(wm_need(r->features, WM_FEATURE_BULK_MEMORY, start, "this data segment", dg));
    d->start = (uint32_t)start;
    d->mode = flags == 1 ? WM_SEGMENT_PASSIVE : WM_SEGMENT_ACTIVE;
    if (flags == 2)
        TRY(wm_read_u32(r, &d->memory, dg));
    if (flags != 1)
        TRY(read_expr(r, &d->offset, dg));
    TRY(wm_read_u32(r, &size, dg));
    return read_bytes(r, size, &d->content, "a data segment", dg);
}

enum status read_data_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint64_t start = reader_offset(&mr->r);
    uint32_t count = 0;

    TRY(read_count(&mr->r, &count, 2, WM_MAX_DATAS, "data segments", dg));
    if (m->has_data_count && count != mr->declared_datas)
        return diag_fail(dg, ST_MALFORMED, start,
                         "data count and data section have inconsistent lengths: expected %u "
                         "segments, found %u",
                         mr->declared_datas, count);
    m->datas = arena_new(mr->arena, struct wm_data, count);
    for (uint32_t i = 0; i < count; i++) {
        TRY(diag_in(dg, read_data(&mr->r, &m->datas[i], dg), "data segment %u", i));
        m->data_count = i + 1;
    }
    return ST_OK;
}
