/*
 * ra_flow: every use sees its value. Walks backwards from each use ("this place must hold that vreg
 * here") through whatever wrote the place last: a move changes the place, the vreg's own def ends
 * the walk, anything else is a refusal; at the top of a block the demand goes to the end of every
 * predecessor, where the parameter of a block turns into the argument of the edge. A demand is
 * remembered where control joins, so loops end. This is the weakest precondition of the uses:
 * nothing is tracked that nobody reads, and a refusal names the writer that broke the chain.
 *
 * The frame is judged by 8-byte units: a 16-byte value in a slot is two demands, for part 0 and
 * part 1; in a register it is one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/verify/ra/ra_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NOTED_EVERY = 16 };
enum event_kind { BY_DEF, BY_CLOBBER, BY_MOVE, BY_REMAT };

/* Something writes a register or a unit of the frame. Events are numbered in the order of the code.
 */
struct event {
    uint32_t index; /* BY_DEF: operand, BY_CLOBBER: instruction, else: edit */
    uint32_t
        source[2]; /* BY_MOVE: what wrote the parts of `from` before; MIR_NONE: not this block */
    uint8_t kind;
    uint8_t part; /* of the value, written here */
};

/* A register, or MIR_PREG_COUNT + the unit of the frame, and who wrote it last in a block. */
struct last_write {
    uint32_t cell, event;
};

struct demand {
    uint32_t block;
    uint32_t event; /* who wrote the cell last; MIR_NONE: nobody in this block */
    uint32_t cell;
    mir_vreg vreg;
    uint32_t origin; /* the operand this is for */
    uint8_t part;
};

struct seen {
    uint32_t block; /* + 1; 0: free */
    mir_vreg vreg;
    uint32_t cell; /* * 2 + part */
};

/* Where a vreg is defined. */
struct definition {
    uint32_t block;
    uint32_t event; /* events before this number are older than the value */
    uint32_t param; /* number among the parameters of block, or MIR_NONE */
};

struct flow {
    const struct mir_func *f;
    const struct mir_allocation *a;
    struct diag *dg;
    struct definition *definitions;

    struct event *events;
    uint32_t event_count, event_capacity;
    struct last_write *writes; /* of all blocks; of one: sorted by cell */
    uint32_t write_count, write_capacity;
    uint32_t *writes_first; /* per block, and the end */
    uint32_t *now;          /* per cell: event + 1 in the block being read */
    uint32_t *touched;      /* cells with an event in the block being read */
    uint32_t touched_count, touched_capacity;
    uint32_t edit; /* next to be read */

    struct demand *demands; /* to be followed */
    uint32_t demand_count, demand_capacity;
    struct seen *seen; /* demands at the top of a block: open addressing */
    uint32_t seen_count, seen_capacity;
};

static uint32_t cell_of(mir_place place)
{
    return ra_in_register(place) ? place : place - MIR_SLOT + MIR_PREG_COUNT;
}

static uint32_t cells_of(const struct flow *w, mir_place place, mir_vreg vreg)
{
    return ra_in_register(place) ? 1 : ra_units(&w->f->vregs[vreg]);
}

/* ---- reading the code forwards: who writes what ---- */

static void write_cell(struct flow *w, uint32_t cell, struct event event)
{
    if (w->now[cell] == 0)
        ARENA_PUSH(w->f->arena, w->touched, w->touched_count, w->touched_capacity, cell);
    ARENA_PUSH(w->f->arena, w->events, w->event_count, w->event_capacity, event);
    w->now[cell] = w->event_count;
}

static void write_place(struct flow *w, mir_place place, mir_vreg vreg, struct event event)
{
    const uint32_t count = cells_of(w, place, vreg);

    for (uint32_t part = 0; part < count; part++) {
        event.part = (uint8_t)part;
        write_cell(w, cell_of(place) + part, event);
    }
}

static void read_edit(struct flow *w, uint32_t number)
{
    const struct mir_edit *edit = &w->a->edits[number];
    struct event event = {
        .index = number, .kind = BY_REMAT, .source = {MIR_NONE, MIR_NONE}
    };

    if (edit->kind == MIR_EDIT_MOVE) {
        event.kind = BY_MOVE;
        for (uint32_t part = 0; part < cells_of(w, edit->from, edit->vreg); part++)
            event.source[part] = w->now[cell_of(edit->from) + part] - 1; /* 0 - 1 is MIR_NONE */
    }
    write_place(w, edit->to, edit->vreg, event);
}

