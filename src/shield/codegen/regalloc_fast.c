/*
 * regalloc_fast: one pass over the code, for -O0. Registers are a cache of the frame: a value that
 * is used outside of its group is stored once, right behind its definition, and so may be dropped
 * from its register at any time; a value of one group is stored only when its register is taken
 * away. Parameters of blocks live in slots, which the edges write.
 *
 * A group is a run of blocks in layout order, each the only predecessor of the next: what is in
 * registers at the end of one is still there at the start of the next.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/regalloc_int.h"

#include <assert.h>
#include <string.h>

enum { NO_REGISTER = 0xff };

struct value {
    mir_place slot;    /* MIR_NONE: none yet */
    uint32_t last_use; /* instruction; MIR_NONE: never used. Exact for values of one group */
    uint32_t group;    /* of its definition and uses, unless it crosses */
    uint8_t reg;       /* NO_REGISTER: none */
    uint8_t hint;      /* a register that a later instruction wants it in */
    bool crosses;      /* used outside of the group of its definition */
    bool stored;       /* its slot holds it */
};

struct fast {
    const struct mir_func *f;
    struct mir_allocation *out;
    struct ra_edits edits;
    struct ra_slots slots;
    struct ra_resolver resolver;
    struct value *values;
    struct ra_move *moves; /* of one edge */
    uint32_t move_capacity;
    uint32_t *group_of; /* per block */

    mir_preg_set written; /* by instructions so far */
    mir_vreg held[MIR_PREG_COUNT];
    uint32_t used_at[MIR_PREG_COUNT]; /* instruction */
    mir_preg_set free;                /* allocatable, nothing in it */

    /* of the instruction at hand */
    uint32_t inst;
    bool has_fixed, has_reuse, has_early_def;
    mir_preg_set early_fixed; /* wanted by fixed uses and early defs */
    mir_preg_set late_bad;    /* destroyed: clobbers and fixed defs */
    mir_preg_set early_taken, late_taken;
};

/* ---- what is known before ---- */

static void find_groups(struct fast *s)
{
    const struct mir_func *f = s->f;

    for (uint32_t b = 1; b < f->block_count; b++) {
        const struct mir_block *block = &f->blocks[b];
        bool joins = block->pred_count == 1 && f->edges[f->preds[block->pred_first]].from == b - 1;
        s->group_of[b] = joins ? s->group_of[b - 1] : b;
    }
}

/* The layout need not be an order of dominance: a use may be seen in front of its definition. */
static void note(struct value *v, uint32_t group)
{
    if (v->group == MIR_NONE)
        v->group = group;
    else if (v->group != group)
        v->crosses = true;
}

static void note_use(struct value *v, uint32_t inst, uint32_t group)
{
    note(v, group);
    if (v->last_use == MIR_NONE)
        v->last_use = inst;
}

/* Backwards, so that the first use seen is the last and the last hint seen is the nearest. */
static void note_operands(struct fast *s, uint32_t inst, uint32_t group)
{
    const struct mir_func *f = s->f;
    const uint32_t first = f->operand_first[inst], end = f->operand_first[inst + 1];

    for (uint32_t k = end; k-- > first;) {
        const struct mir_operand *op = &f->operands[k];
        struct value *v = &s->values[op->vreg];
        if (op->kind == MIR_DEF) {
            note(v, group);
            if (op->constraint == MIR_REUSE && v->hint != NO_REGISTER)
                s->values[f->operands[first + op->arg].vreg].hint = v->hint;
        } else {
            note_use(v, inst, group);
            if (op->constraint == MIR_FIXED)
                v->hint = op->arg;
        }
    }
}

