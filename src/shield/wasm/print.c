/* print: the module and its fields, in the order of the binary format.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print.h"

#include "shield/wasm/encoding.h"
#include "shield/wasm/print_internal.h"
#include "shield/wasm/write.h"

enum { DATA_CHUNK_BYTES = 64 }; /* of a segment, a line */

enum status print_flush(struct wm_printer *p)
{
    if (p->options->flush == NULL || p->out->size < WM_PRINT_FLUSH_BYTES)
        return ST_OK;
    return p->options->flush(p->options->flush_ctx, p->out, p->dg);
}

static void print_field_start(struct wm_printer *p, const char *word)
{
    print_line(p->out, 1);
    buf_byte(p->out, '(');
    buf_text(p->out, word);
}

static void close_field(struct wm_printer *p)
{
    buf_byte(p->out, ')');
}

static const enum wm_name_space space_of_kind[WM_EXTERN_KIND_COUNT] = {
    [WM_EXTERN_FUNC] = WM_NAME_FUNC,     [WM_EXTERN_TABLE] = WM_NAME_TABLE,
    [WM_EXTERN_MEMORY] = WM_NAME_MEMORY, [WM_EXTERN_GLOBAL] = WM_NAME_GLOBAL,
    [WM_EXTERN_TAG] = WM_NAME_TAG,
};

static const char *const kind_word[WM_EXTERN_KIND_COUNT] = {
    [WM_EXTERN_FUNC] = "func",     [WM_EXTERN_TABLE] = "table", [WM_EXTERN_MEMORY] = "memory",
    [WM_EXTERN_GLOBAL] = "global", [WM_EXTERN_TAG] = "tag",
};

static void print_imported_func(struct wm_printer *p, uint32_t func)
{
    uint32_t type_index = p->m->funcs[func].type_index;
    const struct wm_type *t = print_func_type(p->m, type_index);
    uint32_t param_count = t == NULL ? 0 : t->param_count;

    print_name_locals(p, func, param_count, param_count);
    print_type_use(p, type_index);
    p->locals = NULL;
}

