/* ins_read: bytes to one instruction, by the immediate shape of its operator.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/ins.h"

#include "shield/wasm/read_int.h"

#include <string.h>

static enum status read_opcode(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t byte = 0;
    uint32_t code = 0;

    TRY(wm_read_u8(r, &byte, dg));
    out->op = wm_op_find(0, byte);
    if (out->op == WM_OP_COUNT && byte >= 0xfb && byte <= 0xfe) {
        TRY(wm_read_u32(r, &code, dg));
        out->op = wm_op_find(byte, code);
        if (out->op == WM_OP_COUNT)
            return diag_fail(dg, ST_MALFORMED, start, "illegal opcode 0x%02x 0x%02x", byte, code);
    }
    if (out->op == WM_OP_COUNT)
        return diag_fail(dg, ST_MALFORMED, start, "illegal opcode 0x%02x", byte);
    const struct wm_op_info *info = &wm_op_info[out->op];
    return wm_need(r->features, info->feature, start, info->text, dg);
}

static enum status read_block(struct wm_reader *r, struct wm_block *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    int64_t index = 0;

    if (r->pos < r->end && r->bytes[r->pos] == 0x40) {
        r->pos++;
        *out = (struct wm_block){.kind = WM_BLOCK_EMPTY};
        return ST_OK;
    }
    if (r->pos < r->end && (r->bytes[r->pos] & 0xc0) == 0x40) {
        out->kind = WM_BLOCK_VALUE;
        return wm_read_valtype(r, &out->value, dg);
    }
    TRY(wm_read_s33(r, &index, dg));
    if (index < 0)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed block type: expected a type index or one byte");
    TRY(wm_need(r->features, WM_FEATURE_MULTI_VALUE, start, "a type index as block type", dg));
    *out = (struct wm_block){.kind = WM_BLOCK_TYPE, .type_index = (uint32_t)index};
    return ST_OK;
}

static enum status read_memarg(struct wm_reader *r, struct wm_memarg *out, struct diag *dg)
{
    enum { HAS_MEMORY_INDEX = 0x40, FLAGS_END = 0x80 };
    uint64_t start = reader_offset(r);
    uint32_t flags = 0;

    *out = (struct wm_memarg){0};
    TRY(wm_read_u32(r, &flags, dg));
    if (flags >= FLAGS_END)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed memop flags: expected less than 0x80, found 0x%x", flags);
    if ((flags & HAS_MEMORY_INDEX) != 0) {
        TRY(wm_need(r->features, WM_FEATURE_MULTI_MEMORY, start, "a memory index", dg));
        TRY(wm_read_u32(r, &out->memory, dg));
    }
    out->align_log2 = (uint8_t)(flags & (HAS_MEMORY_INDEX - 1));
    return wm_read_u64(r, &out->offset, dg);
}

/* An index that was a zero byte before the feature gave it meaning. */
static enum status read_reserved_index(struct wm_reader *r, uint32_t *out, enum wm_feature f,
                                       const char *what, struct diag *dg)
{
    uint64_t start = reader_offset(r);

    if (r->pos < r->end && r->bytes[r->pos] != 0)
        TRY(wm_need(r->features, f, start, what, dg));
    return wm_read_u32(r, out, dg);
}

static enum status read_memory_index(struct wm_reader *r, uint32_t *out, struct diag *dg)
{
    return read_reserved_index(r, out, WM_FEATURE_MULTI_MEMORY, "a memory index", dg);
}

static enum status read_table_index(struct wm_reader *r, uint32_t *out, struct diag *dg)
{
    return read_reserved_index(r, out, WM_FEATURE_REFERENCE_TYPES, "a table index", dg);
}

static enum status read_br_cast(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    struct wm_heap from = {0}, to = {0};
    uint8_t flags = 0;

    TRY(wm_read_u8(r, &flags, dg));
    if (flags > 3)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed %s flags: expected less than 4, found 0x%02x",
                         wm_op_info[out->op].text, flags);
    TRY(wm_read_u32(r, &out->cast.label, dg));
    TRY(wm_read_heap(r, &from, dg));
    TRY(wm_read_heap(r, &to, dg));
    out->cast.from = wm_ref(from, (flags & 1) != 0);
    out->cast.to = wm_ref(to, (flags & 2) != 0);
    return ST_OK;
}

