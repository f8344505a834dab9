/* wat_fields: functions, tables, memories, globals, tags, imports, exports, start; inline imports
 * and exports. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

#include "shield/wasm/wat_number.h"

/* What the fields that can be imported have in common. */
struct head {
    const struct wat_token *at; /* the ( of the field */
    uint32_t index, symbol;
    bool is_import;
    struct str module, name;
};

static const struct kind_info {
    enum wat_word word;
    enum wat_space space;
    enum wm_name_space names;
    enum wm_section_id section;
} kind_info[WM_EXTERN_KIND_COUNT] = {
    [WM_EXTERN_FUNC] = {WAT_HEAP_FUNC, WAT_SPACE_FUNC,   WM_NAME_FUNC,   WM_SECTION_FUNC  },
    [WM_EXTERN_TABLE] = {WAT_TABLE,     WAT_SPACE_TABLE,  WM_NAME_TABLE,  WM_SECTION_TABLE },
    [WM_EXTERN_MEMORY] = {WAT_MEMORY,    WAT_SPACE_MEMORY, WM_NAME_MEMORY, WM_SECTION_MEMORY},
    [WM_EXTERN_GLOBAL] = {WAT_GLOBAL,    WAT_SPACE_GLOBAL, WM_NAME_GLOBAL, WM_SECTION_GLOBAL},
    [WM_EXTERN_TAG] = {WAT_TAG,       WAT_SPACE_TAG,    WM_NAME_TAG,    WM_SECTION_TAG   },
};

/* The kind whose word stands at t, WM_EXTERN_KIND_COUNT when none does. */
static enum wm_extern_kind kind_at(const struct wat_token *t)
{
    uint32_t k = 0;
    while (k < WM_EXTERN_KIND_COUNT && !wat_is_word(t, kind_info[k].word))
        k++;
    return (enum wm_extern_kind)k;
}

static void add_export(struct wat_parser *p, struct str name, enum wm_extern_kind kind,
                       uint32_t index, const struct wat_token *t)
{
    struct wm_export ex = {.name = name, .kind = kind, .index = index};

    wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_EXPORT, p->m.export_count, t);
    ARENA_PUSH(p->arena, p->m.exports, p->m.export_count, p->export_capacity, ex);
}

static void add_import(struct wat_parser *p, const struct head *h, enum wm_extern_kind kind)
{
    struct wm_import im = {.module = h->module, .name = h->name, .kind = kind, .index = h->index};

    wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_IMPORT, p->m.import_count, h->at);
    ARENA_PUSH(p->arena, p->m.imports, p->m.import_count, p->import_capacity, im);
}

/* Behind the word of a definition: identifier, inline exports, inline import. */
static enum status field_head(struct wat_parser *p, enum wm_extern_kind kind, struct head *h)
{
    h->symbol = wat_optional_id(p);
    TRY(wat_note_name(p, kind_info[kind].names, 0, h->index, h->symbol));
    while (wat_opens(p, WAT_EXPORT)) {
        const struct wat_token *t = p->t;
        struct str name;
        p->t += 2;
        TRY(wat_name(p, &name));
        TRY(wat_close(p));
        add_export(p, name, kind, h->index, t);
    }
    if (wat_take_open(p, WAT_IMPORT)) {
        TRY(wat_name(p, &h->module));
        TRY(wat_name(p, &h->name));
        TRY(wat_close(p));
        h->is_import = true;
    }
    return ST_OK;
}

/* ---- functions and tags ---------------------------------------------------------------------- */

static enum status bind_params(struct wat_parser *p, uint32_t func_index, const struct wat_token *t)
{
    for (uint32_t i = 0; i < p->param_count; i++) {
        const struct wat_param_name *name = &p->param_names[i];
        if (name->symbol == WAT_NO_SYMBOL)
            continue;
        TRY(wat_bind(p, WAT_SPACE_LOCAL, name->symbol, i, t));
        p->has_name_annot |= name->is_annotated;
        struct str text = name->is_annotated ? name->text : p->lx->symbols[name->symbol].name;
        if (name->is_annotated || p->options->write_names)
            wm_names_add_inner(p->names, WM_NAME_LOCAL, func_index, i, text);
    }
    return ST_OK;
}

