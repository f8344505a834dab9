/*
 * mir_run: runs the code of the machine level with made-up meanings, once on virtual registers and
 * once on an allocation, and compares what every operand reads: the second judge of an allocation,
 * which shares nothing with the first. Whatever an instruction destroys, or leaves undefined,
 * becomes noise. SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_MIR_RUN_H
#define TESTS_UNIT_MIR_RUN_H

#include "shield/codegen/mir.h"

#include <stdio.h>
#include <string.h>

struct mirrun_value {
    uint64_t part[2];
};

struct mirrun {
    const struct mir_func *f;
    const struct mir_allocation *a;
    struct mirrun_value *vregs;
    struct mirrun_value regs[MIR_PREG_COUNT];
    uint64_t *slots;
    uint64_t seed, clock;
    uint32_t edit_count;
    char why[160];
};

static inline uint64_t mirrun_mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);

    x ^= x >> 31;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 29;
}

static inline struct mirrun_value mirrun_noise(struct mirrun *r, uint64_t what)
{
    uint64_t x = mirrun_mix(r->seed ^ r->clock, what + 0x777);
    struct mirrun_value v = {
        {x, mirrun_mix(x, 1)}
    };

    return v;
}

/* What of the value is defined. */
static inline struct mirrun_value mirrun_cut(const struct mir_vreg_info *info,
                                             struct mirrun_value v)
{
    if (info->width != MIR_W128)
        v.part[1] = 0;
    if (info->width == MIR_W32)
        v.part[0] = (uint32_t)v.part[0];
    return v;
}

/* General registers are compared whole: the high half of a W32 is zero by contract. */
static inline struct mirrun_value mirrun_seen(const struct mir_vreg_info *info,
                                              struct mirrun_value v)
{
    if (info->class == MIR_GPR) {
        v.part[1] = 0;
        return v;
    }
    return mirrun_cut(info, v);
}

static inline struct mirrun_value mirrun_read(const struct mirrun *r, mir_place place,
                                              const struct mir_vreg_info *info)
{
    struct mirrun_value v = {
        {0, 0}
    };

    if (place < MIR_PREG_COUNT)
        return r->regs[place];
    v.part[0] = r->slots[place - MIR_SLOT];
    if (info->class == MIR_XMM && info->width == MIR_W128)
        v.part[1] = r->slots[place - MIR_SLOT + 1];
    return v;
}

static inline void mirrun_write(struct mirrun *r, mir_place place, const struct mir_vreg_info *info,
                                struct mirrun_value v)
{
    const bool wide = info->class == MIR_XMM && info->width == MIR_W128;

    if (place == MIR_NONE)
        return;
    if (place < MIR_PREG_COUNT) {
        if (info->class == MIR_XMM && !wide)
            v.part[1] = mirrun_noise(r, place).part[1];
        r->regs[place] = v;
        return;
    }
    r->slots[place - MIR_SLOT] = v.part[0];
    if (wide)
        r->slots[place - MIR_SLOT + 1] = v.part[1];
}

static inline struct mirrun_value mirrun_constant(const struct mirrun *r, uint32_t inst,
                                                  const struct mir_vreg_info *info)
{
    uint64_t x = mirrun_mix(r->seed, inst);

    return mirrun_cut(info, (struct mirrun_value){
                                {x, mirrun_mix(x, 2)}
    });
}

static inline void mirrun_edits(struct mirrun *r, uint32_t point)
{
    uint32_t low = 0, high = r->a->edit_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->a->edits[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->a->edit_count && r->a->edits[low].point == point; low++) {
        const struct mir_edit *e = &r->a->edits[low];
        struct mir_vreg_info info = r->f->vregs[e->vreg];
        if (e->kind == MIR_EDIT_REMAT) {
            mirrun_write(r, e->to, &info, mirrun_constant(r, info.remat, &info));
            continue;
        }
        info.width = e->width;
        mirrun_write(r, e->to, &info, mirrun_read(r, e->from, &info));
    }
    r->regs[MIR_SCRATCH_GPR] = mirrun_noise(r, point);
    r->regs[MIR_SCRATCH_XMM] = mirrun_noise(r, point + 1);
}

static inline bool mirrun_use(struct mirrun *r, uint32_t inst, uint32_t k)
{
    const struct mir_operand *op = &r->f->operands[k];
    const struct mir_vreg_info *info = &r->f->vregs[op->vreg];
    struct mirrun_value want = mirrun_seen(info, r->vregs[op->vreg]);
    struct mirrun_value have = mirrun_seen(info, mirrun_read(r, r->a->places[k], info));

    if (want.part[0] == have.part[0] && want.part[1] == have.part[1])
        return true;
    snprintf(r->why, sizeof(r->why), "instruction %u operand %u: v%u is not in place %u", inst,
             k - r->f->operand_first[inst], op->vreg, r->a->places[k]);
    return false;
}

