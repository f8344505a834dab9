/* test_ins_write: every row of opcodes.def, over the edges of its immediates: what is written reads
 * back as the same instruction, and in the shortest form.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read.h"

#include "tap.h"

#include <string.h>

static const uint32_t indices[] = {0, 1, 63, 64, 127, 128, 16383, 16384, 999999};
static const int32_t i32s[] = {0, 1, -1, 63, 64, -64, -65, 8191, INT32_MAX, INT32_MIN};
static const int64_t i64s[] = {0, -1, 64, -65, INT32_MIN, INT64_C(1) << 62, INT64_MAX, INT64_MIN};
static const uint64_t float_bits[] = {0, 1, UINT64_C(0x8000000000000000), UINT64_MAX,
                                      UINT64_C(0x7ff0000000000001)};
/* clang-format off */
static const struct wm_block blocks[] = {
    {.kind = WM_BLOCK_EMPTY},
    {.kind = WM_BLOCK_VALUE, .value = {WM_KIND_I32}},
    {.kind = WM_BLOCK_VALUE,
     .value = {WM_KIND_REF | 1u << 8 | (uint32_t)(-1 - WM_HEAP_FUNC) << 9}},
    {.kind = WM_BLOCK_VALUE, .value = {WM_KIND_REF | 100u << 9}},
    {.kind = WM_BLOCK_TYPE, .type_index = 0},
    {.kind = WM_BLOCK_TYPE, .type_index = 64},
    {.kind = WM_BLOCK_TYPE, .type_index = 999999},
};
/* clang-format on */
static const struct wm_heap heaps[] = {
    {0}, {63}, {64}, {999999}, {-1 - WM_HEAP_ANY}, {-1 - WM_HEAP_NOEXN}};
/* clang-format off */
static const struct wm_memarg memargs[] = {
    {.offset = 0},
    {.offset = 127, .align_log2 = 1},
    {.offset = 128, .align_log2 = 2, .memory = 1, .lane = 3},
    {.offset = UINT32_MAX, .align_log2 = 3, .memory = 128},
    {.offset = UINT64_MAX, .align_log2 = 4, .memory = 999, .lane = 15},
};
/* clang-format on */

/* Encoded lists whose integers are longer than they need be, and what must come out. */
struct list_row {
    const char *in, *out;
    uint32_t in_size, out_size, count;
};
static const struct list_row br_tables[] = {
    {"\x00",                                     "\x00\x00",         1,  2, 0},
    {"\x81\x00\x02",                             "\x01\x01\x02",     3,  3, 1},
    {"\xff\x80\x00\x85\x80\x80\x80\x00\x80\x00", "\x02\x7f\x05\x00", 10, 4, 2},
};
static const struct list_row selects[] = {
    {"\x7f",             "\x01\x7f",         1, 2, 1},
    {"\x63\x70\x64\x6e", "\x02\x70\x64\x6e", 4, 4, 2}, /* (ref null func) in its long form */
};
static const struct list_row catches[] = {
    {"",                             "\x00",                     0, 1, 0},
    {"\x00\x81\x00\x00\x02\x80\x00", "\x02\x00\x01\x00\x02\x00", 7, 6, 2},
    {"\x01\x05\x06\x03\x07",         "\x02\x01\x05\x06\x03\x07", 5, 6, 2},
};

static uint32_t sample_count(enum wm_imm shape)
{
    switch (shape) {
    case WM_IMM_NONE:
    case WM_IMM_FENCE: return 1;
    case WM_IMM_BLOCK: return LENGTH_OF(blocks);
    case WM_IMM_HEAP_TYPE: return LENGTH_OF(heaps);
    case WM_IMM_BR_CAST: return LENGTH_OF(heaps) * 4;
    case WM_IMM_BR_TABLE: return LENGTH_OF(br_tables);
    case WM_IMM_SELECT: return LENGTH_OF(selects);
    case WM_IMM_TRY_TABLE: return LENGTH_OF(catches) * LENGTH_OF(blocks);
    case WM_IMM_MEMARG:
    case WM_IMM_MEMARG_LANE: return LENGTH_OF(memargs);
    case WM_IMM_I32: return LENGTH_OF(i32s);
    case WM_IMM_I64: return LENGTH_OF(i64s);
    case WM_IMM_F32:
    case WM_IMM_F64: return LENGTH_OF(float_bits);
    case WM_IMM_V128:
    case WM_IMM_SHUFFLE: return 2;
    default: return LENGTH_OF(indices);
    }
}

