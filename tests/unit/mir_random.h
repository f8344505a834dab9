/*
 * mir_random: functions for the tests of the register allocator: control flow of every shape
 * without critical edges, loops, parameters of blocks, every kind of constraint, conflicts of fixed
 * operands, calls, remats, high pressure. Always valid; the same seed gives the same function.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_MIR_RANDOM_H
#define TESTS_UNIT_MIR_RANDOM_H

#include "base/rng.h"
#include "shield/codegen/mir.h"

#include <string.h>

struct mir_random_options {
    uint32_t blocks;   /* before critical edges are split */
    uint32_t insts;    /* per block, on average */
    uint32_t pressure; /* percent of uses that reach far back */
    uint32_t calls;    /* percent of instructions */
    bool is_vector_heavy;
    bool is_shuffled; /* the layout is not the order of dominance */
};

#define MIRR_CALLER_GPR UINT32_C(0x07c7) /* rax rcx rdx rsi rdi r8 r9 r10 */
#define MIRR_CALLEE_GPR UINT32_C(0x3028) /* rbx rbp r12 r13 */
#define MIRR_XMM        UINT32_C(0x7fff0000)

struct mirr_edge_list {
    uint32_t *to;
    uint32_t count, capacity;
};
struct mirr_vregs {
    mir_vreg *items;
    uint32_t count, capacity;
};

struct mirr {
    struct mir_func *f;
    struct arena *arena;
    struct rng *rng;
    struct mir_random_options options;
    struct mirr_edge_list *succs;
    uint32_t block_count;
    uint32_t *idom;
    struct mirr_vregs *defined; /* per block */
    uint32_t vreg_capacity, inst_capacity, operand_capacity, arg_capacity;
    uint32_t operand_count, arg_count;
    uint32_t block; /* at hand */
    /* of the instruction at hand: registers that are spoken for */
    mir_preg_set use_fixed, def_fixed, late_fixed;
};

static inline uint32_t mirr_below(struct mirr *m, uint32_t n)
{
    return (uint32_t)rng_below(m->rng, n);
}
static inline bool mirr_percent(struct mirr *m, uint32_t n)
{
    return mirr_below(m, 100) < n;
}

/* ---- control flow ---- */

static inline void mirr_add_edge(struct mirr *m, uint32_t from, uint32_t to)
{
    for (uint32_t k = 0; k < m->succs[from].count; k++)
        if (m->succs[from].to[k] == to)
            return;
    ARENA_PUSH(m->arena, m->succs[from].to, m->succs[from].count, m->succs[from].capacity, to);
}

/* Every block is reached from an earlier one; then some edges anywhere but to the entry. */
static inline void mirr_shape(struct mirr *m)
{
    const uint32_t n = m->options.blocks;

    m->succs = arena_new(m->arena, struct mirr_edge_list, n * 8 + 8);
    for (uint32_t b = 1; b < n; b++)
        mirr_add_edge(m, mirr_percent(m, 70) ? b - 1 : mirr_below(m, b), b);
    for (uint32_t k = 0; n > 1 && k < n; k++) {
        uint32_t from = mirr_below(m, n), to = 1 + mirr_below(m, n - 1);
        if (m->succs[from].count < 5 && !(from == 0 && to == 0))
            mirr_add_edge(m, from, to);
    }
    m->block_count = n;
    uint32_t *preds = arena_new(m->arena, uint32_t, n);
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t k = 0; k < m->succs[b].count; k++)
            preds[m->succs[b].to[k]]++;
    for (uint32_t b = 0; b < n; b++)
        for (uint32_t k = 0; m->succs[b].count > 1 && k < m->succs[b].count; k++)
            if (preds[m->succs[b].to[k]] > 1) { /* a block on the critical edge */
                mirr_add_edge(m, m->block_count, m->succs[b].to[k]);
                m->succs[b].to[k] = m->block_count++;
            }
}

