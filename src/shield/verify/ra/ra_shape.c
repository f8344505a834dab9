/*
 * ra_shape: what can be judged one instruction and one edit at a time: classes, constraints, bounds
 * of the frame, operands that are alive at once, widths, the order of edits, saved registers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/verify/ra/ra_int.h"

#include <assert.h>

struct shape {
    const struct mir_func *f;
    const struct mir_allocation *a;
    struct diag *dg;
    mir_preg_set written;
    uint32_t inst;
    uint32_t first, end; /* its operands */
};

static const char *const constraint_names[] = {"any place", "a register", "a fixed register",
                                               "the register of the operand it reuses"};

static enum status refuse(const struct shape *s, uint32_t k, const char *expected)
{
    const struct mir_operand *op = &s->f->operands[k];

    return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                     "instruction %u operand %u: v%u needs %s, and has %s", s->inst, k - s->first,
                     op->vreg, expected, ra_place_name(s->a->places[k]).text);
}

static enum status check_slot(const struct shape *s, mir_place place, uint32_t units,
                              const char *who, uint32_t number)
{
    if (place < MIR_SLOT)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "%s %u: %s is neither a register nor a slot", who, number,
                         ra_place_name(place).text);
    if (place - MIR_SLOT >= s->a->slot_count || s->a->slot_count - (place - MIR_SLOT) < units)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "%s %u: %s with %u units is past the frame of %u", who, number,
                         ra_place_name(place).text, units, s->a->slot_count);
    if ((place - MIR_SLOT) % units != 0)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "%s %u: a value of 16 bytes is in the odd unit %u", who, number,
                         place - MIR_SLOT);
    return ST_OK;
}

static bool has_class(const struct mir_vreg_info *info, mir_place reg)
{
    return (info->class == MIR_GPR) == (reg < 16);
}

static enum status check_constraint(struct shape *s, uint32_t k)
{
    const struct mir_operand *op = &s->f->operands[k];
    const struct mir_vreg_info *info = &s->f->vregs[op->vreg];
    const mir_place place = s->a->places[k];

    if (place == MIR_NONE && op->kind == MIR_DEF && info->remat == s->inst &&
        (s->f->insts[s->inst].flags & MIR_IS_REMAT) != 0)
        return ST_OK; /* it is not emitted */
    if (!ra_in_register(place)) {
        if (op->constraint != MIR_ANY)
            return refuse(s, k, constraint_names[op->constraint]);
        return check_slot(s, place, ra_units(info), "instruction", s->inst);
    }
    if (!has_class(info, place))
        return refuse(s, k, info->class == MIR_GPR ? "a general register" : "a vector register");
    if (op->constraint == MIR_FIXED) {
        if (place != op->arg)
            return refuse(s, k, ra_place_name(op->arg).text);
    } else if (((s->f->allocatable >> place) & 1) == 0) {
        return refuse(s, k, "an allocatable register");
    }
    if (op->constraint == MIR_REUSE && place != s->a->places[s->first + op->arg])
        return refuse(s, k, ra_place_name(s->a->places[s->first + op->arg]).text);
    if (op->kind == MIR_DEF)
        s->written |= UINT32_C(1) << place;
    return ST_OK;
}

static bool overlap(const struct shape *s, uint32_t j, uint32_t k)
{
    const mir_place a = s->a->places[j], b = s->a->places[k];

    if (a == MIR_NONE || b == MIR_NONE)
        return false;
    if (ra_in_register(a) || ra_in_register(b))
        return a == b;
    return a < b + ra_units(&s->f->vregs[s->f->operands[k].vreg]) &&
           b < a + ra_units(&s->f->vregs[s->f->operands[j].vreg]);
}

/* Halves of the instruction in which the operand is alive: 1 early, 2 late. */
static unsigned halves(const struct mir_operand *op)
{
    if (op->kind == MIR_USE)
        return op->position == MIR_EARLY ? 1 : 3;
    return op->position == MIR_EARLY ? 3 : 2;
}

/* Two uses may share a place: that both values are in it is for the flow to show. */
static bool must_be_apart(const struct mir_operand *a, const struct mir_operand *b)
{
    return (a->kind == MIR_DEF || b->kind == MIR_DEF) && (halves(a) & halves(b)) != 0;
}

static enum status check_operands(struct shape *s)
{
    const mir_preg_set clobbers = s->f->clobbers[s->inst];

    s->written |= clobbers;
    for (uint32_t k = s->first; k < s->end; k++) {
        const struct mir_operand *op = &s->f->operands[k];
        TRY(check_constraint(s, k));
        const mir_place place = s->a->places[k];
        const bool is_apart = halves(op) == 3 || (halves(op) == 2 && op->constraint != MIR_FIXED);
        if (is_apart && ra_in_register(place) && ((clobbers >> place) & 1) != 0)
            return refuse(s, k, "a register that the instruction does not destroy");
        for (uint32_t j = s->first; j < k; j++)
            if (must_be_apart(&s->f->operands[j], op) && overlap(s, j, k))
                return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                                 "instruction %u: operand %u (v%u) and operand %u (v%u) are alive "
                                 "at once, and both are in %s",
                                 s->inst, j - s->first, s->f->operands[j].vreg, k - s->first,
                                 op->vreg, ra_place_name(place).text);
    }
    if ((s->f->insts[s->inst].flags & MIR_IS_MOVE) != 0) {
        const mir_place from = s->a->places[s->first], to = s->a->places[s->first + 1];
        if (!ra_in_register(from) && !ra_in_register(to) && from != to)
            return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                             "instruction %u: a move needs a register on one side, and goes from "
                             "%s to %s",
                             s->inst, ra_place_name(from).text, ra_place_name(to).text);
    }
    return ST_OK;
}

