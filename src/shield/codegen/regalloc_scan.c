/*
 * regalloc_scan: one block, forwards. What each instruction needs in registers is brought there;
 * who has to make room is the value whose next use is farthest. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_good.h"

#include <assert.h>

enum {
    EVENTS_AHEAD = 24, /* how many instructions with fixed registers are looked at */
    NEAR = 64,         /* a next use worth a move between registers instead of a load */
};

/* So many calls while a value is alive, for one run of the place where it gets its register, make a
 * register that calls destroy a bad choice. */
static const float CALLS_MANY = 0.25f;

static uint32_t position(const struct ra_good *g)
{
    return g->inst - g->first_inst;
}

/* Registers that instructions behind this one, in front of `end` (a position), destroy or want. */
static mir_preg_set wanted_until(struct ra_good *g, uint32_t end)
{
    mir_preg_set regs = 0;

    while (g->event < g->event_count && g->events[g->event].inst <= g->inst)
        g->event++;
    for (uint32_t k = g->event; k < g->event_count && k < g->event + EVENTS_AHEAD; k++) {
        if (g->events[k].inst - g->first_inst >= end)
            break;
        regs |= g->events[k].regs;
    }
    return regs;
}

static void unbind(struct ra_good *g, uint32_t reg)
{
    assert(g->held[reg] != MIR_NONE && "only what is held is dropped");
    g->values[g->held[reg]].reg = RA_NO_REGISTER;
    g->held[reg] = MIR_NONE;
    g->clean &= ~ra_bit(reg);
    g->free |= ra_bit(reg) & g->f->allocatable;
}

static void bind(struct ra_good *g, mir_vreg vreg, uint32_t reg, bool clean)
{
    if (g->values[vreg].reg != RA_NO_REGISTER)
        unbind(g, g->values[vreg].reg);
    assert(g->held[reg] == MIR_NONE && "a register holds one value");
    g->values[vreg].reg = (uint8_t)reg;
    g->held[reg] = vreg;
    g->free &= ~ra_bit(reg);
    g->callee_used |= ra_bit(reg) & g->f->callee_saved;
    if (clean)
        g->clean |= ra_bit(reg);
}

static bool is_clean(const struct ra_good *g, mir_vreg vreg)
{
    const struct ra_value *v = &g->values[vreg];

    return v->is_remat || v->reg == RA_NO_REGISTER || (g->clean & ra_bit(v->reg)) != 0;
}

static void evict(struct ra_good *g, uint32_t reg)
{
    const mir_vreg vreg = g->held[reg];
    struct ra_value *v = &g->values[vreg];

    if (g->next[vreg] != RA_DEAD && !is_clean(g, vreg)) {
        ra_add_edit(g, g->inst * 2, RA_STORE, vreg, reg, MIR_SLOT + vreg);
        v->store_cost += g->freq;
    }
    unbind(g, reg);
}

static mir_preg_set all_taken(const struct ra_good *g)
{
    return g->early_fixed | g->late_bad | g->early_taken | g->late_taken;
}

/* Who has the farthest next use; those that need no store go a little earlier. MIR_NONE: nobody. */
static uint32_t find_victim(const struct ra_good *g, mir_preg_set may)
{
    uint64_t most = 0;
    uint32_t best = MIR_NONE;

    for (mir_preg_set rest = may & ~g->free; rest != 0; rest &= rest - 1) {
        const uint32_t reg = (uint32_t)__builtin_ctz(rest);
        if (g->held[reg] == MIR_NONE)
            continue;
        uint64_t key = (uint64_t)g->next[g->held[reg]] * 4 + 1;
        if (is_clean(g, g->held[reg]))
            key += key / 2 + 8;
        if (key > most) {
            most = key;
            best = reg;
        }
    }
    return best;
}

static uint32_t lowest(mir_preg_set set)
{
    return (uint32_t)__builtin_ctz(set);
}

/* Is it worth a save and a restore at the ends of the function to use another callee-saved
 * register for the value here? */
static bool is_worth_saving(const struct ra_good *g, const struct ra_value *v)
{
    return v->call_weight > 1.5f || g->freq >= 4.0f;
}

