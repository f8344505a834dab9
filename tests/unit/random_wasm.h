/*
 * random_wasm: valid modules made at random, for comparing tiers: every operator that is typed by
 * its signature, control flow of every shape, memories, globals, calls of each kind. Loops are
 * counted, and functions call only those before them but for call_indirect; so nearly all runs end.
 *
 * Each module exports its functions as f0, f1...; memory 0 has 32-bit indices, memory 1 (when it is
 * there) 64-bit ones. The same seed gives the same bytes. Run inside arena_guard() of the arena.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_RANDOM_WASM_H
#define TESTS_UNIT_RANDOM_WASM_H

#include "base/buf.h"
#include "base/rng.h"
#include "shield/wasm/ops.h"

#include <string.h>

enum {
    RW_FUNCS = 5,
    RW_PARAMS_MAX = 9,
    RW_RESULTS_MAX = 4,
    RW_LOCALS = 8,   /* beside parameters and counters */
    RW_COUNTERS = 6, /* loops that may be open at once */
    RW_GLOBALS = 5,  /* one of each type */
    RW_DEPTH = 5,
    RW_NESTING = 6, /* of blocks */
    RW_ROUNDS = 4,  /* of a loop, at most */
};

struct rw_type {
    char params[RW_PARAMS_MAX + 1], results[RW_RESULTS_MAX + 1];
};

struct rw_label {
    char results[RW_RESULTS_MAX + 1]; /* what a branch to it takes; loops: nothing */
};

struct rw {
    struct rng rng;
    struct buf *out; /* the body being made */
    struct arena *arena;
    struct rw_type types[RW_FUNCS];
    bool has_memory64, has_vectors, has_atomics;
    uint32_t func; /* being made */
    char locals[RW_PARAMS_MAX + RW_LOCALS + 1];
    uint32_t counter_first, counters; /* in use */
    struct rw_label labels[RW_NESTING + 1];
    uint32_t label_count;
    uint32_t budget; /* operators left */
    /* Operators by the type of their result, '.' for none. */
    uint16_t ops[128][WM_OP_COUNT];
    uint32_t op_count[128];
};

static inline uint32_t rw_below(struct rw *w, uint32_t n)
{
    return (uint32_t)rng_below(&w->rng, n);
}

static inline uint8_t rw_code(char type)
{
    switch (type) {
    case 'i': return 0x7f;
    case 'I': return 0x7e;
    case 'f': return 0x7d;
    case 'F': return 0x7c;
    default: return 0x7b;
    }
}

static inline char rw_any_type(struct rw *w)
{
    return "iiIIfFv"[rw_below(w, w->has_vectors ? 7 : 6)];
}

/* ---- operators ---- */

static inline bool rw_is_usable(enum wm_op op)
{
    const struct wm_op_info *info = &wm_op_info[op];

    switch (info->feature) {
    case WM_FEATURE_EXCEPTIONS:
    case WM_FEATURE_LEGACY_EXCEPTIONS:
    case WM_FEATURE_GC: return false;
    default: break;
    }
    if (op == WM_OP_MEMORY_ATOMIC_WAIT32 || op == WM_OP_MEMORY_ATOMIC_WAIT64 ||
        op == WM_OP_MEMORY_GROW)
        return false; /* made by hand, or may sleep */
    if (strchr(info->sig, ':') == NULL || strlen(strchr(info->sig, ':')) > 2)
        return false;
    switch (info->imm) {
    case WM_IMM_NONE:
    case WM_IMM_LANE:
    case WM_IMM_SHUFFLE:
    case WM_IMM_MEMARG:
    case WM_IMM_MEMARG_LANE: return true;
    default: return false;
    }
}