static void look_ahead(struct fast *s)
{
    const struct mir_func *f = s->f;

    for (uint32_t v = 0; v < f->vreg_count; v++)
        s->values[v] = (struct value){.slot = MIR_NONE,
                                      .last_use = MIR_NONE,
                                      .group = MIR_NONE,
                                      .reg = NO_REGISTER,
                                      .hint = NO_REGISTER};
    for (uint32_t b = f->block_count; b-- > 0;) {
        const struct mir_block *block = &f->blocks[b];
        for (uint32_t e = 0; e < block->edge_count; e++) {
            const struct mir_edge *edge = &f->edges[block->edge_first + e];
            for (uint32_t k = 0; k < f->blocks[edge->to].param_count; k++)
                note_use(&s->values[f->args[edge->arg_first + k]], block->inst_end - 1,
                         s->group_of[b]);
        }
        for (uint32_t i = block->inst_end; i-- > block->inst_first;)
            note_operands(s, i, s->group_of[b]);
        for (uint32_t k = 0; k < block->param_count; k++) {
            struct value *v = &s->values[f->args[block->param_first + k]];
            v->crosses = v->stored = true; /* the edges see to that */
        }
    }
}

/* ---- registers ---- */

static mir_place slot_of(struct fast *s, mir_vreg vreg)
{
    struct value *v = &s->values[vreg];

    const bool wide = ra_is_wide(&s->f->vregs[vreg]);

    /* one that crosses may be alive while the code in front of here runs again */
    if (v->slot == MIR_NONE)
        v->slot = v->crosses ? ra_slot_new(&s->slots, wide) : ra_slot_take(&s->slots, wide);
    return v->slot;
}

static bool is_remat(const struct fast *s, mir_vreg vreg)
{
    return s->f->vregs[vreg].remat != MIR_NONE;
}

/* Can the value be had again without its register? One that crosses is stored behind its
 * definition, wherever in the layout that is. */
static bool is_in_memory(const struct fast *s, mir_vreg vreg)
{
    return is_remat(s, vreg) || s->values[vreg].stored || s->values[vreg].crosses;
}

static bool dies_here(const struct fast *s, mir_vreg vreg)
{
    return !s->values[vreg].crosses && s->values[vreg].last_use == s->inst;
}

static void unbind(struct fast *s, uint32_t reg)
{
    assert(s->held[reg] != MIR_NONE && "only what is held is dropped");
    s->values[s->held[reg]].reg = NO_REGISTER;
    s->held[reg] = MIR_NONE;
    s->free |= ra_bit(reg) & s->f->allocatable;
}

static void bind(struct fast *s, mir_vreg vreg, uint32_t reg)
{
    if (s->values[vreg].reg != NO_REGISTER)
        unbind(s, s->values[vreg].reg);
    assert(s->held[reg] == MIR_NONE && "a register holds one value");
    s->values[vreg].reg = (uint8_t)reg;
    s->held[reg] = vreg;
    s->used_at[reg] = s->inst;
    s->free &= ~ra_bit(reg);
}

/* The value is not needed any more. */
static void release(struct fast *s, mir_vreg vreg)
{
    struct value *v = &s->values[vreg];

    if (v->reg != NO_REGISTER)
        unbind(s, v->reg);
    if (v->slot != MIR_NONE && !v->crosses) {
        ra_slot_give(&s->slots, v->slot, ra_is_wide(&s->f->vregs[vreg]));
        v->slot = MIR_NONE;
    }
}

/* Frees a register; its value can be found in memory, or made again. */
static void evict(struct fast *s, uint32_t reg)
{
    const mir_vreg vreg = s->held[reg];

    if (!is_in_memory(s, vreg)) {
        ra_edit_move(&s->edits, s->inst * 2, vreg, reg, slot_of(s, vreg));
        s->values[vreg].stored = true;
    }
    unbind(s, reg);
}

/* A register of the class outside of `forbidden`; takes the least recently used one if none is
 * free. `hint` is a register or NO_REGISTER. Those the caller need not save come first, low numbers
 * in front: instructions with high ones are a byte longer. MIR_NONE: all are forbidden. */