static inline void mirr_make_blocks(struct mirr *m)
{
    struct mir_func *f = m->f;
    uint32_t edges = 0, preds = 0;

    f->block_count = m->block_count;
    f->blocks = arena_new(m->arena, struct mir_block, f->block_count);
    for (uint32_t b = 0; b < f->block_count; b++)
        f->edge_count += m->succs[b].count;
    f->edges = arena_new(m->arena, struct mir_edge, f->edge_count);
    f->preds = arena_new(m->arena, uint32_t, f->edge_count);
    for (uint32_t b = 0; b < f->block_count; b++) {
        f->blocks[b].edge_first = edges;
        f->blocks[b].edge_count = m->succs[b].count;
        f->blocks[b].loop_header = MIR_NONE;
        f->blocks[b].cold = mirr_percent(m, 20);
        for (uint32_t k = 0; k < m->succs[b].count; k++)
            f->edges[edges++] = (struct mir_edge){b, m->succs[b].to[k], 0};
    }
    for (uint32_t b = 0; b < f->block_count; b++) {
        f->blocks[b].pred_first = preds;
        for (uint32_t e = 0; e < f->edge_count; e++)
            if (f->edges[e].to == b)
                f->preds[preds++] = e;
        f->blocks[b].pred_count = preds - f->blocks[b].pred_first;
    }
}

/* dominates[a * n + b] would be large; sets of dominators by iteration until nothing changes. */
static inline bool mirr_dominates(const struct mirr *m, uint32_t a, uint32_t b)
{
    while (b != a && b != 0)
        b = m->idom[b];
    return a == b;
}

static inline void mirr_post_order(const struct mirr *m, uint32_t *order, uint32_t *number)
{
    uint32_t *stack = arena_new(m->arena, uint32_t, m->block_count + 1);
    uint32_t *at = arena_new(m->arena, uint32_t, m->block_count);
    uint32_t top = 0, count = 0;

    memset(number, 0xff, m->block_count * sizeof(*number));
    stack[top++] = 0;
    number[0] = 0;
    while (top > 0) {
        uint32_t b = stack[top - 1];
        if (at[b] == m->succs[b].count) {
            number[b] = count;
            order[count++] = b;
            top--;
            continue;
        }
        uint32_t to = m->succs[b].to[at[b]++];
        if (number[to] == MIR_NONE) {
            number[to] = 0;
            stack[top++] = to;
        }
    }
}

static inline void mirr_find_dominators(struct mirr *m, const uint32_t *order,
                                        const uint32_t *number)
{
    const struct mir_func *f = m->f;
    bool changed = true;

    m->idom = arena_new(m->arena, uint32_t, m->block_count);
    memset(m->idom, 0xff, m->block_count * sizeof(*m->idom));
    m->idom[0] = 0;
    while (changed) {
        changed = false;
        for (uint32_t k = m->block_count - 1; k-- > 0;) {
            uint32_t b = order[k], best = MIR_NONE;
            for (uint32_t p = 0; p < f->blocks[b].pred_count; p++) {
                uint32_t x = f->edges[f->preds[f->blocks[b].pred_first + p]].from;
                if (m->idom[x] == MIR_NONE)
                    continue;
                for (uint32_t y = best; y != MIR_NONE && x != y;) {
                    while (number[x] < number[y])
                        x = m->idom[x];
                    while (number[y] < number[x])
                        y = m->idom[y];
                }
                best = x;
            }
            changed |= m->idom[b] != best;
            m->idom[b] = best;
        }
    }
}

/* Natural loops of the edges that go to a dominator. */
static inline void mirr_find_loops(struct mirr *m)
{
    struct mir_func *f = m->f;
    uint32_t *stamp = arena_new(m->arena, uint32_t, m->block_count);
    uint32_t *work = arena_new(m->arena, uint32_t, m->block_count + 1);

    for (uint32_t h = 1; h < m->block_count; h++) {
        uint32_t top = 0;
        for (uint32_t p = 0; p < f->blocks[h].pred_count; p++) {
            uint32_t from = f->edges[f->preds[f->blocks[h].pred_first + p]].from;
            if (mirr_dominates(m, h, from) && stamp[from] != h) {
                stamp[from] = h;
                work[top++] = from;
            }
        }
        if (top == 0)
            continue;
        if (stamp[h] != h) {
            stamp[h] = h;
            f->blocks[h].loop_depth++;
            if (f->blocks[h].loop_header == MIR_NONE ||
                mirr_dominates(m, f->blocks[h].loop_header, h))
                f->blocks[h].loop_header = h;
        }
        while (top > 0) {
            uint32_t b = work[--top];
            uint32_t inner = f->blocks[b].loop_header;
            f->blocks[b].loop_depth++;
            if (inner == MIR_NONE || mirr_dominates(m, inner, h))
                f->blocks[b].loop_header = h;
            for (uint32_t p = 0; b != h && p < f->blocks[b].pred_count; p++) {
                uint32_t from = f->edges[f->preds[f->blocks[b].pred_first + p]].from;
                if (stamp[from] != h) {
                    stamp[from] = h;
                    work[top++] = from;
                }
            }
        }
    }
}