/* A free register for the value from here on, MIR_NONE if there is none. */
static uint32_t find_free(struct ra_good *g, mir_vreg vreg, mir_preg_set forbidden)
{
    const struct ra_value *v = &g->values[vreg];
    const mir_preg_set may =
        ra_class_mask(g->f->vregs[vreg].class) & g->f->allocatable & ~forbidden;
    mir_preg_set free = may & g->free;

    if (v->hint != RA_NO_REGISTER && (free & ra_bit(v->hint)) != 0 &&
        (wanted_until(g, g->next[vreg]) & ra_bit(v->hint)) == 0)
        return v->hint;
    if (!is_worth_saving(g, v))
        free &= ~(g->f->callee_saved & ~g->callee_used);
    if (free == 0)
        return MIR_NONE;
    mir_preg_set calm = free & ~wanted_until(g, v->last);
    if (v->home != RA_NO_REGISTER && (calm & ra_bit(v->home)) != 0)
        return v->home;
    if ((calm & ~g->reserved) != 0)
        calm &= ~g->reserved;
    const mir_preg_set kept = calm & g->f->callee_saved;
    if (kept != 0 && v->call_weight > CALLS_MANY * g->freq)
        return (kept & g->callee_used) != 0 ? lowest(kept & g->callee_used) : lowest(kept);
    if ((calm & ~kept) != 0)
        return lowest(calm & ~kept);
    if ((kept & g->callee_used) != 0)
        return lowest(kept & g->callee_used);
    if (kept != 0)
        return lowest(kept);
    const mir_preg_set calm_once = free & ~wanted_until(g, g->next[vreg]);
    return lowest(calm_once != 0 ? calm_once : free);
}

/* A register for the value; somebody makes room if need be. */
static uint32_t find_register(struct ra_good *g, mir_vreg vreg, mir_preg_set forbidden)
{
    const mir_preg_set may =
        ra_class_mask(g->f->vregs[vreg].class) & g->f->allocatable & ~forbidden;
    uint32_t reg = find_free(g, vreg, forbidden);

    if (reg != MIR_NONE)
        return reg;
    const uint32_t victim = find_victim(g, may);
    const mir_preg_set fresh = may & g->free; /* callee-saved, and has cost nothing so far */
    if (fresh != 0 &&
        (victim == MIR_NONE || (g->freq >= 0.5f && g->next[g->held[victim]] < RA_FAR_COLD)))
        return lowest(fresh);
    CHECK(victim != MIR_NONE, "an instruction needs more registers than there are");
    evict(g, victim);
    return victim;
}

/* Somebody else needs the register: another one, or memory. */
static void displace(struct ra_good *g, uint32_t reg)
{
    const mir_vreg vreg = g->held[reg];
    const struct ra_value *v = &g->values[vreg];
    const bool clean = is_clean(g, vreg);
    const uint32_t next = g->next[vreg];

    if (next == RA_DEAD || v->is_remat || (clean && next > position(g) + NEAR)) {
        evict(g, reg);
        return;
    }
    const mir_preg_set soon = wanted_until(g, next);
    const uint32_t to = find_free(g, vreg, all_taken(g) | soon);
    if (to == MIR_NONE) {
        evict(g, reg);
        return;
    }
    ra_add_edit(g, g->inst * 2, RA_MOVE, vreg, reg, to);
    bind(g, vreg, to, clean); /* and out of reg */
}

/* Puts a copy of the value into reg; does not change where it lives. */
static void copy_into(struct ra_good *g, mir_vreg vreg, uint32_t reg)
{
    struct ra_value *v = &g->values[vreg];

    g->callee_used |= ra_bit(reg) & g->f->callee_saved;
    if (v->reg != RA_NO_REGISTER) {
        ra_add_edit(g, g->inst * 2, RA_MOVE, vreg, v->reg, reg);
    } else if (v->is_remat) {
        ra_add_edit(g, g->inst * 2, RA_REMAKE, vreg, reg, reg);
    } else {
        v->is_loaded = true;
        ra_add_edit(g, g->inst * 2, RA_MOVE, vreg, MIR_SLOT + vreg, reg);
    }
}

static void take(struct ra_good *g, const struct mir_operand *op, uint32_t reg)
{
    const bool early = op->position == MIR_EARLY;

    if (op->kind == MIR_USE || early)
        g->early_taken |= ra_bit(reg);
    if (op->kind == MIR_DEF || !early)
        g->late_taken |= ra_bit(reg);
}