static void print_import(struct wm_printer *p, const struct wm_import *im)
{
    const struct wm_module *m = p->m;

    print_field_start(p, "import ");
    print_name(p->out, im->module);
    buf_byte(p->out, ' ');
    print_name(p->out, im->name);
    buf_text(p->out, " (");
    buf_text(p->out, kind_word[im->kind]);
    print_defined(p, space_of_kind[im->kind], im->index);
    switch (im->kind) {
    case WM_EXTERN_FUNC: print_imported_func(p, im->index); break;
    case WM_EXTERN_TABLE: print_table_type(p, &m->tables[im->index]); break;
    case WM_EXTERN_MEMORY: print_memory_type(p, &m->memories[im->index]); break;
    case WM_EXTERN_GLOBAL: print_global_type(p, &m->globals[im->index]); break;
    case WM_EXTERN_TAG: print_type_use(p, m->tags[im->index].type_index); break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    buf_byte(p->out, ')');
    close_field(p);
}

static enum status print_tables(struct wm_printer *p)
{
    for (uint32_t i = p->m->table_imports; i < p->m->table_count; i++) {
        const struct wm_table *t = &p->m->tables[i];
        print_field_start(p, "table");
        print_defined(p, WM_NAME_TABLE, i);
        print_table_type(p, t);
        if (t->init.size != 0)
            TRY(diag_in(p->dg, print_expr(p, t->init), "table %u", i));
        close_field(p);
    }
    return ST_OK;
}

static enum status print_globals(struct wm_printer *p)
{
    for (uint32_t i = p->m->global_imports; i < p->m->global_count; i++) {
        const struct wm_global *g = &p->m->globals[i];
        print_field_start(p, "global");
        print_defined(p, WM_NAME_GLOBAL, i);
        print_global_type(p, g);
        TRY(diag_in(p->dg, print_expr(p, g->init), "global %u", i));
        close_field(p);
    }
    return ST_OK;
}

/* Imports, then the definitions that stand in front of the code. */
static enum status print_declarations(struct wm_printer *p)
{
    const struct wm_module *m = p->m;

    for (uint32_t i = 0; i < m->import_count; i++) {
        print_import(p, &m->imports[i]);
        TRY(print_flush(p));
    }
    TRY(print_tables(p));
    for (uint32_t i = m->memory_imports; i < m->memory_count; i++) {
        print_field_start(p, "memory");
        print_defined(p, WM_NAME_MEMORY, i);
        print_memory_type(p, &m->memories[i]);
        close_field(p);
    }
    for (uint32_t i = m->tag_imports; i < m->tag_count; i++) {
        print_field_start(p, "tag");
        print_defined(p, WM_NAME_TAG, i);
        print_type_use(p, m->tags[i].type_index);
        close_field(p);
    }
    TRY(print_globals(p));
    for (uint32_t i = 0; i < m->export_count; i++) {
        const struct wm_export *e = &m->exports[i];
        print_field_start(p, "export ");
        print_name(p->out, e->name);
        buf_text(p->out, " (");
        buf_text(p->out, kind_word[e->kind]);
        print_index(p, space_of_kind[e->kind], e->index);
        buf_byte(p->out, ')');
        close_field(p);
    }
    if (m->start != WM_NO_INDEX) {
        print_field_start(p, "start");
        print_index(p, WM_NAME_FUNC, m->start);
        close_field(p);
    }
    return ST_OK;
}

/* ---- segments ------------------------------------------------------------------------------ */

static enum status print_offset(struct wm_printer *p, struct wm_bytes offset)
{
    struct wm_reader r = wm_reader_of(offset, p->m->features);
    return print_short_expr(p, &r, "offset");
}

static void break_line(struct wm_printer *p, size_t *line)
{
    if (p->out->size - *line < PRINT_LINE_COLUMNS)
        return;
    print_line(p->out, 2);
    *line = p->out->size;
}

static enum status print_elem_items(struct wm_printer *p, const struct wm_elem *e, size_t line)
{
    struct wm_reader r = wm_reader_of(e->items, p->m->features);

    for (uint32_t i = 0; i < e->count; i++) {
        break_line(p, &line);
        if (e->is_exprs) {
            TRY(print_short_expr(p, &r, "item"));
        } else {
            uint32_t func = 0;
            TRY(wm_read_u32(&r, &func, p->dg));
            print_index(p, WM_NAME_FUNC, func);
        }
    }
    return ST_OK;
}

static enum status print_elem(struct wm_printer *p, uint32_t index)
{
    const struct wm_elem *e = &p->m->elems[index];
    size_t line = p->out->size;

    print_field_start(p, "elem");
    print_defined(p, WM_NAME_ELEM, index);
    if (e->mode == WM_SEGMENT_DECLARATIVE)
        buf_text(p->out, " declare");
    if (e->mode == WM_SEGMENT_ACTIVE) {
        if (e->table != 0) {
            buf_text(p->out, " (table");
            print_index(p, WM_NAME_TABLE, e->table);
            buf_byte(p->out, ')');
        }
        TRY(print_offset(p, e->offset));
    }
    if (e->is_exprs)
        print_valtype(p, e->type);
    else
        buf_text(p->out, " func");
    TRY(print_elem_items(p, e, line));
    close_field(p);
    return ST_OK;
}

static enum status print_data(struct wm_printer *p, uint32_t index)
{
    const struct wm_data *d = &p->m->datas[index];

    print_field_start(p, "data");
    print_defined(p, WM_NAME_DATA, index);
    if (d->mode == WM_SEGMENT_ACTIVE) {
        if (d->memory != 0) {
            buf_text(p->out, " (memory");
            print_index(p, WM_NAME_MEMORY, d->memory);
            buf_byte(p->out, ')');
        }
        TRY(print_offset(p, d->offset));
    }
    bool is_short = d->content.size <= DATA_CHUNK_BYTES;
    for (uint32_t at = 0; at == 0 || at < d->content.size; at += DATA_CHUNK_BYTES) {
        if (is_short)
            buf_byte(p->out, ' ');
        else
            print_line(p->out, 2);
        print_string(p->out, d->content.data + at,
                     MIN(d->content.size - at, (uint32_t)DATA_CHUNK_BYTES));
    }
    close_field(p);
    return ST_OK;
}

static enum status print_elems(struct wm_printer *p)
{
    for (uint32_t i = 0; i < p->m->elem_count; i++) {
        TRY(diag_in(p->dg, print_elem(p, i), "element segment %u", i));
        TRY(print_flush(p));
    }
    return ST_OK;
}

static enum status print_datas(struct wm_printer *p)
{
    for (uint32_t i = 0; i < p->m->data_count; i++) {
        TRY(diag_in(p->dg, print_data(p, i), "data segment %u", i));
        TRY(print_flush(p));
    }
    return ST_OK;
}

/* ---- annotations --------------------------------------------------------------------------- */

/* Words of (after ...). A section can be named even when the module does not have it. */
static const char *const section_word[WM_SECTION_COUNT] = {
    [WM_SECTION_TYPE] = "type",
    [WM_SECTION_IMPORT] = "import",
    [WM_SECTION_FUNC] = "func",
    [WM_SECTION_TABLE] = "table",
    [WM_SECTION_MEMORY] = "memory",
    [WM_SECTION_TAG] = "tag",
    [WM_SECTION_GLOBAL] = "global",
    [WM_SECTION_EXPORT] = "export",
    [WM_SECTION_START] = "start",
    [WM_SECTION_ELEM] = "elem",
    [WM_SECTION_CODE] = "code",
    [WM_SECTION_DATA] = "data",
    [WM_SECTION_DATA_COUNT] = "datacount",
};

/* The custom section that the identifiers stand for: the only name section, if it says just what
 * they say. The text reader makes it again. custom_count when there is none. */
static uint32_t section_said_by_ids(struct wm_printer *p)
{
    uint32_t found = p->m->custom_count;
    struct buf made;

    for (uint32_t i = 0; i < p->m->custom_count; i++) {
        if (!str_equal(p->m->customs[i].name, STR("name")))
            continue;
        if (found != p->m->custom_count)
            return p->m->custom_count;
        found = i;
    }
    if (found == p->m->custom_count || wm_names_is_empty(p->made))
        return p->m->custom_count;
    const struct wm_bytes content = p->m->customs[found].content;
    buf_init(&made, p->arena);
    wm_names_write(p->made, &made);
    return str_equal((struct str){(const char *)made.data, made.size},
                     (struct str){(const char *)content.data, content.size})
               ? found
               : p->m->custom_count;
}

static void print_place(struct wm_printer *p, enum wm_section_id after)
{
    if (after == WM_SECTION_CUSTOM)
        buf_text(p->out, " (before first)");
    else
        buf_printf(p->out, " (after %s)", section_word[after]);
}

static enum status print_customs(struct wm_printer *p)
{
    uint32_t said = section_said_by_ids(p);

    for (uint32_t i = 0; i < p->m->custom_count; i++) {
        const struct wm_custom *c = &p->m->customs[i];
        if (i == said && i + 1 == p->m->custom_count)
            break; /* the last section: where the text reader puts it by itself */
        if (i == said) {
            print_field_start(p, "@mujun.names");
            print_place(p, c->after);
            close_field(p);
            continue;
        }
        print_field_start(p, "@custom ");
        print_name(p->out, c->name);
        print_place(p, c->after);
        for (uint32_t at = 0; at < c->content.size; at += DATA_CHUNK_BYTES) {
            print_line(p->out, 2);
            print_string(p->out, c->content.data + at,
                         MIN(c->content.size - at, (uint32_t)DATA_CHUNK_BYTES));
        }
        close_field(p);
        TRY(print_flush(p));
    }
    return ST_OK;
}

/* What the canonical form drops, see encoding.h. */
static enum status print_encoding(struct wm_printer *p)
{
    const struct wm_bytes whole = p->m->whole;
    struct buf canonical, text;

    if (whole.size == 0)
        return ST_OK;
    buf_init(&canonical, p->arena);
    buf_init(&text, p->arena);
    TRY(wm_write_module(p->m, &canonical, p->dg));
    TRY(wm_encoding_make((struct str){(const char *)whole.data, whole.size},
                         (struct str){(const char *)canonical.data, canonical.size}, p->m->features,
                         &text, p->dg));
    if (text.size == 0)
        return ST_OK;
    print_field_start(p, "@mujun.encoding");
    for (size_t at = 0; at < text.size; at += PRINT_LINE_COLUMNS) {
        print_line(p->out, 2);
        print_string(p->out, text.data + at, MIN(text.size - at, (size_t)PRINT_LINE_COLUMNS));
    }
    close_field(p);
    return ST_OK;
}

/* ---- the module ---------------------------------------------------------------------------- */

enum status wm_print_module(const struct wm_module *m, const struct wm_print_options *o,
                            struct buf *out, struct diag *dg)
{
    struct wm_printer p = {.m = m, .options = o, .arena = out->arena, .out = out, .dg = dg};

    p.names = wm_names_read(m, p.arena);
    p.made = wm_names_builder_new(p.arena);
    print_ids_make(&p);

    buf_text(out, "(module");
    print_named(&p, print_id_of(&p, WM_NAME_MODULE, 0), wm_name_of(p.names, WM_NAME_MODULE, 0));
    print_types(&p);
    TRY(print_flush(&p));
    TRY(print_declarations(&p));
    TRY(print_elems(&p));
    TRY(print_funcs(&p));
    TRY(print_datas(&p));
    TRY(print_customs(&p));
    if (o->exact)
        TRY(print_encoding(&p));
    buf_text(out, "\n)\n");
    return ST_OK;
}