/* ---- values ---- */

static inline mir_vreg mirr_new_vreg(struct mirr *m, uint8_t class, uint8_t width)
{
    struct mir_vreg_info info = {.class = class, .width = width, .remat = MIR_NONE};

    ARENA_PUSH(m->arena, m->f->vregs, m->f->vreg_count, m->vreg_capacity, info);
    struct mirr_vregs *list = &m->defined[m->block];
    ARENA_PUSH(m->arena, list->items, list->count, list->capacity, m->f->vreg_count - 1);
    return m->f->vreg_count - 1;
}

static inline void mirr_random_kind(struct mirr *m, uint8_t *class, uint8_t *width)
{
    *class = mirr_percent(m, m->options.is_vector_heavy ? 70 : 25) ? MIR_XMM : MIR_GPR;
    *width = (uint8_t)mirr_below(m, *class == MIR_XMM ? 3 : 2);
}

/* A value of that class (and width, unless 0xff) that is defined wherever control comes to the end
 * of what has been made of block b. The entry has one of every kind. */
static inline mir_vreg mirr_find_value(struct mirr *m, uint32_t b, uint8_t class, uint8_t width)
{
    for (uint32_t tries = 0;; tries++) {
        const struct mirr_vregs *list = &m->defined[b];
        bool go_up = list->count == 0 || tries > 8 || mirr_percent(m, m->options.pressure);
        if (go_up && (b != 0 || tries > 8)) {
            b = tries > 30 ? 0 : m->idom[b];
            list = &m->defined[b];
        }
        for (uint32_t k = 0; k < 4 && list->count > 0; k++) {
            mir_vreg v = list->items[mirr_below(m, list->count)];
            const struct mir_vreg_info *info = &m->f->vregs[v];
            if (info->class == class && (width == 0xff || info->width == width))
                return v;
        }
        for (uint32_t k = 0; b == 0 && tries > 40 && k < list->count; k++) {
            const struct mir_vreg_info *info = &m->f->vregs[list->items[k]];
            if (info->class == class && (width == 0xff || info->width == width))
                return list->items[k];
        }
    }
}

/* ---- instructions ---- */

static inline struct mir_inst *mirr_begin(struct mirr *m, uint8_t flags)
{
    struct mir_func *f = m->f;

    if (f->inst_count + 1 >= m->inst_capacity) {
        uint32_t capacity = MAX(m->inst_capacity * 2, 64u);
        f->insts = arena_grow(m->arena, f->insts, m->inst_capacity, capacity, sizeof(*f->insts));
        f->clobbers =
            arena_grow(m->arena, f->clobbers, m->inst_capacity, capacity, sizeof(*f->clobbers));
        f->operand_first = arena_grow(m->arena, f->operand_first, m->inst_capacity, capacity,
                                      sizeof(*f->operand_first));
        m->inst_capacity = capacity;
    }
    m->use_fixed = m->def_fixed = m->late_fixed = 0;
    f->insts[f->inst_count].flags = flags;
    f->operand_first[f->inst_count] = m->operand_count;
    return &f->insts[f->inst_count];
}

static inline void mirr_end(struct mirr *m, mir_preg_set clobbers)
{
    m->f->clobbers[m->f->inst_count++] = clobbers;
    m->f->operand_first[m->f->inst_count] = m->operand_count;
}