static enum status read_catch(struct wm_reader *r, struct wm_catch *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t kind = 0;

    *out = (struct wm_catch){0};
    TRY(wm_read_u8(r, &kind, dg));
    if (kind > WM_CATCH_ALL_REF)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed catch clause: expected a kind up to 3, found 0x%02x", kind);
    out->kind = (enum wm_catch_kind)kind;
    if (kind == WM_CATCH || kind == WM_CATCH_REF)
        TRY(wm_read_u32(r, &out->tag, dg));
    return wm_read_u32(r, &out->label, dg);
}

/* Moves over the elements, so that the wm_list_ functions need not check them again. */
static enum status read_list(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    uint32_t count = 0, label = 0;
    struct wm_valtype type;
    struct wm_catch clause;
    const char *what = out->op == WM_OP_BR_TABLE ? "br_table targets" : "list items";

    TRY(read_count(r, &count, 1, WM_MAX_BR_TARGETS, what, dg));
    size_t first = r->pos;
    for (uint32_t i = 0; i < count; i++) {
        if (out->op == WM_OP_BR_TABLE)
            TRY(wm_read_u32(r, &label, dg));
        else if (out->op == WM_OP_TRY_TABLE)
            TRY(read_catch(r, &clause, dg));
        else
            TRY(wm_read_valtype(r, &type, dg));
    }
    if (out->op == WM_OP_BR_TABLE)
        TRY(wm_read_u32(r, &label, dg)); /* the default */
    out->list_count = count;
    out->list = (struct wm_bytes){r->bytes + first, (uint32_t)(r->pos - first),
                                  (uint32_t)(r->offset + first)};
    return ST_OK;
}

/* count bytes, least significant first. */
static enum status read_fixed(struct wm_reader *r, void *out, size_t count, struct diag *dg)
{
    if (reader_left(r) < count)
        return diag_fail(dg, ST_MALFORMED, r->offset + r->end,
                         "unexpected end: expected %zu bytes of a constant, %zu remain", count,
                         reader_left(r));
    memcpy(out, r->bytes + r->pos, count);
    r->pos += count;
    return ST_OK;
}