/* (local $x type) and (local type*) */
static enum status locals(struct wat_parser *p, uint32_t func_index, uint32_t param_count)
{
    struct wm_valtype type;

    p->local_count = 0;
    while (wat_take_open(p, WAT_LOCAL)) {
        const struct wat_token *t = p->t;
        uint32_t symbol = wat_optional_id(p);
        if (symbol != WAT_NO_SYMBOL) {
            uint32_t index = param_count + p->local_count;
            TRY(wat_bind(p, WAT_SPACE_LOCAL, symbol, index, t));
            TRY(wat_note_name(p, WM_NAME_LOCAL, func_index, index, symbol));
            TRY(wat_valtype(p, &type));
            ARENA_PUSH(p->arena, p->locals, p->local_count, p->local_capacity, type);
        } else {
            while (!wat_is(p, WAT_TOK_CLOSE)) {
                TRY(wat_valtype(p, &type));
                ARENA_PUSH(p->arena, p->locals, p->local_count, p->local_capacity, type);
            }
        }
        TRY(wat_close(p));
    }
    return ST_OK;
}

static enum status func_field(struct wat_parser *p, struct head *h)
{
    uint32_t touched = p->touched_count;
    struct wat_typeuse use;

    TRY(field_head(p, WM_EXTERN_FUNC, h));
    const struct wat_token *at = p->t;
    TRY(wat_typeuse(p, true, true, &use));
    struct wm_func func = {.type_index = use.type_index, .code = WM_NO_INDEX};
    if (use.has_inline)
        TRY(bind_params(p, h->index, at));
    if (h->is_import) {
        add_import(p, h, WM_EXTERN_FUNC);
        ARENA_PUSH(p->arena, p->m.funcs, p->m.func_count, p->func_capacity, func);
        p->m.func_imports++;
        wat_forget(p, touched);
        return ST_OK;
    }
    /* The parser's params are overwritten by type uses in the body: count them now. A type that is
     * not there (yet) has none; the validator will say so. */
    uint32_t param_count = 0;
    if (use.type_index < p->m.type_count)
        param_count = p->m.types[use.type_index].param_count;
    TRY(locals(p, h->index, param_count));
    struct wm_code code = {0};
    wat_begin_code(p, WAT_ORIGIN_CODE, p->m.code_count);
    TRY(wat_func_body(p, h->index, &code.body));
    func.code = p->m.code_count;
    ARENA_PUSH(p->arena, p->m.funcs, p->m.func_count, p->func_capacity, func);
    ARENA_PUSH(p->arena, p->m.codes, p->m.code_count, p->code_capacity, code);
    wat_forget(p, touched);
    return ST_OK;
}

static enum status tag_field(struct wat_parser *p, struct head *h)
{
    uint32_t touched = p->touched_count;
    struct wat_typeuse use;

    TRY(field_head(p, WM_EXTERN_TAG, h));
    TRY(wat_typeuse(p, true, true, &use));
    wat_forget(p, touched);
    struct wm_tag tag = {.type_index = use.type_index};
    if (h->is_import)
        add_import(p, h, WM_EXTERN_TAG);
    p->m.tag_imports += h->is_import;
    ARENA_PUSH(p->arena, p->m.tags, p->m.tag_count, p->tag_capacity, tag);
    return ST_OK;
}

/* ---- tables, memories, globals --------------------------------------------------------------- */

/* An optional i32 or i64 in front of limits. */
static bool take_address_type(struct wat_parser *p)
{
    bool is_64 = wat_take_word(p, WAT_VALUE_I64);
    if (!is_64)
        (void)wat_take_word(p, WAT_VALUE_I32);
    return is_64;
}

/* Sizes have 32 bits before memory64; with it, what a 32-bit memory cannot have is invalid. */
static enum status size_limit(struct wat_parser *p, const char *what, uint64_t *out)
{
    uint32_t small;

    if (wm_has(p->options->features, WM_FEATURE_MEMORY64))
        return wat_u64(p, what, out);
    TRY(wat_u32(p, what, &small));
    *out = small;
    return ST_OK;
}

static enum status limits(struct wat_parser *p, struct wm_limits *out)
{
    TRY(size_limit(p, "a minimum size", &out->min));
    out->has_max = wat_is(p, WAT_TOK_NUMBER);
    return out->has_max ? size_limit(p, "a maximum size", &out->max) : ST_OK;
}