/* Late uses are read when everything else of the instruction has been overwritten. */
static inline bool mirrun_inst(struct mirrun *r, uint32_t inst)
{
    const struct mir_func *f = r->f;
    const uint32_t first = f->operand_first[inst], end = f->operand_first[inst + 1];
    uint64_t input = inst;

    mirrun_edits(r, inst * 2);
    for (uint32_t k = first; k < end; k++) /* an early def may come before everything is read */
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_EARLY)
            mirrun_write(r, r->a->places[k], &f->vregs[f->operands[k].vreg], mirrun_noise(r, k));
    for (uint32_t k = first; k < end; k++) {
        if (f->operands[k].kind != MIR_USE)
            continue;
        struct mirrun_value v =
            mirrun_cut(&f->vregs[f->operands[k].vreg], r->vregs[f->operands[k].vreg]);
        input = mirrun_mix(input, v.part[0] ^ v.part[1] * 3);
        if (f->operands[k].position == MIR_EARLY && !mirrun_use(r, inst, k))
            return false;
    }
    for (uint32_t reg = 0; reg < MIR_PREG_COUNT; reg++)
        if ((f->clobbers[inst] >> reg & 1) != 0)
            r->regs[reg] = mirrun_noise(r, reg + 5);
    for (uint32_t k = first; k < end; k++)
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_LATE)
            mirrun_write(r, r->a->places[k], &f->vregs[f->operands[k].vreg], mirrun_noise(r, k));
    for (uint32_t k = first; k < end; k++)
        if (f->operands[k].kind == MIR_USE && f->operands[k].position == MIR_LATE &&
            !mirrun_use(r, inst, k))
            return false;
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &f->operands[k];
        const struct mir_vreg_info *info = &f->vregs[op->vreg];
        if (op->kind != MIR_DEF)
            continue;
        uint64_t x = mirrun_mix(input, k - first + r->clock);
        struct mirrun_value v = mirrun_cut(info, (struct mirrun_value){
                                                     {x, mirrun_mix(x, 3)}
        });
        if ((f->insts[inst].flags & MIR_IS_MOVE) != 0)
            v = r->vregs[f->operands[first].vreg];
        if ((f->insts[inst].flags & MIR_IS_REMAT) != 0)
            v = mirrun_constant(r, inst, info);
        r->vregs[op->vreg] = v;
        mirrun_write(r, r->a->places[k], info, v);
    }
    mirrun_edits(r, inst * 2 + 1);
    r->clock++;
    return true;
}

static inline bool mirrun_saved(struct mirrun *r, const struct mirrun_value *before)
{
    const mir_preg_set kept = r->f->callee_saved & ~r->a->callee_saved;

    for (uint32_t reg = 0; reg < MIR_PREG_COUNT; reg++)
        if ((kept >> reg & 1) != 0 && memcmp(&r->regs[reg], &before[reg], sizeof(*before)) != 0) {
            snprintf(r->why, sizeof(r->why), "register %u is not preserved", reg);
            return false;
        }
    return true;
}

/* Runs at most `steps` instructions along a path that the seed chooses. False: a difference, told
 * in r->why. Memory from the arena of f; inside arena_guard(). */
static inline bool mir_run(struct mirrun *r, const struct mir_func *f,
                           const struct mir_allocation *a, uint64_t seed, uint32_t steps)
{
    struct mirrun_value before[MIR_PREG_COUNT];
    uint32_t b = 0;

    *r = (struct mirrun){.f = f, .a = a, .seed = seed};
    r->vregs = arena_new(f->arena, struct mirrun_value, f->vreg_count);
    r->slots = arena_new(f->arena, uint64_t, (size_t)a->slot_count + 2);
    for (uint32_t k = 0; k < MIR_PREG_COUNT; k++)
        r->regs[k] = mirrun_noise(r, k + 1000);
    memcpy(before, r->regs, sizeof(before));
    for (uint32_t k = 0; k < a->slot_count; k++)
        r->slots[k] = mirrun_noise(r, k + 2000).part[0];
    while (steps > 0) {
        const struct mir_block *block = &f->blocks[b];
        for (uint32_t i = block->inst_first; i < block->inst_end; i++) {
            steps -= steps > 0;
            if (!mirrun_inst(r, i))
                return false;
        }
        if (block->edge_count == 0)
            break;
        uint64_t choice = mirrun_mix(r->seed, r->clock) % block->edge_count;
        const struct mir_edge *edge = &f->edges[block->edge_first + choice];
        const struct mir_block *to = &f->blocks[edge->to];
        struct arena_mark mark = arena_mark(f->arena);
        struct mirrun_value *in = arena_new(f->arena, struct mirrun_value, to->param_count);
        for (uint32_t k = 0; k < to->param_count; k++)
            in[k] = r->vregs[f->args[edge->arg_first + k]];
        for (uint32_t k = 0; k < to->param_count; k++)
            r->vregs[f->args[to->param_first + k]] = in[k];
        arena_release(f->arena, mark);
        b = edge->to;
    }
    return mirrun_saved(r, before);
}

#endif /* TESTS_UNIT_MIR_RUN_H */