static uint64_t little_endian(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static enum status read_float(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    uint8_t bytes[8];

    if (out->op == WM_OP_F32_CONST) {
        TRY(read_fixed(r, bytes, 4, dg));
        out->f32_bits = (uint32_t)little_endian(bytes, 4);
    } else {
        TRY(read_fixed(r, bytes, 8, dg));
        out->f64_bits = little_endian(bytes, 8);
    }
    return ST_OK;
}

static enum status read_fence(struct wm_reader *r, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint8_t byte = 0;

    TRY(wm_read_u8(r, &byte, dg));
    if (byte != 0)
        return diag_fail(dg, ST_MALFORMED, start, "atomic.fence expects a zero byte, found 0x%02x",
                         byte);
    return ST_OK;
}

static enum status read_immediates(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    uint8_t byte = 0;

    switch ((enum wm_imm)wm_op_info[out->op].imm) { /* tidy: flat */
    case WM_IMM_NONE:
    case WM_IMM_COUNT: return ST_OK;
    case WM_IMM_BLOCK: return read_block(r, &out->block, dg);
    case WM_IMM_LABEL:
    case WM_IMM_FUNC:
    case WM_IMM_TYPE:
    case WM_IMM_TAG:
    case WM_IMM_LOCAL:
    case WM_IMM_GLOBAL:
    case WM_IMM_TABLE:
    case WM_IMM_ELEM:
    case WM_IMM_DATA: return wm_read_u32(r, &out->index, dg);
    case WM_IMM_MEMORY: return read_memory_index(r, &out->index, dg);
    case WM_IMM_MEMORY_MEMORY:
        TRY(read_memory_index(r, &out->index, dg));
        return read_memory_index(r, &out->index2, dg);
    case WM_IMM_DATA_MEMORY:
        TRY(wm_read_u32(r, &out->index, dg));
        return read_memory_index(r, &out->index2, dg);
    case WM_IMM_TYPE_TABLE:
    case WM_IMM_ELEM_TABLE:
        TRY(wm_read_u32(r, &out->index, dg));
        return read_table_index(r, &out->index2, dg);
    case WM_IMM_TABLE_TABLE:
        TRY(read_table_index(r, &out->index, dg));
        return read_table_index(r, &out->index2, dg);
    case WM_IMM_TYPE_FIELD:
    case WM_IMM_TYPE_COUNT:
    case WM_IMM_TYPE_DATA:
    case WM_IMM_TYPE_ELEM:
    case WM_IMM_TYPE_TYPE:
        TRY(wm_read_u32(r, &out->index, dg));
        return wm_read_u32(r, &out->index2, dg);
    case WM_IMM_BR_TABLE:
    case WM_IMM_SELECT: return read_list(r, out, dg);
    case WM_IMM_TRY_TABLE: TRY(read_block(r, &out->block, dg)); return read_list(r, out, dg);
    case WM_IMM_HEAP_TYPE: return wm_read_heap(r, &out->heap, dg);
    case WM_IMM_BR_CAST: return read_br_cast(r, out, dg);
    case WM_IMM_MEMARG: return read_memarg(r, &out->mem, dg);
    case WM_IMM_MEMARG_LANE:
        TRY(read_memarg(r, &out->mem, dg));
        return wm_read_u8(r, &out->mem.lane, dg);
    case WM_IMM_LANE:
        TRY(wm_read_u8(r, &byte, dg));
        out->index = byte;
        return ST_OK;
    case WM_IMM_I32: return wm_read_s32(r, &out->i32, dg);
    case WM_IMM_I64: return wm_read_s64(r, &out->i64, dg);
    case WM_IMM_F32:
    case WM_IMM_F64: return read_float(r, out, dg);
    case WM_IMM_SHUFFLE:
    case WM_IMM_V128: return read_fixed(r, out->bytes, sizeof(out->bytes), dg);
    case WM_IMM_FENCE: return read_fence(r, dg);
    }
    return ST_OK;
}

enum status wm_ins_read(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    out->offset = (uint32_t)reader_offset(r);
    TRY(read_opcode(r, out, dg));
    return read_immediates(r, out, dg);
}

static struct wm_reader list_reader(const struct wm_ins *ins, uint32_t cursor)
{
    struct wm_reader r = wm_reader_of(ins->list, wm_features_all());
    r.pos = cursor;
    return r;
}

uint32_t wm_list_label(const struct wm_ins *ins, uint32_t *cursor)
{
    struct wm_reader r = list_reader(ins, *cursor);
    uint32_t label = 0;
    if (wm_read_u32(&r, &label, NULL) == ST_OK)
        *cursor = (uint32_t)r.pos;
    return label;
}

struct wm_valtype wm_list_type(const struct wm_ins *ins, uint32_t *cursor)
{
    struct wm_reader r = list_reader(ins, *cursor);
    struct wm_valtype type = {0};
    if (wm_read_valtype(&r, &type, NULL) == ST_OK)
        *cursor = (uint32_t)r.pos;
    return type;
}

struct wm_catch wm_list_catch(const struct wm_ins *ins, uint32_t *cursor)
{
    struct wm_reader r = list_reader(ins, *cursor);
    struct wm_catch clause = {0};
    if (read_catch(&r, &clause, NULL) == ST_OK)
        *cursor = (uint32_t)r.pos;
    return clause;
}

/* Blocks an instruction opens minus those it closes. */
static int depth_change(enum wm_op op)
{
    switch (op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
    case WM_OP_TRY:
    case WM_OP_TRY_TABLE: return 1;
    case WM_OP_END:
    case WM_OP_DELEGATE: return -1;
    default: return 0;
    }
}

enum status read_expr(struct wm_reader *r, struct wm_bytes *out, struct diag *dg)
{
    size_t first = r->pos;
    int64_t depth = 1;

    while (depth > 0) {
        struct wm_ins ins;
        if (r->pos == r->end)
            return diag_fail(dg, ST_MALFORMED, reader_offset(r),
                             "unexpected end: expected the end of an expression");
        TRY(wm_ins_read(r, &ins, dg));
        depth += depth_change(ins.op);
    }
    *out = (struct wm_bytes){r->bytes + first, (uint32_t)(r->pos - first),
                             (uint32_t)(r->offset + first)};
    return ST_OK;
}