static enum status table_field(struct wat_parser *p, struct head *h)
{
    struct wm_table table = {0};

    TRY(field_head(p, WM_EXTERN_TABLE, h));
    table.limits.is_64 = take_address_type(p);
    if (!h->is_import && !wat_is(p, WAT_TOK_NUMBER)) {
        uint64_t count;
        TRY(wat_reftype(p, &table.type));
        if (!wat_opens(p, WAT_ELEM))
            return wat_expected(p, p->t, "(elem: a table without limits lists its elements");
        TRY(wat_inline_elem(p, h->index, table.limits.is_64, table.type, &count));
        table.limits.min = table.limits.max = count;
        table.limits.has_max = true;
    } else {
        TRY(limits(p, &table.limits));
        TRY(wat_reftype(p, &table.type));
        if (!h->is_import && !wat_is(p, WAT_TOK_CLOSE)) {
            wat_begin_code(p, WAT_ORIGIN_TABLE, h->index);
            TRY(wat_expression(p, &table.init));
        }
    }
    if (h->is_import)
        add_import(p, h, WM_EXTERN_TABLE);
    p->m.table_imports += h->is_import;
    ARENA_PUSH(p->arena, p->m.tables, p->m.table_count, p->table_capacity, table);
    return ST_OK;
}

/* (pagesize n) */
static enum status page_size(struct wat_parser *p, struct wm_memory *memory)
{
    memory->page_log2 = 16;
    if (!wat_take_open(p, WAT_PAGESIZE))
        return ST_OK;
    const struct wat_token *t = p->t;
    uint32_t bytes;
    TRY(wat_u32(p, "a page size in bytes", &bytes));
    if (bytes == 0 || (bytes & (bytes - 1)) != 0)
        return WAT_FAIL(p, t, ST_MALFORMED, "invalid custom page size %u: not a power of two",
                        bytes);
    memory->has_page_size = true;
    memory->page_log2 = (uint8_t)__builtin_ctz(bytes);
    return wat_close(p);
}

static enum status memory_field(struct wat_parser *p, struct head *h)
{
    struct wm_memory memory = {0};

    TRY(field_head(p, WM_EXTERN_MEMORY, h));
    memory.limits.is_64 = take_address_type(p);
    if (!h->is_import && !wat_is(p, WAT_TOK_NUMBER)) {
        uint64_t size = 0;
        TRY(page_size(p, &memory));
        if (!wat_opens(p, WAT_DATA))
            return wat_expected(p, p->t, "a minimum size in pages or (data");
        TRY(wat_inline_data(p, h->index, memory.limits.is_64, &size));
        uint64_t page = UINT64_C(1) << memory.page_log2;
        memory.limits.min = memory.limits.max = (size + page - 1) / page;
        memory.limits.has_max = true;
    } else {
        TRY(limits(p, &memory.limits));
        memory.is_shared = wat_take_word(p, WAT_SHARED);
        TRY(page_size(p, &memory));
    }
    if (h->is_import)
        add_import(p, h, WM_EXTERN_MEMORY);
    p->m.memory_imports += h->is_import;
    ARENA_PUSH(p->arena, p->m.memories, p->m.memory_count, p->memory_capacity, memory);
    return ST_OK;
}

static enum status global_field(struct wat_parser *p, struct head *h)
{
    struct wm_global global = {0};