static void gather(struct ra_good *g, uint32_t first, uint32_t end)
{
    g->early_fixed = g->early_taken = g->late_taken = 0;
    g->late_bad = g->f->clobbers[g->inst];
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &g->f->operands[k];
        if (op->constraint != MIR_FIXED)
            continue;
        if (op->kind == MIR_USE || op->position == MIR_EARLY)
            g->early_fixed |= ra_bit(op->arg);
        if (op->kind == MIR_DEF)
            g->late_bad |= ra_bit(op->arg);
    }
}

/* ---- uses ---- */

static void place_fixed_use(struct ra_good *g, uint32_t k)
{
    const struct mir_operand *op = &g->f->operands[k];
    const uint32_t reg = op->arg, from = g->values[op->vreg].reg;

    g->out->places[k] = reg;
    if (from != reg) {
        if (g->held[reg] != MIR_NONE)
            displace(g, reg);
        copy_into(g, op->vreg, reg);
        const mir_preg_set needed = g->late_bad | (g->early_fixed & ~g->early_taken);
        bool moves_in =
            from == RA_NO_REGISTER || g->next_after[k] == RA_DEAD || (needed & ra_bit(from)) != 0;
        if (moves_in && (g->f->allocatable & ra_bit(reg)) != 0)
            bind(g, op->vreg, reg, is_clean(g, op->vreg));
    }
    take(g, op, reg);
}

/* First those whose register is free, so that a value that sits where another has to go is gone
 * before; what is left is a cycle, and somebody is displaced. */
static void place_fixed_uses(struct ra_good *g, uint32_t first, uint32_t end)
{
    const struct mir_operand *ops = g->f->operands;
    uint32_t left = 0;
    bool moved = true;

    for (uint32_t k = first; k < end; k++)
        if (ops[k].kind == MIR_USE && ops[k].constraint == MIR_FIXED) {
            g->out->places[k] = MIR_NONE;
            left++;
        }
    while (left > 0) {
        bool may_displace = !moved;
        moved = false;
        for (uint32_t k = first; k < end; k++) {
            if (ops[k].kind != MIR_USE || ops[k].constraint != MIR_FIXED ||
                g->out->places[k] != MIR_NONE)
                continue;
            const mir_vreg there = g->held[ops[k].arg];
            if (there != MIR_NONE && there != ops[k].vreg && !may_displace)
                continue;
            place_fixed_use(g, k);
            left--;
            moved = true;
            may_displace = false;
        }
    }
}

static uint32_t reused_by(const struct ra_good *g, uint32_t first, uint32_t end, uint32_t k)
{
    for (uint32_t d = first; d < end; d++)
        if (g->f->operands[d].constraint == MIR_REUSE && first + g->f->operands[d].arg == k)
            return d;
    return MIR_NONE;
}

static bool used_late(const struct ra_good *g, uint32_t first, uint32_t end, mir_vreg vreg)
{
    for (uint32_t k = first; k < end; k++)
        if (g->f->operands[k].vreg == vreg && g->f->operands[k].kind == MIR_USE &&
            g->f->operands[k].position == MIR_LATE)
            return true;
    return false;
}

static mir_preg_set own_register(const struct ra_good *g, mir_vreg vreg)
{
    const uint8_t reg = g->values[vreg].reg;

    return reg == RA_NO_REGISTER ? 0 : ra_bit(reg);
}

/* A use whose register a def will overwrite: the value itself if it ends here, else a copy. */
static void place_reused(struct ra_good *g, uint32_t first, uint32_t end, uint32_t k, uint32_t def)
{
    const struct mir_operand *op = &g->f->operands[k];
    const mir_preg_set bad = g->late_bad | g->late_taken | (g->early_fixed & ~g->early_taken);
    const mir_preg_set own = own_register(g, op->vreg);
    uint32_t reg = g->values[op->vreg].reg;

    if (own == 0 || g->next_after[k] != RA_DEAD || (bad & own) != 0 ||
        used_late(g, first, end, op->vreg)) {
        /* chosen for the value that will be in it */
        const mir_vreg target = g->f->operands[def].vreg;
        g->next[target] = g->next_after[def];
        reg = find_register(g, target, all_taken(g) | own);
        copy_into(g, op->vreg, reg);
    }
    g->out->places[k] = reg;
    take(g, op, reg);
    g->late_taken |= ra_bit(reg);
}