static uint32_t choose(struct fast *s, uint8_t class, mir_preg_set forbidden, uint32_t hint)
{
    const mir_preg_set may = ra_class_mask(class) & s->f->allocatable & ~forbidden;
    const mir_preg_set free = may & s->free;
    uint32_t best = MIR_NONE;

    if (hint < MIR_PREG_COUNT && (free & ra_bit(hint)) != 0)
        return hint;
    if ((free & ~s->f->callee_saved) != 0)
        return (uint32_t)__builtin_ctz(free & ~s->f->callee_saved);
    if (free != 0)
        return (uint32_t)__builtin_ctz(free);
    for (mir_preg_set rest = may; rest != 0; rest &= rest - 1) {
        uint32_t reg = (uint32_t)__builtin_ctz(rest);
        if (best == MIR_NONE || s->used_at[reg] < s->used_at[best])
            best = reg;
    }
    if (best != MIR_NONE)
        evict(s, best);
    return best;
}

static uint32_t choose_or_stop(struct fast *s, uint8_t class, mir_preg_set forbidden, uint32_t hint)
{
    uint32_t reg = choose(s, class, forbidden, hint);

    CHECK(reg != MIR_NONE, "an instruction needs more registers than there are");
    return reg;
}

static mir_preg_set all_taken(const struct fast *s)
{
    return s->early_fixed | s->late_bad | s->early_taken | s->late_taken;
}

/* Somebody else needs the register: another register, or memory. */
static void displace(struct fast *s, uint32_t reg)
{
    const mir_vreg vreg = s->held[reg];
    const mir_preg_set free = s->free & ra_class_mask(s->f->vregs[vreg].class) & ~all_taken(s);

    if (is_in_memory(s, vreg) || free == 0) {
        evict(s, reg);
        return;
    }
    uint32_t to = (uint32_t)__builtin_ctz(free);
    ra_edit_move(&s->edits, s->inst * 2, vreg, reg, to);
    unbind(s, reg);
    bind(s, vreg, to);
}

/* Puts a copy of the value into reg; does not change where it lives. */
static void copy_into(struct fast *s, mir_vreg vreg, uint32_t reg)
{
    const struct value *v = &s->values[vreg];

    if (v->reg != NO_REGISTER) {
        ra_edit_move(&s->edits, s->inst * 2, vreg, v->reg, reg);
    } else if (is_remat(s, vreg)) {
        ra_edit_remat(&s->edits, s->inst * 2, vreg, reg);
    } else {
        assert(is_in_memory(s, vreg) && "a value is in a register or in its slot");
        ra_edit_move(&s->edits, s->inst * 2, vreg, slot_of(s, vreg), reg);
    }
}

/* ---- one instruction ---- */

static void take(struct fast *s, const struct mir_operand *op, uint32_t reg)
{
    const mir_preg_set bit = ra_bit(reg);
    const bool early = op->position == MIR_EARLY;

    if (op->kind == MIR_USE || early)
        s->early_taken |= bit;
    if (op->kind == MIR_DEF || !early)
        s->late_taken |= bit;
    s->used_at[reg] = s->inst;
}

static void gather(struct fast *s, uint32_t first, uint32_t end)
{
    s->early_fixed = s->early_taken = s->late_taken = 0;
    s->late_bad = s->f->clobbers[s->inst];
    s->written |= s->late_bad;
    s->has_fixed = s->has_reuse = s->has_early_def = false;
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &s->f->operands[k];
        s->has_reuse |= op->constraint == MIR_REUSE;
        s->has_early_def |= op->kind == MIR_DEF && op->position == MIR_EARLY;
        if (op->constraint != MIR_FIXED)
            continue;
        s->has_fixed = true;
        if (op->kind == MIR_USE || op->position == MIR_EARLY)
            s->early_fixed |= ra_bit(op->arg);
        if (op->kind == MIR_DEF)
            s->late_bad |= ra_bit(op->arg);
    }
}

