/* inspect: see inspect.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/inspect.h"

#include "shield/wasm/inspect_internal.h"
#include "shield/wasm/names.h"
#include "shield/wasm/print_internal.h"

enum { HEADER_BYTES = 8, PRODUCERS_MAX = 4096 };

/* ---- sections ------------------------------------------------------------------------------ */

static const char *const section_kind[WM_SECTION_COUNT] = {
    [WM_SECTION_CUSTOM] = "custom", [WM_SECTION_TYPE] = "type",
    [WM_SECTION_IMPORT] = "import", [WM_SECTION_FUNC] = "func",
    [WM_SECTION_TABLE] = "table",   [WM_SECTION_MEMORY] = "memory",
    [WM_SECTION_GLOBAL] = "global", [WM_SECTION_EXPORT] = "export",
    [WM_SECTION_START] = "start",   [WM_SECTION_ELEM] = "elem",
    [WM_SECTION_CODE] = "code",     [WM_SECTION_DATA] = "data",
    [WM_SECTION_TAG] = "tag",       [WM_SECTION_DATA_COUNT] = "datacount",
};

/* The module has been read, so its sections can be walked without surprises; a surprise is a
 * status all the same. */
static enum status inspect_sections(const struct wm_module *m, struct arena *arena,
                                    struct wm_inspection *out, struct diag *dg)
{
    struct wm_reader r = wm_reader_of(m->whole, m->features);
    uint32_t capacity = 0;

    r.pos = HEADER_BYTES;
    while (r.pos < r.end) {
        struct wm_inspect_section s = {.offset = (uint32_t)r.pos};
        uint32_t size = 0;
        uint8_t id = 0;
        TRY(wm_read_u8(&r, &id, dg));
        TRY(wm_read_u32(&r, &size, dg));
        if (id >= WM_SECTION_COUNT || size > r.end - r.pos)
            return diag_fail(dg, ST_MALFORMED, s.offset, "no section stands here");
        struct wm_reader content = r;
        content.end = r.pos = r.pos + size;
        if (id == WM_SECTION_CUSTOM)
            TRY(wm_read_name(&content, &s.name, dg));
        else if (id == WM_SECTION_START)
            s.count = 1;
        else
            TRY(wm_read_u32(&content, &s.count, dg));
        s.kind = section_kind[id];
        s.size = (uint32_t)r.pos - s.offset;
        ARENA_PUSH(arena, out->sections, out->section_count, capacity, s);
    }
    return ST_OK;
}

/* ---- imports and exports ------------------------------------------------------------------- */

const char *wm_extern_kind_text(enum wm_extern_kind kind)
{
    static const char *const text[WM_EXTERN_KIND_COUNT] = {
        [WM_EXTERN_FUNC] = "func",     [WM_EXTERN_TABLE] = "table", [WM_EXTERN_MEMORY] = "memory",
        [WM_EXTERN_GLOBAL] = "global", [WM_EXTERN_TAG] = "tag",
    };
    return text[kind];
}