static inline void rw_index_ops(struct rw *w)
{
    for (uint32_t op = 0; op < WM_OP_COUNT; op++) {
        const char *colon = strchr(wm_op_info[op].sig, ':');
        if (!rw_is_usable((enum wm_op)op))
            continue;
        bool is_vector = wm_op_info[op].feature == WM_FEATURE_SIMD ||
                         wm_op_info[op].feature == WM_FEATURE_RELAXED_SIMD;
        if ((is_vector && !w->has_vectors) ||
            (wm_op_info[op].feature == WM_FEATURE_THREADS && !w->has_atomics))
            continue;
        uint8_t result = (uint8_t)(colon[1] == '\0' ? '.' : colon[1]);
        w->ops[result][w->op_count[result]++] = (uint16_t)op;
    }
}

static inline void rw_expr(struct rw *w, char type, uint32_t depth);
static inline void rw_table_expr(struct rw *w);
static inline void rw_statements(struct rw *w, uint32_t depth);

static inline void rw_local(struct rw *w, uint8_t code, uint32_t index)
{
    buf_byte(w->out, code);
    buf_uleb(w->out, index);
}

/* ---- constants ---- */

static inline uint64_t rw_number(struct rw *w)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     7,
                                     31,
                                     32,
                                     63,
                                     64,
                                     127,
                                     128,
                                     255,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     UINT64_C(0x100000000),
                                     INT64_MAX,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX};
    uint64_t v = rng_chance(&w->rng, 2, 3) ? edges[rw_below(w, LENGTH_OF(edges))]
                                           : rng_next(&w->rng) >> rw_below(w, 64);
    return rng_chance(&w->rng, 1, 4) ? 0 - v : v;
}

static inline uint64_t rw_float_bits(struct rw *w, bool is_double)
{
    static const double edges[] = {0.0,  -0.0, 1.0,  -1.0,  0.5,   1.5,        2.5,    -2.5,
                                   1e10, 1e19, 1e38, 1e-40, 1e300, 0x1p31,     0x1p32, 0x1p63,
                                   42.0, 3e-5, -1e9, 255.9, 65535, 0x1.8p-149, 4e18,   -0x1p63};
    double d = edges[rw_below(w, LENGTH_OF(edges))];
    float f = (float)d;
    uint64_t bits = 0;

    if (rng_chance(&w->rng, 1, 8)) /* any bits, NaNs among them */
        return rng_next(&w->rng);
    if (rng_chance(&w->rng, 1, 10))
        return is_double ? UINT64_C(0x7ff8000000000000) : 0x7fc00000;
    if (rng_chance(&w->rng, 1, 10))
        return is_double ? UINT64_C(0xfff0000000000000) : 0xff800000;
    memcpy(&bits, is_double ? (const void *)&d : (const void *)&f, is_double ? 8 : 4);
    return bits;
}

static inline void rw_bytes(struct rw *w, uint64_t bits, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        buf_byte(w->out, (uint8_t)(bits >> (8 * i)));
}

static inline void rw_const(struct rw *w, char type)
{
    switch (type) {
    case 'i':
        buf_byte(w->out, 0x41);
        buf_sleb(w->out, (int32_t)rw_number(w));
        break;
    case 'I':
        buf_byte(w->out, 0x42);
        buf_sleb(w->out, (int64_t)rw_number(w));
        break;
    case 'f':
        buf_byte(w->out, 0x43);
        rw_bytes(w, rw_float_bits(w, false), 4);
        break;
    case 'F':
        buf_byte(w->out, 0x44);
        rw_bytes(w, rw_float_bits(w, true), 8);
        break;
    default:
        buf_byte(w->out, 0xfd);
        buf_uleb(w->out, 0x0c);
        rw_bytes(w, rng_chance(&w->rng, 1, 2) ? rw_number(w) : rw_float_bits(w, true), 8);
        rw_bytes(w, rng_chance(&w->rng, 1, 2) ? rw_number(w) : rng_next(&w->rng), 8);
        break;
    }
}

/* ---- expressions ---- */

static inline void rw_int(struct rw *w, bool is_64, int64_t value)
{
    buf_byte(w->out, is_64 ? 0x42 : 0x41);
    buf_sleb(w->out, value);
}