static inline void mirr_operand(struct mirr *m, mir_vreg v, uint8_t kind, uint8_t position,
                                uint8_t constraint, uint32_t arg)
{
    struct mir_operand op = {v, kind, position, constraint, (uint8_t)arg};

    if (constraint == MIR_FIXED) {
        if (kind == MIR_USE || position == MIR_EARLY)
            m->use_fixed |= UINT32_C(1) << arg;
        if (kind == MIR_DEF)
            m->def_fixed |= UINT32_C(1) << arg;
        if (kind == MIR_USE ? position == MIR_LATE : position == MIR_EARLY)
            m->late_fixed |= UINT32_C(1) << arg;
    }
    ARENA_PUSH(m->arena, m->f->operands, m->operand_count, m->operand_capacity, op);
}

static inline void mirr_use(struct mirr *m, uint8_t class, uint8_t position, uint8_t constraint,
                            uint32_t arg)
{
    mirr_operand(m, mirr_find_value(m, m->block, class, 0xff), MIR_USE, position, constraint, arg);
}

/* Defs are made visible to later instructions only: a new vreg enters the list at once, so uses of
 * an instruction come in front of its defs. */
static inline void mirr_def(struct mirr *m, uint8_t class, uint8_t width, uint8_t position,
                            uint8_t constraint, uint32_t arg)
{
    mirr_operand(m, mirr_new_vreg(m, class, width), MIR_DEF, position, constraint, arg);
}

static inline void mirr_entry(struct mirr *m)
{
    static const uint8_t args[6] = {7, 6, 2, 1, 8, 9};

    mirr_begin(m, 0);
    for (uint32_t k = 0; k < 6; k++)
        mirr_def(m, MIR_GPR, k % 2 == 0 ? MIR_W32 : MIR_W64, MIR_LATE, MIR_FIXED, args[k]);
    for (uint32_t k = 0; k < 6; k++)
        mirr_def(m, MIR_XMM, (uint8_t)(k % 3), MIR_LATE, MIR_FIXED, 16 + k);
    mirr_end(m, 0);
}

static inline void mirr_call(struct mirr *m)
{
    static const uint8_t args[6] = {7, 6, 2, 1, 8, 9};
    uint32_t gpr = mirr_below(m, 7), xmm = mirr_below(m, 4);

    mirr_begin(m, MIR_IS_CALL);
    if (mirr_percent(m, 30))
        mirr_use(m, MIR_GPR, MIR_EARLY, mirr_percent(m, 50) ? MIR_REG : MIR_ANY, 0);
    for (uint32_t k = 0; k < gpr; k++)
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_FIXED, args[k]);
    for (uint32_t k = 0; k < xmm; k++)
        mirr_use(m, MIR_XMM, MIR_EARLY, MIR_FIXED, 16 + k);
    if (mirr_percent(m, 70))
        mirr_def(m, MIR_GPR, MIR_W32, MIR_LATE, MIR_FIXED, 0);
    if (mirr_percent(m, 20))
        mirr_def(m, MIR_XMM, MIR_W128, MIR_LATE, MIR_FIXED, 16);
    mirr_end(m, (MIRR_CALLER_GPR | MIRR_XMM) & ~m->def_fixed);
}

