/* wat_ins: operators with their immediates, from text to bytes. Which immediates follow an operator
 * is in opcodes.def; this file has one reader per shape. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

#include "shield/wasm/wat_number.h"

#include <string.h>

/* ---- numbers --------------------------------------------------------------------------------- */

static enum status refuse_number(struct wat_parser *p, enum wat_num why, const char *what)
{
    char found[WAT_FOUND_MAX];

    if (why == WAT_NUM_SYNTAX)
        return wat_expected(p, p->t, what);
    return WAT_FAIL(p, p->t, ST_MALFORMED, "constant out of range: %s cannot hold %s", what,
                    wat_found(p->lx, p->t, found));
}

static enum status integer(struct wat_parser *p, uint32_t bits, const char *what, uint64_t *out)
{
    enum wat_num why = WAT_NUM_SYNTAX;

    if (wat_is(p, WAT_TOK_NUMBER))
        why = wat_parse_int(wat_text_of(p->lx, p->t), bits, out);
    if (why != WAT_NUM_OK)
        return refuse_number(p, why, what);
    p->t++;
    return ST_OK;
}

static enum status float32(struct wat_parser *p, uint32_t *out)
{
    enum wat_num why = WAT_NUM_SYNTAX;

    if (wat_is(p, WAT_TOK_NUMBER) || wat_is(p, WAT_TOK_WORD))
        why = wat_parse_f32(wat_text_of(p->lx, p->t), out);
    if (why != WAT_NUM_OK)
        return refuse_number(p, why, "an f32 constant");
    p->t++;
    return ST_OK;
}

static enum status float64(struct wat_parser *p, uint64_t *out)
{
    enum wat_num why = WAT_NUM_SYNTAX;

    if (wat_is(p, WAT_TOK_NUMBER) || wat_is(p, WAT_TOK_WORD))
        why = wat_parse_f64(wat_text_of(p->lx, p->t), out);
    if (why != WAT_NUM_OK)
        return refuse_number(p, why, "an f64 constant");
    p->t++;
    return ST_OK;
}