/* An index: mostly inside the first page, often aligned. */
static inline void rw_address(struct rw *w, bool is_64, bool is_aligned, uint32_t depth)
{
    if (rng_chance(&w->rng, 1, 4)) {
        rw_int(w, is_64, (int64_t)(rng_next(&w->rng) & 0xffff) & ~INT64_C(15));
        return;
    }
    rw_expr(w, is_64 ? 'I' : 'i', depth);
    if (rng_chance(&w->rng, 1, 300))
        return; /* any address */
    rw_int(w, is_64, is_aligned || rng_chance(&w->rng, 1, 2) ? 0xff00 : 0xfeff);
    buf_byte(w->out, is_64 ? 0x83 : 0x71); /* and */
}

static inline void rw_memarg(struct rw *w, enum wm_op op, uint32_t memory)
{
    const uint32_t width_log2 = (uint32_t)__builtin_ctz(wm_op_info[op].width);
    const bool is_atomic = wm_op_info[op].feature == WM_FEATURE_THREADS;
    uint64_t offset = rng_chance(&w->rng, 1, 2) ? 0 : rw_below(w, 64) & ~UINT32_C(15);

    if (rng_chance(&w->rng, 1, 400))
        offset = memory == 0 ? (uint32_t)rw_number(w) : rw_number(w);
    buf_uleb(w->out, (is_atomic ? width_log2 : rw_below(w, width_log2 + 1)) |
                         (memory != 0 ? 0x40u : 0));
    if (memory != 0)
        buf_uleb(w->out, memory);
    buf_uleb(w->out, offset);
}

static inline void rw_immediates(struct rw *w, enum wm_op op, uint32_t memory)
{
    switch (wm_op_info[op].imm) {
    case WM_IMM_LANE: buf_byte(w->out, (uint8_t)rw_below(w, wm_op_info[op].width)); break;
    case WM_IMM_SHUFFLE:
        for (uint32_t i = 0; i < 16; i++)
            buf_byte(w->out, (uint8_t)rw_below(w, 32));
        break;
    case WM_IMM_MEMARG: rw_memarg(w, op, memory); break;
    case WM_IMM_MEMARG_LANE:
        rw_memarg(w, op, memory);
        buf_byte(w->out, (uint8_t)rw_below(w, 16 / wm_op_info[op].width));
        break;
    default: break;
    }
}

static inline bool rw_divides(enum wm_op op)
{
    return (op >= WM_OP_I32_DIV_S && op <= WM_OP_I32_REM_U) ||
           (op >= WM_OP_I64_DIV_S && op <= WM_OP_I64_REM_U);
}

/* One of those with this result; conversions that mostly trap are rare. */
static inline enum wm_op rw_pick_op(struct rw *w, uint8_t result)
{
    for (;;) {
        const enum wm_op op = (enum wm_op)w->ops[result][rw_below(w, w->op_count[result])];
        const bool is_trunc = (op >= WM_OP_I32_TRUNC_F32_S && op <= WM_OP_I32_TRUNC_F64_U) ||
                              (op >= WM_OP_I64_TRUNC_F32_S && op <= WM_OP_I64_TRUNC_F64_U);
        if (!is_trunc || rng_chance(&w->rng, 1, 12))
            return op;
    }
}

static inline void rw_op(struct rw *w, enum wm_op op, uint32_t depth)
{
    const struct wm_op_info *info = &wm_op_info[op];
    const uint32_t memory = w->has_memory64 ? rw_below(w, 2) : 0;

    for (const char *c = info->sig; *c != ':'; c++) {
        if (*c == 'a')
            rw_address(w, memory == 1, info->feature == WM_FEATURE_THREADS, depth);
        else
            rw_expr(w, *c, depth);
    }
    if (rw_divides(op) && !rng_chance(&w->rng, 1, 50)) {
        rw_int(w, info->sig[0] == 'I', 1);
        buf_byte(w->out, info->sig[0] == 'I' ? 0x84 : 0x72); /* or: never zero */
    }
    if (info->prefix != 0) {
        buf_byte(w->out, info->prefix);
        buf_uleb(w->out, info->code);
    } else {
        buf_byte(w->out, (uint8_t)info->code);
    }
    rw_immediates(w, op, memory);
}