static uint32_t extern_count(const struct wm_module *m, enum wm_extern_kind kind)
{
    switch (kind) {
    case WM_EXTERN_FUNC: return m->func_count;
    case WM_EXTERN_TABLE: return m->table_count;
    case WM_EXTERN_MEMORY: return m->memory_count;
    case WM_EXTERN_GLOBAL: return m->global_count;
    case WM_EXTERN_TAG: return m->tag_count;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return 0;
}

struct str wm_extern_type_text(const struct wm_module *m, enum wm_extern_kind kind, uint32_t index,
                               struct arena *arena)
{
    struct buf text;
    struct wm_printer p = {.m = m, .arena = arena, .out = &text};

    buf_init(&text, arena);
    buf_byte(&text, '(');
    buf_text(&text, wm_extern_kind_text(kind));
    if (index < extern_count(m, kind)) { /* else the validator refuses it */
        switch (kind) {
        case WM_EXTERN_FUNC: print_signature(&p, m->funcs[index].type_index); break;
        case WM_EXTERN_TABLE: print_table_type(&p, &m->tables[index]); break;
        case WM_EXTERN_MEMORY: print_memory_type(&p, &m->memories[index]); break;
        case WM_EXTERN_GLOBAL: print_global_type(&p, &m->globals[index]); break;
        case WM_EXTERN_TAG: print_signature(&p, m->tags[index].type_index); break;
        case WM_EXTERN_KIND_COUNT: break;
        }
    }
    buf_byte(&text, ')');
    return (struct str){(const char *)text.data, text.size};
}

static void inspect_externs(const struct wm_module *m, struct arena *arena,
                            struct wm_inspection *out)
{
    out->imports = arena_new(arena, struct wm_inspect_extern, m->import_count);
    out->exports = arena_new(arena, struct wm_inspect_extern, m->export_count);
    for (; out->import_count < m->import_count; out->import_count++) {
        const struct wm_import *im = &m->imports[out->import_count];
        out->imports[out->import_count] =
            (struct wm_inspect_extern){im->kind, im->index, im->module, im->name,
                                       wm_extern_type_text(m, im->kind, im->index, arena)};
    }
    for (; out->export_count < m->export_count; out->export_count++) {
        const struct wm_export *e = &m->exports[out->export_count];
        out->exports[out->export_count] =
            (struct wm_inspect_extern){.kind = e->kind,
                                       .index = e->index,
                                       .name = e->name,
                                       .type = wm_extern_type_text(m, e->kind, e->index, arena)};
    }
}

/* ---- custom sections ----------------------------------------------------------------------- */

/* fields: name, values: name and version. As with names, damage ends the list silently. */
static enum status read_producers(struct wm_reader r, struct arena *arena,
                                  struct wm_inspection *out)
{
    uint32_t field_count = 0, capacity = 0;

    TRY(wm_read_u32(&r, &field_count, NULL));
    for (uint32_t i = 0; i < field_count; i++) {
        struct wm_inspect_producer entry = {0};
        uint32_t value_count = 0;
        TRY(wm_read_name(&r, &entry.field, NULL));
        TRY(wm_read_u32(&r, &value_count, NULL));
        for (uint32_t k = 0; k < value_count && out->producer_count < PRODUCERS_MAX; k++) {
            TRY(wm_read_name(&r, &entry.name, NULL));
            TRY(wm_read_name(&r, &entry.version, NULL));
            ARENA_PUSH(arena, out->producers, out->producer_count, capacity, entry);
        }
    }
    return ST_OK;
}

static void inspect_customs(const struct wm_module *m, struct arena *arena,
                            struct wm_inspection *out)
{
    struct wm_names *names = wm_names_read(m, arena);

    out->module_name = wm_name_of(names, WM_NAME_MODULE, 0);
    for (uint32_t i = 0; i < m->func_count; i++)
        out->named_funcs += wm_name_of(names, WM_NAME_FUNC, i).size != 0;
    for (uint32_t i = 0; i < m->custom_count; i++) {
        struct wm_reader r = wm_reader_of(m->customs[i].content, m->features);
        out->has_names |= str_equal(m->customs[i].name, STR("name"));
        if (str_equal(m->customs[i].name, STR("producers")) && out->producer_count == 0 &&
            read_producers(r, arena, out) != ST_OK)
            continue;
    }
}

static void inspect_sizes(const struct wm_module *m, struct wm_inspection *out)
{
    out->size_bytes = m->whole.size;
    out->largest_func = WM_NO_INDEX;
    for (uint32_t i = 0; i < m->code_count; i++) {
        uint32_t size = m->codes[i].body.size;
        out->code_bytes += size;
        if (size > out->largest_bytes) {
            out->largest_bytes = size;
            out->largest_func = m->func_imports + i;
        }
    }
    for (uint32_t i = 0; i < m->data_count; i++)
        out->data_bytes += m->datas[i].content.size;
}

enum status wm_inspect(const struct wm_module *m, struct arena *arena, struct wm_inspection *out,
                       struct diag *dg)
{
    *out = (struct wm_inspection){0};
    inspect_sizes(m, out);
    inspect_externs(m, arena, out);
    inspect_customs(m, arena, out);
    TRY(inspect_sections(m, arena, out, dg));
    return inspect_features(m, out, dg);
}