static void read_edits(struct flow *w, uint32_t point)
{
    while (w->edit < w->a->edit_count && w->a->edits[w->edit].point == point)
        read_edit(w, w->edit++);
}

static void read_defs(struct flow *w, uint32_t block, uint32_t inst, uint8_t position)
{
    for (uint32_t k = w->f->operand_first[inst]; k < w->f->operand_first[inst + 1]; k++) {
        const struct mir_operand *op = &w->f->operands[k];
        if (op->kind != MIR_DEF || op->position != position)
            continue;
        w->definitions[op->vreg] = (struct definition){block, w->event_count, MIR_NONE};
        if (w->a->places[k] != MIR_NONE)
            write_place(w, w->a->places[k], op->vreg, (struct event){.index = k, .kind = BY_DEF});
    }
}

static void demand_cells(struct flow *w, struct demand demand, mir_place place)
{
    const uint32_t count = cells_of(w, place, demand.vreg);

    for (uint32_t part = 0; part < count; part++) {
        demand.cell = cell_of(place) + part;
        demand.event = w->now[demand.cell] - 1;
        demand.part = (uint8_t)part;
        ARENA_PUSH(w->f->arena, w->demands, w->demand_count, w->demand_capacity, demand);
    }
}

static void read_inst(struct flow *w, uint32_t block, uint32_t inst)
{
    read_edits(w, inst * 2);
    for (uint32_t k = w->f->operand_first[inst]; k < w->f->operand_first[inst + 1]; k++)
        if (w->f->operands[k].kind == MIR_USE)
            demand_cells(
                w, (struct demand){.block = block, .vreg = w->f->operands[k].vreg, .origin = k},
                w->a->places[k]);
    read_defs(w, block, inst, MIR_EARLY);
    for (mir_preg_set rest = w->f->clobbers[inst]; rest != 0; rest &= rest - 1)
        write_cell(w, (uint32_t)__builtin_ctz(rest),
                   (struct event){.index = inst, .kind = BY_CLOBBER});
    read_defs(w, block, inst, MIR_LATE);
    read_edits(w, inst * 2 + 1);
}