static void place_fixed_use(struct fast *s, uint32_t k)
{
    const struct mir_operand *op = &s->f->operands[k];
    const uint32_t reg = op->arg, from = s->values[op->vreg].reg;

    s->out->places[k] = reg;
    if (from != reg) {
        if (s->held[reg] != MIR_NONE)
            displace(s, reg);
        copy_into(s, op->vreg, reg);
        bool moves_in =
            from == NO_REGISTER || dies_here(s, op->vreg) || (s->late_bad & ra_bit(from)) != 0;
        if (moves_in && (s->f->allocatable & ra_bit(reg)) != 0)
            bind(s, op->vreg, reg);
    }
    take(s, op, reg);
}

static uint32_t reused_by(const struct fast *s, uint32_t first, uint32_t end, uint32_t k)
{
    for (uint32_t d = first; d < end; d++)
        if (s->f->operands[d].constraint == MIR_REUSE && first + s->f->operands[d].arg == k)
            return d;
    return MIR_NONE;
}

static bool used_late(const struct fast *s, uint32_t first, uint32_t end, mir_vreg vreg)
{
    for (uint32_t k = first; k < end; k++)
        if (s->f->operands[k].vreg == vreg && s->f->operands[k].kind == MIR_USE &&
            s->f->operands[k].position == MIR_LATE)
            return true;
    return false;
}

/* A use whose register a def will overwrite: the value itself if it ends here, else a copy. */
static void place_reused(struct fast *s, uint32_t first, uint32_t end, uint32_t k, uint32_t def)
{
    const struct mir_operand *op = &s->f->operands[k];
    uint32_t reg = s->values[op->vreg].reg;
    const mir_preg_set bad = s->late_bad | s->late_taken | (s->early_fixed & ~s->early_taken);

    if (reg == NO_REGISTER || !dies_here(s, op->vreg) || (bad & ra_bit(reg)) != 0 ||
        used_late(s, first, end, op->vreg)) {
        mir_preg_set own = reg == NO_REGISTER ? 0 : ra_bit(reg);
        uint32_t hint = s->values[s->f->operands[def].vreg].hint;
        reg = choose_or_stop(s, s->f->vregs[op->vreg].class, all_taken(s) | own, hint);
        copy_into(s, op->vreg, reg);
    }
    s->out->places[k] = reg;
    take(s, op, reg);
    s->late_taken |= ra_bit(reg);
}

/* May the operand read the value where it is now? What an operand has taken there, it has taken for
 * the same value. */
static bool fits(const struct fast *s, const struct mir_operand *op, uint32_t reg)
{
    mir_preg_set bad = s->early_fixed & ~s->early_taken;

    if (op->position == MIR_LATE)
        bad |= s->late_bad;
    return (bad & ra_bit(reg)) == 0;
}

static void place_use(struct fast *s, uint32_t k)
{
    const struct mir_operand *op = &s->f->operands[k];
    const struct value *v = &s->values[op->vreg];
    const uint8_t class = s->f->vregs[op->vreg].class;
    mir_preg_set bad = s->early_fixed | s->early_taken;
    uint32_t reg = v->reg;

    if (op->position == MIR_LATE)
        bad |= s->late_bad | s->late_taken;
    if (reg == NO_REGISTER && op->constraint == MIR_ANY && !is_remat(s, op->vreg) &&
        (dies_here(s, op->vreg) || (s->free & ra_class_mask(class) & ~bad) == 0)) {
        assert(is_in_memory(s, op->vreg) && "a value is in a register or in its slot");
        s->out->places[k] = slot_of(s, op->vreg);
        return;
    }
    if (reg == NO_REGISTER || !fits(s, op, reg)) {
        const mir_preg_set own = reg == NO_REGISTER ? 0 : ra_bit(reg);
        reg = choose_or_stop(s, class, bad | own, v->hint);
        copy_into(s, op->vreg, reg);
        if ((own & s->early_taken) == 0)
            bind(s, op->vreg, reg);
    }
    s->out->places[k] = reg;
    take(s, op, reg);
}