static void set_list(struct wm_ins *ins, const struct list_row *row)
{
    ins->list_count = row->count;
    ins->list = (struct wm_bytes){(const uint8_t *)row->in, row->in_size, 0};
}

static struct wm_ins sample(enum wm_op op, uint32_t n)
{
    struct wm_ins ins = {.op = op};
    enum wm_imm shape = (enum wm_imm)wm_op_info[op].imm;

    switch (shape) { /* tidy: flat */
    case WM_IMM_NONE:
    case WM_IMM_FENCE: break;
    case WM_IMM_BLOCK: ins.block = blocks[n]; break;
    case WM_IMM_HEAP_TYPE: ins.heap = heaps[n]; break;
    case WM_IMM_BR_CAST:
        ins.cast.label = indices[n / 4];
        ins.cast.from = wm_ref(heaps[n / 4], n % 2 != 0);
        ins.cast.to = wm_ref(heaps[LENGTH_OF(heaps) - 1 - n / 4], n / 2 % 2 != 0);
        break;
    case WM_IMM_BR_TABLE: set_list(&ins, &br_tables[n]); break;
    case WM_IMM_SELECT: set_list(&ins, &selects[n]); break;
    case WM_IMM_TRY_TABLE:
        ins.block = blocks[n % LENGTH_OF(blocks)];
        set_list(&ins, &catches[n / LENGTH_OF(blocks)]);
        break;
    case WM_IMM_MEMARG:
        ins.mem = memargs[n];
        ins.mem.lane = 0;
        break;
    case WM_IMM_MEMARG_LANE: ins.mem = memargs[n]; break;
    case WM_IMM_I32: ins.i32 = i32s[n]; break;
    case WM_IMM_I64: ins.i64 = i64s[n]; break;
    case WM_IMM_F32: ins.f32_bits = (uint32_t)(float_bits[n] >> 32 | float_bits[n]); break;
    case WM_IMM_F64: ins.f64_bits = float_bits[n]; break;
    case WM_IMM_V128:
    case WM_IMM_SHUFFLE:
        for (uint32_t i = 0; i < 16; i++)
            ins.bytes[i] = (uint8_t)(n * (16 + i));
        break;
    case WM_IMM_LANE: ins.index = n; break;
    default:
        ins.index = indices[n];
        ins.index2 = indices[LENGTH_OF(indices) - 1 - n];
        break;
    }
    return ins;
}

static bool same_block(const struct wm_block *a, const struct wm_block *b)
{
    return a->kind == b->kind && (a->kind != WM_BLOCK_VALUE || wm_same(a->value, b->value)) &&
           (a->kind != WM_BLOCK_TYPE || a->type_index == b->type_index);
}

static bool is_two_indices(enum wm_imm shape)
{
    switch (shape) {
    case WM_IMM_TYPE_TABLE:
    case WM_IMM_TYPE_FIELD:
    case WM_IMM_TYPE_COUNT:
    case WM_IMM_TYPE_DATA:
    case WM_IMM_TYPE_ELEM:
    case WM_IMM_TYPE_TYPE:
    case WM_IMM_TABLE_TABLE:
    case WM_IMM_ELEM_TABLE:
    case WM_IMM_MEMORY_MEMORY:
    case WM_IMM_DATA_MEMORY: return true;
    default: return false;
    }
}

static bool same_ins(const struct wm_ins *a, const struct wm_ins *b)
{
    enum wm_imm shape = (enum wm_imm)wm_op_info[a->op].imm;

    if (a->op != b->op)
        return false;
    switch (shape) { /* tidy: flat */
    case WM_IMM_NONE:
    case WM_IMM_FENCE: return true;
    case WM_IMM_BLOCK: return same_block(&a->block, &b->block);
    case WM_IMM_HEAP_TYPE: return a->heap.code == b->heap.code;
    case WM_IMM_BR_CAST:
        return a->cast.label == b->cast.label && wm_same(a->cast.from, b->cast.from) &&
               wm_same(a->cast.to, b->cast.to);
    case WM_IMM_TRY_TABLE:
        return same_block(&a->block, &b->block) && a->list_count == b->list_count;
    case WM_IMM_BR_TABLE:
    case WM_IMM_SELECT: return a->list_count == b->list_count;
    case WM_IMM_MEMARG:
    case WM_IMM_MEMARG_LANE:
        return a->mem.offset == b->mem.offset && a->mem.memory == b->mem.memory &&
               a->mem.align_log2 == b->mem.align_log2 && a->mem.lane == b->mem.lane;
    case WM_IMM_I32: return a->i32 == b->i32;
    case WM_IMM_I64: return a->i64 == b->i64;
    case WM_IMM_F32: return a->f32_bits == b->f32_bits;
    case WM_IMM_F64: return a->f64_bits == b->f64_bits;
    case WM_IMM_V128:
    case WM_IMM_SHUFFLE: return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
    default: return a->index == b->index && (!is_two_indices(shape) || a->index2 == b->index2);
    }
}

