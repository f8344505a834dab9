/* write: the sections in their order. Contents are appended to the output and moved up when the
 * size in front of them is known. write_code.c has bodies, expressions and segments.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/write.h"

#include "shield/wasm/write_internal.h"

#include <string.h>

enum {
    LIMITS_HAS_MAX = 1,
    LIMITS_SHARED = 2,
    LIMITS_64 = 4,
    LIMITS_PAGE_SIZE = 8,
    FORM_FUNC = 0x60,
    FORM_STRUCT = 0x5f,
    FORM_ARRAY = 0x5e,
    FORM_SUB = 0x50,
    FORM_SUB_FINAL = 0x4f,
    FORM_REC = 0x4e,
    TABLE_HAS_INIT = 0x40,
};

static void write_name(struct buf *out, struct str s)
{
    buf_uleb(out, s.size);
    buf_str(out, s);
}

void wm_write_sized(struct buf *out, size_t start)
{
    size_t size = out->size - start;
    uint8_t head[10];
    uint32_t head_size = 0;
    size_t rest = size;

    do {
        head[head_size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        rest >>= 7;
    } while (rest != 0);
    buf_reserve(out, head_size);
    memmove(out->data + start + head_size, out->data + start, size);
    memcpy(out->data + start, head, head_size);
    out->size += head_size;
}

/* ---- types --------------------------------------------------------------------------------- */

static void write_types_of(struct buf *out, const struct wm_valtype *types, uint32_t count)
{
    buf_uleb(out, count);
    for (uint32_t i = 0; i < count; i++)
        wm_valtype_write(out, types[i]);
}

static void write_fields(struct buf *out, const struct wm_type *t)
{
    for (uint32_t i = 0; i < t->field_count; i++) {
        wm_valtype_write(out, t->fields[i].type);
        buf_byte(out, t->fields[i].is_mutable);
    }
}

static void write_type(struct buf *out, const struct wm_type *t)
{
    if (!t->is_plain || t->super_count != 0 || !t->is_final) {
        buf_byte(out, t->is_final ? FORM_SUB_FINAL : FORM_SUB);
        buf_uleb(out, t->super_count);
        if (t->super_count != 0)
            buf_uleb(out, t->super);
    }
    switch (t->composite) {
    case WM_FUNC_TYPE:
        buf_byte(out, FORM_FUNC);
        write_types_of(out, t->params, t->param_count);
        write_types_of(out, t->results, t->result_count);
        break;
    case WM_STRUCT_TYPE:
        buf_byte(out, FORM_STRUCT);
        buf_uleb(out, t->field_count);
        write_fields(out, t);
        break;
    case WM_ARRAY_TYPE:
        buf_byte(out, FORM_ARRAY);
        write_fields(out, t);
        break;
    }
}

static void write_type_section(const struct wm_module *m, struct buf *out)
{
    uint32_t groups = 0;

    for (uint32_t i = 0; i < m->type_count; i += MAX(m->types[i].group_count, 1u))
        groups++;
    buf_uleb(out, groups);
    for (uint32_t i = 0; i < m->type_count;) {
        uint32_t count = MAX(m->types[i].group_count, 1u);
        if (count > 1 || m->types[i].group_explicit) {
            buf_byte(out, FORM_REC);
            buf_uleb(out, count);
        }
        for (uint32_t end = i + count; i < end && i < m->type_count; i++)
            write_type(out, &m->types[i]);
    }
}

/* ---- tables, memories, globals, tags ------------------------------------------------------- */

static void write_limits(struct buf *out, const struct wm_limits *l, uint32_t more_flags)
{
    buf_byte(out, (uint8_t)((l->has_max ? LIMITS_HAS_MAX : 0) | (l->is_64 ? LIMITS_64 : 0) |
                            more_flags));
    buf_uleb(out, l->min);
    if (l->has_max)
        buf_uleb(out, l->max);
}

static void write_table_type(struct buf *out, const struct wm_table *t)
{
    wm_valtype_write(out, t->type);
    write_limits(out, &t->limits, 0);
}