/* A local, or parameter, of the type; UINT32_MAX: there is none. Counters are never among them. */
static inline uint32_t rw_find_local(struct rw *w, char type)
{
    const uint32_t count = (uint32_t)strlen(w->locals), from = rw_below(w, count);

    for (uint32_t i = 0; i < count; i++)
        if (w->locals[(from + i) % count] == type)
            return (from + i) % count;
    return UINT32_MAX;
}

static inline uint32_t rw_global(char type)
{
    return (uint32_t)(strchr("iIfFv", type) - "iIfFv");
}

static inline void rw_block_type(struct rw *w, char type)
{
    buf_byte(w->out, type == '.' ? 0x40 : rw_code(type));
}

static inline void rw_open(struct rw *w, uint8_t code, char type)
{
    struct rw_label *l = &w->labels[w->label_count++];

    buf_byte(w->out, code);
    rw_block_type(w, type);
    l->results[0] = code == 0x03 || type == '.' ? '\0' : type;
    l->results[1] = '\0';
}

static inline void rw_close(struct rw *w)
{
    w->label_count--;
    buf_byte(w->out, 0x0b);
}

static inline void rw_if_expr(struct rw *w, char type, uint32_t depth)
{
    rw_expr(w, 'i', depth);
    rw_open(w, 0x04, type);
    rw_statements(w, depth);
    rw_expr(w, type, depth);
    buf_byte(w->out, 0x05);
    rw_expr(w, type, depth);
    rw_close(w);
}

static inline void rw_block_expr(struct rw *w, char type, uint32_t depth)
{
    rw_open(w, 0x02, type);
    rw_statements(w, depth);
    rw_expr(w, type, depth);
    rw_expr(w, 'i', depth);
    rw_local(w, 0x0d, 0); /* br_if, with the value */
    rw_statements(w, depth);
    rw_close(w);
}

static inline void rw_args(struct rw *w, const char *params, uint32_t depth)
{
    for (const char *c = params; *c != '\0'; c++)
        rw_expr(w, *c, depth);
}

/* Leaves the first result, which has the type, and drops the others. */
static inline void rw_keep_first(struct rw *w, const char *results)
{
    for (size_t i = 1; i < strlen(results); i++)
        buf_byte(w->out, 0x1a);
}

/* A call of an earlier function whose first result is of the type. False: there is none. */
static inline bool rw_call_expr(struct rw *w, char type, uint32_t depth)
{
    const uint32_t from = w->func == 0 ? 0 : rw_below(w, w->func);

    for (uint32_t i = 0; i < w->func; i++) {
        const uint32_t f = (from + i) % w->func;
        if (w->types[f].results[0] != type)
            continue;
        rw_args(w, w->types[f].params, depth);
        if (rng_chance(&w->rng, 1, 6)) {
            rw_local(w, 0xd2, f); /* ref.func */
            rw_local(w, 0x14, f); /* call_ref */
        } else if (rng_chance(&w->rng, 1, 3)) {
            rw_int(w, false, rng_chance(&w->rng, 1, 20) ? rw_below(w, RW_FUNCS + 2) : f);
            rw_local(w, 0x11, f);
            buf_byte(w->out, 0); /* table */
        } else {
            rw_local(w, 0x10, f);
        }
        rw_keep_first(w, w->types[f].results);
        return true;
    }
    return false;
}

static inline void rw_leaf(struct rw *w, char type)
{
    const uint32_t local = rw_find_local(w, type);

    if (local != UINT32_MAX && rng_chance(&w->rng, 3, 5)) {
        rw_local(w, 0x20, local);
    } else if (rng_chance(&w->rng, 1, 5)) {
        rw_local(w, 0x23, rw_global(type));
    } else {
        rw_const(w, type);
    }
}

