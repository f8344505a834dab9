/* read_externs: what a module imports, declares and exports: functions, tables, memories, globals,
 * tags. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read_int.h"

static const struct {
    const char *text, *many;
    uint32_t limit;
} kinds[WM_EXTERN_KIND_COUNT] = {
    [WM_EXTERN_FUNC] = {"function", "functions", WM_MAX_FUNCS   },
    [WM_EXTERN_TABLE] = {"table",    "tables",    WM_MAX_TABLES  },
    [WM_EXTERN_MEMORY] = {"memory",   "memories",  WM_MAX_MEMORIES},
    [WM_EXTERN_GLOBAL] = {"global",   "globals",   WM_MAX_GLOBALS },
    [WM_EXTERN_TAG] = {"tag",      "tags",      WM_MAX_TAGS    },
};

/* Bits of the flags in front of the limits of a table or memory. */
enum { LIMITS_MAX = 1, LIMITS_SHARED = 2, LIMITS_64 = 4, LIMITS_PAGE_SIZE = 8 };

static enum status read_limits(struct wm_reader *r, uint8_t allowed, uint8_t *flags,
                               struct wm_limits *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);

    TRY(wm_read_u8(r, flags, dg));
    if ((*flags & ~allowed) != 0)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed limits flags: expected bits of 0x%02x, found 0x%02x", allowed,
                         *flags);
    if ((*flags & LIMITS_SHARED) != 0)
        TRY(wm_need(r->features, WM_FEATURE_THREADS, start, "a shared memory", dg));
    if ((*flags & LIMITS_64) != 0)
        TRY(wm_need(r->features, WM_FEATURE_MEMORY64, start, "a 64-bit memory or table", dg));
    if ((*flags & LIMITS_PAGE_SIZE) != 0)
        TRY(wm_need(r->features, WM_FEATURE_CUSTOM_PAGE_SIZES, start, "a page size", dg));
    out->is_64 = (*flags & LIMITS_64) != 0;
    out->has_max = (*flags & LIMITS_MAX) != 0;
    TRY(wm_read_u64(r, &out->min, dg));
    return out->has_max ? wm_read_u64(r, &out->max, dg) : ST_OK;
}

/* A reference type; funcref needs no feature here. */
static enum status read_reftype(struct wm_reader *r, struct wm_valtype *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);

    if (r->pos < r->end && r->bytes[r->pos] == 0x70) {
        r->pos++;
        *out = wm_ref(WM_HEAP(FUNC), true);
        return ST_OK;
    }
    TRY(wm_read_valtype(r, out, dg));
    if (!wm_is_ref(*out))
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed reference type: expected a reference, found %s",
                         wm_kind_text(wm_kind(*out)));
    return ST_OK;
}

static enum status read_table_type(struct wm_reader *r, struct wm_table *out, struct diag *dg)
{
    uint8_t flags = 0;

    TRY(read_reftype(r, &out->type, dg));
    return read_limits(r, LIMITS_MAX | LIMITS_64, &flags, &out->limits, dg);
}

static enum status read_memory_type(struct wm_reader *r, struct wm_memory *out, struct diag *dg)
{
    enum { PAGE_LOG2 = 16, PAGE_LOG2_END = 64 };
    uint8_t flags = 0;
    uint32_t page_log2 = PAGE_LOG2;

    TRY(read_limits(r, LIMITS_MAX | LIMITS_SHARED | LIMITS_64 | LIMITS_PAGE_SIZE, &flags,
                    &out->limits, dg));
    uint64_t start = reader_offset(r);
    out->is_shared = (flags & LIMITS_SHARED) != 0;
    out->has_page_size = (flags & LIMITS_PAGE_SIZE) != 0;
    if (out->has_page_size)
        TRY(wm_read_u32(r, &page_log2, dg));
    if (page_log2 >= PAGE_LOG2_END)
        return diag_fail(dg, ST_MALFORMED, start,
                         "invalid custom page size: expected less than 2^64, found 2^%u",
                         page_log2);
    out->page_log2 = (uint8_t)page_log2;
    return ST_OK;
}

static enum status read_global_type(struct wm_reader *r, struct wm_global *out, struct diag *dg)
{
    uint8_t mutability = 0;

    TRY(wm_read_valtype(r, &out->type, dg));
    uint64_t start = reader_offset(r);
    TRY(wm_read_u8(r, &mutability, dg));
    if (mutability > 1)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed mutability: expected 0 or 1, found 0x%02x", mutability);
    out->is_mutable = mutability == 1;
    return ST_OK;
}