static void write_memory_type(struct buf *out, const struct wm_memory *mem)
{
    write_limits(out, &mem->limits,
                 (mem->is_shared ? LIMITS_SHARED : 0u) |
                     (mem->has_page_size ? LIMITS_PAGE_SIZE : 0u));
    if (mem->has_page_size)
        buf_uleb(out, mem->page_log2);
}

static void write_global_type(struct buf *out, const struct wm_global *g)
{
    wm_valtype_write(out, g->type);
    buf_byte(out, g->is_mutable);
}

static void write_tag_type(struct buf *out, const struct wm_tag *t)
{
    buf_byte(out, 0); /* attribute: exception */
    buf_uleb(out, t->type_index);
}

static void write_import_section(const struct wm_module *m, struct buf *out)
{
    buf_uleb(out, m->import_count);
    for (uint32_t i = 0; i < m->import_count; i++) {
        const struct wm_import *im = &m->imports[i];
        write_name(out, im->module);
        write_name(out, im->name);
        buf_byte(out, (uint8_t)im->kind);
        switch (im->kind) {
        case WM_EXTERN_FUNC: buf_uleb(out, m->funcs[im->index].type_index); break;
        case WM_EXTERN_TABLE: write_table_type(out, &m->tables[im->index]); break;
        case WM_EXTERN_MEMORY: write_memory_type(out, &m->memories[im->index]); break;
        case WM_EXTERN_GLOBAL: write_global_type(out, &m->globals[im->index]); break;
        case WM_EXTERN_TAG: write_tag_type(out, &m->tags[im->index]); break;
        case WM_EXTERN_KIND_COUNT: break;
        }
    }
}

static void write_func_section(const struct wm_module *m, struct buf *out)
{
    buf_uleb(out, m->func_count - m->func_imports);
    for (uint32_t i = m->func_imports; i < m->func_count; i++)
        buf_uleb(out, m->funcs[i].type_index);
}

static enum status write_table_section(const struct wm_module *m, struct buf *out, struct diag *dg)
{
    buf_uleb(out, m->table_count - m->table_imports);
    for (uint32_t i = m->table_imports; i < m->table_count; i++) {
        const struct wm_table *t = &m->tables[i];
        if (t->init.size != 0) {
            buf_byte(out, TABLE_HAS_INIT);
            buf_byte(out, 0);
        }
        write_table_type(out, t);
        if (t->init.size != 0)
            TRY(diag_in(dg, wm_write_instructions(m, t->init, out, NULL, dg), "table %u", i));
    }
    return ST_OK;
}

static void write_memory_section(const struct wm_module *m, struct buf *out)
{
    buf_uleb(out, m->memory_count - m->memory_imports);
    for (uint32_t i = m->memory_imports; i < m->memory_count; i++)
        write_memory_type(out, &m->memories[i]);
}

static void write_tag_section(const struct wm_module *m, struct buf *out)
{
    buf_uleb(out, m->tag_count - m->tag_imports);
    for (uint32_t i = m->tag_imports; i < m->tag_count; i++)
        write_tag_type(out, &m->tags[i]);
}

static enum status write_global_section(const struct wm_module *m, struct buf *out, struct diag *dg)
{
    buf_uleb(out, m->global_count - m->global_imports);
    for (uint32_t i = m->global_imports; i < m->global_count; i++) {
        write_global_type(out, &m->globals[i]);
        TRY(diag_in(dg, wm_write_instructions(m, m->globals[i].init, out, NULL, dg), "global %u",
                    i));
    }
    return ST_OK;
}

static void write_export_section(const struct wm_module *m, struct buf *out)
{
    buf_uleb(out, m->export_count);
    for (uint32_t i = 0; i < m->export_count; i++) {
        write_name(out, m->exports[i].name);
        buf_byte(out, (uint8_t)m->exports[i].kind);
        buf_uleb(out, m->exports[i].index);
    }
}

/* ---- the module ---------------------------------------------------------------------------- */

/* Order in a file. The ids were handed out in the order of invention. */
static const enum wm_section_id section_order[] = {
    WM_SECTION_TYPE,   WM_SECTION_IMPORT, WM_SECTION_FUNC,       WM_SECTION_TABLE,
    WM_SECTION_MEMORY, WM_SECTION_TAG,    WM_SECTION_GLOBAL,     WM_SECTION_EXPORT,
    WM_SECTION_START,  WM_SECTION_ELEM,   WM_SECTION_DATA_COUNT, WM_SECTION_CODE,
    WM_SECTION_DATA,
};