static inline void rw_select(struct rw *w, char type, uint32_t depth)
{
    rw_expr(w, type, depth);
    rw_expr(w, type, depth);
    rw_expr(w, 'i', depth);
    buf_byte(w->out, 0x1b);
}

static inline void rw_tee(struct rw *w, char type, uint32_t depth)
{
    const uint32_t local = rw_find_local(w, type);

    rw_expr(w, type, depth);
    if (local != UINT32_MAX)
        rw_local(w, 0x22, local);
}

static inline void rw_memory_expr(struct rw *w)
{
    if (rng_chance(&w->rng, 1, 2)) {
        buf_byte(w->out, 0x3f); /* memory.size */
    } else {
        rw_int(w, false,
               rng_chance(&w->rng, 1, 6) ? (int32_t)rw_number(w) : (int32_t)rw_below(w, 2));
        buf_byte(w->out, 0x40); /* memory.grow */
    }
    buf_byte(w->out, 0);
}

/* Pushes a value of the type. */
static inline void rw_expr(struct rw *w, char type, uint32_t depth)
{
    const uint32_t what = rw_below(w, 100);

    if (depth == 0 || w->budget == 0 || what < 12) {
        rw_leaf(w, type);
        return;
    }
    w->budget--;
    depth--;
    if (what < 18)
        rw_select(w, type, depth);
    else if (what < 23)
        rw_tee(w, type, depth);
    else if (what < 27 && w->label_count < RW_NESTING)
        rw_if_expr(w, type, depth);
    else if (what < 31 && w->label_count < RW_NESTING)
        rw_block_expr(w, type, depth);
    else if (what < 36 && rw_call_expr(w, type, depth))
        return;
    else if (what == 36 && type == 'i')
        rw_memory_expr(w);
    else if (what == 37 && type == 'i')
        rw_table_expr(w);
    else
        rw_op(w, rw_pick_op(w, (uint8_t)type), depth);
}

/* ---- statements ---- */

static inline void rw_loop(struct rw *w, uint32_t depth)
{
    const uint32_t counter = w->counter_first + w->counters;

    if (w->counters == RW_COUNTERS || w->label_count >= RW_NESTING)
        return;
    w->counters++;
    rw_int(w, false, 1 + rw_below(w, RW_ROUNDS));
    rw_local(w, 0x21, counter);
    rw_open(w, 0x03, '.');
    rw_statements(w, depth);
    rw_local(w, 0x20, counter);
    rw_int(w, false, 1);
    buf_byte(w->out, 0x6b);
    rw_local(w, 0x22, counter);
    rw_local(w, 0x0d, 0);
    rw_close(w);
    w->counters--;
}

/* A branch forward: the labels of loops are left alone. Those that take a value get one. */
static inline void rw_branch(struct rw *w, uint32_t depth)
{
    const uint32_t up = rw_below(w, w->label_count);
    const struct rw_label l = w->labels[w->label_count - 1 - up];

    if (l.results[0] == '\0')
        return;
    rw_args(w, l.results, depth);
    rw_expr(w, 'i', depth);
    rw_local(w, 0x0d, up);
    for (size_t i = 0; i < strlen(l.results); i++)
        buf_byte(w->out, 0x1a);
}

/* Blocks in blocks, left by a br_table. */
static inline void rw_table(struct rw *w, uint32_t depth)
{
    const uint32_t blocks = 1 + rw_below(w, 3), targets = rw_below(w, 7);

    if (w->label_count + blocks > RW_NESTING)
        return;
    for (uint32_t i = 0; i < blocks; i++)
        rw_open(w, 0x02, '.');
    rw_expr(w, 'i', depth);
    if (rng_chance(&w->rng, 1, 2)) {
        rw_int(w, false, 7);
        buf_byte(w->out, 0x71);
    }
    rw_local(w, 0x0e, targets);
    for (uint32_t i = 0; i <= targets; i++)
        buf_uleb(w->out, rw_below(w, blocks));
    for (uint32_t i = 0; i < blocks; i++) {
        rw_close(w);
        rw_statements(w, depth);
    }
}