/* What selection makes for two-address arithmetic, shifts, divisions, stores... */
static inline void mirr_usual(struct mirr *m)
{
    uint8_t class = MIR_GPR, width = MIR_W32;

    mirr_random_kind(m, &class, &width);
    switch (mirr_below(m, 7)) {
    case 0: { /* a constant */
        mirr_begin(m, MIR_IS_REMAT);
        mirr_def(m, class, width, MIR_LATE, MIR_REG, 0);
        m->f->vregs[m->f->vreg_count - 1].remat = m->f->inst_count;
        mirr_end(m, 0);
        break;
    }
    case 1: { /* a copy */
        mir_vreg v = mirr_find_value(m, m->block, class, width);
        mirr_begin(m, MIR_IS_MOVE);
        mirr_operand(m, v, MIR_USE, MIR_EARLY, mirr_percent(m, 50) ? MIR_ANY : MIR_REG, 0);
        mirr_def(m, class, width, MIR_LATE, mirr_percent(m, 20) ? MIR_ANY : MIR_REG, 0);
        mirr_end(m, 0);
        break;
    }
    case 2: /* a store */
        mirr_begin(m, 0);
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_REG, 0);
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_REG, 0);
        mirr_use(m, class, MIR_EARLY, MIR_REG, 0);
        mirr_end(m, 0);
        break;
    case 3: /* a shift */
        mirr_begin(m, 0);
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_REG, 0);
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_FIXED, 1);
        mirr_def(m, MIR_GPR, MIR_W64, MIR_LATE, MIR_REUSE, 0);
        mirr_end(m, 0);
        break;
    case 4: /* a division */
        mirr_begin(m, 0);
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_FIXED, 0);
        mirr_use(m, MIR_GPR, MIR_LATE, mirr_percent(m, 50) ? MIR_ANY : MIR_REG, 0);
        mirr_def(m, MIR_GPR, MIR_W32, MIR_LATE, MIR_FIXED, 0);
        mirr_end(m, 1 << 2);
        break;
    default: /* arithmetic with two addresses */
        mirr_begin(m, 0);
        mirr_use(m, class, MIR_EARLY, MIR_REG, 0);
        mirr_use(m, class, MIR_EARLY, mirr_percent(m, 60) ? MIR_ANY : MIR_REG, 0);
        mirr_def(m, class, width, MIR_LATE, MIR_REUSE, 0);
        mirr_end(m, 0);
        break;
    }
}

static inline uint32_t mirr_free_register(struct mirr *m, uint8_t class, mir_preg_set taken)
{
    const mir_preg_set all = class == MIR_GPR ? MIRR_CALLER_GPR | MIRR_CALLEE_GPR : MIRR_XMM;

    for (;;) {
        uint32_t reg = (class == MIR_GPR ? 0u : 16u) + mirr_below(m, 16);
        if (((all & ~taken) >> reg & 1) != 0)
            return reg;
    }
}

static inline void mirr_odd_use(struct mirr *m)
{
    uint8_t class = MIR_GPR, width = MIR_W32;
    const uint8_t position = mirr_percent(m, 30) ? MIR_LATE : MIR_EARLY;

    mirr_random_kind(m, &class, &width);
    if (!mirr_percent(m, 40)) {
        mirr_use(m, class, position, mirr_percent(m, 40) ? MIR_ANY : MIR_REG, 0);
    } else if (mirr_percent(m, 6)) {
        if ((m->use_fixed >> 14 & 1) == 0)
            mirr_use(m, MIR_GPR, MIR_EARLY, MIR_FIXED, 14); /* pinned */
    } else {
        mirr_use(m, class, position, MIR_FIXED, mirr_free_register(m, class, m->use_fixed));
    }
}

/* Anything that mir.h allows: the same value in several places, late uses, early defs. */
static inline void mirr_odd(struct mirr *m)
{
    const uint32_t uses = mirr_below(m, 5), defs = mirr_below(m, 3);
    uint8_t class = MIR_GPR, width = MIR_W32;

    mirr_begin(m, 0);
    const uint32_t first = m->operand_count;
    for (uint32_t k = 0; k < uses; k++)
        mirr_odd_use(m);
    if (m->operand_count > first && mirr_percent(m, 40)) { /* once more */
        mir_vreg v = m->f->operands[first].vreg;
        mirr_operand(m, v, MIR_USE, mirr_percent(m, 50) ? MIR_LATE : MIR_EARLY, MIR_REG, 0);
    }
    if (m->operand_count > first && mirr_percent(m, 30)) { /* and in a register of its own */
        mir_vreg v = m->f->operands[first].vreg;
        uint8_t c = m->f->vregs[v].class;
        mirr_operand(m, v, MIR_USE, MIR_EARLY, MIR_FIXED, mirr_free_register(m, c, m->use_fixed));
    }
    const uint32_t use_end = m->operand_count;
    for (uint32_t k = 0; k < defs; k++) {
        mirr_random_kind(m, &class, &width);
        const bool early = mirr_percent(m, 25);
        mir_preg_set taken = m->def_fixed | m->late_fixed | (early ? m->use_fixed : 0);
        if (mirr_percent(m, 40))
            mirr_def(m, class, width, early ? MIR_EARLY : MIR_LATE, MIR_FIXED,
                     mirr_free_register(m, class, taken));
        else
            mirr_def(m, class, width, early ? MIR_EARLY : MIR_LATE,
                     mirr_percent(m, 30) ? MIR_ANY : MIR_REG, 0);
    }
    for (uint32_t k = first; k < use_end; k++) {
        const struct mir_operand op = m->f->operands[k];
        if (op.constraint != MIR_REG || op.position != MIR_EARLY || mirr_percent(m, 50))
            continue;
        const struct mir_vreg_info info = m->f->vregs[op.vreg];
        mirr_def(m, info.class, info.width, MIR_LATE, MIR_REUSE, k - first);
        break;
    }
    mir_preg_set clobbers = 0;
    for (uint32_t k = mirr_below(m, 4); k > 0; k--)
        clobbers |=
            UINT32_C(1) << mirr_free_register(m, mirr_percent(m, 80) ? MIR_GPR : MIR_XMM, 0);
    mirr_end(m, clobbers & ~m->def_fixed & ~m->late_fixed);
}