static void store_little_endian(uint8_t *out, uint64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

/* i8x16 and 16 integers, ..., f64x2 and 2 floats. */
static enum status vector_constant(struct wat_parser *p, uint8_t out[16])
{
    static const struct {
        enum wat_word word;
        uint8_t lane_bytes;
        bool is_float;
        const char *what;
    } shapes[] = {
        {WAT_I8X16, 1, false, "an i8 lane" },
        {WAT_I16X8, 2, false, "an i16 lane"},
        {WAT_I32X4, 4, false, "an i32 lane"},
        {WAT_I64X2, 8, false, "an i64 lane"},
        {WAT_F32X4, 4, true,  "an f32 lane"},
        {WAT_F64X2, 8, true,  "an f64 lane"},
    };
    uint32_t s = 0;

    while (s < LENGTH_OF(shapes) && !wat_is_word(p->t, shapes[s].word))
        s++;
    if (s == LENGTH_OF(shapes))
        return wat_expected(p, p->t, "a vector shape (i8x16 i16x8 i32x4 i64x2 f32x4 f64x2)");
    p->t++;
    for (uint32_t at = 0; at < 16; at += shapes[s].lane_bytes) {
        uint64_t value = 0;
        if (!shapes[s].is_float) {
            TRY(integer(p, shapes[s].lane_bytes * 8u, shapes[s].what, &value));
        } else if (shapes[s].lane_bytes == 4) {
            uint32_t bits;
            TRY(float32(p, &bits));
            value = bits;
        } else {
            TRY(float64(p, &value));
        }
        store_little_endian(out + at, value, shapes[s].lane_bytes);
    }
    return ST_OK;
}

static enum status lane_index(struct wat_parser *p, uint8_t *out)
{
    uint64_t value = 0;
    enum wat_num why = WAT_NUM_SYNTAX;

    if (wat_is(p, WAT_TOK_NUMBER))
        why = wat_parse_nat(wat_text_of(p->lx, p->t), 255, &value);
    if (why != WAT_NUM_OK)
        return refuse_number(p, why, "a lane index (0 to 255)");
    *out = (uint8_t)value;
    p->t++;
    return ST_OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* "key=number" as one word, if it is there; else *out keeps its value. */
static enum status keyed_number(struct wat_parser *p, const char *key, const char *what,
                                uint64_t *out)
{
    struct str s = wat_text_of(p->lx, p->t);
    size_t size = strlen(key);

    if (!wat_is(p, WAT_TOK_WORD) || s.size < size || memcmp(s.text, key, size) != 0)
        return ST_OK;
    enum wat_num why = wat_parse_nat((struct str){s.text + size, s.size - size}, UINT64_MAX, out);
    if (why != WAT_NUM_OK)
        return refuse_number(p, why, what);
    p->t++;
    return ST_OK;
}

static enum status memory_argument(struct wat_parser *p, enum wm_op op, bool has_lane,
                                   struct wm_memarg *out)
{
    const struct wat_token *after = p->t + 1;
    uint64_t align = wm_op_info[op].width;

    *out = (struct wm_memarg){0};
    /* A lone number in front of ) or the next operator is the lane, not the memory. */
    bool lane_only = has_lane && p->t->kind == WAT_TOK_NUMBER && after->kind != WAT_TOK_NUMBER &&
                     !(after->kind == WAT_TOK_WORD && after->word == WAT_WORD_NONE);
    if (wat_is_index(p) && !lane_only)
        TRY(wat_index(p, WAT_SPACE_MEMORY, &out->memory));
    TRY(keyed_number(p, "offset=", "a 64-bit number behind offset=", &out->offset));
    const struct wat_token *at = p->t;
    TRY(keyed_number(p, "align=", "a number of bytes behind align=", &align));
    if (align == 0 || (align & (align - 1)) != 0)
        return WAT_FAIL(p, at, ST_MALFORMED, "alignment must be a power of two");
    out->align_log2 = (uint8_t)__builtin_ctzll(align);
    return has_lane ? lane_index(p, &out->lane) : ST_OK;
}

/* ---- other shapes ---------------------------------------------------------------------------- */

static enum status optional_index(struct wat_parser *p, enum wat_space space, uint32_t *out)
{
    *out = 0;
    return wat_is_index(p) ? wat_index(p, space, out) : ST_OK;
}

/* An optional index in front of a required one: "table.init $t? $e". */
static enum status optional_then_required(struct wat_parser *p, enum wat_space optional,
                                          enum wat_space required, uint32_t *optional_out,
                                          uint32_t *required_out)
{
    const struct wat_token *after = p->t + 1;

    *optional_out = 0;
    if (wat_is_index(p) && (after->kind == WAT_TOK_NUMBER || after->kind == WAT_TOK_ID))
        TRY(wat_index(p, optional, optional_out));
    return wat_index(p, required, required_out);
}

/* Two indices of one space or none. */
static enum status optional_pair(struct wat_parser *p, enum wat_space space, struct wm_ins *ins)
{
    if (!wat_is_index(p))
        return ST_OK;
    TRY(wat_index(p, space, &ins->index));
    return wat_index(p, space, &ins->index2);
}

static enum status branch_table(struct wat_parser *p, struct wm_ins *ins)
{
    uint32_t count = 0;

    p->list.size = 0;
    do {
        uint32_t label;
        TRY(wat_label_index(p, &label));
        buf_uleb(&p->list, label);
        count++;
    } while (wat_is_index(p));
    ins->list_count = count - 1;
    ins->list = (struct wm_bytes){.data = p->list.data, .size = (uint32_t)p->list.size};
    return ST_OK;
}

/* (result t*)* behind select. */
static enum status select_types(struct wat_parser *p, struct wm_ins *ins)
{
    p->list.size = 0;
    while (wat_take_open(p, WAT_RESULT)) {
        for (; !wat_is(p, WAT_TOK_CLOSE); ins->list_count++) {
            struct wm_valtype type;
            TRY(wat_valtype(p, &type));
            wm_valtype_write(&p->list, type);
        }
        TRY(wat_close(p));
    }
    ins->list = (struct wm_bytes){.data = p->list.data, .size = (uint32_t)p->list.size};
    return ST_OK;
}

static enum status branch_cast(struct wat_parser *p, struct wm_ins *ins)
{
    uint32_t label;

    TRY(wat_label_index(p, &label));
    ins->cast.label = label;
    TRY(wat_reftype(p, &ins->cast.from));
    return wat_reftype(p, &ins->cast.to);
}

static enum status type_and_table(struct wat_parser *p, struct wm_ins *ins)
{
    struct wat_typeuse use;

    TRY(optional_index(p, WAT_SPACE_TABLE, &ins->index2));
    TRY(wat_typeuse(p, false, true, &use));
    ins->index = use.type_index;
    return ST_OK;
}

static enum status two_indices(struct wat_parser *p, struct wm_ins *ins, enum wat_space second)
{
    TRY(wat_index(p, WAT_SPACE_TYPE, &ins->index));
    return wat_index(p, second, &ins->index2);
}

/* Operators that share a spelling: ref.test and ref.cast by nullability, select by its types. */
static enum status shared_spelling(struct wat_parser *p, struct wm_ins *ins)
{
    struct wm_valtype type;

    if (ins->op == WM_OP_SELECT) {
        if (!wat_opens(p, WAT_RESULT))
            return ST_OK;
        ins->op = WM_OP_SELECT_TYPED;
        return select_types(p, ins);
    }
    TRY(wat_reftype(p, &type));
    ins->heap = wm_heap_of(type);
    if (wm_is_nullable(type))
        ins->op = ins->op == WM_OP_REF_TEST ? WM_OP_REF_TEST_NULL : WM_OP_REF_CAST_NULL;
    return ST_OK;
}

enum status wat_constant(struct wat_parser *p, enum wm_imm shape, struct wm_ins *ins)
{
    uint64_t value = 0;

    switch (shape) {
    case WM_IMM_I32:
        TRY(integer(p, 32, "an i32 constant", &value));
        ins->i32 = (int32_t)(uint32_t)value;
        return ST_OK;
    case WM_IMM_I64:
        TRY(integer(p, 64, "an i64 constant", &value));
        ins->i64 = (int64_t)value;
        return ST_OK;
    case WM_IMM_F32: return float32(p, &ins->f32_bits);
    case WM_IMM_F64: return float64(p, &ins->f64_bits);
    case WM_IMM_V128: return vector_constant(p, ins->bytes);
    default: break;
    }
    for (uint32_t i = 0; i < 16; i++) /* SHUFFLE */
        TRY(lane_index(p, &ins->bytes[i]));
    return ST_OK;
}

static enum status immediates(struct wat_parser *p, struct wm_ins *ins)
{
    enum wm_imm shape = (enum wm_imm)wm_op_info[ins->op].imm;
    uint8_t lane;

    switch (shape) { /* tidy: flat */
    case WM_IMM_NONE:
    case WM_IMM_FENCE: return ST_OK;
    case WM_IMM_LABEL: return wat_label_index(p, &ins->index);
    case WM_IMM_BR_TABLE: return branch_table(p, ins);
    case WM_IMM_FUNC: return wat_index(p, WAT_SPACE_FUNC, &ins->index);
    case WM_IMM_TYPE: return wat_index(p, WAT_SPACE_TYPE, &ins->index);
    case WM_IMM_TYPE_TABLE: return type_and_table(p, ins);
    case WM_IMM_TYPE_FIELD:
        TRY(wat_index(p, WAT_SPACE_TYPE, &ins->index));
        return wat_field_index(p, ins->index, &ins->index2);
    case WM_IMM_TYPE_COUNT:
        TRY(wat_index(p, WAT_SPACE_TYPE, &ins->index));
        return wat_u32(p, "a number of operands", &ins->index2);
    case WM_IMM_TYPE_DATA: return two_indices(p, ins, WAT_SPACE_DATA);
    case WM_IMM_TYPE_ELEM: return two_indices(p, ins, WAT_SPACE_ELEM);
    case WM_IMM_TYPE_TYPE: return two_indices(p, ins, WAT_SPACE_TYPE);
    case WM_IMM_HEAP_TYPE: return wat_heap(p, &ins->heap);
    case WM_IMM_BR_CAST: return branch_cast(p, ins);
    case WM_IMM_SELECT: return select_types(p, ins);
    case WM_IMM_TAG: return wat_index(p, WAT_SPACE_TAG, &ins->index);
    case WM_IMM_LOCAL: return wat_index(p, WAT_SPACE_LOCAL, &ins->index);
    case WM_IMM_GLOBAL: return wat_index(p, WAT_SPACE_GLOBAL, &ins->index);
    case WM_IMM_TABLE: return optional_index(p, WAT_SPACE_TABLE, &ins->index);
    case WM_IMM_TABLE_TABLE: return optional_pair(p, WAT_SPACE_TABLE, ins);
    case WM_IMM_ELEM: return wat_index(p, WAT_SPACE_ELEM, &ins->index);
    case WM_IMM_ELEM_TABLE:
        return optional_then_required(p, WAT_SPACE_TABLE, WAT_SPACE_ELEM, &ins->index2,
                                      &ins->index);
    case WM_IMM_MEMORY: return optional_index(p, WAT_SPACE_MEMORY, &ins->index);
    case WM_IMM_MEMORY_MEMORY: return optional_pair(p, WAT_SPACE_MEMORY, ins);
    case WM_IMM_DATA: return wat_index(p, WAT_SPACE_DATA, &ins->index);
    case WM_IMM_DATA_MEMORY:
        return optional_then_required(p, WAT_SPACE_MEMORY, WAT_SPACE_DATA, &ins->index2,
                                      &ins->index);
    case WM_IMM_MEMARG: return memory_argument(p, ins->op, false, &ins->mem);
    case WM_IMM_MEMARG_LANE: return memory_argument(p, ins->op, true, &ins->mem);
    case WM_IMM_LANE:
        TRY(lane_index(p, &lane));
        ins->index = lane;
        return ST_OK;
    case WM_IMM_SHUFFLE:
    case WM_IMM_I32:
    case WM_IMM_I64:
    case WM_IMM_F32:
    case WM_IMM_F64:
    case WM_IMM_V128: return wat_constant(p, shape, ins);
    case WM_IMM_BLOCK:
    case WM_IMM_TRY_TABLE:
    case WM_IMM_COUNT: break; /* wat_block_header() */
    }
    return ST_OK;
}

enum status wat_instruction(struct wat_parser *p, enum wm_op op, struct buf *out)
{
    struct wm_ins ins = {.op = op};

    if (op == WM_OP_SELECT || op == WM_OP_REF_TEST || op == WM_OP_REF_CAST)
        TRY(shared_spelling(p, &ins));
    else
        TRY(immediates(p, &ins));
    wm_ins_write(out, &ins);
    return ST_OK;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static enum status block_type(struct wat_parser *p, struct wm_block *out)
{
    struct wat_typeuse use;

    TRY(wat_typeuse(p, false, false, &use));
    *out = (struct wm_block){.kind = WM_BLOCK_EMPTY};
    if (!use.is_explicit && p->param_count == 0 && p->result_count == 1) {
        out->kind = WM_BLOCK_VALUE;
        out->value = p->results[0];
    } else if (use.is_explicit || use.has_inline) {
        out->kind = WM_BLOCK_TYPE;
        out->type_index = use.is_explicit ? use.type_index : wat_implicit_type(p);
    }
    return ST_OK;
}

/* (catch $tag $label) and its kin; labels count from outside the try_table. */
static enum status catches(struct wat_parser *p, struct wm_ins *ins)
{
    static const struct {
        enum wat_word word;
        enum wm_catch_kind kind;
        bool has_tag;
    } clauses[] = {
        {(enum wat_word)WM_OP_CATCH,     WM_CATCH,         true },
        {WAT_CATCH_REF,                  WM_CATCH_REF,     true },
        {(enum wat_word)WM_OP_CATCH_ALL, WM_CATCH_ALL,     false},
        {WAT_CATCH_ALL_REF,              WM_CATCH_ALL_REF, false},
    };

    p->list.size = 0;
    for (;; ins->list_count++) {
        uint32_t c = 0;
        while (c < LENGTH_OF(clauses) && !wat_opens(p, clauses[c].word))
            c++;
        if (c == LENGTH_OF(clauses))
            break;
        p->t += 2;
        struct wm_catch clause = {.kind = clauses[c].kind};
        if (clauses[c].has_tag)
            TRY(wat_index(p, WAT_SPACE_TAG, &clause.tag));
        TRY(wat_label_index(p, &clause.label));
        TRY(wat_close(p));
        wm_catch_write(&p->list, &clause);
    }
    ins->list = (struct wm_bytes){.data = p->list.data, .size = (uint32_t)p->list.size};
    return ST_OK;
}

enum status wat_block_header(struct wat_parser *p, enum wm_op op, struct buf *out)
{
    struct wm_ins ins = {.op = op};

    TRY(block_type(p, &ins.block));
    if (op == WM_OP_TRY_TABLE)
        TRY(catches(p, &ins));
    wm_ins_write(out, &ins);
    return ST_OK;
}