static inline void rw_bulk(struct rw *w, uint32_t depth)
{
    const bool is_copy = rng_chance(&w->rng, 1, 2);

    rw_address(w, false, false, depth);
    if (is_copy)
        rw_address(w, false, false, depth);
    else
        rw_expr(w, 'i', depth);
    rw_int(w, false, rng_chance(&w->rng, 1, 60) ? (int32_t)rw_number(w) : (int32_t)rw_below(w, 70));
    buf_byte(w->out, 0xfc);
    buf_byte(w->out, is_copy ? 0x0a : 0x0b);
    buf_byte(w->out, 0);
    if (is_copy)
        buf_byte(w->out, 0);
}

static inline void rw_if(struct rw *w, uint32_t depth)
{
    if (w->label_count >= RW_NESTING)
        return;
    rw_expr(w, 'i', depth);
    rw_open(w, 0x04, '.');
    rw_statements(w, depth);
    if (rng_chance(&w->rng, 1, 2)) {
        buf_byte(w->out, 0x05);
        rw_statements(w, depth);
    }
    rw_close(w);
}

static inline void rw_return_if(struct rw *w, uint32_t depth)
{
    if (w->label_count >= RW_NESTING)
        return;
    rw_expr(w, 'i', depth);
    rw_open(w, 0x04, '.');
    rw_args(w, w->types[w->func].results, depth);
    buf_byte(w->out, 0x0f);
    rw_close(w);
}

/* Leaves through a call of an earlier function that gives the same. */
static inline void rw_tail_call(struct rw *w, uint32_t depth)
{
    if (w->label_count >= RW_NESTING)
        return;
    for (uint32_t f = 0; f < w->func; f++) {
        if (strcmp(w->types[f].results, w->types[w->func].results) != 0)
            continue;
        rw_expr(w, 'i', depth);
        rw_open(w, 0x04, '.');
        rw_args(w, w->types[f].params, depth);
        if (rng_chance(&w->rng, 1, 2)) {
            rw_local(w, 0x12, f); /* return_call */
        } else {
            rw_int(w, false, f);
            rw_local(w, 0x13, f); /* return_call_indirect */
            buf_byte(w->out, 0);
        }
        rw_close(w);
        return;
    }
}

/* A block or loop of a function's type: parameters and several results. */
static inline void rw_typed_block(struct rw *w, uint32_t depth)
{
    const uint32_t f = rw_below(w, RW_FUNCS);
    const struct rw_type *t = &w->types[f];
    const bool is_loop = rng_chance(&w->rng, 1, 3);

    if (w->label_count >= RW_NESTING)
        return;
    rw_args(w, t->params, depth);
    buf_byte(w->out, is_loop ? 0x03 : 0x02);
    buf_sleb(w->out, f);
    struct rw_label *l = &w->labels[w->label_count++];
    memset(l->results, 0, sizeof(l->results));
    if (!is_loop)
        memcpy(l->results, t->results, sizeof(t->results));
    for (size_t i = strlen(t->params); i-- > 0;) {
        const uint32_t local = rw_find_local(w, t->params[i]);
        if (local != UINT32_MAX)
            rw_local(w, 0x21, local);
        else
            buf_byte(w->out, 0x1a);
    }
    rw_statements(w, depth);
    rw_args(w, t->results, depth);
    rw_close(w);
    for (size_t i = 0; i < strlen(t->results); i++)
        buf_byte(w->out, 0x1a);
}

/* An element of the table becomes another function, or null. */
static inline void rw_table_set(struct rw *w)
{
    rw_int(w, false, RW_FUNCS); /* the one that calls through the table rarely use */
    if (rng_chance(&w->rng, 1, 3)) {
        buf_byte(w->out, 0xd0); /* ref.null func */
        buf_byte(w->out, 0x70);
    } else {
        rw_local(w, 0xd2, rw_below(w, RW_FUNCS));
    }
    rw_local(w, 0x26, 0);
}