static int by_cell(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void read_block(struct flow *w, uint32_t b)
{
    const struct mir_block *block = &w->f->blocks[b];

    w->writes_first[b] = w->write_count;
    for (uint32_t k = 0; k < block->param_count; k++)
        w->definitions[w->f->args[block->param_first + k]] =
            (struct definition){b, w->event_count, k};
    for (uint32_t i = block->inst_first; i < block->inst_end; i++)
        read_inst(w, b, i);
    if (w->touched_count > 1)
        qsort(w->touched, w->touched_count, sizeof(*w->touched), by_cell);
    for (uint32_t k = 0; k < w->touched_count; k++) {
        struct last_write last = {w->touched[k], w->now[w->touched[k]] - 1};
        ARENA_PUSH(w->f->arena, w->writes, w->write_count, w->write_capacity, last);
        w->now[w->touched[k]] = 0;
    }
    w->touched_count = 0;
    w->writes_first[b + 1] = w->write_count;
}

/* ---- following demands backwards ---- */

static uint32_t last_event(const struct flow *w, uint32_t block, uint32_t cell)
{
    uint32_t low = w->writes_first[block], high = w->writes_first[block + 1];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->writes[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->writes_first[block + 1] && w->writes[low].cell == cell ? w->writes[low].event
                                                                           : MIR_NONE;
}

static mir_place place_of(uint32_t cell)
{
    return cell < MIR_PREG_COUNT ? cell : cell - MIR_PREG_COUNT + MIR_SLOT;
}

static uint32_t inst_of(const struct flow *w, uint32_t operand)
{
    uint32_t low = 0, high = w->f->inst_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (w->f->operand_first[middle] <= operand)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static enum status refuse(const struct flow *w, const struct demand *d, const char *found,
                          uint32_t number)
{
    const uint32_t inst = inst_of(w, d->origin);
    const struct mir_operand *op = &w->f->operands[d->origin];

    return diag_fail(
        w->dg, ST_INVALID, DIAG_NO_OFFSET,
        "instruction %u operand %u reads v%u in %s; for that %s must hold v%u in block "
        "%u, but %s %u",
        inst, d->origin - w->f->operand_first[inst], op->vreg,
        ra_place_name(w->a->places[d->origin]).text, ra_place_name(place_of(d->cell)).text, d->vreg,
        d->block, found, number);
}

static enum status follow_def(const struct flow *w, const struct demand *d,
                              const struct event *event)
{
    const struct mir_operand *op = &w->f->operands[event->index];

    if (op->vreg == d->vreg)
        return event->part == d->part
                   ? ST_OK
                   : refuse(w, d, "the other half of it is defined there at instruction",
                            inst_of(w, event->index));
    const uint32_t inst = inst_of(w, event->index);
    const bool is_copy = (w->f->insts[inst].flags & MIR_IS_MOVE) != 0;
    if (is_copy && w->f->operands[w->f->operand_first[inst]].vreg == d->vreg &&
        event->part == d->part)
        return ST_OK; /* what it copies is a use, and judged as such */
    return refuse(w, d, "another value is defined there at instruction", inst);
}

static uint32_t bytes_of(const struct mir_vreg_info *info)
{
    return ra_units(info) * 8;
}

static enum status follow_move(struct flow *w, struct demand *d, const struct event *event)
{
    const struct mir_edit *edit = &w->a->edits[event->index];
    const struct mir_vreg_info *moved = &w->f->vregs[edit->vreg], *wanted = &w->f->vregs[d->vreg];

    if (bytes_of(moved) < bytes_of(wanted) || moved->class != wanted->class)
        return refuse(w, d, "only part of it, or another kind of value, is moved there by edit",
                      event->index);
    if (!ra_in_register(place_of(d->cell)) && event->part != d->part)
        return refuse(w, d, "the other half is moved there by edit", event->index);
    const uint32_t parts = ra_in_register(edit->from) ? 1 : ra_units(moved);
    const bool both = parts == 2 && ra_in_register(edit->to) && bytes_of(wanted) == 16;
    if (both) { /* a register is filled from two units */
        struct demand other = *d;
        other.part = 1;
        other.cell = cell_of(edit->from) + 1;
        other.event = event->source[1];
        ARENA_PUSH(w->f->arena, w->demands, w->demand_count, w->demand_capacity, other);
    }
    /* from a register into a unit: the register holds all parts */
    d->part = 0;
    d->cell = cell_of(edit->from);
    d->event = event->source[0];
    return ST_OK;
}

static struct seen *find_seen(struct seen *table, uint32_t capacity, struct seen key)
{
    uint64_t x = ((uint64_t)key.block << 32 | key.vreg) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 32 ^ key.cell) * UINT64_C(0xc2b2ae3d27d4eb4f);
    for (uint32_t k = (uint32_t)(x >> 32) & (capacity - 1);; k = (k + 1) & (capacity - 1)) {
        struct seen *s = &table[k];
        if (s->block == 0 || (s->block == key.block && s->vreg == key.vreg && s->cell == key.cell))
            return s;
    }
}

/* Is this demand at the top of its block new? */
static bool note_seen(struct flow *w, const struct demand *d)
{
    const struct seen key = {d->block + 1, d->vreg, d->cell * 2 + d->part};

    if (w->seen_count * 2 >= w->seen_capacity) {
        const uint32_t capacity = MAX(w->seen_capacity * 2, 1024u);
        struct seen *larger = arena_new(w->f->arena, struct seen, capacity);
        for (uint32_t k = 0; k < w->seen_capacity; k++)
            if (w->seen[k].block != 0)
                *find_seen(larger, capacity, w->seen[k]) = w->seen[k];
        w->seen = larger;
        w->seen_capacity = capacity;
    }
    struct seen *s = find_seen(w->seen, w->seen_capacity, key);
    if (s->block != 0)
        return false;
    *s = key;
    w->seen_count++;
    return true;
}

/* Are demands at the top of the block remembered? Every loop has a block where they are: an edge
 * that does not go forwards leads to it; and so has every long row of blocks. */
static bool is_noted(const struct flow *w, uint32_t b)
{
    const struct mir_block *block = &w->f->blocks[b];

    return block->pred_count != 1 || b % NOTED_EVERY == 0 ||
           w->f->edges[w->f->preds[block->pred_first]].from >= b;
}

/* Nobody wrote the cell in this block: the ends of the predecessors answer. */
static enum status follow_edges(struct flow *w, const struct demand *d)
{
    const struct definition *def = &w->definitions[d->vreg];
    const struct mir_block *block = &w->f->blocks[d->block];

    if (def->block == d->block && def->param == MIR_NONE)
        return refuse(w, d, "it is never brought there from its definition in block", d->block);
    if (block->pred_count == 0 && d->block != 0)
        return ST_OK; /* nobody gets there */
    if (block->pred_count == 0)
        return refuse(w, d, "nothing was written there since the entry, block", d->block);
    if (is_noted(w, d->block) && !note_seen(w, d))
        return ST_OK;
    for (uint32_t k = 0; k < block->pred_count; k++) {
        const struct mir_edge *edge = &w->f->edges[w->f->preds[block->pred_first + k]];
        struct demand above = *d;
        above.block = edge->from;
        if (def->block == d->block)
            above.vreg = w->f->args[edge->arg_first + def->param];
        if (bytes_of(&w->f->vregs[above.vreg]) != bytes_of(&w->f->vregs[d->vreg]))
            return refuse(w, d, "an argument of another width arrives from block", edge->from);
        above.event = last_event(w, above.block, above.cell);
        ARENA_PUSH(w->f->arena, w->demands, w->demand_count, w->demand_capacity, above);
    }
    return ST_OK;
}

static bool is_scratch(uint32_t cell)
{
    return cell == MIR_SCRATCH_GPR || cell == MIR_SCRATCH_XMM;
}

/* What a scratch register holds is read at the point where it was written. `reader` is the edit
 * that reads it. */
static bool survives(const struct flow *w, const struct demand *d, uint32_t reader)
{
    if (!is_scratch(d->cell))
        return true;
    if (reader == MIR_NONE || d->event == MIR_NONE)
        return false;
    const struct event *event = &w->events[d->event];
    return (event->kind == BY_MOVE || event->kind == BY_REMAT) &&
           w->a->edits[event->index].point == w->a->edits[reader].point;
}

static enum status follow(struct flow *w, struct demand d)
{
    uint32_t reader = MIR_NONE;
    /* the value in a fixed scratch register is the instruction's own affair */
    const bool is_fixed = w->f->operands[d.origin].constraint == MIR_FIXED;

    for (;;) {
        if (!survives(w, &d, reader) && !(is_fixed && reader == MIR_NONE && d.event != MIR_NONE))
            return refuse(w, &d, "scratch registers keep nothing between instructions; block",
                          d.block);
        const struct definition *def = &w->definitions[d.vreg];
        const bool here = def->block == d.block && def->param == MIR_NONE;
        if (d.event == MIR_NONE)
            return follow_edges(w, &d);
        if (here && d.event < def->event)
            return refuse(w, &d, "what is there is older than its definition in block", d.block);
        const struct event *event = &w->events[d.event];
        switch ((enum event_kind)event->kind) {
        case BY_DEF: return follow_def(w, &d, event);
        case BY_CLOBBER: return refuse(w, &d, "it is destroyed by instruction", event->index);
        case BY_REMAT:
            return w->a->edits[event->index].vreg == d.vreg
                       ? ST_OK
                       : refuse(w, &d, "another value is made there by edit", event->index);
        case BY_MOVE:
            reader = event->index;
            TRY(follow_move(w, &d, event));
            break;
        }
    }
}

enum status ra_check_flow(const struct mir_func *f, const struct mir_allocation *a, struct diag *dg)
{
    struct flow *w = arena_new(f->arena, struct flow, 1);

    *w = (struct flow){.f = f, .a = a, .dg = dg};
    w->definitions = arena_new(f->arena, struct definition, f->vreg_count);
    memset(w->definitions, 0xff, f->vreg_count * sizeof(*w->definitions));
    w->now = arena_new(f->arena, uint32_t, MIR_PREG_COUNT + (size_t)a->slot_count);
    w->writes_first = arena_new(f->arena, uint32_t, (size_t)f->block_count + 1);
    for (uint32_t b = 0; b < f->block_count; b++)
        read_block(w, b);
    if (w->edit != a->edit_count)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET, "edit %u: point %u is in no block",
                         w->edit, a->edits[w->edit].point);
    while (w->demand_count > 0)
        TRY(follow(w, w->demands[--w->demand_count]));
    return ST_OK;
}
