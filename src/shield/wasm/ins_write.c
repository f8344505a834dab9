/* ins_write: one instruction, and the types inside it, to bytes; always the shortest form.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/ins.h"

#include <assert.h>

enum {
    BLOCK_TYPE_EMPTY = 0x40,
    REF_NULL_BYTE = 0x63,
    REF_BYTE = 0x64,
    MEMARG_HAS_MEMORY = 0x40,
    CAST_FROM_NULLABLE = 1,
    CAST_TO_NULLABLE = 2,
};

static const uint8_t kind_code[WM_KIND_COUNT] = {
#define VALUE(name, text, code, sig) [WM_KIND_##name] = (code),
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

static const uint8_t heap_code[WM_HEAP_ABS_COUNT] = {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) [WM_HEAP_##name] = (code),
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

void wm_heap_write(struct buf *out, struct wm_heap h)
{
    if (wm_heap_is_index(h)) {
        buf_sleb(out, h.code);
        return;
    }
    assert(heap_code[wm_heap_as_abs(h)] != 0 && "the bottom heap type has no encoding");
    buf_byte(out, heap_code[wm_heap_as_abs(h)]);
}

void wm_valtype_write(struct buf *out, struct wm_valtype t)
{
    if (!wm_is_ref(t)) {
        assert(kind_code[wm_kind(t)] != 0 && "the bottom type has no encoding");
        buf_byte(out, kind_code[wm_kind(t)]);
        return;
    }
    struct wm_heap heap = wm_heap_of(t);
    if (!wm_is_nullable(t))
        buf_byte(out, REF_BYTE);
    else if (wm_heap_is_index(heap))
        buf_byte(out, REF_NULL_BYTE);
    wm_heap_write(out, heap); /* (ref null func) is the one byte of func: 0x70 */
}

void wm_catch_write(struct buf *out, const struct wm_catch *c)
{
    buf_byte(out, (uint8_t)c->kind);
    if (c->kind == WM_CATCH || c->kind == WM_CATCH_REF)
        buf_uleb(out, c->tag);
    buf_uleb(out, c->label);
}

static void write_block(struct buf *out, const struct wm_block *b)
{
    switch (b->kind) {
    case WM_BLOCK_EMPTY: buf_byte(out, BLOCK_TYPE_EMPTY); break;
    case WM_BLOCK_VALUE: wm_valtype_write(out, b->value); break;
    case WM_BLOCK_TYPE: buf_sleb(out, b->type_index); break;
    }
}

static void write_memarg(struct buf *out, const struct wm_memarg *m)
{
    buf_uleb(out, m->align_log2 | (m->memory != 0 ? MEMARG_HAS_MEMORY : 0u));
    if (m->memory != 0)
        buf_uleb(out, m->memory);
    buf_uleb(out, m->offset);
}

static void write_little_endian(struct buf *out, uint64_t bits, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        buf_byte(out, (uint8_t)(bits >> (8 * i)));
}

static void write_cast(struct buf *out, const struct wm_ins *ins)
{
    buf_byte(out, (uint8_t)((wm_is_nullable(ins->cast.from) ? CAST_FROM_NULLABLE : 0) |
                            (wm_is_nullable(ins->cast.to) ? CAST_TO_NULLABLE : 0)));
    buf_uleb(out, ins->cast.label);
    wm_heap_write(out, wm_heap_of(ins->cast.from));
    wm_heap_write(out, wm_heap_of(ins->cast.to));
}

/* BR_TABLE, SELECT and the clauses of TRY_TABLE: decoded and encoded again. */
static void write_list(struct buf *out, const struct wm_ins *ins, enum wm_imm shape)
{
    uint32_t cursor = 0;
    uint32_t count = ins->list_count;

    buf_uleb(out, count);
    if (shape == WM_IMM_BR_TABLE)
        count++; /* the default label */
    for (uint32_t i = 0; i < count; i++) {
        if (shape == WM_IMM_BR_TABLE) {
            buf_uleb(out, wm_list_label(ins, &cursor));
        } else if (shape == WM_IMM_SELECT) {
            wm_valtype_write(out, wm_list_type(ins, &cursor));
        } else {
            struct wm_catch c = wm_list_catch(ins, &cursor);
            wm_catch_write(out, &c);
        }
    }
}

static void write_opcode(struct buf *out, const struct wm_op_info *info)
{
    if (info->prefix == 0) {
        buf_byte(out, (uint8_t)info->code);
        return;
    }
    buf_byte(out, info->prefix);
    buf_uleb(out, info->code);
}

void wm_ins_write(struct buf *out, const struct wm_ins *ins)
{
    assert(ins->op < WM_OP_COUNT && "an operator of opcodes.def");
    const struct wm_op_info *info = &wm_op_info[ins->op];
    enum wm_imm shape = (enum wm_imm)info->imm;

    write_opcode(out, info);
    switch (shape) { /* tidy: flat */
    case WM_IMM_NONE: break;
    case WM_IMM_BLOCK: write_block(out, &ins->block); break;
    case WM_IMM_LABEL:
    case WM_IMM_FUNC:
    case WM_IMM_TYPE:
    case WM_IMM_TAG:
    case WM_IMM_LOCAL:
    case WM_IMM_GLOBAL:
    case WM_IMM_TABLE:
    case WM_IMM_ELEM:
    case WM_IMM_MEMORY:
    case WM_IMM_DATA: buf_uleb(out, ins->index); break;
    case WM_IMM_TYPE_TABLE:
    case WM_IMM_TYPE_FIELD:
    case WM_IMM_TYPE_COUNT:
    case WM_IMM_TYPE_DATA:
    case WM_IMM_TYPE_ELEM:
    case WM_IMM_TYPE_TYPE:
    case WM_IMM_TABLE_TABLE:
    case WM_IMM_ELEM_TABLE:
    case WM_IMM_MEMORY_MEMORY:
    case WM_IMM_DATA_MEMORY:
        buf_uleb(out, ins->index);
        buf_uleb(out, ins->index2);
        break;
    case WM_IMM_HEAP_TYPE: wm_heap_write(out, ins->heap); break;
    case WM_IMM_BR_CAST: write_cast(out, ins); break;
    case WM_IMM_BR_TABLE:
    case WM_IMM_SELECT: write_list(out, ins, shape); break;
    case WM_IMM_TRY_TABLE:
        write_block(out, &ins->block);
        write_list(out, ins, shape);
        break;
    case WM_IMM_MEMARG: write_memarg(out, &ins->mem); break;
    case WM_IMM_MEMARG_LANE:
        write_memarg(out, &ins->mem);
        buf_byte(out, ins->mem.lane);
        break;
    case WM_IMM_LANE: buf_byte(out, (uint8_t)ins->index); break;
    case WM_IMM_I32: buf_sleb(out, ins->i32); break;
    case WM_IMM_I64: buf_sleb(out, ins->i64); break;
    case WM_IMM_F32: write_little_endian(out, ins->f32_bits, 4); break;
    case WM_IMM_F64: write_little_endian(out, ins->f64_bits, 8); break;
    case WM_IMM_V128:
    case WM_IMM_SHUFFLE: buf_bytes(out, ins->bytes, sizeof(ins->bytes)); break;
    case WM_IMM_FENCE: buf_byte(out, 0); break;
    case WM_IMM_COUNT: break;
    }
}
