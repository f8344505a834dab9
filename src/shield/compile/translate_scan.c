/* translate_scan: reads a body once before it is translated, and notes where locals are set and how
 * far loops reach. So that a loop's head gets parameters only for what the loop changes. When
 * locals are in the frame: which of them need a place there (translate_homes.c).
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

/* ---- reading ---- */

/* Operator of a one-byte opcode and its immediates; behind them, what nobody looks at. */
static const struct short_form {
    uint16_t op; /* enum wm_op */
    uint8_t imm; /* enum wm_imm; COUNT: no such opcode */
} short_forms[256 + WM_OP_COUNT] = {
#define OP(name, text, prefix, code, imm_, sig, width, feature)                                    \
    [(prefix) == 0 ? (code) : 256 + WM_OP_##name] = {WM_OP_##name, WM_IMM_##imm_},
#include "shield/wasm/opcodes.def"
#undef OP
};

enum { EMPTY_BLOCK = 0x40 }; /* the type of a block without one */

/* An unsigned LEB128 of one or two bytes; its length, 0 when it is longer. */
static inline uint32_t short_leb(const uint8_t *p, uint32_t *value)
{
    *value = p[0];
    if (p[0] < 0x80)
        return 1;
    *value = (p[0] & 0x7fu) | (uint32_t)p[1] << 7;
    return p[1] < 0x80 ? 2 : 0;
}

static inline bool read_short(struct wm_reader *r, struct wm_ins *out)
{
    const uint8_t *p = r->bytes + r->pos;
    const struct short_form *form = &short_forms[p[0]];
    uint32_t value, size, at = 1;

    switch ((enum wm_imm)form->imm) {
    case WM_IMM_NONE:
        if (p[0] != 0 && form->op == 0)
            return false; /* no operator, or a prefix */
        break;
    case WM_IMM_LOCAL:
    case WM_IMM_GLOBAL:
    case WM_IMM_FUNC:
    case WM_IMM_LABEL:
        size = short_leb(p + 1, &out->index);
        at += size;
        if (size == 0)
            return false;
        break;
    case WM_IMM_I32: /* 7 or 14 bits; the highest is the sign */
        size = short_leb(p + 1, &value);
        out->i32 = size == 1 ? (int32_t)(value << 25) >> 25 : (int32_t)(value << 18) >> 18;
        at += size;
        if (size == 0)
            return false;
        break;
    case WM_IMM_BLOCK:
        if (p[1] != EMPTY_BLOCK)
            return false;
        out->block = (struct wm_block){.kind = WM_BLOCK_EMPTY};
        at = 2;
        break;
    case WM_IMM_MEMARG: /* memory 0 */
        size = short_leb(p + 2, &value);
        if (p[1] >= 0x40 || size == 0)
            return false;
        out->mem = (struct wm_memarg){.offset = value, .align_log2 = p[1]};
        at += 1 + size;
        break;
    default: return false;
    }
    out->op = (enum wm_op)form->op;
    out->offset = (uint32_t)(r->offset + r->pos);
    r->pos += at;
    return true;
}

enum status tf_read(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    enum { SHORT_BYTES_MAX = 4 };

    if (r->end - r->pos >= SHORT_BYTES_MAX && read_short(r, out))
        return ST_OK;
    return wm_ins_read(r, out, dg);
}

/* ---- where locals are set ---- */

static void open_block(struct tf *t, const struct wm_ins *ins)
{
    uint32_t loop = TF_NONE;

    if (ins->op == WM_OP_LOOP) {
        loop = t->loops.count;
        /* Until it ends: how many sets came before it. */
        VECTOR_PUSH(t, t->loops, ((struct loop_sets){.end = t->found_sets.count}));
    }
    VECTOR_PUSH(t, t->open_blocks, loop);
}

static void close_block(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t loop = t->open_blocks.items[--t->open_blocks.count];

    if (loop == TF_NONE)
        return;
    struct loop_sets *l = &t->loops.items[loop];
    l->has_sets = t->found_sets.count > l->end;
    l->end = ins->offset;
}

static void note(struct tf *t, const struct wm_ins *ins)
{
    switch (ins->op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF: open_block(t, ins); break;
    case WM_OP_END: close_block(t, ins); break;
    case WM_OP_LOCAL_SET:
    case WM_OP_LOCAL_TEE:
        VECTOR_PUSH(t, t->found_sets, (uint64_t)ins->index << 32 | ins->offset);
        break;
    default: break;
    }
}

/* Sorts the places by local; they are in order of offset already. */
static void sort_sets(struct tf *t)
{
    t->set_first.count = t->sets.count = 0;
    for (uint32_t i = 0; i < t->local_count + 2; i++)
        VECTOR_PUSH(t, t->set_first, 0);
    uint32_t *first = t->set_first.items;
    for (uint32_t i = 0; i < t->found_sets.count; i++)
        first[(t->found_sets.items[i] >> 32) + 2]++;
    for (uint32_t i = 2; i < t->local_count + 2; i++)
        first[i] += first[i - 1];
    for (uint32_t i = 0; i < t->found_sets.count; i++)
        VECTOR_PUSH(t, t->sets, 0);
    for (uint32_t i = 0; i < t->found_sets.count; i++) /* first[l + 1] moves to the end of l */
        t->sets.items[first[(t->found_sets.items[i] >> 32) + 1]++] =
            (uint32_t)t->found_sets.items[i];
}

/* What the scan does with an operator of one byte. */
enum step {
    STEP_SLOW, /* reads it like everybody else */
    STEP_OVER, /* nobody wants to know of it */
    STEP_OVER_MEMARG,
    STEP_LOCAL,
    STEP_BLOCK,
    STEP_END /* and else */
};

#define STEP_OF(name, imm)                                                                         \
    (WM_OP_##name == WM_OP_END || WM_OP_##name == WM_OP_ELSE ? STEP_END                            \
     : (imm) == WM_IMM_LOCAL                                 ? STEP_LOCAL                          \
     : (imm) == WM_IMM_BLOCK                                 ? STEP_BLOCK                          \
     : (imm) == WM_IMM_MEMARG                                ? STEP_OVER_MEMARG                    \
     : (imm) == WM_IMM_NONE || (imm) == WM_IMM_F32 || (imm) == WM_IMM_F64 || HAS_LEB(imm)          \
         ? STEP_OVER                                                                               \
         : STEP_SLOW)
#define HAS_LEB(imm)                                                                               \
    ((imm) == WM_IMM_GLOBAL || (imm) == WM_IMM_FUNC || (imm) == WM_IMM_LABEL ||                    \
     (imm) == WM_IMM_I32 || (imm) == WM_IMM_I64)
#define IS_OLD(feature)                                                                            \
    (WM_FEATURE_##feature == WM_FEATURE_MVP || WM_FEATURE_##feature == WM_FEATURE_SIGN_EXTENSION)

/* By first byte; behind them, what nobody looks at. Operators that may be refused are not old. */
static const struct step_form {
    uint8_t step;  /* enum step */
    uint8_t bytes; /* of the opcode and an immediate of fixed size */
    uint8_t lebs;  /* behind these */
} step_forms[256 + WM_OP_COUNT] = {
#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    [(prefix) == 0 ? (code) : 256 + WM_OP_##name] = {                                              \
        IS_OLD(feature) ? STEP_OF(name, WM_IMM_##imm) : STEP_SLOW,                                 \
        WM_IMM_##imm == WM_IMM_F32   ? 5                                                           \
        : WM_IMM_##imm == WM_IMM_F64 ? 9                                                           \
                                     : 1,                                                          \
        HAS_LEB(WM_IMM_##imm)},
#include "shield/wasm/opcodes.def"
#undef OP
};

static const uint8_t *over_leb(const uint8_t *p)
{
    while ((*p++ & 0x80) != 0)
        continue;
    return p;
}

/* Steps over operators until one that is to be noted, which *out tells of: its op, offset, and
 * the index of a local. The body is valid, so it ends with END. */
static enum status next_noted(struct wm_reader *r, struct wm_ins *out, struct diag *dg)
{
    const uint8_t *p = r->bytes + r->pos;

    for (;;) {
        const struct step_form *form = &step_forms[p[0]];
        if (form->step == STEP_OVER) {
            p += form->bytes;
            if (form->lebs != 0)
                p = over_leb(p);
        } else if (form->step == STEP_OVER_MEMARG && p[1] < 0x40) { /* memory 0 */
            p = over_leb(p + 2);
        } else {
            break;
        }
    }
    r->pos = (size_t)(p - r->bytes);
    const enum step step = (enum step)step_forms[p[0]].step;
    const uint32_t size = step == STEP_LOCAL ? short_leb(p + 1, &out->index) : 1;
    if (step == STEP_END || (step == STEP_LOCAL && size != 0) ||
        (step == STEP_BLOCK && p[1] == EMPTY_BLOCK)) {
        out->op = (enum wm_op)short_forms[p[0]].op;
        out->offset = (uint32_t)(r->offset + r->pos);
        r->pos += step == STEP_END ? 1 : 1 + size;
        return ST_OK;
    }
    TRY(wm_ins_read(r, out, dg));
    return tf_check_ins(out, dg);
}

enum status tf_scan(struct tf *t)
{
    const bool in_frame = t->env->locals_in_frame;
    struct wm_reader r = t->r;
    struct wm_ins ins;

    t->loops.count = t->found_sets.count = t->open_blocks.count = 0;
    t->loop = 0;
    if (in_frame)
        homes_scan_begin(t);
    VECTOR_PUSH(t, t->open_blocks, in_frame ? 0 : TF_NONE); /* the body */
    while (t->open_blocks.count > 0) {
        TRY(next_noted(&r, &ins, t->dg));
        if (in_frame)
            homes_note(t, &ins);
        else
            note(t, &ins);
    }
    if (t->loops.count > 0)
        sort_sets(t);
    return ST_OK;
}

bool tf_is_set(const struct tf *t, uint32_t local, uint32_t begin, uint32_t end)
{
    uint32_t low = t->set_first.items[local], high = t->set_first.items[local + 1];
    const uint32_t last = high;

    while (low < high) { /* the first place at or behind begin */
        uint32_t middle = low + (high - low) / 2;
        if (t->sets.items[middle] < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < last && t->sets.items[low] < end;
}
