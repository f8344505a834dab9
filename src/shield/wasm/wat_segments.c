/* wat_segments: element and data segments, as fields and inside tables and memories.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

/* ---- elements -------------------------------------------------------------------------------- */

/* Function indices until ). Where the type asks for expressions, each becomes (ref.func x). */
static enum status func_items(struct wat_parser *p, struct wm_elem *elem)
{
    for (; !wat_is(p, WAT_TOK_CLOSE); elem->count++) {
        const struct wat_token *t = p->t;
        uint32_t index;
        TRY(wat_index(p, WAT_SPACE_FUNC, &index));
        if (!elem->is_exprs) {
            buf_uleb(&p->bytes, index);
            continue;
        }
        if (p->trace)
            wat_trace(p, WAT_ORIGIN_ELEM_ITEMS, p->m.elem_count,
                      (uint32_t)p->bytes.size - p->body_start, t);
        wm_ins_write(&p->bytes, &(struct wm_ins){.op = WM_OP_REF_FUNC, .index = index});
        wm_ins_write(&p->bytes, &(struct wm_ins){.op = WM_OP_END});
    }
    return ST_OK;
}

/* (item expression) or one folded instruction, until ). */
static enum status expr_items(struct wat_parser *p, struct wm_elem *elem)
{
    for (; !wat_is(p, WAT_TOK_CLOSE); elem->count++) {
        struct wm_bytes ignored;
        if (wat_take_open(p, WAT_ITEM)) {
            TRY(wat_expression(p, &ignored));
            TRY(wat_close(p));
        } else {
            TRY(wat_folded_expression(p, &ignored));
        }
    }
    return ST_OK;
}

static void add_elem(struct wat_parser *p, struct wm_elem *elem, const struct wat_token *at)
{
    uint32_t start = p->body_start;

    elem->items = (struct wm_bytes){.offset = start, .size = (uint32_t)p->bytes.size - start};
    wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_ELEM, p->m.elem_count, at);
    ARENA_PUSH(p->arena, p->m.elems, p->m.elem_count, p->elem_capacity, *elem);
}

/* "(offset expression)" or one folded instruction. */
static enum status offset(struct wat_parser *p, enum wat_origin_kind kind, uint32_t owner,
                          struct wm_bytes *out)
{
    wat_begin_code(p, kind, owner);
    if (!wat_take_open(p, WAT_OFFSET))
        return wat_folded_expression(p, out);
    TRY(wat_expression(p, out));
    return wat_close(p);
}

enum status wat_elem_field(struct wat_parser *p)
{
    const struct wat_token *at = p->t - 2;
    uint32_t index = p->m.elem_count;
    uint32_t symbol = wat_optional_id(p);
    struct wm_elem elem = {.mode = WM_SEGMENT_PASSIVE};
    bool has_table = false;

    TRY(wat_note_name(p, WM_NAME_ELEM, 0, index, symbol));
    if (wat_take_word(p, WAT_DECLARE)) {
        elem.mode = WM_SEGMENT_DECLARATIVE;
    } else if (wat_take_open(p, WAT_TABLE)) {
        TRY(wat_index(p, WAT_SPACE_TABLE, &elem.table));
        TRY(wat_close(p));
        has_table = true;
    } else if (wat_is_index(p)) { /* an old form: the table without (table) */
        TRY(wat_index(p, WAT_SPACE_TABLE, &elem.table));
        has_table = true;
    }
    if (has_table ||
        (elem.mode == WM_SEGMENT_PASSIVE && wat_is(p, WAT_TOK_OPEN) && !wat_opens(p, WAT_REF))) {
        elem.mode = WM_SEGMENT_ACTIVE;
        TRY(offset(p, WAT_ORIGIN_ELEM_OFFSET, index, &elem.offset));
    }
    wat_begin_code(p, WAT_ORIGIN_ELEM_ITEMS, index);
    bool bare = elem.mode == WM_SEGMENT_ACTIVE && (wat_is_index(p) || wat_is(p, WAT_TOK_CLOSE));
    if (bare || wat_take_word(p, WAT_HEAP_FUNC)) {
        elem.type = wm_ref(WM_HEAP(FUNC), false);
        TRY(func_items(p, &elem));
    } else {
        elem.is_exprs = true;
        TRY(wat_reftype(p, &elem.type));
        TRY(expr_items(p, &elem));
    }
    add_elem(p, &elem, at);
    return ST_OK;
}