    TRY(field_head(p, WM_EXTERN_GLOBAL, h));
    global.is_mutable = wat_take_open(p, WAT_MUT);
    TRY(wat_valtype(p, &global.type));
    if (global.is_mutable)
        TRY(wat_close(p));
    if (h->is_import) {
        add_import(p, h, WM_EXTERN_GLOBAL);
        p->m.global_imports++;
    } else {
        wat_begin_code(p, WAT_ORIGIN_GLOBAL, h->index);
        TRY(wat_expression(p, &global.init));
    }
    ARENA_PUSH(p->arena, p->m.globals, p->m.global_count, p->global_capacity, global);
    return ST_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static uint32_t *count_of(struct wat_parser *p, enum wm_extern_kind kind)
{
    switch (kind) {
    case WM_EXTERN_FUNC: return &p->m.func_count;
    case WM_EXTERN_TABLE: return &p->m.table_count;
    case WM_EXTERN_MEMORY: return &p->m.memory_count;
    case WM_EXTERN_GLOBAL: return &p->m.global_count;
    case WM_EXTERN_TAG:
    case WM_EXTERN_KIND_COUNT: break;
    }
    return &p->m.tag_count;
}

static enum status importable_field(struct wat_parser *p, enum wm_extern_kind kind, struct head *h)
{
    h->index = *count_of(p, kind);
    if (!h->is_import)
        wat_trace(p, WAT_ORIGIN_FIELD, kind_info[kind].section, h->index, h->at);
    switch (kind) {
    case WM_EXTERN_FUNC: return func_field(p, h);
    case WM_EXTERN_TABLE: return table_field(p, h);
    case WM_EXTERN_MEMORY: return memory_field(p, h);
    case WM_EXTERN_GLOBAL: return global_field(p, h);
    case WM_EXTERN_TAG:
    case WM_EXTERN_KIND_COUNT: break;
    }
    return tag_field(p, h);
}

/* Behind "(import": "module" "name" (kind $id? type) */
static enum status import_field(struct wat_parser *p, const struct wat_token *at)
{
    struct head h = {.at = at, .is_import = true};

    TRY(wat_name(p, &h.module));
    TRY(wat_name(p, &h.name));
    enum wm_extern_kind kind = kind_at(p->t + 1);
    if (!wat_is(p, WAT_TOK_OPEN) || kind == WM_EXTERN_KIND_COUNT)
        return wat_expected(p, p->t, "(func, (table, (memory, (global or (tag");
    p->t += 2;
    if (wat_opens(p, WAT_EXPORT) || wat_opens(p, WAT_IMPORT) ||
        (p->t->kind == WAT_TOK_ID && p->t[1].kind == WAT_TOK_OPEN &&
         (wat_is_word(p->t + 2, WAT_EXPORT) || wat_is_word(p->t + 2, WAT_IMPORT))))
        return wat_expected(p, p->t, "a type: inside (import there are no inline exports");
    TRY(importable_field(p, kind, &h));
    return wat_close(p);
}

/* Behind "(export": "name" (kind index) */
static enum status export_field(struct wat_parser *p, const struct wat_token *at)
{
    struct str name;
    uint32_t index;

    TRY(wat_name(p, &name));
    enum wm_extern_kind kind = kind_at(p->t + 1);
    if (!wat_is(p, WAT_TOK_OPEN) || kind == WM_EXTERN_KIND_COUNT)
        return wat_expected(p, p->t, "(func, (table, (memory, (global or (tag");
    p->t += 2;
    TRY(wat_index(p, kind_info[kind].space, &index));
    TRY(wat_close(p));
    add_export(p, name, kind, index, at);
    return ST_OK;
}

static enum status start_field(struct wat_parser *p, const struct wat_token *at)
{
    if (p->m.start != WM_NO_INDEX)
        return WAT_FAIL(p, at, ST_MALFORMED, "multiple start sections; a module has at most one");
    wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_START, 0, at);
    return wat_index(p, WAT_SPACE_FUNC, &p->m.start);
}

/* The field at p->t; its word was checked by the first walk. */
static enum status field(struct wat_parser *p)
{
    const struct wat_token *at = p->t;
    enum wm_extern_kind kind = kind_at(at + 1);

    p->t += 2;
    if (kind != WM_EXTERN_KIND_COUNT) {
        struct head h = {.at = at};
        TRY(importable_field(p, kind, &h));
        return wat_close(p);
    }
    switch (at[1].word) {
    case WAT_IMPORT: TRY(import_field(p, at)); break;
    case WAT_EXPORT: TRY(export_field(p, at)); break;
    case WAT_START: TRY(start_field(p, at)); break;
    case WAT_ELEM: TRY(wat_elem_field(p)); break;
    case WAT_DATA: TRY(wat_data_field(p)); break;
    default: /* types, done by wat_type_fields() */ p->t = p->lx->tokens + at->pair; break;
    }
    return wat_close(p);
}

enum status wat_fields(struct wat_parser *p, const struct wat_token *end)
{
    for (;;) {
        TRY(wat_annot_customs(p));
        if (p->t == end)
            return ST_OK;
        TRY(field(p));
    }
}