/* May the operand read the value where it is now? What an operand has taken there, it has taken for
 * the same value. */
static bool fits(const struct ra_good *g, const struct mir_operand *op, uint32_t reg)
{
    mir_preg_set bad = g->early_fixed & ~g->early_taken;

    if (op->position == MIR_LATE)
        bad |= g->late_bad;
    return (bad & ra_bit(reg)) == 0;
}

/* The operand may read memory. Does the value come back to a register all the same? */
static bool is_worth_loading(struct ra_good *g, uint32_t k, mir_preg_set bad)
{
    const struct mir_operand *op = &g->f->operands[k];

    return g->next_after[k] < RA_FAR_COLD && find_free(g, op->vreg, bad) != MIR_NONE;
}

static void place_use(struct ra_good *g, uint32_t k)
{
    const struct mir_operand *op = &g->f->operands[k];
    const struct ra_value *v = &g->values[op->vreg];
    mir_preg_set bad = g->early_fixed | g->early_taken;
    uint32_t reg = v->reg;

    if (op->position == MIR_LATE)
        bad |= g->late_bad | g->late_taken;
    if (reg == RA_NO_REGISTER && op->constraint == MIR_ANY && !v->is_remat &&
        !is_worth_loading(g, k, bad)) {
        g->values[op->vreg].is_loaded = true;
        g->out->places[k] = MIR_SLOT + op->vreg;
        return;
    }
    if (reg == RA_NO_REGISTER || !fits(g, op, reg)) {
        const mir_preg_set own = own_register(g, op->vreg);
        reg = find_register(g, op->vreg, bad | own);
        const bool clean = is_clean(g, op->vreg);
        copy_into(g, op->vreg, reg);
        if ((own & g->early_taken) == 0)
            bind(g, op->vreg, reg, clean);
    }
    g->out->places[k] = reg;
    take(g, op, reg);
}

static void place_uses(struct ra_good *g, uint32_t first, uint32_t end)
{
    const struct mir_operand *ops = g->f->operands;

    for (uint32_t k = first; k < end; k++) {
        const bool early_def = ops[k].kind == MIR_DEF && ops[k].position == MIR_EARLY;
        if (early_def && ops[k].constraint == MIR_FIXED && g->held[ops[k].arg] != MIR_NONE)
            displace(g, ops[k].arg);
    }
    place_fixed_uses(g, first, end);
    for (uint32_t k = first; k < end; k++)
        if (ops[k].kind == MIR_USE && ops[k].constraint != MIR_FIXED) {
            uint32_t def = reused_by(g, first, end, k);
            if (def != MIR_NONE)
                place_reused(g, first, end, k, def);
            else
                place_use(g, k);
        }
}

/* ---- the rest of an instruction ---- */

static void finish_uses(struct ra_good *g, uint32_t first, uint32_t end)
{
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &g->f->operands[k];
        if (op->kind != MIR_USE)
            continue;
        struct ra_value *v = &g->values[op->vreg];
        g->next[op->vreg] = g->next_after[k];
        if (g->next_after[k] == RA_DEAD && v->reg != RA_NO_REGISTER)
            unbind(g, v->reg);
    }
    for (mir_preg_set rest = g->late_bad; rest != 0; rest &= rest - 1)
        if (g->held[lowest(rest)] != MIR_NONE)
            displace(g, lowest(rest));
}

static mir_place place_for_def(struct ra_good *g, uint32_t first, uint32_t k)
{
    const struct mir_operand *op = &g->f->operands[k];
    const mir_preg_set bad = op->position == MIR_EARLY ? all_taken(g) : g->late_bad | g->late_taken;
    const mir_preg_set may = ra_class_mask(g->f->vregs[op->vreg].class) & g->f->allocatable & ~bad;

    if (op->constraint == MIR_FIXED)
        return op->arg;
    if (op->constraint == MIR_REUSE)
        return g->out->places[first + op->arg];
    if ((g->f->insts[g->inst].flags & MIR_IS_MOVE) != 0) {
        const mir_place from = g->out->places[first]; /* the copied value may end here */
        const struct ra_value *v = &g->values[op->vreg];
        if (ra_is_register(from) && (may & g->free & ra_bit(from)) != 0 &&
            (v->hint == RA_NO_REGISTER || (may & g->free & ra_bit(v->hint)) == 0))
            return from;
    } else if (op->constraint == MIR_ANY && find_free(g, op->vreg, bad) == MIR_NONE &&
               (may == 0 || g->next[op->vreg] >= RA_FAR_COLD)) {
        return MIR_SLOT + op->vreg;
    }
    return find_register(g, op->vreg, bad);
}