static void place_uses(struct fast *s, uint32_t first, uint32_t end)
{
    const struct mir_operand *ops = s->f->operands;

    for (uint32_t k = first; k < end && s->has_early_def; k++) {
        const bool early_def = ops[k].kind == MIR_DEF && ops[k].position == MIR_EARLY;
        if (early_def && ops[k].constraint == MIR_FIXED && s->held[ops[k].arg] != MIR_NONE)
            displace(s, ops[k].arg);
    }
    for (uint32_t k = first; k < end && s->has_fixed; k++)
        if (ops[k].kind == MIR_USE && ops[k].constraint == MIR_FIXED)
            place_fixed_use(s, k);
    for (uint32_t k = first; k < end; k++)
        if (ops[k].kind == MIR_USE && ops[k].constraint != MIR_FIXED) {
            uint32_t def = s->has_reuse ? reused_by(s, first, end, k) : MIR_NONE;
            if (def != MIR_NONE)
                place_reused(s, first, end, k, def);
            else
                place_use(s, k);
        }
}

static void place_def(struct fast *s, uint32_t first, uint32_t k)
{
    const struct mir_operand *op = &s->f->operands[k];
    struct value *v = &s->values[op->vreg];
    const mir_preg_set bad = op->position == MIR_EARLY ? all_taken(s) : s->late_bad | s->late_taken;
    const bool is_move = (s->f->insts[s->inst].flags & MIR_IS_MOVE) != 0;
    uint32_t hint = is_move && v->hint == NO_REGISTER ? s->out->places[first] : v->hint;
    mir_place place = op->arg;

    if (op->constraint == MIR_REUSE)
        place = s->out->places[first + op->arg];
    else if (op->constraint == MIR_ANY && !is_move)
        place = choose(s, s->f->vregs[op->vreg].class, bad, hint);
    else if (op->constraint != MIR_FIXED)
        place = choose_or_stop(s, s->f->vregs[op->vreg].class, bad, hint);
    if (place == MIR_NONE) {
        s->out->places[k] = slot_of(s, op->vreg);
        v->stored = true;
        return;
    }
    s->out->places[k] = place;
    take(s, op, place);
    s->written |= ra_bit(place);
    bind(s, op->vreg, place);
}

/* Registers that are destroyed, or whose value ends here, hold nothing afterwards. */
static void finish_uses(struct fast *s, uint32_t first, uint32_t end)
{
    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &s->f->operands[k];
        if (op->kind == MIR_USE && s->values[op->vreg].reg != NO_REGISTER && dies_here(s, op->vreg))
            unbind(s, s->values[op->vreg].reg);
    }
    for (mir_preg_set rest = s->late_bad; rest != 0; rest &= rest - 1) {
        uint32_t reg = (uint32_t)__builtin_ctz(rest);
        if (s->held[reg] != MIR_NONE)
            displace(s, reg);
    }
}

/* Behind the instruction: values that others need go to memory, unused ones go away. */
static void finish_inst(struct fast *s, uint32_t first, uint32_t end)
{
    const bool is_branch = (s->f->insts[s->inst].flags & MIR_IS_BRANCH) != 0;

    for (uint32_t k = first; k < end; k++) {
        const struct mir_operand *op = &s->f->operands[k];
        struct value *v = &s->values[op->vreg];
        if (op->kind == MIR_USE) {
            if (dies_here(s, op->vreg))
                release(s, op->vreg);
        } else if (v->last_use == MIR_NONE) {
            release(s, op->vreg);
        } else if (v->crosses && !v->stored && !is_remat(s, op->vreg)) {
            assert(!is_branch && "the defs of a branch are temporaries");
            ra_edit_move(&s->edits, s->inst * 2 + 1, op->vreg, v->reg, slot_of(s, op->vreg));
            v->stored = true;
        }
    }
    (void)is_branch;
}