static void write_customs(const struct wm_module *m, enum wm_section_id after, struct buf *out)
{
    for (uint32_t i = 0; i < m->custom_count; i++) {
        const struct wm_custom *c = &m->customs[i];
        if (c->after != after)
            continue;
        buf_byte(out, WM_SECTION_CUSTOM);
        size_t start = out->size;
        write_name(out, c->name);
        buf_bytes(out, c->content.data, c->content.size);
        wm_write_sized(out, start);
    }
}

static bool has_section(const struct wm_module *m, enum wm_section_id id, bool needs_data_count)
{
    switch (id) { /* tidy: flat */
    case WM_SECTION_TYPE: return m->type_count != 0;
    case WM_SECTION_IMPORT: return m->import_count != 0;
    case WM_SECTION_FUNC: return m->func_count != m->func_imports;
    case WM_SECTION_TABLE: return m->table_count != m->table_imports;
    case WM_SECTION_MEMORY: return m->memory_count != m->memory_imports;
    case WM_SECTION_GLOBAL: return m->global_count != m->global_imports;
    case WM_SECTION_EXPORT: return m->export_count != 0;
    case WM_SECTION_START: return m->start != WM_NO_INDEX;
    case WM_SECTION_ELEM: return m->elem_count != 0;
    case WM_SECTION_CODE: return m->code_count != 0;
    case WM_SECTION_DATA: return m->data_count != 0;
    case WM_SECTION_DATA_COUNT: return needs_data_count;
    case WM_SECTION_TAG: return m->tag_count != m->tag_imports;
    case WM_SECTION_CUSTOM:
    case WM_SECTION_COUNT: break;
    }
    return false;
}

static enum status write_content(const struct wm_module *m, enum wm_section_id id,
                                 const struct buf *code, struct buf *out, struct diag *dg)
{
    switch (id) { /* tidy: flat */
    case WM_SECTION_TYPE: write_type_section(m, out); break;
    case WM_SECTION_IMPORT: write_import_section(m, out); break;
    case WM_SECTION_FUNC: write_func_section(m, out); break;
    case WM_SECTION_TABLE: return write_table_section(m, out, dg);
    case WM_SECTION_MEMORY: write_memory_section(m, out); break;
    case WM_SECTION_GLOBAL: return write_global_section(m, out, dg);
    case WM_SECTION_EXPORT: write_export_section(m, out); break;
    case WM_SECTION_START: buf_uleb(out, m->start); break;
    case WM_SECTION_ELEM: return wm_write_elems(m, out, dg);
    case WM_SECTION_CODE: buf_bytes(out, code->data, code->size); break;
    case WM_SECTION_DATA: return wm_write_datas(m, out, dg);
    case WM_SECTION_DATA_COUNT: buf_uleb(out, m->data_count); break;
    case WM_SECTION_TAG: write_tag_section(m, out); break;
    case WM_SECTION_CUSTOM:
    case WM_SECTION_COUNT: break;
    }
    return ST_OK;
}

enum status wm_write_module(const struct wm_module *m, struct buf *out, struct diag *dg)
{
    static const uint8_t header[] = {0x00, 'a', 's', 'm', 0x01, 0x00, 0x00, 0x00};
    struct buf code; /* made first: only it tells whether a data count is needed in front of it */
    bool needs_data_count = false;

    buf_init(&code, out->arena);
    TRY(wm_write_codes(m, &code, &needs_data_count, dg));
    buf_reserve(out, code.size);
    buf_bytes(out, header, sizeof(header));
    write_customs(m, WM_SECTION_CUSTOM, out);
    for (uint32_t i = 0; i < LENGTH_OF(section_order); i++) {
        enum wm_section_id id = section_order[i];
        if (has_section(m, id, needs_data_count)) {
            buf_byte(out, (uint8_t)id);
            size_t start = out->size;
            TRY(write_content(m, id, &code, out, dg));
            wm_write_sized(out, start);
        }
        write_customs(m, id, out);
    }
    return ST_OK;
}
