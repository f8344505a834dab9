/* print_ins: one instruction: its word and its immediates. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

enum { LABEL_SHADOW_SEARCH_MAX = 64 }; /* labels further out are printed as numbers */

bool print_is_block(enum wm_op op)
{
    return op == WM_OP_BLOCK || op == WM_OP_LOOP || op == WM_OP_IF || op == WM_OP_TRY ||
           op == WM_OP_TRY_TABLE;
}

/* ---- labels -------------------------------------------------------------------------------- */

void print_label_push(struct wm_printer *p, uint32_t block_ordinal)
{
    struct str id = wm_name_of_inner(p->names, WM_NAME_LABEL, p->func, block_ordinal);

    if (p->label_count == p->label_capacity) {
        uint32_t capacity = MAX(p->label_capacity * 2, 16u);
        p->labels = arena_grow(p->arena, p->labels, p->label_capacity, capacity, sizeof(id));
        p->label_capacity = capacity;
    }
    p->labels[p->label_count++] = id;
}

/* True when depth has an identifier and no label inside it has the same one. */
static bool label_is_visible(const struct wm_printer *p, uint32_t depth)
{
    if (depth >= p->label_count || depth > LABEL_SHADOW_SEARCH_MAX)
        return false;
    struct str id = p->labels[p->label_count - 1 - depth];
    for (uint32_t i = 0; i < depth && id.size != 0; i++)
        if (str_equal(p->labels[p->label_count - 1 - i], id))
            return false;
    return id.size != 0;
}

/* " 1 (;@3;)": the number counts outwards, the comment names the block. */
static void print_label(struct wm_printer *p, uint32_t depth)
{
    buf_byte(p->out, ' ');
    if (label_is_visible(p, depth)) {
        print_id(p->out, p->labels[p->label_count - 1 - depth]);
        return;
    }
    print_u64(p->out, depth);
    if (depth < p->label_count) {
        buf_text(p->out, " (;@");
        print_u64(p->out, p->label_count - depth);
        buf_text(p->out, ";)");
    }
}

/* ---- immediates ---------------------------------------------------------------------------- */

static void print_block_type(struct wm_printer *p, const struct wm_block *b)
{
    switch (b->kind) {
    case WM_BLOCK_EMPTY: break;
    case WM_BLOCK_VALUE:
        buf_text(p->out, " (result");
        print_valtype(p, b->value);
        buf_byte(p->out, ')');
        break;
    case WM_BLOCK_TYPE: {
        struct str *locals = p->locals;
        p->locals = NULL; /* a block's parameters have no identifiers */
        print_type_use(p, b->type_index);
        p->locals = locals;
        break;
    }
    }
}

static void print_list(struct wm_printer *p, const struct wm_ins *ins, enum wm_imm shape)
{
    static const char *const catch_word[] = {" (catch", " (catch_ref", " (catch_all",
                                             " (catch_all_ref"};
    uint32_t cursor = 0;

    if (shape == WM_IMM_SELECT)
        buf_text(p->out, " (result");
    for (uint32_t i = 0; i < ins->list_count; i++) {
        if (shape == WM_IMM_BR_TABLE) {
            print_label(p, wm_list_label(ins, &cursor));
        } else if (shape == WM_IMM_SELECT) {
            print_valtype(p, wm_list_type(ins, &cursor));
        } else {
            struct wm_catch c = wm_list_catch(ins, &cursor);
            buf_text(p->out, catch_word[c.kind]);
            if (c.kind == WM_CATCH || c.kind == WM_CATCH_REF)
                print_index(p, WM_NAME_TAG, c.tag);
            print_label(p, c.label);
            buf_byte(p->out, ')');
        }
    }
    if (shape == WM_IMM_BR_TABLE)
        print_label(p, wm_list_label(ins, &cursor));
    if (shape == WM_IMM_SELECT)
        buf_byte(p->out, ')');
}

/* Index 0 is what the text format assumes where none stands. */
static void print_unless_zero(struct wm_printer *p, enum wm_name_space space, uint32_t index)
{
    if (index != 0)
        print_index(p, space, index);
}

static void print_memarg(struct wm_printer *p, const struct wm_ins *ins)
{
    uint32_t natural = (uint32_t)__builtin_ctz(MAX(wm_op_info[ins->op].width, 1u));

    print_unless_zero(p, WM_NAME_MEMORY, ins->mem.memory);
    if (ins->mem.offset != 0) {
        buf_text(p->out, " offset=");
        print_u64(p->out, ins->mem.offset);
    }
    if (ins->mem.align_log2 != natural) {
        buf_text(p->out, " align=");
        print_u64(p->out, UINT64_C(1) << (ins->mem.align_log2 & 63));
    }
}

