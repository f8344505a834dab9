/* infer: finds hints for sfi_check. Not trusted: the check believes nothing of what is found here.
 *
 * A record is a branch target and the join of all states that come to it. The first sweep walks the
 * whole function in the order of its bytes and creates records; later sweeps walk again from those
 * records whose state has become weaker since, until none does. States only become weaker, and
 * bounds that keep growing are given up, so this ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/hints.h"

#include <assert.h>
#include <stdlib.h>

enum {
    SAVED_SLOTS = 4,    /* what a prologue pushes */
    WEAKENINGS_MAX = 4, /* of one record, before its bounds are given up */
};

struct sfi_record {
    uint32_t offset;
    uint32_t first_fact, fact_count; /* of what may still hold; facts only go away or get weaker */
    uint32_t depth, touched;
    uint16_t weakenings;
    bool is_dirty;  /* to be walked from again */
    bool is_behind; /* found after the walk had passed it */
};

struct inference {
    struct sfi_worker *w;
    uint32_t passed; /* the walk has been up to here in this sweep */
    bool has_new;    /* records are not in order */
};

static void push_fact(struct sfi_worker *w, uint32_t location, const struct sfi_value *v)
{
    struct sfi_fact fact = {location, *v};
    if (!sfi_is_any(v))
        ARENA_PUSH(w->arena, w->facts, w->fact_count, w->fact_capacity, fact);
}

/* Everything known now. Nothing needs to be known at a trap, the most frequent target. */
static void record_state(struct sfi_walk *walk, struct sfi_record *record)
{
    struct sfi_worker *w = ((struct inference *)walk->owner)->w;
    const struct sfi_state *st = walk->state;
    const uint8_t *code = walk->image->bytes + record->offset;
    bool is_trap = walk->end - record->offset >= 2 && code[0] == 0x0f && code[1] == 0x0b;

    record->first_fact = w->fact_count;
    record->depth = st->depth;
    record->touched = st->touched;
    if (is_trap)
        return;
    for (uint32_t r = 0; r < 16; r++)
        push_fact(w, r, &st->regs[r]);
    for (uint32_t i = 0; i < st->used_count; i++) {
        uint32_t slot = st->used[i];
        const struct sfi_value *v = &st->slots[slot];
        /* A plain number in the frame is of no use to code that reloads it by its width. */
        if (slot < st->depth / 8 && (v->kind != SFI_NUMBER || v->flags != 0))
            push_fact(w, SFI_LOCATION_SLOT + slot, &st->slots[slot]);
    }
    record->fact_count = w->fact_count - record->first_fact;
}

/* What is left of a fact that has become weaker once too often, or in a loop, where it would do so
 * again: the plain widths. */
static void widen(struct sfi_value *v)
{
    if (v->kind == SFI_NUMBER && v->flags == 0)
        *v = v->high <= UINT32_MAX ? sfi_u32() : sfi_any();
}

/* Weakens the record to what the present state implies too; true when that changed anything. */
static enum status join_state(struct sfi_walk *walk, struct sfi_record *record, bool *changed)
{
    struct sfi_worker *w = ((struct inference *)walk->owner)->w;
    const struct sfi_state *st = walk->state;
    struct sfi_fact *facts = w->facts + record->first_fact;
    uint32_t kept = 0;

    if (record->depth != st->depth)
        return sfi_refuse(walk, "rsp is %u bytes below entry on one way to 0x%x and %u on another",
                          st->depth, record->offset, record->depth);
    *changed = st->touched < record->touched;
    record->touched = MIN(record->touched, st->touched);
    for (uint32_t i = 0; i < record->fact_count; i++) {
        struct sfi_fact *fact = &facts[i];
        struct sfi_value now = fact->location < SFI_LOCATION_SLOT
                                   ? st->regs[fact->location]
                                   : sfi_slot(st, fact->location - SFI_LOCATION_SLOT);
        if (!sfi_implies(&now, &fact->value)) {
            fact->value = sfi_join(&fact->value, &now);
            if (record->weakenings >= WEAKENINGS_MAX || walk->at >= record->offset)
                widen(&fact->value);
            *changed = true;
            if (sfi_is_any(&fact->value))
                continue;
        }
        if (kept != i)
            facts[kept] = *fact;
        kept++;
    }
    record->fact_count = kept;
    record->weakenings = (uint16_t)(record->weakenings + *changed);
    return ST_OK;
}

static enum status branch_inferred(struct sfi_walk *walk, uint32_t target)
{
    struct inference *inf = walk->owner;
    struct sfi_worker *w = inf->w;
    uint32_t *number = &w->record_at[target - walk->start];

    if (*number == 0) {
        struct sfi_record record = {.offset = target, .is_dirty = true};
        if (w->fact_count > SFI_FACTS_MAX)
            return diag_fail(walk->dg, ST_LIMIT, walk->at,
                             "machine code of function #%u: more than %u facts at branch targets "
                             "(SFI_FACTS_MAX)",
                             walk->function, (unsigned)SFI_FACTS_MAX);
        record.is_behind = target < inf->passed;
        record_state(walk, &record);
        ARENA_PUSH(w->arena, w->records, w->record_count, w->record_capacity, record);
        *number = w->record_count;
        inf->has_new = true;
        return ST_OK;
    }
    struct sfi_record *record = &w->records[*number - 1];
    bool changed = false;
    TRY(join_state(walk, record, &changed));
    record->is_dirty |= changed;
    return ST_OK;
}