static void place_def(struct ra_good *g, uint32_t first, uint32_t k)
{
    const struct mir_operand *op = &g->f->operands[k];
    struct ra_value *v = &g->values[op->vreg];

    g->next[op->vreg] = g->next_after[k];
    if (v->is_remat) { /* made again where it is used */
        g->out->places[k] = MIR_NONE;
        return;
    }
    const mir_place place = place_for_def(g, first, k);
    g->out->places[k] = place;
    if (!ra_is_register(place)) {
        v->is_loaded = true;
        return;
    }
    take(g, op, place);
    bind(g, op->vreg, place, false);
    if (g->next_after[k] != RA_DEAD)
        v->def_cost = g->freq;
}

static void finish_defs(struct ra_good *g, uint32_t first, uint32_t end)
{
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &g->f->operands[k];
        const struct ra_value *v = &g->values[op->vreg];
        if (op->kind != MIR_DEF || v->reg == RA_NO_REGISTER)
            continue;
        if (g->next_after[k] == RA_DEAD)
            unbind(g, v->reg);
        else
            ra_add_edit(g, g->inst * 2 + 1, RA_STORE_AT_DEF, op->vreg, v->reg, MIR_SLOT + op->vreg);
    }
}

static void scan_inst(struct ra_good *g, uint32_t inst)
{
    const struct mir_func *f = g->f;
    const uint32_t first = f->operand_first[inst], end = f->operand_first[inst + 1];

    g->inst = inst;
    if (first == end && f->clobbers[inst] == 0)
        return;
    gather(g, first, end);
    place_uses(g, first, end);
    finish_uses(g, first, end);
    for (uint32_t k = first; k < end; k++)
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_EARLY)
            place_def(g, first, k);
    for (uint32_t k = first; k < end; k++)
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_LATE)
            place_def(g, first, k);
    finish_defs(g, first, end);
}

static void keep_end(struct ra_good *g, struct ra_block *info)
{
    struct ra_held held[MIR_PREG_COUNT];
    uint8_t count = 0;

    for (uint32_t reg = 0; reg < MIR_PREG_COUNT; reg++) {
        if (g->held[reg] == MIR_NONE)
            continue;
        if (g->next[g->held[reg]] != RA_DEAD)
            held[count++] = (struct ra_held){g->held[reg], (uint8_t)reg, is_clean(g, g->held[reg])};
        unbind(g, reg);
    }
    info->end = arena_new(g->arena, struct ra_held, count);
    for (uint32_t k = 0; k < count; k++)
        info->end[k] = held[k];
    info->end_count = count;
}

void ra_scan_block(struct ra_good *g, uint32_t b)
{
    const struct mir_block *block = &g->f->blocks[b];
    struct ra_block *info = &g->blocks[b];

    g->inst = g->first_inst = block->inst_first;
    g->freq = info->freq;
    g->reserved = block->loop_header == MIR_NONE ? 0 : g->blocks[block->loop_header].reserved;
    for (uint32_t k = 0; k < info->start_count; k++)
        bind(g, info->start[k].vreg, info->start[k].reg, info->start[k].clean);
    info->edit_first = g->edit_count;
    for (uint32_t k = 0; k < block->param_count; k++) {
        const mir_vreg param = g->f->args[block->param_first + k];
        struct ra_value *v = &g->values[param];
        if (v->reg == RA_NO_REGISTER)
            continue;
        v->def_cost = g->freq;
        ra_add_edit(g, g->inst * 2, RA_STORE_AT_DEF, param, v->reg, MIR_SLOT + param);
    }
    for (uint32_t i = block->inst_first; i < block->inst_end; i++)
        scan_inst(g, i);
    info->edit_end = g->edit_count;
    info->is_done = true;
    keep_end(g, info);
}