/* An edit may write what is allocatable, the scratch registers, and what the instruction behind it
 * reads from a fixed register. */
static bool may_write(const struct shape *s, const struct mir_edit *edit)
{
    const mir_preg_set usual =
        s->f->allocatable | UINT32_C(1) << MIR_SCRATCH_GPR | UINT32_C(1) << MIR_SCRATCH_XMM;
    const uint32_t inst = edit->point / 2;

    if (((usual >> edit->to) & 1) != 0)
        return true;
    for (uint32_t k = s->f->operand_first[inst]; k < s->f->operand_first[inst + 1]; k++) {
        const struct mir_operand *op = &s->f->operands[k];
        if (op->kind == MIR_USE && op->constraint == MIR_FIXED && op->arg == edit->to)
            return true;
    }
    return false;
}

static enum status check_end(const struct shape *s, const struct mir_edit *edit, mir_place place,
                             uint32_t number)
{
    const struct mir_vreg_info *info = &s->f->vregs[edit->vreg];

    if (!ra_in_register(place))
        return check_slot(s, place, ra_units(info), "edit", number);
    if (!has_class(info, place))
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: v%u is %s value, and %s is not a register for it", number,
                         edit->vreg, info->class == MIR_GPR ? "a general" : "a vector",
                         ra_place_name(place).text);
    return ST_OK;
}

static enum status check_edit(struct shape *s, uint32_t number)
{
    const struct mir_edit *edit = &s->a->edits[number];
    const uint32_t inst = edit->point / 2;

    if (number > 0 && edit[-1].point > edit->point)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: point %u comes behind point %u of the edit before it", number,
                         edit->point, edit[-1].point);
    if (inst >= s->f->inst_count || edit->vreg >= s->f->vreg_count)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: point %u or v%u is not in the function", number, edit->point,
                         edit->vreg);
    if (edit->point % 2 != 0 && (s->f->insts[inst].flags & (MIR_IS_BRANCH | MIR_IS_RETURN)) != 0)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: it stands behind instruction %u, which goes elsewhere", number,
                         inst);
    const struct mir_vreg_info *info = &s->f->vregs[edit->vreg];
    if (edit->width != info->width)
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: v%u has width %u, and is moved with width %u", number,
                         edit->vreg, info->width, edit->width);
    TRY(check_end(s, edit, edit->to, number));
    if (edit->kind == MIR_EDIT_REMAT && (info->remat == MIR_NONE || !ra_in_register(edit->to)))
        return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "edit %u: v%u cannot be made again in %s", number, edit->vreg,
                         ra_place_name(edit->to).text);
    if (edit->kind == MIR_EDIT_MOVE) {
        TRY(check_end(s, edit, edit->from, number));
        if (!ra_in_register(edit->from) && !ra_in_register(edit->to))
            return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET,
                             "edit %u: memory to memory, from %s to %s", number,
                             ra_place_name(edit->from).text, ra_place_name(edit->to).text);
    }
    if (ra_in_register(edit->to)) {
        if (!may_write(s, edit))
            return diag_fail(s->dg, ST_INVALID, DIAG_NO_OFFSET, "edit %u: %s is not allocatable",
                             number, ra_place_name(edit->to).text);
        s->written |= UINT32_C(1) << edit->to;
    }
    return ST_OK;
}

/* The code itself must keep to what mir.h says, where this judge relies on it. */
static enum status check_remats(const struct mir_func *f, struct diag *dg)
{
    for (uint32_t v = 0; v < f->vreg_count; v++) {
        const uint32_t inst = f->vregs[v].remat;
        if (inst == MIR_NONE)
            continue;
        if (inst >= f->inst_count || (f->insts[inst].flags & MIR_IS_REMAT) == 0 ||
            f->operand_first[inst + 1] - f->operand_first[inst] != 1 ||
            f->operands[f->operand_first[inst]].vreg != v ||
            f->operands[f->operand_first[inst]].kind != MIR_DEF || f->clobbers[inst] != 0)
            return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                             "v%u: its remat instruction %u does not just define it", v, inst);
    }
    return ST_OK;
}

enum status ra_check_shape(const struct mir_func *f, const struct mir_allocation *a,
                           struct diag *dg)
{
    struct shape s = {.f = f, .a = a, .dg = dg};

    TRY(check_remats(f, dg));
    for (s.inst = 0; s.inst < f->inst_count; s.inst++) {
        s.first = f->operand_first[s.inst];
        s.end = f->operand_first[s.inst + 1];
        TRY(check_operands(&s));
    }
    for (uint32_t k = 0; k < a->edit_count; k++)
        TRY(check_edit(&s, k));
    const mir_preg_set missing = s.written & f->callee_saved & ~a->callee_saved;
    if (missing != 0)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "%s is callee-saved and written, and not in the list of saved registers",
                         ra_place_name((mir_place)__builtin_ctz(missing)).text);
    if ((a->callee_saved & ~f->callee_saved) != 0)
        return diag_fail(
            dg, ST_INVALID, DIAG_NO_OFFSET,
            "%s is in the list of saved registers, and is not callee-saved",
            ra_place_name((mir_place)__builtin_ctz(a->callee_saved & ~f->callee_saved)).text);
    return ST_OK;
}