static void load_record(struct sfi_walk *walk, const struct sfi_record *record)
{
    struct sfi_worker *w = ((struct inference *)walk->owner)->w;
    struct sfi_state *st = walk->state;

    sfi_state_clear(st);
    sfi_state_grow(st, record->depth);
    st->touched = record->touched;
    st->has_volatile = true;
    for (uint32_t i = 0; i < record->fact_count; i++) {
        const struct sfi_fact *fact = &w->facts[record->first_fact + i];
        if (fact->location < SFI_LOCATION_SLOT)
            st->regs[fact->location] = fact->value;
        else
            sfi_set_slot(st, fact->location - SFI_LOCATION_SLOT, &fact->value);
    }
}

/* Walks on from walk->at, over every record on the way, until control does not fall through or,
 * with is_block, until the next record. */
static enum status run(struct sfi_walk *walk, bool is_block)
{
    struct inference *inf = walk->owner;
    struct sfi_worker *w = inf->w;
    uint32_t begin = walk->at;
    bool falls = true;

    while (falls && walk->at < walk->end) {
        uint32_t number = w->record_at[walk->at - walk->start];
        if (number != 0 && walk->at != begin) {
            TRY(branch_inferred(walk, walk->at));
            if (is_block)
                return ST_OK;
            w->records[number - 1].is_dirty = false;
            load_record(walk, &w->records[number - 1]);
        }
        TRY(sfi_step(walk, &falls));
        walk->at += walk->ins->length;
        inf->passed = MAX(inf->passed, walk->at);
    }
    if (falls)
        return sfi_refuse(walk, "control must not run past the end of the function");
    return ST_OK;
}

/* The first walk: on from the entry, itself a record, then from each record that lies ahead. */
static enum status first_sweep(struct sfi_walk *walk)
{
    struct inference *inf = walk->owner;
    struct sfi_worker *w = inf->w;

    TRY(branch_inferred(walk, walk->at));
    for (uint32_t at = walk->at; at < walk->end; at++) {
        uint32_t number = w->record_at[at - walk->start];
        if (number == 0)
            continue;
        struct sfi_record *record = &w->records[number - 1];
        record->is_dirty = false;
        walk->at = at;
        load_record(walk, record);
        TRY(run(walk, false));
        at = walk->at - 1;
    }
    return ST_OK;
}

static int compare_offsets(const void *a, const void *b)
{
    const struct sfi_record *left = a, *right = b;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* Records in the order of the code. One that was found behind the walk cuts an older block in two,
 * so that block must be walked again. */
static void sort_records(struct sfi_walk *walk)
{
    struct inference *inf = walk->owner;
    struct sfi_worker *w = inf->w;

    for (uint32_t i = 1; i < w->record_count; i++)
        if (w->records[i - 1].offset > w->records[i].offset) {
            qsort(w->records, w->record_count, sizeof(*w->records), compare_offsets);
            break;
        }
    for (uint32_t i = 0; i < w->record_count; i++) {
        w->record_at[w->records[i].offset - walk->start] = i + 1;
        if (w->records[i].is_behind) {
            assert(i != 0 && "the entry is a record");
            w->records[i].is_behind = false;
            w->records[i - 1].is_dirty = true;
        }
    }
    inf->has_new = false;
}

static enum status later_sweeps(struct sfi_walk *walk)
{
    struct inference *inf = walk->owner;
    struct sfi_worker *w = inf->w;
    bool is_stable = false;

    while (!is_stable) {
        is_stable = true;
        if (inf->has_new)
            sort_records(walk);
        inf->passed = walk->end; /* whatever is new now is out of order */
        for (uint32_t i = 0; i < w->record_count && !inf->has_new; i++) {
            struct sfi_record *record = &w->records[i];
            if (!record->is_dirty)
                continue;
            is_stable = record->is_dirty = false;
            walk->at = record->offset;
            load_record(walk, record);
            TRY(run(walk, true));
        }
    }
    return ST_OK;
}

static void write_hints(struct sfi_worker *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->record_count; i++) {
        const struct sfi_record *r = &w->records[i];
        struct sfi_hint hint = {r->offset, r->first_fact, r->fact_count, r->depth, r->touched};
        ARENA_PUSH(w->arena, w->hint_list, count, w->hint_capacity, hint);
    }
    w->hints = (struct sfi_hints){w->hint_list, w->facts, count, w->fact_count};
}

enum status sfi_infer_code(struct sfi_worker *w, const struct sfi_policy *policy,
                           const struct sfi_image *image, uint32_t function,
                           const struct sfi_hints **out, struct diag *dg)
{
    assert(function < image->function_count && "numbered like the image's functions");
    const struct sfi_function *f = &image->functions[function];
    struct inference inf = {.w = w};
    struct sfi_walk walk = {
        .policy = policy,
        .image = image,
        .function = function,
        .start = f->offset,
        .end = f->offset + f->size,
        .code = &w->code,
        .state = &w->state,
        .at = f->offset,
        .branch = branch_inferred,
        .owner = &inf,
        .dg = dg,
    };

    for (uint32_t i = 0; i < w->record_count;
         i++) /* of the function before; its offsets are kept */
        w->record_at[w->records[i].offset - w->function_start] = 0;
    w->function_start = f->offset;
    w->record_count = w->fact_count = 0;
    if (f->size > w->record_at_capacity) {
        w->record_at = arena_grow(w->arena, w->record_at, w->record_at_capacity, f->size,
                                  sizeof(*w->record_at));
        w->record_at_capacity = f->size;
    }
    sfi_enter(&walk);
    TRY(first_sweep(&walk));
    TRY(later_sweeps(&walk));
    write_hints(w);
    *out = &w->hints;
    return ST_OK;
}

enum status sfi_infer(struct sfi_worker *w, const struct sfi_policy *policy,
                      const struct sfi_image *image, uint32_t function,
                      const struct sfi_hints **out, struct diag *dg)
{
    sfi_code_read(&w->code, image, function, w->arena);
    return sfi_infer_code(w, policy, image, function, out, dg);
}