static inline void mirr_fill_block(struct mirr *m, uint32_t b)
{
    struct mir_func *f = m->f;
    struct mir_block *block = &f->blocks[b];

    m->block = b;
    block->inst_first = f->inst_count;
    if (b == 0)
        mirr_entry(m);
    for (uint32_t k = mirr_below(m, m->options.insts * 2 + 1); k > 0; k--) {
        if (mirr_percent(m, m->options.calls))
            mirr_call(m);
        else if (mirr_percent(m, 75))
            mirr_usual(m);
        else
            mirr_odd(m);
    }
    mirr_begin(m, block->edge_count == 0 ? MIR_IS_RETURN : MIR_IS_BRANCH);
    if (block->edge_count == 0) {
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_FIXED, 0);
        if (mirr_percent(m, 30))
            mirr_use(m, MIR_XMM, MIR_EARLY, MIR_FIXED, 16);
    } else if (block->edge_count > 1) {
        mirr_use(m, MIR_GPR, MIR_EARLY, MIR_REG, 0);
        if (mirr_percent(m, 50))
            mirr_use(m, MIR_GPR, MIR_EARLY, MIR_ANY, 0);
        if (mirr_percent(m, 20)) { /* a jump table needs a temporary */
            mirr_def(m, MIR_GPR, MIR_W64, MIR_EARLY, MIR_REG, 0);
            m->defined[b].count--;
        }
    }
    mirr_end(m, 0);
    block->inst_end = f->inst_count;
}

static inline void mirr_make_params(struct mirr *m, uint32_t b)
{
    struct mir_func *f = m->f;
    struct mir_block *block = &f->blocks[b];
    uint32_t wanted = mirr_below(m, 5);

    m->block = b;
    block->param_first = m->arg_count;
    for (uint32_t p = 0; p < block->pred_count; p++)
        if (f->blocks[f->edges[f->preds[block->pred_first + p]].from].edge_count > 1)
            wanted = 0;
    for (uint32_t k = 0; block->pred_count > 0 && k < wanted; k++) {
        uint8_t class = MIR_GPR, width = MIR_W32;
        mirr_random_kind(m, &class, &width);
        ARENA_PUSH(m->arena, f->args, m->arg_count, m->arg_capacity,
                   mirr_new_vreg(m, class, width));
        block->param_count++;
    }
}

/* Arguments are chosen last, when everything is defined: also values of the block itself, around a
 * loop, and the parameters themselves in another order. */
static inline void mirr_fill_edges(struct mirr *m)
{
    struct mir_func *f = m->f;

    for (uint32_t e = 0; e < f->edge_count; e++) {
        const struct mir_block *to = &f->blocks[f->edges[e].to];
        f->edges[e].arg_first = m->arg_count;
        for (uint32_t k = 0; k < to->param_count; k++) {
            const struct mir_vreg_info *info = &f->vregs[f->args[to->param_first + k]];
            mir_vreg v = mirr_find_value(m, f->edges[e].from, info->class, info->width);
            ARENA_PUSH(m->arena, f->args, m->arg_count, m->arg_capacity, v);
        }
    }
}