static void place_inst(struct fast *s, uint32_t inst)
{
    const struct mir_func *f = s->f;
    const uint32_t first = f->operand_first[inst], end = f->operand_first[inst + 1];

    s->inst = inst;
    if (first == end && f->clobbers[inst] == 0)
        return;
    gather(s, first, end);
    place_uses(s, first, end);
    finish_uses(s, first, end);
    for (uint32_t k = first; k < end && s->has_early_def; k++)
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_EARLY)
            place_def(s, first, k);
    for (uint32_t k = first; k < end; k++)
        if (f->operands[k].kind == MIR_DEF && f->operands[k].position == MIR_LATE)
            place_def(s, first, k);
    finish_inst(s, first, end);
}

/* In front of the branch of a block with one successor: the parameters' slots are written. */
static void place_edge(struct fast *s, const struct mir_edge *edge)
{
    const struct mir_func *f = s->f;
    const struct mir_block *to = &f->blocks[edge->to];

    if (to->param_count > s->move_capacity) {
        s->move_capacity = MAX(to->param_count, s->move_capacity * 2);
        s->moves = arena_new(f->arena, struct ra_move, s->move_capacity);
    }
    for (uint32_t k = 0; k < to->param_count; k++) {
        const mir_vreg arg = f->args[edge->arg_first + k];
        const struct value *v = &s->values[arg];
        mir_place from = v->reg;
        if (v->reg == NO_REGISTER)
            from = is_remat(s, arg) ? RA_REMAT : slot_of(s, arg);
        s->moves[k] = (struct ra_move){from, slot_of(s, f->args[to->param_first + k]), arg};
    }
    ra_resolve(&s->resolver, &s->edits, s->inst * 2, s->moves, to->param_count);
    for (uint32_t k = 0; k < to->param_count; k++)
        if (dies_here(s, f->args[edge->arg_first + k]))
            release(s, f->args[edge->arg_first + k]);
}

static void place_block(struct fast *s, uint32_t b)
{
    const struct mir_block *block = &s->f->blocks[b];

    if (b > 0 && s->group_of[b] == b) /* a new group: the cache is empty */
        for (mir_preg_set rest = ~s->free; rest != 0; rest &= rest - 1)
            if (s->held[__builtin_ctz(rest)] != MIR_NONE)
                unbind(s, (uint32_t)__builtin_ctz(rest));
    assert(block->inst_end > block->inst_first && "every block ends with a branch or a return");
    for (uint32_t i = block->inst_first; i + 1 < block->inst_end; i++)
        place_inst(s, i);
    if (block->edge_count == 1) {
        s->inst = block->inst_end - 1;
        place_edge(s, &s->f->edges[block->edge_first]);
    } else {
        place_inst(s, block->inst_end - 1);
    }
}

enum status ra_fast(const struct mir_func *f, struct mir_allocation *out,
                    struct regalloc_stats *stats)
{
    struct fast *s = arena_new(f->arena, struct fast, 1);

    *s = (struct fast){.f = f, .out = out, .free = f->allocatable};
    s->edits = (struct ra_edits){.f = f, .stats = stats};
    s->slots.arena = s->resolver.arena = f->arena;
    s->resolver.slots = &s->slots;
    s->values = arena_new_raw(f->arena, struct value, f->vreg_count);
    s->group_of = arena_new(f->arena, uint32_t, f->block_count);
    memset(s->held, 0xff, sizeof(s->held));
    find_groups(s);
    look_ahead(s);
    for (uint32_t b = 0; b < f->block_count; b++)
        place_block(s, b);
    out->edits = s->edits.items;
    out->edit_count = s->edits.count;
    out->slot_count = s->slots.unit_count;
    out->callee_saved = (s->written | s->edits.written) & f->callee_saved;
    stats->steps = f->inst_count;
    return ST_OK;
}