/* Is an element of the table null? */
static inline void rw_table_expr(struct rw *w)
{
    rw_int(w, false, rw_below(w, RW_FUNCS + 1));
    rw_local(w, 0x25, 0);
    buf_byte(w->out, 0xd1);
}

static inline void rw_set(struct rw *w, uint32_t depth)
{
    const char type = rw_any_type(w);
    const uint32_t local = rw_find_local(w, type);

    rw_expr(w, type, depth);
    if (local != UINT32_MAX && rng_chance(&w->rng, 4, 5))
        rw_local(w, 0x21, local);
    else
        rw_local(w, 0x24, rw_global(type));
}

static inline void rw_statement(struct rw *w, uint32_t depth)
{
    const uint32_t what = rw_below(w, 100);

    if (w->budget == 0)
        return;
    w->budget--;
    if (what < 40) {
        rw_set(w, depth);
    } else if (what < 60) {
        rw_op(w, rw_pick_op(w, '.'), depth);
    } else if (what < 72) {
        rw_if(w, depth);
    } else if (what < 80) {
        rw_loop(w, depth);
    } else if (what < 86) {
        rw_table(w, depth);
    } else if (what < 92) {
        rw_branch(w, depth);
    } else if (what < 94) {
        rw_bulk(w, depth);
    } else if (what < 95) {
        rw_return_if(w, depth);
    } else if (what < 96) {
        rw_tail_call(w, depth);
    } else if (what < 98) {
        rw_typed_block(w, depth);
    } else if (what < 99) {
        rw_table_set(w);
    } else {
        rw_expr(w, rw_any_type(w), depth);
        buf_byte(w->out, 0x1a);
    }
}

static inline void rw_statements(struct rw *w, uint32_t depth)
{
    if (depth == 0)
        return;
    for (uint32_t n = 1 + rw_below(w, 3); n > 0; n--)
        rw_statement(w, depth - 1);
}

/* ---- modules ---- */