static enum status read_tag_type(struct wm_reader *r, struct wm_tag *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t attribute = 0;

    if (!wm_has(r->features, WM_FEATURE_LEGACY_EXCEPTIONS))
        TRY(wm_need(r->features, WM_FEATURE_EXCEPTIONS, start, "a tag", dg));
    TRY(wm_read_u8(r, &attribute, dg));
    if (attribute != 0)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed tag attribute: expected 0, found 0x%02x", attribute);
    return wm_read_u32(r, &out->type_index, dg);
}

/* Makes the index space of a kind fit for more: its array holds the imports so far. */
#define GROW_SPACE(mr, array, have, more)                                                          \
    ((array) = arena_grow((mr)->arena, (array), (have), (size_t)(have) + (more), sizeof(*(array))))

static enum status count_space(struct module_reader *mr, enum wm_extern_kind kind, uint32_t have,
                               size_t min_bytes, uint32_t *count, struct diag *dg)
{
    return read_count(&mr->r, count, min_bytes, kinds[kind].limit - have, kinds[kind].many, dg);
}

static enum status read_import(struct module_reader *mr, struct wm_import *im, struct diag *dg)
{
    struct wm_module *m = mr->m;
    struct wm_reader *r = &mr->r;
    uint32_t *capacity = mr->extern_capacity;
    struct wm_func func = {.code = WM_NO_INDEX, .offset = im->offset};
    struct wm_table table = {.offset = im->offset};
    struct wm_memory memory = {.offset = im->offset};
    struct wm_global global = {.offset = im->offset};
    struct wm_tag tag = {.offset = im->offset};

    switch (im->kind) {
    case WM_EXTERN_FUNC:
        TRY(wm_read_u32(r, &func.type_index, dg));
        im->index = m->func_count;
        ARENA_PUSH(mr->arena, m->funcs, m->func_count, capacity[im->kind], func);
        return ST_OK;
    case WM_EXTERN_TABLE:
        TRY(read_table_type(r, &table, dg));
        im->index = m->table_count;
        ARENA_PUSH(mr->arena, m->tables, m->table_count, capacity[im->kind], table);
        return ST_OK;
    case WM_EXTERN_MEMORY:
        TRY(read_memory_type(r, &memory, dg));
        im->index = m->memory_count;
        ARENA_PUSH(mr->arena, m->memories, m->memory_count, capacity[im->kind], memory);
        return ST_OK;
    case WM_EXTERN_GLOBAL:
        TRY(read_global_type(r, &global, dg));
        if (global.is_mutable)
            TRY(wm_need(r->features, WM_FEATURE_MUTABLE_GLOBALS, reader_offset(r) - 1,
                        "import of a mutable global", dg));
        im->index = m->global_count;
        ARENA_PUSH(mr->arena, m->globals, m->global_count, capacity[im->kind], global);
        return ST_OK;
    default:
        TRY(read_tag_type(r, &tag, dg));
        im->index = m->tag_count;
        ARENA_PUSH(mr->arena, m->tags, m->tag_count, capacity[im->kind], tag);
        return ST_OK;
    }
}

/* "module"."name" for a message, cut where it gets long. */
static enum status in_import(struct diag *dg, enum status st, uint32_t i,
                             const struct wm_import *im)
{
    enum { SHOWN = 60 };
    return diag_in(dg, st, "import %u (\"%.*s\" \"%.*s\")", i, (int)MIN(im->module.size, SHOWN),
                   im->module.text, (int)MIN(im->name.size, SHOWN), im->name.text);
}

enum status read_import_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    struct wm_reader *r = &mr->r;
    uint32_t count = 0;

    TRY(read_count(r, &count, 4, WM_MAX_IMPORTS, "imports", dg));
    m->imports = arena_new(mr->arena, struct wm_import, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_import *im = &m->imports[i];
        uint8_t kind = 0;
        im->offset = (uint32_t)reader_offset(r);
        TRY(diag_in(dg, wm_read_name(r, &im->module, dg), "the module name of import %u", i));
        TRY(diag_in(dg, wm_read_name(r, &im->name, dg), "the name of import %u", i));
        uint64_t start = reader_offset(r);
        TRY(wm_read_u8(r, &kind, dg));
        if (kind >= WM_EXTERN_KIND_COUNT)
            return diag_fail(dg, ST_MALFORMED, start,
                             "malformed import kind: expected 0 to 4, found 0x%02x", kind);
        im->kind = (enum wm_extern_kind)kind;
        TRY(in_import(dg, read_import(mr, im, dg), i, im));
        m->import_count = i + 1;
        if (im->index >= kinds[kind].limit)
            return diag_fail(dg, ST_LIMIT, start, "more than %u %s", kinds[kind].limit,
                             kinds[kind].many);
    }
    m->func_imports = m->func_count;
    m->table_imports = m->table_count;
    m->memory_imports = m->memory_count;
    m->global_imports = m->global_count;
    m->tag_imports = m->tag_count;
    return ST_OK;
}