/* The offset 0 of an inline segment. */
static struct wm_bytes zero_offset(struct wat_parser *p, bool is_64)
{
    uint32_t start = (uint32_t)p->bytes.size;

    wm_ins_write(&p->bytes, &(struct wm_ins){.op = is_64 ? WM_OP_I64_CONST : WM_OP_I32_CONST});
    wm_ins_write(&p->bytes, &(struct wm_ins){.op = WM_OP_END});
    return (struct wm_bytes){.offset = start, .size = (uint32_t)p->bytes.size - start};
}

enum status wat_inline_elem(struct wat_parser *p, uint32_t table, bool is_64,
                            struct wm_valtype type, uint64_t *count)
{
    const struct wat_token *at = p->t;
    struct wm_elem elem = {
        .mode = WM_SEGMENT_ACTIVE, .table = table, .type = wm_ref(WM_HEAP(FUNC), false)};

    p->t += 2;
    elem.offset = zero_offset(p, is_64);
    wat_begin_code(p, WAT_ORIGIN_ELEM_ITEMS, p->m.elem_count);
    elem.is_exprs =
        wat_is(p, WAT_TOK_OPEN) || !wm_is_ref(type) || wm_heap_of(type).code != WM_HEAP(FUNC).code;
    if (elem.is_exprs)
        elem.type = type;
    if (wat_is(p, WAT_TOK_OPEN))
        TRY(expr_items(p, &elem));
    else
        TRY(func_items(p, &elem));
    add_elem(p, &elem, at);
    *count = elem.count;
    return wat_close(p);
}

/* ---- data ------------------------------------------------------------------------------------ */

/* Strings until ). */
static enum status content(struct wat_parser *p, struct wm_bytes *out)
{
    uint32_t start = (uint32_t)p->bytes.size;

    for (; wat_is(p, WAT_TOK_STRING); p->t++)
        wat_string_decode(p->lx, p->t, &p->bytes);
    if (!wat_is(p, WAT_TOK_CLOSE))
        return wat_expected(p, p->t, "a string or )");
    *out = (struct wm_bytes){.offset = start, .size = (uint32_t)p->bytes.size - start};
    return ST_OK;
}

static void add_data(struct wat_parser *p, const struct wm_data *data, const struct wat_token *at)
{
    wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_DATA, p->m.data_count, at);
    ARENA_PUSH(p->arena, p->m.datas, p->m.data_count, p->data_capacity, *data);
}

enum status wat_data_field(struct wat_parser *p)
{
    const struct wat_token *at = p->t - 2;
    uint32_t index = p->m.data_count;
    uint32_t symbol = wat_optional_id(p);
    struct wm_data data = {.mode = WM_SEGMENT_PASSIVE};

    TRY(wat_note_name(p, WM_NAME_DATA, 0, index, symbol));
    bool has_memory = false;
    if (wat_take_open(p, WAT_MEMORY)) {
        TRY(wat_index(p, WAT_SPACE_MEMORY, &data.memory));
        TRY(wat_close(p));
        has_memory = true;
    } else if (wat_is_index(p)) { /* an old form: the memory without (memory) */
        TRY(wat_index(p, WAT_SPACE_MEMORY, &data.memory));
        has_memory = true;
    }
    if (has_memory || wat_is(p, WAT_TOK_OPEN)) {
        data.mode = WM_SEGMENT_ACTIVE;
        TRY(offset(p, WAT_ORIGIN_DATA_OFFSET, index, &data.offset));
    }
    TRY(content(p, &data.content));
    add_data(p, &data, at);
    return ST_OK;
}

enum status wat_inline_data(struct wat_parser *p, uint32_t memory, bool is_64, uint64_t *size)
{
    const struct wat_token *at = p->t;
    struct wm_data data = {.mode = WM_SEGMENT_ACTIVE, .memory = memory};

    p->t += 2;
    data.offset = zero_offset(p, is_64);
    TRY(content(p, &data.content));
    add_data(p, &data, at);
    *size = data.content.size;
    return wat_close(p);
}