/* The tail of what was written, for the lists. */
static bool list_is(const struct wm_ins *ins, uint32_t n, const struct buf *out)
{
    enum wm_imm shape = (enum wm_imm)wm_op_info[ins->op].imm;
    const struct list_row *row = shape == WM_IMM_BR_TABLE    ? &br_tables[n]
                                 : shape == WM_IMM_SELECT    ? &selects[n]
                                 : shape == WM_IMM_TRY_TABLE ? &catches[n / LENGTH_OF(blocks)]
                                                             : NULL;
    return row == NULL ||
           (out->size >= row->out_size &&
            memcmp(out->data + out->size - row->out_size, row->out, row->out_size) == 0);
}

static void check_op(enum wm_op op, struct arena *arena)
{
    uint32_t count = sample_count((enum wm_imm)wm_op_info[op].imm), good = 0;
    struct diag dg = {0};

    for (uint32_t n = 0; n < count; n++) {
        struct wm_ins ins = sample(op, n), back = {0};
        struct buf out, again;
        buf_init(&out, arena);
        buf_init(&again, arena);
        wm_ins_write(&out, &ins);
        struct wm_reader r = {.bytes = out.data, .end = out.size, .features = wm_features_all()};
        if (wm_ins_read(&r, &back, &dg) != ST_OK || r.pos != r.end)
            continue;
        wm_ins_write(&again, &back);
        good += same_ins(&ins, &back) && list_is(&ins, n, &out) && again.size == out.size &&
                memcmp(again.data, out.data, out.size) == 0;
    }
    tap_ok(good == count, "%s: %u of %u samples read back the same %s", wm_op_info[op].text, good,
           count, dg.text);
}

/* clang-format off */
static const struct {
    const char *name, *bytes;
    uint32_t size;
    struct wm_valtype type;
} types[] = {
    {"i32", "\x7f", 1, {WM_KIND_I32}},
    {"v128", "\x7b", 1, {WM_KIND_V128}},
    {"funcref", "\x70", 1, {WM_KIND_REF | 1u << 8 | (uint32_t)(-1 - WM_HEAP_FUNC) << 9}},
    {"(ref func)", "\x64\x70", 2, {WM_KIND_REF | (uint32_t)(-1 - WM_HEAP_FUNC) << 9}},
    {"exnref", "\x69", 1, {WM_KIND_REF | 1u << 8 | (uint32_t)(-1 - WM_HEAP_EXN) << 9}},
    {"(ref null 0)", "\x63\x00", 2, {WM_KIND_REF | 1u << 8}},
    {"(ref 63)", "\x64\x3f", 2, {WM_KIND_REF | 63u << 9}},
    {"(ref 64), signed", "\x64\xc0\x00", 3, {WM_KIND_REF | 64u << 9}},
};
/* clang-format on */

static void check_types(struct arena *arena)
{
    for (uint32_t i = 0; i < LENGTH_OF(types); i++) {
        struct buf out;
        struct wm_valtype back = {0};
        struct diag dg = {0};
        buf_init(&out, arena);
        wm_valtype_write(&out, types[i].type);
        struct wm_reader r = {.bytes = out.data, .end = out.size, .features = wm_features_all()};
        enum status st = wm_read_valtype(&r, &back, &dg);
        tap_ok(out.size == types[i].size && memcmp(out.data, types[i].bytes, out.size) == 0 &&
                   st == ST_OK && wm_same(back, types[i].type),
               "%s: %zu bytes %s", types[i].name, out.size, dg.text);
    }
}

static enum status run(void *ctx, struct diag *dg)
{
    struct arena *arena = ctx;

    (void)dg;
    for (uint32_t op = 0; op < WM_OP_COUNT; op++)
        check_op((enum wm_op)op, arena);
    check_types(arena);
    return ST_OK;
}

int main(void)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 64 << 20);
    tap_ok(arena_guard(&arena, run, &arena, &dg) == ST_OK, "within its memory %s", dg.text);
    arena_free(&arena);
    return tap_done();
}