/* Another layout: the blocks behind the entry in any order. */
static inline void mirr_shuffle(struct mirr *m)
{
    struct mir_func *f = m->f;
    const struct mir_func old = *f;
    uint32_t *name = arena_new(m->arena, uint32_t, f->block_count);  /* new number of an old one */
    uint32_t *which = arena_new(m->arena, uint32_t, f->block_count); /* old number of a new one */
    uint32_t count = 0, operands = 0;

    for (uint32_t b = 0; b < f->block_count; b++)
        which[b] = b;
    for (uint32_t b = f->block_count - 1; b > 1; b--) {
        uint32_t other = 1 + mirr_below(m, b), t = which[b];
        which[b] = which[other];
        which[other] = t;
    }
    f->insts = arena_new(m->arena, struct mir_inst, f->inst_count);
    f->clobbers = arena_new(m->arena, mir_preg_set, f->inst_count);
    f->operand_first = arena_new(m->arena, uint32_t, (size_t)f->inst_count + 1);
    f->operands = arena_new(m->arena, struct mir_operand, m->operand_count);
    f->blocks = arena_new(m->arena, struct mir_block, f->block_count);
    for (uint32_t b = 0; b < f->block_count; b++) {
        f->blocks[b] = old.blocks[which[b]];
        name[which[b]] = b;
        f->blocks[b].inst_first = count;
        for (uint32_t i = old.blocks[which[b]].inst_first; i < old.blocks[which[b]].inst_end; i++) {
            const uint32_t size = old.operand_first[i + 1] - old.operand_first[i];
            f->insts[count] = old.insts[i];
            f->clobbers[count] = old.clobbers[i];
            f->operand_first[count] = operands;
            memcpy(&f->operands[operands], &old.operands[old.operand_first[i]],
                   size * sizeof(*f->operands));
            if ((old.insts[i].flags & MIR_IS_REMAT) != 0)
                f->vregs[f->operands[operands].vreg].remat = count;
            operands += size;
            f->operand_first[++count] = operands;
        }
        f->blocks[b].inst_end = count;
    }
    for (uint32_t b = 0; b < f->block_count; b++)
        if (f->blocks[b].loop_header != MIR_NONE)
            f->blocks[b].loop_header = name[f->blocks[b].loop_header];
    for (uint32_t e = 0; e < f->edge_count; e++) {
        f->edges[e].from = name[f->edges[e].from];
        f->edges[e].to = name[f->edges[e].to];
    }
}

/* Inside arena_guard(). */
static inline struct mir_func *mir_random(struct arena *arena, struct rng *rng,
                                          struct mir_random_options options)
{
    struct mirr *m = arena_new(arena, struct mirr, 1);

    *m = (struct mirr){.arena = arena, .rng = rng, .options = options};
    m->f = arena_new(arena, struct mir_func, 1);
    m->f->arena = arena;
    m->f->allocatable = MIRR_CALLER_GPR | MIRR_CALLEE_GPR | MIRR_XMM;
    m->f->callee_saved = MIRR_CALLEE_GPR;
    mirr_shape(m);
    mirr_make_blocks(m);
    uint32_t *order = arena_new(arena, uint32_t, m->block_count);
    uint32_t *number = arena_new(arena, uint32_t, m->block_count);
    mirr_post_order(m, order, number);
    mirr_find_dominators(m, order, number);
    mirr_find_loops(m);
    m->defined = arena_new(arena, struct mirr_vregs, m->block_count);
    m->block = 0;
    for (uint32_t b = 0; b < m->block_count; b++)
        mirr_make_params(m, b);
    for (uint32_t b = 0; b < m->block_count; b++)
        mirr_fill_block(m, b);
    mirr_fill_edges(m);
    if (options.is_shuffled)
        mirr_shuffle(m);
    m->f->sources = arena_new(arena, uint32_t, m->f->inst_count);
    return m->f;
}

#endif /* TESTS_UNIT_MIR_RANDOM_H */