enum status read_func_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(count_space(mr, WM_EXTERN_FUNC, m->func_count, 1, &count, dg));
    GROW_SPACE(mr, m->funcs, m->func_count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_func *f = &m->funcs[m->func_count];
        f->code = i;
        f->offset = (uint32_t)reader_offset(&mr->r);
        TRY(wm_read_u32(&mr->r, &f->type_index, dg));
        m->func_count++;
    }
    mr->declared_funcs = count;
    return ST_OK;
}

/* 0x40 0x00, a table type, and the value its elements start with. */
static enum status read_table(struct wm_reader *r, struct wm_table *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t reserved = 0;

    if (r->pos == r->end || r->bytes[r->pos] != 0x40)
        return read_table_type(r, out, dg);
    r->pos++;
    TRY(wm_need(r->features, WM_FEATURE_FUNCTION_REFERENCES, start, "a table initialiser", dg));
    TRY(wm_read_u8(r, &reserved, dg));
    if (reserved != 0)
        return diag_fail(dg, ST_MALFORMED, start + 1,
                         "malformed table: expected a zero byte, found 0x%02x", reserved);
    TRY(read_table_type(r, out, dg));
    return read_expr(r, &out->init, dg);
}

enum status read_table_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(count_space(mr, WM_EXTERN_TABLE, m->table_count, 3, &count, dg));
    GROW_SPACE(mr, m->tables, m->table_count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_table *t = &m->tables[m->table_count];
        t->offset = (uint32_t)reader_offset(&mr->r);
        TRY(diag_in(dg, read_table(&mr->r, t, dg), "table %u", m->table_count));
        m->table_count++;
    }
    return ST_OK;
}

enum status read_memory_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(count_space(mr, WM_EXTERN_MEMORY, m->memory_count, 2, &count, dg));
    GROW_SPACE(mr, m->memories, m->memory_count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_memory *t = &m->memories[m->memory_count];
        t->offset = (uint32_t)reader_offset(&mr->r);
        TRY(diag_in(dg, read_memory_type(&mr->r, t, dg), "memory %u", m->memory_count));
        m->memory_count++;
    }
    return ST_OK;
}

enum status read_global_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(count_space(mr, WM_EXTERN_GLOBAL, m->global_count, 3, &count, dg));
    GROW_SPACE(mr, m->globals, m->global_count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_global *g = &m->globals[m->global_count];
        g->offset = (uint32_t)reader_offset(&mr->r);
        TRY(diag_in(dg, read_global_type(&mr->r, g, dg), "global %u", m->global_count));
        TRY(diag_in(dg, read_expr(&mr->r, &g->init, dg), "global %u", m->global_count));
        m->global_count++;
    }
    return ST_OK;
}

enum status read_tag_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    uint32_t count = 0;

    TRY(count_space(mr, WM_EXTERN_TAG, m->tag_count, 2, &count, dg));
    GROW_SPACE(mr, m->tags, m->tag_count, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_tag *t = &m->tags[m->tag_count];
        t->offset = (uint32_t)reader_offset(&mr->r);
        TRY(diag_in(dg, read_tag_type(&mr->r, t, dg), "tag %u", m->tag_count));
        m->tag_count++;
    }
    return ST_OK;
}

enum status read_export_section(struct module_reader *mr, struct diag *dg)
{
    struct wm_module *m = mr->m;
    struct wm_reader *r = &mr->r;
    uint32_t count = 0;

    TRY(read_count(r, &count, 3, WM_MAX_EXPORTS, "exports", dg));
    m->exports = arena_new(mr->arena, struct wm_export, count);
    for (uint32_t i = 0; i < count; i++) {
        struct wm_export *ex = &m->exports[i];
        uint8_t kind = 0;
        ex->offset = (uint32_t)reader_offset(r);
        TRY(diag_in(dg, wm_read_name(r, &ex->name, dg), "the name of export %u", i));
        uint64_t start = reader_offset(r);
        TRY(wm_read_u8(r, &kind, dg));
        if (kind >= WM_EXTERN_KIND_COUNT)
            return diag_fail(dg, ST_MALFORMED, start,
                             "malformed export kind: expected 0 to 4, found 0x%02x", kind);
        ex->kind = (enum wm_extern_kind)kind;
        TRY(wm_read_u32(r, &ex->index, dg));
        m->export_count = i + 1;
    }
    return ST_OK;
}