static void print_number(struct wm_printer *p, uint64_t value)
{
    buf_byte(p->out, ' ');
    print_u64(p->out, value);
}

static void print_signed(struct wm_printer *p, int64_t value)
{
    buf_text(p->out, value < 0 ? " -" : " ");
    print_u64(p->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void print_v128(struct wm_printer *p, const uint8_t bytes[16])
{
    buf_text(p->out, " i32x4");
    for (uint32_t i = 0; i < 16; i += 4)
        buf_printf(p->out, " 0x%02x%02x%02x%02x", bytes[i + 3], bytes[i + 2], bytes[i + 1],
                   bytes[i]);
}

static void print_field(struct wm_printer *p, uint32_t type_index, uint32_t field)
{
    const struct wm_module *m = p->m;
    struct str id = {0};

    print_index(p, WM_NAME_TYPE, type_index);
    if (type_index < m->type_count && field < m->types[type_index].field_count &&
        p->fields != NULL && p->fields[type_index] != NULL)
        id = p->fields[type_index][field];
    buf_byte(p->out, ' ');
    if (id.size != 0)
        print_id(p->out, id);
    else
        print_u64(p->out, field);
}

static void print_local(struct wm_printer *p, uint32_t index)
{
    struct str id = {0};

    if (p->locals != NULL && index < p->local_count)
        id = p->locals[index];
    buf_byte(p->out, ' ');
    if (id.size != 0)
        print_id(p->out, id);
    else
        print_u64(p->out, index);
}

static void print_two(struct wm_printer *p, enum wm_name_space a, enum wm_name_space b,
                      const struct wm_ins *ins)
{
    print_index(p, a, ins->index);
    print_index(p, b, ins->index2);
}

/* REF_TEST and its kin: the operator says whether null is let through. */
static void print_heap_immediate(struct wm_printer *p, const struct wm_ins *ins)
{
    if (ins->op == WM_OP_REF_NULL)
        print_heap(p, ins->heap);
    else
        print_valtype(
            p, wm_ref(ins->heap, ins->op == WM_OP_REF_TEST_NULL || ins->op == WM_OP_REF_CAST_NULL));
}

/* Shapes with two indices, of which one may be left out. */
static void print_indices(struct wm_printer *p, const struct wm_ins *ins)
{
    switch ((enum wm_imm)wm_op_info[ins->op].imm) {
    case WM_IMM_TYPE_TABLE:
        print_unless_zero(p, WM_NAME_TABLE, ins->index2);
        buf_text(p->out, " (type");
        print_index(p, WM_NAME_TYPE, ins->index);
        buf_byte(p->out, ')');
        break;
    case WM_IMM_TABLE_TABLE:
        if (ins->index != 0 || ins->index2 != 0)
            print_two(p, WM_NAME_TABLE, WM_NAME_TABLE, ins);
        break;
    case WM_IMM_MEMORY_MEMORY:
        if (ins->index != 0 || ins->index2 != 0)
            print_two(p, WM_NAME_MEMORY, WM_NAME_MEMORY, ins);
        break;
    case WM_IMM_ELEM_TABLE: /* the table is written first */
        print_unless_zero(p, WM_NAME_TABLE, ins->index2);
        print_index(p, WM_NAME_ELEM, ins->index);
        break;
    case WM_IMM_DATA_MEMORY:
        print_unless_zero(p, WM_NAME_MEMORY, ins->index2);
        print_index(p, WM_NAME_DATA, ins->index);
        break;
    default: break;
    }
}

void print_ins(struct wm_printer *p, const struct wm_ins *ins)
{
    enum wm_imm shape = (enum wm_imm)wm_op_info[ins->op].imm;

    buf_text(p->out, wm_op_info[ins->op].text);
    switch (shape) { /* tidy: flat */
    case WM_IMM_NONE: break;
    case WM_IMM_LABEL: print_label(p, ins->index); break;
    case WM_IMM_BR_TABLE:
    case WM_IMM_SELECT: print_list(p, ins, shape); break;
    case WM_IMM_FUNC: print_index(p, WM_NAME_FUNC, ins->index); break;
    case WM_IMM_TYPE: print_index(p, WM_NAME_TYPE, ins->index); break;
    case WM_IMM_TYPE_TABLE:
    case WM_IMM_TABLE_TABLE:
    case WM_IMM_MEMORY_MEMORY:
    case WM_IMM_ELEM_TABLE:
    case WM_IMM_DATA_MEMORY: print_indices(p, ins); break;
    case WM_IMM_TYPE_FIELD: print_field(p, ins->index, ins->index2); break;
    case WM_IMM_TYPE_COUNT:
        print_index(p, WM_NAME_TYPE, ins->index);
        print_number(p, ins->index2);
        break;
    case WM_IMM_TYPE_DATA: print_two(p, WM_NAME_TYPE, WM_NAME_DATA, ins); break;
    case WM_IMM_TYPE_ELEM: print_two(p, WM_NAME_TYPE, WM_NAME_ELEM, ins); break;
    case WM_IMM_TYPE_TYPE: print_two(p, WM_NAME_TYPE, WM_NAME_TYPE, ins); break;
    case WM_IMM_HEAP_TYPE: print_heap_immediate(p, ins); break;
    case WM_IMM_BR_CAST:
        print_label(p, ins->cast.label);
        print_valtype(p, ins->cast.from);
        print_valtype(p, ins->cast.to);
        break;
    case WM_IMM_TAG: print_index(p, WM_NAME_TAG, ins->index); break;
    case WM_IMM_LOCAL: print_local(p, ins->index); break;
    case WM_IMM_GLOBAL: print_index(p, WM_NAME_GLOBAL, ins->index); break;
    case WM_IMM_TABLE: print_unless_zero(p, WM_NAME_TABLE, ins->index); break;
    case WM_IMM_ELEM: print_index(p, WM_NAME_ELEM, ins->index); break;
    case WM_IMM_MEMORY: print_unless_zero(p, WM_NAME_MEMORY, ins->index); break;
    case WM_IMM_DATA: print_index(p, WM_NAME_DATA, ins->index); break;
    case WM_IMM_MEMARG: print_memarg(p, ins); break;
    case WM_IMM_MEMARG_LANE:
        print_memarg(p, ins);
        print_number(p, ins->mem.lane);
        break;
    case WM_IMM_LANE: print_number(p, ins->index); break;
    case WM_IMM_SHUFFLE:
        for (uint32_t i = 0; i < 16; i++)
            print_number(p, ins->bytes[i]);
        break;
    case WM_IMM_I32: print_signed(p, ins->i32); break;
    case WM_IMM_I64: print_signed(p, ins->i64); break;
    case WM_IMM_F32:
        buf_byte(p->out, ' ');
        print_f32(p->out, ins->f32_bits);
        break;
    case WM_IMM_F64:
        buf_byte(p->out, ' ');
        print_f64(p->out, ins->f64_bits);
        break;
    case WM_IMM_V128: print_v128(p, ins->bytes); break;
    case WM_IMM_BLOCK: /* print_block() */
    case WM_IMM_TRY_TABLE:
    case WM_IMM_FENCE:
    case WM_IMM_COUNT: break;
    }
}

void print_block(struct wm_printer *p, const struct wm_ins *ins, uint32_t block_ordinal)
{
    struct str id = wm_name_of_inner(p->names, WM_NAME_LABEL, p->func, block_ordinal);

    buf_text(p->out, wm_op_info[ins->op].text);
    if (id.size != 0) {
        wm_names_add_inner(p->made, WM_NAME_LABEL, p->func, block_ordinal, id);
        buf_byte(p->out, ' ');
        print_id(p->out, id);
    }
    print_block_type(p, &ins->block);
    if (ins->op == WM_OP_TRY_TABLE)
        print_list(p, ins, WM_IMM_TRY_TABLE);
}

/* ---- constant expressions ------------------------------------------------------------------ */

static void print_in_parens(struct wm_printer *p, const struct wm_ins *ins)
{
    buf_text(p->out, " (");
    print_ins(p, ins);
    buf_byte(p->out, ')');
}

/* Up to the next end that stands outside of blocks, or the end of the bytes. */
static enum status print_until_end(struct wm_printer *p, struct wm_reader *r)
{
    while (r->pos < r->end) {
        struct wm_ins ins;
        TRY(wm_ins_read(r, &ins, p->dg));
        if (ins.op == WM_OP_END)
            return ST_OK;
        print_in_parens(p, &ins);
    }
    return ST_OK;
}

enum status print_expr(struct wm_printer *p, struct wm_bytes code)
{
    struct wm_reader r = wm_reader_of(code, p->m->features);
    return print_until_end(p, &r);
}

enum status print_short_expr(struct wm_printer *p, struct wm_reader *r, const char *word)
{
    struct wm_reader ahead = *r;
    struct wm_ins ins, next = {0};

    TRY(wm_ins_read(&ahead, &ins, p->dg));
    if (ins.op != WM_OP_END)
        TRY(wm_ins_read(&ahead, &next, p->dg));
    if (ins.op != WM_OP_END && next.op == WM_OP_END)
        return print_until_end(p, r);
    buf_text(p->out, " (");
    buf_text(p->out, word);
    TRY(print_until_end(p, r));
    buf_byte(p->out, ')');
    return ST_OK;
}