static inline void rw_section(struct buf *out, uint8_t id, const struct buf *content)
{
    buf_byte(out, id);
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

static inline void rw_make_types(struct rw *w, struct buf *b)
{
    buf_uleb(b, RW_FUNCS);
    for (uint32_t f = 0; f < RW_FUNCS; f++) {
        struct rw_type *t = &w->types[f];
        const uint32_t params = rw_below(w, RW_PARAMS_MAX + 1);
        const uint32_t results = rng_chance(&w->rng, 3, 4) ? 1 : rw_below(w, RW_RESULTS_MAX + 1);
        for (uint32_t i = 0; i < params; i++)
            t->params[i] = rw_any_type(w);
        for (uint32_t i = 0; i < results; i++)
            t->results[i] = rw_any_type(w);
        if (f > 0 && rng_chance(&w->rng, 1, 3)) /* for tail calls */
            memcpy(t->results, w->types[f - 1].results, sizeof(t->results));
        const uint32_t result_count = (uint32_t)strlen(t->results);
        buf_byte(b, 0x60);
        buf_uleb(b, params);
        for (uint32_t i = 0; i < params; i++)
            buf_byte(b, rw_code(t->params[i]));
        buf_uleb(b, result_count);
        for (uint32_t i = 0; i < result_count; i++)
            buf_byte(b, rw_code(t->results[i]));
    }
}

static inline void rw_make_body(struct rw *w, struct buf *code)
{
    const struct rw_type *t = &w->types[w->func];
    const uint32_t params = (uint32_t)strlen(t->params);
    struct buf body;

    buf_init(&body, w->arena);
    w->out = &body;
    memset(w->locals, 0, sizeof(w->locals));
    memcpy(w->locals, t->params, params);
    buf_uleb(&body, RW_LOCALS + 1);
    for (uint32_t i = 0; i < RW_LOCALS; i++) {
        w->locals[params + i] = rw_any_type(w);
        buf_byte(&body, 1);
        buf_byte(&body, rw_code(w->locals[params + i]));
    }
    buf_byte(&body, RW_COUNTERS);
    buf_byte(&body, rw_code('i'));
    w->counter_first = params + RW_LOCALS;
    w->counters = 0;
    w->label_count = 1;
    memcpy(w->labels[0].results, t->results, sizeof(t->results));
    w->budget = 20 + rw_below(w, 160);
    rw_statements(w, RW_DEPTH);
    rw_statements(w, RW_DEPTH);
    rw_args(w, t->results, RW_DEPTH);
    buf_byte(&body, 0x0b);
    buf_uleb(code, body.size);
    buf_bytes(code, body.data, body.size);
}

static inline void rw_make_globals(struct rw *w, struct buf *b)
{
    buf_uleb(b, RW_GLOBALS);
    w->out = b;
    for (uint32_t i = 0; i < RW_GLOBALS; i++) {
        const char type = "iIfFv"[i];
        buf_byte(b, rw_code(type));
        buf_byte(b, 1);
        rw_const(w, type);
        buf_byte(b, 0x0b);
    }
}

static inline void rw_make_exports(struct buf *b)
{
    buf_uleb(b, RW_FUNCS);
    for (uint32_t f = 0; f < RW_FUNCS; f++) {
        buf_byte(b, 2);
        buf_byte(b, 'f');
        buf_byte(b, (uint8_t)('0' + f));
        buf_byte(b, 0);
        buf_uleb(b, f);
    }
}

static inline void rw_make_elements(struct buf *b)
{
    static const uint8_t head[] = {1, 0, 0x41, 0, 0x0b, RW_FUNCS};

    buf_bytes(b, head, sizeof(head));
    for (uint32_t f = 0; f < RW_FUNCS; f++)
        buf_uleb(b, f);
}

static inline void rw_make_module(struct rw *w, struct buf *out)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0}, funcs[] = {5, 0, 1, 2, 3, 4},
                         table[] = {1, 0x70, 0, RW_FUNCS + 1}, memory[] = {1, 1, 1, 3},
                         memories[] = {2, 1, 1, 3, 5, 1, 3};
    struct buf parts[8];

    _Static_assert(RW_FUNCS == 5, "funcs lists them");
    for (uint32_t i = 0; i < LENGTH_OF(parts); i++)
        buf_init(&parts[i], w->arena);
    rw_make_types(w, &parts[0]);
    buf_bytes(&parts[1], funcs, sizeof(funcs));
    buf_bytes(&parts[2], table, sizeof(table));
    if (w->has_memory64)
        buf_bytes(&parts[3], memories, sizeof(memories));
    else
        buf_bytes(&parts[3], memory, sizeof(memory));
    rw_make_globals(w, &parts[4]);
    rw_make_exports(&parts[5]);
    rw_make_elements(&parts[6]);
    buf_uleb(&parts[7], RW_FUNCS);
    for (w->func = 0; w->func < RW_FUNCS; w->func++)
        rw_make_body(w, &parts[7]);
    buf_bytes(out, header, sizeof(header));
    static const uint8_t ids[] = {1, 3, 4, 5, 6, 7, 9, 10};
    for (uint32_t i = 0; i < LENGTH_OF(parts); i++)
        rw_section(out, ids[i], &parts[i]);
}

/* Appends the bytes of the module of a seed. */
static inline void random_wasm(uint64_t seed, struct arena *arena, struct buf *out)
{
    struct rw *w = arena_new(arena, struct rw, 1);

    w->arena = arena;
    rng_seed(&w->rng, seed);
    w->has_memory64 = rng_chance(&w->rng, 1, 3);
    w->has_vectors = rng_chance(&w->rng, 1, 2);
    w->has_atomics = rng_chance(&w->rng, 1, 3);
    rw_index_ops(w);
    rw_make_module(w, out);
}

#endif /* TESTS_UNIT_RANDOM_WASM_H */
